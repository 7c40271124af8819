"""Draws the pages of a PDF onto nothing, and keeps every glyph, rule and surface with its place and what hides it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pdfminer.pdfcolor import PDFColorSpace
from pdfminer.pdfdevice import PDFTextDevice
from pdfminer.pdffont import PDFFont, PDFUnicodeNotDefined
from pdfminer.pdfinterp import PDFGraphicState, PDFPageInterpreter, PDFTextState
from pdfminer.pdftypes import PDFObjRef, dict_value, resolve1, stream_value
from pdfminer.psparser import PSLiteral
from pdfminer.utils import Matrix, apply_matrix_pt, mult_matrix

from bridgehead.documents.outcome import Refusal
from bridgehead.documents.pdf.fonts import check_fonts

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_STEPS: Final = 2_500_000
"""Operands, operators and glyphs of a whole document: about twelve seconds of drawing."""
MAX_GLYPHS: Final = 1_000_000
MAX_SHAPES: Final = 80_000
MAX_DEPTH: Final = 256
"""Saved states (ISO 32000-1, annex C allows 28), and forms within forms."""
SMALLEST_PT: Final = 2.0
_THIN_PT: Final = 2.0

Box = tuple[float, float, float, float]
Colour = tuple[float, float, float]


@dataclass(slots=True)
class Glyph:
    """A character: its box with the y axis upwards, the size in points, when it was drawn and what hides it."""

    text: str
    x0: float
    x1: float
    base: float
    size: float
    step: int
    bold: bool
    colour: Colour | None
    turn: int
    hidden: str


@dataclass(slots=True)
class Surface:
    """A filled area or picture; ``colour`` None is unknown, ``covers`` says that nothing below it shows."""

    box: Box
    colour: Colour | None
    step: int
    picture: bool
    covers: bool


@dataclass(slots=True)
class Rule:
    """A straight horizontal or vertical line."""

    box: Box
    upright: bool


@dataclass(slots=True)
class Drawn:
    """What one page shows; the y axis runs upwards from the foot of ``box``."""

    number: int
    box: Box
    glyphs: list[Glyph] = field(default_factory=list)
    surfaces: list[Surface] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    undefined: int = 0
    """Glyphs that the file gives no character for."""


class Canvas(PDFTextDevice):
    """The device that the interpreter draws on."""

    def __init__(self, manager: Any) -> None:
        super().__init__(manager)
        self.ctm: Matrix = (1, 0, 0, 1, 0, 0)
        self.page = Drawn(0, (0, 0, 0, 0))
        self.steps = 0
        self.step = 0
        self.glyphs = 0
        self.shapes = 0
        self.clip: Box | None = None
        self.alpha = 1.0
        self.render_mode = 0
        self.layers: list[bool] = []
        self.off_layers = 0
        self.visible_box: Box = (0, 0, 0, 0)

    def tick(self, cost: int = 1) -> None:
        """Counts work; raises Refusal ``pdf.too_complex`` when there is too much of it."""
        self.steps += cost
        if self.steps > MAX_STEPS:
            raise Refusal("pdf.too_complex", "The pages hold more drawing than an order can need.", self.place)

    @property
    def place(self) -> str:
        """The page being drawn."""
        return f"page {self.page.number}"

    def render_string(
        self, textstate: PDFTextState, seq: Any, ncs: PDFColorSpace, graphicstate: PDFGraphicState
    ) -> None:
        """Draws a string, remembering how it is rendered (ISO 32000-1, table 106)."""
        self.render_mode = textstate.render
        super().render_string(textstate, seq, ncs, graphicstate)

    def render_char(
        self,
        matrix: Any,
        font: PDFFont,
        fontsize: float,
        scaling: float,
        rise: float,
        cid: int,
        ncs: PDFColorSpace,
        graphicstate: PDFGraphicState,
    ) -> float:
        """Keeps one glyph."""
        advance = font.char_width(cid) * fontsize * scaling
        self.tick(2)
        self.glyphs += 1
        if self.glyphs > MAX_GLYPHS:
            raise Refusal("pdf.too_complex", f"The pages hold more than {MAX_GLYPHS} letters.", self.place)
        try:
            text = font.to_unichr(cid)
        except PDFUnicodeNotDefined:
            self.page.undefined += 1
            text = "\ufffd"
        self.step += 1
        a, b, c, d, e, f = matrix
        size = abs(fontsize) * (c * c + d * d) ** 0.5
        turn = 0
        if abs(b) > abs(a):
            turn = 90 if b > 0 else 270
        elif a < 0:
            turn = 180
        x0, y0 = e, f + rise * d
        x1, y1 = e + advance * a, f + advance * b + rise * d
        colour = _colour(graphicstate.ncolor, ncs)
        if self.render_mode in {1, 5}:
            colour = _colour(graphicstate.scolor, None)
        name = font.fontname
        name = name.decode("latin-1") if isinstance(name, bytes) else str(name or "")
        centre = ((x0 + x1) / 2, (y0 + y1) / 2 + size * 0.3)
        self.page.glyphs.append(
            Glyph(
                text,
                min(x0, x1) if turn == 180 else x0,
                max(x0, x1) if turn == 180 else x1,
                y0,
                size,
                self.step,
                "bold" in name.lower() or "black" in name.lower() or self.render_mode == 2,
                colour,
                turn,
                self._hidden(size, centre),
            )
        )
        if turn in {90, 270}:
            glyph = self.page.glyphs[-1]
            glyph.x0, glyph.x1, glyph.base = y0, y1, x0
        return float(advance)

    def _hidden(self, size: float, centre: tuple[float, float]) -> str:
        if self.render_mode in {3, 7}:
            return "is drawn invisibly"
        if self.alpha < 0.05:
            return "is fully transparent"
        if self.off_layers:
            return "is on a layer that is off"
        if size < SMALLEST_PT:
            return f"is smaller than {SMALLEST_PT:g} points"
        if not _inside(centre, self.visible_box, 1.0):
            return "lies outside the page"
        if self.clip is not None and not _inside(centre, self.clip, 1.5):
            return "is clipped away"
        return ""

    def paint_path(self, graphicstate: PDFGraphicState, stroke: bool, fill: bool, evenodd: bool, path: Any) -> None:  # noqa: FBT001 - the library's signature
        """Keeps what a path fills and the straight lines it draws."""
        self.tick(20 + len(path))
        self.shapes += 1
        if self.shapes > MAX_SHAPES:
            raise Refusal("pdf.too_complex", f"The pages hold more than {MAX_SHAPES} shapes.", self.place)
        if self.off_layers or self.alpha < 0.05:
            return
        self.step += 1
        points = [apply_matrix_pt(self.ctm, _end(one)) for one in path if len(one) > 2]
        if len(points) < 2:
            return
        xs, ys = [x for x, _ in points], [y for _, y in points]
        box = (min(xs), min(ys), max(xs), max(ys))
        if self.clip is not None:
            box = _meet(box, self.clip)
            if box[0] > box[2] or box[1] > box[3]:
                return
        width, height = box[2] - box[0], box[3] - box[1]
        if fill and width > _THIN_PT and height > _THIN_PT:
            square = len(points) in {4, 5} and all(
                _near(x, box[0], box[2]) and _near(y, box[1], box[3]) for x, y in points
            )
            colour = _colour(graphicstate.ncolor, graphicstate.ncs) if square else None
            self.page.surfaces.append(
                Surface(box, colour, self.step, picture=False, covers=square and self.alpha > 0.5)
            )
            if stroke:
                self._frame(box)
        elif fill and max(width, height) > 4:
            self.page.rules.append(Rule(box, height > width))
        elif stroke:
            straight = all(one[0] in {"m", "l", "h"} for one in path)
            if straight:
                self._strokes(path)

    def _frame(self, box: Box) -> None:
        x0, y0, x1, y1 = box
        self.page.rules += [Rule((x0, y0, x1, y0), False), Rule((x0, y1, x1, y1), False)]  # noqa: FBT003 - upright
        self.page.rules += [Rule((x0, y0, x0, y1), True), Rule((x1, y0, x1, y1), True)]  # noqa: FBT003 - upright

    def _strokes(self, path: Sequence[Any]) -> None:
        last: tuple[float, float] | None = None
        first: tuple[float, float] | None = None
        for one in path:
            if one[0] == "h":
                point = first
            else:
                x, y = apply_matrix_pt(self.ctm, (float(one[1]), float(one[2])))
                point = (x, y)
            if one[0] == "m":
                first = point
            elif last is not None and point is not None:
                width, height = abs(last[0] - point[0]), abs(last[1] - point[1])
                box = (min(last[0], point[0]), min(last[1], point[1]), max(last[0], point[0]), max(last[1], point[1]))
                if min(width, height) < 1 and max(width, height) > 4:
                    self.page.rules.append(Rule(box, height > width))
            last = point

    def render_image(self, name: str, stream: Any) -> None:
        """Keeps where a picture lies; its bytes are not looked at."""
        self.tick(10)
        self.shapes += 1
        if self.off_layers or self.alpha < 0.05:
            return
        self.step += 1
        corners = [apply_matrix_pt(self.ctm, one) for one in ((0, 0), (1, 0), (0, 1), (1, 1))]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        box = (min(xs), min(ys), max(xs), max(ys))
        if self.clip is not None:
            box = _meet(box, self.clip)
        see_through = any(name in stream for name in ("SMask", "Mask", "ImageMask")) or self.alpha < 0.5
        self.page.surfaces.append(Surface(box, None, self.step, picture=True, covers=not see_through))


class Interpreter(PDFPageInterpreter):
    """Runs content streams with clipping, transparency and layers, and counts what it does."""

    device: Canvas

    def __init__(self, manager: Any, device: Canvas, off: frozenset[int] = frozenset()) -> None:
        super().__init__(manager, device)
        self.off = off
        self.saved: list[tuple[Box | None, float]] = []
        self.clipping = False

    def subinterp(self) -> Interpreter:
        """An interpreter for a form within this one (ISO 32000-1, 8.10)."""
        inner = Interpreter(self.rsrcmgr, self.device, self.off)
        inner.parent_stream_ids.update(self.parent_stream_ids)
        inner.parent_stream_ids.update(self.stream_ids)
        if len(inner.parent_stream_ids) > MAX_DEPTH:
            raise Refusal("pdf.too_complex", "Forms stand within forms without end.", self.device.place)
        return inner

    def init_resources(self, resources: Any) -> None:
        """Takes the fonts and forms of a page or form, once they are known to be of bounded size."""
        check_fonts(resources, self.device.place)
        super().init_resources(resources)

    def push(self, obj: Any) -> None:
        """Takes an operand."""
        self.device.tick()
        super().push(obj)

    def do_q(self) -> None:
        """Saves the state."""
        self.device.tick(6)
        if len(self.saved) >= MAX_DEPTH:
            raise Refusal("pdf.too_complex", "The page saves its state without end.", self.device.place)
        self.saved.append((self.device.clip, self.device.alpha))
        super().do_q()

    def do_Q(self) -> None:  # noqa: N802 - the operator
        """Restores the state."""
        self.device.tick(6)
        if self.saved:
            self.device.clip, self.device.alpha = self.saved.pop()
        super().do_Q()

    def do_W(self) -> None:  # noqa: N802 - the operator
        """The path will clip (8.5.4); its bounding box stands for it."""
        self._narrow()

    def do_W_a(self) -> None:  # noqa: N802 - the operator
        """The path will clip by the other rule."""
        self._narrow()

    def _narrow(self) -> None:
        points = [apply_matrix_pt(self.ctm, _end(one)) for one in self.curpath if len(one) > 2]
        if not points:
            return
        xs, ys = [x for x, _ in points], [y for _, y in points]
        box = (min(xs), min(ys), max(xs), max(ys))
        self.device.clip = box if self.device.clip is None else _meet(box, self.device.clip)

    def do_gs(self, name: Any) -> None:
        """Takes the constant alpha of a graphics state dictionary (11.6.4.4)."""
        states = resolve1(self.resources.get("ExtGState"))
        if not isinstance(states, dict) or not isinstance(name, PSLiteral):
            return
        state = resolve1(states.get(name.name))
        if isinstance(state, dict):
            alpha = resolve1(state.get("ca"))
            if isinstance(alpha, int | float):
                self.device.alpha = float(alpha)

    def do_BDC(self, tag: Any, props: Any) -> None:  # noqa: N802 - the operator
        """Opens marked content; ``OC`` names the layer it is on (8.11.3.2)."""
        self.device.tick()
        off = False
        if isinstance(tag, PSLiteral) and tag.name == "OC" and isinstance(props, PSLiteral):
            named = resolve1(self.resources.get("Properties"))
            if isinstance(named, dict):
                off = self._is_off(named.get(props.name))
        self._open(off)

    def do_BMC(self, tag: Any) -> None:  # noqa: N802 - the operator
        """Opens marked content without properties."""
        self._open(False)  # noqa: FBT003 - not off

    def do_EMC(self) -> None:  # noqa: N802 - the operator
        """Closes marked content."""
        if self.device.layers and self.device.layers.pop():
            self.device.off_layers -= 1

    def _open(self, off: bool) -> None:  # noqa: FBT001 - one thing it says
        if len(self.device.layers) < 10_000:
            self.device.layers.append(off)
            self.device.off_layers += off

    def _is_off(self, reference: Any) -> bool:
        return isinstance(reference, PDFObjRef) and reference.objid in self.off

    def do_Do(self, xobjid_arg: Any) -> None:  # noqa: N802 - the operator
        """Draws a form or a picture; what a form sets does not outlive it."""
        self.device.tick(500)
        device = self.device
        before = (device.clip, device.alpha, device.off_layers, len(device.layers))
        found = resolve1(self.xobjmap.get(xobjid_arg.name)) if isinstance(xobjid_arg, PSLiteral) else None
        if found is not None and self._is_off(getattr(found, "attrs", {}).get("OC")):
            device.off_layers += 1
        super().do_Do(xobjid_arg)
        device.clip, device.alpha, device.off_layers = before[:3]
        del device.layers[before[3] :]
        device.set_ctm(self.ctm)

    def draw_appearance(self, appearance: Any, rectangle: Box) -> None:
        """Draws the appearance of an annotation into its rectangle (12.5.5, algorithm 8.1)."""
        stream = stream_value(appearance)
        box = [float(one) for one in resolve1(stream["BBox"])]
        matrix = tuple(float(one) for one in resolve1(stream.get("Matrix", (1, 0, 0, 1, 0, 0))))
        corners = [apply_matrix_pt(matrix, (x, y)) for x in (box[0], box[2]) for y in (box[1], box[3])]  # type: ignore[arg-type]  # six numbers
        x0, x1 = min(x for x, _ in corners), max(x for x, _ in corners)
        y0, y1 = min(y for _, y in corners), max(y for _, y in corners)
        wide = (rectangle[2] - rectangle[0]) / ((x1 - x0) or 1)
        high = (rectangle[3] - rectangle[1]) / ((y1 - y0) or 1)
        place = (wide, 0.0, 0.0, high, rectangle[0] - x0 * wide, rectangle[1] - y0 * high)
        ctm = mult_matrix(mult_matrix(matrix, place), self.ctm)  # type: ignore[arg-type]  # six numbers
        resources = resolve1(stream.get("Resources"))
        self.subinterp().render_contents(dict_value(resources) if resources else {}, [stream], ctm=ctm)


def _end(command: Any) -> tuple[float, float]:
    return float(command[-2]), float(command[-1])


def _near(value: float, low: float, high: float) -> bool:
    return abs(value - low) < 0.6 or abs(value - high) < 0.6


def _meet(one: Box, other: Box) -> Box:
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])


def _inside(point: tuple[float, float], box: Box, slack: float) -> bool:
    return box[0] - slack <= point[0] <= box[2] + slack and box[1] - slack <= point[1] <= box[3] + slack


def _colour(value: Any, space: PDFColorSpace | None) -> Colour | None:
    """Red, green and blue from 0 to 1; None for patterns and spaces that cannot be told."""
    parts = value if isinstance(value, tuple | list) else (value,)
    if not all(isinstance(one, int | float) for one in parts):
        return None
    named = getattr(space, "name", "")
    if named in {"Separation", "DeviceN"} and len(parts) == 1:
        return (1 - float(parts[0]),) * 3
    if named in {"Indexed", "Lab", "Pattern", "DeviceN"}:
        return None
    if len(parts) == 1:
        return (float(parts[0]),) * 3
    if len(parts) == 3:
        return (float(parts[0]), float(parts[1]), float(parts[2]))
    if len(parts) == 4:
        cyan, magenta, yellow, black = (float(one) for one in parts)
        return ((1 - cyan) * (1 - black), (1 - magenta) * (1 - black), (1 - yellow) * (1 - black))
    return None
