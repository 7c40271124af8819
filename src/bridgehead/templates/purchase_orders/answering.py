"""Answers a booked order: in the form that it came in where its original is at hand, else by mail, in a language."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bridgehead import Case
from bridgehead.documents.acknowledgement import Acknowledgement, Unwritable
from bridgehead.documents.language import Language, language_spoken, language_written
from bridgehead.documents.order import Order, Party
from bridgehead.documents.writers.acknowledge import Envelope, Written, write
from bridgehead.documents.writers.edifact_envelope import answering_edifact
from bridgehead.documents.writers.mail_confirmation import MailEnvelope, answering_mail
from bridgehead.documents.writers.ubl_response import answering_ubl
from bridgehead.documents.writers.x12_envelope import answering_x12
from bridgehead.templates.purchase_orders.confirming import confirm_order, confirmation_of, letter
from bridgehead.templates.purchase_orders.erp.wire import BookedOrder, Customer, Item, PartNames
from bridgehead.templates.purchase_orders.tools import find_customer, resolve_items

_REPLACED = "\ufffd"
_LONGEST_REFERENCE = 14


async def answer_order(
    case: Case[Order], booked: BookedOrder, seller: Party, sender: str, *, default: Language = "en"
) -> None:
    """Confirms a booking through ``confirm_order``; a customer that can be reached in no way gets nothing.

    ``sender`` is our address for mails, which go to the first address that the ERP has for the customer. ``default``
    is the language where neither the order's texts nor the customer's country tell one.
    """
    (customer,) = (await find_customer(number=booked.customer)).items
    language = language_for(case.input, customer, default)
    raised = any(line.code in {"IQ", "DR"} for line in booked.lines)
    items = await _items(booked) if raised else {}
    ack = confirmation_of(case.input, booked, seller, items=items, language=language)
    to = customer.emails[0] if customer.emails else ""
    written = written_for(case, ack, sender, to, language)
    if written is not None:
        await confirm_order(letter(booked, written, to))


def language_for(order: Order, customer: Customer, default: Language) -> Language:
    """Returns the language of the order's own texts, else of the customer's country, else ``default``."""
    texts = [*order.notes]
    for line in order.lines:
        texts += [line.description or "", *line.notes]
    texts += [source.text for source in order.sources.values()]
    address = customer.bill_to or (customer.ship_tos[0] if customer.ship_tos else None)
    country = order.buyer.country or (address.country if address else None)
    return language_written(texts) or language_spoken(country) or default


def written_for(case: Case[Order], ack: Acknowledgement, sender: str, to: str, language: Language) -> Written | None:
    """Returns the answer in the first form that can be written: the order's own, a mail in its thread, a mail.

    ``to`` is empty for a customer without an address: then it is the order's own form or nothing.
    """
    for envelope in _envelopes(case, ack, sender, to, language):
        with contextlib.suppress(Unwritable):
            return write(ack, envelope)
    return None


def _envelopes(case: Case[Order], ack: Acknowledgement, sender: str, to: str, language: Language) -> Iterator[Envelope]:
    # The text of a case is its document in UTF-8: bytes that are none were replaced, and those are not made up again.
    original = case.text.encode() if _REPLACED not in case.text else b""
    number = int(case.id.rpartition("-")[2])
    with contextlib.suppress(Unwritable):
        match case.input.format:
            case "x12" if original:
                yield answering_x12(original, control_number=number)
            case "edifact" if original:
                yield answering_edifact(original, reference=f"C{number}"[:_LONGEST_REFERENCE])
            case "ubl" if original:
                yield answering_ubl(original)
    if not to:
        return
    message_id = f"<{ack.number}@{sender.rpartition('@')[2]}>".replace(" ", "-")
    if _looks_like_a_mail(case.text):
        with contextlib.suppress(Unwritable):
            # Headers are ASCII, so that a replaced byte further down does not matter.
            yield answering_mail(case.text.encode(), sender=sender, to=to, message_id=message_id, language=language)
    yield MailEnvelope(sender, to, message_id, language)


def _looks_like_a_mail(text: str) -> bool:
    head = text[:20_000].replace("\r\n", "\n").partition("\n\n")[0].casefold()
    return "\nmessage-id:" in f"\n{head}"


async def _items(booked: BookedOrder) -> dict[str, Item]:
    numbers = tuple(dict.fromkeys(line.item for line in booked.lines))
    found = await resolve_items(booked.customer, tuple(PartNames(supplier_part=number) for number in numbers))
    return {line.item.number: line.item for line in found.lines if line.item}
