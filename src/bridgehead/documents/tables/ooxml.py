"""Looks into the XML of an Excel workbook (ECMA-376 part 1, 18): what is hidden, computed, or said beside the cells."""

from __future__ import annotations

import io
import posixpath
import re
from collections.abc import Iterator
from typing import Any, Final

from lxml import etree

from bridgehead.documents.outcome import Refusal
from bridgehead.documents.tables.look import MOST_TEXT, Look
from bridgehead.documents.terms import currency_of

_MAIN: Final = "{*}"
_REL: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_REL: Final = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_CELL: Final = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_SYMBOL: Final = re.compile(r'\[\$([^\]-]{1,4})(?:-[^\]]*)?\]|"\s*([^"]{1,4}?)\s*"|([\u20ac\u00a3])')
_WHITE: Final = frozenset({"FFFFFFFF", "00FFFFFF", "FFFFFF"})
_MOST_SPOKEN: Final = 500
_MOST_ELEMENTS: Final = 1_000_000
_PROPERTIES: Final = ("title", "subject", "description", "keywords", "category", "Company", "lpwstr")


def events(content: bytes, tags: tuple[str, ...], where: str) -> Iterator[Any]:
    """The elements of these local names as they end, with entities, DTDs and network off, each emptied after use.

    Raises Refusal ``workbook.broken`` with the line, ``workbook.too_large``, ``workbook.entities`` for a document
    type declaration.
    """
    narrow = content.replace(b"\0", b"") if b"\0" in content[:64] else content
    if b"<!DOCTYPE" in narrow:
        raise Refusal("workbook.entities", "The sheet declares a document type, which no workbook does.", where)
    count = 0
    try:
        for _, element in etree.iterparse(
            io.BytesIO(content),
            tag=[f"{{*}}{tag}" for tag in tags],
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        ):
            yield element
            count += 1
            if count > _MOST_ELEMENTS:
                raise Refusal("workbook.too_large", f"It has more than {_MOST_ELEMENTS} elements.", where)
            element.clear()
            # What was read before is not needed again; empty elements would pile up.
            parent = element.getparent()
            while parent is not None and element.getprevious() is not None:
                del parent[0]
    except etree.XMLSyntaxError as error:
        raise Refusal("workbook.broken", f"The XML is damaged: {str(error)[:160]}.", where) from error


def sheet_paths(members: dict[str, bytes]) -> list[tuple[str, str]]:
    """The name of each sheet and its member, in the order of the workbook; the member is empty when it has none."""
    targets: dict[str, str] = {}
    for relation in events(members.get("xl/_rels/workbook.xml.rels", b"<r/>"), ("Relationship",), "workbook"):
        target = relation.get("Target", "")
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
        targets[relation.get("Id", "")] = path
    found: list[tuple[str, str]] = []
    for sheet in events(members.get("xl/workbook.xml", b"<w/>"), ("sheet",), "workbook"):
        key = sheet.get(_REL) or sheet.get(_STRICT_REL) or ""
        found.append((sheet.get("name", ""), targets.get(key, "")))
    return found


class Styles:
    """What the formats of cells say: which write in white on nothing, which show a currency or leading zeros."""

    def __init__(self, members: dict[str, bytes]) -> None:
        formats: dict[str, str] = {}
        self.invisible: set[int] = set()
        self.currency: dict[int, str] = {}
        self.padding: dict[int, int] = {}
        content = members.get("xl/styles.xml")
        if content is None:
            return
        fonts: list[bool] = []
        fills: list[bool] = []
        for element in events(content, ("numFmt", "fonts", "fills", "cellXfs"), "xl/styles.xml"):
            kind = etree.QName(element).localname
            if kind == "numFmt":
                formats[element.get("numFmtId", "")] = element.get("formatCode", "")
            elif kind == "fonts":
                fonts = [_is_white(font) for font in element]
            elif kind == "fills":
                fills = [_is_empty(fill) for fill in element]
            else:
                self._cell_formats(element, formats, fonts, fills)

    def _cell_formats(self, element: Any, formats: dict[str, str], fonts: list[bool], fills: list[bool]) -> None:  # noqa: ANN401 - lxml ships no element type
        for index, one in enumerate(element):
            font, fill = int(one.get("fontId") or 0), int(one.get("fillId") or 0)
            code = formats.get(one.get("numFmtId") or "", "")
            white = font < len(fonts) and fonts[font] and (fill >= len(fills) or fills[fill])
            if white or code.replace('"', "") == ";;;":
                self.invisible.add(index)
            symbol = _SYMBOL.search(code)
            currency = currency_of(symbol[1] or symbol[2] or symbol[3]) if symbol else None
            if currency is not None:
                self.currency[index] = currency
            if re.fullmatch("0{2,18}", code):
                self.padding[index] = len(code)


def _is_white(font: Any) -> bool:  # noqa: ANN401 - lxml ships no element type
    color = font.find(f"{_MAIN}color")
    return (
        color is not None
        and (color.get("rgb", "").upper() in _WHITE or color.get("theme") == "0")
        and not float(color.get("tint") or 0)
    )


def _is_empty(fill: Any) -> bool:  # noqa: ANN401 - lxml ships no element type
    pattern = fill.find(f"{_MAIN}patternFill")
    if pattern is None:
        return fill.find(f"{_MAIN}gradientFill") is None
    front = pattern.find(f"{_MAIN}fgColor")
    white = front is not None and front.get("rgb", "").upper() in _WHITE
    return pattern.get("patternType", "none") == "none" or white


def string_lengths(members: dict[str, bytes]) -> list[int]:
    """How long each shared text is."""
    content = members.get("xl/sharedStrings.xml")
    if content is None:
        return []
    return [sum(map(len, item.itertext())) for item in events(content, ("si",), "xl/sharedStrings.xml")]


def look_at(content: bytes, where: str, lengths: list[int], styles: Styles) -> Look:
    """Looks at one sheet. Raises Refusal ``workbook.too_large`` or ``workbook.broken``."""
    look = Look()
    text = 0
    below = 0
    for element in events(content, ("row", "col"), where):
        if element.tag.endswith("col"):
            if element.get("hidden") in {"1", "true"} or element.get("width") == "0":
                first, last = int(element.get("min") or 1), int(element.get("max") or 1)
                look.hidden_columns.update(range(first - 1, min(last, first + 500)))
            continue
        number = element.get("r")
        at = int(number) - 1 if number and number.isdigit() else below
        below = at + 1
        if element.get("hidden") in {"1", "true"} or element.get("ht") == "0":
            look.hidden_rows.add(at)
        column = -1
        for cell in element:
            place = _CELL.fullmatch(cell.get("r") or "")
            column = _column(place[1]) if place else column + 1
            text += _cell(cell, look, at, column, lengths, styles)
        if text > MOST_TEXT:
            raise Refusal("workbook.too_large", "Its cells hold more text than an order has.", where)
        look.check(where)
    return look


def _cell(cell: Any, look: Look, row: int, column: int, lengths: list[int], styles: Styles) -> int:  # noqa: ANN401 - lxml ships no element type
    """Notes one cell and returns how long its text is."""
    value: str | None = None
    formula = inline = False
    for child in cell:
        if child.tag.endswith("}v"):
            value = child.text
        elif child.tag.endswith("}f"):
            formula = True
        elif child.tag.endswith("}is"):
            inline = True
    if value is None and not inline:
        if formula:
            look.uncomputed.add((row, column))
        return 0
    look.reach(row, column)
    if cell.get("t") == "e":
        look.uncomputed.add((row, column))
    style = cell.get("s")
    if style is not None and style.isdigit():
        index = int(style)
        if index in styles.invisible:
            look.invisible.add((row, column))
        if index in styles.currency:
            look.currencies.add(styles.currency[index])
        if index in styles.padding:
            look.padded[(row, column)] = styles.padding[index]
    if cell.get("t") == "s" and value is not None and value.isdigit() and int(value) < len(lengths):
        return lengths[int(value)]
    return len(value or "")


def _column(letters: str) -> int:
    index = 0
    for one in letters:
        index = index * 26 + ord(one) - 64
    return index - 1


def spoken_beside(members: dict[str, bytes]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Texts that stand in no cell, with the place each has for who opens the workbook: those who look sees (remarks on
    cells, text boxes, lines printed above and below), and those nobody sees (the file's properties).
    """  # noqa: D205 - the two kinds belong into one sentence
    seen: list[tuple[str, str]] = []
    unseen: list[tuple[str, str]] = []
    owners = _owners(members)
    for name, content in members.items():
        low = name.lower()
        sheet = f"sheet {owners[name]}" if name in owners else "the workbook"
        if "comments" in low or "drawings/drawing" in low:
            if low.endswith(".xml"):
                for element in events(content, ("comment", "threadedComment", "txBody"), name):
                    words = " ".join(" ".join(element.itertext()).split())
                    cell = element.get("ref") or ""
                    on = f"a comment on cell {cell}" if _CELL.fullmatch(cell) else "a comment"
                    place = "a text box" if element.tag.endswith("txBody") else on
                    if words and len(seen) < _MOST_SPOKEN:
                        seen.append((f"{place} of {sheet}", words[:2000]))
        elif low.startswith("xl/worksheets/sheet") and low.endswith(".xml") and b"eaderFooter" in content:
            printed = events(content, ("oddHeader", "oddFooter", "firstHeader", "firstFooter"), name)
            unseen.extend(
                (f"the page {'header' if one.tag.endswith('Header') else 'footer'} of {sheet}", (one.text or "")[:2000])
                for one in printed
            )
        elif low.startswith("docprops/") and low.endswith(".xml"):
            told = events(content, _PROPERTIES, name)
            unseen.extend(
                (f"the property {etree.QName(one).localname} of the file", (one.text or "")[:2000]) for one in told
            )
    return seen, unseen


def _owners(members: dict[str, bytes]) -> dict[str, str]:
    """The sheet that a member belongs to: by itself, or as comments and drawings do, by the relations of its sheet."""
    found: dict[str, str] = {}
    for sheet, path in sheet_paths(members):
        if not path:
            continue
        found[path] = sheet
        folder, _, name = path.rpartition("/")
        for relation in events(members.get(f"{folder}/_rels/{name}.rels", b"<r/>"), ("Relationship",), path):
            target = relation.get("Target", "")
            found[target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")] = sheet
    return found
