"""A case's documents as text with the values marked where they were read, and what systems said with its age.

Marks are found by the place that the reader noted: the part, the segment or the line, and the text. A value that does
not stand there any more gets no mark. Nothing here opens a format that can do harm: a PDF is drawn elsewhere
(``desk.sheets``), and of a workbook only the list of fields is shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import TYPE_CHECKING, Final

from bridgehead.desk import cases
from bridgehead.documents.marks import segment_lines
from bridgehead.documents.signatures import is_pdf
from bridgehead.errors import UserError
from bridgehead.ids import parse, show
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import CaseView

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.auth.actor import Actor

MOST_DOCUMENTS: Final = 4
MOST_LINES: Final = 1_500
WIDEST: Final = 2_000
_MOST_BYTES: Final = 2 * 2**20
_SEGMENT: Final = re.compile(r"([A-Z][A-Z0-9]{1,2})\[(\d+)\]")
_SECRET: Final = re.compile(r"(<SharedSecret\b[^>]*>)[^<]*", re.IGNORECASE)
"""A partner's password stands in each cXML document (cXML, element Credential); no page shows it."""
_HIDDEN: Final = r"\1…"
_LEAST: Final = 3
"""Values shorter than this stand everywhere, so that no place is told for them."""
_UNPRINTED: Final = 0.02


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text; ``field`` and ``mark`` (an id on the page) where a value was read from it."""

    text: str
    field: str | None = None
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a document. ``lines`` are numbered pieces; without lines it is no text, and ``note`` says so.

    ``drawn`` is the number by which the pages of a PDF are shown as pictures; None of what is none.
    """

    name: str
    lines: tuple[tuple[int, tuple[Piece, ...]], ...]
    note: str = ""
    drawn: int | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """One field as it was read: where, how, how often such readings are right, and its mark where there is one.

    ``drawn``: the mark is on the pictures of the part of that number, not in a text.
    """

    field: str
    text: str
    where: str
    how: str
    confidence: float | None
    mark: str | None
    drawn: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a case, with the fields that were read from it."""

    arrival: str
    name: str
    size_bytes: int
    parts: tuple[Part, ...]
    read: tuple[Read, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """What a system said: by which read, when, and what came of it. ``sources`` name the system's own records."""

    seq: int
    name: str
    args: JSON
    result: JSON
    at: datetime
    sources: tuple[str, ...]
    again: str | None


async def documents(app: App, actor: Actor, arrival: int | None, case: CaseView | None) -> tuple[Document, ...]:
    """Returns the documents of a case, or of an arrival, at most ``MOST_DOCUMENTS``; it takes ``read.documents``.

    A document whose key was erased is left out.
    """
    numbers = [parse("A", one.id) for one in case.arrivals] if case is not None else []
    numbers = numbers or ([arrival] if arrival is not None else [])
    sources = sources_of(None if case is None else case.input)
    found = []
    for number in numbers[:MOST_DOCUMENTS]:
        try:
            original = await cases.original(app, actor, number)
        except UserError:
            continue
        found.append(document(show("A", number), original.name, original.content, sources))
    return tuple(found)


def document(arrival: str, name: str, content: bytes, sources: Mapping[str, Mapping[str, JSON]]) -> Document:
    """Returns one document with its marks. Pure.

    ``sources`` are the fields of a case's input by where they were read, as its reader wrote them.
    """
    marks: dict[str, str] = {}
    pages: dict[str, int] = {}
    parts = []
    for number, (part, payload, found) in enumerate(parts_of(content)):
        text = None if found is None else _SECRET.sub(_HIDDEN, found)
        wanted = {field: source for field, source in sources.items() if of_part(source, part)}
        if text is None and is_pdf(payload):
            parts.append(Part(part, (), drawn=number))
            pages |= dict.fromkeys(wanted, number)
        elif text is None:
            parts.append(Part(part, (), "It is no text; get the original to look at it."))
        else:
            parts.append(Part(part, _marked(text, wanted, marks, arrival)))
    read = [
        _read(
            field, source, marks.get(field) or (drawn_mark(arrival, at) if field in pages else None), pages.get(field)
        )
        for at, (field, source) in enumerate(sources.items())
    ]
    return Document(arrival, name, len(content), tuple(parts), tuple(read))


def facts(case: CaseView) -> tuple[Fact, ...]:
    """Returns what systems said in a case, the last reading of each question."""
    last: dict[tuple[str, str], Fact] = {}
    for step in case.steps:
        if step.kind not in ("read", "outbound_read") or not step.ok:
            continue
        listed = step.sources if isinstance(step.sources, list) else []
        named = tuple(
            f"{one.get('source')} as of {str(one['as_of'])[:16].replace('T', ' ')}"
            if one.get("as_of")
            else str(one.get("source"))
            for one in listed
            if isinstance(one, Mapping)
        )
        last[step.name, said(step.args)] = Fact(
            step.seq, step.name, step.args, step.result, step.started_at, named, step.read_again
        )
    return tuple(last.values())


def drawn_mark(arrival: str, at: int) -> str:
    """Returns the id of a mark on a picture: of the field with that place among the sources of a case's input."""
    return f"drawn-{arrival}-{at}"


def index(
    documents: Sequence[Document],
    found: Sequence[Fact],
    *,
    sheets: Callable[[str, int], str] = lambda _arrival, _at: "",
) -> dict[str, tuple[tuple[str, str], ...]]:
    """Returns by value where it also stands: pairs of a name and an address (``#mark`` of the same page).

    ``sheets`` gives the address at which the pictures of a part are, by arrival and number.
    """
    places: dict[str, list[tuple[str, str]]] = {}
    for one in documents:
        for read in one.read:
            if read.mark is not None and len(normal(read.text)) >= _LEAST:
                places.setdefault(normal(read.text), []).append(
                    (
                        f"{one.arrival}: {read.field}",
                        f"{'' if read.drawn is None else sheets(one.arrival, read.drawn)}#{read.mark}",
                    )
                )
    for fact in found:
        for steps, value in flat(fact.result):
            if len(normal(value)) >= _LEAST and not isinstance(value, bool):
                name = f"{fact.name}: {steps[-1] if steps else 'result'}"
                places.setdefault(normal(value), []).append((name, f"#fact-{fact.seq}"))
    return {value: tuple(dict.fromkeys(named))[:3] for value, named in places.items()}


def flat(value: JSON, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], JSON]]:
    """Yields the leaves of a JSON value with the way to each."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from flat(inner, (*steps, name))
    elif isinstance(value, list) and value:
        for at, inner in enumerate(value):
            yield from flat(inner, (*steps, at))
    elif steps:
        yield steps, value


def said(value: JSON) -> str:
    """Returns a JSON value as people read it: a text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def normal(value: JSON) -> str:
    """Returns what two spellings of one value share: no case, no spaces at the ends, numbers without trailing zeros."""
    if value is None or isinstance(value, Mapping | list):
        return ""
    text = " ".join(said(value).casefold().split())
    return re.sub(r"(\.\d*?)0+$", r"\1", text).rstrip(".") if re.fullmatch(r"-?\d+\.\d+", text) else text


def sources_of(given: JSON) -> dict[str, Mapping[str, JSON]]:
    """Returns the fields of a case's input by where they were read, as its reader wrote them."""
    listed = given.get("sources") if isinstance(given, Mapping) else None
    if not isinstance(listed, Mapping):
        return {}
    return {name: source for name, source in listed.items() if isinstance(source, Mapping)}


def of_part(source: Mapping[str, JSON], part: str) -> bool:
    """Returns whether a field was read in a part."""
    named = str(source.get("part") or "document")
    return named == part


def parts_of(content: bytes) -> Iterator[tuple[str, bytes, str | None]]:
    """Yields the parts of a document by the names that readers give them, with their bytes and, if they are, as text.

    The head of a mail, which is made of several of its lines, has no bytes.
    """
    message = _mail(content)
    if message is None:
        yield "document", content, _text(content)
        return
    lines = [f"{name}: {message[name]}" for name in ("From", "To", "Date", "Subject") if message[name] is not None]
    yield "header", b"", "\n".join(lines)
    seen: set[str] = set()
    for inner in message.walk():
        if inner.is_multipart() or not isinstance(inner, EmailMessage):
            continue
        name = inner.get_filename()
        kind = inner.get_content_type()
        called = f"attachment {name}" if name else {"text/plain": "body", "text/html": "html"}.get(kind, kind)
        if called in seen:
            continue
        seen.add(called)
        yield called, *_of_mail(inner, kind)


def _of_mail(inner: EmailMessage, kind: str) -> tuple[bytes, str | None]:
    try:
        payload = inner.get_payload(decode=True)
    except (LookupError, ValueError, TypeError):
        return b"", None
    if not isinstance(payload, bytes):
        return b"", None
    return payload, _readable(inner, kind, payload)


def _readable(inner: EmailMessage, kind: str, payload: bytes) -> str | None:
    if kind.startswith("text/"):
        charset = inner.get_content_charset() or "utf-8"
        try:
            return payload[:_MOST_BYTES].decode(charset, "replace")
        except LookupError:
            pass
    return _text(payload)


def _mail(content: bytes) -> EmailMessage | None:
    head = content[:4096].lower()
    if b"from:" not in head or not (b"subject:" in head or b"date:" in head or b"mime-version" in head):
        return None
    try:
        message = BytesParser(policy=default).parsebytes(content)
        return message if message["From"] is not None else None
    except (ValueError, LookupError, IndexError, AttributeError, TypeError):  # what the parser raises on broken heads
        return None


def _text(content: bytes) -> str | None:
    """Returns content as text; None for what is none (a PDF, a sheet)."""
    if content.startswith((b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return None
    encodings = ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "latin-1")
    for encoding in encodings:
        try:
            text = content[:_MOST_BYTES].decode(encoding)
        except UnicodeDecodeError:
            continue
        odd = sum(not one.isprintable() and one not in "\r\n\t\f" for one in text[:20_000])
        return text if odd <= _UNPRINTED * max(1, min(len(text), 20_000)) else None
    return None


def _marked(
    text: str, wanted: Mapping[str, Mapping[str, JSON]], marks: dict[str, str], arrival: str
) -> tuple[tuple[int, tuple[Piece, ...]], ...]:
    """Returns a text's lines in pieces; ``marks`` learns the id of each field that was found."""
    cut = segment_lines(text)
    lines = [line.strip() if cut else line.rstrip() for line in (cut or text.splitlines())]
    spans: dict[int, list[tuple[int, int, str]]] = {}
    for field, source in wanted.items():
        place = _found(lines, source, spans, in_segments=bool(cut))
        if place is None:
            continue
        at, start, end = place
        spans.setdefault(at, []).append((start, end, field))
        marks[field] = f"read-{arrival}-{len(marks)}"
    shown = [(at + 1, _pieces(line, spans.get(at, []), marks)) for at, line in enumerate(lines[:MOST_LINES])]
    if len(lines) > MOST_LINES:
        shown.append((MOST_LINES + 1, (Piece(f"… {len(lines) - MOST_LINES} more lines"),)))
    return tuple(shown)


def _found(
    lines: Sequence[str],
    source: Mapping[str, JSON],
    spans: Mapping[int, Sequence[tuple[int, int, str]]],
    *,
    in_segments: bool,
) -> tuple[int, int, int] | None:
    """Returns the line and the columns at which a value stands; None where it does not stand as it was read."""
    text = str(source.get("text") or "")
    if not text.strip():
        return None
    segment, line = str(source.get("segment") or ""), source.get("line")
    named = _SEGMENT.match(segment) if in_segments else None
    if named is not None:
        order = [at for at, one in enumerate(lines) if one.startswith(named[1])][int(named[2]) - 1 :][:1]
    else:
        first = line - 1 if isinstance(line, int) and not isinstance(line, bool) else 0
        order = [first, *range(max(0, first - 1), min(len(lines), first + 4))]
    for at in order:
        if not 0 <= at < len(lines):
            continue
        start = -1
        while (start := lines[at].find(text, start + 1)) >= 0:
            end = start + len(text)
            if all(end <= other or start >= stop for other, stop, _ in spans.get(at, ())):
                return at, start, end
    return None


def _pieces(line: str, spans: Sequence[tuple[int, int, str]], marks: Mapping[str, str]) -> tuple[Piece, ...]:
    pieces, at = [], 0
    for start, end, field in sorted(spans):
        if start > at:
            pieces.append(Piece(line[at:start]))
        pieces.append(Piece(line[start:end], field, marks[field]))
        at = end
    rest = line[at:]
    if rest or not pieces:
        pieces.append(Piece(rest if len(rest) <= WIDEST else f"{rest[:WIDEST]} …"))
    return tuple(pieces)


def _read(field: str, source: Mapping[str, JSON], mark: str | None, drawn: int | None = None) -> Read:
    sure = source.get("confidence")
    where = [str(source.get("part") or "document")]
    where += [f"page {source['page']}"] if source.get("page") else []
    where += (
        [str(source["segment"])] if source.get("segment") else [f"line {source['line']}"] if source.get("line") else []
    )
    where += [f"column {source['column']}"] if source.get("column") else []
    return Read(
        field,
        str(source.get("text") or ""),
        ", ".join(where),
        str(source.get("how") or ""),
        float(sure) if isinstance(sure, int | float) and not isinstance(sure, bool) else None,
        mark,
        drawn,
    )
