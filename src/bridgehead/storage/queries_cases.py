"""One case as a person needs it: its lines in a list, and everything recorded about it in one snapshot."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from bridgehead.cases.finding import Subject
from bridgehead.costs.summary import coverage
from bridgehead.effects.images import without_image
from bridgehead.errors import UserError
from bridgehead.ids import show
from bridgehead.ledger.chain import Head, Row, check
from bridgehead.ledger.vault import Vault
from bridgehead.ledger.verify import differing
from bridgehead.reviews.model import seen_as
from bridgehead.spec.tool import JSON
from bridgehead.storage.controls import Control, holding, standing_in
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.ledger_tables import LedgerTables
from bridgehead.storage.queries import ALIVE, Opener, Queries, person_of, submitter
from bridgehead.storage.queries_case_view import (
    ArrivalOf,
    ArrivalView,
    CaseLine,
    CaseReview,
    CaseView,
    ChainStatus,
    CostLine,
    DecisionView,
    EffectView,
    Event,
    Rival,
    StepView,
)
from bridgehead.storage.queries_subjects import NOBODY, subjects_in

_LINES = (
    "with living as (select wr.release from worker_releases wr where wr.worker_id in ("
    + ALIVE
    + ")) select c.id, c.deployment, c.release, c.level, c.state, c.outcome, c.error_class, c.revision, c.revises,"
    " c.received_at, c.opened_at, c.closed_at, c.deadline_at, c.wake_at, c.key_id, c.input, c.outcome_blob,"
    " c.business_key, c.lost_segments, c.wake_at <= bridgehead_now() as awake,"
    " c.release in (select release from living) as served,"
    " (select json_agg(json_build_array(r.id, r.role) order by r.id) from reviews r"
    " where r.case_id = c.id and r.state = 'open') as open_reviews,"
    " coalesce((select (select e.id from effects e where e.case_id = c.id"
    " and e.state in ('intended', 'unknown', 'committed', 'undone') limit 1) is null"
    " from reviews r where r.case_id = c.id and r.state = 'rejected' limit 1), false) as rejected,"
    " (select json_build_array(count(*) filter (where e.state = 'undone'),"
    " count(*) filter (where e.state <> 'undone'), count(*) filter (where e.state <> 'undone' and exists"
    " (select from undo_items i where i.effect_id = e.id and i.state in ('planned', 'intended', 'unknown', 'undone'))))"
    " from effects e where e.case_id = c.id and e.state in ('intended', 'unknown', 'committed', 'undone')) as did,"
    " (select json_build_array(g.subject, g.issuer) from grants g where g.case_id = c.id) as acts_for,"
    " (select json_build_array(m.amount::text, m.currency) from case_amounts m where m.case_id = c.id) as about,"
    # How the last segment ended stands last on the chain of a case that waits.
    " (select l.body from ledger l where c.state = 'waiting' and c.wake_at is not null and l.chain = 'C-' || c.id"
    " order by l.seq desc limit 1) as ended from cases c "
)


class CaseQueries:
    """Cases to look at."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def chosen(self, numbers: Sequence[int]) -> Sequence[CaseLine]:
        """Returns these cases in the order in which they are named, without those that are not there."""
        if not numbers:
            return []
        async with self._database.connection() as conn:
            rows = await (await conn.execute(_LINES + "where c.id = any(%s)", (list(numbers),))).fetchall()
            standing = await standing_in(conn)
            called = await subjects_in(conn, self._vault, [row["id"] for row in rows])
        found = {row["id"]: _line(row, standing, called.get(row["id"], NOBODY)) for row in rows}
        return [found[number] for number in numbers if number in found]

    async def waits(self, numbers: Sequence[int]) -> Mapping[str, str]:
        """Returns what each of these cases waits for, in words; a running one, that it runs."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(_LINES + "where c.id = any(%s) order by c.id", (list(numbers),))
            ).fetchall()
            standing = await standing_in(conn)
        return {line.id: line.waits or line.state for line in (_line(row, standing) for row in rows)}

    async def unserved(self, case_id: int) -> str | None:
        """Returns the release of a case that no living worker goes on with; None when one does, or a person has it."""
        async with self._database.connection() as conn:
            row = await (await conn.execute(_LINES + "where c.id = %s", (case_id,))).fetchone()
        line = None if row is None else _line(row, ())
        return None if line is None or line.served or line.state in ("with_person", "done") else line.release

    async def acts_for(self, case_id: int) -> str | None:
        """Returns the user whose authority a case has; None where it has the deployment's own, or there is no case."""
        async with self._database.connection() as conn:
            row = await (
                await conn.execute("select subject, issuer from grants where case_id = %s", (case_id,))
            ).fetchone()
        return None if row is None else person_of(row["subject"], row["issuer"])

    async def input(self, case_id: int) -> JSON:
        """Returns what the agent was given, or None where it cannot be opened or there is no such case."""
        async with self._database.connection() as conn:
            row = await (await conn.execute("select key_id, input from cases where id = %s", (case_id,))).fetchone()
            if row is None:
                return None
            opener = await Opener.load(conn, self._vault, row["key_id"])
            stored = opener.open(await _blob(conn, row["input"]), row["input"])
        return stored.value.get("input") if isinstance(stored.value, dict) else None

    async def rival(self, effect_id: int) -> Rival | None:
        """Returns the effect that holds the key of another one: sent, perhaps sent, or done. None where none does."""
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    "select o.id, o.case_id, o.state, o.payload, o.settled_at, b.sealed, c.key_id from effects e"
                    " join effects o on o.deployment = e.deployment and o.tool = e.tool and o.key = e.key"
                    " and o.occurrence = e.occurrence and o.id <> e.id and o.state in"
                    " ('intended', 'unknown', 'committed') join cases c on c.id = o.case_id"
                    " left join blobs b on b.commitment = o.payload where e.id = %s limit 1",
                    (effect_id,),
                )
            ).fetchone()
            if row is None:
                return None
            opener = await Opener.load(conn, self._vault, row["key_id"])
            args = opener.open(row["sealed"], row["payload"])
        return Rival(
            effect=show("E", row["id"]),
            case=show("C", row["case_id"]),
            state=row["state"],
            args=args.value,
            settled_at=row["settled_at"],
        )

    async def case(self, case_id: int) -> CaseView:
        """Returns one case whole, in one snapshot; raises UserError for an unknown one."""
        async with self._database.transaction() as conn:
            await conn.execute("set transaction isolation level repeatable read, read only")
            row = await (await conn.execute(_LINES + "where c.id = %s", (case_id,))).fetchone()
            if row is None:
                raise UserError(
                    f"there is no case {show('C', case_id)}",
                    code="case.unknown",
                    hint="'bridgehead cases' lists them.",
                )
            opener = await Opener.load(conn, self._vault, row["key_id"])
            stored = opener.open(await _blob(conn, row["input"]), row["input"])
            outcome = opener.open(await _blob(conn, row["outcome_blob"]), row["outcome_blob"])
            plain = stored.value if isinstance(stored.value, dict) else {}
            text = plain.get("text")
            rows, head = await _chain(conn, show("C", case_id))
            costs = await _costs(conn, case_id)
            models = [cost for cost in costs if cost.kind == "model"]
            return CaseView(
                case=_line(row, await standing_in(conn), Subject.of(plain)),
                input=plain.get("input"),
                text=text if isinstance(text, str) else None,
                outcome=outcome.value,
                unreadable=stored.unreadable or outcome.unreadable,
                arrivals=await _arrivals(conn, case_id),
                steps=await _steps(conn, opener, case_id),
                decisions=await _decisions(conn, opener, case_id),
                effects=await _effects(conn, opener, case_id),
                reviews=await _reviews(conn, opener, case_id),
                costs=costs,
                revisions=await _revisions(conn, row),
                chain=await _status(conn, self._vault, show("C", case_id), rows, head),
                events=tuple(event for event in map(_event, rows) if event is not None),
                price_coverage=coverage(sum(cost.amount is not None for cost in models), len(models)),
            )

    async def arrival(self, arrival_id: int) -> ArrivalView:
        """Returns one arrival with its reviews and its chain; raises UserError for an unknown one."""
        line = await Queries(self._database, self._vault).arrival(arrival_id)
        async with self._database.transaction() as conn:
            await conn.execute("set transaction isolation level repeatable read, read only")
            row = await (await conn.execute("select key_id from arrivals where id = %s", (arrival_id,))).fetchone()
            opener = await Opener.load(conn, self._vault, 0 if row is None else row["key_id"])
            rows, head = await _chain(conn, line.id)
            return ArrivalView(
                arrival=line,
                reviews=await _reviews(conn, opener, arrival_id, of="arrival_id"),
                chain=await _status(conn, self._vault, line.id, rows, head),
                events=tuple(event for event in map(_event, rows) if event is not None),
            )


def _line(row: Mapping[str, Any], standing: Sequence[Control], subject: Subject = NOBODY) -> CaseLine:
    release = bytes(row["release"]).hex()
    undone, there, undoing = row["did"]
    return CaseLine(
        id=show("C", row["id"]),
        deployment=row["deployment"],
        release=release,
        level=row["level"],
        state=row["state"],
        outcome=row["outcome"],
        error_class=row["error_class"],
        revision=row["revision"],
        revises=None if row["revises"] is None else show("C", row["revises"]),
        received_at=row["received_at"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        deadline_at=row["deadline_at"],
        waits=_waits(row, release, standing),
        served=row["served"],
        rejected=row["rejected"],
        acts_for=None if row["acts_for"] is None else person_of(*row["acts_for"]),
        amount=None if row["about"] is None else row["about"][0],
        currency=None if row["about"] is None else row["about"][1] or None,
        customer=subject.customer or None,
        number=subject.number or None,
        undone=undone,
        standing=there,
        undoing=undoing,
    )


def _waits(row: Mapping[str, Any], release: str, standing: Sequence[Control]) -> str | None:
    """Returns what a case waits for; what operators stopped comes first, then a worker that is missing."""
    reviews = ", ".join(f"{show('R', number)} ({role})" for number, role in row["open_reviews"] or ())
    state = row["state"]
    if state == "done":
        return None
    if state == "with_person":
        return reviews or "a person"
    held = holding(standing, row["deployment"], release, _paused_tool(row["ended"])) if state != "running" else None
    if held is not None:
        return f"{reviews}, and {held}" if reviews else held
    ready = state in ("due", "running") or (state == "waiting" and row["wake_at"] is not None)
    if ready and not row["served"]:
        return f"a worker that serves release {release[:12]}"
    if reviews:
        return reviews
    if state == "waiting" and row["wake_at"] is not None:
        return f"until {row['wake_at']:%Y-%m-%d %H:%M:%S}" if not row["awake"] else "a worker"
    return None if state == "running" else "a worker" if state == "due" else "a decision"


def _paused_tool(ended: bytes | None) -> str | None:
    """Returns the paused tool that a case waits at, as the last row of its chain has it."""
    refs = None if ended is None else json.loads(bytes(ended)).get("refs")
    tool = refs.get("paused_tool") if isinstance(refs, dict) else None
    return tool if isinstance(tool, str) else None


async def _blob(conn: Connection, commitment: bytes | None) -> bytes | None:
    if commitment is None:
        return None
    row = await (await conn.execute("select sealed from blobs where commitment = %s", (commitment,))).fetchone()
    return None if row is None else row["sealed"]


async def _arrivals(conn: Connection, case_id: int) -> tuple[ArrivalOf, ...]:
    rows = await (
        await conn.execute(
            "select a.id, ac.relation, a.source, a.name, a.size_bytes, a.received_at, m.principal from arrival_cases"
            " ac join arrivals a on a.id = ac.arrival_id left join mandates m on m.deployment = a.deployment"
            " and m.source_key = a.source_key where ac.case_id = %s order by a.id",
            (case_id,),
        )
    ).fetchall()
    return tuple(
        ArrivalOf(
            show("A", row["id"]),
            row["relation"],
            row["source"],
            row["name"],
            row["size_bytes"],
            row["received_at"],
            submitter(row["principal"]),
        )
        for row in rows
    )


async def _steps(conn: Connection, opener: Opener, case_id: int) -> tuple[StepView, ...]:
    rows = await (
        await conn.execute(
            "select s.*, b.sealed from steps s left join blobs b on b.commitment = s.payload where s.case_id = %s"
            " order by s.seq",
            (case_id,),
        )
    ).fetchall()
    found = []
    for row in rows:
        opened = opener.open(row["sealed"], row["payload"])
        payload = opened.value if isinstance(opened.value, dict) else {}
        effect = payload.get("effect")
        found.append(
            StepView(
                seq=row["seq"],
                kind=row["kind"],
                name=row["name"],
                branch=row["branch"],
                ok=row["ok"],
                started_at=row["started_at"],
                duration_ms=round(row["duration_ms"], 3),
                args=payload.get("args"),
                result=payload.get("reply") if row["kind"] == "model" else payload.get("result"),
                error=payload.get("error"),
                effect=show("E", effect) if isinstance(effect, int) else None,
                input_tokens=_whole(payload.get("input_tokens")),
                output_tokens=_whole(payload.get("output_tokens")),
                unreadable=opened.unreadable,
                sources=payload.get("sources"),
                tries=payload.get("tries"),
                digest=bytes(row["args_digest"]).hex(),
                read_again=("changed" if payload.get("changed") else "unchanged")
                if payload.get("read_again")
                else None,
            )
        )
    return tuple(found)


async def _decisions(conn: Connection, opener: Opener, case_id: int) -> tuple[DecisionView, ...]:
    rows = await (
        await conn.execute(
            "select d.*, b.sealed from decisions d left join blobs b on b.commitment = d.detail where d.case_id = %s"
            " order by d.id",
            (case_id,),
        )
    ).fetchall()
    found = []
    for row in rows:
        opened = opener.open(row["sealed"], row["detail"])
        detail = opened.value if isinstance(opened.value, dict) else {}
        role = detail.get("role")
        found.append(
            DecisionView(
                id=row["id"],
                tool=row["tool"],
                verdict=row["verdict"],
                at=row["at"],
                reasons=detail.get("reasons"),
                role=role if isinstance(role, str) else None,
                policy_digest=bytes(row["policy_digest"]).hex(),
                unreadable=opened.unreadable,
                number=show("D", row["id"]),
                digest=bytes(row["args_digest"]).hex(),
                view=detail.get("view"),
            )
        )
    return tuple(found)


async def _effects(conn: Connection, opener: Opener, case_id: int) -> tuple[EffectView, ...]:
    rows = await (
        await conn.execute(
            "select e.*, a.sealed as sealed_args, r.sealed as sealed_result from effects e"
            " left join blobs a on a.commitment = e.payload left join blobs r on r.commitment = e.result"
            " where e.case_id = %s order by e.id",
            (case_id,),
        )
    ).fetchall()
    found = []
    for row in rows:
        args = opener.open(row["sealed_args"], row["payload"])
        result = opener.open(row["sealed_result"], row["result"])
        found.append(
            EffectView(
                id=show("E", row["id"]),
                tool=row["tool"],
                state=row["state"],
                level=row["level"],
                attempt=row["attempt"],
                args=args.value,
                result=without_image(result.value),
                decision=row["decision_id"],
                superseded_by=None if row["superseded_by"] is None else show("E", row["superseded_by"]),
                proposed_at=row["proposed_at"],
                settled_at=row["settled_at"],
                unreadable=args.unreadable or result.unreadable,
                digest=bytes(row["args_digest"]).hex(),
            )
        )
    return tuple(found)


async def _reviews(
    conn: Connection, opener: Opener, number: int, *, of: Literal["case_id", "arrival_id"] = "case_id"
) -> tuple[CaseReview, ...]:
    rows = await (
        await conn.execute(
            b"select r.*, p.sealed as sealed_payload, a.sealed as sealed_answer, d.then_role, d.hours from reviews r"
            b" left join deployment_roles d on d.deployment = r.deployment and d.role = r.role"
            b" left join blobs p on p.commitment = r.payload left join blobs a on a.commitment = r.answer"
            + f" where r.{of} = %s order by r.id".encode(),
            (number,),
        )
    ).fetchall()
    found = []
    for row in rows:
        shown = opener.open(row["sealed_payload"], row["payload"])
        answer = opener.open(row["sealed_answer"], row["answer"])
        found.append(
            CaseReview(
                id=show("R", row["id"]),
                kind=seen_as(row["kind"], row["state"]),
                role=row["role"],
                state=row["state"],
                error_class=row["error_class"],
                effect=None if row["effect_id"] is None else show("E", row["effect_id"]),
                shown=shown.value,
                digest=None if row["args_digest"] is None else bytes(row["args_digest"]).hex(),
                answer=answer.value,
                opened_at=row["opened_at"],
                decided_at=row["decided_at"],
                decided_by=row["decided_by"],
                minutes=None if row["minutes"] is None else float(row["minutes"]),
                used=row["used_at"] is not None,
                unreadable=shown.unreadable or answer.unreadable,
                due_at=row["escalate_at"],
                then=row["then_role"],
                within_s=row["within_s"],
                hours=row["hours"],
            )
        )
    return tuple(found)


async def _costs(conn: Connection, case_id: int) -> tuple[CostLine, ...]:
    rows = await (await conn.execute("select * from costs where case_id = %s order by seq", (case_id,))).fetchall()
    return tuple(
        CostLine(
            kind=row["kind"],
            name=row["name"],
            amount=None if row["amount"] is None else str(row["amount"]),
            currency=row["currency"],
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
            minutes=None if row["minutes"] is None else float(row["minutes"]),
            at=row["at"],
        )
        for row in rows
    )


async def _revisions(conn: Connection, row: Mapping[str, Any]) -> tuple[str, ...]:
    rows = await (
        await conn.execute(
            "select id from cases where deployment = %s and business_key = %s and id <> %s order by revision",
            (row["deployment"], row["business_key"], row["id"]),
        )
    ).fetchall()
    return tuple(show("C", other["id"]) for other in rows)


async def _chain(conn: Connection, name: str) -> tuple[list[Row], Head | None]:
    rows = await (
        await conn.execute("select seq, body, hash from ledger where chain = %s order by seq", (name,))
    ).fetchall()
    head = await (await conn.execute("select seq, head from chains where chain = %s", (name,))).fetchone()
    return (
        [Row(name, row["seq"], bytes(row["body"]), bytes(row["hash"])) for row in rows],
        None if head is None else Head(head["seq"], bytes(head["head"])),
    )


async def _status(conn: Connection, vault: Vault, name: str, rows: Sequence[Row], head: Head | None) -> ChainStatus:
    breaks = list(check(rows, None, {} if head is None else {name: head}))
    if not rows and not breaks:
        return ChainStatus(0, whole=False, broken="there are no ledger rows", differences=())
    if breaks:
        broken = f"row {breaks[0].seq}: {breaks[0].kind}, {breaks[0].detail}"
        return ChainStatus(len(rows), whole=False, broken=broken, differences=())
    tables = LedgerTables(cast("AsyncConnection[TupleRow]", conn), vault)
    differences = [each async for each in differing({name: [row.body for row in rows]}, tables)]
    return ChainStatus(len(rows), whole=True, broken=None, differences=tuple(differences))


def _event(row: Row) -> Event | None:
    """Returns what a row says, or None for a body that is no ledger row; the chain's status names such a row."""
    try:
        body = json.loads(row.body)
        return Event(row.seq, str(body["at"]), str(body["kind"]), str(body["actor"]), dict(body["refs"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _whole(value: JSON) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
