"""Orders as pasted out of programs: an ERP's screen, a table broken by the mail program, an export, address blocks."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.corpus.csv_words import HEADS
from bridgehead.templates.purchase_orders.corpus.layouts_prose import fold
from bridgehead.templates.purchase_orders.corpus.layouts_text import Lines, asap, end, labels, notes
from bridgehead.templates.purchase_orders.corpus.letter import Letter
from bridgehead.templates.purchase_orders.corpus.locales import show_number
from bridgehead.templates.purchase_orders.corpus.model import WrittenOrder
from bridgehead.templates.purchase_orders.corpus.places import COUNTRY_NAMES

_RIGHT: Final = {"quantity", "price", "basis", "amount"}


def _machine(letter: Letter, key: str) -> str:
    """Returns the name of a field as a program's table has it."""
    return HEADS[letter.language][key][-1]


def _three_places(letter: Letter, amount: Decimal) -> str:
    """Returns a quantity as ERP screens print it: with three decimals, always."""
    tail = show_number(Decimal("1.5"), letter.language, letter.customer.country)[1]
    whole, _, part = format(amount, ".3f").partition(".")
    return f"{show_number(Decimal(whole), letter.language, letter.customer.country)}{tail}{part}"


def erp_screen(letter: Letter, order: WrittenOrder) -> Lines:
    """An ERP's screen copied as text: names of fields instead of words, quantities with three decimals."""
    heads = [(_machine(letter, "po"), order.po_number)]
    if order.release:
        heads.append(("REV", order.release))
    if order.order_date:
        heads.append((_machine(letter, "date"), letter.day(order.order_date)))
    if order.requested_date:
        heads.append((_machine(letter, "due"), letter.day(order.requested_date)))
    if order.currency:
        heads.append((_machine(letter, "currency"), order.currency))
    heads.extend(letter.terms(order))
    if order.ship_to is not None:
        spot = order.ship_to
        named = (("ship_name", spot.name), ("street", spot.street), ("postal", spot.postal_code), ("city", spot.city))
        heads.extend((_machine(letter, key), value) for key, value in named)
        heads.append((_machine(letter, "country"), COUNTRY_NAMES[letter.language][spot.country]))
    lines = order.lines
    bases = any(line.basis != 1 for line in lines)
    columns = [
        ("line", [f"{line.number:>5}" for line in lines]), ("ours", [line.ours or "" for line in lines]),
        ("theirs", [line.theirs or "" for line in lines]), ("gtin", [line.gtin or "" for line in lines]),
        ("description", [line.description or "" for line in lines]),
        ("quantity", [_three_places(letter, line.quantity) for line in lines]), ("unit", [line.unit for line in lines]),
        ("price", [letter.amount(line.price, None) if line.price is not None else "" for line in lines]),
        ("basis", [letter.number(line.basis) if bases and line.price is not None else "" for line in lines]),
        ("amount", [letter.amount(line.amount, None) if line.amount is not None else "" for line in lines]),
        ("due", [letter.day(line.requested_date) if line.requested_date else "" for line in lines]),
    ]  # fmt: skip
    filled = [(key, _machine(letter, key), cells) for key, cells in columns if any(cells)]
    widths = [max(len(title), *(len(cell) for cell in cells)) for _, title, cells in filled]
    table = [" ".join(f"{title:<{width}}" for (_, title, _), width in zip(filled, widths, strict=True)).rstrip()]
    table.append(" ".join("-" * width for width in widths))
    for index in range(len(lines)):
        row = [
            cells[index].rjust(width) if key in _RIGHT else cells[index].ljust(width)
            for (key, _, cells), width in zip(filled, widths, strict=True)
        ]
        table.append(" ".join(row).rstrip())
    wide = max(len(label) for label, _ in heads)
    head = [f"{label:<{wide}}  {value}" for label, value in heads]
    tails = letter.tails(order)
    return [*head, "", *table, *([""] if tails else []), *labels(tails, "  "), *asap(letter, order),
            *notes(letter, order)]  # fmt: skip


def wrapped(letter: Letter, order: WrittenOrder) -> Lines:
    """A wide table that the mail program has broken into lines of its own width; a blank line or a dash parts rows."""
    titles, rows = letter.table(order)
    width, sign = (58, 66, 72)[letter.voice % 3], (" | ", " / ", "; ")[letter.voice % 3]
    found = [*labels(letter.heads(order)), "", *fold(sign.join(titles), width)]
    for row in rows:
        text = sign.join(cell or "-" for cell in row)
        if letter.voice % 2:
            found.extend(("", *fold(text, width)))
        else:
            found.extend(fold(f"- {text}", width))
    return [*found, "", *labels(letter.tails(order)), *end(letter, order)]


def quoted_csv(letter: Letter, order: WrittenOrder) -> Lines:
    """An export in quotation marks put straight into the mail; the order number in every row."""
    titles, rows = letter.table(order)
    number = letter.title("po")
    table = [[number, *titles], *([order.po_number, *row] for row in rows)]
    heads = labels(letter.heads(order, with_po=False))
    body = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in table]
    return [*heads, "", *body, "", *labels(letter.tails(order)), *end(letter, order)]


def side_by_side(letter: Letter, order: WrittenOrder) -> Lines:
    """Address blocks next to each other, as on paper, over a table of padded columns."""
    customer = letter.customer
    left = [f"{letter.tell('buyer')}:", customer.name, *letter.address(customer.bill_to)[1:], f"Tel. {customer.phone}"]
    right = [f"{letter.say('ship_to')}:", *letter.address(order.ship_to)] if order.ship_to is not None else []
    wide = max(len(text) for text in left) + 6
    deep = max(len(left), len(right))
    left += [""] * (deep - len(left))
    right += [""] * (deep - len(right))
    found = [f"{one:<{wide}}{other}".rstrip() for one, other in zip(left, right, strict=True)]
    texts = labels(letter.heads(order))
    found.append("")
    found.extend(
        "  ".join(f"{text:<{wide - 2}}" for text in texts[start : start + 2]).rstrip()
        for start in range(0, len(texts), 2)
    )
    titles, rows = letter.table(order)
    widths = [max(len(row[index]) for row in (titles, *rows)) + 2 for index in range(len(titles))]
    table = [
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (titles, *rows)
    ]
    tails = [f"{label}: {value}" for label, value in letter.tails(order)]
    return [*found, "", table[0], "~" * sum(widths), *table[1:], "~" * sum(widths), *tails, *asap(letter, order),
            *notes(letter, order)]  # fmt: skip


def markdown(letter: Letter, order: WrittenOrder) -> Lines:
    """A table in Markdown, as tools for tickets and chats write them."""
    titles, rows = letter.table(order)
    rule = [("---:" if any(sign.isdigit() for sign in rows[0][index]) else "---") for index in range(len(titles))]
    heads = [f"**{label}:** {value}" for label, value in letter.heads(order)]
    table = [f"| {' | '.join(row)} |" for row in (titles, rule, *rows)]
    tails = [f"**{label}: {value}**" for label, value in letter.tails(order)]
    found = [f"## {letter.tell('bare_subject')}", "", *heads, "", *table, "", *tails]
    if order.ship_to is not None:
        found.extend(("", f"### {letter.say('ship_to')}", *(f"- {text}" for text in letter.address(order.ship_to))))
    return [*found, *asap(letter, order), *notes(letter, order)]


TABLE_LAYOUTS: Final[dict[str, Callable[[Letter, WrittenOrder], Lines]]] = {
    "erp_screen": erp_screen,
    "wrapped": wrapped,
    "quoted_csv": quoted_csv,
    "side_by_side": side_by_side,
    "markdown": markdown,
}
