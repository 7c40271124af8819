"""Verifying a whole ledger: every broken chain, and every row of a table that is not as its chain says.

One pass: rows come by chain and are never all in memory. A chain whose links hold is folded to the
state it proves, and that is compared with the tables in the same snapshot. A broken chain proves
nothing, so its tables are not compared.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from bridgehead.ledger.chain import Break, Checker, Head, Row
from bridgehead.ledger.fold import Difference, Facts, Proved, compare, fold

BATCH: Final = 4000
"""Rows of chains that are compared at once; a longer chain makes a batch of its own."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What one pass saw: how many rows and chains, one Break per broken chain, and what the tables say differently."""

    rows: int
    chains: int
    breaks: tuple[Break, ...]
    differences: tuple[Difference, ...] = ()

    @property
    def whole(self) -> bool:
        """True when no chain is broken and the tables say what the chains say."""
        return not self.breaks and not self.differences


@dataclass(frozen=True, slots=True)
class Payload:
    """A stored payload: the data key it is under, and what is wrong with it if it was opened and something is."""

    data_key: int
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A stored data key: whether it was erased, and what is wrong with it if it was unwrapped and something is."""

    erased: bool
    fault: str | None = None


class Tables(Protocol):
    """The tables beside the ledger, in the ledger's snapshot."""

    async def facts(self, chains: Collection[str]) -> Mapping[str, Facts]:
        """Returns what the tables hold for each of these chains."""
        ...

    async def keys(self, ids: Collection[int]) -> Mapping[int, StoredKey]:
        """Returns those of these data keys that are there."""
        ...

    async def payloads(self, commitments: Collection[str]) -> Mapping[str, Payload]:
        """Returns those of these payloads that are there."""
        ...

    def unchained(self) -> AsyncIterator[Difference]:
        """Yields every row whose chain has no ledger row at all."""
        ...


async def verify(
    rows: AsyncIterable[Row],
    stored: Mapping[str, Head],
    expected: Mapping[str, Head] | None = None,
    tables: Tables | None = None,
) -> Verification:
    """Returns what ``chain.check`` finds in ``rows``, which must be one snapshot with ``stored`` and ``tables``.

    ``expected`` are heads exported earlier; without them only the careless changes are certain to
    show, because whoever writes to the database can rehash a chain and its stored head. Without
    ``tables`` the chains alone are verified.
    """
    checker = Checker(expected, stored)
    breaks: list[Break] = []
    differences: list[Difference] = []
    ready: dict[str, list[bytes]] = {}
    waiting = 0
    chain, bodies = "", list[bytes]()
    async for row in rows:
        found = list(checker.feed(row))
        breaks.extend(found)
        if row.chain != chain:
            if bodies and not found:
                ready[chain] = bodies
                waiting += len(bodies)
            if waiting >= BATCH and tables is not None:
                differences.extend([each async for each in differing(ready, tables)])
                ready, waiting = {}, 0
            chain, bodies = row.chain, []
        if tables is not None:
            bodies.append(row.body)
    chains = checker.chains
    found = list(checker.finish())
    breaks.extend(found)
    if tables is not None:
        if bodies and chain not in {each.chain for each in found}:
            ready[chain] = bodies
        differences.extend([each async for each in differing(ready, tables)])
        broken = {each.chain for each in breaks}
        differences.extend([each async for each in tables.unchained() if each.chain not in broken])
    return Verification(checker.rows, chains, tuple(breaks), tuple(differences))


async def differing(chains: Mapping[str, Sequence[bytes]], tables: Tables) -> AsyncIterator[Difference]:
    """Yields how the tables differ from these whole chains, given as the bodies of their rows."""
    if not chains:
        return
    proved = {chain: fold(chain, bodies) for chain, bodies in chains.items()}
    stored = await tables.facts(proved.keys())
    keys = await tables.keys({key for each in proved.values() for key in each.keys})
    held = await tables.payloads({one for each in proved.values() for one in _demanded(each)})
    for chain, each in proved.items():
        rows = compare(chain, each.facts, stored.get(chain, {}))
        for difference in (*rows, *_keys(chain, each, keys), *_payloads(chain, each, keys, held)):
            yield difference


def _demanded(proved: Proved) -> Iterable[str]:
    """Returns the payloads that must be there: none where every data key was erased on the record."""
    return () if proved.keys and proved.keys <= proved.erased else proved.blobs


def _keys(chain: str, proved: Proved, stored: Mapping[int, StoredKey]) -> Iterable[Difference]:
    for number in sorted(proved.keys):
        key = stored.get(number)
        if key is None:
            detail = "the data key that the chain names is not there"
            yield Difference(chain, "data_keys", str(number), None, "missing", detail)
        elif key.erased and number not in proved.erased:
            detail = "the data key was erased, and no row of the ledger says so"
            yield Difference(chain, "data_keys", str(number), "erased", "different", detail)
        elif not key.erased and number in proved.erased:
            detail = "the ledger says that the data key was erased, and it is there"
            yield Difference(chain, "data_keys", str(number), "erased", "different", detail)
        elif key.fault is not None:
            yield Difference(chain, "data_keys", str(number), "wrapped", "different", key.fault)


def _payloads(
    chain: str, proved: Proved, keys: Mapping[int, StoredKey], held: Mapping[str, Payload]
) -> Iterable[Difference]:
    for commitment in _demanded(proved):
        payload = held.get(commitment)
        if payload is None:
            detail = "a payload that the chain vouches for is not there"
            yield Difference(chain, "blobs", commitment, None, "missing", detail)
        elif payload.data_key not in proved.keys:
            detail = f"the payload lies under data key {payload.data_key}, which the chain does not name"
            yield Difference(chain, "blobs", commitment, "data_key", "different", detail)
        elif payload.fault is not None:
            key = keys.get(payload.data_key)
            if key is not None and not key.erased and key.fault is None:
                yield Difference(chain, "blobs", commitment, "sealed", "different", payload.fault)
