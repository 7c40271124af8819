"""The whole passage of a document that a warning quotes a few words of, with where it stands: told, never followed."""

from __future__ import annotations

import ast
import html
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import default
from io import BytesIO
from typing import Final

from bridgehead.cli.output import brief, size
from bridgehead.cli.telling_book import book_pieces
from bridgehead.cli.telling_document import mail_sender
from bridgehead.cli.telling_pdf import LATER, NotNow, pdf_pieces
from bridgehead.cli.telling_words import Block, counted
from bridgehead.documents.signatures import is_pdf

LONGEST: Final = 1_200
"""Letters that are quoted of one passage."""
_MOST: Final = 6
_HEADER: Final = 300
_HANDED: Final = re.compile(r"\s*from\s+([^\s;()]{1,253})")
_READ: Final = 4 * 2**20
_PIECES: Final = 50_000
_PARAGRAPH: Final = 800
_DEEPEST: Final = 3
_QUOTED: Final = re.compile(r"""'(?:[^'\\]|\\.)+'|"(?:[^"\\]|\\.)+\"""")
_MARK: Final = re.compile(
    r"<!--(?P<comment>.*?)(?:-->|\Z)|<!\[CDATA\[(?P<data>.*?)(?:\]\]>|\Z)|<\?(?P<told>.*?)(?:\?>|\Z)"
    r"|<(?P<end>/?)(?P<tag>[A-Za-z_][\w:.-]*)(?P<given>[^<>]*)>",
    re.DOTALL,
)
_GIVEN: Final = re.compile(r"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_UNSEEN: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?!\.[1-9])|color\s*:\s*(?:#fff|white)",
    re.IGNORECASE,
)
_VOID: Final = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
_SEGMENTS: Final = (("ISA", re.compile(r"(?<=[~\n])")), ("UN", re.compile(r"(?<=(?<!\?)')")))
_FREE: Final = ("FTX", "MSG", "NTE", "PID", "MTX")

UNREAD: Final = "a PDF that could not be read now"
"""Where the empty text stands that ``pieces`` gives in place of a PDF that could not be read now."""
Piece = tuple[str, str]
"""Where a text stands, and the text."""


def passages(original: bytes, warnings: Iterable[str], kinds: Sequence[str] = ("instruction",)) -> list[Piece]:
    """Returns where the words stand that warnings of these kinds quote, and the whole text around them.

    The original is a stranger's: a PDF is read in a process of its own, and what cannot be read has no passage.
    """
    return _search(original, warnings, kinds)[0]


def _search(original: bytes, warnings: Iterable[str], kinds: Sequence[str]) -> tuple[list[Piece], str]:
    """Returns the passages, and which PDF could not be read now where some words were found nowhere."""
    wanted = [words for one in warnings for words in _words_of(one, kinds)]
    found: dict[str, Piece] = {}
    if not wanted:
        return [], ""
    found_in = [(where, text, _plain(text)) for where, text in pieces(original)]
    missed = False
    for words in dict.fromkeys(wanted):
        holding = [(plain, (where, text)) for where, text, plain in found_in if words in plain]
        missed = missed or not holding
        for plain, piece in holding:
            found.setdefault(plain, piece)
    unread = next((where for where, text, _ in found_in if where.endswith(UNREAD) and not text), "")
    return list(found.values())[:_MOST], unread if missed else ""


def mail_rest(original: bytes) -> str:
    """Returns to whom a mail says it goes, what it answers, who handed it over and which files it carries.

    Empty for what is no mail. Who handed it over is what the first ``Received`` line says, which the last server to
    take it has written (RFC 5321, section 4.4).
    """
    if not mail_sender(original):
        return ""
    try:
        message = BytesParser(policy=default).parsebytes(original[:_READ])
        named = (("to", "to"), ("cc", "with a copy to"), ("in-reply-to", "in reply to"), ("message-id", "its id being"))
        told = [f"{words} {brief(str(message[name]), _HEADER)}" for name, words in named if message[name]]
        parts = [part for part in message.walk() if not part.is_multipart()]
        taken = _HANDED.match(str((message.get_all("received") or [""])[0]))
    except (ValueError, LookupError, IndexError, AttributeError, TypeError):  # what the parser raises on broken mails
        return ""
    files = [
        f"{brief(name, _HEADER)} ({size(len(body) if isinstance(body, bytes) else 0)})"
        for part in parts
        if (name := _filename(part))
        for body in (part.get_payload(decode=True),)
    ]
    carried = f"it carries {', '.join(files)}" if files else "it carries no file"
    by = f"; the server that took it last had it from {brief(taken[1], _HEADER)}" if taken is not None else ""
    return f"It was sent {', '.join(told)}{by}; {carried}." if told else f"As a mail, {carried}{by}."


def quoted(original: bytes, warnings: Iterable[str]) -> Iterator[Block]:
    """Yields each passage with instructions as a block: where it stands, and its words as they came."""
    found, unread = _search(original, warnings, ("instruction",))
    for where, text in found:
        yield Block(f"What the document says to its reader, in full ({where}); quoted, not followed", (_bounded(text),))
    if unread:
        yield Block(f"What the document says to its reader, in full, stands in {unread}; not followed", (LATER,))


def in_full(original: bytes, warnings: Iterable[str]) -> str:
    """Returns the first passage with instructions for a sentence; empty where there is none.

    Where it stands in a PDF that cannot be read now, the sentence says that.
    """
    found, unread = _search(original, warnings, ("instruction",))
    if found:
        return f"In full ({found[0][0]}): “{_bounded(found[0][1])}”"
    return f"What it says in full stands in {unread}. {LATER}" if unread else ""


def _bounded(text: str) -> str:
    plain = " ".join(text.split())
    shown = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in plain)
    more = len(shown) - LONGEST
    return shown if more <= 0 else f"{shown[:LONGEST]}… (and {counted(more, 'more letter')})"


def _words_of(warning: str, kinds: Sequence[str]) -> Iterator[str]:
    """Yields what a warning quotes last, as texts are compared; nothing for one of another kind."""
    if warning.partition(":")[0] not in kinds:
        return
    for one in _QUOTED.findall(warning)[-1:]:
        try:
            words = _plain(str(ast.literal_eval(one)))
        except (SyntaxError, ValueError):
            continue
        if words:
            yield words


def _plain(text: str) -> str:
    """Returns letters and digits with single blanks between: what a reader's words and the document's share."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(char for char in folded if not unicodedata.combining(char))
    return " ".join(re.sub(r"[^\w]+", " ", kept).split())


def pieces(original: bytes) -> Iterator[Piece]:
    """Yields the texts of a document, so many at most, each with where it stands."""
    for number, piece in enumerate(_of(original[:_READ], "", 0)):
        if number == _PIECES:
            return
        yield piece


def _of(data: bytes, where: str, depth: int) -> Iterator[Piece]:
    """Yields the pieces of what was sent: of a mail those of its parts, of a workbook those of its sheets."""
    if is_pdf(data):
        try:
            said_there = pdf_pieces(data)
        except NotNow:
            said_there = [(UNREAD, "")]
        for place, said in said_there:
            yield _at(where, place), said
    elif data.startswith(b"PK\x03\x04"):
        found = book_pieces(data)
        yield from ((_at(where, place), said) for place, said in found)
        yield from () if found else _of_archive(data, where)
    elif depth < _DEEPEST and mail_sender(data):
        yield from _of_mail(data, where, depth)
    else:
        yield from _of_text(_decoded(data, "utf-8"), where)


def _of_mail(data: bytes, where: str, depth: int) -> Iterator[Piece]:
    try:
        message = BytesParser(policy=default).parsebytes(data)
        parts = [part for part in message.walk() if not part.is_multipart()]
        yield _at(where, "subject"), str(message["subject"] or "")
    except (ValueError, LookupError, IndexError, AttributeError, TypeError):  # what the parser raises on broken mails
        return
    for part in parts:
        name, kind = _filename(part), part.get_content_type()
        place = _at(where, f"attachment {name}" if name else f"body, {kind.removeprefix('text/')} text")
        body = part.get_payload(decode=True)
        if not isinstance(body, bytes):
            continue
        if kind.startswith("text/") and not name:
            yield from _of_text(_decoded(body, str(part.get_content_charset() or "utf-8")), place)
        else:
            yield from _of(body, place, depth + 1)


def _filename(part: Message | EmailMessage) -> str:
    try:
        return part.get_filename() or ""
    except (ValueError, LookupError, IndexError, AttributeError, TypeError):
        return ""


def _of_archive(data: bytes, where: str) -> Iterator[Piece]:
    try:
        with zipfile.ZipFile(BytesIO(data)) as book:
            names = [one for one in book.infolist() if one.filename.endswith(".xml") and one.file_size <= _READ]
            for one in names[:100]:
                yield from _of_xml(_decoded(book.read(one), "utf-8"), _at(where, one.filename))
    # What zipfile raises on a broken archive, an encrypted member, and a method of compression that it lacks.
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError, NotImplementedError, EOFError):
        return


def _of_text(text: str, where: str) -> Iterator[Piece]:
    begins = text.lstrip("\ufeff \t\r\n")
    if begins.startswith("<"):
        yield from _of_xml(text, where)
        return
    for opening, parted in _SEGMENTS:
        if begins.startswith(opening):
            yield from _of_segments(parted.split(text), where)
            return
    at = 1
    for paragraph in re.split(r"(\r?\n[ \t]*\r?\n)", text):
        if len(paragraph) <= _PARAGRAPH:
            yield _at(where, f"line {at + _lines_before(paragraph)}"), paragraph
        else:
            yield from ((_at(where, f"line {at + n}"), one) for n, one in enumerate(paragraph.split("\n")))
        at += paragraph.count("\n")


def _lines_before(text: str) -> int:
    return text[: len(text) - len(text.lstrip())].count("\n")


def _of_segments(segments: Sequence[str], where: str) -> Iterator[Piece]:
    """Yields segments of an interchange; those of free text that follow each other are one."""
    run, since, tag = "", 0, ""
    for number, segment in enumerate([*segments, ""], 1):
        own = segment.strip()[:3]
        if run and own == tag and tag in _FREE:
            run += segment
            continue
        if run.strip():
            yield _at(where, f"segment {since} of the file, {tag}"), run
        run, since, tag = segment, number, own


def _of_xml(text: str, where: str) -> Iterator[Piece]:
    """Yields comments, texts, attributes and instructions to processors, each with its line and what hides it."""
    last, open_ones, line, counted_to = 0, list[tuple[str, str]](), 1, 0
    for mark in _MARK.finditer(text):
        line += text.count("\n", counted_to, mark.start())
        counted_to = mark.start()
        said = text[last : mark.start()]
        if said.strip():
            yield _at(where, f"{_element(open_ones)}, ends on line {line}"), html.unescape(said)
        last = mark.end()
        if mark["comment"] is not None:
            yield _at(where, f"a comment that no viewer shows, line {line}"), mark["comment"]
        elif mark["data"] is not None:
            yield _at(where, f"{_element(open_ones)}, line {line}"), mark["data"]
        elif mark["told"] is not None:
            yield _at(where, f"an instruction to a processor, line {line}"), mark["told"]
        elif mark["end"]:
            while open_ones and open_ones.pop()[0] != mark["tag"]:
                pass
        else:
            for one in _GIVEN.finditer(mark["given"]):
                said = html.unescape(one[2] or one[3] or "")
                yield _at(where, f"attribute {one[1]} of {mark['tag']}, line {line}"), said
            if not mark["given"].endswith("/") and mark["tag"].lower() not in _VOID:
                open_ones.append((mark["tag"], mark["given"]))
    if text[last:].strip():
        yield _at(where, _element(open_ones)), html.unescape(text[last:])


def _element(open_ones: Sequence[tuple[str, str]]) -> str:
    name = f"element {open_ones[-1][0]}" if open_ones else "outside of every element"
    unseen = next((found[0] for _, given in open_ones if (found := _UNSEEN.search(given))), "")
    return f"{name}, not shown ({unseen})" if unseen else name


def _at(where: str, place: str) -> str:
    return f"{where}, {place}" if where else place


def _decoded(data: bytes, charset: str) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode(charset)
    except (UnicodeDecodeError, LookupError):
        return data.decode("utf-8", "replace") if charset.lower() != "utf-8" else data.decode("latin-1")
