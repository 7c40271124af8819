"""``pause``, ``resume``, ``kill`` and ``controls``: what an operator stops, in force everywhere within a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, By, Once, person
from bridgehead.cli.output import clean, print_json, table, when

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.errors import UserError
    from bridgehead.storage.controls import Action, Control, Kind

Where = Annotated[
    str | None,
    typer.Argument(metavar="[DEPLOYMENT]", help="A deployment: its name or folder.", show_default=False),
]
OfTool = Annotated[str | None, typer.Option("--tool", metavar="TOOL", help="One tool, there or in every deployment.")]
OfRelease = Annotated[
    str | None,
    typer.Option("--release", metavar="RELEASE", help="The cases of one release: how its digest begins."),
]
Everything = Annotated[bool, typer.Option("--all", help="Every deployment.")]
Why = Annotated[str | None, typer.Option("--why", metavar="TEXT", help="Why; it is on the record.")]
Early = Annotated[
    bool,
    typer.Option(
        "--even-unknown", help="Also a tool that no release has had yet: it is stopped before its first call."
    ),
]
_LONGEST = 1_000
_NOW = {
    ("pause", "tool"): "cases that come to call it wait there, and their deadlines hold.",
    ("kill", "tool"): "every call of it is denied.",
    ("pause", ""): "no case is taken up, and one that runs is put aside before its next call. Deadlines hold.",
    ("kill", ""): "no case is taken up, and open ones go to a person with all they did.",
}


@dataclass(frozen=True, slots=True)
class _Named:
    """What the words of a call name."""

    deployment: str | None
    tool: str | None
    release: str | None
    everything: bool
    even_unknown: bool


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(cls=Once, epilog="Example: bridgehead pause orders --why 'stocktaking until noon'")(pause)
    app.command(cls=Once, epilog="Example: bridgehead resume orders --why 'stock is counted'")(resume)
    app.command(cls=Once, epilog="Example: bridgehead kill --tool send_mail --why 'it mailed a wrong price list'")(kill)
    app.command(epilog="Example: bridgehead controls --json")(controls)


def pause(
    deployment: Where = None,
    tool: OfTool = None,
    release: OfRelease = None,
    everything: Everything = False,
    even_unknown: Early = False,
    why: Why = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Let cases of a deployment wait, or calls of a tool: nothing is lost, and deadlines hold.

    In force at the next decision of every worker, within a second. What was under way at that
    moment comes to its end. 'bridgehead resume' lets it go on.
    """
    named = _Named(deployment, tool, release, everything, even_unknown)
    opening.run(_stop("pause", named, _said(why, "pause"), person(by), as_json=as_json))


def kill(
    deployment: Where = None,
    tool: OfTool = None,
    release: OfRelease = None,
    everything: Everything = False,
    even_unknown: Early = False,
    why: Why = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Stop a tool, whatever the rules allow; or a deployment or release, whose open cases go to a person.

    In force at the next decision of every worker, within a second. It adds a prohibition and
    changes no rule; 'bridgehead resume' takes it away. Cases that were handed over stay with people.
    """
    named = _Named(deployment, tool, release, everything, even_unknown)
    opening.run(_stop("kill", named, _said(why, "kill"), person(by), as_json=as_json))


def resume(
    deployment: Where = None,
    tool: OfTool = None,
    release: OfRelease = None,
    everything: Everything = False,
    why: Why = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Let go on what was paused or killed under the same words."""
    named = _Named(deployment, tool, release, everything, even_unknown=True)
    opening.run(_resume(named, (why or "").strip(), person(by), as_json=as_json))


def controls(as_json: AsJson = False) -> None:
    """List what is stopped: what, how, since when, by whom and why."""
    found = opening.run_list(_standing())
    if as_json:
        print_json([_as_json(one) for one in found])
        return
    rows = [(one.action, one.what, when(one.at), one.by, one.reason) for one in found]
    table(("how", "what", "since (UTC)", "by", "why"), rows, empty="Nothing is stopped.")


async def _standing() -> Sequence[Control]:
    async with opening.opened() as app:
        return await app.controls.standing()


def _as_json(one: Control) -> dict[str, object]:
    said = {"action": one.action, "kind": one.kind, "name": one.name, "deployment": one.deployment or None}
    return {**said, "what": one.what, "by": one.by, "reason": one.reason, "at": one.at}


async def _stop(action: Action, named: _Named, reason: str, by: str, *, as_json: bool) -> None:
    async with opening.opened(makes=True) as app:
        kind, name, where = await _meant(app, named)
        await _check_tool(app, named, where)
        changed = await app.controls.set(kind, name, action, by=by, reason=reason, deployment=where)
        standing = await app.controls.standing()
    (one,) = [each for each in standing if (each.kind, each.name, each.deployment) == (kind, name, where)]
    if as_json:
        said = {"action": one.action, "kind": kind, "name": name, "deployment": where or None, "changed": changed}
        print_json({**said, "by": one.by, "reason": one.reason, "at": one.at})
        return
    stopped = {"pause": "paused", "kill": "killed"}[one.action]
    if not changed:
        print(f"{clean(one.what)} is {stopped} already, by {clean(one.by)}: {clean(one.reason)}; nothing was changed.")
        return
    print(f"{clean(one.what)} is {stopped}, by {clean(by)}: {clean(reason)}")
    print(f"Within a second, in every worker: {_NOW[action, 'tool' if kind == 'tool' else '']}")
    others = _covering(standing, kind, name, where)
    for other in others:
        print(f"Besides: {clean(other.told)}.")
    if len({one.action, *(other.action for other in others)}) > 1:
        print("A kill counts, whatever is paused besides.")
    print("What is stopped: bridgehead controls")


async def _check_tool(app: App, named: _Named, where: str) -> None:
    """Raises UserError for a tool that no release has; it may be meant all the same, before it is first served."""
    from bridgehead.errors import UserError
    from bridgehead.spec.problem import nearest
    from bridgehead.storage.queries_names import tools

    if named.tool is None or named.even_unknown:
        return
    known = await tools(app.database, where)
    if named.tool in known:
        return
    close = nearest(named.tool, known)
    close += " " if close.endswith("?") else "; " if close else ""
    raise UserError(
        f"--tool {named.tool}: no release of {where or 'any deployment'} in this database has such a tool",
        code="control.tool",
        hint=f"{close}--even-unknown stops it before it is first served.",
    )


def _covering(standing: Sequence[Control], kind: Kind, name: str, where: str) -> list[Control]:
    """Returns what stops the same calls or cases besides, under other words."""
    same = (kind, name, where)
    return [one for one in standing if one.covers(kind, name, where) and (one.kind, one.name, one.deployment) != same]


async def _resume(named: _Named, reason: str, by: str, *, as_json: bool) -> None:
    from bridgehead.errors import UserError
    from bridgehead.spec.problem import nearest

    async with opening.opened() as app:
        kind, name, where = await _meant(app, named)
        was = await app.controls.lift(kind, name, by=by, reason=reason, deployment=where)
        left = await app.controls.standing()
    what = "everything" if kind == "all" else f"{kind} {name}" + (f" of {where}" if where else "")
    if was is None:
        also = f"What is: {', '.join(one.what for one in left)}." if left else "Nothing is."
        close = nearest(name, {one.name for one in left if one.kind == kind})
        also = f"{close} {also}" if close.startswith("did you mean") else also
        same = [f"'{one.lifted_by}'" for one in left if (one.kind, one.name) == (kind, name)]
        also = f"Under other words it is: {' or '.join(same)} lifts it." if same else also
        raise UserError(f"{what} is not stopped", code="control.none", hint=f"{also} 'bridgehead controls' says more.")
    others = _covering(left, kind, name, where)
    if as_json:
        said = {"kind": kind, "name": name, "deployment": where or None, "was": was, "by": by, "reason": reason}
        print_json({**said, "still_stopped_by": [one.what for one in others]})
        return
    lifted = "paused" if was == "pause" else "killed"
    if others:
        print(f"{clean(what)} is no longer {lifted} under these words, and stays stopped:")
        for one in others:
            print(f"  {clean(one.told)}.")
    else:
        print(f"{clean(what)} goes on; it was {lifted}.")
    if was == "kill" and kind != "tool":
        print("Cases that were handed over stay with people: bridgehead reviews")


async def _nothing_named(app: App, text: str) -> UserError:
    """Returns the error for a word that names no deployment; it may name a tool."""
    from bridgehead.errors import UserError
    from bridgehead.spec.problem import nearest
    from bridgehead.storage.queries_names import deployments, tools

    known = await tools(app.database, "")
    if text in known:
        told, hint = f"{text} is a tool, and no deployment", f"Write --tool {text}."
    else:
        near = nearest(text, [*await deployments(app.database, text), *known])
        told, hint = f"no deployment or tool is named {text}", near or "'bridgehead cases' shows what there is."
    return UserError(told, code="input.deployment", hint=hint)


async def _meant(app: App, given: _Named) -> tuple[Kind, str, str]:
    """Returns kind, name and deployment of what the words name; raises UserError for none or several."""
    from bridgehead.cli.options import deployment_name
    from bridgehead.errors import UserError
    from bridgehead.storage.queries_names import release_named

    deployment, tool, release = given.deployment, given.tool, given.release
    flags = [flag for flag, said in (("--tool", tool), ("--release", release), ("--all", given.everything)) if said]
    if len(flags) > 1 or (deployment is not None and (given.everything or release is not None)):
        raise UserError(
            f"{' and '.join([*(['DEPLOYMENT'] if deployment else []), *flags])} are two things",
            code="control.scope",
            hint="Name one: a deployment, --tool (of a deployment, or of all), --release, or --all.",
        )
    if given.everything:
        return "all", "", ""
    try:
        where = await deployment_name(app, deployment)
    except UserError as error:
        if error.code != "input.deployment" or deployment is None:
            raise
        raise await _nothing_named(app, deployment) from None
    if tool is not None and not tool.strip():
        raise UserError("--tool names nothing", code="control.scope", hint="Name the tool: --tool TOOL.")
    if tool is not None:
        return "tool", tool, where or ""
    if release is not None:
        return "release", await release_named(app.database, release), ""
    if where is None:
        raise UserError(
            "it is not said what is meant",
            code="control.scope",
            hint="Name a deployment, --tool TOOL, --release RELEASE, or --all.",
        )
    return "deployment", where, ""


def _said(reason: str | None, verb: str) -> str:
    from bridgehead.errors import UserError

    if reason is None or not reason.strip():
        raise UserError(f"a {verb} needs a reason", code="input.why", hint="Say it with --why TEXT.")
    if len(reason) > _LONGEST:
        raise UserError(f"the reason is longer than {_LONGEST} characters", code="input.why", hint="Say it in a line.")
    return reason.strip()
