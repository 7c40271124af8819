"""Writes the segments and envelopes of EDIFACT as the translators of ten partners do.

Envelope and separators by ISO 9735: UNA where a style has one; UNT, UNE and UNZ count segments, messages and groups.
The test indicator of UNB is never set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.corpus.customers import ascii_text
from bridgehead.templates.purchase_orders.corpus.letterbox import OUR_EDI_ID, OUR_GLN, Envelope
from bridgehead.templates.purchase_orders.corpus.model import plain

Element = str | tuple[str, ...]
Segment = tuple[Element, ...]
Message = tuple[str, Sequence[Segment]]


@dataclass(frozen=True, slots=True)
class Style:
    """How a partner's translator writes. ``signs``: component, element, decimal, release and segment end, as in UNA."""

    directory: str = "96A"
    association: str = ""
    signs: str = ":+.?'"
    una: bool = True
    newline: str = ""
    level: str = "UNOA"
    syntax: str = "2"
    group: bool = False
    wrap: int = 0
    stamp: str = "102"
    text: int = 70
    order_code: str = "220"
    item_codes: tuple[str, str, str] = ("SA", "IN", "EN")
    free_address: bool = False

    @property
    def component(self) -> str:
        """Between the components of an element."""
        return self.signs[0]

    @property
    def element(self) -> str:
        """Between the elements of a segment."""
        return self.signs[1]

    @property
    def release(self) -> str:
        """Before a sign that stands for itself; a space where the partner has none."""
        return self.signs[3]

    @property
    def end(self) -> str:
        """After a segment."""
        return self.signs[4]


STYLES: Final[dict[str, Style]] = {
    "retail_96a": Style(association="EAN008", newline="\r\n", level="UNOA", syntax="3"),
    "one_line_01b": Style("01B", "EAN010", una=False, level="UNOC", syntax="3", item_codes=("SA", "IN", "SRV"),
                          text=512),
    "vehicle_97a": Style("97A", una=False, newline="\n", level="UNOA", order_code="105", item_codes=("SA", "BP", "EN"),
                         free_address=True, stamp="203"),
    "comma_93a": Style("93A", signs=":+,?'", newline="\r\n", stamp="101"),
    "bars_96a": Style(signs=":|.\\~", newline="\n", level="UNOC", syntax="3", item_codes=("VP", "BP", "EN")),
    "level_b_96a": Style(signs="\x1f\x1d. \x1c", level="UNOB", syntax="1"),
    "group_93a": Style("93A", "EAN007", group=True, newline="\r\n", item_codes=("SA", "BP", "EN")),
    "stars_03b": Style("03B", signs=":+.?'*", newline="\n", level="UNOW", syntax="4", stamp="718", text=512),
    "wrapped_96a": Style(wrap=80, una=False, level="UNOA", newline="\r\n", stamp="203"),
    "hash_01b": Style("01B", signs="#;,!$", level="UNOC", syntax="3", group=True, stamp="718", text=512),
}  # fmt: skip
"""The six signs of a style have a repetition separator (syntax version 4) in the end."""

NAMES: Final = tuple(STYLES)

_ENCODINGS: Final = {"UNOA": "ascii", "UNOB": "ascii", "UNOC": "latin-1", "UNOW": "utf-8"}


def folded(style: Style, text: str) -> str:
    """Returns the text in the letters of a syntax level."""
    if style.level == "UNOA":
        return ascii_text(text).upper()
    encoding = _ENCODINGS[style.level]
    return "".join(sign if sign.encode(encoding, "ignore") else ascii_text(sign) for sign in text)


class Pen:
    """Writes the segments of one sending."""

    def __init__(self, sending: Envelope) -> None:
        self.sending = sending
        self.style = STYLES[sending.habit.layout.name]
        self.voice = sending.habit.voice
        self.encoding = _ENCODINGS[self.style.level]

    def encode(self, text: str) -> bytes:
        """Returns the bytes of the syntax level."""
        return text.encode(self.encoding)

    def text(self, text: str) -> str:
        """Returns free text in the signs that the syntax level has: capitals without accents in level A."""
        written = folded(self.style, text)
        if self.style.release != " ":
            return written
        for sign in self.style.signs:
            written = written.replace(sign, " ") if sign not in ". " else written
        return written

    def pieces(self, text: str, width: int, most: int) -> list[tuple[str, ...]]:
        """Returns the text cut between words into composites of ``most`` components of ``width`` signs."""
        rows: list[str] = []
        for word in self.text(text).split():
            if rows and len(rows[-1]) + 1 + len(word) <= width:
                rows[-1] += f" {word}"
            else:
                rows.append(word)
        return [tuple(rows[start : start + most]) for start in range(0, len(rows), most)]

    def number(self, amount: Decimal) -> str:
        """Returns a number with the partner's decimal mark, without thousands."""
        return plain(amount).replace(".", self.style.signs[2])

    def money(self, amount: Decimal) -> str:
        """Returns an amount; half of the partners always write two decimals at least."""
        if self.voice % 2 or plain(amount) != plain(amount.quantize(Decimal("0.01"))):
            return self.number(amount)
        return format(amount, ".2f").replace(".", self.style.signs[2])

    def day(self, qualifier: str, day: date) -> Segment:
        """Returns DTM in the partner's format: a day, a day with the time, or a window of one day."""
        stamp = self.style.stamp
        if stamp == "718" and qualifier == "137":
            stamp = "203"
        shown = {
            "101": day.strftime("%y%m%d"), "102": day.strftime("%Y%m%d"), "203": day.strftime("%Y%m%d") + "0000",
            "718": day.strftime("%Y%m%d") * 2,
        }[stamp]  # fmt: skip
        return ("DTM", (qualifier, shown, stamp))

    def segment(self, segment: Segment) -> str:
        """Returns the segment as it is sent, without empty components and elements at its end."""
        parts = []
        for element in segment:
            components = [self._released(text) for text in ((element,) if isinstance(element, str) else element)]
            while len(components) > 1 and not components[-1]:
                components.pop()
            parts.append(self.style.component.join(components))
        while len(parts) > 1 and not parts[-1]:
            parts.pop()
        return self.style.element.join(parts) + self.style.end

    def _released(self, text: str) -> str:
        style = self.style
        if style.release == " ":
            return text
        signs = {style.component, style.element, style.release, style.end, *style.signs[5:]}
        return "".join(style.release + sign if sign in signs else sign for sign in text)


def interchange(pen: Pen, messages: Sequence[Message]) -> bytes:
    """Returns one interchange with these messages (type, segments between UNH and UNT), in a group where it has one."""
    sending, style = pen.sending, pen.style
    customer = sending.customer
    control = f"{sending.serial * 3 + int(customer.number) % 1000:0{5 + pen.voice % 9}}"
    sender: Element = pen.text(ascii_text(customer.name).replace(" ", "")).upper()[:14]
    if customer.gln:
        sender = (customer.gln, "14")
    elif customer.duns:
        sender = (customer.duns, "1")
    recipient: Element = (OUR_GLN, "14") if customer.gln else (OUR_EDI_ID, "ZZ" if customer.duns else "")
    day = sending.at.strftime("%Y%m%d" if style.syntax == "4" else "%y%m%d")
    stamp = (day, sending.at.strftime("%H%M"))
    kind = messages[0][0]
    head: list[Segment] = [
        ("UNB", (style.level, style.syntax), sender, recipient, stamp, control, "",
         kind if pen.voice % 3 == 0 else "", "", "1" if pen.voice % 7 == 2 else "",
         "EANCOM" if style.association.startswith("EAN") else "")
    ]  # fmt: skip
    group = str(int(control) % 9973 + 1)
    version = ("D", style.directory, style.association)
    if style.group:
        head.append(("UNG", kind, sender, recipient, stamp, group, "UN", version))
    segments = head
    for index, (name, body) in enumerate(messages):
        reference = f"{index + 1:0{1 + pen.voice % 6}}"
        segments.append(("UNH", reference, (name, "D", style.directory, "UN", style.association)))
        segments.extend(body)
        segments.append(("UNT", str(len(body) + 2), reference))
    if style.group:
        segments.append(("UNE", str(len(messages)), group))
    segments.append(("UNZ", str(1 if style.group else len(messages)), control))
    advice = f"UNA{style.signs[:4]}{style.signs[5:] or ' '}{style.end}"
    parts = [advice] * style.una + [pen.segment(segment) for segment in segments]
    if style.wrap:
        whole = "".join(parts)
        rows = [whole[start : start + style.wrap] for start in range(0, len(whole), style.wrap)]
        return pen.encode(style.newline.join(rows) + style.newline)
    return pen.encode("".join(part + style.newline for part in parts))
