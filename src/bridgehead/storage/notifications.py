"""The outbox of what people are told: filled with the work itself, emptied at least once, and never forgotten.

Times at which something is due are ``bridgehead_now()``; who has a message before them is by ``clock_timestamp()``.
Lock order: the chain, then the review, then its notice, then its messages.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from bridgehead.errors import ErrorClass, Refused, UserError
from bridgehead.gate.model import View
from bridgehead.ids import ReviewId, random_hex, show
from bridgehead.ledger.vault import Unreadable, Vault
from bridgehead.reviews.model import Review
from bridgehead.reviews.people import Decider
from bridgehead.reviews.ports import About, Delivery, Event, Notice, NoticeState
from bridgehead.spec.notify import ChannelKind
from bridgehead.spec.tool import JSON
from bridgehead.storage.cases import review_of
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.reviews_people import entitled
from bridgehead.storage.reviews_terms import terms_at
from bridgehead.storage.sealing import Chain, from_bytes, load_key

_DEDUPE_BYTES: Final = 16

_DUE: Final = """
select n.id, n.review_id, n.deployment, n.event, n.role, n.state, n.place, r.state = 'open' as open,
  r.role as current_role, coalesce(r.claim_until > bridgehead_now(), false) as claimed,
  (select count(*) from notifications m where m.notice_id = n.id and m.state = 'sent') as sent
from notices n join reviews r on r.id = n.review_id
where n.due_at <= bridgehead_now() and n.deployment = any(%(deployments)s) order by n.due_at, n.id limit %(limit)s
"""
_INSERT: Final = """
insert into notifications (notice_id, review_id, deployment, place, channel, kind, person, dedupe, reference)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (notice_id, place, channel, person, reference)
do update set state = 'due', due_at = bridgehead_now(), attempts = 0, first_at = null, settled_at = null,
  held_until = null where notifications.state = 'failed'
"""
_CLAIM: Final = """
with taken as materialized (
  select id from notifications where state = 'due' and deployment = %(deployment)s and channel = %(channel)s
    and due_at <= bridgehead_now() and (held_until is null or held_until < clock_timestamp())
  order by due_at, id limit %(limit)s for update skip locked)
update notifications m set held_until = clock_timestamp() + make_interval(secs => %(hold)s),
  first_at = coalesce(m.first_at, bridgehead_now())
from taken, notices n where m.id = taken.id and n.id = m.notice_id
returning m.*, n.event, bridgehead_now() as now
"""
_READ: Final = """
select r.*, p.sealed as sealed_payload, k.wrapped,
  (select d.detail from decisions d join reviews o on o.id = coalesce(r.looks_at, r.id)
   where d.case_id = o.case_id and d.args_digest = o.args_digest order by d.id desc limit 1) as detail
from reviews r join blobs p on p.commitment = r.payload join data_keys k on k.id = r.key_id where r.id = %s
"""
_TOLD: Final = """
select distinct on (channel, person, reference) place, channel, kind, person, reference
from notifications where review_id = %s and state = 'sent' and kind = any(%s)
"""
_SETTLE: Final = b"""
update notices n set due_at = bridgehead_now() where n.id = any(%(ids)s) and n.state = 'telling' and (
  exists (select from notifications m where m.notice_id = n.id and m.state = 'sent')
  or not exists (select from notifications m where m.notice_id = n.id and m.state = 'due'))
"""
_LIST: Final = """
select m.*, n.event, n.state as notice_state, n.role, r.state as review_state, r.no_channel_at,
  case when m.state = 'due' then m.due_at end as next_at
from notifications m join notices n on n.id = m.notice_id join reviews r on r.id = m.review_id
where (%(deployment)s::text is null or m.deployment = %(deployment)s)
  and (%(review)s::bigint is null or m.review_id = %(review)s)
  and (%(state)s::text is null or m.state = %(state)s)
  and (%(after)s::bigint is null or m.id < %(after)s)
order by m.id desc limit %(limit)s
"""
_UNTOLD: Final = """
select distinct on (n.review_id) n.review_id, n.deployment, n.role, n.due_at, r.no_channel_at
from notices n join reviews r on r.id = n.review_id
where n.state in ('telling', 'no_channel') and r.state = 'open' and r.no_channel_at is not null
  and (%(deployment)s::text is null or n.deployment = %(deployment)s)
  and (%(review)s::bigint is null or n.review_id = %(review)s)
order by n.review_id desc, n.state = 'no_channel' desc, n.id desc limit %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """One message as people read it. ``next_at``: when it is tried, None once it has come to its end."""

    id: int
    review_id: int
    deployment: str
    role: str
    event: Event
    channel: str
    kind: ChannelKind
    person: str
    state: str
    attempts: int
    error_class: str | None
    why: str
    next_at: datetime | None
    settled_at: datetime | None
    review_state: str
    dedupe: str


@dataclass(frozen=True, slots=True)
class Untold:
    """A review that nobody could be told of, since when, and when it is tried again."""

    review_id: int
    deployment: str
    role: str
    since: datetime | None
    again_at: datetime | None


class Notifications:
    """The outbox, on PostgreSQL."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def forget(self, deployments: Sequence[str]) -> None:
        """Removes what is to be told of deployments that tell nobody."""
        async with self._database.connection() as conn:
            await conn.execute(
                "delete from notices where due_at is not null and state = 'new' and deployment = any(%s)",
                (list(deployments),),
            )

    async def silence(self, deployments: Sequence[str]) -> None:
        """Ends what deployments that tell nobody any more have told before."""
        async with self._database.transaction() as conn:
            await conn.execute(
                "update notifications set state = 'dropped', settled_at = bridgehead_now(), why = 'nobody is told"
                " any more' where state = 'due' and deployment = any(%s)",
                (list(deployments),),
            )
            await conn.execute(
                "with ended as (update notices set state = 'closed', due_at = null"
                " where state in ('telling', 'no_channel') and deployment = any(%s) returning review_id)"
                " update reviews set no_channel_at = null where no_channel_at is not null"
                " and id in (select review_id from ended)",
                (list(deployments),),
            )

    async def abandon(self, deployment: str, channels: Sequence[str]) -> None:
        """Gives up what is due by a channel that a deployment has no more; its notices go on with the next one."""
        async with self._database.transaction() as conn:
            rows = await (
                await conn.execute(
                    "update notifications set state = 'failed', settled_at = bridgehead_now(), error_class ="
                    " 'not_found', why = 'the channel is declared no more' where state = 'due' and deployment = %s"
                    " and not (channel = any(%s)) returning notice_id",
                    (deployment, list(channels)),
                )
            ).fetchall()
            ids = sorted({row["notice_id"] for row in rows})
            if ids:  # the places of the file as it was count no more: the first channel of the new one comes next
                await conn.execute("update notices set place = -1 where id = any(%s) and state = 'telling'", (ids,))
                await conn.execute(_SETTLE, {"ids": ids})

    async def due(self, deployments: Sequence[str], *, limit: int) -> Sequence[Notice]:
        """Returns notices whose next step is to be taken, oldest first."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(_DUE.encode(), {"deployments": list(deployments), "limit": limit})
            ).fetchall()
        return [_notice(row) for row in rows]

    async def reachable(self, notice: Notice, people: Collection[str]) -> Sequence[str]:
        """Returns those who may decide the review at this moment, by the rule that a decision is held to."""
        found: list[str] = []
        async with self._database.transaction() as conn:
            for name in people:
                decider = await _decider(conn, name)
                try:
                    await entitled(conn, decider, notice.deployment, notice.role, show("R", notice.review_id))
                except Refused:
                    continue
                found.append(name)
        return found

    async def spread(self, notice: Notice, place: int, channel: str, kind: ChannelKind, people: Sequence[str]) -> None:
        """Writes the messages of a notice by one channel; a notice that somebody else has moved is left alone."""
        async with self._database.transaction() as conn:
            if await self._step(conn, notice, "telling", place) is None:
                return
            for person in people:
                await self._message(conn, notice, place, channel, kind, person)

    async def spread_decided(self, notice: Notice, kinds: Collection[ChannelKind]) -> None:
        """Drops what is due of a decided review, and tells the channels of these kinds that were told of it."""
        async with self._database.transaction() as conn:
            if await self._step(conn, notice, "closed", notice.place) is None:
                return
            # What is under way is left to its sender, and followed up once that one writes that it was taken.
            await conn.execute(
                "update notifications set state = 'dropped', settled_at = bridgehead_now(),"
                " why = 'the review was decided' where review_id = %s and state = 'due' and notice_id <> %s"
                " and (held_until is null or held_until < clock_timestamp())",
                (notice.review_id, notice.id),
            )
            rows = await (await conn.execute(_TOLD.encode(), (notice.review_id, list(kinds)))).fetchall()
            for row in rows:
                await self._message(conn, notice, 0, row["channel"], row["kind"], row["person"], row["reference"])
            await conn.execute("update reviews set no_channel_at = null where id = %s", (notice.review_id,))

    async def told(self, notice: Notice) -> None:
        """Ends a notice: somebody was told, and the review has a channel again."""
        async with self._database.transaction() as conn:
            if await self._step(conn, notice, "told", notice.place) is not None:
                await conn.execute(
                    "update reviews set no_channel_at = null where id = %s and no_channel_at is not null",
                    (notice.review_id,),
                )

    async def close(self, notice: Notice) -> None:
        """Ends a notice: the review waits for nobody any more."""
        async with self._database.transaction() as conn:
            await self._step(conn, notice, "closed", notice.place)

    async def hand_on(self, notice: Notice, role: str, why: str) -> None:
        """Escalates a review whose role cannot be told to another role; that is a notice of its own.

        A review that was decided meanwhile, or is for another role already, is left as it is.
        """
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, await _chain(conn, notice.review_id), actor="sweep")
            found = await (
                await conn.execute(
                    "select within_s from reviews where id = %s and state = 'open' and role = %s for update",
                    (notice.review_id, notice.role),
                )
            ).fetchone()
            if await self._step(conn, notice, "closed", notice.place) is None or found is None:
                return
            terms, now = await terms_at(conn, notice.deployment, role)
            within_s = found["within_s"] if terms is None or terms.within_s is None else terms.within_s
            due = None if within_s is None or terms is None else terms.due(now, within_s)
            await conn.execute(
                "update reviews set role = %s, due_at = coalesce(%s, due_at), escalate_at = coalesce(%s, escalate_at)"
                " where id = %s",
                (role, due, due, notice.review_id),
            )
            refs: dict[str, JSON] = {"review": notice.review_id, "from": notice.role, "to": role, "why": why}
            await chain.append("review.escalated", refs)
            await chain.close()

    async def no_channel(self, notice: Notice, why: str, *, again_s: float) -> None:
        """Says on the review and on the record that nobody can be told of it; it is tried again after ``again_s``."""
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, await _chain(conn, notice.review_id), actor="sweep")
            row = await (
                await conn.execute(
                    "update reviews set no_channel_at = bridgehead_now() where id = %s and state = 'open'"
                    " and no_channel_at is null returning id",
                    (notice.review_id,),
                )
            ).fetchone()
            if await self._step(conn, notice, "no_channel", 0, again_s=again_s) is not None and row is not None:
                await chain.append("review.no_channel", {"review": notice.review_id, "role": notice.role, "why": why})
                await chain.close()

    async def claim(self, deployment: str, channel: str, *, limit: int, hold_s: float) -> Sequence[Delivery]:
        """Takes due messages of a channel; nobody else has them for ``hold_s``."""
        values = {"deployment": deployment, "channel": channel, "limit": limit, "hold": hold_s}
        async with self._database.transaction() as conn:
            rows = await (await conn.execute(_CLAIM.encode(), values)).fetchall()
        return [_delivery(row) for row in rows]

    async def read(self, delivery: Delivery) -> About | None:
        """Returns what a message is about; None where its data was erased, or is of another key."""
        async with self._database.connection() as conn:
            row = await (await conn.execute(_READ.encode(), (delivery.review_id,))).fetchone()
            if row is None:
                return None
            try:
                key = self._vault.unwrap(row["wrapped"])
                shown = from_bytes(key.open(bytes(row["sealed_payload"]), bytes(row["payload"])))
                view = await self._view(conn, row)
            except Unreadable:
                return None
        review = review_of(row, shown=cast("Mapping[str, JSON]", shown), answer=None)
        if view is None:
            return About(review, None, frozenset())
        return About(review, view.read.confidentiality, view.read.regions)

    async def link(self, delivery: Delivery, review: Review, code_digest: bytes, *, lives_s: float) -> None:
        """Writes a link that decides the review once, for the person of a message."""
        async with self._database.connection() as conn:
            await conn.execute(
                "insert into review_links (code, notification_id, review_id, person, args_digest, expires_at)"
                " values (%s, %s, %s, %s, %s, bridgehead_now() + make_interval(secs => %s))",
                (code_digest, delivery.id, delivery.review_id, delivery.person, review.args_digest, lives_s),
            )

    async def sent(self, delivery: Delivery, reference: str) -> None:
        """Writes that a message was taken by its channel. One of a review decided meanwhile is followed up at once."""
        async with self._database.transaction() as conn:
            await conn.execute(
                "update notifications set state = 'sent', attempts = attempts + 1, held_until = null, reference = %s,"
                " settled_at = bridgehead_now(), error_class = null, why = '' where id = %s and state <> 'sent'",
                (reference, delivery.id),
            )
            if delivery.event == "decided":
                return
            await self._settle(conn, delivery)
            # A decision that is spread in this moment has not seen this message: it is waited for, then followed up.
            await conn.execute(
                "select 1 from notices where review_id = %s and event = 'decided' for update", (delivery.review_id,)
            )
            # The message of a decision waits for no others: it is written as soon as there is something to follow up.
            await conn.execute(
                "update notices set state = 'new', due_at = bridgehead_now()"
                " where review_id = %s and event = 'decided' and state = 'closed'",
                (delivery.review_id,),
            )

    async def failed(self, delivery: Delivery, error_class: ErrorClass, why: str, *, again_s: float | None) -> None:
        """Writes that an attempt failed; the next one is due in ``again_s``, None: there is none."""
        async with self._database.transaction() as conn:
            await conn.execute(
                "update notifications set attempts = attempts + 1, held_until = null, error_class = %(class)s,"
                " why = %(why)s, state = case when %(again)s::float8 is null then 'failed' else 'due' end,"
                " settled_at = case when %(again)s::float8 is null then bridgehead_now() end,"
                " due_at = bridgehead_now() + make_interval(secs => coalesce(%(again)s::float8, 0))"
                " where id = %(id)s and state = 'due'",
                {"class": error_class, "why": why, "again": again_s, "id": delivery.id},
            )
            if again_s is None and delivery.event != "decided":
                await self._settle(conn, delivery)

    async def drop(self, delivery: Delivery, why: str) -> None:
        """Writes that a message is not sent any more: its review waits for nobody."""
        async with self._database.transaction() as conn:
            await conn.execute(
                "update notifications set state = 'dropped', held_until = null, settled_at = bridgehead_now(), why = %s"
                " where id = %s and state = 'due'",
                (why, delivery.id),
            )
            await self._settle(conn, delivery)

    async def listing(
        self,
        *,
        deployment: str | None = None,
        review: int | None = None,
        state: str | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> Sequence[Listed]:
        """Returns messages, newest first; ``after`` goes on below an id."""
        values = {"deployment": deployment, "review": review, "state": state, "after": after, "limit": limit}
        async with self._database.connection() as conn:
            rows = await (await conn.execute(_LIST.encode(), values)).fetchall()
        return [
            Listed(
                row["id"],
                row["review_id"],
                row["deployment"],
                row["role"],
                row["event"],
                row["channel"],
                row["kind"],
                row["person"],
                row["state"],
                row["attempts"],
                row["error_class"],
                row["why"],
                row["next_at"],
                row["settled_at"],
                row["review_state"],
                row["dedupe"],
            )
            for row in rows
        ]

    async def untold(
        self, *, deployment: str | None = None, review: int | None = None, limit: int = 50
    ) -> Sequence[Untold]:
        """Returns open reviews that nobody could be told of, newest first."""
        values = {"deployment": deployment, "review": review, "limit": limit}
        async with self._database.connection() as conn:
            rows = await (await conn.execute(_UNTOLD.encode(), values)).fetchall()
        return [
            Untold(row["review_id"], row["deployment"], row["role"], row["no_channel_at"], row["due_at"])
            for row in rows
        ]

    async def retry(self, *, review: int | None = None, deployment: str | None = None) -> int:
        """Lets what failed be tried again from the first channel on, at once; returns of how many reviews.

        Only what waits for a person still. Raises UserError for a review that there is not.
        """
        async with self._database.transaction() as conn:
            if review is not None:
                found = await (await conn.execute("select 1 from reviews where id = %s", (review,))).fetchone()
                if found is None:
                    raise UserError(
                        f"there is no review R-{review}", code="review.unknown", hint="'bridgehead reviews' lists them."
                    )
            rows = await (
                await conn.execute(
                    "update notices n set state = 'new', place = 0, due_at = bridgehead_now() from reviews r"
                    " where r.id = n.review_id and r.state = 'open' and r.role = n.role and n.event <> 'decided'"
                    " and (n.state = 'no_channel' or (n.state <> 'new'"
                    "   and n.id in (select notice_id from notifications where state = 'failed')))"
                    " and (%(review)s::bigint is null or n.review_id = %(review)s)"
                    " and (%(deployment)s::text is null or n.deployment = %(deployment)s) returning n.review_id",
                    {"review": review, "deployment": deployment},
                )
            ).fetchall()
            return len({row["review_id"] for row in rows})

    async def _view(self, conn: Connection, row: Mapping[str, Any]) -> View | None:
        """Returns what the gate saw when the call was held; None where nothing was recorded."""
        if row["detail"] is None:
            return None
        sealed = await (
            await conn.execute("select key_id, sealed from blobs where commitment = %s", (row["detail"],))
        ).fetchone()
        if sealed is None:
            return None
        key = await load_key(conn, self._vault, sealed["key_id"])
        detail = from_bytes(key.open(bytes(sealed["sealed"]), bytes(row["detail"])))
        recorded = detail.get("view") if isinstance(detail, Mapping) else None
        try:
            return View.from_json(recorded, deployment=row["deployment"], release="")
        except (ValueError, TypeError):
            return None

    async def _step(
        self, conn: Connection, notice: Notice, state: NoticeState, place: int, *, again_s: float | None = None
    ) -> int | None:
        """Moves a notice on from where it was read; None where somebody else has moved it since."""
        row = await (
            await conn.execute(
                "update notices set state = %s, place = %s, due_at = bridgehead_now() + make_interval(secs => %s)"
                " where id = %s and state = %s and place = %s and due_at is not null returning id",
                (state, place, again_s, notice.id, notice.state, notice.place),
            )
        ).fetchone()
        return None if row is None else int(row["id"])

    async def _message(
        self,
        conn: Connection,
        notice: Notice,
        place: int,
        channel: str,
        kind: ChannelKind,
        person: str,
        reference: str = "",
    ) -> None:
        dedupe = f"ntf_{random_hex(_DEDUPE_BYTES)}"
        await conn.execute(
            _INSERT.encode(),
            (notice.id, notice.review_id, notice.deployment, place, channel, kind, person, dedupe, reference),
        )

    async def _settle(self, conn: Connection, delivery: Delivery) -> None:
        """Lets the notice of a message be looked at again: once somebody was told, or once nothing of it is due."""
        await conn.execute(_SETTLE, {"ids": [delivery.notice_id]})


async def _chain(conn: Connection, review_id: ReviewId) -> str:
    row = await (await conn.execute("select case_id, arrival_id from reviews where id = %s", (review_id,))).fetchone()
    if row is None:  # pragma: no cover - a notice refers to its review
        raise LookupError(review_id)
    return show("C", row["case_id"]) if row["case_id"] is not None else show("A", row["arrival_id"])


async def _decider(conn: Connection, name: str) -> Decider:
    """Returns somebody as a decision would hold them: ``SUBJECT of ISSUER`` with the groups of their last sign-in."""
    subject, of, issuer = name.rpartition(" of ")
    if not of:
        return Decider(name, channel="mail")
    row = await (
        await conn.execute("select groups from subjects where issuer = %s and subject = %s", (issuer, subject))
    ).fetchone()
    return Decider(name, frozenset() if row is None else frozenset(row["groups"]), issuer, "mail")


def _notice(row: Mapping[str, Any]) -> Notice:
    return Notice(
        row["id"],
        ReviewId(row["review_id"]),
        row["deployment"],
        row["event"],
        row["role"],
        row["state"],
        row["place"],
        row["open"] and row["current_role"] == row["role"],
        row["claimed"],
        row["sent"],
    )


def _delivery(row: Mapping[str, Any]) -> Delivery:
    return Delivery(
        row["id"],
        row["notice_id"],
        ReviewId(row["review_id"]),
        row["deployment"],
        row["event"],
        row["channel"],
        row["kind"],
        row["person"],
        row["dedupe"],
        row["attempts"],
        row["reference"],
        row["first_at"],
        row["now"],
    )
