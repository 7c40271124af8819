"""Confirms booked orders: what was booked becomes an acknowledgement, and that a file for whoever sends it.

A deployment that confirms lists ``confirm_order`` among its tools and says in ``OUTBOX.open`` where files go. A file
that was sent stays known in the folder ``sent`` of the outbox: whoever sends moves it there. So an order is confirmed
once, whatever is repeated.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from email import message_from_bytes
from email.message import Message
from email.policy import default
from email.utils import getaddresses
from pathlib import Path
from typing import Final
from urllib.parse import quote

from pydantic import TypeAdapter

from bridgehead import Failed, Mismatch, irreversible
from bridgehead.documents.acknowledgement import (
    AcknowledgedLine,
    Acknowledgement,
    LineCode,
    header_code,
    ordered_unit,
    plain,
    same_unit,
)
from bridgehead.documents.language import Language
from bridgehead.documents.order import Line, Order, Party
from bridgehead.documents.writers.acknowledge import Written
from bridgehead.documents.writers.mail_words import WORDS
from bridgehead.documents.writers.unit_words import unit_word
from bridgehead.templates.purchase_orders import system
from bridgehead.templates.purchase_orders.erp.wire import BookedOrder, Item, OrderLine

MAIL: Final = "mail"
"""The kind of a confirmation that is a mail."""
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A confirmation of one order, to be sent: the kind of document, the ending of its name, its bytes in Base64.

    Customer and PO number tell the orders of shadow apart, which have no number of the ERP's. ``to`` is the address
    that a mail goes to; other documents go where their own ends say.
    """

    customer: str
    po_number: str
    order_number: str
    kind: str
    suffix: str
    content: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A confirmation that lies in the outbox, under its name there."""

    order_number: str
    name: str


_CONFIRMATION: Final = TypeAdapter(Confirmation)


@dataclass(slots=True)
class Outbox:
    """The folder that confirmations are put into, for a gateway or a mail program that sends them."""

    folder: Path | None = None

    def open(self, folder: Path) -> None:
        """Says where confirmations go; the folder and its ``sent`` are made with the first of them."""
        self.folder = folder

    def put(self, name: str, content: bytes) -> None:
        """Puts a file, whole or not at all; one of this content that is there, or was sent, is left alone.

        Raises Failed ``conflict`` when another content is there under the name, ``invalid_input`` without a folder.
        """
        folder = self._folder()
        (folder / "sent").mkdir(parents=True, exist_ok=True)
        found = self.find(name)
        if found is None:
            part = folder / f".{name}.{os.getpid()}.part"
            try:
                with part.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                # A link never replaces: of two that write at once, one finds the other's file.
                with contextlib.suppress(FileExistsError):
                    os.link(part, folder / name)
            finally:
                part.unlink(missing_ok=True)
            found = self.find(name)
        if found != content:
            raise Failed(f"the outbox holds another {name}", error_class="conflict", applied=False)

    def find(self, name: str) -> bytes | None:
        """Returns what lies under a name, waiting or sent."""
        folder = self._folder()
        for place in (folder / name, folder / "sent" / name, folder / name):
            with contextlib.suppress(FileNotFoundError):
                return place.read_bytes()
        return None

    def _folder(self) -> Path:
        if self.folder is None:
            raise Failed(
                "no outbox is open",
                error_class="invalid_input",
                applied=False,
                hint="Call OUTBOX.open(FOLDER) in deploy.py.",
            )
        return self.folder


OUTBOX: Final = Outbox()
"""Where ``confirm_order`` puts confirmations; ``deploy.py`` opens it."""


def confirmation_of(
    order: Order,
    booked: BookedOrder,
    seller: Party,
    *,
    items: Mapping[str, Item] | None = None,
    language: Language = "en",
) -> Acknowledgement:
    """Returns what a booking says to the customer, in the customer's units where they are known.

    ``items`` are those of the booking by their numbers: with them a quantity that was raised says why, in ``language``.
    Everything in it is of the booking, its time too, so that the same booking gives the same document. Lines that were
    not booked are on hold. Raises Unwritable when booking and order do not fit each other.
    """
    waiting: defaultdict[int, list[OrderLine]] = defaultdict(list)
    for line in booked.lines:
        waiting[line.line].append(line)
    lines = tuple(
        _explained(line, _answer(order, line, waiting[line.number].pop(0)), items or {}, language)
        if waiting[line.number]
        else AcknowledgedLine("IH")
        for line in order.lines
    )
    code = header_code(lines)
    accepted = code in {"AD", "AC"}
    return Acknowledgement(
        order=order,
        code=code,
        lines=lines,
        seller=seller,
        number=booked.order_number,
        issued=booked.booked_at,
        order_number=booked.order_number if accepted else "",
        currency=booked.currency,
        total=booked.total if accepted else None,
    )


def letter(booked: BookedOrder, written: Written, to: str | None = None) -> Confirmation:
    """Returns the argument of ``confirm_order`` for a document that was written about a booking; a mail goes ``to``."""
    return Confirmation(
        customer=booked.customer,
        po_number=booked.po_number,
        order_number=booked.order_number,
        kind=written.kind,
        suffix=written.suffix,
        content=base64.b64encode(written.content).decode("ascii"),
        to=to if written.kind == MAIL else None,
    )


def _answer(order: Order, ordered: Line, booked: OrderLine) -> AcknowledgedLine:
    """Returns the decision about one line; a line whose quantity is kept is told in the customer's own unit."""
    based = AcknowledgedLine(booked.code, booked.quantity, booked.unit, booked.price, day=booked.date, item=booked.item)
    if booked.code == "IB":
        return replace(based, quantity=None, back_ordered=booked.quantity, day=None)
    if same_unit(ordered, based):
        factor = Decimal(1)
    elif booked.code in {"IA", "IP"} and ordered.quantity > 0:
        factor = booked.quantity / ordered.quantity
    else:
        # How many base units the customer's unit holds cannot be told from a quantity that may have changed.
        return based
    quantity = booked.quantity / factor
    basis = ordered.price_basis if ordered.price is not None and ordered.price_basis > 0 else Decimal(1)
    price = booked.price * factor * basis
    if ordered.price is not None and _rounds_to(ordered.price / basis / factor, booked.price):
        price = ordered.price
    code = _code(order, ordered, booked, same_quantity=quantity == ordered.quantity)
    if code == "IA" and ordered.price is not None and price != ordered.price:
        code = "IP"  # within tolerance for us, and another price for the customer
    return AcknowledgedLine(
        code,
        quantity,
        price=price,
        price_basis=basis,
        day=booked.date,
        item=booked.item,
    )


def _rounds_to(exact: Decimal, price: Decimal) -> bool:
    """Whether a price is another one, rounded to cents or finer."""
    exponent = price.as_tuple().exponent
    places = min(exponent, -2) if isinstance(exponent, int) else -2
    return exact.quantize(Decimal(1).scaleb(places), ROUND_HALF_UP) == price


def _explained(
    ordered: Line, line: AcknowledgedLine, items: Mapping[str, Item], language: Language
) -> AcknowledgedLine:
    """Returns a line that says why its quantity was raised: to the minimum, or to a multiple of what is sold."""
    item = items.get(line.item)
    if item is None or line.quantity is None or line.code not in {"IQ", "IC"}:
        return line
    if same_unit(ordered, line):
        # The customer's unit is a base unit here: a line with a factor keeps its quantity.
        asked = ordered.quantity
    elif ordered_unit(ordered) in item.units:
        asked = ordered.quantity * item.units[ordered_unit(ordered)]
    else:
        return line
    if line.quantity <= asked:
        return line
    words, least = WORDS[language], asked < item.min_qty
    unit = unit_word("", item.base_unit, language)
    amount = f"{plain(item.min_qty if least else item.multiple, 'items').replace('.', words.mark)} {unit}".strip()
    return replace(line, reason=(words.minimum if least else words.multiple).replace("{quantity}", amount))


def _code(order: Order, ordered: Line, booked: OrderLine, *, same_quantity: bool) -> LineCode:
    """Returns the code of a booked line: its own, or IC when quantity and something else have changed."""
    requested = ordered.requested_date or order.requested_date
    later = requested is not None and booked.date > requested
    several = later if booked.code == "IQ" else not same_quantity
    return "IC" if several else booked.code


async def confirmed(*, key: str, args: Mapping[str, object]) -> Confirmed | None:  # noqa: ARG001 - a verify takes both
    """Looks whether a confirmation is in the outbox or was sent; raises Mismatch when another one is."""
    given = _given(args)
    name = _name(given)
    found = await asyncio.to_thread(OUTBOX.find, name)
    if found is None:
        return None
    if found != _bytes(given):
        raise Mismatch(f"the outbox holds another {name}")
    return Confirmed(given.order_number, name)


async def as_if_confirmed(*, args: Mapping[str, object]) -> Confirmed:
    """Returns what confirming would answer, and puts nothing anywhere."""
    given = _given(args)
    return Confirmed(given.order_number, _name(given))


@irreversible(
    key=("confirmation.customer", "confirmation.po_number", "confirmation.order_number"),
    verify=confirmed,
    preview=as_if_confirmed,
    idempotent=True,
    timeout="10s",
    sensitive=("confirmation.customer", "confirmation.order_number", "confirmation.to"),
    reaches="confirmation.to",
)
async def confirm_order(confirmation: Confirmation) -> Confirmed:
    """Puts a confirmation into the outbox, from where it is sent; the same again puts nothing more.

    Raises Failed ``forbidden`` for a mail to an address that the ERP does not have for the customer.
    """
    name = _name(confirmation)
    await _addressed(confirmation)
    await asyncio.to_thread(OUTBOX.put, name, _bytes(confirmation))
    return Confirmed(confirmation.order_number, name)


async def _addressed(confirmation: Confirmation) -> None:
    """Checks that a mail goes to its customer: what is in it is of one customer, and no business of another one."""
    if confirmation.kind != MAIL and confirmation.suffix != ".eml":
        return
    mail = message_from_bytes(_bytes(confirmation), policy=default)
    meant = {address.lower() for _, address in getaddresses([str(one) for one in _recipients(mail)]) if address}
    known = await system.find_customers({"number": confirmation.customer})
    theirs = {address.lower() for customer in known.items for address in customer.emails}
    if not meant or not meant <= theirs or meant != {(confirmation.to or "").lower()}:
        raise Failed(
            f"the confirmation of {confirmation.order_number} is addressed to"
            f" {', '.join(sorted(meant)) or 'nobody'}, and {confirmation.customer} has"
            f" {', '.join(sorted(theirs)) or 'no address'} on file",
            error_class="forbidden",
            applied=False,
            hint="Confirm to an address that the ERP has for the customer.",
        )


def _recipients(mail: Message) -> list[object]:
    return [value for name in ("to", "cc", "bcc") for value in mail.get_all(name, [])]


def _name(confirmation: Confirmation) -> str:
    """Returns the name of a file that no order number can lead out of its folder."""
    number, suffix = quote(confirmation.order_number, safe=""), quote(confirmation.suffix, safe="")
    if len(number) > _LONGEST_NAME:
        raise Failed("the order number is too long for a file name", error_class="invalid_input", applied=False)
    return f"confirmation-{number}{suffix}"


def _bytes(confirmation: Confirmation) -> bytes:
    try:
        return base64.b64decode(confirmation.content, validate=True)
    except binascii.Error as error:
        raise Failed("the confirmation is no Base64", error_class="invalid_input", applied=False) from error


def _given(args: Mapping[str, object]) -> Confirmation:
    if "confirmation" not in args:
        raise Failed("the recorded arguments hold no confirmation", error_class="bug")
    return _CONFIRMATION.validate_python(args["confirmation"])
