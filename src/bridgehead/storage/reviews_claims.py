"""Who has a review before them: a claim that people see, that is over by itself, and that decides nothing."""

from __future__ import annotations

from bridgehead.errors import UserError
from bridgehead.ids import ReviewId, show
from bridgehead.reviews.people import Decider
from bridgehead.reviews.terms import CLAIM_S
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.reviews_people import entitled
from bridgehead.storage.reviews_terms import terms_at

_LOCK = 0x434C


class Claims:
    """The store of claims, on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, review_id: ReviewId, decider: Decider) -> None:
        """Puts an open review before somebody, for as long as the role says; again by the same person, for longer.

        Raises Refused for who may not decide it, and UserError when somebody else has it (``review.claimed``), when
        it is decided (``review.decided``), and when the role lets nobody have more at once (``review.claims``).
        """
        what = show("R", review_id)
        async with self._database.transaction() as conn:
            # Claims of one person come one after the other, so that none is counted past the most.
            await conn.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", (_LOCK, decider.name))
            row = await (
                await conn.execute(
                    "select *, claimed_by is not null and claim_until > bridgehead_now() as live"
                    " from reviews where id = %s for update",
                    (review_id,),
                )
            ).fetchone()
            if row is None:
                raise unknown(review_id)
            if row["state"] != "open":
                raise UserError(
                    f"{what} is already {row['state']}" + (f" by {row['decided_by']}" if row["decided_by"] else ""),
                    code="review.decided",
                    hint="There is nothing left to decide about it.",
                )
            await entitled(conn, decider, row["deployment"], row["role"], what)
            if row["live"] and row["claimed_by"] != decider.name:
                raise UserError(
                    f"{row['claimed_by']} has {what} before them until {row['claim_until']:%H:%M} (UTC)",
                    code="review.claimed",
                    hint="Take another one, or decide it all the same: a claim forbids nobody to decide.",
                )
            terms, _ = await terms_at(conn, row["deployment"], row["role"])
            if terms is not None and terms.claims is not None:
                await self._room(conn, review_id, decider.name, row["deployment"], row["role"], terms.claims)
            await conn.execute(
                "update reviews set claimed_at = case when claimed_by = %(by)s and claim_until > bridgehead_now()"
                " then claimed_at else bridgehead_now() end, claimed_by = %(by)s,"
                " claim_until = bridgehead_now() + make_interval(secs => %(s)s) where id = %(id)s",
                {"by": decider.name, "s": CLAIM_S if terms is None else terms.claim_s, "id": review_id},
            )

    async def release(self, review_id: ReviewId, name: str) -> bool:
        """Gives a claim up; False when that person had none. Raises UserError for an unknown review."""
        async with self._database.transaction() as conn:
            row = await (
                await conn.execute(
                    "select state, claimed_by, claim_until > bridgehead_now() as live from reviews where id = %s"
                    " for update",
                    (review_id,),
                )
            ).fetchone()
            if row is None:
                raise unknown(review_id)
            if row["state"] != "open" or row["claimed_by"] != name or not row["live"]:
                return False
            await conn.execute(
                "update reviews set claimed_by = null, claimed_at = null, claim_until = null where id = %s",
                (review_id,),
            )
            return True

    async def _room(
        self, conn: Connection, review_id: ReviewId, name: str, deployment: str, role: str, most: int
    ) -> None:
        row = await (
            await conn.execute(
                "select count(*) as held from reviews where state = 'open' and claimed_by = %s and id <> %s"
                " and claim_until > bridgehead_now() and deployment = %s and role = %s",
                (name, review_id, deployment, role),
            )
        ).fetchone()
        held = 0 if row is None else int(row["held"])
        if held >= most:
            raise UserError(
                f"{name} has {held} reviews of {role} claimed, and no more than {most} at once are allowed",
                code="review.claims",
                hint="Decide one of them, or release it.",
            )


def unknown(review_id: int) -> UserError:
    """Returns the error for a number that no review has."""
    return UserError(
        f"there is no review {show('R', review_id)}", code="review.unknown", hint="'bridgehead reviews' lists them."
    )
