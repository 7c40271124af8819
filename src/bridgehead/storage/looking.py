"""What a batch looks at before it writes: its cases and chains, locked and fenced, and fresh numbers for rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridgehead.cases.ports import Claim
from bridgehead.cases.writes import CostWrite, DecisionWrite, EffectMove, EffectOpen, Finish, ReviewUse, Write
from bridgehead.effects.states import EffectState
from bridgehead.ledger.chain import Head
from bridgehead.storage.batch_rows import array
from bridgehead.storage.database import Connection, pipelined

# The locks prove the epochs before anything is written, and hold until the batch is committed. Locked in the order
# of case ids, then the chains in the same order: two batches that share a case wait and never deadlock.
_FENCE = b"""
with mine as materialized (
  select c.id, c.key_id, c.next_step, c.wake, c.lost_segments
  from cases c join unnest(%s::bigint[], %s::bigint[]) as v(id, epoch) on v.id = c.id
  where c.epoch = v.epoch and c.state = 'running' order by c.id for update of c)
select mine.*, h.seq, h.head, bridgehead_now() as at, pg_current_xact_id()::text as xid
from mine join chains h on h.chain = 'C-' || mine.id order by mine.id for update of h
"""
# Taken while the locks are held: within a case, a later row has a higher number.
_NUMBERS = b"""
select 'decision' as what, nextval('decisions_id_seq') as number from generate_series(1, %s)
union all select 'effect', nextval('effects_id_seq') from generate_series(1, %s)
union all select 'cost', nextval('costs_seq_seq') from generate_series(1, %s)
"""
_EFFECTS = b"select id, case_id, tool, attempt, state from effects where id = any(%s::bigint[]) order by id for update"
_UNUSED = b"select id from reviews where id = any(%s::bigint[]) and used_at is null order by id for update"
_OPEN = b"""
select id, case_id from reviews where case_id = any(%s::bigint[]) and state = 'open' and kind not in ('audit', 'seeded')
order by id for update
"""


@dataclass(frozen=True, slots=True)
class Locked:
    """A case behind its fence, and the head of its chain."""

    key_id: int
    next_step: int
    wake: bool
    lost_segments: int
    head: Head
    at: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect that is to be moved, as it stands."""

    case_id: int
    tool: str
    attempt: int
    state: EffectState


@dataclass(slots=True)
class Looked:
    """What was found, all of it locked until the transaction ends; a claim that is over is not among ``cases``."""

    conn: Connection
    xid: str | None
    cases: dict[int, Locked]
    effects: dict[int, Effect]
    unused: set[int]
    open_reviews: dict[int, list[int]]
    decisions: Iterator[int]
    new_effects: Iterator[int]
    costs: Iterator[int]


async def look(conn: Connection, commits: Sequence[tuple[Claim, Sequence[Write]]]) -> Looked:
    """Begins a transaction and returns what its commits need to know, in one round trip."""
    kinds = Counter(type(write) for _, writes in commits for write in writes)
    moved = [one.effect_id for _, writes in commits for one in writes if isinstance(one, EffectMove)]
    used = [one.review_id for _, writes in commits for one in writes if isinstance(one, ReviewUse)]
    ending = [claim.case_id for claim, writes in commits if any(isinstance(one, Finish) for one in writes)]
    counts = (kinds[DecisionWrite], kinds[EffectOpen], kinds[CostWrite])
    cases, epochs = array(claim.case_id for claim, _ in commits), array(claim.epoch for claim, _ in commits)
    async with pipelined(conn):
        await conn.execute(b"begin", prepare=False)
        fenced = await conn.execute(_FENCE, (cases, epochs), prepare=True)
        numbers = await conn.execute(_NUMBERS, counts, prepare=True) if any(counts) else None
        effects = await conn.execute(_EFFECTS, (array(moved),), prepare=True) if moved else None
        unused = await conn.execute(_UNUSED, (array(used),), prepare=True) if used else None
        opened = await conn.execute(_OPEN, (array(ending),), prepare=True) if ending else None
    locked, xid = {}, None
    for row in await fenced.fetchall():
        xid = row["xid"]
        head = Head(row["seq"], bytes(row["head"]))
        locked[row["id"]] = Locked(row["key_id"], row["next_step"], row["wake"], row["lost_segments"], head, row["at"])
    found: dict[str, list[int]] = {"decision": [], "effect": [], "cost": []}
    if numbers is not None:
        for row in await numbers.fetchall():
            found[row["what"]].append(row["number"])
    reviews: dict[int, list[int]] = {}
    if opened is not None:
        for row in await opened.fetchall():
            reviews.setdefault(row["case_id"], []).append(row["id"])
    return Looked(
        conn=conn,
        xid=xid,
        cases=locked,
        effects={}
        if effects is None
        else {
            row["id"]: Effect(row["case_id"], row["tool"], row["attempt"], row["state"])
            for row in await effects.fetchall()
        },
        unused=set() if unused is None else {row["id"] for row in await unused.fetchall()},
        open_reviews=reviews,
        decisions=iter(found["decision"]),
        new_effects=iter(found["effect"]),
        costs=iter(found["cost"]),
    )
