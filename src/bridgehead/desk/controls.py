"""What operators stop and let go on, by names: in force at the next decision of every worker, within a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bridgehead.auth.actor import Actor
from bridgehead.errors import UserError
from bridgehead.spec.problem import nearest
from bridgehead.storage.controls import Action, Control, Kind
from bridgehead.storage.queries_names import deployments, release_named, tools

if TYPE_CHECKING:
    from bridgehead.app import App

_LONGEST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Target:
    """What is stopped: a deployment, a tool (of one deployment, or of all), a release, or everything.

    ``even_unknown``: also a tool that no release has had yet; it is stopped before its first call.
    """

    deployment: str | None = None
    tool: str | None = None
    release: str | None = None
    everything: bool = False
    even_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Stopped:
    """A stop as it stands. ``changed``: it was not in force before, under these words."""

    control: Control
    changed: bool


@dataclass(frozen=True, slots=True)
class Lifted:
    """What was let go on, how it had been stopped, and what stops the same calls or cases besides."""

    kind: Kind
    name: str
    deployment: str
    was: Action
    still: tuple[str, ...]


async def standing(app: App, actor: Actor) -> Sequence[Control]:
    """Returns what is stopped."""
    actor.need("read")
    return await app.controls.standing()


async def stop(app: App, actor: Actor, action: Action, target: Target, *, reason: str) -> Stopped:
    """Pauses or kills what is named.

    Raises UserError (``control.scope``, ``control.tool``, ``input.deployment``, ``input.release``, ``input.why``).
    """
    actor.need("operate")
    kind, name, where = await _meant(app, target)
    why = _said(reason, action)
    if kind == "tool" and not target.even_unknown and name not in (known := await tools(app.database, where)):
        raise UserError(
            f"no release of {where or 'any deployment'} in this database has a tool {name}",
            code="control.tool",
            hint=nearest(name, known) or "even_unknown stops it before it is first served.",
        )
    changed = await app.controls.set(kind, name, action, by=actor.name, reason=why, deployment=where)
    (found,) = [
        one for one in await app.controls.standing() if (one.kind, one.name, one.deployment) == (kind, name, where)
    ]
    return Stopped(found, changed)


async def lift(app: App, actor: Actor, target: Target, *, reason: str) -> Lifted:
    """Lets go on what was stopped under the same words; raises UserError (``control.none``) where nothing was."""
    actor.need("operate")
    kind, name, where = await _meant(app, target)
    was = await app.controls.lift(kind, name, by=actor.name, reason=_said(reason, "resume"), deployment=where)
    left = await app.controls.standing()
    if was is None:
        raise UserError(
            f"{_words(kind, name, where)} is not stopped under these words",
            code="control.none",
            hint=f"What is: {', '.join(one.what for one in left)}." if left else "Nothing is stopped.",
        )
    return Lifted(kind, name, where, was, tuple(one.what for one in left if one.covers(kind, name, where)))


async def _meant(app: App, target: Target) -> tuple[Kind, str, str]:
    tool = (target.tool or "").strip()
    named = [bool(tool), target.release is not None, target.everything]
    if sum(named) > 1 or (target.deployment is not None and (target.release is not None or target.everything)):
        raise UserError(
            "two things are named",
            code="control.scope",
            hint="Name a deployment, a tool (of a deployment, or of all), a release, or everything.",
        )
    if target.everything:
        return "all", "", ""
    if target.deployment is not None and target.deployment not in app.loaded:
        known = await deployments(app.database, target.deployment)
        if target.deployment not in known:
            raise UserError(
                f"there is no deployment {target.deployment!r} in this database",
                code="input.deployment",
                hint=nearest(target.deployment, known) or "Nothing was submitted or served yet.",
            )
    if tool:
        return "tool", tool, target.deployment or ""
    if target.release is not None:
        return "release", await release_named(app.database, target.release), ""
    if target.deployment is None:
        raise UserError(
            "it is not said what is meant",
            code="control.scope",
            hint="Name a deployment, a tool, a release, or everything.",
        )
    return "deployment", target.deployment, ""


def _words(kind: Kind, name: str, where: str) -> str:
    return "everything" if kind == "all" else f"{kind} {name}" + (f" of {where}" if where else "")


def _said(reason: str, verb: str) -> str:
    said = reason.strip()
    if not said or len(said) > _LONGEST:
        raise UserError(
            f"a {verb} needs a reason of at most {_LONGEST} characters", code="input.why", hint="Say why, in a line."
        )
    return said
