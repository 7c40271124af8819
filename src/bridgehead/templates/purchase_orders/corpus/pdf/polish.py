"""A TrueType font with the Polish letters, put together from the letters and accents of one that lacks them.

The glyphs added are composite ones by the OpenType specification (tables glyf, loca, hmtx, maxp, hhea and cmap).
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Final

import reportlab
from reportlab.pdfbase.ttfonts import TTFontFile, TTFontMaker

_ACUTE, _OGONEK, _DOT = 0xB4, 0x2DB, 0x2D9
_LETTERS: Final = {
    "Ą": ("A", _OGONEK), "ą": ("a", _OGONEK), "Ę": ("E", _OGONEK), "ę": ("e", _OGONEK), "Ń": ("N", _ACUTE),
    "ń": ("n", _ACUTE), "Ś": ("S", _ACUTE), "ś": ("s", _ACUTE), "Ź": ("Z", _ACUTE), "ź": ("z", _ACUTE),
    "Ż": ("Z", _DOT), "ż": ("z", _DOT),
}  # fmt: skip
_WORDS, _OFFSETS, _MORE = 0x1, 0x2, 0x20
_COMPOSITE: Final = -1

Box = tuple[int, int, int, int]


def polish_font(file_name: str) -> bytes:
    """Returns the font in ``file_name`` of reportlab's own fonts, with the Polish letters added."""
    folder = Path(str(reportlab.__file__)).parent / "fonts"
    return _Extended(TTFontFile(io.BytesIO((folder / file_name).read_bytes()))).made()


class _Extended:
    def __init__(self, font: TTFontFile) -> None:
        self.font = font
        self.glyphs = [self._glyph(index) for index in range(font.numGlyphs)]
        metrics = self._table("hmtx")
        self.metrics = [struct.unpack_from(">Hh", metrics, 4 * index) for index in range(self._metric_count())]
        side = metrics[4 * len(self.metrics) :]
        last = self.metrics[-1][0]
        self.metrics.extend((last, value) for (value,) in struct.iter_unpack(">h", side))
        self.codes: dict[int, int] = dict(font.charToGlyph)

    def _table(self, tag: str) -> bytes:
        return bytes(self.font.get_table(tag))  # type: ignore[no-untyped-call]  # the stubs leave it untyped

    def _metric_count(self) -> int:
        (count,) = struct.unpack_from(">H", self._table("hhea"), 34)
        return int(count)

    def _glyph(self, index: int) -> bytes:
        start, end = self.font.glyphPos[index : index + 2]
        return self._table("glyf")[start:end]

    def _box(self, index: int) -> Box:
        left, low, right, high = struct.unpack_from(">hhhh", self.glyphs[index], 2)
        return int(left), int(low), int(right), int(high)

    def _add(self, letter: str, base_letter: str, accent_code: int) -> None:
        base, accent = self.codes[ord(base_letter)], self.codes[accent_code]
        under, over = self._box(base), self._box(accent)
        if accent_code == _OGONEK:
            across, up = under[2] - over[2], 0
        else:
            across = (under[0] + under[2] - over[0] - over[2]) // 2
            x_height = self._box(self.codes[ord("x")])[3]
            up = max(under[3] - x_height, 0)
        box = (
            min(under[0], over[0] + across), min(under[1], over[1] + up),
            max(under[2], over[2] + across), max(under[3], over[3] + up),
        )  # fmt: skip
        glyph = struct.pack(">hhhhh", _COMPOSITE, *box)
        glyph += struct.pack(">HHhh", _WORDS | _OFFSETS | _MORE, base, 0, 0)
        glyph += struct.pack(">HHhh", _WORDS | _OFFSETS, accent, across, up)
        self.codes[ord(letter)] = len(self.glyphs)
        self.glyphs.append(glyph)
        self.metrics.append((self.metrics[base][0], box[0]))

    def made(self) -> bytes:
        """Returns the whole font file."""
        for letter, (base, accent) in _LETTERS.items():
            self._add(letter, base, accent)
        tables = {tag: self._table(tag) for tag in ("OS/2", "cvt ", "fpgm", "prep", "post", "name")}
        places, body = [0], b""
        for glyph in self.glyphs:
            body += glyph + b"\0" * (-len(glyph) % 4)
            places.append(len(body))
        head = bytearray(self._table("head"))
        struct.pack_into(">h", head, 50, 1)
        maxp = bytearray(self._table("maxp"))
        struct.pack_into(">H", maxp, 4, len(self.glyphs))
        hhea = bytearray(self._table("hhea"))
        struct.pack_into(">H", hhea, 34, len(self.metrics))
        groups = b"".join(struct.pack(">III", code, code, index) for code, index in sorted(self.codes.items()))
        table = struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, len(self.codes)) + groups
        tables |= {
            "head": bytes(head), "maxp": bytes(maxp), "hhea": bytes(hhea), "glyf": body,
            "loca": struct.pack(f">{len(places)}I", *places),
            "hmtx": b"".join(struct.pack(">Hh", *metric) for metric in self.metrics),
            "cmap": struct.pack(">HHHHI", 0, 1, 3, 10, 12) + table,
        }  # fmt: skip
        maker = TTFontMaker()
        for tag, content in tables.items():
            maker.add(tag, content)
        return bytes(maker.makeStream())
