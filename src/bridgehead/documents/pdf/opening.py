"""Opens a PDF within bounds: what is encrypted, cut off, damaged or out of all proportion is refused by name."""

from __future__ import annotations

import base64
import io
import itertools
import logging
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pypdf
import pypdf.errors
from pdfminer.pdfdocument import PDFDocument, PDFEncryptionError, PDFXRefFallback
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import PDFObjRef, PDFStream, resolve1
from pdfminer.psparser import PSLiteral

from bridgehead.documents.outcome import Refusal

MAX_PAGES: Final = 200
MAX_STREAM: Final = 24 * 2**20
"""Bytes that one stream may unpack to; pictures, which are never unpacked here, are not counted."""
MAX_PREDICTED: Final = 2 * 2**20
"""The same where each byte is predicted from others, which takes a microsecond each."""
MAX_UNPACKED: Final = 80 * 2**20
MAX_EMBEDDED: Final = 20
MAX_EMBEDDED_BYTES: Final = 8 * 2**20
MAX_REMARKS: Final = 500
_SLOW_FILTERS: Final = {b"LZWDecode": 400_000, b"RunLengthDecode": 400_000, b"CCITTFaxDecode": 50_000}
"""Filters whose decoder is slow or whose packing is boundless, with the packed bytes allowed."""
_STREAM: Final = re.compile(rb"(?<!end)stream\r?\n")
_ENCRYPT: Final = re.compile(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)")
_ONLY_REFERENCE: Final = re.compile(rb"\d+\s+\d+\s+obj\s*\d+\s+\d+\s+R\s*(?:endobj|$)")
_CHUNK: Final = 2**20
for _library in ("pdfminer", "pypdf"):
    # What they log quotes the file, and text of a file reaches no terminal.
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)


@dataclass(slots=True)
class Opened:
    """A document that can be read: its pages, embedded files, hidden layers and what was left alone."""

    document: PDFDocument
    pages: list[PDFPage]
    files: list[tuple[str, bytes]] = field(default_factory=list)
    off_layers: frozenset[int] = frozenset()
    warnings: list[tuple[str, str]] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)
    remarks: list[tuple[int, str]] = field(default_factory=list)
    """Page and text of the comments that viewers show in a window of their own (12.5.6.4), and of the like."""


def open_pdf(document: bytes, part: str) -> Opened:
    """Opens the bytes with an empty password.

    Raises Refusal: ``pdf.encrypted``, ``pdf.truncated``, ``pdf.damaged``, ``pdf.bomb``, ``pdf.too_many_pages``,
    ``pdf.broken`` for everything else that keeps it from being opened.
    """
    start = document.find(b"%PDF-")
    document = document[start:] if start > 0 else document
    if b"startxref" not in document[-4096:] and b"%%EOF" not in document[-4096:]:
        raise Refusal("pdf.truncated", "The file ends before its cross-reference table; it was cut off.", part)
    if _ENCRYPT.search(document):
        document = _decrypted(document, part)
    _measure(document, part)
    try:
        return _parsed(document, part)
    except Refusal:
        raise
    except PDFEncryptionError as error:
        raise Refusal("pdf.encrypted", "The file is encrypted; send it without a password.", part) from error
    except (Exception, RecursionError) as error:  # whatever a broken file makes the parser raise
        raise Refusal("pdf.broken", f"The file cannot be opened: {_said(error)}.", part) from error


def _parsed(document: bytes, part: str) -> Opened:
    parsed = PDFDocument(PDFParser(io.BytesIO(document)), password="", caching=True)
    pages = list(itertools.islice(PDFPage.create_pages(parsed), MAX_PAGES + 1))
    opened = Opened(parsed, pages)
    if len(pages) > MAX_PAGES:
        raise Refusal("pdf.too_many_pages", f"The file has more than {MAX_PAGES} pages.", part)
    if not pages:
        raise Refusal("pdf.broken", "The file has no pages.", part)
    _check_tree(parsed, len(pages), opened, part)
    opened.off_layers = _layers(parsed)
    opened.files = list(_embedded(parsed))
    opened.warnings += [("ignored", text) for text in _active(parsed, pages)]
    opened.metadata = list(_metadata(parsed))
    opened.remarks = list(itertools.islice(_remarks(pages), MAX_REMARKS))
    return opened


def _said(error: BaseException) -> str:
    return f"{type(error).__name__} {error}"[:160].strip()


def _decrypted(document: bytes, part: str) -> bytes:
    """The same document without encryption, where an empty password opens it (ISO 32000-1, 7.6.3)."""
    plain = io.BytesIO()
    opens = False
    try:
        reader = pypdf.PdfReader(io.BytesIO(document))
        opens = not reader.is_encrypted or bool(reader.decrypt(""))
        if opens:
            pypdf.PdfWriter(clone_from=reader).write(plain)
    except (Exception, RecursionError) as error:  # whatever a broken file makes the library raise
        reason = f"The file is encrypted in a way that cannot be opened: {_said(error)}."
        raise Refusal("pdf.encrypted", reason, part) from error
    if not opens:
        raise Refusal("pdf.encrypted", "The file is encrypted; send it without a password.", part)
    return plain.getvalue()


def _measure(document: bytes, part: str) -> None:
    """Unpacks every stream but pictures piece by piece, counting; raises Refusal for bombs and damage."""
    if _ONLY_REFERENCE.search(document):
        raise Refusal("pdf.broken", "An object of the file is nothing but a reference to another.", part)
    total = 0
    for found in _STREAM.finditer(document):
        head = document[max(0, found.start() - 1500) : found.start()]
        head = head[head.rfind(b" obj") + 4 :] if b" obj" in head else head
        end = document.find(b"endstream", found.end())
        if end < 0:
            raise Refusal("pdf.truncated", f"The data at byte {found.start()} has no end; the file was cut off.", part)
        if re.search(rb"/Subtype\s*/Image", head):
            continue
        data = document[found.end() : end]
        for name, most in _SLOW_FILTERS.items():
            if name in head and len(data) > most:
                raise Refusal("pdf.bomb", f"A stream at byte {found.start()} is packed beyond measure.", part)
        if head.count(b"FlateDecode") + len(re.findall(rb"/Fl\b", head)) > 1 and b"DecodeParms" not in head:
            raise Refusal("pdf.bomb", f"A stream at byte {found.start()} is packed more than once.", part)
        if b"ASCII85Decode" in head or b"/A85" in head:
            try:
                data = _a85(data.strip())
            except ValueError as error:
                raise Refusal("pdf.damaged", f"The data at byte {found.start()} is damaged.", part) from error
        if b"FlateDecode" in head or re.search(rb"/Fl\b", head) or data[:1] == b"\x78":
            size = _unpacked(data, found.start(), part, declared=b"Flate" in head)
            if size > MAX_PREDICTED and re.search(rb"/Predictor\s*1\d", head):
                raise Refusal("pdf.bomb", f"A stream at byte {found.start()} is packed beyond measure.", part)
            total += size
            if b"/ObjStm" in head:
                _check_objects(zlib.decompress(data) if b"Flate" in head else data, head, part)
            if total > MAX_UNPACKED:
                raise Refusal("pdf.bomb", f"The file unpacks to more than {MAX_UNPACKED} bytes.", part)


def _check_objects(data: bytes, head: bytes, part: str) -> None:
    """Objects in an object stream (7.5.7) that are nothing but references would be followed without end."""
    first = re.search(rb"/First\s+(\d{1,9})", head)
    start = int(first[1]) if first is not None else 0
    offsets = [int(one) for one in data[:start].split()[1::2] if one.isdigit() and len(one) < 10]
    for at, end in itertools.pairwise([*sorted(offsets)[:100_000], len(data) - start]):
        if re.fullmatch(rb"\s*\d+\s+\d+\s+R\s*", data[start + at : start + min(end, at + 60)]):
            raise Refusal("pdf.broken", "An object of the file is nothing but a reference to another.", part)


def _a85(text: bytes) -> bytes:
    return base64.a85decode(text.removeprefix(b"<~").removesuffix(b"~>").removesuffix(b"~"), adobe=False)


def _unpacked(data: bytes, at: int, part: str, *, declared: bool) -> int:
    """How many bytes a stream unpacks to."""
    size = 0
    unpacker = zlib.decompressobj()
    try:
        piece = unpacker.decompress(data, _CHUNK)
        while piece:
            size += len(piece)
            if size > MAX_STREAM:
                raise Refusal("pdf.bomb", f"A stream at byte {at} unpacks to more than {MAX_STREAM} bytes.", part)
            piece = unpacker.decompress(unpacker.unconsumed_tail, _CHUNK) if not unpacker.eof else b""
    except zlib.error as error:
        if not declared:
            return size
        raise Refusal("pdf.damaged", f"The packed data at byte {at} is damaged.", part) from error
    if declared and not unpacker.eof and data.strip():
        raise Refusal("pdf.damaged", f"The packed data at byte {at} ends too early.", part)
    return size


def _check_tree(document: PDFDocument, found: int, opened: Opened, part: str) -> None:
    tree = resolve1(document.catalog.get("Pages"))
    count = resolve1(tree.get("Count")) if isinstance(tree, dict) else None
    if isinstance(count, int) and count != found:
        if count > MAX_PAGES:
            raise Refusal("pdf.too_many_pages", f"The file says it has {count} pages; {MAX_PAGES} are read.", part)
        raise Refusal("pdf.broken", f"The file says it has {count} pages; {found} can be found.", part)
    if any(isinstance(one, PDFXRefFallback) for one in document.xrefs):
        opened.warnings.append(("uncertain", "the table of the file's objects is damaged and was rebuilt"))


def _layers(document: PDFDocument) -> frozenset[int]:
    """The object numbers of optional content groups that are off when the file is opened (8.11.4.3)."""
    properties = resolve1(document.catalog.get("OCProperties"))
    if not isinstance(properties, dict):
        return frozenset()
    default = resolve1(properties.get("D"))
    default = default if isinstance(default, dict) else {}
    off = {one.objid for one in resolve1(default.get("OFF")) or [] if isinstance(one, PDFObjRef)}
    base = resolve1(default.get("BaseState"))
    if isinstance(base, PSLiteral) and base.name == "OFF":
        on = {one.objid for one in resolve1(default.get("ON")) or [] if isinstance(one, PDFObjRef)}
        off |= {one.objid for one in resolve1(properties.get("OCGs")) or [] if isinstance(one, PDFObjRef)} - on
    return frozenset(off)


def _text(value: Any) -> str:
    value = resolve1(value)
    if isinstance(value, bytes):
        if value[:2] == b"\xfe\xff":
            return value[2:].decode("utf-16-be", "replace")
        if value[:3] == b"\xef\xbb\xbf":
            return value[3:].decode("utf-8", "replace")
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""


def _embedded(document: PDFDocument) -> Iterator[tuple[str, bytes]]:
    """Embedded files by the name tree (7.11.4) and by ``AF`` of the catalog (ISO 32000-2, 14.13)."""
    specs: list[Any] = []
    names = resolve1(document.catalog.get("Names"))
    waiting = [resolve1(names.get("EmbeddedFiles"))] if isinstance(names, dict) else []
    for _ in range(200):
        if not waiting:
            break
        node = waiting.pop()
        if isinstance(node, dict):
            listed = resolve1(node.get("Names")) or []
            specs += listed[1::2][: MAX_EMBEDDED * 2]
            waiting += [resolve1(kid) for kid in (resolve1(node.get("Kids")) or [])[:200]]
    specs += (resolve1(document.catalog.get("AF")) or [])[:MAX_EMBEDDED]
    seen: set[int] = set()
    for spec in specs[: MAX_EMBEDDED * 2]:
        described = resolve1(spec)
        if not isinstance(described, dict):
            continue
        streams = resolve1(described.get("EF"))
        stream = resolve1((streams.get("F") or streams.get("UF")) if isinstance(streams, dict) else None)
        if isinstance(stream, PDFStream) and id(stream) not in seen and len(seen) < MAX_EMBEDDED:
            seen.add(id(stream))
            name = _text(described.get("UF")) or _text(described.get("F")) or "file"
            yield name[:100], stream.get_data()[: MAX_EMBEDDED_BYTES + 1]


def _active(document: PDFDocument, pages: list[PDFPage]) -> Iterator[str]:
    """What the file would do by itself if a viewer let it (12.6)."""
    kinds: set[str] = set()
    waiting: list[Any] = [document.catalog.get("OpenAction"), document.catalog.get("AA")]
    names = resolve1(document.catalog.get("Names"))
    if isinstance(names, dict) and names.get("JavaScript") is not None:
        kinds.add("JavaScript")
    waiting += [page.attrs.get("AA") for page in pages[:MAX_PAGES]]
    for _ in range(500):
        if not waiting:
            break
        action = resolve1(waiting.pop())
        if isinstance(action, dict):
            kind = resolve1(action.get("S"))
            if isinstance(kind, PSLiteral) and kind.name in {"JavaScript", "Launch", "SubmitForm", "ImportData"}:
                kinds.add(str(kind.name))
            waiting += [action.get("Next"), *(value for key, value in action.items() if len(str(key)) <= 2)]
    yield from (f"the file holds an action ({kind}), which was not run" for kind in sorted(kinds))


def _remarks(pages: Sequence[PDFPage]) -> Iterator[tuple[int, str]]:
    """The words of annotations and form fields, whatever their kind and whether a viewer shows them (12.5, 12.7)."""
    for number, page in enumerate(pages, 1):
        annotations = resolve1(page.annots)
        for one in (annotations if isinstance(annotations, list) else [])[:MAX_REMARKS]:
            annotation = resolve1(one)
            for key in ("Contents", "RC", "TU", "V") if isinstance(annotation, dict) else ():
                text = re.sub(r"<[^>]{0,200}>", " ", _text(annotation.get(key))[:2000]).strip()
                if text:
                    yield number, text


def _metadata(document: PDFDocument) -> Iterator[str]:
    for info in document.info[:4]:
        for key, value in list(info.items())[:30]:
            text = _text(value)
            if text and key not in {"Producer", "Creator", "CreationDate", "ModDate"}:
                yield text[:2000]
    stream = resolve1(document.catalog.get("Metadata"))
    if isinstance(stream, PDFStream):
        yield re.sub(r"<[^>]*>", " ", stream.get_data()[:100_000].decode("utf-8", "replace"))
