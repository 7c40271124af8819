"""Deployments, controls and who asks, over HTTP."""

from __future__ import annotations

from typing import Final, Literal

from bridgehead.api.declared import Call, Route
from bridgehead.api.models_desk import ControlsOut, LiftedOut, MeOut, StopIn, StoppedOut, TargetIn
from bridgehead.desk import controls as desk


async def me(call: Call) -> MeOut:
    """Says whom the token acts for."""
    actor = call.actor
    return MeOut(
        name=actor.name,
        roles=sorted(actor.roles),
        groups=sorted(actor.groups),
        rights=sorted(actor.rights),
        scopes=None if actor.scopes is None else sorted(actor.scopes),
    )


async def controls(call: Call) -> ControlsOut:
    """Lists what is stopped."""
    return ControlsOut.model_validate({"items": await desk.standing(call.app, call.actor)})


async def pause(call: Call) -> StoppedOut:
    """Pauses."""
    return await _stop(call, "pause")


async def kill(call: Call) -> StoppedOut:
    """Kills."""
    return await _stop(call, "kill")


async def _stop(call: Call, action: Literal["pause", "kill"]) -> StoppedOut:
    sent = call.body(StopIn)
    target = desk.Target(sent.deployment, sent.tool, sent.release, sent.everything, sent.even_unknown)
    return StoppedOut.model_validate(await desk.stop(call.app, call.actor, action, target, reason=sent.reason))


async def resume(call: Call) -> LiftedOut:
    """Lets go on."""
    sent = call.body(TargetIn)
    target = desk.Target(sent.deployment, sent.tool, sent.release, sent.everything)
    return LiftedOut.model_validate(await desk.lift(call.app, call.actor, target, reason=sent.reason))


ROUTES: Final = (
    Route("GET", "/me", "whoAmI", "read", "people", "Whom the token acts for, and what it may do", me, MeOut),
    Route("GET", "/controls", "listControls", "read", "controls", "What is stopped", controls, ControlsOut),
    Route(
        "POST", "/controls/pause", "pause", "operate", "controls",
        "Lets cases of a deployment wait, or calls of a tool: nothing is lost, and deadlines hold", pause, StoppedOut,
        body=StopIn,
    ),
    Route(
        "POST", "/controls/kill", "kill", "operate", "controls",
        "Stops a tool, whatever the rules allow; or a deployment or release, whose open cases go to a person", kill,
        StoppedOut, body=StopIn,
    ),
    Route(
        "POST", "/controls/resume", "resume", "operate", "controls", "Lets go on what was stopped under the same words",
        resume, LiftedOut, body=TargetIn,
    ),
)  # fmt: skip
