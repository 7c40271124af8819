"""Orders as people type them: lists, letters, workshop notes, forms filled in by hand, answers between quoted lines."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from typing import Final

from bridgehead.templates.purchase_orders.corpus.layouts_text import Lines, asap, end, labels, notes, phrase, place
from bridgehead.templates.purchase_orders.corpus.letter import Letter
from bridgehead.templates.purchase_orders.corpus.model import WrittenLine, WrittenOrder

_BLANK: Final = "_" * 12
_DIGIT_GAP: Final = re.compile(r"(?<=\d) (?=\d)")


def fold(text: str, width: int, indent: str = "") -> Lines:
    """Returns the text in lines of at most ``width`` signs, as mail programs break it; never within a number."""
    held = _DIGIT_GAP.sub("\u0001", text)
    lines = textwrap.wrap(
        held, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )
    return [line.replace("\u0001", " ") for line in lines]


def numbered_list(letter: Letter, order: WrittenOrder) -> Lines:
    """A numbered list: how many of what, the rest of a position indented below."""
    pattern = ("{n}.", "{n})", "#{n}", "{title} {n}:")[letter.voice % 4]
    found = labels(letter.heads(order))
    for line in order.lines:
        part = letter.part(line)
        mark = pattern.format(n=line.number, title=letter.title("line"))
        found.append(f"{mark} {letter.quantity(line)} {part}")
        details = [line.description] if line.description and line.description != part else []
        if line.price is not None:
            cost = letter.say("at", p=letter.price(line, order.currency))
            worth = f" = {letter.amount(line.amount, order.currency)}" if line.amount is not None else ""
            details.append(cost + worth)
        if line.requested_date:
            details.append(letter.say("line_by", d=letter.day(line.requested_date)))
        if details and letter.voice % 2:
            found.append(f"    {', '.join(details)}")
        else:
            found.extend(f"    {text}" for text in details)
    return [*found, "", *labels(letter.tails(order)), *end(letter, order)]


def _spoken(letter: Letter, order: WrittenOrder, line: WrittenLine, *, with_quantity: bool = True) -> str:
    part = letter.part(line)
    words = f"{letter.quantity(line)} {part}" if with_quantity else part
    if line.description and line.description != part:
        words += f" ({line.description})"
    if line.price is not None:
        words += f" {letter.say('at', p=letter.price(line, order.currency))}"
    if line.requested_date:
        words += f" ({letter.say('line_by', d=letter.spoken_day(line.requested_date))})"
    return words


def _joined(letter: Letter, words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {letter.word_and} {words[-1]}"


def _wishes(letter: Letter, order: WrittenOrder) -> Lines:
    """Returns what is wanted in phrases; neighbours of the same quantity are said together ("je 100 Stk ...")."""
    found: Lines = []
    for _, group in groupby(order.lines, key=lambda line: (line.quantity, line.unit)):
        same = list(group)
        if len(same) == 1:
            found.append(_spoken(letter, order, same[0]))
            continue
        listed = _joined(letter, [_spoken(letter, order, line, with_quantity=False) for line in same])
        found.append(letter.tell("each", q=letter.quantity(same[0]), list=listed))
    return found


def _said(letter: Letter, order: WrittenOrder) -> Lines:
    """Returns in sentences what holds for the whole order."""
    found = [letter.tell("number_is", po=order.po_number)]
    if order.release:
        found.append(letter.tell("revision_is", n=order.release))
    if order.order_date:
        found.append(letter.tell("date_is", d=letter.day(order.order_date)))
    if letter.voice % 5 == 0:
        found.append(letter.tell("account_is", n=letter.customer.number))
    if order.requested_date:
        found.append(letter.tell("by", d=letter.spoken_day(order.requested_date)))
    if order.ship_to is not None:
        found.append(letter.tell("to", place=", ".join(letter.address(order.ship_to))))
    found.extend(f"{label}: {value}." for label, value in letter.terms(order))
    if order.stated_total is not None:
        found.append(letter.tell("sum_is", t=letter.amount(order.stated_total, order.currency)))
    if order.stated_line_count is not None:
        found.append(f"{letter.say('count')}: {order.stated_line_count}.")
    return [*found, *asap(letter, order)]


def letter_prose(letter: Letter, order: WrittenOrder) -> Lines:
    """A letter: what is wanted, by when and where to, in sentences that the mail program breaks."""
    wishes = letter.tell("want", list=_joined(letter, _wishes(letter, order)))
    said, remarks = _said(letter, order), [text for text in notes(letter, order) if text]
    width = (72, 64, 998)[letter.voice % 3]
    if letter.voice % 2:
        return [*fold(wishes, width), "", *fold(" ".join(said), width), "", *fold(" ".join(remarks), width)]
    return fold(" ".join((said[0], wishes, *said[1:], *remarks)), width)


def quick_note(letter: Letter, order: WrittenOrder) -> Lines:
    """Everything in one line, as sent between two other things."""
    words = [f"{label} {value}" for label, value in letter.heads(order)]
    words.extend(phrase(letter, order, line) for line in order.lines)
    words.extend(f"{label} {value}" for label, value in letter.tails(order))
    if order.ship_to is not None:
        words.append(f"{letter.say('ship_to')}: {', '.join(letter.address(order.ship_to))}")
    return ["; ".join(words), *asap(letter, order), *notes(letter, order)]


def times(letter: Letter, order: WrittenOrder) -> Lines:
    """A workshop's list: 5x this, 12x that."""
    cross = ("x ", " x ", "x  ", "× ")[letter.voice % 4]
    found: Lines = []
    for line in order.lines:
        part = letter.part(line)
        count = f"{letter.quantity(line)} " if line.unit else f"{letter.number(line.quantity)}{cross}"
        words = [f"{count}{part}"]
        if line.description and line.description != part:
            words.append(line.description)
        if line.price is not None:
            words.append(f"@ {letter.price(line, order.currency)}")
        found.append("  ".join(words))
    heads = labels(letter.heads(order), " ")
    rest = [*labels(letter.tails(order), " "), *end(letter, order, inline=True)]
    return [*found, "", *heads, *rest] if letter.voice % 2 else [*heads, "", *found, "", *rest]


def portal_notice(letter: Letter, order: WrittenOrder) -> Lines:
    """The text a purchasing portal sends its suppliers: labels on the left, positions in blocks, a link."""
    pairs = [(letter.tell("buyer"), order.customer.name), *letter.heads(order)]
    pairs.append((letter.tell("status"), letter.tell("fresh")))
    if order.ship_to is not None:
        pairs.append((letter.say("ship_to"), ", ".join(letter.address(order.ship_to))))
    pairs.extend(letter.tails(order))
    width = max(len(label) for label, _ in pairs) + 2
    found = [f"{label + ':':<{width}}{value}" for label, value in pairs]
    for index, line in enumerate(order.lines):
        counted = letter.tell("item_of", i=index + 1, n=len(order.lines))
        fields = (
            (letter.title("line"), str(line.number)), (letter.title("theirs"), line.theirs),
            (letter.title("ours"), line.ours), (letter.title("gtin"), line.gtin),
            (letter.title("description"), line.description), (letter.title("quantity"), letter.number(line.quantity)),
            (letter.title("unit"), line.unit), (letter.title("price"), letter.price(line, order.currency)),
            (letter.title("amount"), letter.amount(line.amount, order.currency) if line.amount is not None else None),
            (letter.title("due"), letter.day(line.requested_date) if line.requested_date else None),
        )  # fmt: skip
        found.extend(("", f"--- {counted} " + "-" * 30))
        found.extend(f"{label + ':':<{width - 1}} {value}" for label, value in fields if value)
    return [*found, "", "-" * 44, *asap(letter, order), *notes(letter, order), "", *portal_foot(letter)]


def portal_link(letter: Letter) -> str:
    """Returns the address of the order in the customer's portal."""
    return f"https://portal.{letter.customer.email_domains[0]}/supplier/view?doc={letter.sending.serial:07}"


def portal_foot(letter: Letter) -> Lines:
    """Returns what a portal writes under its notices."""
    return [f"{letter.tell('view')}:", portal_link(letter), "", letter.tell("automatic"), letter.tell("why")]


def filled_blanks(letter: Letter, order: WrittenOrder) -> Lines:
    """An order form sent around as text, its blanks filled in; more rows than were needed."""

    def blank(text: str, least: int = 12) -> str:
        return f"__{text}{'_' * max(least - len(text), 2)}" if text else _BLANK

    found = [f"{label}: {blank(value)}" for label, value in letter.heads(order)]
    found.append("")
    shown = [key for key in ("theirs", "ours", "gtin", "description") if any(getattr(x, key) for x in order.lines)]
    extra = ["price"] if any(line.price is not None for line in order.lines) else []
    extra += ["amount"] if any(line.amount is not None for line in order.lines) else []
    extra += ["due"] if any(line.requested_date for line in order.lines) else []
    for line in order.lines:
        cells = {key: getattr(line, key) or "" for key in shown}
        cells["quantity"] = letter.quantity(line)
        cells["price"] = letter.price(line, order.currency)
        cells["amount"] = letter.amount(line.amount, order.currency) if line.amount is not None else ""
        cells["due"] = letter.day(line.requested_date) if line.requested_date else ""
        keys = (*shown, "quantity", *extra)
        found.append(f"{line.number:>3}  " + "  ".join(f"{letter.title(key)}: {blank(cells[key])}" for key in keys))
    step = letter.habit.step
    for index in range(letter.voice % 3 + 1):
        empty = "  ".join(f"{letter.title(key)}: {_BLANK}" for key in (*shown, "quantity", *extra))
        found.append(f"{(len(order.lines) + index + 1) * step:>3}  {empty}")
    found.append("")
    found.extend(f"{label}: {blank(value)}" for label, value in letter.tails(order))
    return [*found, *end(letter, order)]


def inline_reply(letter: Letter, order: WrittenOrder) -> Lines:
    """Our offer, quoted line by line, with the order between its lines; what is offered and not taken is declined."""
    found = [*labels(letter.heads(order)), "", f"> {letter.say('offer')}", ">"]
    for line in order.lines:
        factor = letter.dice.one((Decimal(1), Decimal(2), Decimal("0.5")))
        offered = replace(
            line, quantity=max((line.quantity * factor).quantize(Decimal(1)), Decimal(1)), requested_date=None
        )
        if line.price is not None:
            offered = replace(offered, price=(line.price * Decimal("1.06")).quantize(Decimal("0.01")) + Decimal("0.01"))
        cost = f"   {letter.price(offered, letter.customer.currency)}" if offered.price is not None else ""
        found.append(f"> {letter.quantity(offered)}   {letter.part(line)}{cost}")
        found.extend((letter.tell("take", x=phrase(letter, order, line)), ""))
    if letter.voice % 2:
        left = replace(order.lines[0], quantity=order.lines[0].quantity * 3)
        found.append(f"> {letter.quantity(left)}   {letter.part(left)}-S")
        found.extend((letter.tell("declined"), ""))
    return [*found, *labels(letter.tails(order)), *end(letter, order, inline=letter.voice % 3 == 0)]


def plain_rows(letter: Letter, order: WrittenOrder) -> Lines:
    """Rows held apart by a few blanks, without titles."""
    gap = " " * (2 + letter.voice % 3)
    found: Lines = []
    for line in order.lines:
        part = letter.part(line)
        cells = [f"{line.number}" if letter.habit.step != 1 else "", letter.quantity(line), part]
        cells.append(line.description if line.description and line.description != part else "")
        cells.append(letter.say("at", p=letter.price(line, order.currency)) if line.price is not None else "")
        cells.append(letter.day(line.requested_date) if line.requested_date else "")
        found.append(gap.join(cell for cell in cells if cell))
    return [*labels(letter.heads(order)), "", *found, "", *labels(letter.tails(order)), *place(letter, order),
            *asap(letter, order), *notes(letter, order)]  # fmt: skip


PROSE_LAYOUTS: Final[dict[str, Callable[[Letter, WrittenOrder], Lines]]] = {
    "numbered_list": numbered_list,
    "letter_prose": letter_prose,
    "quick_note": quick_note,
    "times": times,
    "portal_notice": portal_notice,
    "filled_blanks": filled_blanks,
    "inline_reply": inline_reply,
    "forwarded": plain_rows,
    "thread_top": plain_rows,
}
