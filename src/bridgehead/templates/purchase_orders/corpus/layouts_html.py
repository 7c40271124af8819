"""How an order looks in a mail that has HTML only, or HTML worth reading: a table, a form, a numbered list."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Final

from bridgehead.templates.purchase_orders.corpus.letter import Letter
from bridgehead.templates.purchase_orders.corpus.model import WrittenOrder


def _paragraph(text: str) -> str:
    return f"<p class=MsoNormal>{escape(text) or '&nbsp;'}</p>"


def _place(letter: Letter, order: WrittenOrder) -> list[str]:
    if order.ship_to is None:
        return []
    lines = "<br>\n".join(escape(text) for text in letter.address(order.ship_to))
    return [f"<p class=MsoNormal><b>{escape(letter.say('ship_to'))}:</b><br>\n{lines}</p>"]


def _notes(letter: Letter, order: WrittenOrder) -> list[str]:
    dated = order.requested_date or any(line.requested_date for line in order.lines)
    asap = [letter.say("asap")] if not dated and letter.voice % 3 == 0 else []
    return [_paragraph(text) for text in (*asap, *order.notes)]


def html_table(letter: Letter, order: WrittenOrder) -> list[str]:
    """A spreadsheet range pasted into a mail program: bordered table, order number above or in the subject alone."""
    titles, rows = letter.table(order)
    cell = "style='border:solid windowtext 1.0pt;padding:0cm 5.4pt 0cm 5.4pt'"
    found = [_paragraph(f"{label}: {value}") for label, value in letter.heads(order)]
    found.append("<table class=MsoNormalTable border=1 cellspacing=0 cellpadding=0 style='border-collapse:collapse'>")
    found.append(
        "<tr>" + "".join(f"<td {cell}><p class=MsoNormal><b>{escape(title)}</b></p></td>" for title in titles) + "</tr>"
    )
    found.extend(
        "<tr>" + "".join(f"<td {cell}><p class=MsoNormal>{escape(text) or '&nbsp;'}</p></td>" for text in row) + "</tr>"
        for row in rows
    )
    if letter.voice % 2:
        wide = max(len(titles) - 1, 1)
        found.extend(
            f"<tr><td colspan={wide} {cell}>{escape(label)}</td><td {cell}>{escape(value)}</td></tr>"
            for label, value in letter.tails(order)
        )
        found.append("</table>")
    else:
        found.append("</table>")
        found.extend(_paragraph(f"{label}: {value}") for label, value in letter.tails(order))
    return [*found, *_place(letter, order), *_notes(letter, order)]


def html_form(letter: Letter, order: WrittenOrder) -> list[str]:
    """The mail of an order system: a key table, then a line table with head cells and a foot."""
    titles, rows = letter.table(order)
    found = [
        f'<h2 style="font-family:Arial">{escape(letter.title("title"))} {escape(order.po_number)}</h2>',
        '<table cellpadding="3">',
    ]
    found.extend(
        f'<tr><th align="left">{escape(label)}</th><td>{escape(value)}</td></tr>'
        for label, value in letter.heads(order)
    )
    if order.ship_to is not None:
        place = "<br/>".join(escape(text) for text in letter.address(order.ship_to))
        found.append(f'<tr><th align="left" valign="top">{escape(letter.say("ship_to"))}</th><td>{place}</td></tr>')
    found.append("</table>")
    found.append('<table border="1" cellpadding="4" style="border-collapse:collapse;font-size:12px"><thead><tr>')
    found.append("".join(f'<th bgcolor="#dddddd">{escape(title)}</th>' for title in titles) + "</tr></thead><tbody>")
    found.extend("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    found.append("</tbody><tfoot>")
    found.extend(
        f'<tr><td colspan="{max(len(titles) - 1, 1)}" align="right">{escape(label)}</td><td>{escape(value)}</td></tr>'
        for label, value in letter.tails(order)
    )
    found.append("</tfoot></table>")
    return [*found, *_notes(letter, order)]


def word_list(letter: Letter, order: WrittenOrder) -> list[str]:
    """Written in a word processor: a list, numbers in bold, blanks that do not break."""
    found = [f"<p>{escape(label)}:&nbsp;<b>{escape(value)}</b></p>" for label, value in letter.heads(order)]
    found.append("<ul>" if letter.habit.step != 1 else "<ol>")
    for line in order.lines:
        part = letter.part(line)
        text = f"<b>{escape(letter.quantity(line)).replace(' ', '&nbsp;')}</b> {escape(part)}"
        if line.description and line.description != part:
            text += f" &ndash; {escape(line.description)}"
        if line.price is not None:
            text += f", {escape(letter.say('at', p=letter.price(line, order.currency)))}"
        if line.requested_date:
            text += f", {escape(letter.say('line_by', d=letter.day(line.requested_date)))}"
        number = f"{escape(letter.title('line'))} {line.number}: " if letter.habit.step != 1 else ""
        found.append(f"<li>{number}{text}</li>")
    found.append("</ul>" if letter.habit.step != 1 else "</ol>")
    found.extend(f"<p>{escape(label)}: {escape(value)}</p>" for label, value in letter.tails(order))
    return [*found, *_place(letter, order), *_notes(letter, order)]


HTML_LAYOUTS: Final[dict[str, Callable[[Letter, WrittenOrder], list[str]]]] = {
    "html_table": html_table,
    "html_form": html_form,
    "word_list": word_list,
}
