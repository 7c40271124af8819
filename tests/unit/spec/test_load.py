"""A deployment loads whole or not at all, and every mistake in it is named at once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridgehead.errors import ERROR_CLASSES, UserError
from bridgehead.money import Money
from bridgehead.spec.deployment import Intake, Limits, ModelSpec, Otherwise, ToolRule
from bridgehead.spec.load import load
from bridgehead.spec.problem import DeploymentError, Problem

WHOLE: Final = """\
deployment: orders
agent: deploy:orders
reader: deploy:read
owner: order-desk@example.com
case: {key: [customer, po_number], deadline: 30m, resume: 5m}
intake: [{mail: inbox, folder: Orders}, {folder: ./in}, {webhook: orders}]
connect: [erp.yaml]
tools:
  get_customer: allow
  cancel: deny
  send_mail: {hold: order-desk, within: 2h}
  book_order:
    allow: order.total <= 5000 EUR
    otherwise: {hold: order-desk, within: 2h, valid_for: 8h}
  quote: {allow: total < 5 EUR, otherwise: deny}
limits: {steps: 30, cost: 0.50 USD, repeats: 2}
models:
  default: {url: "env:MODEL_URL", name: "env:MODEL_NAME", region: eu, timeout: 20s}
roles:
  order-desk: {members: "group:order-desk", hours: "Mon-Fri 07:00-17:00 Europe/Berlin",
    rate: 38 EUR/h, then: sales-lead}
  sales-lead: {members: ["group:sales-leads", lead@example.com], idle_cap_minutes: 10}
fallback: order-desk
autonomy: {level: shadow, target: 0.95, audit: 0.05, slices: [customer.tier]}
baseline: {minutes: 11, first_reply: 42h}
"""
SHORT: Final = """\
deployment: orders
agent: deploy:orders
owner: order-desk@example.com
case: {key: [po_number], deadline: 30m}
roles: {order-desk: {members: "group:order-desk"}}
fallback: order-desk
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "erp.yaml").write_text("{}", encoding="utf-8")
    return tmp_path


def written(folder: Path, text: str | bytes) -> Path:
    data = text.encode() if isinstance(text, str) else text
    (folder / "bridgehead.yaml").write_bytes(data)
    return folder


def problems(folder: Path, text: str | bytes) -> tuple[Problem, ...]:
    with pytest.raises(DeploymentError) as caught:
        load(written(folder, text))
    assert str(caught.value.problems[0]) in caught.value.message
    return caught.value.problems


def test_a_whole_deployment_is_read(folder: Path) -> None:
    """Every field of the file arrives, typed, with durations in seconds and references unresolved."""
    found = load(written(folder, WHOLE))
    assert (found.name, found.agent, found.reader, found.folder) == ("orders", "deploy:orders", "deploy:read", folder)
    assert (found.case.key, found.case.deadline_s, found.case.resume_s) == (("customer", "po_number"), 1800, 300)
    assert found.intake == (
        Intake("mail", "inbox", {"folder": "Orders"}),
        Intake("folder", "./in"),
        Intake("webhook", "orders"),
    )
    assert found.limits == Limits(30, Money(Decimal("0.50"), "USD"), 2)
    assert found.models == {"default": ModelSpec("env:MODEL_URL", "env:MODEL_NAME", None, "eu", 20)}
    assert found.tools["get_customer"].allow is True
    assert (found.tools["cancel"].deny, found.tools["send_mail"].hold) == (True, "order-desk")
    held = Otherwise("order-desk", 7200, 28800)
    assert found.tools["book_order"] == ToolRule("order.total <= 5000 EUR", held, line=13, column=12)
    assert found.tools["quote"].otherwise is None
    desk, lead = found.roles["order-desk"], found.roles["sales-lead"]
    assert (desk.rate, desk.then, lead.members) == (
        Money(Decimal(38), "EUR"),
        "sales-lead",
        ("group:sales-leads", "lead@example.com"),
    )
    assert {found.fallback.role_for(name) for name in ERROR_CLASSES} == {"order-desk"}
    assert found.baseline is not None
    assert found.baseline.first_reply_s == 42 * 3600
    assert load(folder / "bridgehead.yaml") == found


def test_a_new_deployment_starts_in_shadow(folder: Path) -> None:
    """Without a word about autonomy the level is shadow, and the defaults are the documented ones."""
    found = load(written(folder, SHORT))
    assert (found.autonomy.level, found.limits, found.tools) == ("shadow", Limits(100, None, 3), {})


@pytest.mark.parametrize("level", ["canary", "autonomous"])
def test_a_file_cannot_start_a_deployment_on_its_own_feet(folder: Path, level: str) -> None:
    """A level that acts alone is reached by promotion, never by writing it into the file."""
    (problem,) = problems(folder, f"{SHORT}autonomy: {{level: {level}}}\n")
    assert (problem.field, problem.line) == ("autonomy.level", 7)
    assert "bridgehead promote" in problem.hint


def test_policy_files_come_along(folder: Path) -> None:
    """Cedar files in policies/ are part of the deployment, by name."""
    (folder / "policies").mkdir()
    (folder / "policies" / "b.cedar").write_text("// b", encoding="utf-8")
    (folder / "policies" / "note.txt").write_text("no", encoding="utf-8")
    assert load(written(folder, SHORT)).policies == {"b.cedar": "// b"}
    (folder / "policies" / "c.cedar").write_bytes(b"\xff")
    with pytest.raises(UserError, match="not UTF-8"):
        load(folder)


# ▲ stands where the mistake is to be reported.
MISTAKES: Final = [
    ("deployment: orders", "▲deploymnt: orders", "deploymnt", "did you mean deployment?"),
    ("deployment: orders", "deployment: ▲Orders!", "deployment", "a name"),
    ("agent: deploy:orders", "agent: ▲deploy", "agent", "module:object"),
    ("deadline: 30m", "deadline: ▲30", "case.deadline", "a duration such as 20s"),
    ("deadline: 30m", "deadline: ▲0s", "case.deadline", "a duration such as 20s"),
    ("[customer, po_number]", "▲[]", "case.key", "at least one entry"),
    ("{webhook: orders}", "▲{webhook: a, folder: b}", "intake.2", "one of {mail: NAME"),
    ("[erp.yaml]", "[▲erq.yaml]", "connect.0", "did you mean erp.yaml?"),
    ("get_customer: allow", "get_customer: ▲alow", "tools.get_customer", "did you mean allow?"),
    ("get_customer: allow", "get_customer: ▲yes", "tools.get_customer", "allow, deny"),
    ("get_customer: allow", '▲"get customer": allow', "tools.get customer", "a name"),
    ("hold: order-desk, within: 2h}\n  book", "hold: ▲order-dsk}\n  book", "tools.send_mail.hold", "mean order-desk?"),
    ("    allow: order", "    ▲alow: order", "tools.book_order.alow", "did you mean allow?"),
    ("within: 2h, valid", "▲witin: 2h, valid", "tools.book_order.otherwise.witin", "did you mean within?"),
    ("{allow: total < 5 EUR, otherwise: deny}", "▲{allow: total < 5 EUR, deny: true}", "tools.quote", "exactly one of"),
    ("{allow: total < 5 EUR, otherwise: deny}", "▲{allow: total < 5 EUR, within: 2h}", "tools.quote", "beside hold"),
    ("{allow: total < 5 EUR, otherwise: deny}", "▲{hold: sales-lead, otherwise: deny}", "tools.quote", "beside allow"),
    ("steps: 30", "steps: ▲many", "limits.steps", "a whole number"),
    ("steps: 30", "steps: ▲0", "limits.steps", "greater than or equal to 1"),
    ("0.50 USD", "▲0.50", "limits.cost", "an amount of money"),
    ("0.50 USD", "▲-1 USD", "limits.cost", "not negative"),
    ("region: eu", "key: ▲sk-live", "models.default.key", "env:MODEL_KEY"),
    ('"Mon-Fri 07:00', '▲"Mo-Fr 07:00', "roles.order-desk.hours", "working hours"),
    ("38 EUR/h", "▲38 EUR", "roles.order-desk.rate", "an hourly rate"),
    ("then: sales-lead", "then: ▲sales-led", "roles.order-desk.then", "did you mean sales-lead?"),
    ("idle_cap_minutes: 10", "then: ▲sales-lead", "roles.sales-lead.then", "a chain of roles that ends"),
    ("fallback: order-desk", "fallback: ▲nobody", "fallback", "known: order-desk, sales-lead"),
    ("target: 0.95", "target: ▲95", "autonomy.target", "less than 1"),
    ("level: shadow", "level: ▲shdow", "autonomy.level", "did you mean shadow?"),
    ("minutes: 11", "minutes: ▲some", "baseline.minutes", "a number"),
    ("minutes: 11", "minutes: ▲nan", "baseline.minutes", "greater than 0"),
]


@pytest.mark.parametrize("right, wrong, field, says", MISTAKES)
def test_a_mistake_is_named_with_its_place(folder: Path, right: str, wrong: str, field: str, says: str) -> None:
    """One slip gives its file, line, column, field, what was expected, what was found, and the nearest word."""
    assert WHOLE.count(right) == 1
    marked = WHOLE.replace(right, wrong)
    before = marked[: marked.index("▲")]
    place = before.count("\n") + 1, len(before) - before.rfind("\n")
    (problem,) = [each for each in problems(folder, marked.replace("▲", "")) if each.field == field]
    assert (problem.file, problem.line, problem.column) == ("bridgehead.yaml", *place)
    assert says in str(problem)
    assert "sk-live" not in str(problem)


def test_all_mistakes_are_named_at_once(folder: Path) -> None:
    """Every slip of the table above, made together as far as they do not overlap, is reported together."""
    text, made = WHOLE, 0
    for right, wrong, *_ in MISTAKES:
        if text.count(right) == 1:
            text, made = text.replace(right, wrong.replace("▲", "")), made + 1
    found = {problem.field for problem in problems(folder, text)}
    assert made > 15
    assert len(found) >= made


@pytest.mark.parametrize("missing", ["deployment", "agent", "owner", "case", "roles", "fallback"])
def test_a_missing_field_is_named_with_an_example(folder: Path, missing: str) -> None:
    """A required field that is absent is named, and the hint shows how to write it."""
    text = "".join(line for line in SHORT.splitlines(keepends=True) if not line.startswith(missing))
    (problem,) = [each for each in problems(folder, text) if each.field == missing]
    assert problem.hint.startswith(f"write {missing}: ")


def test_a_fallback_with_a_hole_does_not_load(folder: Path) -> None:
    """P4: a table that leaves one error class without a role is refused and names the class."""

    def table(without: str = "") -> str:
        lines = "".join(f"  {name}: order-desk\n" for name in ERROR_CLASSES if name != without)
        return SHORT.replace("fallback: order-desk\n", f"fallback:\n{lines}")

    assert load(written(folder, table())).fallback.default is None
    for name in ERROR_CLASSES:
        (hole,) = problems(folder, table(without=name))
        assert (hole.field, hole.line) == ("fallback", 6)
        assert f"none for {name}" in hole.found
    misspelt = table().replace("  timeout:", "  timeuot:")
    assert any("did you mean timeout?" in problem.hint for problem in problems(folder, misspelt))


@pytest.mark.parametrize(
    "text, says",
    [
        ("", "an empty file"),
        ("# nothing\n", "an empty file"),
        ("- a\n- b\n", "found a list"),
        ("just words", "found a single value"),
        ("a: 1\na: 2\n", "bridgehead.yaml:2:1 a: expected each key once, found a second one (the first is in line 1)"),
        ("roles:\n  x: {members: a, members: b}\n", ":2:19 roles.x.members"),
        ("a: &x 1\nb: *x\n", "aliases are not taken"),
        ("<<: {a: 1}\n", "known field"),
        ("a: !!python/object/apply:os.system [ls]\n", "tags are not taken"),
        ("a: !custom b\n", "tags are not taken"),
        ("a: 1\n---\nb: 2\n", "one document"),
        ("a: [1, 2\n", "well-formed YAML"),
        ("a:\n\t- b\n", "bridgehead.yaml:2:1"),
        ("? [a, b]\n: c\n", "a word as the key"),
        ("[" * 40 + "]" * 40, "levels of nesting"),
        (b"a: \xff\xfe\n", "UTF-8"),
        (b"a: \x00\n", "UTF-8"),
        ("{" * 30_000, "levels of nesting"),
    ],
)
def test_a_file_that_is_no_plain_yaml_is_refused(folder: Path, text: str | bytes, says: str) -> None:
    """Empty, broken, doubled, aliased, tagged, deep and binary files are refused by what is wrong, with the place."""
    assert any(says in str(problem) for problem in problems(folder, text))


def test_a_bomb_of_aliases_is_refused_before_it_opens(folder: Path) -> None:
    """A file whose aliases would multiply into billions of entries is refused at the first alias."""
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    (problem,) = problems(folder, bomb)
    assert "*a0" in str(problem)


def test_a_file_that_is_too_large_or_not_there_is_refused(folder: Path) -> None:
    """Size is bounded, and a missing or unreadable file is named."""
    with pytest.raises(UserError, match="larger than 256 KiB"):
        load(written(folder, "#" * 300_000))
    with pytest.raises(UserError, match="cannot be read"):
        load(folder / "nowhere")


def test_words_stay_words(folder: Path) -> None:
    """What YAML 1.1 would turn into truth values, dates or base-60 numbers stays the text that was written."""
    text = SHORT.replace("[po_number]", "[no, 12:30, 2026-01-01, 007, on]")
    assert load(written(folder, text)).case.key == ("no", "12:30", "2026-01-01", "007", "on")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_never_escapes_as_another_error(folder: Path, data: st.DataObject) -> None:
    """A file with any stretch cut, doubled or overwritten loads or is refused with a UserError."""
    start = data.draw(st.integers(0, len(WHOLE)))
    end = data.draw(st.integers(start, min(len(WHOLE), start + 60)))
    between = data.draw(
        st.sampled_from(["", WHOLE[start:end] * 2, "{", "[]", ": ", "null", "\n", "- x", "'", "💥", "{a: b}"])
    )
    written(folder, WHOLE[:start] + between + WHOLE[end:])
    try:
        load(folder)
    except UserError as error:
        damage = error.message
    else:
        damage = "none"
    assert damage
