"""Orders in the HTML of spreadsheets, web mail, newsletter tools, portals and groupware, as each of them writes it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Final

from bridgehead.templates.purchase_orders.corpus.layouts_prose import letter_prose, plain_rows, portal_link
from bridgehead.templates.purchase_orders.corpus.layouts_tables import side_by_side
from bridgehead.templates.purchase_orders.corpus.letter import Letter
from bridgehead.templates.purchase_orders.corpus.model import WrittenLine, WrittenOrder

Parts = list[str]


def _hasty(letter: Letter, order: WrittenOrder) -> list[str]:
    dated = order.requested_date or any(line.requested_date for line in order.lines)
    return [letter.say("asap")] if not dated and letter.voice % 3 == 0 else []


def _texts(letter: Letter, order: WrittenOrder) -> list[str]:
    return [*_hasty(letter, order), *order.notes]


def _place_lines(letter: Letter, order: WrittenOrder) -> list[str]:
    return [escape(text) for text in letter.address(order.ship_to)] if order.ship_to is not None else []


def excel_paste(letter: Letter, order: WrittenOrder) -> Parts:
    """A range of a spreadsheet as the spreadsheet puts it on the clipboard: head cells, table and foot in one."""
    titles, rows = letter.table(order)
    wide = max(len(titles), 2)

    def row(cells: list[str], style: str) -> str:
        cells = cells + [""] * (wide - len(cells))
        sides = ["align=right" if text[:1].isdigit() else "" for text in cells]
        inner = "".join(
            f"<td class={style} style='height:15.0pt' {side}>{escape(text) or '&nbsp;'}</td>"
            for text, side in zip(cells, sides, strict=True)
        )
        return f"<tr height=20 style='height:15.0pt'>{inner}</tr>"

    found = [
        "<table border=0 cellpadding=0 cellspacing=0 width=720 style='border-collapse:collapse;width:540pt'>",
        "<colgroup>" + "<col width=90 style='mso-width-alt:3291;width:68pt'>" * wide + "</colgroup>",
    ]
    pairs = letter.heads(order)
    if order.ship_to is not None:
        first, *rest = letter.address(order.ship_to)
        pairs = [*pairs, (letter.say("ship_to"), first), *(("", text) for text in rest)]
    found.extend(row([label, value], "xl65") for label, value in pairs)
    found.append(row([], "xl65"))
    found.append(row(titles, "xl66"))
    found.extend(row(cells, "xl67") for cells in rows)
    found.append(row([], "xl65"))
    found.extend(row([*[""] * (wide - 2), label, value], "xl68") for label, value in letter.tails(order))
    found.append("</table>")
    return [*found, *(f"<p class=MsoNormal><o:p>{escape(text)}</o:p></p>" for text in _texts(letter, order))]


def gmail(letter: Letter, order: WrittenOrder) -> Parts:
    """Web mail: lines between breaks, no table."""
    lines = plain_rows(letter, order)
    return ["<br>\n".join(f"{escape(line).replace('  ', '&nbsp; ')}" for line in lines)]


def html_prose(letter: Letter, order: WrittenOrder) -> Parts:
    """A letter from a word processor: sentences with some words in bold and blanks that do not break."""
    text = escape(" ".join(line for line in letter_prose(letter, order) if line))
    bold = escape(order.po_number)
    text = text.replace(bold, f"<b><span lang={letter.language.upper()}>{bold}</span></b>")
    size = ("11.0pt", "10.0pt", "12.0pt")[letter.voice % 3]
    font = f'font-size:{size};font-family:"Calibri",sans-serif'
    return [f"<p class=MsoNormal><span style='{font}'>{text}<o:p></o:p></span></p>"]


def newsletter(letter: Letter, order: WrittenOrder) -> Parts:
    """A portal's notice made with a newsletter tool: tables in tables, a text for the preview, a button, a foot."""
    cell = "padding:8px 24px;font-family:Helvetica,Arial,sans-serif;font-size:14px;color:#333333"
    small = "font-family:Helvetica,Arial,sans-serif;font-size:11px;color:#888888"
    hint = escape(f"{letter.tell('bare_subject')} {order.po_number}")
    found = [
        f'<span style="display:none!important;max-height:0;overflow:hidden">{hint}</span>',
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" bgcolor="#f4f4f4">',
        '<tr><td align="center">',
        '<table role="presentation" width="600" cellpadding="0" cellspacing="0" bgcolor="#ffffff">',
        f'<tr><td bgcolor="#24527a" style="{cell};color:#ffffff;font-size:20px">{hint}</td></tr>',
        f'<tr><td style="{cell}"><table role="presentation" width="100%">',
    ]
    found.extend(
        f'<tr><td width="40%" style="color:#777777">{escape(label)}</td><td>{escape(value)}</td></tr>'
        for label, value in [(letter.tell("buyer"), order.customer.name), *letter.heads(order)]
    )
    if order.ship_to is not None:
        where = "<br>".join(_place_lines(letter, order))
        found.append(
            f'<tr><td valign="top" style="color:#777777">{escape(letter.say("ship_to"))}</td><td>{where}</td></tr>'
        )
    found.append("</table></td></tr>")
    for line in order.lines:
        found.append(
            f'<tr><td style="{cell};border-top:1px solid #dddddd"><table role="presentation" width="100%"><tr>'
        )
        found.append(f'<td width="10%" valign="top">{line.number}</td><td>{_card(letter, order, line, "<br>")}</td>')
        worth = letter.amount(line.amount, order.currency) if line.amount is not None else ""
        found.append(
            f'<td width="20%" align="right" valign="top">{escape(worth) or "&nbsp;"}</td></tr></table></td></tr>'
        )
    found.extend(
        f'<tr><td align="right" style="{cell}"><b>{escape(label)}: {escape(value)}</b></td></tr>'
        for label, value in letter.tails(order)
    )
    found.extend(f'<tr><td style="{cell}">{escape(text)}</td></tr>' for text in _texts(letter, order))
    button = "background:#24527a;color:#ffffff;padding:10px 18px;text-decoration:none"
    link = f'<a href="{portal_link(letter)}" style="{button}">{escape(letter.tell("view"))}</a>'
    found.append(f'<tr><td align="center" style="{cell}">{link}</td></tr>')
    foot = f"{escape(letter.tell('automatic'))}<br>{escape(letter.tell('why'))}"
    found.append(f'<tr><td style="{cell};{small}">{foot}</td></tr></table></td></tr></table>')
    return found


def _card(letter: Letter, order: WrittenOrder, line: WrittenLine, gap: str) -> str:
    """Returns a position's facts under one another, each with its label but the first."""
    fields = (
        (letter.title("theirs"), line.theirs), (letter.title("ours"), line.ours), (letter.title("gtin"), line.gtin),
        (letter.title("quantity"), letter.quantity(line)), (letter.title("price"), letter.price(line, order.currency)),
        (letter.title("due"), letter.day(line.requested_date) if line.requested_date else None),
    )  # fmt: skip
    texts = [f"<b>{escape(line.description)}</b>"] if line.description else []
    texts.extend(f"{escape(label)}: {escape(value)}" for label, value in fields if value)
    return gap.join(texts)


def cards(letter: Letter, order: WrittenOrder) -> Parts:
    """A portal's notice with lists of terms: one card for the order and one for each position; labels, no table."""
    found = ['<div class="card" style="border:1px solid #ccd;border-radius:6px;padding:12px;margin:8px">', "<dl>"]
    pairs = [(letter.tell("buyer"), order.customer.name), *letter.heads(order), *letter.tails(order)]
    found.extend(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in pairs)
    if order.ship_to is not None:
        found.append(f"<dt>{escape(letter.say('ship_to'))}</dt><dd>{', '.join(_place_lines(letter, order))}</dd>")
    found.append("</dl></div>")
    for line in order.lines:
        found.append('<div class="card" style="border:1px solid #ccd;border-radius:6px;padding:12px;margin:8px">')
        found.append(f"<h4>{escape(letter.title('line'))} {line.number}</h4>")
        found.append(f"<p>{_card(letter, order, line, '<br/>')}")
        if line.amount is not None:
            found.append(f"<br/>{escape(letter.title('amount'))}: {escape(letter.amount(line.amount, order.currency))}")
        found.append("</p></div>")
    found.extend(f"<p>{escape(text)}</p>" for text in _texts(letter, order))
    found.append(f'<p><a href="{portal_link(letter)}">{escape(letter.tell("view"))}</a></p>')
    found.append(f'<p style="font-size:11px;color:#888">{escape(letter.tell("automatic"))}</p>')
    return found


def two_rows(letter: Letter, order: WrittenOrder) -> Parts:
    """Two rows of a table for each position: number and description above, figures below; cells span both."""
    lines = order.lines
    titles = [letter.title(key) for key in ("line", "description", "quantity", "price", "amount", "due")]
    dated, priced = any(line.requested_date for line in lines), any(line.price is not None for line in lines)
    worth = any(line.amount is not None for line in lines)
    shown = [True, True, True, priced, worth, dated]
    head = "".join(f"<th>{escape(title)}</th>" for title, show in zip(titles, shown, strict=True) if show)
    wide = sum(shown) - 1
    found = [f"<p>{escape(label)}: <strong>{escape(value)}</strong></p>" for label, value in letter.heads(order)]
    found.append(f'<table border="1" cellpadding="3" style="border-collapse:collapse"><tr>{head}</tr>')
    for line in lines:
        part = letter.part(line)
        told = escape(part)
        if line.description and line.description != part:
            told += f" &ndash; {escape(line.description)}"
        found.append(f'<tr><td rowspan="2" valign="top">{line.number}</td><td colspan="{wide}">{told}</td></tr>')
        cells = ["", letter.quantity(line)]
        cells += [letter.price(line, order.currency)] if priced else []
        cells += [letter.amount(line.amount, order.currency) if line.amount is not None else ""] if worth else []
        cells += [letter.day(line.requested_date) if line.requested_date else ""] if dated else []
        found.append("<tr>" + "".join(f"<td>{escape(text) or '&nbsp;'}</td>" for text in cells) + "</tr>")
    found.extend(
        f'<tr><td colspan="{wide}" align="right">{escape(label)}</td><td><b>{escape(value)}</b></td></tr>'
        for label, value in letter.tails(order)
    )
    found.append("</table>")
    if order.ship_to is not None:
        found.append(f"<p>{escape(letter.say('ship_to'))}:<br>{'<br>'.join(_place_lines(letter, order))}</p>")
    return [*found, *(f"<p>{escape(text)}</p>" for text in _texts(letter, order))]


def div_grid(letter: Letter, order: WrittenOrder) -> Parts:
    """A web ERP's mail: rows and cells are blocks laid out by style sheets, not by a table."""
    titles, rows = letter.table(order)
    row = '<div class="row" style="display:flex;border-bottom:1px solid #eee">'

    def cells(texts: list[str], weight: str) -> str:
        return "".join(f'<div style="flex:1;padding:4px;font-weight:{weight}">{escape(text)}</div>' for text in texts)

    found = ['<div class="o_order">']
    found.extend(
        f'<div><span style="color:#666">{escape(label)}:</span> <span>{escape(value)}</span></div>'
        for label, value in letter.heads(order)
    )
    if order.ship_to is not None:
        lines = "".join(f"<div>{text}</div>" for text in _place_lines(letter, order))
        found.append(
            f'<address style="font-style:normal"><div><b>{escape(letter.say("ship_to"))}</b></div>{lines}</address>'
        )
    found.append(f"{row}{cells(titles, 'bold')}</div>")
    found.extend(f"{row}{cells(texts, 'normal')}</div>" for texts in rows)
    found.extend(
        f'<div style="text-align:right"><span>{escape(label)}</span>&nbsp;<strong>{escape(value)}</strong></div>'
        for label, value in letter.tails(order)
    )
    found.append("</div>")
    return [*found, *(f"<div>{escape(text)}</div>" for text in _texts(letter, order))]


def fixed_pitch(letter: Letter, order: WrittenOrder) -> Parts:
    """Groupware's mail: columns of a fixed-pitch font kept in HTML."""
    lines = side_by_side(letter, order)
    if letter.voice % 2:
        return ["<pre>" + "\n".join(escape(line) for line in lines) + "</pre>"]
    kept = "<br>\n".join(escape(line).replace(" ", "&nbsp;") for line in lines)
    return [f'<font size=2 face="Courier New">{kept}</font>']


def upright(letter: Letter, order: WrittenOrder) -> Parts:
    """A table with a column for each article and a row for each fact."""
    titles, rows = letter.table(order)
    found = [f"<p>{escape(label)}: {escape(value)}</p>" for label, value in letter.heads(order)]
    found.append('<table border="1" cellpadding="4" cellspacing="0">')
    for index, title in enumerate(titles):
        tag = "th" if index == 0 else "td"
        cells = "".join(f"<{tag}>{escape(row[index]) or '&nbsp;'}</{tag}>" for row in rows)
        found.append(f'<tr><th align="left">{escape(title)}</th>{cells}</tr>')
    found.append("</table>")
    found.extend(f"<p>{escape(label)}: {escape(value)}</p>" for label, value in letter.tails(order))
    if order.ship_to is not None:
        found.append(f"<p><b>{escape(letter.say('ship_to'))}</b><br>{'<br>'.join(_place_lines(letter, order))}</p>")
    return [*found, *(f"<p>{escape(text)}</p>" for text in _texts(letter, order))]


WEB_LAYOUTS: Final[dict[str, Callable[[Letter, WrittenOrder], Parts]]] = {
    "excel_paste": excel_paste,
    "gmail": gmail,
    "html_prose": html_prose,
    "newsletter": newsletter,
    "cards": cards,
    "two_rows": two_rows,
    "html_forward": two_rows,
    "div_grid": div_grid,
    "fixed_pitch": fixed_pitch,
    "upright": upright,
}
