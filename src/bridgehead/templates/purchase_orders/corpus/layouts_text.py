"""How an order looks as plain text in a mail: fourteen layouts, from a table with bars to lines from a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bridgehead.templates.purchase_orders.corpus.letter import Letter
from bridgehead.templates.purchase_orders.corpus.model import WrittenLine, WrittenOrder

Lines = list[str]


def labels(pairs: list[tuple[str, str]], join: str = ": ") -> Lines:
    """Returns one line for each label and value."""
    return [f"{label}{join}{value}" for label, value in pairs]


def notes(letter: Letter, order: WrittenOrder) -> Lines:
    """Returns the remarks, each under its label at half of the customers."""
    if not order.notes:
        return []
    if letter.voice % 2:
        return ["", *order.notes]
    return ["", *(f"{letter.say('note')}: {note}" for note in order.notes)]


def place(letter: Letter, order: WrittenOrder, *, inline: bool = False) -> Lines:
    """Returns where the goods go, in one line or in several; nothing where the order does not say."""
    if order.ship_to is None:
        return []
    lines = letter.address(order.ship_to)
    if inline:
        return [f"{letter.say('ship_to')}: {', '.join(lines)}"]
    return ["", f"{letter.say('ship_to')}:", *lines]


def asap(letter: Letter, order: WrittenOrder) -> Lines:
    """Returns the wish for speed of a customer who names no date."""
    dated = order.requested_date or any(line.requested_date for line in order.lines)
    return [letter.say("asap")] if not dated and letter.voice % 3 == 0 else []


def end(letter: Letter, order: WrittenOrder, *, inline: bool = False) -> Lines:
    """Returns what stands under the positions: place, haste and remarks."""
    return [*place(letter, order, inline=inline), *asap(letter, order), *notes(letter, order)]


def pipes(letter: Letter, order: WrittenOrder) -> Lines:
    """A table with bars, the way wikis and some order systems paste one."""
    titles, rows = letter.table(order)
    body = [" | ".join(titles), "-|-".join("-" * len(title) for title in titles), *(" | ".join(row) for row in rows)]
    return [*labels(letter.heads(order)), "", *body, "", *labels(letter.tails(order)), *end(letter, order)]


def columns(letter: Letter, order: WrittenOrder) -> Lines:
    """Padded columns under a rule; long descriptions go to a second line at some customers."""
    titles, rows = letter.table(order)
    described = letter.title("description")
    second = letter.voice % 3 == 2 and described in titles
    spot = titles.index(described) if second else -1
    shown = [[cell for index, cell in enumerate(row) if index != spot] for row in (titles, *rows)]
    widths = [max(len(row[index]) for row in shown) + 2 for index in range(len(shown[0]))]
    table: Lines = []
    for number, row in enumerate(shown):
        table.append("".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        if number == 0:
            table.append("-" * sum(widths))
        elif second and rows[number - 1][spot]:
            table.append(" " * widths[0] + rows[number - 1][spot])
    tails = [f"{label}: {value}".rjust(sum(widths)) for label, value in letter.tails(order)]
    closing = ["=" * sum(widths), *tails] if tails else []
    return [*labels(letter.heads(order)), "", *table, *closing, *end(letter, order)]


def tabs(letter: Letter, order: WrittenOrder) -> Lines:
    """Cells copied from a spreadsheet: tabs between them, the total under its column."""
    titles, rows = letter.table(order)
    tails = ["\t" * max(len(titles) - 2, 0) + f"{label}\t{value}" for label, value in letter.tails(order)]
    table = ["\t".join(titles), *("\t".join(row) for row in rows), *tails]
    return [*labels(letter.heads(order)), "", *table, *end(letter, order)]


def bullets(letter: Letter, order: WrittenOrder) -> Lines:
    """A dash, how many, of what, at what price; the order number often only in the subject."""
    mark = ("-", "*", "•")[letter.voice % 3]
    items = [f"{mark} {phrase(letter, order, line)}" for line in order.lines]
    heads = letter.heads(order, with_po=letter.voice % 3 != 0 or order.release is not None)
    return [
        *items,
        "",
        *labels(heads),
        *labels(letter.tails(order)),
        *end(letter, order, inline=letter.voice % 2 == 0),
    ]


def phrase(letter: Letter, order: WrittenOrder, line: WrittenLine) -> str:
    """Returns one position in one phrase: how many, of what, at what price, by when."""
    part = letter.part(line)
    words = [f"{letter.quantity(line)} {part}"]
    if line.description and line.description != part:
        words[0] += f" {line.description}"
    if line.price is not None:
        words.append(letter.say("at", p=letter.price(line, order.currency)))
    if line.requested_date:
        words.append(letter.say("line_by", d=letter.day(line.requested_date)))
    return ", ".join(words)


def sentences(letter: Letter, order: WrittenOrder) -> Lines:
    """Running text, as one writes to somebody one knows."""
    items = []
    for line in order.lines:
        price = f" {letter.say('at', p=letter.price(line, order.currency))}" if line.price is not None else ""
        items.append(f"{letter.quantity(line)} {letter.part(line)}{price}")
    listed = items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {letter.word_and} {items[-1]}"
    heads = ". ".join(f"{label} {value}" for label, value in letter.heads(order))
    tails = ". ".join(f"{label}: {value}" for label, value in letter.tails(order))
    text = [f"{listed}.", f"{heads}."]
    if tails:
        text.append(f"{tails}.")
    return [*text, *end(letter, order, inline=True)]


def blocks(letter: Letter, order: WrittenOrder) -> Lines:
    """Every position in a paragraph of its own, one field a line."""
    found: Lines = [*labels(letter.heads(order))]
    for line in order.lines:
        found.extend(("", f"{letter.title('line')} {line.number}"))
        fields = (
            ("ours", line.ours), ("theirs", line.theirs), ("gtin", line.gtin), ("description", line.description),
            ("quantity", letter.quantity(line)), ("price", letter.price(line, order.currency)),
            ("amount", letter.amount(line.amount, order.currency) if line.amount is not None else None),
            ("due", letter.day(line.requested_date) if line.requested_date else None),
        )  # fmt: skip
        found.extend(f"   {letter.title(key)}: {value}" for key, value in fields if value)
    return [*found, "", *labels(letter.tails(order)), *end(letter, order)]


def erp_form(letter: Letter, order: WrittenOrder) -> Lines:
    """The printout of an order system sent as text: form head, five-digit positions, description and date below."""
    width = 78
    title = letter.title("po").upper() if letter.voice % 2 else letter.say("po")
    found: Lines = ["=" * width, f"{order.customer.name:<44}{title} {order.po_number}"]
    for label, value in letter.heads(order, with_po=False):
        found.append(f"{'':<44}{label}: {value}")
    if order.ship_to is not None:
        found.extend((f"{letter.say('ship_to')}:", *(f"  {text}" for text in letter.address(order.ship_to))))
    found.append("-" * width)
    for line in order.lines:
        price = letter.price(line, order.currency)
        if line.price is not None and line.basis == 1 and line.unit:
            price = f"{price} / 1 {line.unit}"
        amount = letter.amount(line.amount, order.currency) if line.amount is not None else ""
        found.append(
            f"{line.number:05} {letter.part(line):<28}{letter.quantity(line):>14}{price:>20}{amount:>12}".rstrip()
        )
        if line.description and line.description != letter.part(line):
            found.append(f"      {line.description}")
        if line.requested_date:
            found.append(f"      {letter.say('due')}: {letter.day(line.requested_date)}")
    found.append("-" * width)
    found.extend(f"{label}: {value}".rjust(width) for label, value in letter.tails(order))
    return [*found, *asap(letter, order), *notes(letter, order), "=" * width]


def phone(letter: Letter, order: WrittenOrder) -> Lines:
    """Typed with two thumbs."""
    cross = ("x ", "", "* ")[letter.voice % 3]
    found: Lines = []
    for line in order.lines:
        price = f" {letter.say('at', p=letter.price(line, order.currency))}" if line.price is not None else ""
        found.append(f"{letter.quantity(line)} {cross if not line.unit else ''}{letter.part(line)}{price}")
    heads = letter.heads(order, with_po=letter.voice % 2 == 0 or order.release is not None)
    return [*found, "", *labels([*heads, *letter.tails(order)], " "), *end(letter, order, inline=True)]


def semicolons(letter: Letter, order: WrittenOrder) -> Lines:
    """An export pasted into the mail."""
    titles, rows = letter.table(order)
    return [
        *labels(letter.heads(order)), "", ";".join(titles), *(";".join(row) for row in rows), "",
        *labels(letter.tails(order)), *end(letter, order),
    ]  # fmt: skip


def dot_leaders(letter: Letter, order: WrittenOrder) -> Lines:
    """A form typed on the oldest terminal in the house."""
    pairs = letter.heads(order)
    if order.ship_to is not None:
        first, *rest = letter.address(order.ship_to)
        pairs = [*pairs, (letter.say("ship_to"), first), *(("", text) for text in rest)]
    width = max(len(label) for label, _ in pairs) + 4
    found = [
        f"{label + '.' * (width - len(label))}: {value}" if label else f"{'':{width}}  {value}"
        for label, value in pairs
    ]
    for line in order.lines:
        found.extend(("", f"{line.number:>4}  {letter.part(line)}"))
        if line.description and line.description != letter.part(line):
            found.append(f"      {line.description}")
        details = [f"{letter.title('quantity')} {letter.quantity(line)}"]
        if line.price is not None:
            details.append(f"{letter.title('price')} {letter.price(line, order.currency)}")
        if line.amount is not None:
            details.append(f"{letter.title('amount')} {letter.amount(line.amount, order.currency)}")
        if line.requested_date:
            details.append(f"{letter.title('due')} {letter.day(line.requested_date)}")
        found.append("      " + "   ".join(details))
    found.append("")
    found.extend(f"{label + '.' * max(width - len(label), 2)}: {value}" for label, value in letter.tails(order))
    return [*found, *asap(letter, order), *notes(letter, order)]


def pasted_cells(letter: Letter, order: WrittenOrder) -> Lines:
    """A table that lost its columns on the way through the clipboard: every cell on a line of its own."""
    titles, rows = letter.table(order)
    cells = [cell or " " for row in (titles, *rows) for cell in row]
    tails = [text for pair in letter.tails(order) for text in pair]
    return [*labels(letter.heads(order)), "", *cells, *tails, *end(letter, order)]


def shop_notice(letter: Letter, order: WrittenOrder) -> Lines:
    """The notice a purchasing tool sends for its user."""
    found = [f"*** {letter.say('yes')} ***", "", *labels(letter.heads(order)), ""]
    for index, line in enumerate(order.lines):
        facts = [letter.part(line)]
        if line.description and line.description != facts[0]:
            facts.append(line.description)
        facts.append(f"{letter.title('quantity')}: {letter.quantity(line)}")
        if line.price is not None:
            facts.append(f"{letter.title('price')}: {letter.price(line, order.currency)}")
        if line.amount is not None:
            facts.append(letter.amount(line.amount, order.currency))
        number = line.number if letter.habit.step != 1 else index + 1
        found.append(f"{number}) " + " / ".join(facts))
    return [*found, "", *labels(letter.tails(order)), *end(letter, order)]


def box_drawing(letter: Letter, order: WrittenOrder) -> Lines:
    """A table drawn with box characters by a terminal program."""
    titles, rows = letter.table(order)
    widths = [max(len(row[index]) for row in (titles, *rows)) for index in range(len(titles))]

    def rule(left: str, middle: str, right: str) -> str:
        return left + middle.join("─" * (width + 2) for width in widths) + right

    def row(cells: list[str]) -> str:
        return "│" + "│".join(f" {cell:<{width}} " for cell, width in zip(cells, widths, strict=True)) + "│"

    table = [
        rule("┌", "┬", "┐"),
        row(titles),
        rule("├", "┼", "┤"),
        *(row(cells) for cells in rows),
        rule("└", "┴", "┘"),
    ]
    return [*labels(letter.heads(order)), "", *table, *labels(letter.tails(order)), *end(letter, order)]


TEXT_LAYOUTS: Final[dict[str, Callable[[Letter, WrittenOrder], Lines]]] = {
    "pipes": pipes,
    "columns": columns,
    "tabs": tabs,
    "bullets": bullets,
    "sentences": sentences,
    "blocks": blocks,
    "erp_form": erp_form,
    "phone": phone,
    "reply_to_offer": tabs,
    "semicolons": semicolons,
    "dot_leaders": dot_leaders,
    "pasted_cells": pasted_cells,
    "shop_notice": shop_notice,
    "box_drawing": box_drawing,
}
