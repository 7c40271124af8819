"""Writes that are carried out one by one: work for people, and what other parts of the store write to a case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Final

from bridgehead.cases.ports import Claim
from bridgehead.cases.writes import Adopt, CheckWrite, CostWrite, HandOver, ReviewOpen, Worked, Write
from bridgehead.costs.meter import Cost
from bridgehead.errors import Unavailable
from bridgehead.ledger.vault import Unreadable
from bridgehead.reviews.stakes import stake, stake_of
from bridgehead.spec.tool import JSON
from bridgehead.storage.database import Connection
from bridgehead.storage.reviews_terms import terms_at
from bridgehead.storage.sealing import Chain, Sealer, from_bytes


@dataclass(slots=True)
class Writing:
    """A commit between its writes: the case is locked and fenced, and everything written before is in its tables."""

    conn: Connection
    claim: Claim
    chain: Chain
    sealer: Sealer
    tokens: dict[str, int] = field(default_factory=dict)
    reviews: list[int] = field(default_factory=list)
    """Reviews that this commit has opened."""


async def _review(writing: Writing, write: ReviewOpen) -> None:
    number = await open_review(
        writing.conn,
        writing.chain,
        writing.sealer,
        writing.claim.deployment,
        write,
        writing.tokens,
        case_id=writing.claim.case_id,
    )
    writing.tokens[write.token] = number
    writing.reviews.append(number)


async def _hand_over(writing: Writing, write: HandOver) -> None:
    await supersede_reviews(writing.conn, writing.chain, writing.claim.case_id, tuple(writing.reviews))
    await writing.conn.execute(
        "update cases set state = 'with_person', worker_id = null, wake = false, wake_at = null,"
        " deadline_at = null, error_class = %s, cause = %s where id = %s",
        (write.error_class, write.cause, writing.claim.case_id),
    )
    await writing.chain.append("case.with_person", {"error_class": write.error_class})


async def supersede_reviews(conn: Connection, chain: Chain, case_id: int, keep: tuple[int, ...]) -> None:
    """Closes the case's open reviews but those in ``keep``: the case has left the agent's hands."""
    rows = await (
        await conn.execute(
            "update reviews set state = 'superseded', decided_at = bridgehead_now()"
            " where case_id = %s and state = 'open' and not (id = any(%s)) and kind not in ('audit', 'seeded')"
            " returning id",
            (case_id, list(keep)),
        )
    ).fetchall()
    for row in rows:
        await chain.append("review.superseded", {"review": row["id"]})


async def open_review(
    conn: Connection,
    chain: Chain,
    sealer: Sealer,
    deployment: str,
    write: ReviewOpen,
    tokens: dict[str, int],
    *,
    case_id: int | None = None,
    arrival_id: int | None = None,
) -> int:
    """Stores a review and its ledger row; returns its id."""
    payload = await sealer.put(dict(write.shown))
    effect = tokens.get(write.effect) if isinstance(write.effect, str) else write.effect
    terms, now = await terms_at(conn, deployment, write.role)
    within_s = write.within_s if write.within_s is not None or terms is None else terms.within_s
    due = None
    if within_s is not None:
        due = now + timedelta(seconds=within_s) if terms is None else terms.due(now, within_s)
    amount, currency = await _stake(conn, sealer, write, case_id)
    row = await (
        await conn.execute(
            "insert into reviews (kind, deployment, role, case_id, arrival_id, effect_id, args_digest, error_class,"
            " key_id, payload, within_s, due_at, escalate_at, valid_for, stake, stake_currency)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, make_interval(secs => %s), %s, %s)"
            " returning id",
            (
                write.kind,
                deployment,
                write.role,
                case_id,
                arrival_id,
                effect,
                write.digest,
                write.error_class,
                sealer.key_id,
                payload,
                within_s,
                due,
                due,
                write.valid_for_s,
                amount,
                currency[:16] or None,
            ),
        )
    ).fetchone()
    number = int(row["id"]) if row is not None else 0
    refs: dict[str, JSON] = {
        "review": number,
        "kind": write.kind,
        "role": write.role,
        "effect": effect,
        "error_class": write.error_class,
        "valid_for_s": write.valid_for_s,
        "data_key": sealer.key_id,
    }
    commitments = {"payload": payload} if write.digest is None else {"payload": payload, "args": write.digest}
    await chain.append("review.opened", refs, commitments)
    return number


async def _stake(
    conn: Connection, sealer: Sealer, write: ReviewOpen, case_id: int | None
) -> tuple[Decimal | None, str]:
    """Returns the sum at stake that the review's page shows: its own, else that of what its case was given."""
    found = stake_of(write.shown)
    if case_id is None or write.shown.get("input") is not None or stake(write.shown.get("args"))[0] is not None:
        return found
    row = await (await conn.execute("select input from cases where id = %s", (case_id,))).fetchone()
    try:
        stored = None if row is None else from_bytes(await sealer.get(bytes(row["input"])))
    except (Unreadable, Unavailable):  # what nobody can open names no money
        return found
    return stake_of(write.shown, stored.get("input")) if isinstance(stored, Mapping) else found


async def write_cost(conn: Connection, chain: Chain, case_id: int, write: CostWrite) -> None:
    """Stores an entry of the case's books and its ledger row."""
    cost = write.cost
    row = await (
        await conn.execute(
            "insert into costs (case_id, kind, name, amount, currency, input_tokens, output_tokens, minutes)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s) returning seq",
            (
                case_id,
                cost.kind,
                cost.name,
                None if cost.money is None else cost.money.amount,
                None if cost.money is None else cost.money.currency,
                cost.input_tokens,
                cost.output_tokens,
                cost.minutes,
            ),
        )
    ).fetchone()
    await chain.append("cost", cost_refs(int(row["seq"]) if row is not None else 0, cost))


def cost_refs(number: int, cost: Cost) -> dict[str, JSON]:
    """Returns what the ledger says of an entry of the books."""
    return {
        "cost": number,
        "kind": cost.kind,
        "name": cost.name,
        "money": None if cost.money is None else str(cost.money),
        "input_tokens": cost.input_tokens,
        "output_tokens": cost.output_tokens,
        "minutes": None if cost.minutes is None else str(cost.minutes),
    }


async def _adopt(writing: Writing, write: Adopt) -> None:
    claim = writing.claim
    # What it did so far stays the doing of the release that it had: an undo asks for that one.
    await writing.conn.execute(
        "update effects set release = %s where case_id = %s and release is null"
        " and state in ('intended', 'unknown', 'committed', 'undone')",
        (claim.release, claim.case_id),
    )
    await writing.conn.execute(
        "update cases set release = %s, level = %s where id = %s", (write.release, write.level, claim.case_id)
    )
    refs: dict[str, JSON] = {
        "from": claim.release.hex(),
        "to": write.release.hex(),
        "level": write.level,
        "level_before": claim.level,
    }
    await writing.chain.append("case.adopted", refs)


async def _check(writing: Writing, write: CheckWrite) -> None:
    claim = writing.claim
    row = await (
        await writing.conn.execute(
            "insert into checks (case_id, deployment, subject, checked_by, attempt, passed, duration_ms, said)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s) returning id",
            (
                claim.case_id,
                claim.deployment,
                write.subject,
                write.checked_by,
                write.attempt,
                write.passed,
                write.duration_ms,
                write.said,
            ),
        )
    ).fetchone()
    refs: dict[str, JSON] = {
        "check": 0 if row is None else row["id"],
        "subject": write.subject,
        "by": write.checked_by,
        "attempt": write.attempt,
        "passed": write.passed,
        **({} if write.said else {"said": False}),
    }
    commitments = {"payload": await writing.sealer.put({"why": write.why})} if write.why else {}
    await writing.chain.append("check", refs, commitments)


async def _worked(writing: Writing, write: Worked) -> None:
    await writing.conn.execute(
        "update cases set worked_s = worked_s + %s where id = %s", (write.seconds, writing.claim.case_id)
    )


DIRECT: Final[Mapping[type, Callable[[Writing, Write], Awaitable[None]]]] = {
    ReviewOpen: _review,  # type: ignore[dict-item]  # each takes the write it stands at
    HandOver: _hand_over,  # type: ignore[dict-item]
    Adopt: _adopt,  # type: ignore[dict-item]
    CheckWrite: _check,  # type: ignore[dict-item]
    Worked: _worked,  # type: ignore[dict-item]
}
"""How each of these is carried out. A write that often stands on the hot path is planned instead (``planning``)."""
