"""What is different in a database: logins at connect, an action's COMMIT as its write, rows instead of pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bridgehead.connectors.proving import http_faults as faults
from bridgehead.connectors.proving.action_proofs import ActionProofs, nothing_done
from bridgehead.connectors.proving.read_proofs import PROVED, Finding, ReadProofs, aside, open_
from bridgehead.connectors.proving.sql_world import SqlWorld
from bridgehead.connectors.proving.stage import Outcome, Stage
from bridgehead.connectors.proving.world import Reaction, Sent

_ALWAYS: Final = 1_000
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

    async def stale(self) -> Finding:
        """Answers itself, so it is fresh, unless the rows say when they were known."""
        if self.entity.max_age is not None and self.entity.source_time is None:
            return aside("the database answers itself; how far a copy may lag is bounded by max_lag")
        return await super().stale()

    async def elsewhere(self) -> Finding:
        """Does not apply."""
        return aside(_NO_ADDRESS)


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
            on.world.fault = faults.meets(self.name, faults.status(403))
            ended = await self.acted(on)
        known = ended.error_class == "forbidden" and nothing_done(ended, on) and not on.writes
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
        """Changes no row, because another change came first."""
        if not any(part.rows for part in self.action.sql or ()):
            return aside("no statement says how many rows it changes")

        def none(reaction: Reaction) -> None:
            reaction["changed"] = 0

        async with self.on_stage() as on:
            on.world.fault = faults.meets(self.name, faults.altered(none))
            ended = await self.acted(on)
        known = ended.error_class == "conflict" and nothing_done(ended, on) and not on.writes
        return PROVED if known else open_(f"changing no row, it ended as {ended.ended}")

    async def elsewhere(self) -> Finding:
        """Does not apply."""
        return aside(_NO_ADDRESS)


def _refuse(on: Stage, state: str, times: int) -> None:
    if isinstance(on.world, SqlWorld):
        on.world.refuses = (state, times)


def _gone(_: Callable[[], Reaction]) -> Reaction:
    raise ConnectionResetError
