"""Proves what takes several requests: reads that come first (``let``), and requests that follow a write (``then``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final

from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_entity import LetPart
from bridgehead.connectors.proving import http_faults as faults
from bridgehead.connectors.proving.findings import PROVED, Finding, aside, open_
from bridgehead.connectors.proving.stage import Outcome, Stage, plain_result
from bridgehead.connectors.proving.world import Reaction, Sent, key_of

if TYPE_CHECKING:
    from bridgehead.connectors.proving.action_proofs import ActionProofs
    from bridgehead.connectors.proving.recording import Exchange

_BREAKS: Final[Mapping[str, faults.Act]] = {
    "503 before it": faults.status(503),
    "500 after it": faults.broken_after(500),
    "a lost reply": faults.lost,
    "a refused connection": faults.no_connection,
    "an answer that breaks off": faults.cut,
}


async def needs(
    on_stage: Callable[[], AbstractAsyncContextManager[Stage]],
    carried_out: Callable[[Stage], Awaitable[Outcome]],
    spec: Specification,
    name: str,
    parts: Mapping[str, LetPart],
) -> Finding:
    """Carries a read or an action out while what it reads first is down, and while it brings no record."""
    if not parts:
        return aside("it reads nothing else first")
    reads = {of: read for entity in spec.entities.values() for of, read in entity.reads.items()}
    for part in parts.values():
        rows = reads[part.read].rows

        def emptied(reaction: Reaction, rows: str | None = rows) -> None:
            listed = faults.listing(reaction, rows)
            if listed is not None:
                listed.clear()

        ways = {"down": faults.status(503)}
        if part.by is None and not reads[part.read].one:
            ways["without a record"] = faults.altered(emptied)
        for how, act in ways.items():
            async with on_stage() as on:
                on.world.fault = faults.meets(part.read, act)
                ended = await carried_out(on)
                asked = any(one.of == name for one in on.world.sent)
            if ended.failed is None or ended.failed.applied is not False or asked:
                sent = ", and it was sent" if asked else ""
                return open_(f"with {part.read} {how} it ended as {ended.ended}{sent}")
    return PROVED


async def unfinished(proofs: ActionProofs) -> Finding:
    """Breaks off at each request that follows the write, in every way; then reads back, then calls it again."""
    if not proofs.action.then:
        return aside("it is one request")
    if proofs.back is None:
        return open_("nothing tells whether it is finished", "Add lookup, and done to it.")
    async with proofs.on_stage() as on:
        steps = on.world.steps
    if not steps:
        return open_("no request after the first is recorded", "Record it for something that needs them.")
    for step in steps:
        for how, act in _BREAKS.items():
            if (found := await _broken_off(proofs, step, how, act)) is not PROVED:
                return found
    return PROVED


async def _broken_off(proofs: ActionProofs, step: Exchange, how: str, act: faults.Act) -> Finding:
    asked = key_of(step.request)

    def meant(sent: Sent) -> bool:
        return key_of(sent.request) == asked

    async with proofs.on_stage() as on:
        on.world.fault = faults.meets(proofs.name, act, when=meant)
        ended = await proofs.acted(on)
        if ended.value is None and (ended.failed is None or ended.failed.applied is not None):
            return open_(f"broken off by {how} it ended as {ended.ended}, which is not known")
        back = await proofs.verified(on)
        if back.value is None or plain_result(back.value) != proofs.call.found:
            return open_(f"broken off by {how} it was not finished by reading back, which ended with {back.ended}")
        again = await proofs.acted(on)
        if again.value is None or on.writes != 1:
            return open_(f"broken off by {how} and called again it ended as {again.ended}, sent {on.writes} times")
    return PROVED
