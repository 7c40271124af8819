"""Effects for people: those that nobody knows the end of first, one with all about it, and how they are taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bridgehead.auth.actor import Actor
from bridgehead.cases.foreseeing import Foreseen, foresee
from bridgehead.cases.undo_ports import Done, Scope, UndoItem, UndoPlan
from bridgehead.cases.undoing import Undoing
from bridgehead.desk import paging
from bridgehead.desk.cases import case, checked, wrong_cursor
from bridgehead.desk.paging import Page, keys_of
from bridgehead.effects.undoing import WHY
from bridgehead.engine.worker import serving_of
from bridgehead.errors import UserError
from bridgehead.ids import parse, show
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import DecisionView, EffectView, Event
from bridgehead.storage.queries_search import EffectFilters, EffectLine, SearchQueries
from bridgehead.storage.queries_subjects import NOTHING, About, abouts
from bridgehead.storage.undo_scope import deployment_of, moment

if TYPE_CHECKING:
    from bridgehead.app import App

MOST_SHOWN: Final = 500
"""So many effects are looked at before an undo; a wider scope is narrowed by the person first."""
_LONGEST: Final = 1_000
_CLOSED: Final = frozenset({"done", "with_person"})


@dataclass(frozen=True, slots=True)
class EffectWhole:
    """One effect with what was decided of it, what its case's record says of it, and how it was or can be undone.

    ``hindrance`` says why it cannot be undone as far as declarations tell; None where it can be tried.
    """

    line: EffectLine
    effect: EffectView
    decision: DecisionView | None
    events: tuple[Event, ...]
    hindrance: str | None


@dataclass(frozen=True, slots=True)
class UndoScope:
    """Which effects an undo is about; every part that is given has to fit, and one of the first three is needed.

    Times are when an effect was settled, both included.
    """

    case: int | None = None
    tool: str | None = None
    release: str | None = None
    effect: int | None = None
    deployment: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fate:
    """What would become of one effect, in words. ``goes``: it would be undone; None: nobody has looked."""

    effect: str
    case: str
    tool: str
    state: str
    at: datetime | None
    args: JSON
    goes: bool | None
    why: str | None
    told: str
    unseen: str
    undo: str | None
    case_open: bool
    about: About


@dataclass(frozen=True, slots=True)
class Preview:
    """What an undo would do, as of ``until``: nothing that is done later is in its scope.

    ``looked``: the records were read back; False where this process does not have the deployment's code. ``open`` are
    cases that are still under way, and would be handed to a person first.
    """

    deployment: str
    until: datetime
    looked: bool
    effects: tuple[Fate, ...]
    open: tuple[str, ...]

    @property
    def going(self) -> int:
        """How many would be undone."""
        return sum(one.goes is not False for one in self.effects)


@dataclass(frozen=True, slots=True)
class UndoneItem:
    """One effect of a plan as it stands: planned, intended, unknown, undone or left (then ``why`` says why)."""

    effect: str
    case: str
    tool: str
    state: str
    why: str | None
    told: str
    review: str | None
    args: JSON
    about: About


@dataclass(frozen=True, slots=True)
class Undo:
    """A plan of undoing: whose, why, and how far it is. ``finished_at`` None: a worker goes on with it."""

    id: str
    deployment: str
    scope: str
    by: str
    reason: str
    made_at: datetime
    finished_at: datetime | None
    items: tuple[UndoneItem, ...]


async def listing(
    app: App, actor: Actor, wanted: EffectFilters, *, cursor: str | None = None, limit: int = 50
) -> Page[EffectLine]:
    """Returns a page of effects: unknown ones first, the oldest before, then the others, newest first."""
    actor.need("read")
    keys = keys_of(cursor, 2)
    after: tuple[bool, int] | None = None
    if keys is not None:
        if keys[0] not in ("u", "k") or not isinstance(keys[1], int) or not 0 <= keys[1] < 2**63:
            raise wrong_cursor()
        after = keys[0] == "u", keys[1]
    queries = SearchQueries(app.database, app.vault)
    lines = await queries.effects(wanted, after=after, limit=checked(limit) + 1)
    if not actor.may("read.documents"):
        lines = [_nameless(one) for one in lines]
    if len(lines) <= limit:
        return Page(lines)
    last = lines[limit - 1]
    return Page(lines[:limit], paging.cursor("u" if last.state == "unknown" else "k", parse("E", last.id)))


async def effect(app: App, actor: Actor, number: int) -> EffectWhole:
    """Returns one effect with all about it; raises UserError (``effect.unknown``) where there is none."""
    actor.need("read")
    line = await SearchQueries(app.database, app.vault).effect(number)
    if not actor.may("read.documents"):
        line = _nameless(line)
    view = await case(app, actor, parse("C", line.case))
    found = next(one for one in view.effects if one.id == line.id)
    decision = next((one for one in view.decisions if one.id == found.decision), None)
    events = tuple(one for one in view.events if one.refs.get("effect") == number)
    return EffectWhole(line, found, decision, events, await _hindrance(app, line))


def _nameless(line: EffectLine) -> EffectLine:
    return replace(line, customer=None, number=None)


async def preview(app: App, actor: Actor, wanted: UndoScope, *, unchecked: bool = False) -> Preview:
    """Returns what an undo would do, and writes nothing; records are read back where this process has the code."""
    actor.need("undo")
    scope = await _scope(app, wanted)
    undoing = _undoing(app, scope.deployment)
    found = await foresee(await _effects(app, scope, wanted), undoing, by=actor.name, unchecked=unchecked)
    about = await _abouts(app, actor, [one.done.case_id for one in found])
    return _preview(scope, found, actor, about, looked=undoing is not None)


async def undo(
    app: App, actor: Actor, wanted: UndoScope, *, reason: str, unchecked: bool = False, expected: int | None = None
) -> Undo:
    """Makes a plan of undoing, which a worker of the deployment carries out, and returns it as it stands.

    Cases that are still under way are handed to a person first. ``expected``: how many effects the person was shown
    as going; where it is another number by now, nothing is done. Raises UserError (``undo.nothing``, ``undo.changed``,
    ``undo.open``, ``undo.taken``, ``input.why``).
    """
    actor.need("undo")
    why = reason.strip()
    if not why or len(why) > _LONGEST:
        raise UserError(
            f"an undo needs a reason of at most {_LONGEST} characters", code="input.why", hint="Say why, in a line."
        )
    scope = await _scope(app, wanted)
    undoing = _undoing(app, scope.deployment)
    chosen = await _effects(app, scope, wanted)
    found = await foresee(chosen, undoing, by=actor.name, unchecked=unchecked)
    going = [one for one in found if one.going]
    if expected is not None and expected != len(going):
        raise UserError(
            f"{len(going)} effects would be undone by now, and {expected} were shown",
            code="undo.changed",
            hint="Look at what it would do once more.",
        )
    if not going:
        raise UserError(
            "nothing can be undone; nothing was changed", code="undo.nothing", hint="The preview says why, of each."
        )
    await _fence(app, going, scope.deployment)
    shown = {one.done.effect_id for one in found}
    fenced = {one.done.case_id for one in going}
    fresh = [
        (done, None if undoing is None else undoing.hindrance(done))
        for done in await app.undos.effects(scope)
        if done.state != "undone"
        and done.under is None
        and (done.effect_id in shown or (wanted.effect is None and done.case_id in fenced))
    ]
    number = await app.undos.make(scope, fresh, by=actor.name, reason=why, unchecked=unchecked)
    if number is None:
        raise UserError(
            "somebody else has taken all of it up", code="undo.taken", hint="The effects name the plan that has them."
        )
    return await _told(app, await app.undos.plan(number), actor)


async def plan(app: App, actor: Actor, number: int) -> Undo:
    """Returns how far a plan is; raises UserError (``undo.unknown``) where there is none."""
    actor.need("read")
    return await _told(app, await app.undos.plan(number), actor)


async def _hindrance(app: App, line: EffectLine) -> str | None:
    if line.state not in ("committed", "intended", "unknown"):
        return None
    undoing = _undoing(app, line.deployment)
    if undoing is None:
        return None
    scope = Scope(line.deployment, case_id=parse("C", line.case))
    number = parse("E", line.id)
    done = next((one for one in await app.undos.effects(scope) if one.effect_id == number), None)
    why = None if done is None else undoing.hindrance(done)
    return None if why is None else WHY[why]


async def _scope(app: App, wanted: UndoScope) -> Scope:
    if wanted.case is None and wanted.release is None and wanted.tool is None and wanted.effect is None:
        raise UserError(
            "it is not said what is to be undone",
            code="undo.scope",
            hint="Name a case, an effect, a tool or a release; times narrow it down.",
        )
    of_case = wanted.case
    if wanted.effect is not None:
        line = await SearchQueries(app.database, app.vault).effect(wanted.effect)
        number = parse("C", line.case)
        if of_case not in (None, number):
            raise UserError(
                f"{line.id} is one of {line.case}", code="undo.scope", hint="Name the effect alone, or its own case."
            )
        of_case = number
    name = wanted.deployment or await deployment_of(
        app.database, case_id=of_case, release=wanted.release, tool=wanted.tool
    )
    now = await moment(app.database, 0.0)
    until = now if wanted.until is None else min(wanted.until, now)
    words = [f"--case {show('C', wanted.case)}"] if wanted.case is not None else []
    words += [f"--effect {show('E', wanted.effect)}"] if wanted.effect is not None else []
    words += [f"--tool {wanted.tool}"] if wanted.tool else []
    words += [f"--release {wanted.release}"] if wanted.release else []
    words += [f"--since {wanted.since.isoformat()}"] if wanted.since else []
    words += [f"--until {until.isoformat()}", f"--deployment {name}"]
    return Scope(name, of_case, wanted.release, wanted.tool, wanted.since, until, " ".join(words))


async def _effects(app: App, scope: Scope, wanted: UndoScope) -> Sequence[Done]:
    found = await app.undos.effects(scope)
    if wanted.effect is not None:
        found = [one for one in found if one.effect_id == wanted.effect]
    if len(found) > MOST_SHOWN:
        raise UserError(
            f"{len(found)} effects are more than a person looks at",
            code="undo.scope",
            hint=f"Narrow it down to {MOST_SHOWN}, or use 'bridgehead undo'.",
        )
    return found


def _undoing(app: App, deployment: str) -> Undoing | None:
    loaded = app.loaded.get(deployment)
    return None if loaded is None else app.undoing(loaded)


async def _fence(app: App, going: Sequence[Foreseen], deployment: str) -> None:
    """Hands the cases that are still under way to a person, so that none of them acts while it is undone."""
    cases = sorted({one.done.case_id for one in going if one.done.case_state not in _CLOSED})
    loaded = app.loaded.get(deployment)
    if cases and loaded is None:
        raise UserError(
            f"{', '.join(show('C', one) for one in cases[:5])} is still under way",
            code="undo.open",
            hint=f"This server does not serve {deployment}, so it cannot hand the case to a person first.",
        )
    for case_id in cases:
        if loaded is not None:
            serving = serving_of(loaded.deployment, loaded.release.digest)
            await app.workers.hand_over(case_id, serving, "policy_denied", "An operator undoes what it did.")


async def _abouts(app: App, actor: Actor, cases: Sequence[int]) -> Mapping[int, About]:
    """Returns what cases are about, without names for who may not see documents."""
    found = await abouts(app.database, app.vault, sorted(set(cases)))
    return found if actor.may("read.documents") else {number: one.unnamed for number, one in found.items()}


def _preview(
    scope: Scope, found: Sequence[Foreseen], actor: Actor, about: Mapping[int, About], *, looked: bool
) -> Preview:
    seen = actor.may("read.documents")
    fates = tuple(
        Fate(
            show("E", one.done.effect_id),
            show("C", one.done.case_id),
            one.done.tool,
            one.done.state,
            one.done.at,
            dict(one.done.args) if seen else None,
            _goes(one),
            _why(one),
            one.told if seen else "",
            one.blind,
            show("U", one.under) if one.under else None,
            one.done.case_state not in _CLOSED,
            about.get(one.done.case_id, NOTHING),
        )
        for one in found
    )
    under_way = sorted({one.done.case_id for one in found if one.going and one.done.case_state not in _CLOSED})
    if scope.until is None:  # pragma: no cover - every scope of the desk ends
        raise UserError("the scope has no end", code="undo.scope")
    return Preview(scope.deployment, scope.until, looked, fates, tuple(show("C", one) for one in under_way))


def _goes(one: Foreseen) -> bool | None:
    return None if one.going and not one.looked else one.going


def _why(one: Foreseen) -> str | None:
    if one.done.state == "undone":
        return "It is undone already."
    if one.under is not None:
        return f"{show('U', one.under)} has taken it up."
    if one.why is not None:
        return WHY[one.why]
    first = [*one.after, *one.hangs]
    if first:
        return f"Only once {', '.join(show('E', number) for number in first[:10])} is taken back can it be seen."
    return None


async def _told(app: App, found: UndoPlan, actor: Actor) -> Undo:
    seen = actor.may("read.documents")
    about = await _abouts(app, actor, [one.done.case_id for one in found.items])
    return Undo(
        show("U", found.id),
        found.deployment,
        found.scope,
        found.by,
        found.reason,
        found.made_at,
        found.finished_at,
        tuple(_item(one, about.get(one.done.case_id, NOTHING), seen=seen) for one in found.items),
    )


def _item(item: UndoItem, about: About, *, seen: bool) -> UndoneItem:
    told = None if item.detail is None else item.detail.get("message")
    why = WHY.get(item.why, item.why) if item.why else None  # type: ignore[call-overload]  # a word of WHY
    return UndoneItem(
        show("E", item.done.effect_id),
        show("C", item.done.case_id),
        item.done.tool,
        item.state,
        why,
        str(told) if told and seen else "",
        None if item.review_id is None else show("R", item.review_id),
        dict(item.done.args) if seen else None,
        about,
    )
