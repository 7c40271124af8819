"""What Python explains is what Cedar decides, and what a plain reading of the rule says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from bridgehead.gate.cedar import quoted
from bridgehead.gate.decide import Gate
from bridgehead.gate.evaluate import holds, misses
from bridgehead.gate.expression import parse
from bridgehead.gate.rule import resolve
from bridgehead.gate.shape import arguments_shape, to_cedar
from bridgehead.spec.deployment import ToolRule
from bridgehead.spec.tool import JSON
from tests.unit.gate.deployments import ALONE, ORDER_SCHEMA, call, deployment, tool

SHAPE: Final = arguments_shape(ORDER_SCHEMA)
TEXTS: Final = ["", "gold", "tin", 'a"b', "\\", "\n", "ä€😀", "*", "\u202e", "' or true"]
Truth = Callable[[Mapping[str, object]], bool | None]
"""A reading of a rule written without the product's code: None where an argument is missing."""


def literal(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


COMPARE: Final[Mapping[str, Callable[[Decimal, Decimal], bool]]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
operators = st.sampled_from(sorted(COMPARE))
amounts = st.decimals(-10, 10, places=2) | st.sampled_from([Decimal(5000), Decimal("0.0001"), Decimal("-0.5")])


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[str, Truth]:
    """Draws one comparison as text, with what it means."""
    kind = draw(
        st.sampled_from(["quantity", "price", "money", "freight", "tier", "tiers", "numbers", "urgent", "pair"])
    )
    operator, bound, word = draw(operators), draw(amounts), draw(st.sampled_from(TEXTS))
    if kind == "quantity":
        whole = int(bound)
        return f"quantity {operator} {whole}", numeric("quantity", operator, Decimal(whole))
    if kind == "price":
        return f"{bound:f} {operator} price", numeric("price", operator, bound, turned=True)
    if kind in ("money", "freight"):
        path = "order.total" if kind == "money" else "order.freight"
        currency = draw(st.sampled_from(["EUR", "USD"]))
        return f"{path} {operator} {bound:f} {currency}", money(path.split(".")[1], operator, bound, currency)
    if kind == "tier":
        same = draw(st.sampled_from(["==", "!="]))
        return (
            f"tier {same} {literal(word)}",
            lambda a: None if a.get("tier") is None else (a["tier"] == word) == (same == "=="),
        )
    if kind == "tiers":
        words = draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3))
        no = draw(st.booleans())
        text = f"tier {'not ' if no else ''}in [{', '.join(map(literal, words))}]"
        return text, lambda a: None if a.get("tier") is None else (a["tier"] in words) != no
    if kind == "numbers":
        return f"price in [{bound:f}, 1]", lambda a: Decimal(str(a["price"])) in (bound, Decimal(1))
    if kind == "pair":
        return (
            "order.total.currency == tier",
            lambda a: None if a.get("tier") is None else total(a)["currency"] == a["tier"],
        )
    return "urgent", lambda a: cast("bool | None", a.get("urgent"))


def total(arguments: Mapping[str, object], name: str = "total") -> Mapping[str, str]:
    return cast("Mapping[str, Mapping[str, Mapping[str, str]]]", arguments)["order"].get(name, {})


def numeric(name: str, operator: str, bound: Decimal, *, turned: bool = False) -> Truth:
    def truth(arguments: Mapping[str, object]) -> bool | None:
        if arguments.get(name) is None:
            return None
        value = Decimal(str(arguments[name]))
        return COMPARE[operator](bound, value) if turned else COMPARE[operator](value, bound)

    return truth


def money(name: str, operator: str, bound: Decimal, currency: str) -> Truth:
    def truth(arguments: Mapping[str, object]) -> bool | None:
        value = total(arguments, name)
        if value.get("currency") != currency:
            return None
        return COMPARE[operator](Decimal(str(value["amount"])), bound)

    return truth


def joined(parts: list[tuple[str, Truth]], word: str) -> tuple[str, Truth]:
    """Three-valued and/or: a missing argument decides nothing by itself (Kleene's strong logic)."""

    def truth(arguments: Mapping[str, object]) -> bool | None:
        results = [part(arguments) for _, part in parts]
        decisive = word == "or"
        if decisive in results:
            return decisive
        return None if None in results else not decisive

    return "(" + f" {word} ".join(text for text, _ in parts) + ")", truth


def negation(part: tuple[str, Truth]) -> tuple[str, Truth]:
    def truth(arguments: Mapping[str, object]) -> bool | None:
        found = part[1](arguments)
        return None if found is None else not found

    return f"not {part[0]}", truth


rules = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.tuples(st.lists(inner, min_size=2, max_size=3), st.sampled_from(["and", "or"])).map(
            lambda pair: joined(*pair)
        ),
        inner.map(lambda part: negation(part if part[0].startswith("(") else (f"({part[0]})", part[1]))),
    ),
    max_leaves=8,
)
monies = st.fixed_dictionaries({"amount": amounts.map(str), "currency": st.sampled_from(["EUR", "USD", "CHF"])})
arguments_of_calls = st.fixed_dictionaries(
    {
        "order": st.fixed_dictionaries({"total": monies}, optional={"freight": monies}),
        "price": amounts.map(str) | st.integers(-9, 9) | st.sampled_from([0.5, 1.0, 2.25]),
    },
    optional={
        "quantity": st.integers(-9, 9) | st.just(2**63 - 1) | st.none(),
        "tier": st.sampled_from([*TEXTS, "EUR"]) | st.none(),
        "urgent": st.booleans(),
        "tags": st.lists(st.text(max_size=3), max_size=2),
    },
)


@settings(max_examples=250)
@given(rule=rules, drawn=st.lists(arguments_of_calls, min_size=4, max_size=4))
def test_cedar_python_and_the_plain_reading_agree(rule: tuple[str, Truth], drawn: list[dict[str, JSON]]) -> None:
    """For random rules and arguments the gate allows exactly what the explanation and a plain reading allow."""
    text, truth = rule
    gate = Gate(deployment({"book": ToolRule(text)}), {"book": tool()})
    term = resolve(parse(text), SHAPE, "book")
    for arguments in drawn:
        verdict = gate.decide(call(arguments), ALONE).verdict == "allow"
        context = cast("Mapping[str, object]", to_cedar(gate._compiled.shapes["book"].ruled, arguments))
        assert holds(term, context) == verdict, text
        assert (not misses(term, context)) == verdict
        assert (truth(arguments) is True) == verdict, (text, arguments)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_a_text_survives_the_way_into_a_policy(text: str) -> None:
    """Any text a rule compares with is the same text in Cedar, and cannot leave its quotes."""
    literal_text = text.replace("\\", "\\\\").replace('"', '\\"')
    if "\0" in text:
        return
    gate = Gate(deployment({"book": ToolRule(f'tier == "{literal_text}"')}), {"book": tool()})
    arguments: dict[str, JSON] = {"order": {"total": {"amount": "1", "currency": "EUR"}}, "price": 1, "tier": text}
    assert gate.decide(call(arguments), ALONE).verdict == "allow"
    assert gate.decide(call({**arguments, "tier": f"{text}x"}), ALONE).verdict == "deny"
    assert quoted(text).isascii()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["amount", "currency", "total", "x"]), inner)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(["order", "price", "quantity", "tier", "urgent", "tags", "free"]), values),
)
def test_any_json_gets_a_decision_and_only_fitting_arguments_are_allowed(arguments: dict[str, JSON]) -> None:
    """No argument, however shaped, escapes the gate as an exception or is allowed without meeting the rule."""
    decision = STRICT.decide(call(arguments), ALONE)
    if decision.verdict == "allow":
        context = cast("Mapping[str, object]", to_cedar(STRICT._compiled.shapes["book"].ruled, arguments))
        assert holds(STRICT._compiled.terms["book"], context)
    else:
        assert decision.reasons


STRICT: Final = Gate(deployment({"book": ToolRule("order.total <= 5 EUR and price <= 3")}), {"book": tool()})
