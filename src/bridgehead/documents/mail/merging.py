"""Puts the orders attached to a mail beside what its text says: fills what a file leaves out, doubts what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from bridgehead.documents.draft import Draft, DraftLine
from bridgehead.documents.mail.attachments import Attached, Attachments, strength
from bridgehead.documents.mail.rest import bare
from bridgehead.documents.order import Order, Party, Source
from bridgehead.documents.outcome import Kind, NotAnOrder, Orders
from bridgehead.documents.vigilance import watch

_AGAINST: Final[frozenset[Kind]] = frozenset({"order_change", "order_cancel", "complaint"})
"""Files that, beside an order, may take it back."""
_TERMS: Final = ("currency", "incoterms", "payment_terms")
_PLACE: Final = ("postal_code", "city", "number", "gln")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote the mail and when, with the places that say so; ``name`` is empty where only a department is named."""

    name: str
    email: str
    source: Source
    company: tuple[str, Source] | None
    day: tuple[date, Source] | None
    contact: str = ""


def items_of(order: Order) -> Counter[tuple[str, object]]:
    """What an order orders, however it names it."""
    return Counter(
        (line.supplier_part or line.customer_part or line.gtin or line.description or "", line.quantity)
        for line in order.lines
    )


def items(drafts: Sequence[Draft]) -> Counter[tuple[str, object]]:
    """The same of orders that are still being read."""
    return Counter((line.part or line.description or "", line.quantity) for draft in drafts for line in draft.lines)


def told_apart(attachments: Attachments) -> list[Order]:
    """The orders attached, each once; a second file of the same order is compared with the first."""
    kept: dict[tuple[str, str], tuple[Order, str]] = {}
    found = [(file, order) for file, outcome in attachments.orders for order in outcome.orders]
    for file, order in sorted(found, key=lambda pair: -strength(pair[1])):
        key = (bare(order.po_number), order.purpose)
        if key not in kept:
            kept[key] = (order, file.name)
            continue
        first, name = kept[key]
        if quantities(first) != quantities(order):
            doubt = f"contradiction: {name!r} and {file.name!r} hold order {order.po_number} and differ"
            first = replace(first, warnings=(*first.warnings, doubt))
        # A doubt about the one file is a doubt about the order that both hold.
        alerts = tuple(one for one in order.warnings if one.startswith("instruction") and one not in first.warnings)
        kept[key] = (replace(first, warnings=(*first.warnings, *alerts)), name)
    wanted = [(bare(order.po_number), order.purpose) for _, order in found]
    return [kept[key][0] for key in dict.fromkeys(wanted)]


def quantities(order: Order) -> Counter[object]:
    """The quantities alone: two files may call the same item by different numbers."""
    return Counter(line.quantity for line in order.lines)


def cover(order: Order, drafts: Sequence[Draft], sender: Sender, *, alone: bool) -> Order:
    """The order with what the text of its mail adds.

    ``drafts`` are what was read of the text; ``alone`` says that the mail holds one order, so that whatever its text
    says is meant for it.
    """
    spoken = Draft(order.format)
    spoken.lines = [
        DraftLine(supplier_part=line.supplier_part, customer_part=line.customer_part, gtin=line.gtin)
        for line in order.lines
    ]
    twins = [draft for draft in drafts if draft.lines and _same(draft, order, alone=alone)]
    about = [draft for draft in drafts if not draft.lines] + twins
    for draft in about:
        for at, note in enumerate(draft.notes):
            if note not in spoken.notes:
                spoken.note(note, draft.sources.get(f"notes[{at}]", Source("body", 1, note[:300], how="place")))
        spoken.warnings.extend(one for one in draft.warnings if one not in spoken.warnings)
    watch(spoken)
    for twin in twins:
        if items([twin]) != items_of(order) and Counter(line.quantity for line in twin.lines) != quantities(order):
            spoken.warn("contradiction", "the text of the mail and its attachment order different things")
        elif items([twin]) != items_of(order):
            spoken.warn("uncertain", "the text of the mail and its attachment name the items differently")
    stated = {draft.po_number for draft in drafts if draft.po_number}
    if stated and alone and bare(order.po_number) not in {bare(one) for one in stated}:
        spoken.warn("contradiction", f"the mail speaks of order {min(stated)}, its attachment of {order.po_number}")
    order = _filled(order, about, spoken, alone=alone)
    order = _sent(order, sender)
    sources = dict(order.sources)
    for at in range(len(spoken.notes)):
        sources[f"notes[{len(order.notes) + at}]"] = spoken.sources[f"notes[{at}]"]
    warnings = dict.fromkeys((*order.warnings, *spoken.warnings))
    return replace(order, notes=(*order.notes, *spoken.notes), warnings=tuple(warnings), sources=sources)


def _same(draft: Draft, order: Order, *, alone: bool) -> bool:
    return bare(draft.po_number) == bare(order.po_number) if draft.po_number else alone


def _filled(order: Order, about: Sequence[Draft], spoken: Draft, *, alone: bool) -> Order:
    """Sets what the file leaves out and the text says; warns where they say different things."""
    for draft in about:
        sources = dict(order.sources)
        for name in _TERMS:
            order = _one(order, name, getattr(draft, name), draft, sources, spoken, alone=alone)
        day = draft.requested_date
        days = {line.requested_date for line in order.lines} - {None}
        if day is not None and order.requested_date is None and days and days != {day}:
            spoken.warn("contradiction", f"the text of the mail asks for {day}, its attachment for other days")
        elif day is not None and not (order.requested_date is None and days == {day}):
            order = _one(order, "requested_date", day, draft, sources, spoken, alone=alone)
        if draft.stated_total is not None and order.stated_total not in {None, draft.stated_total}:
            spoken.warn(
                "contradiction",
                f"the text of the mail says {draft.stated_total} in all, its attachment {order.stated_total}",
            )
        order = _shipped(order, draft, sources, spoken, alone=alone)
        order = replace(order, sources=sources)
    return order


def _one(
    order: Order, name: str, value: object, draft: Draft, sources: dict[str, Source], spoken: Draft, *, alone: bool
) -> Order:
    old = getattr(order, name)
    if value is None or value == old:
        return order
    if old is None and alone:
        if name in draft.sources:
            sources[name] = draft.sources[name]
        changes: dict[str, Any] = {name: value}
        return replace(order, **changes)
    if old is not None:
        spoken.warn("contradiction", f"the text of the mail says {value} ({name}), its attachment {old}")
    else:
        spoken.warn("uncertain", f"the text of the mail says {value} ({name}), of one of its orders")
    return order


def _shipped(order: Order, draft: Draft, sources: dict[str, Source], spoken: Draft, *, alone: bool) -> Order:
    if not draft.ship_to.values:
        return order
    place = draft.ship_to.finish()
    if order.ship_to is None and alone:
        sources.update({f"ship_to.{name}": source for name, source in draft.ship_to.sources.items()})
        return replace(order, ship_to=place)
    if order.ship_to is None or _differ(order.ship_to, place):
        spoken.warn("contradiction", f"the text of the mail names another place of delivery: {_words(place)!r}")
    return order


def _differ(one: Party, other: Party) -> bool:
    pairs = [(getattr(one, name), getattr(other, name)) for name in _PLACE]
    known = [(left.casefold(), right.casefold()) for left, right in pairs if left and right]
    return not known or any(left != right for left, right in known)


def _words(party: Party) -> str:
    return ", ".join(one for one in (party.name, party.street, party.postal_code, party.city) if one)[:120]


def _sent(order: Order, sender: Sender) -> Order:
    """Who wrote is who buys, where the file does not say; the day of writing is the order's.

    A file that names an address of another house than the one it was sent from is for a person: an address on a letter
    is no secret and proves no sender.
    """
    sources = dict(order.sources)
    buyer = order.buyer
    if buyer.email is None and sender.email:
        buyer = replace(buyer, email=sender.email)
        sources["buyer.email"] = sender.source
    if buyer.name is None and sender.company is not None:
        buyer = replace(buyer, name=sender.company[0])
        sources["buyer.name"] = sender.company[1]
    if buyer.name is None and sender.name:
        buyer = replace(buyer, name=sender.name)
        sources["buyer.name"] = sender.source
    if buyer.contact is None and sender.contact:
        buyer = replace(buyer, contact=sender.contact)
        sources["buyer.contact"] = sender.source
    warnings = order.warnings
    stated = order.sources.get("buyer.email")
    forwarded = stated is not None and stated.part.endswith("header")
    if buyer.email and sender.email and not forwarded and _house(buyer.email) != _house(sender.email):
        said = f"the order names the buyer's address {buyer.email[:80]}, and was sent from {sender.email[:80]}"
        warnings = (*warnings, f"contradiction: {said}")
    day = order.order_date
    if day is None and sender.day is not None:
        day, sources["order_date"] = sender.day
    return replace(order, buyer=buyer, order_date=day, sources=sources, warnings=warnings)


def _house(address: str) -> str:
    """The last two names of the domain: colleagues may write from another machine of their house."""
    return ".".join(address.rpartition("@")[2].lower().strip(".").split(".")[-2:])


def against(attachments: Attachments, *, written: bool) -> list[tuple[str, str]]:
    """Warnings for what came beside an order: files not read, that may take it back, or messages of their own.

    ``written`` says that the text of the mail itself orders. Messages are no doubt where they alone hold the orders.
    """
    found: list[tuple[str, str]] = []
    for file, refused in attachments.refused:
        found.append(("ignored", f"attachment {file.name!r} was not read: {refused.reason}"))
    for file, other in attachments.others:
        if other.kind in _AGAINST:
            found.append(("contradiction", f"attachment {file.name!r} reads as {other.kind.replace('_', ' ')}"))
    if written or any(not file.message for file, _ in attachments.orders):
        for file in attachments.files:
            if file.message and isinstance(file.outcome, Orders):
                found.append(("uncertain", f"the attached message {file.name!r} orders too"))
            elif file.message and isinstance(file.outcome, NotAnOrder):
                found.append(("ignored", f"the attached message {file.name!r} was not taken into account"))
    return found


def besides(attachments: Attachments) -> list[Attached]:
    """Files that go with an order and are none: terms, drawings, offers."""
    others = [file for file, other in attachments.others if other.kind not in _AGAINST and not file.message]
    return [*others, *(file for file in attachments.files if file.beside)]
