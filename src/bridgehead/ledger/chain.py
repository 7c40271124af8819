"""Every change to a stored history is named: rows linked by SHA-256, checked in one streaming pass.

A row's body is canonical JSON; its hash is SHA-256 over a tag, the hash of the row before it (32 zero
bytes before the first) and the body. Whoever can write to the database can also rehash a chain, so the
certain proof needs heads that were exported beforehand; what was appended after the export rests on the
stored head alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring as _text
from typing import Final, Literal

from bridgehead.ledger.canonical import JSON, canonical

VERSION: Final = 1
_TAG: Final = b"bridgehead/1/ledger-row\x00"
_NO_HASH: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: how many rows it has, and the hash of the last one."""

    seq: int
    hash: bytes


EMPTY: Final = Head(0, b"")


@dataclass(frozen=True, slots=True)
class Row:
    """One ledger row as it is stored; ``seq`` counts from 1 without gaps within its chain."""

    chain: str
    seq: int
    body: bytes
    hash: bytes


Kind = Literal[
    "altered",
    "missing",
    "swapped",
    "inserted",
    "cut",
    "rewritten",
    "unparsable",
    "head",
    "unknown_chain",
    "missing_chain",
]
"""How a chain is broken:

altered        a body or hash is not the one that was linked
missing        a row inside the chain is gone
swapped        rows changed places
inserted       a row is there that the chain never linked, or past the stored head
cut            rows at the end are gone, by the stored or the exported head
rewritten      every link holds, but the chain is not the one whose head was exported
unparsable     the links hold over a body that is no ledger row
head           the stored head is not the hash of its row
unknown_chain  rows of a chain that has no stored head
missing_chain  an exported chain is gone altogether
"""


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain breaks, and the simplest change that explains it."""

    chain: str
    seq: int
    kind: Kind
    detail: str


def make_body(
    *,
    chain: str,
    seq: int,
    at: datetime,
    kind: str,
    actor: str,
    refs: Mapping[str, JSON],
    commitments: Mapping[str, bytes],
) -> bytes:
    """Returns the canonical JSON of a row: version, place, time in UTC to the microsecond, references, commitments.

    Raises ValueError for a time without zone, UserError for references that are no exact JSON.
    """
    # Row by row the same names: written here in their order, they are not sorted anew for each.
    stated = canonical(dict(refs))
    try:
        made = ",".join([f'{_text(name)}:"{commitments[name].hex()}"' for name in _sorted(tuple(commitments))])
        place = f'{{"actor":{_text(actor)},"at":"{_instant(at)}","chain":{_text(chain)}'.encode()
        what = f',"commitments":{{{made}}},"kind":{_text(kind)},"refs":'.encode()
    except UnicodeEncodeError:
        canonical([chain, kind, actor, list(commitments)])  # which says what is wrong with it
        raise
    return b'%b%b%b,"seq":%d,"v":%d}' % (place, what, stated, seq, VERSION)


@lru_cache(maxsize=256)
def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    """Returns names in the order of RFC 8785 (3.2.3): by their UTF-16 code units."""
    return tuple(sorted(names, key=lambda name: name.encode("utf-16-be", "surrogatepass")))


@lru_cache(maxsize=64)
def _instant(at: datetime) -> str:
    """Returns a time as rows hold it; those of one commit have the same."""
    if at.tzinfo is None:
        raise ValueError("a ledger row needs a time with its zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def row_hash(previous: bytes, body: bytes) -> bytes:
    """Returns SHA-256(tag, ``previous``, ``body``); an empty ``previous`` stands for 32 zero bytes."""
    return hashlib.sha256(_TAG + (previous or _NO_HASH) + body).digest()


def link(
    head: Head,
    chain: str,
    *,
    at: datetime,
    kind: str,
    actor: str,
    refs: Mapping[str, JSON],
    commitments: Mapping[str, bytes],
) -> tuple[Row, Head]:
    """Returns the row that follows ``head`` and the head after it; nothing is stored."""
    seq = head.seq + 1
    body = make_body(chain=chain, seq=seq, at=at, kind=kind, actor=actor, refs=refs, commitments=commitments)
    digest = row_hash(head.hash, body)
    return Row(chain, seq, body, digest), Head(seq, digest)


def check(rows: Iterable[Row], expected: Mapping[str, Head] | None, heads: Mapping[str, Head]) -> Iterator[Break]:
    """Yields one Break for every chain that is not as it was linked, in one pass over ``rows``.

    ``rows`` come grouped by chain and ascending by seq; ``heads`` are the stored heads, ``expected``
    the exported ones (None: there is no export). Chains that were opened or grew after the export are
    no break. Memory is constant per chain.
    """
    checker = Checker(expected, heads)
    for row in rows:
        yield from checker.feed(row)
    yield from checker.finish()


class Checker:
    """The same check for rows that arrive one at a time: ``feed`` each, then ``finish``.

    A row is judged when the next one is known, because what follows tells a swap from an insertion.
    """

    def __init__(self, expected: Mapping[str, Head] | None, heads: Mapping[str, Head]) -> None:
        self._expected = expected or {}
        self._stored = heads
        self._walk: _Walk | None = None
        self._seen: set[str] = set()
        self.rows = 0

    def feed(self, row: Row) -> Iterator[Break]:
        """Takes the next row; yields what is now known to be broken."""
        self.rows += 1
        walk = self._walk
        if walk is not None and walk.chain == row.chain:
            walk.step(row)
            return
        yield from self._close()
        if row.chain in self._seen:
            raise ValueError("rows must come grouped by chain")
        self._seen.add(row.chain)
        self._walk = _Walk(row.chain, self._expected.get(row.chain, EMPTY), self._stored.get(row.chain))
        self._walk.step(row)

    def finish(self) -> Iterator[Break]:
        """Yields what the end of the rows shows: the last chain's state, and chains without any row."""
        yield from self._close()
        for chain in sorted((self._stored.keys() | self._expected.keys()) - self._seen):
            if chain not in self._stored and self._expected[chain] != EMPTY:
                yield Break(chain, 1, "missing_chain", "the chain was exported and is gone altogether")
            else:
                walk = _Walk(chain, self._expected.get(chain, EMPTY), self._stored.get(chain, EMPTY))
                yield from walk.end()
        self._seen = set()

    @property
    def chains(self) -> int:
        """How many chains had at least one row so far."""
        return len(self._seen)

    def _close(self) -> Iterator[Break]:
        if self._walk is not None:
            yield from self._walk.end()
            self._walk = None


@dataclass(slots=True)
class _Walk:
    """One chain being checked. Once ``broken`` is set the remaining rows of the chain are passed over."""

    chain: str
    exported: Head
    stored: Head | None
    head: Head = EMPTY
    before: Head | None = None
    pending: Row | None = None
    broken: Break | None = None
    _at_stored: bytes = field(default=b"")

    def step(self, row: Row) -> None:
        if self.pending is not None and self.broken is None:
            self._judge(self.pending, row)
        self.pending = row

    def end(self) -> Iterator[Break]:
        if self.pending is not None and self.broken is None:
            self._judge(self.pending, None)
        if self.broken is None:
            self._judge_end()
        if self.broken is not None:
            yield self.broken

    def _judge(self, row: Row, following: Row | None) -> None:
        seq = self.head.seq + 1
        if row.seq > seq:
            self._break(seq, "missing", f"row {row.seq} follows row {seq - 1}")
        elif row.seq < seq:
            self._break(row.seq, "inserted", f"row {row.seq} is there where row {seq} should be")
        elif not _follows(self.head, row):
            self._explain(row, following)
        elif (claim := _claim(row.body)) is None:
            self._break(seq, "unparsable", "the body is no ledger row of a version known here")
        elif claim != (self.chain, seq):
            self._explain(row, following)
        elif self.exported.seq == seq and self.exported.hash != row.hash:
            self._break(seq, "rewritten", "every link holds, but the exported head is another")
        else:
            self.before, self.head = self.head, Head(seq, row.hash)
            if self.stored is not None and self.stored.seq == seq:
                self._at_stored = row.hash

    def _judge_end(self) -> None:
        last = self.head.seq
        if last < self.exported.seq:
            self._break(last + 1, "cut", f"the exported head is at row {self.exported.seq}, the chain ends at {last}")
        elif self.stored is None:
            self._break(1, "unknown_chain", "the chain has rows and no stored head")
        elif last < self.stored.seq:
            self._break(last + 1, "cut", f"the stored head is at row {self.stored.seq}, the chain ends at {last}")
        elif self.stored.seq < 0 or self._at_stored != self.stored.hash:
            self._break(self.stored.seq, "head", "the stored head is not the hash of its row")
        elif last > self.stored.seq:
            self._break(self.stored.seq + 1, "inserted", f"rows go on past the stored head at {self.stored.seq}")

    def _explain(self, row: Row, following: Row | None) -> None:
        """Names a row that does not belong here. That it does not is certain; how it came is the simplest guess.

        The hashes speak first (a hash that fits somewhere was not made for another place), the places
        the bodies claim second.
        """
        seq = self.head.seq + 1
        if following is not None and _follows(self.head, following):
            if _follows(Head(seq, following.hash), row):
                self._break(seq, "swapped", f"rows {seq} and {seq + 1} changed places")
            else:
                self._break(seq, "inserted", "the row after it is the one that was linked here")
        elif following is not None and row_hash(self.head.hash, following.body) == row.hash:
            self._break(seq, "swapped", f"the bodies of rows {seq} and {seq + 1} changed places")
        elif self.before is not None and _follows(self.before, row):
            self._break(seq - 1, "inserted", "the row after it was linked to the row before it")
        else:
            self._explain_by_claims(row, following)

    def _explain_by_claims(self, row: Row, following: Row | None) -> None:
        seq, shift = self.head.seq + 1, _shift(row)
        known_end = max(self.exported.seq, 0 if self.stored is None else self.stored.seq)
        if following is None:
            closed_up, crossed = seq < known_end, False
        else:
            closed_up = _shift(following) == shift
            # A following row that links to this row's hash shows the hash to be in place, and the body not.
            crossed = _shift(following) == -shift or not _follows(Head(seq, row.hash), following)
        if shift > 0 and closed_up:
            self._break(seq, "missing", f"the row here was written as row {seq + shift}")
        elif shift > 0 and crossed:
            self._break(seq, "swapped", f"the row here was written as row {seq + shift}")
        elif self.stored is not None and seq > known_end:
            self._break(seq, "inserted", f"a row past the stored head at {self.stored.seq} that links to nothing")
        elif _follows(self.head, row):
            self._break(seq, "altered", "the row links well, but its body was written for another place")
        else:
            self._break(seq, "altered", f"the row does not link to row {seq - 1}: one of the two was altered")

    def _break(self, seq: int, kind: Kind, detail: str) -> None:
        self.broken = Break(self.chain, seq, kind, detail)


def _follows(head: Head, row: Row) -> bool:
    return row_hash(head.hash, row.body) == row.hash


def _claim(body: bytes) -> tuple[str, int] | None:
    """Returns the chain and seq that a body states, or None if it is no row of this version."""
    try:
        stated = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(stated, dict) or stated.get("v") != VERSION:
        return None
    chain, seq = stated.get("chain"), stated.get("seq")
    if not isinstance(chain, str) or not isinstance(seq, int) or isinstance(seq, bool):
        return None
    return chain, seq


def _shift(row: Row) -> int:
    claim = _claim(row.body)
    return 0 if claim is None else claim[1] - row.seq
