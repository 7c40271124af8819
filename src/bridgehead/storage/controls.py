"""What operators stop: on the record, in force at the next decision of every worker within a second."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal

import psycopg

from bridgehead import clock
from bridgehead.cases.authority import Authority
from bridgehead.cases.stopping import NOTHING, Stops
from bridgehead.errors import Unavailable
from bridgehead.spec.tool import JSON
from bridgehead.storage.authority import CHANNEL, read_authority, read_version
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.sealing import Chain

log = logging.getLogger("bridgehead.controls")
Kind = Literal["deployment", "release", "tool", "all"]
Action = Literal["pause", "kill"]
EVERYWHERE: Final = "S-controls"
"""The chain of what is stopped in every deployment; what concerns one is on the deployment's own."""
POLL_S: Final = 0.4
FRESH_S: Final = 0.8
"""What was read longer ago than this is read again before anything is decided on it."""
ASK_S: Final = 3.0
_STANDING: Final = (
    "select id, kind, name, deployment, action, set_by, reason, set_at from controls"
    " where lifted_at is null order by id"
)
NOT_STOPPED: Final = (
    "not exists (select from controls k where k.lifted_at is null and (k.kind = 'all'"
    " or (k.kind = 'deployment' and k.name = cases.deployment)"
    " or (k.kind = 'release' and k.name = encode(cases.release, 'hex'))))"
)
"""Of a row of ``cases``: nobody stopped its deployment or its release. A worker claims no other."""

PAUSED: Final = (
    "exists (select from controls k where k.lifted_at is null and k.action = 'pause' and (k.kind = 'all'"
    " or (k.kind = 'deployment' and k.name = cases.deployment)"
    " or (k.kind = 'release' and k.name = encode(cases.release, 'hex'))"
    " or (k.kind = 'tool' and k.deployment in ('', cases.deployment) and k.name = (select"
    " convert_from(l.body, 'UTF8')::json -> 'refs' ->> 'paused_tool' from ledger l"
    " where l.chain = 'C-' || cases.id order by l.seq desc limit 1))))"
)
"""Of a row of ``cases`` that nobody runs: it cannot go on before a person resumes what holds it up."""


@dataclass(frozen=True, slots=True)
class Control:
    """One thing that is stopped: what, how, since when, by whom and why."""

    kind: Kind
    name: str
    deployment: str
    action: Action
    by: str
    reason: str
    at: datetime

    @property
    def what(self) -> str:
        """It in words."""
        where = f" of {self.deployment}" if self.deployment else ""
        return "everything" if self.kind == "all" else f"{self.kind} {self.name}{where}"

    def concerns(self, deployment: str, release: str) -> bool:
        """Returns whether it stops cases of a release (in hex) as a whole."""
        return self.kind == "all" or self.name == {"deployment": deployment, "release": release}.get(self.kind)

    def covers(self, other: Kind, name: str, deployment: str) -> bool:
        """Returns whether it stops all that another control with these words would, or was, to stop."""
        if self.kind == "tool":
            return (other, name) == ("tool", self.name) and self.deployment in ("", deployment)
        within = deployment if other == "tool" else name if other == "deployment" else None
        same = (self.kind, self.name) == (other, name)
        return self.kind == "all" or same or (self.kind == "deployment" and self.name == within)

    @property
    def told(self) -> str:
        """Who stopped it, when and why, and what lets it go on."""
        how = "killed" if self.action == "kill" else "paused"
        return (
            f"{self.what} was {how} by {self.by} at {self.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC: {self.reason};"
            f" '{self.lifted_by}' lifts it"
        )

    @property
    def lifted_by(self) -> str:
        """The command that lets it go on."""
        named = {
            "tool": f"{shlex.quote(self.deployment) if self.deployment else ''} --tool {shlex.quote(self.name)}",
            "release": f"--release {self.name}",
            "all": "--all",
        }
        return f"bridgehead resume {named.get(self.kind, self.name).strip()}"


class Controls:
    """The store of what is stopped, and a view of it that ``watch`` keeps fresh."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._standing: tuple[Control, ...] = ()
        self._authority = Authority(version=-1)
        self._read_s = float("-inf")
        self._reading: asyncio.Lock = asyncio.Lock()

    async def set(self, kind: Kind, name: str, action: Action, *, by: str, reason: str, deployment: str = "") -> bool:
        """Stops something; False when it stood so already, and then nothing is changed.

        A kill takes the place of a pause; a pause of something that was killed changes nothing.
        """
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, _chain(kind, name, deployment), actor=f"person:{by}", create=True)
            row = await (
                await conn.execute(
                    "select id, action from controls where kind = %s and name = %s and deployment = %s"
                    " and lifted_at is null for update",
                    (kind, name, deployment),
                )
            ).fetchone()
            if row is not None and row["action"] in (action, "kill"):
                return False
            if row is not None:
                await conn.execute(
                    "update controls set lifted_at = clock_timestamp(), lifted_by = %s where id = %s", (by, row["id"])
                )
            await conn.execute(
                "insert into controls (kind, name, deployment, action, set_by, reason) values (%s, %s, %s, %s, %s, %s)",
                (kind, name, deployment, action, by, reason),
            )
            refs: dict[str, JSON] = {"kind": kind, "name": name, "deployment": deployment, "action": action}
            await chain.append("control.set", {**refs, "by": by, "why": reason})
            await chain.close()
            await conn.execute(f"notify {CHANNEL}".encode())
            return True

    async def lift(self, kind: Kind, name: str, *, by: str, reason: str, deployment: str = "") -> Action | None:
        """Lets something go on; returns how it was stopped, or None when it was not. Its cases are due at once."""
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, _chain(kind, name, deployment), actor=f"person:{by}", create=True)
            row = await (
                await conn.execute(
                    "update controls set lifted_at = clock_timestamp(), lifted_by = %s where kind = %s and name = %s"
                    " and deployment = %s and lifted_at is null returning action",
                    (by, kind, name, deployment),
                )
            ).fetchone()
            if row is None:
                return None
            refs: dict[str, JSON] = {"kind": kind, "name": name, "deployment": deployment, "action": row["action"]}
            await chain.append("control.lifted", {**refs, "by": by, "why": reason})
            await chain.close()
            # The next sweep hints at them, however lately the queue had heard of them.
            await conn.execute(f"update cases set hinted_at = null where state = 'due' and {NOT_STOPPED}".encode())
            await conn.execute(f"notify {CHANNEL}".encode())
            action: Action = row["action"]
            return action

    async def standing(self) -> Sequence[Control]:
        """Returns everything that is stopped, oldest first."""
        async with self._database.connection() as conn:
            return await standing_in(conn)

    async def stops(self, deployment: str, release: bytes, *, fresh: bool = False) -> Stops:
        """Returns what is stopped for the cases of a release, as it was less than ``FRESH_S`` ago, or is (``fresh``).

        Where the database does not say in time, everything counts as paused: nothing is sent on old knowledge.
        """
        asked_s = clock.boot_s()
        since_s = asked_s if fresh else asked_s - FRESH_S
        if self._read_s < since_s:
            async with self._reading:
                if self._read_s < since_s:
                    try:
                        async with asyncio.timeout(ASK_S), self._database.connection() as conn:
                            await self._keep(conn)
                    except (Unavailable, TimeoutError):
                        return Stops(paused="nobody can say what is stopped: the database does not answer")
        return replace(stops_of(self._standing, deployment, release), authority=self._authority)

    async def killed(self) -> Sequence[Control]:
        """Returns what was killed as a whole: deployments, releases, everything."""
        return [one for one in await self.standing() if one.action == "kill" and one.kind != "tool"]

    async def watch(self, stopped: asyncio.Event) -> None:
        """Keeps the view fresh until ``stopped``: by a notice of the database, and by asking every ``POLL_S``."""
        while not stopped.is_set():
            try:
                conn = await self._database.connect(within_s=ASK_S)
                try:
                    await conn.execute(f"listen {CHANNEL}".encode())
                    while not stopped.is_set():
                        async with asyncio.timeout(ASK_S):
                            await self._keep(conn)
                        async for _ in conn.notifies(timeout=POLL_S, stop_after=1):
                            pass
                finally:
                    await conn.close()
            except (Unavailable, psycopg.Error, TimeoutError, OSError) as error:
                log.debug("what is stopped cannot be read: %s", error)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopped.wait(), POLL_S)

    async def _keep(self, conn: Connection) -> None:
        # The moment before the question: what is set while it is answered counts as unread.
        asked_s = clock.boot_s()
        self._standing = tuple(await standing_in(conn))
        version = await read_version(conn)
        if version != self._authority.version:
            self._authority = await read_authority(conn, version)
        self._read_s = asked_s


def stops_of(standing: Sequence[Control], deployment: str, release: bytes) -> Stops:
    """Returns what of all that is stopped concerns the cases of a release."""
    if not standing:
        return NOTHING
    whole: dict[str, str] = {}
    told: dict[str, str] = {}
    tools: dict[str, set[str]] = {"pause": set(), "kill": set()}
    for one in standing:
        if one.kind == "tool":
            if one.deployment in ("", deployment):
                tools[one.action].add(one.name)
                if one.action == "kill":
                    told.setdefault(one.name, one.told)
        elif one.concerns(deployment, release.hex()):
            whole.setdefault(one.action, f"{one.what}, by {one.by}: {one.reason}")
    return Stops(
        killed=whole.get("kill", ""),
        paused=whole.get("pause", ""),
        killed_tools=frozenset(tools["kill"]),
        paused_tools=frozenset(tools["pause"]),
        told=told,
    )


def holding(standing: Sequence[Control], deployment: str, release: str, tool: str | None) -> str | None:
    """Returns what a case waits for that operators hold up, as a whole or at a ``tool`` it came to; None: they do not.

    Everything that stops it is named, the stronger first: a kill counts, whatever is paused besides.
    """
    whole = [one for one in standing if one.concerns(deployment, release)]
    tools = [one for one in standing if one.kind == "tool" and one.name == tool and one.deployment in ("", deployment)]
    if not tools or any(one.action == "kill" for one in tools):
        tools = []
    stops = sorted([*whole, *tools], key=lambda one: one.action != "kill")
    if not stops:
        return None
    ends = "the hand-over to a person" if stops[0].action == "kill" else "the end of a pause"
    return f"{ends}: {'; and '.join(one.told for one in stops)}"


async def standing_in(conn: Connection) -> list[Control]:
    """Returns everything that is stopped, oldest first, as a connection's snapshot has it."""
    rows = await (await conn.execute(_STANDING.encode())).fetchall()
    return [
        Control(row["kind"], row["name"], row["deployment"], row["action"], row["set_by"], row["reason"], row["set_at"])
        for row in rows
    ]


def _chain(kind: Kind, name: str, deployment: str) -> str:
    if kind == "deployment":
        return f"D-{name}"
    return f"D-{deployment}" if deployment else EVERYWHERE
