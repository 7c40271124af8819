"""What an account needs besides the case: whose a number is, its releases, its undos, what operators stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from bridgehead.errors import UserError
from bridgehead.ids import show
from bridgehead.spec.tool import JSON
from bridgehead.storage.database import Database
from bridgehead.storage.queries_case_view import CaseView
from bridgehead.storage.sealing import from_bytes

_OF: Final = {
    "D": "select case_id, null::bigint as arrival_id from decisions where id = %s",
    "E": "select case_id, null::bigint as arrival_id from effects where id = %s",
    "R": "select case_id, arrival_id from reviews where id = %s",
}


@dataclass(frozen=True, slots=True)
class UndoLine:
    """One effect in a plan to take back. ``why`` is a word of the closed list in effects/undoing.py."""

    undo: str
    effect: str
    state: str
    why: str
    review: str | None
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StopLine:
    """What an operator stopped that covers the case. ``lifted_at`` None: it still stands."""

    action: str
    kind: str
    name: str
    by: str
    reason: str
    at: datetime
    lifted_at: datetime | None


@dataclass(frozen=True, slots=True)
class LevelLine:
    """Who set the level that a case was opened at, when and why, as the deployment's chain says."""

    level: str
    by: str
    why: str
    at: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an account says of a case besides its own rows. ``manifests`` are by release, in hex.

    ``levels`` is how the deployment's level was set up to when the case was opened, the last one last; ``siblings``
    are other cases of the same business, by number, so far as they are at hand.
    """

    manifests: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict)
    undos: Sequence[UndoLine] = ()
    stops: Sequence[StopLine] = ()
    levels: Sequence[LevelLine] = ()
    siblings: Sequence[CaseView] = ()


class ExplainQueries:
    """Looks up what ``explain`` is asked about."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def owner(self, kind: Literal["D", "E", "R"], number: int) -> tuple[Literal["C", "A"], int]:
        """Returns the case or the arrival of a decision, an effect or a review; raises UserError for an unknown one."""
        async with self._database.connection() as conn:
            row = await (await conn.execute(_OF[kind].encode(), (number,))).fetchone()
        if row is None:
            raise _unknown(kind, show(kind, number))
        return ("A", row["arrival_id"]) if row["case_id"] is None else ("C", row["case_id"])

    async def around(self, case_id: int) -> Surroundings:
        """Returns the releases that decided about a case, what was undone of it, and what stops it or stopped it."""
        async with self._database.connection() as conn:
            releases = await (
                await conn.execute(
                    "select encode(r.digest, 'hex') as digest, r.manifest from releases r where r.digest in"
                    " (select release from cases where id = %(c)s union select release from effects"
                    " where case_id = %(c)s and release is not null)",
                    {"c": case_id},
                )
            ).fetchall()
            undos = await (
                await conn.execute(
                    "select u.id, i.effect_id, i.state, i.why, i.review_id, u.made_by, u.reason, i.moved_at"
                    " from undo_items i join undos u on u.id = i.undo_id where i.case_id = %s order by u.id, i.place",
                    (case_id,),
                )
            ).fetchall()
            stops = await (
                await conn.execute(
                    "select s.action, s.kind, s.name, s.set_by, s.reason, s.set_at, s.lifted_at from controls s,"
                    " cases c where c.id = %s and (s.kind = 'all' or (s.kind = 'deployment' and s.name = c.deployment)"
                    " or (s.kind = 'release' and s.name = encode(c.release, 'hex'))"
                    " or (s.kind = 'tool' and s.deployment in ('', c.deployment)))"
                    " and s.set_at <= coalesce(c.closed_at, clock_timestamp())"
                    " and coalesce(s.lifted_at, clock_timestamp()) >= c.opened_at order by s.id",
                    (case_id,),
                )
            ).fetchall()
            levels = await (
                await conn.execute(
                    "select l.body from ledger l, cases c where c.id = %s and l.chain = 'D-' || c.deployment"
                    " order by l.seq",
                    (case_id,),
                )
            ).fetchall()
            opened = await (await conn.execute("select opened_at from cases where id = %s", (case_id,))).fetchone()
        return Surroundings(
            {row["digest"]: _manifest(bytes(row["manifest"])) for row in releases},
            [
                UndoLine(
                    show("U", row["id"]),
                    show("E", row["effect_id"]),
                    row["state"],
                    row["why"],
                    None if row["review_id"] is None else show("R", row["review_id"]),
                    row["made_by"],
                    row["reason"],
                    row["moved_at"],
                )
                for row in undos
            ],
            [
                StopLine(
                    row["action"],
                    row["kind"],
                    row["name"],
                    row["set_by"],
                    row["reason"],
                    row["set_at"],
                    row["lifted_at"],
                )
                for row in stops
            ],
            [] if opened is None else _levels([bytes(row["body"]) for row in levels], opened["opened_at"]),
        )


def _unknown(kind: str, number: str) -> UserError:
    hint = "'bridgehead case' lists the decisions, effects and reviews of a case."
    if kind == "D":
        return UserError(f"there is no decision {number}", code="decision.unknown", hint=hint)
    if kind == "E":
        return UserError(f"there is no effect {number}", code="effect.unknown", hint=hint)
    return UserError(f"there is no review {number}", code="review.unknown", hint=hint)


def _levels(bodies: Sequence[bytes], until: datetime) -> list[LevelLine]:
    """Returns how a level was set, of the rows of a deployment's chain that are not after a moment."""
    found = []
    for body in bodies:
        try:
            row = json.loads(body)
            refs = row["refs"]
            if row["kind"] == "level.set" and datetime.fromisoformat(row["at"]) <= until:
                found.append(LevelLine(str(refs["level"]), str(refs["by"]), str(refs["why"]), str(row["at"])))
        except (ValueError, KeyError, TypeError, RecursionError):  # no ledger row: verifying the ledger names it
            continue
    return found


def _manifest(stored: bytes) -> Mapping[str, JSON]:
    found = from_bytes(stored)
    return found if isinstance(found, Mapping) else {}
