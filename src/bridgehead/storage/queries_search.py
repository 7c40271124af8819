"""Cases, effects and arrivals as people look for them: narrowed, in pages, each page by an index.

A page goes on below the last row of the one before (keyset), so that it costs the same wherever it lies. Statements
are made of the filters that are given, so that the server plans each by its own index.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from bridgehead.cases.finding import sought, term
from bridgehead.effects.states import EffectState
from bridgehead.effects.undoing import Left, lasting
from bridgehead.errors import UserError
from bridgehead.ids import show
from bridgehead.ledger.vault import Vault
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.queries import Queries, page
from bridgehead.storage.queries_case_view import ArrivalLine, CaseLine
from bridgehead.storage.queries_cases import CaseQueries
from bridgehead.storage.queries_subjects import NOTHING, About, abouts_in

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class CaseFilters:
    """Which cases are meant; every part that is given has to fit.

    ``key`` is one value of a business key, found exactly, however it is spelled. ``customer`` are words of the customer
    as its deployment's file says where it stands, all of which it has to have (see ``cases.words``). Times are when a
    case was opened: from ``since`` on, before ``until``. Amounts are inclusive, of any currency where ``currency`` is
    None.
    """

    deployment: str | None = None
    key: str | None = None
    customer: str | None = None
    state: str | None = None
    outcome: str | None = None
    error_class: str | None = None
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None
    currency: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def timed(self) -> bool:
        """Whether the list is one of a time: it goes by that then, and by number otherwise."""
        return self.since is not None or self.until is not None

    @property
    def priced(self) -> bool:
        """Whether only cases with a known amount are meant."""
        return self.amount_from is not None or self.amount_to is not None or self.currency is not None


@dataclass(frozen=True, slots=True)
class CasePlace:
    """Where a page of cases ends."""

    number: int
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class EffectFilters:
    """Which effects are meant; every part that is given has to fit."""

    deployment: str | None = None
    tool: str | None = None
    state: EffectState | None = None
    case_id: int | None = None


@dataclass(frozen=True, slots=True)
class EffectLine:
    """One effect in a list. ``settles_from``: from then on what is read back of an unknown one counts.

    ``undo`` is the plan that has taken it up, or has undone it. ``lasting`` says why it can never be undone, as its
    release declared it. ``customer``, ``number``, ``amount`` and ``currency`` are those of its case.
    """

    id: str
    case: str
    deployment: str
    tool: str
    state: EffectState
    level: str
    attempt: int
    proposed_at: datetime
    settled_at: datetime | None
    settles_from: datetime | None
    review: str | None
    undo: str | None
    lasting: Left | None = None
    customer: str | None = None
    number: str | None = None
    amount: str | None = None
    currency: str | None = None


class SearchQueries:
    """Lists of cases, effects and arrivals."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def cases(self, wanted: CaseFilters, *, after: CasePlace | None, limit: int) -> Sequence[CaseLine]:
        """Returns cases, newest first, from below ``after``."""
        text, values = case_query(self._vault, wanted, after=after, limit=limit)
        async with self._database.connection() as conn:
            rows = await (await conn.execute(text.encode(), values)).fetchall()
        return await CaseQueries(self._database, self._vault).chosen([row["id"] for row in rows])

    async def place(self, case_id: int) -> CasePlace:
        """Returns where a case stands in lists; raises UserError for an unknown one."""
        async with self._database.connection() as conn:
            row = await (await conn.execute("select opened_at from cases where id = %s", (case_id,))).fetchone()
        if row is None:
            raise UserError(
                f"there is no case {show('C', case_id)}", code="case.unknown", hint="'bridgehead cases' lists them."
            )
        return CasePlace(case_id, row["opened_at"])

    async def effects(
        self, wanted: EffectFilters, *, after: tuple[bool, int] | None, limit: int
    ) -> Sequence[EffectLine]:
        """Returns effects, unknown ones first and oldest first, then the others, newest first.

        ``after``: whether the page before ended among the unknown ones, and at which number.
        """
        found: list[EffectLine] = []
        async with self._database.connection() as conn:
            if wanted.state in (None, UNKNOWN) and (after is None or after[0]):
                bound = None if after is None else after[1]
                found += await self._effects(conn, *effect_query(wanted, unknown=True, bound=bound, limit=limit))
            if wanted.state != UNKNOWN and len(found) < limit:
                bound = after[1] if after is not None and not after[0] else None
                left = limit - len(found)
                found += await self._effects(conn, *effect_query(wanted, unknown=False, bound=bound, limit=left))
        return found

    async def effect(self, effect_id: int) -> EffectLine:
        """Returns one effect; raises UserError for an unknown one."""
        async with self._database.connection() as conn:
            found = await self._effects(conn, _EFFECT + "where e.id = %(id)s", {"id": effect_id})
        if not found:
            raise UserError(
                f"there is no effect {show('E', effect_id)}",
                code="effect.unknown",
                hint="'bridgehead case C-17' lists what a case did.",
            )
        return found[0]

    async def arrivals(
        self, *, deployment: str | None, state: str | None, find: str | None = None, after: int | None, limit: int
    ) -> Sequence[ArrivalLine]:
        """Returns arrivals, newest first, from below ``after``; ``find`` are words of a name, sender or subject."""
        terms = () if find is None else sought(self._vault.hmac, "document", find)
        text, values = arrival_query(deployment=deployment, state=state, terms=terms, after=after, limit=limit)
        return await Queries(self._database, self._vault).arrivals_where(text, values)

    async def _effects(self, conn: Connection, text: str, values: dict[str, object]) -> list[EffectLine]:
        rows = await (await conn.execute(text.encode(), values)).fetchall()
        about = await abouts_in(conn, self._vault, sorted({row["case_id"] for row in rows}))
        lasting = await _lasting(conn, {(bytes(row["release"]), row["tool"]) for row in rows})
        return [
            _effect(row, about.get(row["case_id"], NOTHING), lasting.get((bytes(row["release"]), row["tool"])))
            for row in rows
        ]


def case_query(
    vault: Vault, wanted: CaseFilters, *, after: CasePlace | None, limit: int
) -> tuple[str, dict[str, object]]:
    """Returns the statement that finds the numbers of a page of cases, and its values."""
    source, where = "cases c", list[str]()
    values: dict[str, object] = {"n": page(limit)}
    terms = [] if wanted.key is None else [term(vault.hmac, "key", wanted.key)]
    terms += [] if wanted.customer is None else sought(vault.hmac, "customer", wanted.customer)
    for place, one in enumerate(terms):
        source += f" join case_terms t{place} on t{place}.case_id = c.id and t{place}.term = %(t{place})s"
        values[f"t{place}"] = one
    if wanted.priced:
        source += " join case_amounts a on a.case_id = c.id"
    # By which row of the join a page goes is said of the table that the index is of.
    number = "t0.case_id" if terms else "a.case_id" if wanted.priced else "c.id"
    for column, sign, value in (
        ("c.deployment", "=", wanted.deployment),
        ("c.state", "=", wanted.state),
        ("c.outcome", "=", wanted.outcome),
        ("c.error_class", "=", wanted.error_class),
        ("a.amount", ">=", wanted.amount_from),
        ("a.amount", "<=", wanted.amount_to),
        ("a.currency", "=", None if wanted.currency is None else wanted.currency.upper()),
        ("c.opened_at", ">=", wanted.since),
        ("c.opened_at", "<", wanted.until),
    ):
        if value is not None:
            name = f"v{len(values)}"
            where.append(f"{column} {sign} %({name})s")
            values[name] = value
    if wanted.state is not None and wanted.state != "done":
        where.append("c.state <> 'done'")  # the words of the index of open cases
    if wanted.error_class is not None:
        where.append("c.error_class is not null")
    if wanted.outcome not in (None, "completed"):
        where.append("c.outcome is not null and c.outcome <> 'completed'")
    if after is not None:
        values |= {"after": after.number, "after_at": after.opened_at}
        if wanted.timed:
            where.append("(c.opened_at, c.id) < (%(after_at)s, %(after)s)")
        else:  # of each table of the join: the server does not conclude it from one to the other
            joined = ("c.id", *(f"t{place}.case_id" for place in range(len(terms))))
            where += [f"{one} < %(after)s" for one in (*joined, *(("a.case_id",) if wanted.priced else ()))]
    order = "c.opened_at desc, c.id desc" if wanted.timed else f"{number} desc"
    condition = f" where {' and '.join(where)}" if where else ""
    return f"select c.id from {source}{condition} order by {order} limit %(n)s", values


_EFFECT: Final = (
    "select e.id, e.case_id, e.deployment, e.tool, e.state, e.level, e.attempt, e.proposed_at, e.settled_at,"
    " case when e.state in ('intended', 'unknown') then e.settle_from end as settles_from,"
    " (select coalesce(e.release, c.release) from cases c where c.id = e.case_id) as release,"
    " (select max(r.id) from reviews r where r.case_id = e.case_id and r.effect_id = e.id and r.state = 'open')"
    " as review, (select max(i.undo_id) from undo_items i where i.effect_id = e.id"
    " and i.state in ('planned', 'intended', 'unknown', 'undone')) as undo from effects e "
)


def effect_query(
    wanted: EffectFilters, *, unknown: bool, bound: int | None, limit: int
) -> tuple[str, dict[str, object]]:
    """Returns the statement for a page of effects that are unknown, or of those that are not, and its values."""
    values: dict[str, object] = {"n": page(limit)}
    where = ["e.state = 'unknown' and e.state <> 'committed'" if unknown else "e.state <> 'unknown'"]
    for column, value in (
        ("e.deployment", wanted.deployment),
        ("e.tool", wanted.tool),
        ("e.case_id", wanted.case_id),
        ("e.state", None if unknown else wanted.state),
    ):
        if value is not None:
            name = f"v{len(values)}"
            where.append(f"{column} = %({name})s")
            values[name] = value
    if not unknown and wanted.state not in (None, "committed"):
        where.append("e.state <> 'committed'")  # the words of the index
    if bound is not None:
        where.append(f"e.id {'>' if unknown else '<'} %(bound)s")
        values["bound"] = bound
    order = "e.id" if unknown else "e.id desc"
    return f"{_EFFECT}where {' and '.join(where)} order by {order} limit %(n)s", values


def arrival_query(
    *, deployment: str | None, state: str | None, terms: Sequence[bytes] = (), after: int | None, limit: int
) -> tuple[str, dict[str, object]]:
    """Returns what follows the table, which is called ``a``, in the statement for a page of arrivals, and its values.

    Those that have all of some terms are listed by the terms' own index, in its order.
    """
    values: dict[str, object] = {"n": page(limit)}
    where, joins = list[str](), ""
    for place, one in enumerate(terms):
        joins += f"join arrival_terms t{place} on t{place}.arrival_id = a.id and t{place}.term = %(t{place})s "
        values[f"t{place}"] = one
    for column, value in (("deployment", deployment), ("state", state)):
        if value is not None:
            where.append(f"{column} = %({column})s")
            values[column] = value
    if state not in (None, "read"):
        where.append("state <> 'read'")  # the words of the index
    if after is not None:
        where += [f"{one} < %(after)s" for one in ("a.id", *(f"t{n}.arrival_id" for n in range(len(terms))))]
        values["after"] = after
    condition = f"where {' and '.join(where)} " if where else ""
    return f"{joins}{condition}order by {'t0.arrival_id' if terms else 'a.id'} desc limit %(n)s", values


def _effect(row: Mapping[str, Any], about: About, lasting: Left | None) -> EffectLine:
    return EffectLine(
        id=show("E", row["id"]),
        case=show("C", row["case_id"]),
        deployment=row["deployment"],
        tool=row["tool"],
        state=row["state"],
        level=row["level"],
        attempt=row["attempt"],
        proposed_at=row["proposed_at"],
        settled_at=row["settled_at"],
        settles_from=row["settles_from"],
        review=None if row["review"] is None else show("R", row["review"]),
        undo=None if row["undo"] is None else show("U", row["undo"]),
        lasting=lasting,
        customer=about.customer,
        number=about.number,
        amount=about.amount,
        currency=about.currency,
    )


async def _lasting(conn: Connection, wanted: Collection[tuple[bytes, str]]) -> Mapping[tuple[bytes, str], Left]:
    """Returns which of these tools were declared, by these releases, as what can never be undone."""
    if not wanted:
        return {}
    rows = await (
        await conn.execute(
            "select digest, manifest from releases where digest = any(%s)", (sorted({one for one, _ in wanted}),)
        )
    ).fetchall()
    declared = {bytes(row["digest"]): json.loads(bytes(row["manifest"])).get("tools", {}) for row in rows}
    found = {(release, tool): lasting(declared[release].get(tool)) for release, tool in wanted if release in declared}
    return {key: why for key, why in found.items() if why is not None}
