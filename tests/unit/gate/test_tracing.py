"""What an index remembers of its answers is dropped as soon as another answer would be right."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.gate.facts import Trace
from bridgehead.gate.labels import Labels
from bridgehead.gate.tracing import Index, Origin, Traced
from bridgehead.spec.tool import JSON

USER: Final = Labels({"*": "user"})
SYSTEM: Final = Labels({"*": "system_of_record"})
SECRET: Final = Labels({"*": "system_of_record secret eu"})
STRANGER: Final = Labels({})
IBAN: Final = "DE89370400440532013000"


def traced(index: Index, value: JSON, now_s: float = 0.0, bound_s: float | None = None) -> Trace:
    found = index.trace([value], now_s, bound_s)
    assert found is not None
    return found.trace


def test_another_source_of_a_remembered_value_counts() -> None:
    """P5: what comes in later and holds the value, however it writes it, has its say in what is told of it."""
    index = Index()
    index.note(Origin("case.input", USER, {"iban": IBAN}))
    assert traced(index, IBAN).origins == {"user"}
    index.note(Origin("mail", STRANGER, "nothing of it"))
    assert traced(index, IBAN).origins == {"user"}
    index.note(Origin("mail", STRANGER, "de89 3704 0044 0532 0130 00"))
    assert traced(index, IBAN).origins == {"user+untrusted"}
    index.note(Origin("crm", SYSTEM, {"account": IBAN}, read_s=5.0))
    after = traced(index, IBAN, now_s=6.0)
    assert after.origins == {"user+system_of_record+untrusted"}
    assert after.age_s == 1.0
    assert [source.name for source in after.sources] == ["crm"]


def test_a_fresher_reading_of_a_remembered_value_counts() -> None:
    """P5: the age that is told is that of the freshest reading, and grows with the clock of who asks."""
    index = Index()
    index.note(Origin("crm", SYSTEM, IBAN, read_s=0.0, max_age_s=10.0), "slot")
    assert traced(index, IBAN, now_s=9.0).age_s == 9.0
    old = index.trace([IBAN], 12.0)
    assert old is not None
    assert old.trace.stale
    assert [origin.name for origin in old.stale] == ["crm"]
    index.note(Origin("crm", SYSTEM, IBAN, read_s=12.0, max_age_s=10.0), "slot")
    assert (traced(index, IBAN, now_s=13.0).age_s, traced(index, IBAN, now_s=13.0).stale) == (1.0, False)


def test_a_remembered_value_that_is_history_vouches_for_nothing() -> None:
    """P5: once the same call brought something else, a value that was traced before is found nowhere."""
    index = Index()
    index.note(Origin("crm", SYSTEM, IBAN), "slot")
    assert traced(index, IBAN).trusted
    index.note(Origin("crm", SYSTEM, "FR7630006000011234567890189"), "slot")
    assert traced(index, IBAN).integrity == "none"


def test_other_labels_of_a_remembered_value_count() -> None:
    """P5: a value that is read again where it is secret, or bound to a region, is so from then on."""
    index = Index()
    index.note(Origin("crm", SYSTEM, IBAN))
    assert traced(index, IBAN).confidentiality == 0
    index.note(Origin("vault", SECRET, IBAN))
    assert traced(index, IBAN).confidentiality == 3
    assert traced(index, IBAN).regions == {"eu"}


def test_a_value_that_was_found_nowhere_is_found_once_it_is_read() -> None:
    """A value that nobody vouched for is looked for again after anything has come in."""
    index = Index()
    index.note(Origin("mail", STRANGER, "pay to Mallory"))
    assert traced(index, "Mallory").integrity == "untrusted"
    assert traced(index, "Eve").integrity == "none"
    index.note(Origin("case.input", USER, "for Eve and Mallory"))
    assert [traced(index, name).integrity for name in ("Mallory", "Eve")] == ["user", "user"]


def test_prose_that_is_searched_for_another_value_counts() -> None:
    """P5: a value that also stands in a secret text is as secret once that text was searched, for whatever reason."""
    index = Index()
    index.note(Origin("mail", STRANGER, IBAN))
    index.note(Origin("letter", Labels({"*": "secret"}), f"pay to {IBAN} at once"))
    assert traced(index, IBAN).confidentiality == 0
    assert traced(index, "made up").integrity == "none"
    assert traced(index, IBAN).confidentiality == 3


def test_what_was_read_meanwhile_may_be_in_what_was_made_up() -> None:
    """P5: a text that the model made up is as secret as everything that it has read until then."""
    index = Index()
    index.note(Origin("case.input", USER, "hello"))
    assert traced(index, "made up").confidentiality == 0
    index.note(Origin("vault", SECRET, "the password"))
    assert traced(index, "made up").confidentiality == 3


@pytest.mark.parametrize("read, asked", [(1, True), (True, 1), (1, "true"), (0, False)])
def test_equal_values_of_two_kinds_are_remembered_apart(read: JSON, asked: JSON) -> None:
    """P5: True and 1 are equal in Python, and two values."""
    index = Index()
    index.note(Origin("case.input", USER, read))
    assert traced(index, read).integrity == "user"
    assert traced(index, asked).integrity == "none"
    assert traced(index, read).integrity == "user"


values = st.sampled_from(
    ["a", "b", "A", "see a here", '{"k": "a"}', "5 EUR", "5", "x@y.example", "x@y.example, z@y.example", IBAN,
     1, 5, True, 5.0, "", "\u0430", "Y29udGFpbnMgYQ==", None]
)  # fmt: skip
nested = st.recursive(values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("pq"), inner))
notes = st.tuples(
    nested,
    st.sampled_from([USER, SYSTEM, SECRET, STRANGER, Labels({"p": "user", "q": "confidential us"})]),
    st.sampled_from([None, "one", "two"]),
    st.sampled_from([None, 3.0]),
)
asks = st.tuples(nested, st.sampled_from([None, 2.0]), st.sampled_from([frozenset(), frozenset({"t:a"})]))


@given(st.lists(st.one_of(notes, asks), max_size=14))
def test_an_index_that_remembers_answers_as_one_that_does_not(steps: list[tuple[object, ...]]) -> None:
    """P5: after any reads and questions every trace is what it is for an index that looks everything up anew."""
    remembering, forgetting = Index(), Index()
    for now, step in enumerate(steps):
        if len(step) == 4:
            value, labels, slot, max_age_s = step
            for index in (remembering, forgetting):
                index.note(Origin(f"o{now}", labels, value, float(now), max_age_s=max_age_s), slot)  # type: ignore[arg-type]  # drawn so
            continue
        asked, bound_s, constants = step
        forgetting._forget()
        found = [
            index.trace([asked], float(now), bound_s, constants)  # type: ignore[list-item,arg-type]  # drawn so
            for index in (remembering, remembering, forgetting)
        ]
        assert [_told(one) for one in found[:2]] == [_told(found[2])] * 2


def _told(found: Traced | None) -> object:
    return None if found is None else (found.trace, [origin.name for origin in found.stale])
