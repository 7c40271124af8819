"""A sheet of paper to draw on, measured in points from the top: text, rules, boxes and pages.

PDF by ISO 32000-1 through reportlab, with its invariant mode: same drawing, same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

Align = Literal["l", "r", "c"]
Color = tuple[float, float, float]

BLACK: Final[Color] = (0.0, 0.0, 0.0)
WHITE: Final[Color] = (1.0, 1.0, 1.0)
GRAY: Final[Color] = (0.45, 0.45, 0.45)
PALE: Final[Color] = (0.9, 0.9, 0.9)


@dataclass(frozen=True, slots=True)
class Faces:
    """The fonts of one document, by reportlab's names."""

    regular: str
    bold: str
    italic: str


@dataclass(frozen=True, slots=True)
class Paper:
    """Size, margins (left, top, right, bottom), and how a fax bends it: ``squeeze`` in percent, ``tilt`` in degrees.

    ``turned`` is a page that a viewer has to turn by 90 degrees; with ``words`` every word is placed by itself and no
    space is written.
    """

    width: float
    height: float
    margins: tuple[float, float, float, float] = (57.0, 48.0, 48.0, 56.0)
    squeeze: float = 100.0
    tilt: float = 0.0
    turned: bool = False
    words: bool = False


class Sheet:
    """Draws on one page after the other. ``y`` is where the next thing goes, in points from the top of the page.

    ``head`` is called on every page after the first, before anything else goes on it; ``foot`` on every page at its
    end. ``pages`` is how many pages the order has, as far as known.
    """

    def __init__(self, canvas: Canvas, paper: Paper, faces: Faces, pages: int = 0) -> None:
        self.canvas, self.paper, self.faces, self.pages = canvas, paper, faces, pages
        self.page = 1
        self.left, self.top, right, bottom = paper.margins
        self.right, self.bottom = paper.width - right, paper.height - bottom
        self.y = self.top
        self.head: Callable[[Sheet], None] | None = None
        self.foot: Callable[[Sheet], None] | None = None
        self._open()

    @property
    def width(self) -> float:
        """Returns the width between the margins."""
        return self.right - self.left

    @property
    def room(self) -> float:
        """Returns the height left above the bottom margin."""
        return self.bottom - self.y

    def font(self, *, bold: bool = False, italic: bool = False) -> str:
        """Returns the name of a font."""
        return self.faces.bold if bold else self.faces.italic if italic else self.faces.regular

    def measure(self, text: str, size: float, *, bold: bool = False, italic: bool = False) -> float:
        """Returns the width of a text."""
        return float(stringWidth(text, self.font(bold=bold, italic=italic), size)) * self.paper.squeeze / 100

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 9,
        *,
        bold: bool = False,
        italic: bool = False,
        align: Align = "l",
        ink: Color = BLACK,
    ) -> None:
        """Writes one line with its base line at ``y``; ``x`` is its left end, its right end or its middle."""
        if align != "l":
            width = self.measure(text, size, bold=bold, italic=italic)
            x -= width if align == "r" else width / 2
        line = self.canvas.beginText(x, self.paper.height - y)
        line.setFont(self.font(bold=bold, italic=italic), size)
        line.setFillColorRGB(*ink)
        if self.paper.squeeze != 100.0:
            line.setHorizScale(self.paper.squeeze)
        if self.paper.words:
            space = self.measure(" ", size, bold=bold, italic=italic)
            for word in text.split(" "):
                line.setTextOrigin(x, self.paper.height - y)
                line.textOut(word)
                x += self.measure(word, size, bold=bold, italic=italic) + space
        else:
            line.textOut(text)
        self.canvas.drawText(line)

    def wrap(self, text: str, width: float, size: float, *, bold: bool = False, italic: bool = False) -> list[str]:
        """Returns the text in lines of at most ``width``, broken between words only."""
        lines: list[str] = []
        for word in text.split(" "):
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.measure(longer, size, bold=bold, italic=italic) <= width:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines or [""]

    def lines(
        self,
        texts: list[str],
        size: float = 9,
        *,
        x: float | None = None,
        lead: float = 1.28,
        bold: bool = False,
        italic: bool = False,
        align: Align = "l",
        ink: Color = BLACK,
    ) -> None:
        """Writes lines under each other from ``y`` on and moves ``y`` below them."""
        for text in texts:
            self.y += size * lead
            self.text(
                self.left if x is None else x, self.y - size * (lead - 1), text, size,
                bold=bold, italic=italic, align=align, ink=ink,
            )  # fmt: skip

    def paragraph(
        self,
        text: str,
        size: float = 9,
        *,
        x: float | None = None,
        width: float | None = None,
        lead: float = 1.28,
        bold: bool = False,
        italic: bool = False,
        ink: Color = BLACK,
    ) -> None:
        """Writes a text in as many lines as it needs, over the end of the page if it must."""
        x = self.left if x is None else x
        for line in self.wrap(text, width or self.right - x, size, bold=bold, italic=italic):
            self.need(size * lead)
            self.lines([line], size, x=x, lead=lead, bold=bold, italic=italic, ink=ink)

    def rule(self, x1: float, y1: float, x2: float, y2: float, weight: float = 0.5, ink: Color = BLACK) -> None:
        """Draws a straight line."""
        self.canvas.setStrokeColorRGB(*ink)
        self.canvas.setLineWidth(weight)
        self.canvas.line(x1, self.paper.height - y1, x2, self.paper.height - y2)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: Color | None = None,
        weight: float = 0.0,
        ink: Color = BLACK,
        round_: float = 0.0,
    ) -> None:
        """Draws a rectangle whose upper edge is at ``y``, filled, framed or both."""
        if fill is not None:
            self.canvas.setFillColorRGB(*fill)
        if weight:
            self.canvas.setStrokeColorRGB(*ink)
            self.canvas.setLineWidth(weight)
        stroke, filled = int(weight > 0), int(fill is not None)
        bottom = self.paper.height - y - height
        if round_:
            self.canvas.roundRect(x, bottom, width, height, round_, stroke=stroke, fill=filled)
        else:
            self.canvas.rect(x, bottom, width, height, stroke=stroke, fill=filled)

    def need(self, height: float) -> None:
        """Goes to the next page unless ``height`` is left on this one."""
        if self.room < height:
            self.turn()

    def turn(self) -> None:
        """Goes to the next page."""
        self.close()
        self.page += 1
        self.y = self.top
        self._open()
        if self.head is not None:
            self.head(self)

    def close(self) -> None:
        """Ends the page."""
        if self.foot is not None:
            self.foot(self)
        self.canvas.showPage()

    def _open(self) -> None:
        # Of a turned page reportlab swaps width and height in the file itself.
        self.canvas.setPageSize((self.paper.width, self.paper.height))
        if self.paper.turned:
            self.canvas.setPageRotation(90)
            self.canvas.transform(0, 1, -1, 0, self.paper.height, 0)
        if self.paper.tilt:
            self.canvas.rotate(self.paper.tilt)
