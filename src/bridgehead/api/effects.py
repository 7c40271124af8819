"""Effects and undos over HTTP."""

from __future__ import annotations

from typing import Final

from bridgehead.api.declared import Call, Route
from bridgehead.api.models import (
    EffectsOut,
    EffectsQuery,
    EffectWholeOut,
    PreviewOut,
    UndoIn,
    UndoOut,
    UndoScopeIn,
)
from bridgehead.desk import effects as desk
from bridgehead.ids import parse
from bridgehead.storage.queries_search import EffectFilters


async def listing(call: Call) -> EffectsOut:
    """Lists effects, unknown ones first."""
    asked = call.query(EffectsQuery)
    wanted = EffectFilters(
        asked.deployment, asked.tool, asked.state, None if asked.case is None else parse("C", asked.case)
    )
    return EffectsOut.model_validate(
        await desk.listing(call.app, call.actor, wanted, cursor=asked.cursor, limit=asked.limit)
    )


async def effect(call: Call) -> EffectWholeOut:
    """Shows one effect."""
    return EffectWholeOut.model_validate(await desk.effect(call.app, call.actor, call.number("effect")))


async def preview(call: Call) -> PreviewOut:
    """Says what an undo would do; writes nothing."""
    sent = call.body(UndoScopeIn)
    return PreviewOut.model_validate(await desk.preview(call.app, call.actor, _scope(sent), unchecked=sent.unchecked))


async def undo(call: Call) -> UndoOut:
    """Makes a plan of undoing."""
    sent = call.body(UndoIn)
    return UndoOut.model_validate(
        await desk.undo(
            call.app,
            call.actor,
            _scope(sent),
            reason=sent.reason,
            unchecked=sent.unchecked,
            expected=sent.expected,
        )
    )


async def plan(call: Call) -> UndoOut:
    """Shows how far a plan of undoing is."""
    return UndoOut.model_validate(await desk.plan(call.app, call.actor, call.number("undo")))


def _scope(sent: UndoScopeIn) -> desk.UndoScope:
    return desk.UndoScope(
        case=None if sent.case is None else parse("C", sent.case),
        tool=sent.tool,
        release=sent.release,
        effect=None if sent.effect is None else parse("E", sent.effect),
        deployment=sent.deployment,
        since=sent.since,
        until=sent.until,
    )


ROUTES: Final = (
    Route(
        "GET", "/effects", "listEffects", "read", "effects", "Effects, unknown ones first, then the newest", listing,
        EffectsOut, query=EffectsQuery,
    ),
    Route(
        "GET", "/effects/{effect}", "getEffect", "read", "effects", "One effect with all about it", effect,
        EffectWholeOut,
    ),
    Route(
        "POST", "/undos/preview", "previewUndo", "undo", "effects",
        "What an undo would do: reads the records back and changes nothing", preview, PreviewOut, body=UndoScopeIn,
    ),
    Route(
        "POST", "/undos", "undo", "undo", "effects",
        "Takes back what was done, the last effect first; a worker carries the plan out", undo, UndoOut, body=UndoIn,
        status=201,
    ),
    Route("GET", "/undos/{undo}", "getUndo", "read", "effects", "How far a plan of undoing is", plan, UndoOut),
)  # fmt: skip
