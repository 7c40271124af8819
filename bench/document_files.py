"""What real documents are, told without the readers: by the folder's own list, and by a look of a few lines each.

A file counts as well-formed when the envelope of its format holds together: X12 and EDIFACT by their own counts and
references, XML by its parser and the two elements without which nothing is ordered. Whether a reader agrees is what
is measured.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lxml import etree

KINDS: Final[Mapping[str, frozenset[str]]] = {
    "x12_855": frozenset({"order_response"}),
    "x12_860": frozenset({"order_change", "order_cancel"}),
    "x12_865": frozenset({"order_response"}),
    "x12_997": frozenset({"acknowledgement"}),
    "x12_856": frozenset({"delivery_note"}),
    "x12_810": frozenset({"invoice"}),
    "x12_830": frozenset({"forecast"}),
    "edifact_ordrsp": frozenset({"order_response"}),
    "edifact_ordchg": frozenset({"order_change", "order_cancel"}),
    "edifact_desadv": frozenset({"delivery_note"}),
    "edifact_invoic": frozenset({"invoice"}),
    "edifact_delfor": frozenset({"forecast"}),
    "edifact_contrl": frozenset({"acknowledgement"}),
    "peppol_orderresponse": frozenset({"order_response"}),
    "peppol_orderchange": frozenset({"order_change"}),
    "peppol_ordercancel": frozenset({"order_cancel"}),
    "ubl_orderresponse": frozenset({"order_response"}),
    "ubl_orderchange": frozenset({"order_change"}),
    "ubl_ordercancel": frozenset({"order_cancel"}),
}
"""Formats of the list that are no orders, and what they may be called."""

ORDERS: Final[Mapping[str, str]] = {
    "x12_850": "x12",
    "edifact_orders": "edifact",
    "ubl_order": "ubl",
    "peppol_order": "ubl",
    "cxml_orderrequest": "cxml",
    "orderx_xml": "orderx",
}
"""Formats of the list that are orders, and the reader that has to read them."""


QUALIFIED: Final = frozenset({"DTM", "NAD", "RFF", "QTY", "PRI", "MOA", "LOC", "CNT"})
"""EDIFACT segments that mean nothing without their first component."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of the list; ``why`` says why it is not well-formed, empty when it is."""

    path: Path
    format: str
    why: str


def listed(folder: Path) -> list[File]:
    """Returns the files that ``index.csv`` lists; without a list all, of the format that their folder is named like."""
    index = folder / "index.csv"
    if index.exists():
        with index.open(encoding="utf-8", newline="") as rows:
            named = [(folder / row["file"], row["format"]) for row in csv.DictReader(rows)]
    else:
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        named = [(path, "unlisted" if path.parent == folder else path.parent.name) for path in files]
    return [File(path, form, flaw(path.read_bytes(), form)) for path, form in named if path.exists()]


def flaw(document: bytes, form: str) -> str:
    """Returns what is wrong with the envelope of a document, or nothing."""
    if form.startswith("x12"):
        return _x12(document, form)
    if form.startswith("edifact"):
        return _edifact(document, form)
    if form in ORDERS:
        return _xml(document, ORDERS[form])
    return ""


def _x12(document: bytes, form: str) -> str:
    text = document.decode("latin-1").removeprefix("\xef\xbb\xbf").lstrip()
    opening = re.match(r"ISA(.)(?:[^\n]*?\1){15}.(.)", text[:140], re.DOTALL)
    if opening is None:
        return "no ISA"
    element, end = opening[1], opening[2]
    segments = [one.strip("\r\n\t ").split(element) for one in text.split(end)]
    segments = [one for one in segments if one != [""]]
    if segments[-1][0] != "IEA":
        return "no IEA at the end"
    begun: dict[str, int] = {}
    groups = 0
    for at, segment in enumerate(segments):
        begun[segment[0]] = at
        try:
            if segment[0] == "SE" and (
                int(segment[1]) != at - begun["ST"] + 1 or segment[2].strip() != segments[begun["ST"]][2].strip()
            ):
                return f"SE says {segment[1:3]}"
            if segment[0] == "GE":
                groups += 1
                if segment[2].strip() != segments[begun["GS"]][6].strip():
                    return "GE is of another group"
            if segment[0] == "IEA" and (
                int(segment[1]) != groups or segment[2].strip() != segments[begun["ISA"]][13].strip()
            ):
                return f"IEA says {segment[1:3]}"
        except (KeyError, IndexError, ValueError):
            return f"{segment[0]} cannot be matched"
    if form != "x12_850":
        return ""
    sets = {segment[1] for segment in segments if segment[0] == "ST" and len(segment) > 1}
    if "850" not in sets:
        return f"no 850 in it: {sorted(sets)}"
    return "" if any(segment[0] == "PO1" and len(segment) > 2 and segment[2] for segment in segments) else "no PO1"


def _edifact(document: bytes, form: str) -> str:
    text = document.decode("latin-1").removeprefix("\xef\xbb\xbf").lstrip()
    component, element, release, end = ":", "+", "?", "'"
    if text.startswith("UNA"):
        component, element, release, end = text[3], text[4], text[6], text[8]
        text = text[9:]
    tags = _segments(text, component + element, release.strip(), end)
    if tags.pop() != [""]:
        return "the last segment has no end"
    if not tags or tags[0][0] not in {"UNB", "UNH"}:
        return "no UNB"
    begun = 0
    for at, tag in enumerate(tags):
        if tag[0] == "UNH":
            begun = at
        if tag[0] == "UNT":
            if len(tag) < 3 or not tag[1].isdigit() or int(tag[1]) != at - begun + 1 or tag[2] != tags[begun][1]:
                return f"UNT says {tag[1:]}"
            begun = -1
    if begun >= 0:
        return "a message without UNT"
    if tags[0][0] == "UNB" and tags[-1][0] != "UNZ":
        return "no UNZ"
    if form != "edifact_orders":
        return ""
    bare = next((tag[0] for tag in tags if tag[0] in QUALIFIED and (len(tag) < 2 or not tag[1])), "")
    if bare:
        return f"{bare} without its qualifier"
    found = {tag[0] for tag in tags}
    missing = [tag for tag in ("BGM", "LIN", "UNS") if tag not in found]
    return f"no {missing[0]}" if missing else ""


def _segments(text: str, between: str, release: str, end: str) -> list[list[str]]:
    """Segments as their elements and components in one row; the last is what stands after the last end."""
    tags: list[list[str]] = [[""]]
    signs = iter(text.replace("\r", "").replace("\n", ""))
    for sign in signs:
        if release and sign == release:
            tags[-1][-1] += next(signs, "")
        elif sign == end:
            tags.append([""])
        elif sign in between:
            tags[-1].append("")
        else:
            tags[-1][-1] += sign
    return tags


def _xml(document: bytes, form: str) -> str:
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        return f"no well-formed XML: {error.msg}"
    names = [etree.QName(one).localname for one in root.iter(etree.Element)]
    needed = {"ubl": ("Order", "OrderLine"), "cxml": ("OrderRequest", "ItemOut")}.get(form, ("ExchangedDocument",))
    missing = [name for name in needed if name not in names]
    if missing:
        return f"no element {missing[0]}"
    if form == "ubl":
        order = next(one for one in root.iter(etree.Element) if etree.QName(one).localname == "Order")
        numbers = [one for one in order if isinstance(one.tag, str) and etree.QName(one).localname == "ID"]
        if not numbers or not (numbers[0].text or "").strip():
            return "no order number"
    return ""
