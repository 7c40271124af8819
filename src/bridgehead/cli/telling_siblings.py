"""Two documents of one business: line by line what is asked now and was asked before, and who has the other case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from bridgehead.cli.output import brief, when
from bridgehead.cli.telling_gist import plain_number
from bridgehead.cli.telling_outcome import changed_from
from bridgehead.cli.telling_people import about, until
from bridgehead.cli.telling_same import stands
from bridgehead.cli.telling_tied import how_tied
from bridgehead.cli.telling_words import counted, items, mapping
from bridgehead.reviews.stakes import number
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import CaseView

_PARTS: Final = ("supplier_part", "item", "customer_part", "gtin", "description")
_LINES: Final = 12
"""Lines that are told one by one, at most."""
_FEW: Final = 3
"""Lines of a change that its first sentence tells as they were, at most."""
_WHY: Final = 400
_AS_BEFORE: Final = ", as before"
_ORDERED: Final = (
    "lines", "currency", "ship_to", "bill_to", "requested_date", "incoterms", "payment_terms", "stated_total",
    "charges", "po_number", "it",
)  # fmt: skip
"""How paths of fields begin that say what is ordered, for which sum, and where it goes."""


def beside(view: CaseView, siblings: Sequence[CaseView]) -> Iterator[str]:
    """Yields what a case asks otherwise than the one before it, and who has the others of its business, until when."""
    own = _place(view)
    earlier = [one for one in siblings if _place(one) < own]
    if earlier:
        yield from asked_otherwise(earlier[-1], view)
    for one in siblings:
        yield _where(one, earlier=_place(one) < own)
        if one.case.id not in view.revisions:
            yield how_tied(view, one)


def was_before(view: CaseView, siblings: Sequence[CaseView]) -> str:
    """Returns what the lines that a change names were before: in the case before it, else in the order that stands.

    Empty where nothing tells, and for what changes nothing.
    """
    if mapping(view.input).get("purpose") != "change":
        return ""
    earlier = [one for one in siblings if _place(one) < _place(view)]
    old = _lines(earlier[-1]) if earlier else []
    found, source = (old, f"in {earlier[-1].case.id}") if old else (_standing(view), "in the order that stands")
    told = []
    for line in _lines(view):
        at = _same_line(line, found)
        if at is not None and _asked(found[at]) != _asked(line):
            told.append(f"line {line.get('number') or '?'} was {_asked(found[at])}")
    more = f"; and {counted(len(told) - _FEW, 'more line')}" if len(told) > _FEW else ""
    return f"; before, {source}, {'; '.join(told[:_FEW])}{more}" if told else ""


def standing(view: CaseView) -> Iterator[str]:
    """Yields what the order holds that a change or a cancellation is about, as the system of record gave it."""
    if mapping(view.input).get("purpose") not in {"change", "cancel"}:
        return
    lines = _standing(view)
    if lines:
        listed = "; ".join(f"{_name(line)}: {_asked(line)}" for line in lines[:_LINES])
        more = f"; and {counted(len(lines) - _LINES, 'more line')}" if len(lines) > _LINES else ""
        yield f"The order that stands holds {listed}{more}."


def _standing(view: CaseView) -> list[Mapping[str, JSON]]:
    """Returns the lines of the order that the system of record holds under the number, as a read gave them."""
    number_ = mapping(view.input).get("po_number")
    for step in reversed(view.steps):
        for order in map(mapping, items(mapping(step.result).get("items"))):
            if order.get("lines") and order.get("po_number") == number_:
                return [_as_asked(mapping(line)) for line in items(order.get("lines"))]
    return []


def _as_asked(line: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """Returns a line of an order that stands by the names that a document's line has."""
    named = {"number": line.get("line"), "supplier_part": line.get("item"), "requested_date": line.get("date")}
    return {**line, **named}


def not_before(view: CaseView, siblings: Sequence[CaseView]) -> Iterator[str]:
    """Yields that nothing is booked for a case while a later document of its business waits, and what that one asks.

    Nor is it given back to its agent, where nothing else stands in the way of that: the agent does not see the other.
    """
    for one in siblings:
        if _place(one) < _place(view):
            continue
        nor = "" if one.case.id in view.revisions else ", nor send this case back to the agent"
        if one.case.state != "done":
            yield f"Do not book before {one.case.id} is settled{nor}; {_otherwise(view, one)}."
        elif _cancels(one):
            yield f"Do not book{nor} before you know how {one.case.id} ended: it cancels the order, and is done."


def waiting_about(view: CaseView, siblings: Sequence[CaseView]) -> str:
    """Returns what later documents of a case's business wait for a person, with the command; empty where none does."""
    told = []
    for one in siblings:
        held = [each for each in one.reviews if each.state == "open"]
        if held and _place(one) > _place(view):
            what = _otherwise(view, one).removeprefix("it ")
            whom = f"waits for {held[-1].role}{until(held[-1])}"
            told.append(f"{one.case.id}, which {what}, {whom}: bridgehead review {held[-1].id}")
    return "; ".join(told)


def taken_back(view: CaseView, siblings: Sequence[CaseView]) -> Iterator[str]:
    """Yields of a cancellation which earlier cases booked the order, or still hold it, and how that is ended there."""
    if not _cancels(view):
        return
    for one in siblings:
        if _place(one) > _place(view):
            continue
        booked = [each for each in one.effects if each.state == "committed"]
        held = [each for each in one.reviews if each.state == "open"]
        if booked:
            named = ", ".join(each.id for each in booked)
            yield (
                f"{one.case.id} booked the order ({named}). What it did can be taken back there, once it is clear that"
                f' the order is to be cancelled: bridgehead undo --case {one.case.id} --dry-run shows it, --why "…" in'
                " place of --dry-run does it."
            )
        if held:
            yield f"{one.case.id} has the order still to decide: close that one too, bridgehead review {held[-1].id}"


def _cancels(view: CaseView) -> bool:
    return mapping(view.input).get("purpose") == "cancel"


def asked_otherwise(before: CaseView, after: CaseView) -> Iterator[str]:
    """Yields line by line what a case asks now and what the one before it asked; nothing for what has no lines."""
    old, new = _lines(before), _lines(after)
    if old and not new and mapping(after.input).get("purpose") == "cancel" and not _standing(after):
        listed = "; ".join(f"{_name(line)}: {_asked(line)}" for line in old[:_LINES])
        more = f"; and {counted(len(old) - _LINES, 'more line')}" if len(old) > _LINES else ""
        yield f"Asked in {before.case.id}, and cancelled here: {listed}{more}."
    if not old or not new:
        return
    named: list[int] = []
    told = []
    for line in new:
        at = _same_line(line, old)
        named += [] if at is None else [at]
        told.append(_now_and_before(line, None if at is None else old[at]))
    if len(named) == len(new) == len(old) and all(one.endswith(_AS_BEFORE) for one in told):
        yield f"{_all_of(new)} asked as in {before.case.id} before. {_differs_beside(before, after)}"
        return
    more = f"; and {counted(len(told) - _LINES, 'more line')}" if len(told) > _LINES else ""
    yield f"Asked now, and in {before.case.id} before: {'; '.join(told[:_LINES])}{more}."
    rest = [line for at, line in enumerate(old) if at not in named]
    if rest:
        listed = "; ".join(f"{_name(line)}, {_asked(line)}" for line in rest[:_LINES])
        more = f"; and {counted(len(rest) - _LINES, 'more line')}" if len(rest) > _LINES else ""
        yield f"Asked in {before.case.id} and not named here: {listed}{more}."


def _all_of(lines: Sequence[Mapping[str, JSON]]) -> str:
    listed = "; ".join(f"{_name(line)}: {_asked(line)}" for line in lines[:_LINES])
    more = f"; and {counted(len(lines) - _LINES, 'more line')}" if len(lines) > _LINES else ""
    return f"{listed}{more}; {'the line is' if len(lines) == 1 else 'every line is'}"


def _differs_beside(before: CaseView, after: CaseView) -> str:
    """Returns in which fields two documents with the same lines differ, and whether one of these is ordered."""
    found = changed_from(before.input, after.input)
    if not found:
        return "No field that was read differs."
    ordered = any(one.startswith(_ORDERED) for one in found)
    return f"{'What' if ordered else 'Nothing that is ordered differs; what'} differs is {'; '.join(found)}."


def _where(one: CaseView, *, earlier: bool) -> str:
    """Returns who has another case of the same business, until when and why, and what is booked of it."""
    name = f"{one.case.id}, {'which came before' if earlier else 'which came later'} about the same business,"
    held = [each for each in one.reviews if each.state == "open"]
    if held:
        due = f" until {when(held[-1].due_at)}" if held[-1].due_at else ""
        why = brief(about(held[-1]), _WHY).rstrip(".")
        return f"{name} is with {held[-1].role} ({held[-1].id}){due}: {why}. Of it, {stands(one)}."
    return f"{name} is {'done' if one.case.state == 'done' else 'not done'}; of it, {stands(one)}."


def _otherwise(view: CaseView, later: CaseView) -> str:
    if _cancels(later):
        return "it cancels the order"
    old = _lines(view)
    places = []
    for line in _lines(later):
        at = _same_line(line, old)
        if at is None or _asked(line) != _asked(old[at]):
            places.append(str(line.get("number") or "?"))
    if not places:
        return "it is about the same business"
    listed = ", ".join(places[:_LINES]) + (" and more" if len(places) > _LINES else "")
    return f"it asks {'line' if len(places) == 1 else 'lines'} {listed} otherwise"


def _now_and_before(line: Mapping[str, JSON], before: Mapping[str, JSON] | None) -> str:
    now = _asked(line)
    if before is None:
        return f"{_name(line)}: {now}, and nothing before"
    was = _asked(before)
    if before.get("requested_date") and not line.get("requested_date"):
        now += ", no day named"
    return f"{_name(line)}: {now}{_AS_BEFORE}" if now == was else f"{_name(line)}: {now} now, {was} before"


def _asked(line: Mapping[str, JSON]) -> str:
    """Returns quantity, price, value and day of a line."""
    quantity, price, basis = number(line.get("quantity")), number(line.get("price")), number(line.get("price_basis"))
    told = f"{plain_number(line.get('quantity'))} {line.get('unit') or ''}".strip()
    if price is not None:
        told += f" at {price}" + (f" per {basis}" if basis not in (None, Decimal(1)) else "")
    if quantity is not None and price is not None and basis != 0:
        told += f", which is {(quantity * price / (basis or Decimal(1))).quantize(Decimal('0.01'))} for the line"
    day = line.get("requested_date")
    return told + (f", for {day}" if day else "")


def _same_line(line: Mapping[str, JSON], among: Sequence[Mapping[str, JSON]]) -> int | None:
    """Returns the place of the line of an earlier document that is meant: by its number and part, else by its part."""
    for wanted in ("number", ""):
        for at, one in enumerate(among):
            parts = [name for name in _PARTS[:-1] if line.get(name) and one.get(name)]
            agree = any(line[name] == one[name] for name in parts)
            if (wanted and line.get(wanted) == one.get(wanted) and (agree or not parts)) or (not wanted and agree):
                return at
    return None


def _name(line: Mapping[str, JSON]) -> str:
    part = next((str(line[name]) for name in _PARTS if line.get(name)), "an unnamed item")
    return f"line {line.get('number') or '?'} ({part})"


def _lines(view: CaseView) -> list[Mapping[str, JSON]]:
    """Returns the lines of what a case asks for, each with the day of the whole order where it names none."""
    given = mapping(view.input)
    day = given.get("requested_date")
    lines = [mapping(line) for line in items(given.get("lines"))]
    return [line if line.get("requested_date") or not day else {**line, "requested_date": day} for line in lines]


def _place(view: CaseView) -> int:
    return int(view.case.id.removeprefix("C-"))
