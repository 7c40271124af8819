"""``pause``, ``resume``, ``kill`` and ``controls``: what an operator stops, in force everywhere within a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, By, person
from bridgehead.cli.output import clean, print_json, table, when

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.storage.controls import Action, Kind

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
Why = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; it is on the record.")]
_NOW = {
    ("pause", "tool"): "cases that come to call it wait there, and their deadlines hold.",
    ("kill", "tool"): "every call of it is denied.",
    ("pause", ""): "no case is taken up, and one that runs is put aside before its next call. Deadlines hold.",
    ("kill", ""): "no case is taken up, and open ones go to a person with all they did.",
}


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(epilog="Example: bridgehead pause orders --reason 'stocktaking until noon'")(pause)
    app.command(epilog="Example: bridgehead resume orders --reason 'stock is counted'")(resume)
    app.command(epilog="Example: bridgehead kill --tool send_mail --reason 'it mailed a wrong price list'")(kill)
    app.command(epilog="Example: bridgehead controls --json")(controls)


def pause(
    deployment: Where = None,
    tool: OfTool = None,
    release: OfRelease = None,
    everything: Everything = False,
    reason: Why = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Let cases of a deployment wait, or calls of a tool: nothing is lost, and deadlines hold.

    In force at the next decision of every worker, within a second. What was under way at that
    moment comes to its end. 'bridgehead resume' lets it go on.
    """
    opening.run(_stop("pause", deployment, tool, release, everything, _said(reason, "pause"), person(by), as_json))


def kill(
    deployment: Where = None,
    tool: OfTool = None,
    release: OfRelease = None,
    everything: Everything = False,
    reason: Why = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Stop a tool, whatever the rules allow; or a deployment or release, whose open cases go to a person.

    In force at the next decision of every worker, within a second. It adds a prohibition and
    changes no rule; 'bridgehead resume' takes it away. Cases that were handed over stay with people.
    """
    opening.run(_stop("kill", deployment, tool, release, everything, _said(reason, "kill"), person(by), as_json))


def resume(
    deployment: Where = None,
    tool: OfTool = None,
    release: OfRelease = None,
    everything: Everything = False,
    reason: Why = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Let go on what was paused or killed under the same words."""
    opening.run(_resume(deployment, tool, release, everything, (reason or "").strip(), person(by), as_json))


def controls(as_json: AsJson = False) -> None:
    """List what is stopped: what, how, since when, by whom and why."""
    found = opening.run_list(_standing())
    if as_json:
        print_json(found)
        return
    rows = [
        (str(one["action"]), str(one["what"]), str(one["since"]), str(one["by"]), str(one["reason"])) for one in found
    ]
    table(("how", "what", "since", "by", "why"), rows, empty="Nothing is stopped.")


async def _standing() -> list[dict[str, object]]:
    async with opening.opened() as app:
        return [
            {
                "action": one.action,
                "kind": one.kind,
                "name": one.name,
                "deployment": one.deployment or None,
                "what": one.what,
                "by": one.by,
                "reason": one.reason,
                "at": one.at,
                "since": when(one.at),
            }
            for one in await app.controls.standing()
        ]


async def _stop(
    action: Action,
    deployment: str | None,
    tool: str | None,
    release: str | None,
    everything: bool,
    reason: str,
    by: str,
    as_json: bool,
) -> None:
    async with opening.opened(makes=True) as app:
        kind, name, where = await _meant(app, deployment, tool, release, everything=everything)
        changed = await app.controls.set(kind, name, action, by=by, reason=reason, deployment=where)
        (one,) = [
            one for one in await app.controls.standing() if (one.kind, one.name, one.deployment) == (kind, name, where)
        ]
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
    print("What is stopped: bridgehead controls")


async def _resume(
    deployment: str | None,
    tool: str | None,
    release: str | None,
    everything: bool,
    reason: str,
    by: str,
    as_json: bool,
) -> None:
    from bridgehead.errors import UserError

    async with opening.opened() as app:
        kind, name, where = await _meant(app, deployment, tool, release, everything=everything)
        was = await app.controls.lift(kind, name, by=by, reason=reason, deployment=where)
        left = await app.controls.standing()
    what = "everything" if kind == "all" else f"{kind} {name}" + (f" of {where}" if where else "")
    if was is None:
        also = f"What is: {', '.join(one.what for one in left)}." if left else "Nothing is."
        raise UserError(f"{what} is not stopped", code="control.none", hint=f"{also} 'bridgehead controls' says more.")
    if as_json:
        print_json({"kind": kind, "name": name, "deployment": where or None, "was": was, "by": by, "reason": reason})
        return
    print(f"{clean(what)} goes on; it was {'paused' if was == 'pause' else 'killed'}.")
    if was == "kill" and kind != "tool":
        print("Cases that were handed over stay with people: bridgehead reviews")


async def _meant(
    app: App, deployment: str | None, tool: str | None, release: str | None, *, everything: bool
) -> tuple[Kind, str, str]:
    """Returns kind, name and deployment of what the words name; raises UserError for none or several."""
    from bridgehead.cli.options import deployment_name
    from bridgehead.errors import UserError
    from bridgehead.storage.queries_names import release_named

    named = [flag for flag, given in (("--tool", tool), ("--release", release), ("--all", everything)) if given]
    if len(named) > 1 or (deployment is not None and (everything or release is not None)):
        raise UserError(
            f"{' and '.join([*(['DEPLOYMENT'] if deployment else []), *named])} are two things",
            code="control.scope",
            hint="Name one: a deployment, --tool (of a deployment, or of all), --release, or --all.",
        )
    if everything:
        return "all", "", ""
    where = await deployment_name(app, deployment)
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
        raise UserError(f"a {verb} needs a reason", code="input.why", hint="Say it with --reason TEXT.")
    return reason.strip()
