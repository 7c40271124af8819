"""Splits an Internet message (RFC 5322, MIME RFC 2045 to 2049, RFC 2231) into headers and decoded parts, in bounded work."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from datetime import date
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import parseaddr, parsedate_to_datetime
from urllib.parse import unquote_to_bytes

from bridgehead.documents.outcome import Refusal

MAX_DEPTH = 8
MAX_PARTS = 200
MAX_HEADER_BYTES = 128 * 1024
MAX_HEADER = 8192
_PART_HEADER = re.compile(rb"[!-9;-~]{1,76}[ \t]?:|[\w*-]{1,40}=[\"\w]")
"""A header of a part (RFC 5322, 2.2), or a parameter of one whose fold has lost its blank."""
_HEADER_LINE = re.compile(rb"[!-9;-~]{1,76}:")
_TELLING = frozenset(
    b"from to subject date mime-version received return-path message-id content-type delivered-to reply-to sender cc "
    b"content-transfer-encoding dkim-signature list-unsubscribe x-mailer".split()
)
_TORN = re.compile(
    rb"(?im)^content-(?:type|disposition|transfer-encoding): [^\r\n]{1,200}\r?\n(?:[ \t][^\r\n]{1,200}\r?\n)?"
    rb"(?:mime-version: 1\.0\r?\n)?content-(?:type|disposition|transfer-encoding): [^\r\n]{1,200}\r?$"
)
"""Two lines of the headers of a part, one below the other."""
_PARAMETER = re.compile(r';\s*([\w!#$%&+^`|~.-]{1,40}(?:\*\d{0,2}\*?)?)\s*=\s*("(?:[^"\\]|\\.){0,1000}"|[^;\s]{0,500})')


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of the message with its transfer encoding undone."""

    content_type: str
    charset: str | None
    filename: str
    attached: bool
    flowed: bool
    body: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """Headers by lower-case name, decoded, in order; and the leaves of the message."""

    headers: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]

    def get(self, name: str) -> str:
        """The first header of this name; empty when absent."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def sender(self) -> tuple[str, str]:
        """Display name and lower-case address of From."""
        name, address = parseaddr(self.get("from")[:500])
        return name.strip().strip("\"'"), address.lower() if "@" in address else ""

    @property
    def written(self) -> date | None:
        """The day in the Date header, in the sender's own time zone."""
        try:
            return parsedate_to_datetime(self.get("date")[:100]).date()
        except (ValueError, TypeError, IndexError, OverflowError):
            return None


def looks_like_mail(document: bytes) -> bool:
    """Whether the document opens with message headers."""
    head = document[:16384].removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    names: set[bytes] = set()
    for index, line in enumerate(one.rstrip(b"\r") for one in head.split(b"\n")):
        if not line or index > 200:
            break
        if line[:1] in b" \t" and index:
            continue
        if index == 0 and line.startswith(b"From "):
            continue
        if _HEADER_LINE.match(line) is None:
            return False
        names.add(line.split(b":", 1)[0].lower())
    return len(names & _TELLING) >= 2


def parse_mail(document: bytes) -> Mail:
    """Parses a message.

    Raises Refusal: ``mail.too_deep``, ``mail.too_many_parts``, ``mail.header``, ``mail.boundary``, ``mail.cut_off`` (a multipart without its last delimiter), ``mail.encoding``.
    """
    document = document.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if document.startswith(b"From "):
        document = document.partition(b"\n")[2]
    headers, body = _split_headers(document)
    parts: list[Part] = []
    _walk(headers, body, 0, parts)
    return Mail(tuple(headers), tuple(parts))


def _split_headers(document: bytes) -> tuple[list[tuple[str, str]], bytes]:
    end, skip = len(document), 0
    for mark in (b"\r\n\r\n", b"\n\n"):
        at = document.find(mark)
        if 0 <= at < end:
            end, skip = at, len(mark)
    for start in (b"\n", b"\r\n"):
        if document.startswith(start):
            return [], document[len(start) :]
    if end > MAX_HEADER_BYTES:
        raise Refusal("mail.header", f"The headers are longer than {MAX_HEADER_BYTES} bytes.", "header")
    headers: list[tuple[str, str]] = []
    unfolded: list[bytes] = []
    for line in (one.rstrip(b"\r") for one in document[:end].split(b"\n")):
        if line[:1] in (b" ", b"\t") and unfolded:
            unfolded[-1] += b" " + line.strip()
        else:
            unfolded.append(line)
    for line in unfolded:
        name, colon, value = line.partition(b":")
        if colon:
            headers.append((name.decode("ascii", "replace").strip().lower(), _header_text(value.strip()[:MAX_HEADER])))
    return headers, document[end + skip :]


def _header_text(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("cp1252", "replace")
    if "=?" not in text:
        return text
    pieces: list[str] = []
    try:
        for piece, charset in decode_header(text):
            if isinstance(piece, str):
                pieces.append(piece)
                continue
            try:
                pieces.append(piece.decode(charset or "utf-8", "replace"))
            except LookupError:
                pieces.append(piece.decode("cp1252", "replace"))
    except (HeaderParseError, binascii.Error, ValueError):
        return text
    return "".join(pieces).replace("\0", "")


def _find(headers: list[tuple[str, str]], name: str) -> str:
    return next((value for key, value in headers if key == name), "")


def _parameters(value: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(value[:MAX_HEADER]):
        name, raw = match[1].lower(), match[2]
        text = re.sub(r"\\(.)", r"\1", raw[1:-1]) if raw.startswith('"') else raw
        base, star, rest = name.partition("*")
        if star and (rest == "" or rest.endswith("*")):
            charset, _, tail = text.partition("''")
            encoded = unquote_to_bytes(tail if _ else text)
            try:
                text = encoded.decode(charset or "utf-8", "replace") if _ else encoded.decode("utf-8", "replace")
            except LookupError:
                text = encoded.decode("cp1252", "replace")
        found[base] = found.get(base, "") + text if star and rest not in {"", "0", "0*"} else text
    return found


def _walk(headers: list[tuple[str, str]], body: bytes, depth: int, parts: list[Part]) -> None:
    if depth > MAX_DEPTH:
        raise Refusal("mail.too_deep", f"The message nests more than {MAX_DEPTH} parts.", f"depth {depth}")
    value = _find(headers, "content-type") or "text/plain"
    kind = value.split(";", 1)[0].strip().lower()
    parameters = _parameters(value)
    if kind.startswith("multipart/"):
        boundary = parameters.get("boundary", "")
        if not boundary or len(boundary) > 200:
            raise Refusal("mail.boundary", "A multipart part names no boundary.", f"depth {depth}")
        for piece in _pieces(body, boundary.encode("utf-8", "replace"), depth):
            inner, content = _split_headers(piece)
            _check_headers(piece[: len(piece) - len(content)], len(parts) + 1)
            _walk(inner, content, depth + 1, parts)
        return
    disposition = _find(headers, "content-disposition")
    filename = _parameters(";" + disposition.partition(";")[2]).get("filename", "") or parameters.get("name", "")
    if "=?" in filename:
        filename = _header_text(filename.encode())
    content = _decoded(body, _find(headers, "content-transfer-encoding").strip().lower(), len(parts) + 1)
    if kind == "message/rfc822":
        content = content.lstrip(b"\r\n")
        _append(parts, Part(kind, None, filename[:200], attached=True, flowed=False, body=content))
        return
    if depth and not (filename and kind.startswith("text/")):  # a message may be attached as the text it is
        _check_torn(body, len(parts) + 1)
    attached = disposition.lower().startswith("attachment") or bool(filename and not kind.startswith("text/"))
    flowed = parameters.get("format", "").lower() == "flowed"
    _append(parts, Part(kind, parameters.get("charset"), filename[:200], attached or bool(filename), flowed, content))


def _check_torn(content: bytes, number: int) -> None:
    """Raises Refusal ``mail.boundary`` for a part that holds another part's headers: the line between them is gone."""
    found = _TORN.search(content)
    if found is not None:
        raise Refusal(
            "mail.boundary",
            "A part of the message holds the headers of another one: the line that parts them is missing.",
            f"part {number}, line {content[: found.start()].count(10) + 1}",
        )


def _check_headers(block: bytes, number: int) -> None:
    """Raises Refusal ``mail.header`` for a part whose text stands among its headers: no blank line divides them."""
    for line in block[:MAX_HEADER_BYTES].splitlines():
        if line.strip() and line[:1] not in {b" ", b"\t"} and _PART_HEADER.match(line) is None:
            raise Refusal(
                "mail.header",
                f"No blank line divides the headers of a part from its text: {line[:60].decode('utf-8', 'replace')!r}.",
                f"part {number}",
            )


def _append(parts: list[Part], part: Part) -> None:
    if len(parts) >= MAX_PARTS:
        raise Refusal("mail.too_many_parts", f"The message has more than {MAX_PARTS} parts.", f"part {len(parts) + 1}")
    parts.append(part)


def _pieces(body: bytes, boundary: bytes, depth: int) -> list[bytes]:
    mark = b"--" + boundary
    found: list[bytes] = []
    at = 0 if body.startswith(mark) else body.find(b"\n" + mark) + 1
    if at == 0 and not body.startswith(mark):
        raise Refusal("mail.boundary", "The boundary that the header names stands nowhere.", f"depth {depth}")
    while len(found) <= MAX_PARTS:
        end_of_line = body.find(b"\n", at)
        line = body[at + len(mark) : len(body) if end_of_line < 0 else end_of_line].strip()
        if line.startswith(b"--"):
            return found
        following = body.find(b"\n" + mark, max(end_of_line - 1, 0)) if end_of_line >= 0 else -1
        if following < 0:
            raise Refusal("mail.cut_off", "The message ends before its last part is closed.", f"part {len(found) + 1}")
        found.append(body[end_of_line + 1 : following + 1])
        at = following + 1
    raise Refusal("mail.too_many_parts", f"The message has more than {MAX_PARTS} parts.", f"part {len(found)}")


def _decoded(body: bytes, encoding: str, number: int) -> bytes:
    if encoding == "base64":
        try:
            return binascii.a2b_base64(body)
        except binascii.Error as error:
            raise Refusal("mail.encoding", f"The base64 of a part is broken: {error}.", f"part {number}") from error
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    return body
