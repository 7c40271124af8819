"""The body of a ledger row is canonical JSON, however it is put together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.errors import UserError
from bridgehead.ledger.canonical import canonical
from bridgehead.ledger.chain import make_body

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TIMES = st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=5.5))]))  # noqa: DTZ001  # hypothesis wants it without a zone
REFS = st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT | st.lists(TEXT))


@given(
    chain=TEXT,
    seq=st.integers(1, 2**40),
    at=TIMES,
    kind=TEXT,
    actor=TEXT,
    refs=REFS,
    commitments=st.dictionaries(TEXT, st.binary(max_size=32)),
)
def test_a_body_is_the_canonical_json_of_its_row(
    chain: str, seq: int, at: datetime, kind: str, actor: str, refs: dict[str, object], commitments: dict[str, bytes]
) -> None:
    """P8: the bytes that are hashed are those that RFC 8785 gives for the row, whatever its names hold."""
    whole = {
        "v": 1,
        "chain": chain,
        "seq": seq,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "kind": kind,
        "actor": actor,
        "refs": refs,
        "commitments": {name: digest.hex() for name, digest in commitments.items()},
    }
    body = make_body(chain=chain, seq=seq, at=at, kind=kind, actor=actor, refs=refs, commitments=commitments)  # type: ignore[arg-type]  # made of JSON
    assert body == canonical(whole)  # type: ignore[arg-type]  # made of JSON


@pytest.mark.parametrize("field", ["chain", "kind", "actor", "commitment"])
def test_half_a_surrogate_pair_is_refused_by_name(field: str) -> None:
    """P8: text that is no Unicode is in no row, and the error says so."""
    row = {"chain": "C-1", "kind": "step.read", "actor": "agent", "commitment": "payload"} | {field: "\ud800"}
    with pytest.raises(UserError, match="surrogate"):
        make_body(
            chain=row["chain"],
            seq=1,
            at=datetime(2026, 1, 1, tzinfo=UTC),
            kind=row["kind"],
            actor=row["actor"],
            refs={},
            commitments={row["commitment"]: b""},
        )


def test_a_time_without_a_zone_is_refused() -> None:
    """P8: a row says when it was written, and not only what a clock on some wall showed."""
    with pytest.raises(ValueError, match="zone"):
        make_body(chain="C-1", seq=1, at=datetime(2026, 1, 1), kind="k", actor="a", refs={}, commitments={})  # noqa: DTZ001  # what is refused
