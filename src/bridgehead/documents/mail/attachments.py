"""Reads what is attached to a mail, each file by the reader its bytes name, and says what the others are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from bridgehead.documents.decoding import decode
from bridgehead.documents.mail.message import Mail, Part, looks_like_mail
from bridgehead.documents.mail.tnef import files_of
from bridgehead.documents.order import Order
from bridgehead.documents.outcome import Hints, NotAnOrder, Orders, Reading, ReadPart, Refusal, Unreadable
from bridgehead.documents.signatures import is_pdf, is_xml
from bridgehead.documents.vigilance import addresses_machine, instruction_in

MAX_NESTED: Final = 4
"""A message in a message, so many deep."""
_SILENT: Final = re.compile(
    r"\.(?:ics|vcf|p7s|asc|sig)$|pkcs7-signature|pgp-(?:signature|keys)|calendar|vcard|delivery-status|rfc822-headers",
    re.IGNORECASE,
)
_SEALED: Final = re.compile(r"\.(?:p7m|pgp|gpg)$|pkcs7-mime|pgp-encrypted", re.IGNORECASE)
_PICTURE: Final = re.compile(r"\.(?:png|jpe?g|gif|bmp|svg|webp|tiff?|heic)$|^image/", re.IGNORECASE)
_DECORATION: Final = re.compile(
    r"^(?:image|img|logo|icon|banner|signatur\w*|oledata|outlook|facebook|linkedin|unnamed|x|twitter|instagram|youtube)[\w .-]{0,40}$",
    re.IGNORECASE,
)
"""Pictures that mail programs put into signatures; any other may be the order."""
_OTHERS: Final = {
    ".docx": ("document", "a text-processor file"),
    ".doc": ("document", "a text-processor file"),
    ".odt": ("document", "a text-processor file"),
    ".rtf": ("document", "a text-processor file"),
    ".pages": ("document", "a text-processor file"),
    ".zip": ("archive", "an archive, which is not opened"),
    ".rar": ("archive", "an archive, which is not opened"),
    ".7z": ("archive", "an archive, which is not opened"),
    ".gz": ("archive", "an archive, which is not opened"),
    ".tar": ("archive", "an archive, which is not opened"),
    ".dwg": ("drawing", "a drawing"),
    ".dxf": ("drawing", "a drawing"),
    ".step": ("drawing", "a drawing"),
    ".stp": ("drawing", "a drawing"),
    ".mp3": ("sound", "a recording"),
    ".wav": ("sound", "a recording"),
    ".ogg": ("sound", "a recording"),
    ".m4a": ("sound", "a recording"),
    ".pptx": ("document", "a presentation"),
    ".msg": ("message", "a message in Outlook's own format"),
}
"""Files that have no reader, by their suffix: a short name for the refusal's code, and what they are."""
_TERMS: Final = re.compile(
    r"(?:^|[\W_])(?:agb|aeb|ekb|avb|allgemeine|einkaufsbedingungen|lieferbedingungen|t ?(?:&|and|n) ?c|terms|cg[vap]|conditions|condiciones|condizioni|voorwaarden|inkoopvoorwaarden|villkor|vilkar|warunki|ow[uzshk])(?![^\W\d_])",
    re.IGNORECASE,
)
"""Names of files with general terms of business, which go with an order and hold none."""
_BESIDE: Final = frozenset({"drawing", "sound"})
"""What goes with an order and never is one."""
_STRENGTH: Final = {"x12": 4, "edifact": 4, "ubl": 4, "cxml": 4, "orderx": 4, "xlsx": 3, "csv": 3, "pdf": 2}
"""Of two files that hold the same order, the one that names its fields is read."""
_MOST_TEXT: Final = 100_000
_SAMPLE: Final = 4_000
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/=\r\n]{200,}")


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of the mail and what reading it ended in. ``message`` says that it is a mail of its own."""

    name: str
    outcome: Reading
    message: bool = False
    picture: bool = False
    beside: bool = False


@dataclass(slots=True)
class Attachments:
    """Everything attached that mail programs did not add by themselves."""

    files: list[Attached] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)

    @property
    def orders(self) -> list[tuple[Attached, Orders]]:
        """The files that hold orders."""
        return [(one, one.outcome) for one in self.files if isinstance(one.outcome, Orders)]

    @property
    def others(self) -> list[tuple[Attached, NotAnOrder]]:
        """The files that were understood and order nothing."""
        return [(one, one.outcome) for one in self.files if isinstance(one.outcome, NotAnOrder)]

    @property
    def refused(self) -> list[tuple[Attached, Unreadable]]:
        """The files that could not be read and may hold an order, the likeliest first."""
        found = [(one, one.outcome) for one in self.files if isinstance(one.outcome, Unreadable) and not one.beside]
        return sorted(found, key=lambda pair: pair[0].picture)


def read_attachments(
    mail: Mail, read_part: ReadPart, read_message: Callable[[bytes], Reading], hints: Hints
) -> Attachments:
    """Reads every attachment; what is refused is kept with its reason. Raises nothing for what is attached."""
    out = Attachments()
    for number, part in enumerate(mail.parts, 1):
        if not part.attached and part.content_type in {"text/plain", "text/html", "text/enriched", "text"}:
            continue
        _take(part, part.filename or f"part {number}", out, read_part, read_message, hints)
    return out


def _take(
    part: Part, name: str, out: Attachments, read_part: ReadPart, read_message: Callable[[bytes], Reading], hints: Hints
) -> None:
    suffix = "." + name.rsplit(".", 1)[-1].lower() if "." in name else ""
    instruction = instruction_in(name.replace("_", " ").replace("-", " "))
    if instruction is not None:
        out.alerts.append(f"file name: {instruction!r}")
    if _SEALED.search(suffix) or _SEALED.search(part.content_type):
        sealed = Unreadable("mail.encrypted", "It is encrypted or signed as a whole, and is not opened here.")
        out.files.append(Attached(name, sealed))
        return
    if _SILENT.search(suffix) or _SILENT.search(part.content_type) or not part.body.strip():
        return
    if part.content_type in {"application/ms-tnef", "application/vnd.ms-tnef"} or name.lower() == "winmail.dat":
        _tnef(part, name, out, read_part, read_message, hints)
        return
    if _PICTURE.search(suffix) or _PICTURE.search(part.content_type):
        if part.attached and _DECORATION.search(name) is None:
            picture = Unreadable("mail.image_only", "It is a picture, and pictures are not read here.")
            out.files.append(Attached(name, picture, picture=True))
        return
    if part.content_type == "message/rfc822" or suffix == ".eml" or looks_like_mail(part.body):
        out.files.append(Attached(name, _message(part.body, name, read_message), message=True))
        return
    if suffix in _OTHERS and not part.body.startswith(b"%PDF"):
        kind, words = _OTHERS[suffix]
        reason = f"It is {words}, and has no reader here."
        out.files.append(Attached(name, Unreadable(f"mail.{kind}_only", reason), beside=kind in _BESIDE))
        return
    place = f"attachment {name}"
    try:
        body = _utf8(part, suffix)
        outcome = read_part(body, name, place, hints)
    except Refusal as refusal:
        outcome = refusal.outcome
    if isinstance(outcome, Orders):
        outcome = Orders(tuple(placed(one, place) if one.format == "email" else one for one in outcome.orders))
    elif part.content_type.startswith("text/") or suffix in {".txt", ".htm", ".html"}:
        _listen(part, place, out)
    if isinstance(outcome, Unreadable) and outcome.code == "unknown_format":
        outcome = NotAnOrder("other", "It is text that orders nothing.")
    if isinstance(outcome, NotAnOrder) and outcome.kind == "other" and not _is_as_named(part, suffix):
        outcome = Unreadable("mail.damaged_file", "Its bytes are not what its name or type says; it may be damaged.")
    out.files.append(Attached(name, outcome, beside=_is_terms(name, outcome)))


def _is_as_named(part: Part, suffix: str) -> bool:
    """Whether a file that orders nothing is what it is called, and no text whose transfer encoding went missing."""
    claims = f"{suffix} {part.content_type}"
    if "xml" in claims and not (suffix == ".xlsx" or "officedocument" in claims):
        return is_xml(part.body) or suffix in {".html", ".xhtml", ".htm"}
    if "pdf" in claims:
        return is_pdf(part.body)
    return suffix not in {".xlsx", ".ods"} and _BASE64.fullmatch(part.body[:_SAMPLE].rstrip()) is None


def _is_terms(name: str, outcome: Reading) -> bool:
    """Whether a file without any text to read is named for terms of business."""
    return isinstance(outcome, Unreadable) and outcome.code == "pdf.scanned" and _TERMS.search(name) is not None


def _tnef(
    part: Part, name: str, out: Attachments, read_part: ReadPart, read_message: Callable[[bytes], Reading], hints: Hints
) -> None:
    try:
        files = files_of(part.body, f"attachment {name}")
    except Refusal as refusal:
        out.files.append(Attached(name, refusal.outcome))
        return
    for inner, content in files:
        if inner.lower() != "winmail.dat":
            file = Part("application/octet-stream", None, inner, attached=True, flowed=False, body=content)
            _take(file, inner, out, read_part, read_message, hints)


def _message(body: bytes, name: str, read_message: Callable[[bytes], Reading]) -> Reading:
    try:
        outcome = read_message(body)
    except Refusal as refusal:
        return refusal.outcome
    if not isinstance(outcome, Orders):
        return outcome
    return Orders(tuple(placed(order, f"attachment {name}") for order in outcome.orders))


def placed(order: Order, place: str) -> Order:
    """The order with its sources in a message that is itself a part of another."""
    sources = {key: replace(source, part=f"{place}, {source.part}") for key, source in order.sources.items()}
    return replace(order, sources=sources)


def _utf8(part: Part, suffix: str) -> bytes:
    """Text in the encoding its part names is given on in UTF-8: a file of its own has no such header."""
    charset = (part.charset or "").lower()
    textual = part.content_type.startswith("text/") or suffix in {".csv", ".txt", ".tsv"}
    if (
        not textual
        or charset in {"", "utf-8", "utf8", "us-ascii", "ascii"}
        or part.body.startswith((b"\xff\xfe", b"\xfe\xff"))
    ):
        return part.body
    return decode(part.body, f"attachment {part.filename}", part.charset).encode()


def _listen(part: Part, place: str, out: Attachments) -> None:
    try:
        text = decode(part.body, place, part.charset)[:_MOST_TEXT]
    except Refusal:
        return
    instruction = instruction_in(text) or addresses_machine(text)
    if instruction is not None:
        out.alerts.append(f"{place}: {instruction!r}")


def strength(order: Order) -> int:
    """How plainly the order's format names its fields."""
    return _STRENGTH.get(order.format, 1)
