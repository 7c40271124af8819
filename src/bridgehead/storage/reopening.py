"""A case that left the agent's hands is opened again as another case: the first stays closed to the agent for good.

Only a case of which nothing stands in a target system, or may stand there, is opened again. The new one is a further
revision of the same business with the same input, at the level that is set by then, with a whole deadline of its own;
it revises what the first revised, so that nothing is done a second time that an earlier case did. What a later case has
overtaken is not opened again. What happens to hold an effect's key elsewhere is a conflict there, as for every case.
A case that acted for a local user acts for them again, with a grant of its own, made from what they may have done now.
Whoever has shown who they are can also have something done again that came before, under their own grant.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bridgehead.engine.ports import Dispatch
from bridgehead.errors import UserError
from bridgehead.gate.grants import Granting
from bridgehead.ids import CaseId, show
from bridgehead.ledger.vault import Vault
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.grants import grant_again, sign_grant
from bridgehead.storage.sealing import Chain, Sealer, load_key, new_key

# The lock of everybody who opens a case under this key (opening.lock_name).
_LOCK: Final = (
    "select pg_advisory_xact_lock(hashtextextended(deployment || ':' || encode(business_key, 'hex'), 0))"
    " from cases where id = %s"
)
_CASE: Final = (
    "select c.state, c.deployment, c.release, c.business_key, c.content, c.key_id, c.input, c.received_at, c.revises,"
    " coalesce((select l.level from levels l where l.deployment = c.deployment), c.level) as level,"
    " (select max(o.revision) from cases o where o.deployment = c.deployment and o.business_key = c.business_key)"
    "   as newest,"
    " (select min(o.id) from cases o where o.deployment = c.deployment and o.business_key = c.business_key"
    "   and o.revision > c.revision) as overtaken,"
    " (select r.revoked_by from revocations r where r.case_id = c.id) as revoked_by,"
    " (select array_agg(e.id order by e.id) from effects e where e.case_id = c.id"
    "   and e.state in ('intended', 'unknown', 'committed', 'held')) as standing,"
    " (select l.body from ledger l where l.chain = 'C-' || c.id order by l.seq limit 1) as opened,"
    " (select min(a.arrival_id) from arrival_cases a where a.case_id = c.id and a.relation <> 'resend') as arrival"
    " from cases c where c.id = %s"
)
# All cases of one business, oldest first, with what of each stands and who has it.
_KNOWN: Final = (
    "select c.id, c.state, c.content = %(content)s as same, c.revises,"
    " (select g.subject from grants g join revocations r on r.case_id = g.case_id where g.case_id = c.id) as revoked,"
    " (select min(r.id) from reviews r where r.case_id = c.id and r.state = 'open') as review,"
    " (select min(e.id) from effects e where e.case_id = c.id"
    "   and e.state in ('intended', 'unknown', 'committed', 'held')) as standing"
    " from cases c where c.deployment = %(deployment)s and c.business_key = %(key)s order by c.revision"
)
_ASKED: Final = (
    "select m.principal from arrivals a join mandates m on m.deployment = a.deployment"
    " and m.source_key = a.source_key where a.id = %s"
)
_CAME_TO: Final = (
    "select substr(chain, 3)::bigint as arrival, body from ledger where chain = any(%s::text[]) order by chain, seq"
)
_FOUND_BY: Final = (
    b"insert into case_terms (term, case_id) select term, %(new)s from case_terms where case_id = %(old)s",
    (
        b"insert into case_amounts (case_id, amount, currency) select %(new)s, amount, currency from case_amounts"
        b" where case_id = %(old)s"
    ),
)


@dataclass(frozen=True, slots=True)
class CameTo:
    """What an arrival came to, one case at a time: ``relation`` is ``opened``, ``resend`` or ``revision``.

    ``again`` is the earlier case that was done again, ``refused`` why the case it names was not.
    """

    arrival: int
    case: int
    relation: str
    again: int | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """The earlier case that somebody wants to have done again; ``refused`` says why it is not."""

    case_id: CaseId
    by: str
    why: str
    revises: int | None
    refused: str = ""


async def lock_business(conn: Connection, case_id: int) -> None:
    """Waits for whoever opens a case of the same business. It is taken before the row of any case of it."""
    await conn.execute(_LOCK, (case_id,))


async def asked_again(conn: Connection, arrival_id: int, deployment: str, key: bytes, content: bytes) -> Again | None:
    """Returns what an arrival wants to have done again, None where it does not ask for that.

    The caller holds the lock of the business key, and knows that a case of this content is there.
    """
    row = await (await conn.execute(_ASKED, (arrival_id,))).fetchone()
    asked = {} if row is None else json.loads(row["principal"])
    why = asked.get("again")
    if not isinstance(why, str):
        return None
    by = str(asked["subject"])
    known = await (await conn.execute(_KNOWN, {"deployment": deployment, "key": key, "content": content})).fetchall()
    same = [one for one in known if one["same"]]
    newest = same[-1]
    number, refused = show("C", newest["id"]), ""
    if (standing := next((one for one in same if one["standing"] is not None), None)) is not None:
        effect, of = show("E", standing["standing"]), show("C", standing["id"])
        refused = f"{effect} of {of} happened, or may have, and would be done twice. See 'bridgehead explain {of}'"
    elif newest["state"] == "with_person":
        review = "its review" if newest["review"] is None else show("R", newest["review"])
        refused = (
            f'{number} is with a person. Close it first: bridgehead review {review} answer "why";'
            " with --again there it is done again at once"
        )
    elif newest["state"] != "done":
        refused = f"{number} is still under way. See 'bridgehead explain {number}'"
    elif known[-1]["id"] != newest["id"]:
        later = show("C", known[-1]["id"])
        refused = f"{later} came after {number}, about the same business, and its words count"
    elif newest["revoked"] == by:
        refused = f"the grant that {number} had of {by} was revoked. Somebody else who may have it done submits it"
    return Again(CaseId(newest["id"]), by, why, newest["revises"], refused)


async def came_to(database: Database, arrivals: Sequence[int]) -> list[CameTo]:
    """Returns what arrivals that were read came to, as the ledger has it."""
    async with database.connection() as conn:
        rows = await (await conn.execute(_CAME_TO, ([show("A", one) for one in arrivals],))).fetchall()
    found = []
    for row in rows:
        body = json.loads(bytes(row["body"]))
        if body["kind"] == "arrival.case":
            refs = body["refs"]
            found.append(
                CameTo(row["arrival"], refs["case"], refs["relation"], refs.get("again"), refs.get("not_again", ""))
            )
    return found


async def open_again(
    conn: Connection, dispatch: Dispatch, vault: Vault, case_id: int, by: str, granting: Granting | None = None
) -> CaseId:
    """Opens a case of the same input beside one that is with a person and is closed in the same transaction.

    The caller has locked the business and the row of the first, and closes it. ``granting`` makes the grant where the
    first acted for a user. Raises UserError where it is closed already, where an effect of it stands or may stand,
    where a later case of its business came in, where its grant was revoked, where the user that it acted for may not
    act, has no right by now or is known to an issuer alone, and where the record does not say how long it had.
    """
    number = show("C", case_id)
    row = await (await conn.execute(_CASE, (case_id,))).fetchone()
    if row is None:  # pragma: no cover - its review names it
        raise UserError(f"there is no case {number}", code="case.unknown", hint="'bridgehead cases' lists them.")
    if row["state"] != "with_person":
        raise UserError(
            f"{number} is {row['state']}: there is nothing to give back",
            code="review.again",
            hint=f"'bridgehead explain {number}' says what became of it.",
        )
    if row["standing"]:
        told = ", ".join(show("E", one) for one in row["standing"])
        raise UserError(
            f"{number} is not opened again: {told} happened, or may have",
            code="review.again",
            hint=f"The agent would do it anew. Finish it by hand, or take it back: bridgehead undo --case {number}",
        )
    if row["overtaken"] is not None:
        later = show("C", row["overtaken"])
        raise UserError(
            f"{number} is not opened again: {later} came after it, about the same business",
            code="review.again",
            hint=f"Its older words would be acted on after the newer ones. See 'bridgehead explain {later}'.",
        )
    if row["revoked_by"] is not None:
        raise UserError(
            f"{number} is not opened again: {row['revoked_by']} revoked its grant",
            code="review.again",
            hint="Close it without --again; then somebody else who may have it done submits it with --again."
            " Or finish it by hand.",
        )
    opened = json.loads(bytes(row["opened"]))["refs"] if row["opened"] is not None else {}
    deadline_s = opened.get("deadline_s")
    if not isinstance(deadline_s, int | float) or row["arrival"] is None:
        raise UserError(
            f"{number} is not opened again: it is too old",
            code="review.again",
            hint="Submit a corrected document, or finish it by hand.",
        )
    granted = await grant_again(conn, case_id, row["deployment"], bytes(row["release"]).hex(), granting)
    stored = await Sealer(conn, row["key_id"], await load_key(conn, vault, row["key_id"])).get(bytes(row["input"]))
    key_id, key = await new_key(conn, vault)
    reference = await Sealer(conn, key_id, key).put(stored)
    made = await (
        await conn.execute(
            "insert into cases (deployment, release, level, business_key, content, revision, revises, key_id, input,"
            " state, deadline_at, received_at, hinted_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'due',"
            " bridgehead_now() + make_interval(secs => %s), %s, clock_timestamp()) returning id",
            (
                row["deployment"],
                row["release"],
                row["level"],
                row["business_key"],
                row["content"],
                row["newest"] + 1,
                row["revises"],
                key_id,
                reference,
                deadline_s,
                row["received_at"],
            ),
        )
    ).fetchone()
    again = CaseId(0 if made is None else made["id"])
    await conn.execute(
        "insert into arrival_cases (arrival_id, case_id, relation) values (%s, %s, 'opened')", (row["arrival"], again)
    )
    for query in _FOUND_BY:
        await conn.execute(query, {"old": case_id, "new": again})
    arrival = await Chain.lock(conn, show("A", row["arrival"]), actor=f"person:{by}")
    await arrival.append("arrival.case", {"case": again, "relation": "opened"})
    await arrival.close()
    chain = await Chain.lock(conn, show("C", again), actor=f"person:{by}", create=True)
    await chain.append(
        "case.opened",
        {
            "case": again,
            "arrival": row["arrival"],
            "deployment": row["deployment"],
            "release": bytes(row["release"]).hex(),
            "level": row["level"],
            "revision": row["newest"] + 1,
            "revises": row["revises"],
            "data_key": key_id,
            "deadline_s": deadline_s,
            "again": case_id,
        },
        {"input": reference, "key": bytes(row["business_key"]), "content": bytes(row["content"])},
    )
    if granted is not None:
        await sign_grant(conn, vault, chain, again, granted)
    await chain.close()
    await dispatch.hint(conn, "case", [again], fresh=True)
    return again
