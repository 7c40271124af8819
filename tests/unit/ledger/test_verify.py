from __future__ import annotations

from collections.abc import AsyncIterator

from bridgehead.ledger.chain import Row
from bridgehead.ledger.verify import verify
from tests.unit.ledger.chains import flipped, grown, head_of


async def stream(*chains: list[Row]) -> AsyncIterator[Row]:
    for chain in chains:
        for row in chain:
            yield row


async def test_a_whole_ledger_verifies_with_its_counts() -> None:
    """A ledger without changes is whole, and the counts say how much was read."""
    one, two = grown("C-1", 3), grown("C-2", 4)
    result = await verify(stream(one, two), {"C-1": head_of(one), "C-2": head_of(two)})
    assert result.whole
    assert (result.rows, result.chains) == (7, 2)


async def test_every_broken_chain_of_a_stream_is_listed() -> None:
    """Each broken chain is listed once, the last one and a vanished one too."""
    one, two = grown("C-1", 3), grown("C-2", 4)
    heads = {"C-1": head_of(one), "C-2": head_of(two)}
    exported = {**heads, "C-3": head_of(one)}
    result = await verify(stream([flipped(one[0], 1), *one[1:]], two[:-1]), heads, exported)
    assert not result.whole
    assert [(each.chain, each.kind) for each in result.breaks] == [
        ("C-1", "altered"),
        ("C-2", "cut"),
        ("C-3", "missing_chain"),
    ]
