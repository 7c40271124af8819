"""Damages EDIFACT interchanges the way transport and bad translators do, so that what is left cannot be trusted."""

from __future__ import annotations

from typing import Final

from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.edifact_pen import STYLES, Style
from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenOrder

_BLOCK: Final = 96
"""Bytes overwritten with NUL, as a torn write leaves them; longer than any one field."""
_WAYS: Final = (
    "cut", "cut", "no_unz", "no_unt", "unt_count", "unt_reference", "unz_count", "unz_control", "unescaped",
    "overwritten",
)  # fmt: skip


def break_edifact(sending: Envelope, dice: Dice, document: bytes, order: WrittenOrder) -> bytes:
    """Returns the interchange cut or partly overwritten, without a trailer, or with a wrong count or reference.

    A translator that escapes nothing also breaks it: with an end of segment within a text.
    """
    del order
    style = STYLES[sending.habit.layout.name]
    first = document.index(b"LIN" + style.element.encode())
    way = dice.one(_WAYS)
    if way == "cut":
        return document[: dice.between(first + 6, first + max((len(document) - first) // 2, 8))]
    if way == "overwritten":
        return document[:first] + b"\0" * _BLOCK + document[first + _BLOCK :]
    segments = _segments(document, style)
    if way == "no_unz":
        segments = segments[: _position(segments, "UNE" if style.group else "UNZ")]
    elif way == "no_unt":
        del segments[_position(segments, "UNT")]
    elif way == "unescaped":
        _split_a_text(dice, segments, style)
    else:
        tag, spot, more = {
            "unt_count": ("UNT", 1, 3), "unt_reference": ("UNT", 2, 1),
            "unz_count": ("UNZ", 1, 1), "unz_control": ("UNZ", 2, 7),
        }[way]  # fmt: skip
        index = _position(segments, tag)
        fields = segments[index].split(style.element)
        fields[spot] = f"{int(fields[spot]) + more:0{len(fields[spot])}}"
        segments[index] = style.element.join(fields)
    return _joined(segments, style)


def _segments(document: bytes, style: Style) -> list[str]:
    """Returns the segments without their ends, the service string advice as the first where there is one."""
    text = document.decode("latin-1")
    if style.wrap:
        text = text.replace(style.newline, "")
    found, start, index = [], 0, 9 if style.una else 0
    while index < len(text):
        if text[index] == style.release != " ":
            index += 1
        elif text[index] == style.end:
            found.append(text[start:index].lstrip("\r\n"))
            start = index + 1
        index += 1
    return found


def _position(segments: list[str], tag: str) -> int:
    return next(index for index, segment in enumerate(segments) if segment.startswith(tag))


def _split_a_text(dice: Dice, segments: list[str], style: Style) -> None:
    """Puts a bare end of segment into a name or a text, as a translator that escapes nothing does."""
    spots = [
        index for index, segment in enumerate(segments) if segment[:3] in {"NAD", "IMD", "FTX"} and len(segment) > 24
    ]
    index = dice.one(spots) if spots else _position(segments, "BGM")
    segment = segments[index]
    spot = len(segment) - 5 if segment[-6] != style.release else len(segment) - 4
    segments[index] = segment[:spot] + style.end + segment[spot:]


def _joined(segments: list[str], style: Style) -> bytes:
    text = "".join(f"{segment}{style.end}{'' if style.wrap else style.newline}" for segment in segments)
    if style.wrap:
        rows = [text[start : start + style.wrap] for start in range(0, len(text), style.wrap)]
        text = style.newline.join(rows) + style.newline
    return text.encode("latin-1")
