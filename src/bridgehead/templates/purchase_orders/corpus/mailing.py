"""Makes a message of a text the way mail programs do: header fields, character sets, transfer encodings, oddities.

Messages by RFC 5322, MIME by RFC 2045 to 2047 through the standard library; format=flowed by RFC 3676.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from bridgehead.templates.purchase_orders.corpus.layouts_prose import fold
from bridgehead.templates.purchase_orders.corpus.letter import Letter
from bridgehead.templates.purchase_orders.corpus.letterbox import OUR_MAILBOX, Envelope

FIELD_SALES: Final = "sales-field@brackwater.example.com"
_POLICY: Final = SMTP.clone(max_line_length=998)

# (character set, transfer encoding)
_CODINGS: Final = (
    ("utf-8", "quoted-printable"), ("iso-8859-1", "quoted-printable"), ("utf-8", "base64"), ("utf-8", "8bit"),
    ("windows-1252", "quoted-printable"), ("iso-8859-15", "8bit"), ("us-ascii", "7bit"), ("windows-1252", "base64"),
    ("iso-8859-1", "8bit"),
)  # fmt: skip
_POLISH_CODINGS: Final = (
    ("iso-8859-2", "quoted-printable"), ("utf-8", "base64"), ("windows-1250", "8bit"), ("utf-8", "quoted-printable"),
)  # fmt: skip
_BARE: Final = {"utf-8", "windows-1252"}
"""Character sets that some programs use without naming them; a person's program guesses either."""
_MAILERS: Final = (
    "Microsoft Outlook 16.0", "Apple Mail (2.3774)", "Mozilla Thunderbird", "Lotus Notes Release 9.0.1", "",
    "SAP Web Application Server 7.50", "eM Client 9.2",
)  # fmt: skip
_ZONES: Final = {"US": -6, "CA": -6, "GB": 0, "IE": 0}
_FLOW_WIDTH: Final = 72
_LONGEST_LINE: Final = 900
LOGO: Final = bytes.fromhex(
    "47494638396108000400800000245a7affffff21f90401000001002c000000000800040000020a8c8fa9cb0b0fa354000a003b"
)
"""A small picture (GIF89a), as signatures hold one."""


def local_time(sending: Envelope) -> datetime:
    """Returns the sender's wall clock; always the day of the run."""
    zone = timezone(timedelta(hours=_ZONES.get(sending.customer.country, 1)))
    return sending.at.astimezone(zone)


def sender_address(letter: Letter) -> str:
    """Returns the mailbox it comes from: a known one, or another of the customer's own domain if that tells enough."""
    customer = letter.customer
    shared = customer.emails[0].startswith("orders.")
    if not shared and letter.dice.chance(0.15):
        box = ("office", "warehouse", "info", "planning")[letter.voice % 4]
        return f"{box}@{customer.email_domains[0]}"
    return letter.dice.one(customer.emails)


def new_message(letter: Letter, subject: str, *, forwarded: bool = False) -> EmailMessage:
    """Returns a message with its header fields; ``forwarded`` comes from a colleague of ours."""
    sending, when = letter.sending, local_time(letter.sending)
    message = EmailMessage(policy=_POLICY)
    address = sender_address(letter)
    shown = letter.customer.name if letter.voice % 2 else letter.say("role")
    if forwarded:
        address, shown = FIELD_SALES, "Field Sales"
        subject = f"{'WG' if letter.language == 'de' else 'FW'}: {subject}"
    domain = address.split("@")[1]
    received = format_datetime(sending.at)
    message["Received"] = (
        f"from mail.{domain} by mx.brackwater.example.com with ESMTPS id {sending.serial:08x}; {received}"
    )
    message["Message-ID"] = f"<{when:%Y%m%d%H%M%S}.{sending.serial:05}.{sending.dice.digits(6)}@{domain}>"
    message["Date"] = format_datetime(when)
    quoted = shown.replace('"', "'")
    message["From"] = f'"{quoted}" <{address}>'
    message["To"] = (
        OUR_MAILBOX if letter.voice % 6 else f'{OUR_MAILBOX}, "Brackwater Sales" <sales@brackwater.example.com>'
    )
    message["Subject"] = subject
    if letter.voice % 7 == 3 and not forwarded:
        message["Cc"] = letter.customer.emails[-1]
    mailer = _MAILERS[letter.voice % len(_MAILERS)]
    if mailer:
        message["X-Mailer"] = mailer
    return message


def _coding(letter: Letter, text: str) -> tuple[str, str]:
    codings = _POLISH_CODINGS if letter.language == "pl" else _CODINGS
    charset, transfer = codings[letter.voice % len(codings)]
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        charset, transfer = "utf-8", "quoted-printable" if transfer in {"7bit", "8bit"} else transfer
    if transfer in {"7bit", "8bit"} and any(len(line) > _LONGEST_LINE for line in text.splitlines()):
        transfer = "quoted-printable"
    return charset, transfer


def _flowed(text: str) -> str:
    """Returns the text with soft line breaks, and blanks put before lines that would otherwise mean something."""
    found: list[str] = []
    for line in text.splitlines():
        if line.startswith(">") or line == "-- ":
            found.append(line)
            continue
        stuffed = f" {line}" if line.startswith((" ", "From ")) else line
        if len(stuffed) <= _FLOW_WIDTH:
            found.append(stuffed.rstrip())
            continue
        lead = stuffed[: len(stuffed) - len(stuffed.lstrip())]
        pieces = fold(stuffed.strip(), _FLOW_WIDTH - len(lead))
        found.extend(f"{lead if index == 0 else ''}{piece} " for index, piece in enumerate(pieces[:-1]))
        found.append(pieces[-1])
    return "\n".join(found) + "\n"


def put_text(letter: Letter, message: EmailMessage, text: str, *, flowed: bool = False) -> None:
    """Puts the text into the message; ``flowed`` with soft line breaks. Some customers' programs name no charset."""
    shown = _flowed(text) if flowed else text
    charset, transfer = _coding(letter, shown)
    message.set_content(shown, charset=charset, cte=transfer)
    if flowed:
        message.set_param("format", "flowed")
    if letter.voice % 13 == 6 and charset in _BARE:
        message.del_param("charset")


def _head(letter: Letter, charset: str) -> str:
    """Returns a page up to its body as an old program, a word processor or web mail writes it."""
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">'
    look = "p.MsoNormal {margin:0cm;font-size:11.0pt;font-family:Calibri,sans-serif}"
    style = letter.voice % 4
    if style == 1:
        spaces = 'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
        grid = '<o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/></o:shapelayout>'
        return (
            f'<html {spaces} xmlns="http://www.w3.org/TR/REC-html40"><head>{meta}'
            '<meta name=Generator content="Microsoft Word 15 (filtered medium)">'
            f"<style><!--\n@page WordSection1 {{size:612.0pt 792.0pt;margin:70.85pt}}\n{look}\n--></style>"
            f"<!--[if gte mso 9]><xml>{grid}</xml><![endif]--></head>\n"
            f'<body lang={letter.language.upper()} link="#0563C1" vlink="#954F72"><div class=WordSection1>'
        )
    if style == 3:
        return f'<!DOCTYPE html>\n<html lang="{letter.language}"><head><meta charset="{charset}"></head>\n<body>'
    return f"<html><head>{meta}<style>{look}</style></head>\n<body>"


def put_html(letter: Letter, message: EmailMessage, html: str, *, alternative: bool) -> None:
    """Puts a page into the message: as its content, or beside the text that is there."""
    charset, transfer = _coding(letter, html)
    head = _head(letter, charset)
    page = f"{head}\n{html}\n{'</div>' if head.endswith('WordSection1>') else ''}</body></html>\n"
    if alternative:
        message.add_alternative(page, subtype="html", charset=charset, cte=transfer)
    else:
        message.set_content(page, subtype="html", charset=charset, cte=transfer)


def attach_text(letter: Letter, message: EmailMessage, text: str) -> None:
    """Attaches a small text file."""
    name = ("readme.txt", "notes.txt", "order-info.txt")[letter.voice % 3]
    message.add_attachment(f"{text}\n", charset="utf-8", cte="quoted-printable", filename=name)


def attach_file(message: EmailMessage, name: str, kind: str, content: bytes, *, twice: bool = False) -> None:
    """Attaches a file of the media type ``kind`` in base64; ``twice`` names it by the old parameter as well."""
    main, _, sub = kind.partition("/")
    part = EmailMessage(policy=SMTP)
    part.set_content(content, maintype=main, subtype=sub, disposition="attachment", filename=name)
    del part["MIME-Version"]
    if twice and name.isascii():
        part.set_param("name", name)
    if message.get_content_subtype() != "mixed":
        message.make_mixed()
    message.attach(part)


def uuencoded(name: str, content: bytes) -> list[str]:
    """Returns the lines of a file as old gateways put it into a text (POSIX uuencode)."""
    chunks = [content[index : index + 45] for index in range(0, len(content), 45)]
    coded = [binascii.b2a_uu(chunk, backtick=True).decode("ascii").rstrip("\n") for chunk in chunks]
    return [f"begin 644 {name}", *coded, "`", "end"]


def rich_text_stub() -> bytes:
    """Returns a ``winmail.dat`` with a version and a message class and nothing else ([MS-OXTNEF])."""

    def attribute(tag: int, data: bytes) -> bytes:
        return struct.pack("<BII", 1, tag, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)

    version, kind = (0x00089006, b"\0\0\1\0"), (0x00078008, b"IPM.Microsoft Mail.Note\0")
    return struct.pack("<IH", 0x223E9F78, 1) + attribute(*version) + attribute(*kind)


def add_rich_text_stub(message: EmailMessage) -> None:
    """Attaches what a mail program adds that sends its own format to everybody."""
    attach_file(message, "winmail.dat", "application/ms-tnef", rich_text_stub())


def finish(letter: Letter, message: EmailMessage) -> bytes:
    """Returns the message with boundaries of its own, so that one seed always gives the same bytes."""
    whole = [part for part in message.walk() if part.get_content_maintype() == "multipart"]
    for index, part in enumerate(whole):
        part.set_boundary(f"----=_Part_{letter.sending.serial}_{index}.{letter.voice:04}")
    return message.as_bytes()


def tidy(block: Sequence[str]) -> list[str]:
    """Returns the block without empty lines at its ends and without two of them in a row."""
    lines: list[str] = []
    for line in block:
        if line or (lines and lines[-1]):
            lines.append(line)
    while lines and not lines[-1]:
        lines.pop()
    return lines
