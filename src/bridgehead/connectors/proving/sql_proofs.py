"""What is different in a database: logins at connect, an action's COMMIT as its write, rows instead of pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bridgehead.connectors.document_action import StatementPart
from bridgehead.connectors.fill import names_in
from bridgehead.connectors.proving import http_faults as faults
from bridgehead.connectors.proving.action_proofs import ActionProofs, nothing_done
from bridgehead.connectors.proving.findings import PROVED, Finding, aside, open_
from bridgehead.connectors.proving.read_proofs import ReadProofs
from bridgehead.connectors.proving.sql_world import COMMIT, SqlWorld, kind_of, may_settle
from bridgehead.connectors.proving.stage import Outcome, Stage, outcome, plain_result, stage
from bridgehead.connectors.proving.world import Reaction, Sent
from bridgehead.connectors.reading import Reading
from bridgehead.connectors.sql_pool import check_address
from bridgehead.connectors.sql_statement import parse_change
from bridgehead.errors import UserError

_ALWAYS: Final = 1_000
_PAST_S: Final = 60.0
_NO_LOGIN: Final = "28000"
_FULL: Final = "53300"
_AWAY: Final = "08001"
_NO_PAGES: Final = "a database answers with rows"
_NO_ADDRESS: Final = "no answer of a database leads elsewhere; its address is checked when it is opened"


class SqlReadProofs(ReadProofs):
    """The proofs of a read that is a SELECT."""

    async def _turned_away(self, state: str, times: int) -> tuple[Outcome, Stage]:
        async with self.on_stage() as on:
            _refuse(on, state, times)
            return await self.asked(on), on

    async def expired_token(self) -> Finding:
        """Refuses the login."""
        if self.spec.auth is None:
            return aside("it logs in with nothing")
        ended, _ = await self._turned_away(_NO_LOGIN, _ALWAYS)
        known = ended.failed is not None and ended.failed.applied is False
        return PROVED if known and ended.error_class == "auth_expired" else open_(f"it ended as {ended.ended}")

    async def throttled(self) -> Finding:
        """Has no connection left, once; a database asks for no certain wait."""
        ended, _ = await self._turned_away(_FULL, 1)
        if self.spec.retry.tries > 1:
            return PROVED if ended.value is not None else open_(f"refused once, it ended as {ended.ended}")
        return PROVED if ended.error_class == "throttled" else open_(f"it ended as {ended.ended}")

    async def no_connection(self) -> Finding:
        """Refuses the connection."""
        ended, _ = await self._turned_away(_AWAY, _ALWAYS)
        known = ended.failed is not None and ended.failed.applied is False
        return PROVED if known and ended.error_class == "dependency_down" else open_(f"it ended as {ended.ended}")

    async def cut_answer(self) -> Finding:
        """Breaks off in the middle of the rows."""
        ended, _ = await self.met(faults.cut)
        return PROVED if ended.failed is not None else open_(f"it ended with {ended.ended}")

    async def not_json(self) -> Finding:
        """Does not apply."""
        return aside(_NO_PAGES)

    async def promises(self) -> Finding:
        """Compares what is promised, and how far a copy may lag, with what was when it was recorded."""
        found = await super().promises()
        replica = self.spec.connection.replica
        if found is not PROVED or replica is None:
            return found
        kept = self.recording.max_lag
        if kept is None or replica.max_lag > kept:
            was = "there was no copy" if kept is None else f"its max_lag was {kept:g} s"
            return open_(f"{was} and is {replica.max_lag:g} s", "Take it back, or record it again if it is meant.")
        return PROVED

    async def stale(self) -> Finding:
        """Answers itself, so it is fresh, unless a copy lags or the rows say when they were known."""
        if self.entity.max_age is None:
            return await super().stale()
        replica = self.spec.connection.replica
        found = PROVED if replica is None else await self._lagging(replica.max_lag, self.entity.max_age)
        if found is PROVED and self.entity.source_time is not None:
            return await super().stale()
        return aside("the database answers itself, and no copy of it") if replica is None else found

    async def _lagging(self, most_s: float, bound_s: float) -> Finding:
        """Reads while the copy lags: little, too far, longer than the entity may be old, or nobody knows how far."""
        for how, lag in (("lags too far", most_s + _PAST_S), ("does not know its lag", None), ("lags -60 s", -_PAST_S)):
            ended, asked = await self._read_of_copy(lag)
            if not isinstance(ended.value, Reading) or ended.value.copy or asked:
                return open_(f"while the copy {how} it ended with {ended.ended}, and was not read from the database")
        ended, _ = await self._read_of_copy(min(most_s, bound_s) / 2)
        if not isinstance(ended.value, Reading) or not ended.value.copy:
            return open_(f"while the copy is fresh enough it ended with {ended.ended}, not from the copy")
        if bound_s + _PAST_S <= most_s:
            ended, _ = await self._read_of_copy(bound_s + _PAST_S / 2)
            if not isinstance(ended.value, Reading) or ended.value.copy or not ended.value.again:
                return open_(f"while the copy is older than max_age it ended with {ended.ended}, not asked for again")
        return PROVED

    async def _read_of_copy(self, lag: float | None) -> tuple[Outcome, int]:
        """Returns how a read ended, and how many statements the copy was asked."""
        async with stage(self.spec, self.recording, self.call, copied=True) as on:
            if not isinstance(on.world, SqlWorld):
                raise AssertionError("a database is played")  # noqa: TRY004  # the recording's kind decides, nothing given
            on.world.lag = lag
            ended = await outcome(on.connector.read(self.name, on.arguments))
            return ended, on.world.copied

    async def elsewhere(self) -> Finding:
        """Is not where the allow-list says; more or fewer hosts are allowed than when it was recorded."""
        now, kept = list(self.spec.connection.hosts), list(self.recording.hosts)
        if not now and not kept:
            return aside(_NO_ADDRESS)
        if kept and not now:
            return open_("connection.hosts was listed and is not", "Take it back, or record it again if it is meant.")
        try:
            check_address(self.recording.system, self.spec)
        except UserError as error:
            return open_(error.message, error.hint)
        if wider := [one for one in now if one not in kept]:
            return open_(f"connection.hosts lists {wider[0]}, which it did not when it was recorded")
        return PROVED


class SqlActionProofs(ActionProofs):
    """The proofs of an action that is a transaction: its write is the COMMIT."""

    spoils_write = False

    async def _turned_away(self, state: str, times: int) -> tuple[Outcome, Stage]:
        """Acts while the database turns away the connection of the transaction, not those of the lookups before it."""
        async with self.on_stage() as on:
            reads = self.action.lookup is not None or self.action.let or self.action.if_match is not None
            if not reads:
                _refuse(on, state, times)

            async def fault(sent: Sent, serve: Callable[[], Reaction]) -> Reaction:
                found = serve()
                if sent.of != self.name and not on.world.fault_done:
                    on.world.fault_done = True
                    _refuse(on, state, times)
                return found

            on.world.fault = fault
            return await self.acted(on), on

    async def expired_token(self) -> Finding:
        """Refuses the login."""
        if self.spec.auth is None:
            return aside("it logs in with nothing")
        ended, on = await self._turned_away(_NO_LOGIN, _ALWAYS)
        known = ended.error_class == "auth_expired" and nothing_done(ended, on)
        return PROVED if known else open_(f"it ended as {ended.ended}")

    async def forbidden(self) -> Finding:
        """Refuses the right."""
        async with self.on_stage() as on:
            on.world.fault = faults.meets(self.name, faults.status(403), write=None)
            ended = await self.acted(on)
        known = ended.error_class == "forbidden" and nothing_done(ended, on) and on.writes <= self.settles
        return PROVED if known else open_(f"it ended as {ended.ended}")

    async def throttled(self) -> Finding:
        """Has no connection left, once."""
        ended, on = await self._turned_away(_FULL, 1)
        if self.spec.retry.tries > 1:
            done = ended.value is not None and on.world.applied == 1
            return PROVED if done else open_(f"refused once, it ended as {ended.ended}")
        return PROVED if ended.error_class == "throttled" else open_(f"it ended as {ended.ended}")

    async def server_error(self) -> Finding:
        """Rolls back for a deadlock once; then loses the connection at COMMIT before anything is kept."""
        if self.settles:
            ways = {"a deadlock in the procedure": (faults.status(503), False), "a lost connection": (_gone, False)}
            return await self._settled(ways)
        if self.spec.retry.tries > 1:
            async with self.on_stage() as on:
                on.world.fault = faults.meets(self.name, faults.status(503), when=lambda sent: sent.turn == 1)
                ended = await self.acted(on)
            if ended.value is None or on.world.applied != 1:
                return open_(f"rolled back once, it ended as {ended.ended}, kept {on.world.applied} times")
        return await self._settled({"a connection lost at COMMIT": (_gone, False)})

    async def no_connection(self) -> Finding:
        """Refuses the connection."""
        ended, on = await self._turned_away(_AWAY, _ALWAYS)
        known = ended.error_class == "dependency_down" and nothing_done(ended, on)
        return PROVED if known else open_(f"it ended as {ended.ended}")

    async def cut_answer(self) -> Finding:
        """Does not apply."""
        return aside("what its statements bring is read before COMMIT")

    async def not_json(self) -> Finding:
        """Does not apply."""
        return aside(_NO_PAGES)

    async def compare_and_set(self) -> Finding:
        """Changes no row, or is refused, because another change came first."""
        if not any(part.rows for part in self.action.sql or ()):
            return await self._refused()

        def none(reaction: Reaction) -> None:
            reaction["changed"] = 0

        async with self.on_stage() as on:
            on.world.fault = faults.meets(self.name, faults.altered(none))
            ended = await self.acted(on)
        known = ended.error_class == "conflict" and nothing_done(ended, on) and not on.writes
        return PROVED if known else open_(f"changing no row, it ended as {ended.ended}")

    async def _refused(self) -> Finding:
        """Is refused by a state that the specification calls a conflict."""
        if self.action.if_match is None:
            return aside("it declares no if_match, and no statement says how many rows it changes")
        states = [
            one.sqlstate.replace("%", "0")
            for one in self.spec.errors
            if one.error == "conflict" and one.sqlstate is not None
        ]
        if not states:
            return open_(
                "nothing says how the database refuses what was changed meanwhile",
                "Add rows: 1 to its statement, or a rule to errors: {sqlstate: …, error: conflict, applied: false}.",
            )
        if not any(self._compares(part) for part in self.action.sql or ()):
            return open_("no statement is given the version that was read", "Use :version in its statement.")
        for state in states:
            async with self.on_stage() as on:
                on.world.fault = faults.meets(self.name, faults.says(state), write=None)
                ended = await self.acted(on)
            if ended.error_class != "conflict" or not nothing_done(ended, on):
                return open_(f"refused with {state} it ended as {ended.ended}", "Say applied: false in its rule.")
        return PROVED

    def _compares(self, part: StatementPart) -> bool:
        binds = parse_change(part.sql, self.name).binds
        return bool({one.partition(".")[0] for one in [*binds, *names_in(dict(part.with_))]} & {"version", "before"})

    @property
    def settles(self) -> bool:
        """True when one of its statements may commit by itself."""
        server = kind_of(self.recording.system)
        return any(may_settle(server, part.sql) for part in self.action.sql or ())

    async def unfinished(self) -> Finding:
        """Breaks off between its statements: all is rolled back, or what a procedure kept is read back."""
        if len(self.action.sql or ()) < 2:  # noqa: PLR2004  # with two something lies between
            return aside("it is one statement")
        asked = [one.request for one in self.call.exchanges if one.of == self.name and one.request != COMMIT]
        for request in asked[1:]:
            async with self.on_stage() as on:
                on.world.fault = faults.meets(self.name, _gone, write=None, when=_is(request))
                ended = await self.acted(on)
                if ended.failed is None or ended.failed.applied is not (None if on.world.applied else False):
                    return open_(f"broken off between its statements it ended as {ended.ended}")
                back = await self.verified(on) if self.back is not None else Outcome()
            kept = plain_result(back.value) == self.call.found if on.world.applied else back.value is None
            if not kept or on.writes != on.world.applied:
                return open_(f"broken off between its statements, reading back ended with {back.ended}")
        return PROVED

    async def elsewhere(self) -> Finding:
        """Does not apply."""
        return aside(_NO_ADDRESS)


def _is(request: Mapping[str, object]) -> Callable[[Sent], bool]:
    return lambda sent: sent.request == request


def _refuse(on: Stage, state: str, times: int) -> None:
    if isinstance(on.world, SqlWorld):
        on.world.refuses = (state, times)


def _gone(_: Callable[[], Reaction]) -> Reaction:
    raise ConnectionResetError
