"""A rule names the tool and the field that a value must be read from; a value that stands elsewhere is none."""

from __future__ import annotations

from typing import Final

import pytest

from bridgehead.gate.decide import Gate
from bridgehead.gate.expression import From, RuleError, parse
from bridgehead.gate.facts import Trace
from bridgehead.gate.labels import Labels
from bridgehead.gate.model import Call, View
from bridgehead.gate.naming import likeness, meant
from bridgehead.gate.tracing import Index, Origin
from bridgehead.spec.deployment import Otherwise, ToolRule
from bridgehead.spec.problem import DeploymentError
from bridgehead.spec.tool import JSON, Tool
from tests.unit.gate.deployments import deployment

SYSTEM: Final = Labels({"*": "system_of_record"})
ORG: Final = "find_customer.items.sales_org"
CUSTOMERS: Final[JSON] = {"items": [{"number": "C1", "sales_org": "1000", "blocked": False}]}
ITEMS: Final[JSON] = {"lines": [{"item": {"number": "A-1", "units": {"CT": 2000, "BX": "1000"}}}]}


def read(*, strange: JSON = None) -> Index:
    """Returns what a case knows that has read a customer, and after it an item whose cartons hold 1000 and 2000."""
    index = Index()
    index.note(Origin("find_customer", SYSTEM, CUSTOMERS, read_s=1.0, step=1))
    index.note(Origin("resolve_items", SYSTEM, ITEMS, read_s=2.0, step=2))
    index.note(Origin("mail", Labels({}), strange, read_s=3.0, step=3))
    return index


def traced(index: Index, value: JSON, *wanted: str, argument: str = "order.sales_org") -> Trace:
    found = index.trace([value], 5.0, argument=argument, wanted=wanted)
    assert found is not None
    return found.trace


@pytest.mark.parametrize(
    "argument, value, name, path",
    [
        ("order.sales_org", "1000", "find_customer", "items.*.sales_org"),
        ("order.Sales-Orgs", "1000", "find_customer", "items.*.sales_org"),
        ("order.bx", "1000", "resolve_items", "lines.*.item.units.BX"),
        ("order.unit", "1000", "resolve_items", "lines.*.item.units.BX"),
        ("order.weight", "1000", "resolve_items", "lines.*.item.units.BX"),
    ],
)
def test_the_source_that_is_told_is_the_field_of_that_name(argument: str, value: str, name: str, path: str) -> None:
    """Of several fields that vouch for a value the one called as the argument is told, else the freshest."""
    (source,) = traced(read(), value, argument=argument).sources
    assert (source.name, source.path) == (name, path)


def test_fields_of_one_answer_that_hold_the_same_value_are_told_apart() -> None:
    """A customer's number that is its sales organisation too vouches for either, each under its own name."""
    index = Index()
    index.note(Origin("find_customer", SYSTEM, {"items": [{"number": "1000", "sales_org": "1000"}]}))
    assert [one.path for one in traced(index, "1000").sources] == ["items.*.sales_org"]
    assert [one.path for one in traced(index, "1000", argument="order.number").sources] == ["items.*.number"]
    assert traced(index, "1000", ORG).within(frozenset({ORG}))


@pytest.mark.parametrize(
    "value, word, holds",
    [
        ("1000", ORG, True),
        ("1000", "find_customer.items.*.sales_org", True),
        ("1000", "find_customer", True),
        ("2000", ORG, False),
        ("2000", "resolve_items.lines.item.units", True),
        ("C1", ORG, False),
        (["1000", "2000"], ORG, False),
        ('["1000", "2000"]', ORG, False),
        ("3000", ORG, False),
    ],
)
def test_only_the_named_field_vouches(value: JSON, word: str, holds: bool) -> None:
    """P5: a value that stands in any other field of a system of record, or only in part, is not of the named source."""
    trace = traced(read(strange={"sales_org": "3000"}), value, word)
    assert trace.within(frozenset({word})) is holds
    # The same record under a rule of later, which this one did not ask.
    assert traced(read(), value).within(frozenset({"mail.sales_org"})) is False


def test_a_named_source_that_only_repeats_what_it_was_asked_vouches_for_nothing() -> None:
    """P5: an answer of the named tool that says the call's own argument again is no source."""
    index = Index()
    asked: JSON = {"sales_org": "3000"}
    index.note(Origin("find_customer", SYSTEM, {"items": [{"sales_org": "3000"}]}, sent=asked))
    trace = traced(index, "3000", ORG)
    assert not trace.trusted
    assert not trace.within(frozenset({ORG}))


def test_the_age_that_counts_is_that_of_the_named_source() -> None:
    """P5: a fresher reading of another field does not make the named one fresh."""
    index = Index()
    old = Origin("find_customer", SYSTEM, CUSTOMERS, read_s=0.0, max_age_s=10.0)
    index.note(old)
    index.note(Origin("resolve_items", SYSTEM, ITEMS, read_s=19.0, max_age_s=10.0))
    found = index.trace(["1000"], 20.0, argument="x", wanted=(ORG,))
    assert found is not None
    assert (found.trace.age_s, found.trace.stale, found.stale) == (20.0, True, (old,))


def test_a_crowd_of_fields_with_one_value_takes_no_named_source_without_need() -> None:
    """A value in a thousand rows of one field is one source; the field beside it is found all the same."""
    index = Index()
    rows: JSON = [{"a": "1", "b": "1"} for _ in range(1000)]
    index.note(Origin("list", SYSTEM, {"rows": rows}))
    assert traced(index, "1", "list.rows.b").within(frozenset({"list.rows.b"}))


RESULT: Final = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "items": {"type": "object", "properties": {"number": {"type": "string"}, "sales_org": {"type": "string"}}},
        }
    },
}
PARAMETERS: Final = {
    "type": "object",
    "properties": {"org": {"type": "string"}, "rush": {"type": "boolean"}, "total": {"type": "integer"}},
    "required": ["org", "rush", "total"],
}
BOOK: Final = Tool("book", "reversible", sensitive=("org",), parameters=PARAMETERS)
FIND: Final = Tool("find_customer", "read", labels={"*": "system_of_record"}, result=RESULT)
LIST: Final = Tool("list_mail", "read")
TOOLS: Final = {"book": BOOK, "find_customer": FIND, "list_mail": LIST}


def gate(allow: str) -> Gate:
    return Gate(deployment({"book": ToolRule(allow, Otherwise("desk"))}), TOOLS)


@pytest.mark.parametrize(
    "allow, says",
    [
        ("org from find_custmer.items.sales_org", "did you mean find_customer"),
        ("org from find_customer.items.sales_orgs", "did you mean sales_org"),
        ("org from find_customer.item.sales_org", "did you mean items"),
        ("org from find_customer.items.number.digit", "digit is no field of what find_customer.items.number returns"),
        ("org from usr", "did you mean user"),
        ("org from none", "none is no source"),
        ("org from list_mail", "vouches for nothing"),
    ],
)
def test_a_source_that_is_not_there_does_not_load(allow: str, says: str) -> None:
    """An unknown tool, and a field that its declared result does not have, are named with the nearest right one."""
    with pytest.raises(DeploymentError) as refused:
        gate(allow)
    assert says.lower() in str(refused.value).lower()


@pytest.mark.parametrize(
    "value, verdict",
    [("1000", "allow"), ("2000", "hold")],
)
def test_a_decision_follows_the_named_source(value: str, verdict: str) -> None:
    """P5: what the named field holds is done; what stands elsewhere in a system of record is for a person."""
    rule = f"org from user or {ORG} and total < 5"
    one = gate(rule)
    facts = {"org": traced(read(), value, *one.watch("book").named["org"], argument="org")}
    view = View("autonomous", facts=facts)
    decision = one.decide(Call(BOOK, {"org": value, "rush": False, "total": 1}, b"\0" * 32), view)
    assert decision.verdict == verdict
    if verdict == "hold":
        (reason,) = decision.reasons
        assert (reason.argument, reason.remedy) == ("org", f"org from user or {ORG}")
        assert "resolve_items lines.*.item.units.CT" in reason.found
    again = View.from_json(view.to_json(), deployment="", release="")
    assert one.decide(Call(BOOK, {"org": value, "rush": False, "total": 1}, b"\0" * 32), again).verdict == verdict


@pytest.mark.parametrize("value, verdict", [("1000", "allow"), ("2000", "hold")])
def test_what_was_recorded_under_another_rule_is_judged_by_a_named_source(value: str, verdict: str) -> None:
    """A past decision replayed under a rule that names a source rests on the source that was told then."""
    facts = {"org": traced(read(), value, argument="org.sales_org")}
    call = Call(BOOK, {"org": value, "rush": False, "total": 1}, b"\0" * 32)
    assert gate(f"org from {ORG}").decide(call, View("autonomous", facts=facts)).verdict == verdict


def test_an_or_goes_on_with_sources_only_where_a_tool_is_named() -> None:
    """Behind `or` an argument stays an argument, and a word of integrity or a tool stays a source."""
    both = parse("org from find_customer.items.number or user or rush and total < 5", TOOLS)
    assert str(both.items[0]) == "org from find_customer.items.number or user"  # type: ignore[union-attr]  # an Either
    one = parse("org from user or find_customer.items.*.number", TOOLS)
    assert isinstance(one, From)
    assert one.named == ("find_customer.items.*.number",)
    with pytest.raises(RuleError):
        parse("org from", TOOLS)


def test_names_are_compared_without_case_underscores_and_plural() -> None:
    """What a field is called is compared as people read it; a tool's own name counts as what holds its fields."""
    assert likeness("order.ship_to", "find", ("items", "*", "shipTos")) == 2
    assert likeness("order.ship_to", "find", ("items", "*", "ship_tos", "*", "id")) == 1
    assert likeness("order.customer", "find_customer", ("items", "*", "number")) == 1
    assert likeness("order.price", "find", ("items", "*", "units")) == 0
    assert meant("find.items", "find", ("items", "*", "number"))
    assert not meant("find_more.items", "find", ("items",))
