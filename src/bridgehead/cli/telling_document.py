"""What a document says of itself: the head of a mail, and how its text begins, as it came and without trusting it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from functools import lru_cache
from typing import Final

from bridgehead.cli.telling_attached import longest_body
from bridgehead.cli.telling_edi import edi_codes
from bridgehead.cli.telling_words import Block, named
from bridgehead.documents.marks import segment_lines
from bridgehead.documents.masking import masked

_HEAD_BYTES: Final = 65_536
LINES: Final = 16
WHOLE: Final = 60
"""Lines of a document that no case tells of."""
_SAYS_MORE: Final = 2
_WIDE: Final = 160
_HEADER: Final = 200
_MARKS: Final = ("subject", "date", "message-id", "to")
_PLACE: Final = re.compile(r"document, line (\d{1,6})")
_UNPRINTED: Final = 0.02
_DECLARATION: Final = 200
_DECLARED: Final = re.compile(rb"encoding\s*=\s*[\"'](?!utf-?8)", re.IGNORECASE)
"""An XML that declares another encoding than the one that it has without a declaration (XML 1.0, 4.3.3)."""


def mail_head(original: bytes) -> str:
    """Returns who a mail says it is from, its subject and its date (RFC 5322); empty for what is no mail.

    A sender's address in a mail is a claim: nothing here has checked it.
    """
    message = _mail(original)
    if message is None:
        return ""
    shown = (("from", "its sender is given as"), ("subject", "its subject is"), ("date", "it is dated"))
    told = [f"{words} {named(text, _HEADER)}" for name, words in shown if (text := _header(message, name))]
    return f"It is a mail: {', '.join(told)}."


def mail_sender(original: bytes) -> str:
    """Returns who a mail as it came says it is from: its own From, not what a document in it says; empty for no mail.

    It is a claim of whoever sent it, as every field of a mail is.
    """
    message = _mail(original)
    return "" if message is None else " ".join(_header(message, "from").split())


def begins(original: bytes, most: int = LINES) -> Iterator[Block]:
    """Yields how a document's text begins, ``most`` lines of it; nothing for one that is not text (a PDF, a sheet)."""
    message = _mail(original)
    text = _text(original) if message is None else _body(message)
    lines = segment_lines(text) if message is None else []
    lines = lines or [line.rstrip() for line in text.splitlines() if line.strip()]
    longest = [] if message is None else longest_body(original)
    if sum(map(len, longest)) > _SAYS_MORE * sum(map(len, lines)):
        lines = longest  # the plain text is missing, or says no more than that there is HTML
    if lines:
        more = [f"… {len(lines) - most:,} more"] if len(lines) > most else []
        shown = [line if len(line) <= _WIDE else line[: _WIDE - 1] + "…" for line in lines[:most]]
        yield Block("How the document begins", (*shown, *more))


def document_codes(original: bytes) -> Iterator[str]:
    """Yields what the codes of a document in X12 or EDIFACT mean; nothing for any other."""
    yield from edi_codes(_text(original)) if _mail(original) is None else ()


def line_named(original: bytes, where: str) -> Iterator[Block]:
    """Yields the line of a text that a refusal names (``document, line 81``), with the one before it."""
    found = _PLACE.fullmatch(where)
    text = _text(original) if found is not None and _mail(original) is None else ""
    lines = text.splitlines()
    at = 0 if found is None else int(found[1])
    if 0 < at <= len(lines):
        shown = [f"{one}: {lines[one - 1].strip()[:_WIDE]}" for one in (at - 1, at) if one > 0]
        last = ", its last" if at == len(lines) else ""
        yield Block(f"Where reading ended (line {at} of {len(lines)}{last})", tuple(shown))


def _mail(original: bytes) -> EmailMessage | None:
    return _parsed(original[:_HEAD_BYTES])


@lru_cache(maxsize=4)
def _parsed(head: bytes) -> EmailMessage | None:
    """Returns a mail by how it begins: an account asks several things of the same few documents."""
    try:
        message = BytesParser(policy=default).parsebytes(head)
        known = {name.lower() for name in message.keys()}  # noqa: SIM118  # a message's own iteration is over parts
        return message if "from" in known and known & set(_MARKS) else None
    except (ValueError, LookupError, IndexError, AttributeError, TypeError):  # what the parser raises on broken heads
        return None


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message[name] or "").split())
    except (ValueError, LookupError, IndexError, AttributeError, TypeError):
        return ""


def _body(message: EmailMessage) -> str:
    try:
        part = message.get_body(preferencelist=("plain",))
        return "" if part is None else str(part.get_content())
    except (ValueError, LookupError, IndexError, AttributeError, TypeError):
        return ""


def _text(original: bytes) -> str:
    """Returns a document as text, or an empty one where it is none."""
    try:
        text = original[:_HEAD_BYTES].decode("utf-8-sig", "replace" if len(original) > _HEAD_BYTES else "strict")
    except UnicodeDecodeError:
        is_utf8 = original.lstrip().startswith(b"<") and not _DECLARED.search(original[:_DECLARATION])
        text = original[:_HEAD_BYTES].decode(*(("utf-8", "backslashreplace") if is_utf8 else ("latin-1",)))
    odd = sum(1 for character in text if not character.isprintable() and character not in "\r\n\t\f\x1c\x1d\x1e\x1f")
    return "" if odd > len(text) * _UNPRINTED else masked(text)
