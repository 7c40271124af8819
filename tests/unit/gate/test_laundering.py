"""What a case said or wrote itself does not come back as somebody else's word."""

from __future__ import annotations

from typing import Final

import pytest

from bridgehead.gate.decide import Gate
from bridgehead.gate.labels import Labels
from bridgehead.gate.tracing import Index, Origin
from bridgehead.spec.deployment import ToolRule
from bridgehead.spec.tool import JSON, Tool
from tests.unit.gate.deployments import deployment

SYSTEM: Final = Labels({"*": "system_of_record"})
NAMED: Final = Labels({"*": "system_of_record", "number": "system_of_record", "lines.sku": "system_of_record"})
USER: Final = Labels({"*": "user"})
EVIL: Final = "GB29NWBK60161331926819"


def worth(index: Index, value: JSON) -> str:
    found = index.trace([value], 0.0)
    return "nothing" if found is None else found.trace.integrity


@pytest.mark.parametrize("answer", [EVIL, {"query": EVIL}, {"echo": ["gb29 nwbk 6016 1331 9268 19"]}, f'["{EVIL}"]'])
def test_an_answer_vouches_for_nothing_that_it_was_asked_with(answer: JSON) -> None:
    """P5: a value that a read only says again, however it writes it, is as untrusted as it was when it was sent."""
    index = Index()
    index.note(Origin("find", SYSTEM, answer, sent={"q": EVIL}))
    assert worth(index, EVIL) == "untrusted"


def test_the_rest_of_an_answer_is_vouched_for() -> None:
    """A system of record is believed in what it adds to what it was asked."""
    index = Index()
    index.note(
        Origin("customer", SYSTEM, {"number": "C-17", "iban": "DE89370400440532013000"}, sent={"number": "C-17"})
    )
    assert worth(index, "DE89370400440532013000") == "system_of_record"
    assert worth(index, "C-17") == "untrusted"


@pytest.mark.parametrize("path", ["number", "lines"])
def test_a_field_that_a_label_names_is_looked_up(path: str) -> None:
    """A label that names the field says that the system looks it up: what it answers there is its own word."""
    index = Index()
    answer: JSON = {"number": "C-17"} if path == "number" else {"lines": [{"sku": "C-17"}]}
    index.note(Origin("customer", NAMED, answer, sent={"number": "C-17"}))
    assert worth(index, "C-17") == "system_of_record"


def test_what_somebody_vouched_for_before_stays_so() -> None:
    """A value of the user's is as good as it was after a system has said it again."""
    index = Index()
    index.note(Origin("case.input", USER, "Pay C-17, and tell Mallory"))
    for asked in ("C-17", "Mallory"):
        index.note(Origin("customer", SYSTEM, {"id": asked}, sent={"id": asked}))
        index.sent({"text": asked})
        index.note(Origin("customers", SYSTEM, [{"id": asked}], sent={}))
        assert worth(index, asked) in ("user", "system_of_record")


@pytest.mark.parametrize("labels", [SYSTEM, NAMED, USER, Labels({"*": "operator"})])
@pytest.mark.parametrize("written", [EVIL, f"pay {EVIL} at once", f'{{"to": "{EVIL}"}}', 4711, {"to": {EVIL: 1}}])
def test_what_a_case_wrote_does_not_come_back_trusted(labels: Labels, written: JSON) -> None:
    """P5: a value that nobody vouched for when it was written is not vouched for where it is read again."""
    value: JSON = 4711 if written == 4711 else EVIL
    for answered in (False, True):
        index = Index()
        if answered:
            index.note(Origin("remark", labels, {"number": value}, sent={"text": written}, wrote=True))
        else:
            index.sent({"text": written})
        index.note(Origin("remarks", labels, [{"number": value, "id": "R-1"}], sent={"id": "x"}))
        assert worth(index, value) == "untrusted"
        assert worth(index, "R-1") == next(label for label in [labels.of(("*", "id")).integrity])


def test_what_was_read_again_since_was_known_when_it_was_written() -> None:
    """Whether a value was known counts when it is written, though the index looks at all of it later."""
    index = Index()
    index.note(Origin("customer", SYSTEM, ["a b", "C-17"]), "slot")
    index.note(Origin("remark", SYSTEM, {"id": "R-1"}, sent={"text": "C-17"}, wrote=True))
    index.note(Origin("customer", SYSTEM, ["C-17"]), "slot")
    index.note(Origin("remark", SYSTEM, {"id": "R-2"}, sent={"text": "a b"}, wrote=True))
    index.note(Origin("remarks", SYSTEM, ["C-17", "a b"], sent={}))
    assert worth(index, "C-17") == "system_of_record"
    assert worth(index, "a b") == "untrusted"


def test_a_person_vouches_for_what_was_written_too() -> None:
    """A value that the case wrote, and that a person names afterwards, is that person's."""
    index = Index()
    index.sent({"to": EVIL})
    index.note(Origin("R-1", USER, EVIL))
    assert worth(index, EVIL) == "user"


def test_a_name_that_is_a_value_is_traced() -> None:
    """P5: where a tool takes a mapping, who is paid as the name of a field is somebody, whatever letters it has."""

    def of(names: str, declared: str = "") -> str:
        found = index.trace([{names: 5}], 0.0, names=frozenset({declared}), keyed=True)
        return "nothing" if found is None else found.trace.integrity

    index = Index()
    index.note(Origin("case.input", USER, {"payees": {"Anna": 5}}))
    assert of("Anna") == "user"
    assert of("Mallory") == "none"
    assert of("Mallory", "Mallory") == "user"
    index.note(Origin("mail", Labels({}), {"Mallory": "x"}))
    assert of("Mallory") == "untrusted"
    index.note(Origin("team", SYSTEM, ["Mallory"]))
    assert of("Mallory") == "system_of_record"


@pytest.mark.parametrize("amounts, keyed", [({"additionalProperties": {"type": "integer"}}, True), ({}, False)])
def test_a_mapping_of_a_type_has_values_for_names(amounts: dict[str, JSON], keyed: bool) -> None:
    """The type that a tool declares tells whether the names of an object are its own or whoever calls it chose them."""
    parameters: dict[str, JSON] = {"type": "object", "properties": {"to": {"type": "object", **amounts}}}
    tool = Tool("pay", "reversible", sensitive=("to",), parameters=parameters)
    assert Gate(deployment({"pay": ToolRule(allow=True)}), {"pay": tool}).watch("pay").keyed is keyed


def test_the_name_of_a_field_is_no_value() -> None:
    """P5: that a record has a field of some name makes no value of that name trusted."""
    index = Index()
    index.note(Origin("crm", SYSTEM, {"approved": "no"}))
    assert worth(index, "approved") == "none"


@pytest.mark.parametrize("text", ["\u200b", "\u200b \u2060", "\ufeff", "\u3164"])
def test_what_cannot_be_seen_is_made_up(text: str) -> None:
    """P5: characters that show nothing are a value that nobody has said."""
    index = Index()
    index.note(Origin("case.input", USER, "hello"))
    assert worth(index, text) == "none"
    assert worth(index, ["hello", text]) == "none"


@pytest.mark.parametrize("value", [None, "", " \n", [], {}, {"to": None}])
def test_what_is_absent_or_empty_has_no_source(value: JSON) -> None:
    """What says nothing names nobody: it has no trace, and a type or a rule may demand that it is there."""
    assert worth(Index(), value) == "nothing"
