"""``undo``: takes back what the agent did, after showing what it comes to; what stands goes to a person."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, By, deployment_name, person
from bridgehead.cli.output import brief, clean, note, print_json, table, when

if TYPE_CHECKING:
    from bridgehead.app import App, LoadedDeployment
    from bridgehead.cases.undo_ports import Done, Scope, UndoPlan
    from bridgehead.cases.undoing import Undoing
    from bridgehead.effects.undoing import Left

_OTHERS_S: Final = 120.0
"""How long somebody else who carries the plan out is waited for."""
_EXPECTED: Final = frozenset({"irreversible", "no_undo"})


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: bridgehead undo --case C-17 --dry-run")(undo)


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
    from bridgehead.errors import UserError

    who = person(by)
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
            case, release, tool, deployment, since, (why or "").strip(), who, unchecked, yes, dry_run, as_json
        )
        code = opening.run(_undo(asked))
    if code:
        raise typer.Exit(code)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line says."""

    case: str | None
    release: str | None
    tool: str | None
    deployment: str | None
    since: str | None
    why: str
    by: str
    unchecked: bool
    yes: bool
    dry_run: bool
    as_json: bool

    @property
    def words(self) -> str:
        """The scope, as it was asked for."""
        named = (
            ("--case", self.case), ("--release", self.release), ("--tool", self.tool), ("--since", self.since),
            ("--deployment", self.deployment),
        )  # fmt: skip
        return " ".join(f"{flag} {value}" for flag, value in named if value is not None)


@dataclass(frozen=True, slots=True)
class _Foreseen:
    """One effect of the scope, and why it would not be undone (None: it would)."""

    done: Done
    why: Left | None
    told: str
    under: int | None


async def _undo(asked: _Asked) -> int:
    from bridgehead.ids import show

    async with opening.opened() as app:
        scope = await _scope(app, asked)
        loaded = _code(scope.deployment, asked.deployment)
        undoing = None if loaded is None else app.undoing(loaded)
        found = await _foresee(app, scope, undoing, asked)
        going = [one for one in found if one.why is None and one.under is None]
        if not asked.as_json or asked.dry_run:
            _show(found, scope, asked, here=undoing is not None)
        if asked.dry_run:
            return 0
        if not going:
            if asked.as_json:
                print_json(_as_json(found, scope, None))
            else:
                print("Nothing can be undone; nothing was changed.")
            return 1 if any(one.under is None for one in found) else 0
        _confirm(len(going), asked)
        await _fence(app, going, loaded)
        number = await _make(app, scope, undoing, asked)
        if number is None:
            print("Somebody else has taken all of it up: see 'bridgehead undo --resume'.")
            return 1
        name = show("U", number)
        note(f"{name} is planned; if this is cut short, 'bridgehead undo --resume {name}' or a worker finishes it.")
        return await _carry_out(app, number, undoing, as_json=asked.as_json)


async def _scope(app: App, asked: _Asked) -> Scope:
    from bridgehead.cases.undo_ports import Scope
    from bridgehead.ids import parse
    from bridgehead.storage.queries_names import release_named
    from bridgehead.storage.undo_scope import deployment_of

    case_id = None if asked.case is None else parse("C", asked.case)
    release = None if asked.release is None else await release_named(app.database, asked.release)
    name = await deployment_name(app, asked.deployment)
    if name is None:
        name = await deployment_of(app.database, case_id=case_id, release=release, tool=asked.tool)
    return Scope(
        deployment=name, case_id=case_id, release=release, tool=asked.tool, since_s=_since_s(asked.since),
        words=asked.words,
    )  # fmt: skip


def _since_s(text: str | None) -> float | None:
    """Returns the seconds since a moment: given as a duration, or as a date and time (UTC if it has no zone)."""
    from bridgehead.clock import utc_now
    from bridgehead.errors import UserError
    from bridgehead.spec.tool import parse_duration

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            return parse_duration(text)
        except UserError as error:
            raise UserError(
                f"--since {text}: neither a time nor how long ago", code="input.since",
                hint="Write it like 2h, 14d, 2026-03-01 or 2026-03-01T09:00.",
            ) from error  # fmt: skip
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, (utc_now() - moment).total_seconds())


def _code(name: str, given: str | None) -> LoadedDeployment | None:
    """Returns the deployment with its code, from the folder that was named or one at hand; None: a worker has it."""
    places = [] if given is None else [Path(given)]
    places += [Path(), Path(name), *sorted(path.parent for path in Path().glob("*/bridgehead.yaml"))]
    for place in places:
        if (place.is_file() or (place / "bridgehead.yaml").is_file()) and opening.load_spec(place).name == name:
            return opening.load(place)
    return None


async def _foresee(app: App, scope: Scope, undoing: Undoing | None, asked: _Asked) -> list[_Foreseen]:
    from bridgehead.effects.undoing import hindrance
    from bridgehead.spec.tool import Tool

    found: list[_Foreseen] = []
    for done in await app.undos.effects(scope):
        if done.state == "undone" or done.under is not None:
            found.append(_Foreseen(done, None, "", done.under or 0))
        elif undoing is not None:
            why, told = await undoing.foreseen(done, by=asked.by, unchecked=asked.unchecked)
            found.append(_Foreseen(done, why, told, None))
        else:
            named = done.then.get("key")
            then = Tool(
                done.tool, "reversible", key=tuple(map(str, named)) if isinstance(named, list) else None,
                has_undo=bool(done.then.get("has_undo")),
            )  # fmt: skip
            found.append(_Foreseen(done, hindrance(done.state, done.then, then), "", None))
    return found


def _confirm(count: int, asked: _Asked) -> None:
    from bridgehead.errors import UserError

    if asked.yes:
        return
    if not sys.stdin.isatty():
        raise UserError("nobody is there to confirm it", code="undo.confirm", hint="Look at --dry-run, then say --yes.")
    if not typer.confirm(f"Undo {count} {'effect' if count == 1 else 'effects'}?", err=True):
        raise typer.Abort


async def _fence(app: App, going: Sequence[_Foreseen], loaded: LoadedDeployment | None) -> None:
    """Hands the cases that are still under way to a person, so that none of them acts while it is undone."""
    from bridgehead.engine.worker import serving_of
    from bridgehead.errors import UserError
    from bridgehead.ids import show

    cases = sorted({one.done.case_id for one in going if one.done.case_state not in ("done", "with_person")})
    if cases and loaded is None:
        raise UserError(
            f"{', '.join(show('C', one) for one in cases[:5])} is still under way",
            code="undo.open",
            hint="Name the deployment's folder with --deployment, so that it can be handed to a person first.",
        )
    for case_id in cases:
        if loaded is not None:
            serving = serving_of(loaded.deployment, loaded.release.digest)
            await app.workers.hand_over(case_id, serving, "policy_denied", "An operator undoes what it did.")


async def _make(app: App, scope: Scope, undoing: Undoing | None, asked: _Asked) -> int | None:
    """Makes the plan from the effects as they stand once no case of it acts any more."""
    chosen = [
        (done, None if undoing is None else undoing.hindrance(done))
        for done in await app.undos.effects(scope)
        if done.state != "undone" and done.under is None
    ]
    return await app.undos.make(scope, chosen, by=asked.by, reason=asked.why, unchecked=asked.unchecked)


async def _resume(text: str, deployment: str | None, *, as_json: bool) -> int:
    from bridgehead.ids import parse

    async with opening.opened() as app:
        number = parse("U", text)
        plan = await app.undos.plan(number)
        loaded = _code(plan.deployment, deployment)
        undoing = None if loaded is None else app.undoing(loaded)
        return await _carry_out(app, number, undoing, as_json=as_json)


async def _carry_out(app: App, number: int, undoing: Undoing | None, *, as_json: bool) -> int:
    """Carries a plan out, or waits for a worker that does, and tells how it ended."""
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
    if as_json:
        print_json(_plan_json(plan))
    else:
        _tell(plan)
    return int(plan.finished_at is None or any(i.state == "left" and i.why not in _EXPECTED for i in plan.items))


def _show(found: Sequence[_Foreseen], scope: Scope, asked: _Asked, *, here: bool) -> None:
    """Prints what would be undone and what it comes to."""
    if asked.as_json:
        print_json(_as_json(found, scope, None))
        return
    rows = [
        (
            f"E-{one.done.effect_id}",
            f"C-{one.done.case_id}",
            one.done.tool,
            _what(one.done),
            when(one.done.at),
            _fate(one),
        )
        for one in found
    ]
    table(("effect", "case", "tool", "what", "done", "undo"), rows, empty="No effect is in this scope.")
    going = [one for one in found if one.why is None and one.under is None]
    money, costs = _sums(going)
    print()
    cases = len({one.done.case_id for one in going})
    print(f"{len(going)} of {len(found)} effects, of {cases} {'case' if cases == 1 else 'cases'}, can be undone.")
    if money:
        print(f"They are about {', '.join(f'{amount} {unit}' for unit, amount in money.items())}.")
    if costs:
        print(f"Undoing them costs {', '.join(f'{amount} {unit}' for unit, amount in costs.items())}.")
    under_way = sorted({one.done.case_id for one in going if one.done.case_state not in ("done", "with_person")})
    if under_way:
        names = ", ".join(f"C-{one}" for one in under_way[:10])
        print(f"Still under way, and handed to a person first: {names}{' …' if len(under_way) > 10 else ''}.")  # noqa: PLR2004  # a line
    if not here:
        print(f"The code of {scope.deployment} is not here: nothing was read back, and a worker that serves it undoes.")


def _fate(one: _Foreseen) -> str:
    from bridgehead.effects.undoing import WHY

    if one.done.state == "undone":
        return "undone already" + (f", by U-{one.under}" if one.under else "")
    if one.under is not None:
        return f"taken up by U-{one.under}"
    if one.why is None:
        return "yes"
    return f"no: {WHY[one.why]}" + (f" {brief(one.told, 120)}" if one.told else "")


def _what(done: Done) -> str:
    """Returns what an effect is about: the arguments of its key."""
    from bridgehead.effects.keys import path_value

    named = done.then.get("key")
    if not isinstance(named, list):
        return brief(dict(done.args), 80)
    return brief({str(path): path_value(done.args, str(path)) for path in named}, 80)


def _sums(going: Sequence[_Foreseen]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Returns the money that effects are about, and the price of undoing them, by currency or argument."""
    from bridgehead.effects.undoing import amounts
    from bridgehead.gate.unattended import compared
    from bridgehead.money import Money

    money: dict[str, Decimal] = defaultdict(Decimal)
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for one in going:
        done = one.done
        for unit, amount in amounts(done.rule, compared(done.rule), done.args).items():
            money[unit] += amount
        price = done.then.get("cost")
        if isinstance(price, str):
            cost = Money.parse(price)
            costs[cost.currency] += cost.amount
    return money, costs


def _as_json(found: Sequence[_Foreseen], scope: Scope, undo_id: int | None) -> dict[str, object]:
    money, costs = _sums([one for one in found if one.why is None and one.under is None])
    return {
        "undo": undo_id,
        "deployment": scope.deployment,
        "scope": scope.words,
        "money": money,
        "cost": costs,
        "effects": [
            {
                **_effect_json(one.done),
                "can_be_undone": one.why is None and one.under is None,
                "why": one.why,
                "told": one.told or None,
                "undo": None if not one.under else f"U-{one.under}",
            }
            for one in found
        ],
    }


def _effect_json(done: Done) -> dict[str, object]:
    return {
        "effect": f"E-{done.effect_id}",
        "case": f"C-{done.case_id}",
        "case_state": done.case_state,
        "tool": done.tool,
        "state": done.state,
        "args": done.args,
        "result": done.result,
        "at": done.at,
    }


def _plan_json(plan: UndoPlan) -> dict[str, object]:
    return {
        "undo": f"U-{plan.id}",
        "deployment": plan.deployment,
        "scope": plan.scope,
        "by": plan.by,
        "why": plan.reason,
        "finished_at": plan.finished_at,
        "counts": _counts(plan),
        "effects": [
            {
                **_effect_json(item.done),
                "undo_state": item.state,
                "why": item.why or None,
                "told": item.detail,
                "attempts": item.attempt,
                "review": None if item.review_id is None else f"R-{item.review_id}",
            }
            for item in plan.items
        ],
    }


def _counts(plan: UndoPlan) -> Mapping[str, int]:
    return Counter(item.state for item in plan.items)


def _tell(plan: UndoPlan) -> None:
    """Prints how a plan ended."""
    from bridgehead.effects.undoing import WHY

    rows = [
        (
            f"E-{item.done.effect_id}", f"C-{item.done.case_id}", item.done.tool, _what(item.done),
            "undone" if item.state == "undone" else f"{item.state}: {WHY.get(item.why, item.why)}",  # type: ignore[call-overload]  # a word of WHY
            "" if item.review_id is None else f"R-{item.review_id}",
        )
        for item in plan.items
    ]  # fmt: skip
    print(f"\nU-{plan.id}, by {clean(plan.by)}: {clean(plan.reason)}")
    table(("effect", "case", "tool", "what", "became", "review"), rows, empty="The plan is empty.")
    counts = _counts(plan)
    print(f"\n{counts.get('undone', 0)} undone, {counts.get('left', 0)} left to people.")
