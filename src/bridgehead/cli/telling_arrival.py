"""An arrival in sentences: who sent what, who read it, whose rule refused it, what became of it and what stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from bridgehead.cli.output import brief, size, when
from bridgehead.cli.telling_attached import contents
from bridgehead.cli.telling_document import LINES, WHOLE, begins, document_codes, line_named, mail_head
from bridgehead.cli.telling_gist import UNNAMED, currency_read, gist, goods, sender
from bridgehead.cli.telling_passage import mail_rest
from bridgehead.cli.telling_people import about, review, until
from bridgehead.cli.telling_record import RELATIONS, how, record
from bridgehead.cli.telling_same import compared, stands
from bridgehead.cli.telling_short import goes_on, short
from bridgehead.cli.telling_words import LONG, Section, Table, age, block, counted, items, mapping
from bridgehead.documents.signatures import is_pdf
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import ArrivalView, CaseView
from bridgehead.storage.queries_explain import Surroundings

_STATES: Final = {
    "stored": "It is stored and not read yet.",
    "no_case": "It was read and needs no work.",
    "read": "It was read.",
    "review": "A person must look at it.",
    "settled": "A person settled it.",
}
_WHOSE: Final = {
    "bug": "The reader failed on it; no rule refused it",
    "invalid_output": "What the deployment declares of its source refused it, before a reader saw it",
    "conflict": "Bridgehead left it to a person, because what came later was read before it",
}
"""Who refused an arrival, by the error class of its review; for every other class its reader's own rule."""


def read_by(view: ArrivalView) -> Iterator[str]:
    """Yields when and by which release an arrival was read, how long after it came, and whose rule refused it."""
    for event in view.events:
        if event.kind in ("arrival.review", "arrival.no_case", "arrival.read"):
            at = datetime.fromisoformat(event.at)
            release = str(event.refs.get("release") or "")
            by = f" by release {release[:12]}" if release else ""
            yield f"It was read{by} at {when(at)}, {age(view.arrival.received_at, at)} after it came."
            if event.kind == "arrival.no_case":
                yield "The reader of that release decided so, by its own rules; no policy and no model was asked."
    for one in view.reviews:
        whose = _WHOSE.get(one.error_class or "", "The reader of that release refused it, by its own rule")
        shown = mapping(one.shown)
        named = [f"{name} {shown[name]}" for name in ("cause", "code") if shown.get(name)]
        found = f" ({', '.join(named)})" if named else ""
        yield f"{whose}{found}: {one.id}, error class {one.error_class}. No policy and no model was asked."


def as_far_as_read(view: ArrivalView) -> Mapping[str, JSON]:
    """Returns what the reader could read of a document that it refused; empty where it says nothing of that."""
    return next((found for one in view.reviews if (found := mapping(mapping(one.shown).get("as_far_as_read")))), {})


def says(view: ArrivalView) -> list[str]:
    """Returns what its reader says of a document that became no case: sentences, all of them a stranger's words."""
    found = next((said for one in view.reviews if (said := items(mapping(one.shown).get("says")))), ())
    return [brief(one, LONG) for one in found]


def partly(view: ArrivalView) -> Iterator[str]:
    """Yields who ordered what in a refused document, as far as it could be read."""
    found = as_far_as_read(view)
    if not found:
        return
    dated = f", dated {found['order_date']}" if found.get("order_date") else ""
    dated += f", wanted on {found['requested_date']}" if found.get("requested_date") else ""
    number = mapping(found.get("buyer")).get("number")
    named = f", which it numbers {number}" if number else ""
    who = sender({"buyer": {"name": mapping(found.get("buyer")).get("name")}}) or "its sender"
    damaged = found.get("damaged")
    lost = f"; {counted(damaged, 'piece')} of it {'is' if damaged == 1 else 'are'} damaged" if damaged else ""  # type: ignore[arg-type]  # a count
    broke = mapping(found.get("broke_in")).get("number")
    lost += f", in order line {str(broke).lstrip('0')}" if lost and broke else ""
    lost += f"; it ends within {brief(found['ends_within'], 120)}" if found.get("ends_within") else ""
    more = f"; further orders in it: {found['further_orders']}" if found.get("further_orders") else ""
    yield (
        f"As far as it could be read, which decided nothing: {gist(found)} by {who}{named}{dated}{_to(found)}"
        f" ({counted(_count(found), 'whole line')}{lost}{more})."
    )


def _to(found: Mapping[str, JSON]) -> str:
    """Returns where the goods go, so far as it could be read."""
    place = mapping(found.get("ship_to"))
    city = " ".join(str(place[name]) for name in ("postal_code", "city") if place.get(name))
    parts = [str(part) for part in (place.get("name"), place.get("street"), city, place.get("country")) if part]
    numbered = f" (its number {place['number']})" if parts and place.get("number") else ""
    parts = parts or ([f"the place that it numbers {place['number']}"] if place.get("number") else [])
    return f", to be delivered to {', '.join(parts)}{numbered}" if parts else ""


def _count(found: Mapping[str, JSON]) -> int:
    lines = found.get("lines_read")
    return lines if isinstance(lines, int) else 0


def lines_read(view: ArrivalView) -> tuple[Table, ...]:
    """Returns the lines of a refused document that could be read whole."""
    return goods(as_far_as_read(view))


def of_arrival(
    view: ArrivalView,
    original: bytes = b"",
    cases: Sequence[tuple[CaseView, Surroundings]] = (),
    originals: Mapping[str, bytes] | None = None,
) -> list[Section]:
    """Returns an arrival in sections, those without anything to say left out; ``original`` is its document.

    ``cases`` are those that it belongs to, so far as they are at hand; ``originals`` the documents of their arrivals.
    """
    line = view.arrival
    head = mail_head(original)
    open_ones = [one for one in view.reviews if one.state == "open"]
    became = [_STATES.get(line.state, line.state), *read_by(view)]
    became += [
        f"The reason: {event.refs['reason']}"
        for event in view.events
        if event.kind.startswith("arrival.") and event.refs.get("reason")
    ]
    became += [
        f"C-{event.refs.get('case')}: it {RELATIONS.get(str(event.refs.get('relation')), 'belongs to it')}."
        for event in view.events
        if event.kind == "arrival.case"
    ]
    became += [
        f"{one.id} is with {one.role} since {when(one.opened_at)}." for one in view.reviews if one.state == "open"
    ]
    if not line.cases:
        became.append("No case was opened for it: no agent saw it, nothing was booked, and there is nothing to undo.")
        became.append("No system was asked about it: what it is about is told as the document names it.")
    became.append(f"The document as it came: bridgehead arrival {line.id} --original FILE")
    places_named = (str(mapping(one.shown).get("where") or "") for one in view.reviews)
    ended = tuple(block for place in places_named for block in line_named(original, place))
    text = () if is_pdf(original) else tuple(begins(original, LINES if line.cases else WHOLE))
    text += () if line.cases else tuple(contents(original))
    came = f"{line.name}, {size(line.size_bytes)}, {how(line)} for {line.deployment}"
    found = [
        Section("In short", tuple(_arrival_short(view, head, cases, originals or {}))),
        Section(
            "What came",
            (
                f"{came} and was stored at {when(line.received_at)}.",
                *([head] if head else []),
                *([rest] if (rest := mail_rest(original)) else []),
                *says(view),
                *partly(view),
                *(() if line.cases else document_codes(original)),
            ),
            lines_read(view),
            blocks=(*text, *ended) if open_ones or not line.cases else (),
        ),
        Section("What became of it", tuple(became)),
        Section(
            "What people did",
            tuple(map(review, view.reviews)),
            blocks=tuple(
                block(f"{one.id}: what was shown", one.shown) for one in view.reviews if one.shown is not None
            ),
        ),
        Section("What it cost", tuple(_arrival_costs(view))),
        Section("The record", tuple(record(view))),
    ]
    return [section for section in found if not section.empty]


def _arrival_short(
    view: ArrivalView, head: str, cases: Sequence[tuple[CaseView, Surroundings]], originals: Mapping[str, bytes]
) -> Iterator[str]:
    line = view.arrival
    yield " ".join([f"{line.name} {how(line)} at {when(line.received_at)}.", *([head] if head else []), *says(view)])
    for one in view.reviews:
        left = f"left to {one.role} ({one.id}) at {when(one.opened_at)}: {about(one).rstrip('.')}."
        if one.state == "open":
            due = until(one)
            yield f"No agent saw it, and nothing was booked. It was {left}"
            wanted = str(mapping(one.shown).get("to_do") or "look at the document and do what it needs")
            yield (
                f"To do{due}: {one.role} is to {brief(wanted, LONG).rstrip('.')}, and then says what was done:"
                f' bridgehead review {one.id} answer "what was done". A corrected document is submitted anew.'
            )
            yield from goes_on(one)
            if needed := mapping(one.shown).get("needed"):
                yield f"A case would have been opened for {brief(needed, LONG)}."
        else:
            yield f"It was {left} {one.decided_by} settled it at {when(one.decided_at)}."
    yield from partly(view)
    if line.cases:
        yield from _of_cases(view, cases, originals)
    elif line.state == "no_case":
        why = next((str(one.refs["reason"]) for one in view.events if one.refs.get("reason")), "")
        told = f": {why.rstrip('.')}" if why else ""
        yield f"It was read and needs no work{told}. No agent saw it, and nothing was booked."
        yield "To do: nothing."


def _of_cases(
    view: ArrivalView, cases: Sequence[tuple[CaseView, Surroundings]], originals: Mapping[str, bytes]
) -> Iterator[str]:
    """Yields what became of each case of an arrival; of a resend, what it repeats and that nothing is done again."""
    line = view.arrival
    for case, around in cases:
        number = case.case.id
        own = next((one for one in case.arrivals if one.id == line.id), None)
        first = next((one for one in case.arrivals if one.relation != "resend"), None)
        if own is not None and own.relation == "resend" and first is not None:
            yield (
                f"It says the same as {first.id} ({first.name}), which opened {number}, so nothing is done a second"
                f" time: it was not booked again, and {stands(case)}. {compared(case, own, originals)}"
            )
            asked = gist(case.input).replace(UNNAMED, currency_read(case)[0] or UNNAMED)
            yield (f"{number} is about {asked}: " if asked else "The case: ") + f"bridgehead explain {number}"
        else:
            told = list(short(case, around, originals))
            yield f"It was read and became {number}: bridgehead explain {number}"
            yield from told
    rest = [one for one in line.cases if one not in {case.case.id for case, _ in cases}]
    if rest:
        yield f"It was read and {'also ' if cases else ''}became {', '.join(rest)}: bridgehead explain {rest[0]}"


def _arrival_costs(view: ArrivalView) -> Iterator[str]:
    if view.arrival.cases:
        return
    minutes = sum(one.minutes or 0.0 for one in view.reviews)
    people = f"people spent {minutes:.1f} minutes on it" if minutes else "no time of people is recorded so far"
    yield f"Nothing was spent: no case ran for it, so no call of a model or a tool is in its books; {people}."
