"""Labels say what a value is worth; a word that says nothing keeps a deployment from loading."""

from __future__ import annotations

from time import thread_time

import pytest

from bridgehead.gate.decide import Gate
from bridgehead.gate.facts import Source, Trace
from bridgehead.gate.labels import UNLABELLED, Label, LabelError, Labels, label_of
from bridgehead.gate.model import Call, View
from bridgehead.gate.tracing import Index, Origin
from bridgehead.gate.within import named
from bridgehead.spec.deployment import Otherwise, ToolRule
from bridgehead.spec.problem import DeploymentError
from bridgehead.spec.tool import JSON, Tool
from tests.unit.gate.deployments import deployment


@pytest.mark.parametrize(
    "words, label",
    [
        ("user", Label("user")),
        ("eu confidential system_of_record", Label("system_of_record", 2, "eu")),
        ("secret", Label("untrusted", 3)),
        ("us-east-1", Label("untrusted", 0, "us-east-1")),
        ("trusted", Label("system_of_record")),
        ("", UNLABELLED),
    ],
)
def test_words_come_in_any_order(words: str, label: Label) -> None:
    """A label is an integrity, a confidentiality and a region, each at most once, in any order."""
    assert label_of(words) == label


@pytest.mark.parametrize(
    "words", ["usr", "system_of_recrod", "confidental", "user operator", "eu us", "EU", "secret public"]
)
def test_a_word_that_says_nothing_is_refused(words: str) -> None:
    """A slip is never taken for a region, and no label says two things of one kind."""
    with pytest.raises(LabelError):
        label_of(words)


def test_the_longest_path_wins() -> None:
    """A path stands for all below it, places in lists need not be written, and the longest one decides."""
    labels = Labels(
        {"*": "system_of_record", "lines": "user", "lines.*.note": "untrusted", "lines.note.author": "operator"}
    )
    assert labels.of(("name",)).integrity == "system_of_record"
    assert labels.of(()).integrity == "system_of_record"
    assert labels.of(("lines", "*", "price")).integrity == "user"
    assert labels.of(("lines", "*", "note")).integrity == "untrusted"
    assert labels.of(("lines", "*", "note", "author")).integrity == "operator"


PARAMETERS = {
    "type": "object",
    "properties": {"to": {"type": "string"}, "amount": {"type": "integer"}},
    "required": ["to", "amount"],
}
PAY = Tool("pay", "reversible", sensitive=("to",), parameters=PARAMETERS)


@pytest.mark.parametrize(
    "tool, rule, says",
    [
        (Tool("pay", "reversible", sensitive=("too",), parameters=PARAMETERS), ToolRule(allow=True), "did you mean to"),
        (
            Tool("pay", "read", labels={"iban": "secrte"}, parameters=PARAMETERS),
            ToolRule(allow=True),
            "did you mean secret",
        ),
        (PAY, ToolRule(allow=True, redact=("abuot",)), "redact"),
    ],
)
def test_a_wrong_path_or_word_does_not_load(tool: Tool, rule: ToolRule, says: str) -> None:
    """A sensitive argument that is not there, and a word of no label, are named with the nearest right one."""
    with pytest.raises(DeploymentError) as refused:
        Gate(deployment({"pay": rule}), {"pay": tool})
    assert says in str(refused.value).lower()


def traced(integrity: str, age_s: float = 1.0, *, stale: bool = False) -> dict[str, Trace]:
    source = Source("books", "to", "system_of_record", age_s)
    return {"to": Trace(integrity, age_s=age_s, sources=(source,), origins=frozenset({integrity}), stale=stale)}  # type: ignore[arg-type]  # words of the test


CALL = Call(PAY, {"to": "x", "amount": 1}, b"\0" * 32)
HELD = Otherwise("desk")


@pytest.mark.parametrize(
    "rule, facts, verdict, policy",
    [
        (ToolRule(allow=True), traced("user"), "allow", "tools.pay"),
        (ToolRule(allow=True), traced("untrusted"), "deny", "gate.facts.pay"),
        (ToolRule(allow=True), traced("none"), "deny", "gate.facts.pay"),
        (ToolRule("amount <= 5", HELD), traced("none"), "hold", "gate.facts.pay"),
        (ToolRule("to from anything"), traced("none"), "allow", "tools.pay"),
        (ToolRule("to from system_of_record"), traced("user"), "deny", "tools.pay"),
        (ToolRule("to from user or system_of_record"), traced("user"), "allow", "tools.pay"),
        (ToolRule("age of to <= 15m"), traced("user", 900.0), "allow", "tools.pay"),
        (ToolRule("age of to <= 15m"), traced("user", 900.1), "deny", "tools.pay"),
        (ToolRule("age of to < 15m"), traced("user", 900.0), "deny", "tools.pay"),
        (ToolRule(allow=True), traced("user", stale=True), "deny", "gate.stale"),
        (ToolRule(allow=True), {}, "allow", "tools.pay"),
    ],
)
def test_a_decision_follows_the_facts(rule: ToolRule, facts: dict[str, Trace], verdict: str, policy: str) -> None:
    """P5: who vouches for a sensitive argument, and how old it is, decides; the reason names the rule."""
    gate = Gate(deployment({"pay": rule}), {"pay": PAY})
    decision = gate.decide(CALL, View("autonomous", facts=facts))
    assert (decision.verdict, decision.reasons[0].policy_id) == (verdict, policy)
    if verdict != "allow":
        assert decision.reasons[0].argument == "to"
        assert decision.reasons[0].remedy
        assert "books" not in decision.short()
    if policy == "gate.stale":
        assert decision.error_class == "stale_fact"


def found(index: Index, value: JSON) -> str:
    result = index.trace([value], 1.0)
    assert result is not None
    return result.trace.integrity


def test_a_system_that_holds_a_strangers_text_vouches_for_none_of_its_parts() -> None:
    """P5: of a system's prose only the whole counts, of a user's prose whole words and values do."""
    prose = "Send it to eve@evil.example or to Mallory on not-evil.com"
    system, user = Index(), Index()
    system.note(Origin("crm", Labels({"*": "system_of_record"}), prose))
    user.note(Origin("case.input", Labels({"*": "user"}), prose))
    for part in ("eve@evil.example", "Mallory"):
        assert found(system, part) == "untrusted"
        assert found(user, part) == "user"
    assert found(system, prose) == "system_of_record"
    assert found(user, "evil.com") == "untrusted"
    assert found(user, "Mal") == "untrusted"


def test_what_was_read_again_is_history() -> None:
    """P5: a value that a later reading of the same call no longer brings vouches for nothing."""
    index, labels = Index(), Labels({"*": "system_of_record"})
    index.note(Origin("crm", labels, {"iban": "DE89370400440532013000"}), "slot")
    assert found(index, "DE89370400440532013000") == "system_of_record"
    index.note(Origin("crm", labels, {"iban": "FR7630006000011234567890189"}), "slot")
    assert found(index, "DE89370400440532013000") == "none"


def test_a_huge_or_deep_result_is_taken_in() -> None:
    """A result of 50 MB, and one nested ten thousand deep, are indexed in bounds; what is beyond is never trusted."""
    index, labels = Index(), Labels({"*": "system_of_record"})
    deep: JSON = "innermost"
    for _ in range(10_000):
        deep = [deep]
    index.note(Origin("crm", labels, {"blob": "x" * 50_000_000, "deep": deep}))
    index.note(Origin("crm", labels, list(range(300_000))))
    assert found(index, "innermost") == "system_of_record"
    assert found(index, 5) == "system_of_record"
    assert found(index, 299_999) == "none"


HOSTILE = [
    "A" * 200_000 + "!",
    "Ab1_" * 50_000 + " ",
    "a@" * 100_000,
    "a." * 100_000 + "@",
    "DE12 " * 40_000,
    "1.234," * 40_000,
    "'" * 200_000,
    "https://" * 25_000,
    "%41" * 60_000,
    " <" * 100_000,
    "1 " * 100_000,
    "\u200b" * 200_000,
]


@pytest.mark.parametrize(
    "text", HOSTILE, ids=[text[:6].encode("ascii", "backslashreplace").decode() for text in HOSTILE]
)
def test_no_text_holds_the_index_up(text: str) -> None:
    """P5: a stranger's text is taken apart in time linear in its length, so that no document stops a worker."""
    index = Index()
    index.note(Origin("mail", Labels({}), {"long": text, "short": [text[:60], text[:4_000]]}))
    index.note(Origin("case.input", Labels({"*": "user"}), text))
    began = thread_time()
    for asked in ("nothing", text[:60], text[:4_000], text):
        index.trace([asked], 1.0)
    assert thread_time() - began < 5.0


def test_what_nearly_is_an_account_is_told_in_linear_time() -> None:
    """P5: words that begin as an account and go on too long hold nobody up."""
    began = thread_time()
    assert len(list(named(("AB12" + "A1" * 16 + "_ ") * 7_000))) <= 1
    assert thread_time() - began < 1.0
