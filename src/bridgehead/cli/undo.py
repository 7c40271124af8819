"""``undo``: takes back what the agent did, after showing what it comes to; what stands goes to a person."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bridgehead.auth.people import check_decider
from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, By, Once, deployment_name, person
from bridgehead.cli.output import clean, note, print_json
from bridgehead.cli.undo_telling import as_json as shown_json
from bridgehead.cli.undo_telling import plan_json, show, tell

if TYPE_CHECKING:
    from bridgehead.app import App, LoadedDeployment
    from bridgehead.cases.foreseeing import Foreseen
    from bridgehead.cases.undo_ports import Scope
    from bridgehead.cases.undoing import Undoing

_OTHERS_S: Final = 120.0
"""How long somebody else who carries the plan out is waited for."""
_FILE: Final = "bridgehead.yaml"
_EXPECTED: Final = frozenset({"irreversible", "no_undo"})


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(cls=Once, epilog="Example: bridgehead undo --case C-17 --dry-run")(undo)


def undo(
    case: Annotated[str | None, typer.Option("--case", metavar="C-17", help="What one case did.")] = None,
    release: Annotated[
        str | None, typer.Option("--release", metavar="RELEASE", help="What one release did: how its digest begins.")
    ] = None,
    tool: Annotated[str | None, typer.Option("--tool", metavar="TOOL", help="What one tool did.")] = None,
    deployment: Annotated[
        str | None,
        typer.Option("--deployment", metavar="NAME", help="What this deployment did; a folder also brings the code."),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Only what was done since: 2h, 14d, 2026-03-01T09:00.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="WHEN", help="Only what was done until then; written like --since.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be undone, and undo nothing.")] = False,
    why: Annotated[str | None, typer.Option("--why", metavar="TEXT", help="The reason; it is on the record.")] = None,
    by: By = None,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Also undo what nobody can read back: a change since would be lost.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="U-3", help="Finish a plan that was begun, or show how it ended.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take back what the agent did, the last effect first.

    Shows what would be undone, how much money it is about, and what cannot be undone and why. A record
    that somebody changed since is not touched: it is left to a person, in a review. Cases that
    are still under way are handed to a person first. Each undo is decided by the rules, made
    once, and on the record of its case.
    """
    from bridgehead.clock import boot_s
    from bridgehead.errors import UserError

    began_s = boot_s()
    who = person(by)
    if resume is not None and (case or release or tool or since or until or dry_run):
        raise UserError(
            "a plan that was begun has its scope",
            code="undo.scope",
            hint="Say --resume alone, or --deployment with it.",
        )
    if resume is not None:
        code = opening.run(_resume(resume, deployment, as_json=as_json))
    else:
        if not (case or release or tool or deployment):
            raise UserError(
                "it is not said what is to be undone",
                code="undo.scope",
                hint="Name --case, --release, --tool or --deployment; --since narrows it down.",
            )
        if not dry_run and not (why or "").strip():
            raise UserError("an undo needs a reason", code="input.why", hint="Say it with --why TEXT.")
        asked = _Asked(
            case,
            release,
            tool,
            deployment,
            _moment("--since", since),
            _moment("--until", until),
            began_s,
            (why or "").strip(),
            who,
            by is not None,
            unchecked,
            yes,
            dry_run,
            as_json,
        )
        code = opening.run(_undo(asked))
    if code:
        raise typer.Exit(code)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line says. A moment is given, or so many seconds before ``began_s``, by the boot clock.

    ``named``: ``by`` was said, and is not who is signed in to this machine.
    """

    case: str | None
    release: str | None
    tool: str | None
    deployment: str | None
    since: datetime | float | None
    until: datetime | float | None
    began_s: float
    why: str
    by: str
    named: bool
    unchecked: bool
    yes: bool
    dry_run: bool
    as_json: bool

    def words(self, since: datetime | None, until: datetime | None) -> str:
        """The scope as it can be asked for again: with moments in the place of durations."""
        named = (
            ("--case", self.case), ("--release", self.release), ("--tool", self.tool),
            ("--since", _written(since)), ("--until", _written(until)), ("--deployment", self.deployment),
        )  # fmt: skip
        return " ".join(f"{flag} {shlex.quote(value)}" for flag, value in named if value is not None)


async def _undo(asked: _Asked) -> int:
    from bridgehead.cases.foreseeing import foresee
    from bridgehead.ids import show as numbered

    async with opening.opened() as app:
        scope = await _scope(app, asked)
        loaded = _code(scope.deployment, asked.deployment)
        undoing = None if loaded is None else app.undoing(loaded)
        if not asked.dry_run:
            roles = () if loaded is None else loaded.deployment.roles.values()
            await check_decider(app.users, asked.by, roles, "this undo")
        found = await foresee(await app.undos.effects(scope), undoing, by=asked.by, unchecked=asked.unchecked)
        going = [one for one in found if one.going]
        if asked.as_json and (asked.dry_run or not going):
            print_json(shown_json(found, scope, None))
        elif not asked.as_json:
            show(found, scope, here=undoing is not None)
        if asked.dry_run:
            if going and not asked.as_json:
                _tell_how(asked, scope, here=undoing is not None)
            return 0
        if not going:
            if not asked.as_json:
                print("Nothing can be undone; nothing was changed.")
            begun = sorted({one.under for one in found if one.under and one.done.state != "undone"})
            for plan in begun:
                name = numbered("U", plan)
                note(f"{name} has taken it up and is not finished: 'bridgehead undo --resume {name}' finishes it.")
            return 1 if begun or any(one.under is None for one in found) else 0
        _confirm(len(going), asked)
        await _fence(app, going, loaded)
        number = await _make(app, scope, undoing, asked, found)
        if number is None:
            print("Somebody else has taken all of it up: see 'bridgehead undo --resume'.")
            return 1
        name = numbered("U", number)
        note(f"{name} is planned; if this is cut short, 'bridgehead undo --resume {name}' or a worker finishes it.")
        return await _carry_out(app, number, undoing, found, as_json=asked.as_json)


def _tell_how(asked: _Asked, scope: Scope, *, here: bool) -> None:
    """Prints the command that undoes what was shown: what is done from now on is not in its scope."""
    words = scope.words if here else replace(asked, deployment="FOLDER").words(scope.since, scope.until)
    who = f" --by {clean(shlex.quote(asked.by))}" if asked.named else ""  # the rules decide by it
    more = f"{who}{' --unchecked' if asked.unchecked else ''} --why …"
    print(f"\nTo undo this, and nothing that was done since:\n  bridgehead undo {clean(words)}{more}")


async def _scope(app: App, asked: _Asked) -> Scope:
    from bridgehead import clock
    from bridgehead.cases.undo_ports import Scope
    from bridgehead.ids import parse
    from bridgehead.storage.queries_names import release_named
    from bridgehead.storage.undo_scope import deployment_of, moment

    case_id = None if asked.case is None else parse("C", asked.case)
    release = None if asked.release is None else await release_named(app.database, asked.release)
    name = await deployment_name(app, asked.deployment)
    if name is None:
        name = await deployment_of(app.database, case_id=case_id, release=release, tool=asked.tool)
    shown_at = await moment(app.database, 0.0)
    before_s = clock.boot_s() - asked.began_s
    since, until = (
        shown_at - timedelta(seconds=before_s + one) if isinstance(one, float) else one
        for one in (asked.since, asked.until)
    )
    if until is None and asked.dry_run:  # so that the same scope can be asked for again
        until = shown_at
    words = asked.words(since, until)
    return Scope(name, case_id, release, asked.tool, since, until, words)


def _moment(flag: str, text: str | None) -> datetime | float | None:
    """Returns a moment, given as a date and time (UTC if it has no zone), or how many seconds ago it was."""
    from bridgehead.errors import UserError
    from bridgehead.spec.tool import parse_duration

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            return float(parse_duration(text))
        except UserError as error:
            raise UserError(
                f"{flag} {text}: neither a time nor how long ago", code="input.since",
                hint="Write it like 2h, 14d, 2026-03-01 or 2026-03-01T09:00.",
            ) from error  # fmt: skip
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _code(name: str, given: str | None) -> LoadedDeployment | None:
    """Returns the deployment with its code, from the folder that was named or this one; None: a worker has it.

    Code of no other folder is run: a folder below this one may be anybody's. A file here that cannot be read is told
    by its path and stands in no undo's way; of a folder that was named, it raises UserError.
    """
    from bridgehead.errors import UserError

    if given is not None and (Path(given).is_file() or (Path(given) / _FILE).is_file()):
        return opening.load(Path(given))
    if not Path(_FILE).is_file():
        return None
    try:
        found = opening.load_spec(Path())
    except UserError as error:
        note(f"{clean(str(Path(_FILE).absolute()))} cannot be read and is left aside: {clean(error.message)}")
        return None
    return opening.load(Path()) if found.name == name else None


def _confirm(count: int, asked: _Asked) -> None:
    from bridgehead.errors import UserError

    if asked.yes:
        return
    if not sys.stdin.isatty():
        raise UserError("nobody is there to confirm it", code="undo.confirm", hint="Look at --dry-run, then say --yes.")
    if not typer.confirm(f"Undo {count} {'effect' if count == 1 else 'effects'}?", err=True):
        raise typer.Abort


async def _fence(app: App, going: Sequence[Foreseen], loaded: LoadedDeployment | None) -> None:
    """Hands the cases that are still under way to a person, so that none of them acts while it is undone."""
    from bridgehead.engine.worker import serving_of
    from bridgehead.errors import UserError
    from bridgehead.ids import show

    cases = sorted({one.done.case_id for one in going if one.done.case_state not in ("done", "with_person")})
    if cases and loaded is None:
        raise UserError(
            f"{', '.join(show('C', one) for one in cases[:5])} is still under way",
            code="undo.open",
            hint="Go to the deployment's folder (cd), or name it with --deployment FOLDER, so that it can be handed"
            " to a person first.",
        )
    for case_id in cases:
        if loaded is not None:
            serving = serving_of(loaded.deployment, loaded.release.digest)
            await app.workers.hand_over(case_id, serving, "policy_denied", "An operator undoes what it did.")


async def _make(
    app: App, scope: Scope, undoing: Undoing | None, asked: _Asked, found: Sequence[Foreseen]
) -> int | None:
    """Makes the plan from the effects as they stand once no case of it acts any more.

    It is about what was shown, and what those cases did until they were fenced: of anything else nobody has seen it,
    and its case may still act.
    """
    shown = {one.done.effect_id for one in found}
    fenced = {one.done.case_id for one in found if one.going}
    chosen = [
        (done, None if undoing is None else undoing.hindrance(done))
        for done in await app.undos.effects(scope)
        if done.state != "undone" and done.under is None and (done.effect_id in shown or done.case_id in fenced)
    ]
    return await app.undos.make(scope, chosen, by=asked.by, reason=asked.why, unchecked=asked.unchecked)


async def _resume(text: str, deployment: str | None, *, as_json: bool) -> int:
    from bridgehead.ids import parse

    async with opening.opened() as app:
        number = parse("U", text)
        plan = await app.undos.plan(number)
        loaded = _code(plan.deployment, deployment)
        undoing = None if loaded is None else app.undoing(loaded)
        return await _carry_out(app, number, undoing, None, as_json=as_json)


async def _carry_out(
    app: App, number: int, undoing: Undoing | None, found: Sequence[Foreseen] | None, *, as_json: bool
) -> int:
    """Carries a plan out, or waits for a worker that does, and tells how it ended and where not as was shown."""
    from bridgehead.cases.foreseeing import differences
    from bridgehead.clock import boot_s
    from bridgehead.ids import show

    ends = boot_s() + _OTHERS_S
    told = False
    while (plan := await app.undos.plan(number)).finished_at is None:
        if undoing is not None and await undoing.run(number):
            continue
        if not told:
            note(f"{show('U', number)} is carried out by a worker that serves {plan.deployment}; waiting for it.")
            told = True
        if boot_s() > ends:
            note(f"It is not finished yet: 'bridgehead undo --resume {show('U', number)}' shows and finishes it.")
            break
        await asyncio.sleep(0.2)
    differs = [] if found is None else differences(found, plan)
    if as_json:
        print_json(plan_json(plan, differs))
    else:
        tell(plan, differs)
    return int(plan.finished_at is None or any(i.state == "left" and i.why not in _EXPECTED for i in plan.items))
