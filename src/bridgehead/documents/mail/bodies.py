"""Gives the text of a mail as numbered lines, plain and HTML, and tells what is hidden in it or lost on its way."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from bridgehead.documents.decoding import decode
from bridgehead.documents.mail.html import HtmlText, html_to_text
from bridgehead.documents.mail.message import Mail
from bridgehead.documents.mail.sections import TextLine
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.vigilance import addresses_machine, instruction_in, invisible_in

MAX_TEXT: Final = 200_000
MAX_LINES: Final = 4_000
MAX_LINE: Final = 5_000
_PLAIN: Final = {0xA0: " ", 0x200B: None, 0x2502: "|", 0x2503: "|", 0x2551: "|"}
_DAMAGE: Final = re.compile(
    r"[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]{2,}|\[[^\]\n]{0,60}\b(?:clipped|truncated|cut off|size limit|abgeschnitten|gek[uü]rzt|tronqu[eé]|truncado|troncato|afgekapt|avkortat|obci[eę]t\w*)\b[^\]\n]{0,80}\]",
    re.IGNORECASE,
)
_REPLACED: Final = "\ufffd\ufffd".encode()
"""What a gateway writes in place of what it could not read, in whatever encoding the part claims."""
_PROSE_HEADERS: Final = frozenset({"x-comment", "x-comments", "comments", "x-note", "x-message", "keywords"})
"""Where a sender can write what no mail program shows."""
_WORDS: Final = re.compile(r"[^\W\d_]{2,}")
_ENCLOSED: Final = re.compile(r"^-----BEGIN PGP MESSAGE-----", re.MULTILINE)


@dataclass(slots=True)
class Bodies:
    """``texts`` are the bodies by the name of their part; ``alerts`` speak to the reader, ``damage`` was lost."""

    texts: list[tuple[str, list[TextLine]]] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)


def read_bodies(mail: Mail) -> Bodies:
    """Reads the parts that are text of the mail itself.

    Raises Refusal: ``mail.too_long``, ``mail.html_depth``, ``mail.encrypted``, those of ``decode``.
    """
    out = Bodies()
    _headers(mail, out)
    plain: list[str] = []
    html: list[str] = []
    for number, part in enumerate(mail.parts, 1):
        if part.attached:
            continue
        if _REPLACED in part.body:
            out.damage.append(f"part {number} holds characters that were lost before")
        if part.content_type == "text/html":
            reader = html_to_text(decode(part.body, f"part {number}", part.charset))
            _hidden(reader, out, mail.get("subject"))
            if reader.cut_off:
                out.damage.append("the HTML ends inside a table")
            html.extend(reader.lines)
        elif part.content_type in {"text/plain", "text/enriched", "text"}:
            text = decode(part.body, f"part {number}", part.charset)
            if len(text) > MAX_TEXT or text.count("\n") > MAX_LINES:
                raise Refusal(
                    "mail.too_long",
                    f"The text has more than {MAX_TEXT} characters or {MAX_LINES} lines.",
                    f"part {number}",
                )
            if _ENCLOSED.search(text):
                raise Refusal("mail.encrypted", "The text of the mail is encrypted (PGP).", f"part {number}")
            plain.extend(_unflow(text) if part.flowed else text.splitlines())
    for name, lines in (("body", plain), ("html", html)):
        _take(name, lines, out)
    return out


def _take(name: str, lines: list[str], out: Bodies) -> None:
    if len(lines) > MAX_LINES:
        raise Refusal("mail.too_long", f"The text has more than {MAX_LINES} lines.", name)
    longest = max((len(line) for line in lines), default=0)
    if longest > MAX_LINE or sum(len(line) for line in lines) > MAX_TEXT:
        raise Refusal(
            "mail.too_long", f"The text has more than {MAX_TEXT} characters, or {MAX_LINE} in one line.", name
        )
    numbered = [(at, line.rstrip().translate(_PLAIN)) for at, line in enumerate(lines, 1)]
    if any(line.strip() for _, line in numbered):
        out.texts.append((name, numbered))
    raw = "\n".join(lines)
    damaged = _DAMAGE.search(raw)
    if damaged is not None:
        out.damage.append(f"{name}: {' '.join(damaged[0].split())[:60]!r}")
    instruction = instruction_in(raw)
    if instruction is not None:
        out.alerts.append(f"{name}: {instruction!r}")
    if invisible_in(raw):
        out.alerts.append(f"{name}: invisible characters")


def _headers(mail: Mail, out: Bodies) -> None:
    for name, value in mail.headers:
        told = name.startswith("x-") or name in {"comments", "keywords"}
        found = (instruction_in(value) or addresses_machine(value)) if told else None
        if found is None and name in {"subject", "thread-topic"}:
            found = instruction_in(value)
        if found is not None:
            out.alerts.append(f"header {name}: {found!r}")
        elif told and name in _PROSE_HEADERS and len(_WORDS.findall(value)) >= 5:
            out.alerts.append(f"header {name} holds text: {value[:120]!r}")


def _hidden(reader: HtmlText, out: Bodies, subject: str) -> None:
    hidden = " ".join(reader.hidden).strip()
    # What lists of mails show below the subject is often hidden in the page, and says what everybody sees.
    shown = " ".join([subject, *reader.lines]).casefold()
    if len(hidden) >= 3 and " ".join(hidden.casefold().split()) not in " ".join(shown.split()):
        out.alerts.append(f"hidden text: {hidden[:160]!r}")
    struck = " ".join(reader.struck).strip()
    if any(one.isalnum() for one in struck):
        out.alerts.append(f"text that is struck out or turned round: {struck[:160]!r}")
    if reader.unsure and reader.lines:
        out.alerts.append(f"the style sheet hides what cannot be told: {reader.unsure[0]!r}")
    for text in reader.unseen:
        instruction = instruction_in(text) or addresses_machine(text)
        if instruction is not None:
            out.alerts.append(f"text nobody sees: {instruction!r}")


def _unflow(text: str) -> list[str]:
    """Undoes format=flowed (RFC 3676): a long line that ends in a blank goes on in the next."""
    lines: list[str] = []
    joined = False
    for raw in text.splitlines():
        line = raw.removeprefix(" ")
        if joined and lines:
            lines[-1] += line
        else:
            lines.append(line)
        joined = line.endswith(" ") and line != "-- " and len(line) > 60
    return lines
