"""Puts the glyphs of a page together to words, rows and pieces, and parts what can be seen from what cannot."""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from bridgehead.documents.pdf.canvas import Colour, Drawn, Glyph, Surface

_SAME_BASE: Final = 0.3
"""Share of the size by which letters of one row may stand higher or lower."""
_WORD_GAP: Final = 0.17
"""Share of the size that parts words; a blank of Helvetica is 0.28, a condensed one 0.2."""
PIECE_GAP: Final = 0.85
"""Share of the size that parts pieces (cells, columns of text); three blanks are."""
_TYPED_RULE: Final = re.compile(r"[-=_*~+|.·–—]{6,}")
"""A line drawn with signs, which reports in typewriter letters have in place of rules."""
_FAINT: Final = 0.16
"""How much text and ground must differ in their most different colour to be seen."""


@dataclass(slots=True)
class Word:
    """A word with its place: points from the left and from the top of the page."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    bold: bool
    page: int
    step: int = 0
    colour: Colour | None = None
    hidden: str = ""

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return (self.top + self.bottom) / 2


@dataclass(slots=True)
class Piece:
    """Words of one row that belong together; ``line`` is the row's number in the document, from 1."""

    words: list[Word]
    line: int = 0

    @property
    def text(self) -> str:
        """The words with blanks between them."""
        return " ".join(one.text for one in self.words)

    @property
    def x0(self) -> float:
        """Left edge."""
        return self.words[0].x0

    @property
    def x1(self) -> float:
        """Right edge."""
        return self.words[-1].x1

    @property
    def top(self) -> float:
        """Upper edge."""
        return min(one.top for one in self.words)

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return max(one.bottom for one in self.words)

    @property
    def size(self) -> float:
        """Size of its letters."""
        return max(one.size for one in self.words)

    @property
    def bold(self) -> bool:
        """Whether all of it is bold."""
        return all(one.bold for one in self.words)

    @property
    def page(self) -> int:
        """Its page, from 1."""
        return self.words[0].page


@dataclass(slots=True)
class Row:
    """The pieces that stand on one height of a page, from left to right."""

    pieces: list[Piece]
    line: int = 0
    aside: bool = False
    """It stands in a column beside the rest of the page."""

    @property
    def words(self) -> list[Word]:
        """All its words."""
        return [word for piece in self.pieces for word in piece.words]

    @property
    def text(self) -> str:
        """The pieces, with three blanks between them."""
        return "   ".join(piece.text for piece in self.pieces)

    @property
    def top(self) -> float:
        """Upper edge."""
        return min(piece.top for piece in self.pieces)

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return max(piece.bottom for piece in self.pieces)

    @property
    def size(self) -> float:
        """The size most of its letters have."""
        return median(word.size for word in self.words)

    @property
    def page(self) -> int:
        """Its page."""
        return self.pieces[0].page


@dataclass(slots=True)
class Sheet:
    """A page as it is read. Upright rules are (x, top, bottom), level ones (y, left, right)."""

    number: int
    width: float
    height: float
    rows: list[Row] = field(default_factory=list)
    uprights: list[tuple[float, float, float]] = field(default_factory=list)
    levels: list[tuple[float, float, float]] = field(default_factory=list)
    hidden: list[Piece] = field(default_factory=list)
    pictures: float = 0.0
    """Share of the page that pictures take."""
    undefined: int = 0


def sheet_of(drawn: Drawn) -> Sheet:
    """Reads one drawn page."""
    left, foot, right, head = drawn.box
    width, height = right - left, head - foot
    turned = _main_turn(drawn.glyphs)
    upright = [one for one in drawn.glyphs if one.turn == turned]
    askew = [one for one in drawn.glyphs if one.turn != turned]
    sheet = Sheet(drawn.number, width, height, undefined=drawn.undefined)
    if turned in {90, 270}:
        sheet.width, sheet.height = height, width
    place = _Place(turned, left, foot, right, head)
    seen = _words([one for one in upright if not one.hidden], place, drawn.number)
    unseen = _words([one for one in upright if one.hidden], place, drawn.number)
    if turned == 0:
        _judge(seen, drawn.surfaces, place)
        _take_rules(drawn, sheet, place)
    shown = [word for word in seen if not word.hidden]
    lost = [word for word in seen if word.hidden] + unseen
    sheet.rows = rows_of(shown, sheet.uprights)
    typed = [row for row in sheet.rows if _TYPED_RULE.fullmatch("".join(word.text for word in row.words))]
    sheet.levels += [((row.top + row.bottom) / 2, row.pieces[0].x0, row.pieces[-1].x1) for row in typed]
    sheet.rows = [row for row in sheet.rows if row not in typed]
    sheet.hidden = [piece for row in rows_of(lost, []) for piece in row.pieces]
    for group in (90, 180, 270, 0):
        other = [one for one in askew if one.turn == group and not one.hidden]
        if other:
            beside = _words(other, _Place(group, left, foot, right, head), drawn.number)
            for row in rows_of(beside, []):
                for piece in row.pieces:
                    piece.words[0].hidden = piece.words[0].hidden or "is turned"
                    sheet.hidden.append(piece)
    covered = sum(_area(one) for one in drawn.surfaces if one.picture and _area(one) > 0)
    sheet.pictures = min(1.0, covered / (width * height or 1))
    return sheet


@dataclass(frozen=True, slots=True)
class _Place:
    """Turns drawn coordinates into points from the left and the top."""

    turn: int
    left: float
    foot: float
    right: float
    head: float

    def box(self, glyph: Glyph) -> tuple[float, float, float, float]:
        """Left, right, top, bottom."""
        up, down = 0.75 * glyph.size, 0.2 * glyph.size
        if self.turn == 0:
            base = self.head - glyph.base
            return glyph.x0 - self.left, glyph.x1 - self.left, base - up, base + down
        if self.turn == 180:
            base = glyph.base - self.foot
            return self.right - glyph.x1, self.right - glyph.x0, base - up, base + down
        if self.turn == 90:
            base = glyph.base - self.left
            return glyph.x0 - self.foot, glyph.x1 - self.foot, base - up, base + down
        base = self.right - glyph.base
        return self.head - glyph.x0, self.head - glyph.x1, base - up, base + down


def _main_turn(glyphs: Sequence[Glyph]) -> int:
    counts: dict[int, int] = {}
    for glyph in glyphs:
        counts[glyph.turn] = counts.get(glyph.turn, 0) + 1
    return max(counts, key=lambda one: counts[one]) if counts else 0


def _words(glyphs: Sequence[Glyph], place: _Place, page: int) -> list[Word]:
    """Words from glyphs: clustered by the line they stand on, parted by blanks and gaps."""
    boxed = [(glyph, *place.box(glyph)) for glyph in glyphs]
    boxed.sort(key=lambda one: one[4])
    words: list[Word] = []
    start = 0
    for index in range(1, len(boxed) + 1):
        if index < len(boxed):
            slack = _SAME_BASE * min(boxed[index][0].size, boxed[index - 1][0].size)
            base = boxed[index][4] - 0.2 * boxed[index][0].size
            last = boxed[index - 1][4] - 0.2 * boxed[index - 1][0].size
            if base - last <= max(slack, 0.5):
                continue
        words += _split(sorted(boxed[start:index], key=lambda one: one[1]), page)
        start = index
    return words


_Boxed = tuple[Glyph, float, float, float, float]


def _split(line: Sequence[_Boxed], page: int) -> list[Word]:
    """Words of one line: runs in the order they were drawn, so that texts that overlap stay apart; then by place.

    Letters that were drawn one by one in any order are put together by their places alone.
    """
    runs: list[list[_Boxed]] = []
    ended = True
    for one in sorted(line, key=lambda one: one[0].step):
        glyph, x0 = one[0], one[1]
        if not glyph.text.strip(_BLANKS):
            ended = True
            continue
        if not ended:
            before = runs[-1][-1]
            gap, size = x0 - before[2], max(min(glyph.size, before[0].size), 1)
            if -0.35 * size <= gap <= _WORD_GAP * size and abs(glyph.base - before[0].base) <= 0.6 * size:
                runs[-1].append(one)
                continue
        runs.append([one])
        ended = False
    scattered = 2 * len(runs) > sum(len(run) for run in runs)
    blanks = sorted((one[1] + one[2]) / 2 for one in line if not one[0].text.strip(_BLANKS))
    runs.sort(key=lambda run: run[0][1])
    joined: list[list[_Boxed]] = []
    for run in runs:
        if joined and _again(joined[-1], run):
            continue
        if scattered and joined and _touches(joined[-1], run, blanks):
            joined[-1] = joined[-1] + run
            continue
        joined.append(run)
    return [_word(run, page) for run in joined]


_BLANKS: Final = "\x00 \t\xa0\u2002\u2003\u2009\u202f\u3000"


def _again(one: Sequence[_Boxed], other: Sequence[_Boxed]) -> bool:
    """Whether a run is the one before drawn once more, a hair beside it, to look bold."""
    return (
        abs(one[0][1] - other[0][1]) < 0.1 * other[0][0].size
        and len(one) == len(other)
        and all(a[0].text == b[0].text for a, b in zip(one, other, strict=True))
    )


def _touches(one: Sequence[_Boxed], other: Sequence[_Boxed], blanks: Sequence[float]) -> bool:
    """Whether two runs are one word whose letters were drawn apart."""
    gap = other[0][1] - one[-1][2]
    size = max(min(one[-1][0].size, other[0][0].size), 1)
    if not -0.12 * size <= gap <= _WORD_GAP * size or abs(one[-1][0].base - other[0][0].base) > 0.6 * size:
        return False
    at = bisect.bisect_left(blanks, one[-1][2] - 0.05 * size)
    return not (at < len(blanks) and blanks[at] <= other[0][1] + 0.05 * size)


_LIGATURES: Final = {
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
    0xAD: "-",
    0x2011: "-",
    0x2010: "-",
}


def _word(glyphs: Sequence[tuple[Glyph, float, float, float, float]], page: int) -> Word:
    text = unicodedata.normalize("NFC", "".join(one[0].text for one in glyphs).translate(_LIGATURES))
    first = glyphs[0][0]
    return Word(
        text,
        min(one[1] for one in glyphs),
        max(one[2] for one in glyphs),
        min(one[3] for one in glyphs),
        max(one[4] for one in glyphs),
        first.size,
        first.bold,
        page,
        step=max(one[0].step for one in glyphs),
        colour=first.colour,
        hidden=next((one[0].hidden for one in glyphs if one[0].hidden), ""),
    )


def _judge(words: Iterable[Word], surfaces: Sequence[Surface], place: _Place) -> None:
    """Says of each word whether something lies over it, or its colour is that of the ground."""
    steps = [one.step for one in surfaces]
    for word in words:
        x, y = (word.x0 + word.x1) / 2 + place.left, place.head - word.middle
        ground: Colour | None = (1.0, 1.0, 1.0)
        at = bisect.bisect_right(steps, word.step)
        for surface in surfaces[at:]:
            if surface.covers and _holds(surface, x, y, word):
                word.hidden = "lies under a picture" if surface.picture else "is painted over"
                break
        if word.hidden or word.colour is None:
            continue
        for surface in reversed(surfaces[:at]):
            box = surface.box
            if box[0] <= x <= box[2] and box[1] <= y <= box[3]:
                ground = surface.colour
                break
        if (
            ground is not None
            and max(abs(one - other) for one, other in zip(ground, word.colour, strict=True)) < _FAINT
        ):
            word.hidden = "has the colour of its ground"


def _holds(surface: Surface, x: float, y: float, word: Word) -> bool:
    """Whether the surface lies over the middle of the word and over most of it."""
    box = surface.box
    if not (box[0] <= x <= box[2] and box[1] <= y <= box[3]):
        return False
    return box[2] - box[0] >= 0.6 * (word.x1 - word.x0) and box[3] - box[1] >= 0.6 * word.size


def _area(surface: Surface) -> float:
    return max(0.0, surface.box[2] - surface.box[0]) * max(0.0, surface.box[3] - surface.box[1])


def _take_rules(drawn: Drawn, sheet: Sheet, place: _Place) -> None:
    uprights: list[tuple[float, float, float]] = []
    levels: list[tuple[float, float, float]] = []
    for rule in drawn.rules:
        x0, y0, x1, y1 = rule.box
        top, bottom = place.head - y1, place.head - y0
        if rule.upright:
            uprights.append(((x0 + x1) / 2 - place.left, top, bottom))
        else:
            levels.append(((top + bottom) / 2, x0 - place.left, x1 - place.left))
    sheet.uprights = _joined(uprights)
    sheet.levels = _joined(levels)


def _joined(rules: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Rules of one place that touch, as one: tables are often drawn cell by cell."""
    joined: list[tuple[float, float, float]] = []
    for at, start, end in sorted(rules, key=lambda one: (round(one[0]), one[1])):
        if joined and abs(joined[-1][0] - at) < 1.5 and start - joined[-1][2] < 3:
            joined[-1] = (joined[-1][0], joined[-1][1], max(end, joined[-1][2]))
        else:
            joined.append((at, start, end))
    return joined


def split_sidebar(sheet: Sheet) -> bool:
    """Parts a column of text beside everything else into rows of its own, behind the others; False without one.

    It is one when its lines begin at one edge that nothing crosses, and several stand at heights of their own.
    """
    pieces = [piece for row in sheet.rows for piece in row.pieces if piece.x0 > 0.5 * sheet.width]
    for edge in sorted({round(piece.x0) for piece in pieces}):
        aside = [piece for piece in pieces if piece.x0 >= edge - 2]
        aligned = [piece for piece in aside if abs(piece.x0 - edge) <= 2]
        crossed = any(
            piece.x0 < edge - 2 < piece.x1 - 2
            for row in sheet.rows
            for piece in row.pieces
            if row.top < 0.92 * sheet.height
        )
        alone = sum(1 for row in sheet.rows if row.pieces[0].x0 >= edge - 2)
        if crossed or len(aligned) < _SIDEBAR_LINES or len(aligned) < 0.85 * len(aside) or alone < _SIDEBAR_ALONE:
            continue
        beside = sum(1 for row in sheet.rows if row.pieces[0].x0 < edge - 2)
        if beside < _SIDEBAR_ALONE:
            continue
        main = [[piece for piece in row.pieces if piece.x0 < edge - 2] for row in sheet.rows]
        side = [[piece for piece in row.pieces if piece.x0 >= edge - 2] for row in sheet.rows]
        sheet.rows = [Row(one) for one in main if one] + [Row(one, aside=True) for one in side if one]
        return True
    return False


_SIDEBAR_LINES: Final = 8
_SIDEBAR_ALONE: Final = 4


def rows_of(words: Sequence[Word], uprights: Sequence[tuple[float, float, float]]) -> list[Row]:
    """Words by rows from top to bottom, each in pieces parted by wide gaps and upright rules."""
    ordered = sorted(words, key=lambda one: (one.page, one.middle))
    groups: list[list[Word]] = []
    bottoms: list[float] = []  # those of the last group, in order: a row of thousands of dots takes no square of them
    largest = 0.0
    for word in ordered:
        if groups:
            group = groups[-1]
            base = (bottoms[(len(bottoms) - 1) // 2] + bottoms[len(bottoms) // 2]) / 2
            size = min(word.size, largest)
            if word.page == group[0].page and abs(word.bottom - base) <= max(0.35 * size, 1.2):
                group.append(word)
                bisect.insort(bottoms, word.bottom)
                largest = max(largest, word.size)
                continue
        groups.append([word])
        bottoms, largest = [word.bottom], word.size
    rows: list[Row] = []
    for group in groups:
        group.sort(key=lambda one: one.x0)
        rows.append(Row(_pieces(group, uprights)))
    return rows


def _pieces(words: Sequence[Word], uprights: Sequence[tuple[float, float, float]]) -> list[Piece]:
    pieces: list[Piece] = []
    for word in words:
        if pieces:
            last = pieces[-1].words[-1]
            gap = word.x0 - last.x1
            ruled = any(last.x1 - 1 <= x <= word.x0 + 1 and top <= word.middle <= bottom for x, top, bottom in uprights)
            if gap <= PIECE_GAP * max(min(word.size, last.size), 1) and not ruled:
                pieces[-1].words.append(word)
                continue
        pieces.append(Piece([word]))
    return pieces
