"""A case, an arrival, or one decision, effect or review of it, in sentences: each rests on a recorded row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from bridgehead.cli.output import brief, duration, size, when
from bridgehead.cli.places import Place, places_of, without_empty
from bridgehead.cli.telling_arrival import of_arrival
from bridgehead.cli.telling_authority import authority
from bridgehead.cli.telling_calls import (
    args_of,
    brought,
    decision,
    effect,
    effect_of,
    read,
    rested_on,
    sends,
    sent,
    undoing,
)
from bridgehead.cli.telling_codes import codes_met
from bridgehead.cli.telling_document import begins, document_codes, mail_head
from bridgehead.cli.telling_gist import flags, quoted_whole
from bridgehead.cli.telling_items import booked, codes, goods_here, items_told
from bridgehead.cli.telling_outcome import changed_from, ended_as
from bridgehead.cli.telling_passage import mail_rest, quoted
from bridgehead.cli.telling_people import costs, review, shown
from bridgehead.cli.telling_record import RELATIONS, how, record
from bridgehead.cli.telling_same import compared, stands
from bridgehead.cli.telling_short import CHECKS_MOST, checks_of, refusals, short
from bridgehead.cli.telling_sums import UNREAD, unread_totals
from bridgehead.cli.telling_words import (
    CUT,
    LONG,
    Block,
    Section,
    Table,
    age,
    block,
    items,
    key_first,
    mapping,
    spelled,
)
from bridgehead.documents.signatures import is_pdf
from bridgehead.errors import UserError
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import CaseView, EffectView
from bridgehead.storage.queries_explain import Surroundings

__all__ = ["in_short", "of_arrival", "of_case", "of_part", "places", "sends"]

_LEVELS: Final = {
    "shadow": "reads are real and writes are virtual",
    "approve": "a person decides about every write",
    "canary": "writes happen as the rules say",
    "autonomous": "writes happen as the rules say",
}
_OUTCOMES: Final = {
    "completed": "The agent completed it",
    "settled_by_person": "A person settled it",
    "would_hand_over": "The agent would have handed it to a person (in shadow nobody is asked)",
    "not_comparable": "The agent needed what only a real write would have made, so it compares with nothing",
}
_RIGHT: Final = (
    "Where: the part of the document and the place in it. How: label is a value beside its label, column one under its"
    " heading, element a field that the format names, pattern the shape of the words, place its place on the page."
    " Right: how often readings of this kind are right, measured on documents whose truth is known; - was not measured."
)
_CLASSES: Final = {
    "out_of_scope": "out_of_scope: the agent found a reason to leave it to people",
    "policy_denied": "policy_denied: a policy denied a call that it needed",
    "deadline": "deadline: its time was over before it was done",
    "budget_exhausted": "budget_exhausted: a limit of calls, time or money was reached",
}
_HIDDEN: Final = (
    "args", "checks", "digest", "effects", "error_class", "input", "reason", "schema", "to_do", "tool", "traceback",
    "why",
)  # fmt: skip
"""What a review shows that an account tells elsewhere."""


def of_case(
    view: CaseView,
    around: Surroundings | None = None,
    originals: Mapping[str, bytes] | None = None,
    before: JSON = None,
) -> list[Section]:
    """Returns a case in sections, those without anything to say left out.

    ``originals`` are documents as they came, by arrival, so far as they are at hand; ``before`` is what the case
    that this one revises was given.
    """
    known = around or Surroundings()
    reads = [step for step in view.steps if step.kind in ("read", "model", "timer")]
    people = tuple(map(review, view.reviews))
    found = [
        *in_short(view, known, originals),
        Section(
            "What came",
            tuple(_came(view, known, originals or {}, before)),
            goods_here(view),
            blocks=(*_passages(view, originals or {}), *_asked(view), *_beginnings(view, originals or {})),
        ),
        where_read(places_of(view.input)),
        Section("What the agent read", (*map(read, reads), *codes_met(view)), blocks=tuple(brought(reads))),
        Section("What was decided about its calls", tuple(decision(one, view, known) for one in view.decisions)),
        Section(
            "What it did",
            (*(effect(one, view) for one in view.effects), *codes(view)),
            booked(view),
            blocks=_calls(view.effects),
        ),
        Section("How near its own checks came", tuple(_checks(view, originals or {}))),
        Section("Why it left the agent's hands", tuple(_handed_over(view, known)), blocks=tuple(_recorded(view))),
        Section("What people did", people, blocks=tuple(part for one in view.reviews for part in shown(one))),
        Section("What it cost", tuple(costs(view.costs, sum(step.kind in ("read", "effect") for step in view.steps)))),
        Section("How it is taken back", tuple(undoing(view, known))),
        Section("How it stands", tuple(_stands(view, known))),
        Section("The record", tuple(record(view))),
    ]
    return [section for section in found if not section.empty]


def in_short(
    view: CaseView, around: Surroundings | None = None, originals: Mapping[str, bytes] | None = None
) -> list[Section]:
    """Returns the first section of ``of_case`` alone: what came, what became of it and why, and who has to do what."""
    return [Section("In short", tuple(short(view, around or Surroundings(), originals or {})))]


def of_part(
    number: str, view: CaseView, around: Surroundings, originals: Mapping[str, bytes] | None = None
) -> list[Section]:
    """Returns one decision (``D-12``), effect (``E-3``) or review (``R-7``) of a case, with what belongs to it.

    ``originals`` are the case's documents as they came, so far as they are at hand.

    Raises UserError for a number that the case does not have.
    """
    decisions = {one.number: effect_of(one, view) for one in view.decisions}
    effects: set[str | None] = {number} if number.startswith("E") else {decisions.get(number)}
    if number.startswith("R"):
        effects = {one.effect for one in view.reviews if one.id == number}
    effects |= {one.superseded_by for one in view.effects if one.id in effects - {None}} - {None}
    chosen = [one for one in view.decisions if one.number == number or decisions[one.number] in effects - {None}]
    reviews = [one for one in view.reviews if one.id == number or (one.effect in effects and one.effect is not None)]
    part = replace(
        view,
        decisions=tuple(chosen),
        effects=tuple(one for one in view.effects if one.id in effects),
        reviews=tuple(reviews),
    )
    names = [one.number for one in chosen]
    names += [one.id for one in part.effects] + [review.id for review in reviews]
    if number not in names:
        raise UserError(f"{view.case.id} has no {number}", code="input.id", hint="'bridgehead case' lists its numbers.")
    own = [one for one in chosen if one.number == number]
    asked = tuple(
        block(f"{one.number}: the call of {one.tool} in full", args)
        for one in own
        if decisions[number] is None and (args := args_of(one, view)) is not None
    )
    reads = [step for step in view.steps if any(step.digest == one.digest and step.kind == "read" for one in own)]
    found = [
        Section("In short", (*_belongs(number, view, part), *short(view, around, originals or {}))),
        Section("What came", (), blocks=tuple(_passages(view, originals or {}))),
        Section(
            "What was decided",
            tuple(decision(one, replace(view, decisions=(one,)), around) for one in chosen),
            blocks=asked,
        ),
        Section("What it read", tuple(map(read, reads)), blocks=tuple(brought(reads))),
        Section("What it did", tuple(effect(one, view) for one in part.effects), blocks=_calls(part.effects)),
        Section(
            "What people did",
            tuple(map(review, reviews)),
            blocks=tuple(piece for one in reviews for piece in shown(one)),
        ),
        Section("How near its own checks came", tuple(_checks(view, originals or {}))),
        Section("How it is taken back", tuple(undoing(part, _only(around, effects))) if part.effects else ()),
        Section("How its case stands", tuple(_stands(view, around))),
        Section("The record", tuple(record(view))),
    ]
    return [section for section in found if not section.empty]


def _belongs(number: str, view: CaseView, part: CaseView) -> Iterator[str]:
    line = view.case
    yield f"{number} belongs to {line.id} of {line.deployment}, release {line.release[:12]}, level {line.level}."
    others = [
        *(one.number for one in part.decisions),
        *(one.id for one in part.effects),
        *(one.id for one in part.reviews),
    ]
    rest = [name for name in others if name != number]
    if rest:
        yield f"With it belong {', '.join(rest)}. The whole case: bridgehead explain {line.id}"
    else:
        yield f"The whole case: bridgehead explain {line.id}"


def _only(around: Surroundings, effects: set[str | None]) -> Surroundings:
    return replace(around, undos=[line for line in around.undos if line.effect in effects])


def _calls(effects: Sequence[EffectView]) -> tuple[Block, ...]:
    return tuple(part for one in effects for part in sent(one))


def places(found: list[Place]) -> tuple[Table, ...]:
    """Returns the table of where each field was read; none for an input that does not say."""
    columns = ("field", "value", "where", "how", "right")
    return (Table(columns, tuple(tuple(place) for place in found)),) if found else ()


def where_read(found: list[Place]) -> Section:
    """Returns where each field was read, with what the columns mean."""
    return Section("Where each field was read", (_RIGHT,) if found else (), places(found))


def _passages(view: CaseView, originals: Mapping[str, bytes]) -> Iterator[Block]:
    """Yields what a document says to whoever reads it, whole: a warning quotes only the words that gave it away."""
    warnings = [str(one) for one in items(mapping(view.input).get("warnings"))]
    for one in view.arrivals:
        if one.relation != "resend" and not quoted_whole(view.input):
            yield from quoted(originals.get(one.id, b""), warnings)


def _beginnings(view: CaseView, originals: Mapping[str, bytes]) -> Iterator[Block]:
    """Yields how the document that opened a case begins, for what no field holds; nothing of a picture or a sheet."""
    for one in view.arrivals:
        original = originals.get(one.id, b"")
        if one.relation != "resend":
            yield from () if is_pdf(original) else begins(original)
            return


def _asked(view: CaseView) -> Iterator[Block]:
    given = without_empty(view.input)
    if given is not None:
        yield block("What it asks for", given)


def _came(view: CaseView, around: Surroundings, originals: Mapping[str, bytes], before: JSON) -> Iterator[str]:
    for one in view.arrivals:
        yield (
            f"{one.id}, {one.name} ({size(one.size_bytes)}), {how(one)} at {when(one.received_at)} and"
            f" {RELATIONS[one.relation]}. As it came: bridgehead arrival {one.id} --original FILE"
        )
        if one.relation == "resend":
            yield f"{one.id} was not booked again: {stands(view)}. {compared(view, one, originals)}"
        original = originals.get(one.id, b"")
        yield from (said for said in (mail_head(original), mail_rest(original)) if said)
    yield from items_told(view)
    yield from (said for one in view.arrivals[:1] for said in document_codes(originals.get(one.id, b"")))
    yield from flags(view.input)
    line = view.case
    yield (
        f"The case was opened at {when(line.opened_at)} for {line.deployment}, release {line.release[:12]},"
        f" at level {line.level}: {_LEVELS[line.level]}."
    )
    given = next((event.refs.get("deadline_s") for event in view.events if event.kind == "case.opened"), None)
    if isinstance(given, int | float):
        yield f"From then it had {duration(given)}; while a person decides about a call, that time stands still."
    setting = [one for one in around.levels if one.level == line.level]
    if setting and setting[-1] is around.levels[-1]:
        yield f"That level was set by {setting[-1].by} at {_stamp(setting[-1].at)}: {setting[-1].why}."
    grants = [mapping(mapping(one.view).get("grant")) for one in view.decisions]
    if view.decisions and all(grant.get("kind") in (None, "deployment") for grant in grants):
        yield "It acted on the deployment's own authority, within its rules, and for no user."
    yield from authority(view)
    if line.revises:
        yield f"It is revision {line.revision}, a change of {line.revises}."
        changed = changed_from(before, view.input)
        if changed:
            yield f"It asks otherwise than {line.revises} did: {brief('; '.join(changed), LONG)}."
    if view.unreadable:
        yield f"What it was given cannot be shown: {view.unreadable}"


def _stamp(at: str) -> str:
    return when(datetime.fromisoformat(at))


def _left_at(view: CaseView) -> datetime | None:
    """Returns when a case left the agent's hands; None while it has it, or where it never did."""
    found = [one.opened_at for one in view.reviews if one.kind in ("exception", "deadline")]
    return min(found) if found else view.case.closed_at if view.case.outcome == "would_hand_over" else None


def _handed_over(view: CaseView, around: Surroundings) -> Iterator[str]:
    """Yields why the agent left a case to people, who said so, and how old the facts were that it rested on."""
    left = _left_at(view)
    if left is None or not view.case.error_class:
        return
    shown = mapping(view.outcome) if view.case.outcome == "would_hand_over" else {}
    for one in view.reviews:
        if one.kind in ("exception", "deadline") and not shown:
            shown = mapping(one.shown)
    if shown.get("reason"):
        yield f"{brief(shown['reason'], CHECKS_MOST).rstrip('.')}."
    yield f"Its error class is {_CLASSES.get(view.case.error_class, view.case.error_class)}."
    if view.case.error_class == "out_of_scope":
        allowed = all(one.verdict == "allow" for one in view.decisions)
        yield (
            ("No policy stopped it: every call that it made was allowed. " if view.decisions and allowed else "")
            + "The agent's own check found this, before anything was written; without it the agent would have gone on."
        )
    if view.case.error_class == "policy_denied":
        yield from refusals(view)
    rested = rested_on(view, left, around)
    if rested:
        yield f"{'It had read' if view.case.error_class == 'deadline' else 'It rested on'} {rested}."
    denied = [one.id for one in view.effects if one.state not in ("denied", "superseded", "virtual")]
    yield f"Written before: {', '.join(denied)}; see above." if denied else "Nothing was written before."


def _checks(view: CaseView, originals: Mapping[str, bytes]) -> Iterator[str]:
    """Yields the figures of the agent's own checks, where it lists them as sentences (``checks``)."""
    for one in checks_of(view):
        yield brief(one, CHECKS_MOST)
        if one.startswith(UNREAD) and view.arrivals:
            yield from unread_totals(originals.get(view.arrivals[0].id, b""), view.input)


def _recorded(view: CaseView) -> Iterator[Block]:
    """Yields what the agent put beside its reason: figures, thresholds, the lines it is about."""
    if view.case.outcome == "would_hand_over":
        given = [mapping(view.outcome)]
    else:
        given = [mapping(one.shown) for one in view.reviews if one.kind in ("exception", "deadline")]
    for one in given[:1]:
        beside = {
            name: value
            for name, value in one.items()
            if name not in (*_HIDDEN, "role") and value not in (None, "", [], {})
        }
        if beside:
            yield block("What it recorded with that", beside)


def _stands(view: CaseView, around: Surroundings) -> Iterator[str]:
    line = view.case
    if line.state == "done":
        took = "" if line.closed_at is None else duration((line.closed_at - line.received_at).total_seconds())
        ended = ended_as(view) or _OUTCOMES.get(line.outcome or "", str(line.outcome))
        yield f"It is done since {when(line.closed_at)}, {took} after it came: {ended}."
    elif line.state == "with_person":
        yield f"It is with a person: {line.waits}. The agent can no longer act on it."
        since = [one.opened_at for one in view.reviews if one.state == "open"]
        if since:
            yield f"A person had it {age(line.received_at, min(since))} after it came."
    elif line.state == "waiting":
        waits = str(line.waits)
        yield f"It waits {waits if waits.startswith('until ') else f'for {waits}'}; no worker is bound meanwhile."
    elif line.state == "due":
        yield f"It is due and waits for {line.waits or 'a worker'}."
    else:
        yield "A worker is running it."
    if line.error_class:
        yield f"It left the agent's hands with error class {line.error_class}."
    yield from _deadline(view)
    ended_at = _left_at(view)
    for stop in around.stops:
        if ended_at is not None and stop.at > ended_at:
            continue
        of = f" {stop.name}" if stop.name else ""
        until = "still stands" if stop.lifted_at is None else f"was lifted at {when(stop.lifted_at)}"
        yield f"A {stop.action} of {stop.kind}{of} by {stop.by} at {when(stop.at)} {until}: {stop.reason}."
    outcome = mapping(view.outcome)
    if "output" in outcome:
        output = outcome["output"]
        rest = {name: value for name, value in mapping(output).items() if name != "checks"}
        yield f"The outcome: {spelled(key_first(rest), CUT) if rest else brief(output, CUT)}"
    elif outcome.get("reason"):
        yield f"The reason: {outcome['reason']}" + (f" (for {outcome['role']})" if outcome.get("role") else "")
    if view.revisions:
        yield f"Other cases of the same business: {', '.join(view.revisions)}."


def _deadline(view: CaseView) -> Iterator[str]:
    line = view.case
    if line.deadline_at is not None:
        yield f"By {when(line.deadline_at)} it is done, or with a person."
    passed = [event for event in view.events if "deadline" in event.kind]
    late = [one.opened_at for one in view.reviews if one.kind == "deadline"]
    if passed or late:
        at = _stamp(passed[0].at) if passed else when(min(late))
        yield f"Its deadline was not kept: it passed, and a person got the case at {at}."
    elif line.state in ("done", "with_person"):
        yield "Its deadline was kept: it never passed before the case was done, or with a person."
    elif line.state == "waiting" and line.deadline_at is None:
        yield "Its deadline stands still while a person has something to decide."
