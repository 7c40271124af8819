"""Spoils documents along their own structure: segments, elements, members of archives, parts of mails, objects of PDFs.

What comes out is often well formed, so that a reader has to notice by what the document says of itself. A spoiling
that takes whole lines of the order away and leaves the rest as it was opens with ``item``.
"""

from __future__ import annotations

import base64
import email
import email.policy
import io
import random
import re
import zipfile
from collections.abc import Callable
from email.message import Message
from typing import Final

import pypdf
from lxml import etree
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NullObject,
    NumberObject,
    TextStringObject,
)

Structured = Callable[[random.Random, bytes], bytes]

_ITEMS: Final = ("OrderLine", "ItemOut", "IncludedSupplyChainTradeLineItem")
_VALUES: Final = (
    "9" * 40, "1e9", "-7", "0", "NaN", "½", "٣٤", "1'000", "1.000", '=HYPERLINK("http://x")', "\u202e21", "2\u200b5",
    "", " ", "A" * 5000, "&lt;!--", "<!-- -->", "\ufffd",
)  # fmt: skip


def structured(dice: random.Random, document: bytes) -> tuple[str, bytes]:
    """Returns one spoiling by name and what it made of the document; ``unchanged`` where it holds no structure."""
    if document.startswith(b"%PDF"):
        ways: dict[str, Structured] = _PDF
    elif document.startswith(b"PK"):
        ways = _ARCHIVE
    elif document.lstrip()[:3] in {b"ISA", b"UNA", b"UNB"}:
        ways = _EDI
    elif document.lstrip()[:1] == b"<" or document[3:4] == b"<":
        ways = _XML
    elif re.match(rb"(?:[!-9;-~]+:[^\n]*\r?\n(?:[ \t][^\n]*\r?\n)*){2}", document):
        return _mail(dice, document)
    else:
        ways = _ROWS
    name = dice.choice([*ways])
    try:
        spoiled = ways[name](dice, document)
    except Exception:  # noqa: BLE001 - what was spoiled before may have no structure left
        return "unchanged", document
    return (name, spoiled) if spoiled != document else ("unchanged", document)


def _segments(document: bytes) -> tuple[list[bytes], bytes, bytes]:
    """The segments, the mark behind each, and the mark between elements."""
    text = document.lstrip(b"\xef\xbb\xbf \r\n")
    if text.startswith(b"ISA"):
        mark, sign = text[105:106], text[3:4]
    else:
        una = text.startswith(b"UNA")
        mark, sign = (text[8:9], text[4:5]) if una else (b"'", b"+")
    return text.split(mark), mark, sign


def _mended(segments: list[bytes], mark: bytes, sign: bytes) -> bytes:
    """The document with the counts of SE or UNT set to what is there."""
    opened = 0
    for at, segment in enumerate(segments):
        tag = segment.strip()[:3].rstrip(sign)
        if tag in {b"ST", b"UNH"}:
            opened = at
        elif tag in {b"SE", b"UNT"}:
            parts = segment.split(sign)
            parts[1] = str(at - opened + 1).encode()
            segments[at] = sign.join(parts)
    return mark.join(segments)


def _lines(segments: list[bytes]) -> list[int]:
    return [at for at, one in enumerate(segments) if one.strip()[:3] in {b"PO1", b"LIN"}]


def _line_end(segments: list[bytes], start: int) -> int:
    closing = {b"PO1", b"LIN", b"CTT", b"UNS", b"SE*", b"AMT", b"UNT", b"CNT"}
    return next((at for at in range(start + 1, len(segments)) if segments[at].strip()[:3] in closing), len(segments))


def _edi_item(dice: random.Random, document: bytes) -> bytes:
    segments, mark, sign = _segments(document)
    start = dice.choice(_lines(segments))
    del segments[start : _line_end(segments, start)]
    return _mended(segments, mark, sign)


def _edi_cut(dice: random.Random, document: bytes) -> bytes:
    segments, mark, _ = _segments(document)
    start = dice.choice(_lines(segments))
    del segments[start : _line_end(segments, start)]
    return mark.join(segments)


def _edi_twice(dice: random.Random, document: bytes) -> bytes:
    segments, mark, sign = _segments(document)
    start = dice.choice(_lines(segments))
    segments[start:start] = segments[start : _line_end(segments, start)]
    return _mended(segments, mark, sign)


def _edi_segment(dice: random.Random, document: bytes) -> bytes:
    segments, mark, sign = _segments(document)
    at = dice.randrange(len(segments))
    way = dice.choice(("move", "tag", "double"))
    if way == "move":
        segments.insert(dice.randrange(len(segments)), segments.pop(at))
    elif way == "double":
        segments[at:at] = [segments[at]] * dice.choice((1, 3, 500))
    else:
        segments[at] = dice.choice((b"ZZZ", b"LIN", b"PO1", b"UNH", b"ST", b"UNS", b"QTY")) + segments[at][3:]
    return _mended(segments, mark, sign)


def _edi_element(dice: random.Random, document: bytes) -> bytes:
    segments, mark, sign = _segments(document)
    at = dice.randrange(1, len(segments))
    parts = segments[at].split(sign)
    which = dice.randrange(len(parts))
    way = dice.choice(("drop", "empty", "swap", "value", "value"))
    if way == "drop":
        del parts[which]
    elif way == "empty":
        parts[which] = b""
    elif way == "swap":
        other = dice.randrange(len(parts))
        parts[which], parts[other] = parts[other], parts[which]
    else:
        parts[which] = dice.choice(_VALUES).encode()
    segments[at] = sign.join(parts)
    return mark.join(segments)


def _tree(document: bytes) -> etree._Element:
    return etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))


def _written(root: etree._Element) -> bytes:
    return etree.tostring(root.getroottree(), encoding="utf-8", xml_declaration=True)


def _xml_item(dice: random.Random, document: bytes) -> bytes:
    root = _tree(document)
    one = dice.choice([*root.iter(*(f"{{*}}{name}" for name in _ITEMS), *_ITEMS)])
    parent = one.getparent()
    if parent is not None:
        parent.remove(one)
    return _written(root)


def _xml_element(dice: random.Random, document: bytes) -> bytes:
    root = _tree(document)
    nodes = list(root.iter("*"))
    one = dice.choice(nodes[1:])
    parent, way = one.getparent(), dice.choice(("drop", "double", "move", "value", "rename", "comment", "many"))
    copied = etree.fromstring(etree.tostring(one, with_tail=False))
    if parent is None:
        return document
    if way == "drop":
        parent.remove(one)
    elif way in {"double", "many"}:
        for _ in range(1 if way == "double" else 300):
            parent.insert(parent.index(one), etree.fromstring(etree.tostring(copied)))
    elif way == "move":
        target = dice.choice(nodes)
        if target is not one and one not in target.iterancestors():
            target.append(one)
    elif way == "rename":
        one.tag = dice.choice(nodes).tag
    elif way == "comment":
        parent.replace(one, etree.Comment(re.sub("-", " ", etree.tostring(copied).decode())))
    else:
        value = re.sub(r"[\0-\x08\x0b-\x1f]", "", dice.choice(_VALUES))
        if one.attrib and dice.random() < 0.5:
            one.set(dice.choice([*one.attrib]), value)
        else:
            one.text = value
    return _written(root)


def _repacked(document: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as packed, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as again:
        for member in packed.infolist():
            content = change(member.filename, packed.read(member))
            if content is not None:
                again.writestr(zipfile.ZipInfo(member.filename, (2026, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def _archive_member(dice: random.Random, document: bytes) -> bytes:
    names = zipfile.ZipFile(io.BytesIO(document)).namelist()
    chosen, way = dice.choice(names), dice.choice(("drop", "cut", "empty", "element", "element", "element"))

    def change(name: str, content: bytes) -> bytes | None:
        if name != chosen:
            return content
        if way == "drop":
            return None
        if way == "cut":
            return content[: dice.randrange(len(content))]
        return b"" if way == "empty" else _xml_element(dice, content)

    return _repacked(document, change)


def _archive_row(dice: random.Random, document: bytes) -> bytes:
    names = [name for name in zipfile.ZipFile(io.BytesIO(document)).namelist() if "worksheets/" in name]
    chosen = dice.choice(names)

    def change(name: str, content: bytes) -> bytes:
        if name != chosen:
            return content
        root = _tree(content)
        row = dice.choice([*root.iter("{*}row")])
        parent = row.getparent()
        if parent is not None:
            parent.remove(row)
        return _written(root)

    return _repacked(document, change)


def _leaves(message: Message) -> list[Message]:
    return [part for part in message.walk() if not part.is_multipart()]


def _mail(dice: random.Random, document: bytes) -> tuple[str, bytes]:
    """One part of a mail is another: spoiled inside, taken away, doubled, renamed, or packed differently."""
    message = email.message_from_bytes(document, policy=email.policy.compat32)
    leaves = _leaves(message)
    part = dice.choice(leaves)
    way = dice.choice(("inside", "inside", "inside", "inside", "header", "encoding", "part", "wrap"))
    try:
        if way == "inside":
            body = part.get_payload(decode=True)
            name, spoiled = structured(dice, body if isinstance(body, bytes) else b"")
            if name == "unchanged":
                return name, document
            _put(part, spoiled)
            return f"{name} in a part", message.as_bytes()
        if way == "header":
            header = dice.choice([*part.keys()] or ["Content-Type"])
            del part[header]
            if dice.random() < 0.5:
                part[header] = dice.choice(
                    ("application/pdf", "text/html", "message/rfc822", "x; boundary=x", "a" * 900)
                )
        elif way == "encoding":
            del part["Content-Transfer-Encoding"]
            part["Content-Transfer-Encoding"] = dice.choice(("base64", "quoted-printable", "7bit", "x-uue"))
        elif way == "part":
            parents = [one for one in message.walk() if one.is_multipart() and part in one.get_payload()]
            parts = parents[0].get_payload() if parents else []
            if isinstance(parts, list) and len(parts) > 1:
                parts.remove(part) if dice.random() < 0.5 else parts.append(part)
        else:
            return "wrapped", b"From: a@b.example\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n" + document
        return f"mail {way}", message.as_bytes()
    except Exception:  # noqa: BLE001 - a part the library cannot write again
        return "unchanged", document


def _put(part: Message, body: bytes) -> None:
    del part["Content-Transfer-Encoding"]
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(body).decode())


def _rows_line(dice: random.Random, document: bytes) -> bytes:
    lines = document.splitlines(keepends=True)
    at = dice.randrange(1, len(lines))
    way = dice.choice(("cell", "cell", "value", "blank", "header"))
    if way == "blank":
        lines.insert(at, b"\n")
    elif way == "header":
        lines.insert(at, lines[0])
    else:
        sign = max((b";", b",", b"\t", b"|"), key=lines[at].count)
        cells = lines[at].split(sign)
        which = dice.randrange(len(cells))
        if way == "cell":
            del cells[which]
        else:
            cells[which] = dice.choice(_VALUES).encode()
        lines[at] = sign.join(cells)
    return b"".join(lines)


def _pdf_objects(dice: random.Random, document: bytes) -> bytes:
    writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(io.BytesIO(document)))
    holders = []
    for number in range(1, 10_000):
        try:
            one = writer.get_object(number)
        except (IndexError, ValueError):
            break
        if isinstance(one, DictionaryObject) and len(one):
            holders.append(one)
    holder = dice.choice(holders)
    key = dice.choice([*holder])
    values = (
        NullObject(), NumberObject(dice.choice((-1, 0, 2**31, 10**12))), NameObject("/Odd"),
        TextStringObject("x" * 3000), ArrayObject(), DictionaryObject(),
        dice.choice(holders).indirect_reference or NullObject(),
    )  # fmt: skip
    if dice.random() < 0.3:
        del holder[key]
    else:
        holder[NameObject(key)] = dice.choice(values)
    return _pdf_written(writer)


def _pdf_text(dice: random.Random, document: bytes) -> bytes:
    """Text of a page is drawn elsewhere, not at all, unseen, turned, or in another font."""
    writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(io.BytesIO(document)))
    page = dice.choice(writer.pages)
    contents = page.get_contents()
    pieces = re.split(rb"(?<=\n)", b"" if contents is None else contents.get_data())
    at = dice.randrange(len(pieces))
    way = dice.choice(("drop", "unseen", "scale", "swap", "double"))
    if way == "drop":
        del pieces[at]
    elif way == "double":
        pieces[at:at] = [pieces[at]] * dice.choice((1, 50))
    elif way == "swap":
        other = dice.randrange(len(pieces))
        pieces[at], pieces[other] = pieces[other], pieces[at]
    else:
        pieces.insert(at, b"3 Tr\n" if way == "unseen" else b"0.01 0 0 0.01 0 0 cm\n")
    stream = DecodedStreamObject()
    stream.set_data(b"".join(pieces))
    page[NameObject("/Contents")] = writer._add_object(stream)  # noqa: SLF001 - a stream stands nowhere but there
    return _pdf_written(writer)


def _pdf_page(dice: random.Random, document: bytes) -> bytes:
    reader = pypdf.PdfReader(io.BytesIO(document))
    if len(reader.pages) < 2:
        return document
    writer, absent = pypdf.PdfWriter(), dice.randrange(len(reader.pages))
    for number, page in enumerate(reader.pages):
        if number != absent:
            writer.add_page(page)
    return _pdf_written(writer)


def _pdf_written(writer: pypdf.PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


_EDI: Final[dict[str, Structured]] = {
    "item dropped": _edi_cut, "item dropped, counts mended": _edi_item, "item doubled, counts mended": _edi_twice,
    "segment moved, counts mended": _edi_segment, "element spoiled": _edi_element,
}  # fmt: skip
_XML: Final[dict[str, Structured]] = {"item dropped": _xml_item, "element spoiled": _xml_element}
_ARCHIVE: Final[dict[str, Structured]] = {"member spoiled": _archive_member, "row dropped": _archive_row}
_ROWS: Final[dict[str, Structured]] = {"row spoiled": _rows_line}
_PDF: Final[dict[str, Structured]] = {
    "object spoiled": _pdf_objects, "page text spoiled": _pdf_text, "page dropped": _pdf_page,
}  # fmt: skip
