"""A PDF for people to look at: pictures of bounded size, marks on the ink of their values, and nothing that lasts."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable

import pytest
from PIL import Image, ImageChops
from reportlab.pdfgen.canvas import Canvas

from bridgehead.documents import apart
from bridgehead.documents.apart import Apart, Busy
from bridgehead.documents.isolated import Isolated, Spent
from bridgehead.documents.pdf.shown import MOST_PAGES, MOST_PIXELS, WIDEST, places, sizes
from tests.unit.documents.pdf_pages import Pages

WANTED = {"number": (1, "PO-4711")}


def drawn(write: Callable[[Canvas], None], size: tuple[float, float] = (400.0, 300.0)) -> bytes:
    """Returns a PDF of one page that ``write`` draws."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=size)
    canvas.setFont("Helvetica", 12)
    write(canvas)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def ink(picture: bytes, wide: float) -> tuple[float, float, float, float]:
    """Returns the box of everything that is not white on a picture, in points of a page so wide."""
    with Image.open(io.BytesIO(picture)) as page:
        box = ImageChops.difference(page.convert("L"), Image.new("L", page.size, 255)).getbbox()
        scale = page.width / wide
    assert box is not None
    return box[0] / scale, box[1] / scale, box[2] / scale, box[3] / scale


@pytest.mark.parametrize("crop", [None, (50.0, 20.0, 350.0, 280.0)], ids=["whole", "cropped"])
def test_a_mark_stands_on_the_ink_of_its_value(crop: tuple[float, float, float, float] | None) -> None:
    """What is marked is what is printed: the ink of the only word lies in its box, on a page that is cut off too."""

    def write(canvas: Canvas) -> None:
        canvas.drawString(120, 200, "PO-4711")
        if crop:
            canvas.setCropBox((crop[0], crop[1], crop[2], crop[3]))

    with Isolated() as reader:
        document = drawn(write)
        found = reader.drawn(document, WANTED)
        picture = reader.picture(document, 1)
    assert found is not None
    page, (left, top, right, bottom) = found.places["number"]
    ink_left, ink_top, ink_right, ink_bottom = ink(picture, found.sizes[0][0])
    assert page == 1
    assert left - 1 <= ink_left < ink_right <= right + 1
    assert top - 1 <= ink_top < ink_bottom <= bottom + 1
    assert right - left < 1.2 * (ink_right - ink_left)


def test_where_the_drawn_page_has_other_letters_nothing_is_marked() -> None:
    """A page that is turned is shown, and no value is marked at a place that may be a wrong one."""

    def write(canvas: Canvas) -> None:
        canvas.setPageRotation(90)
        canvas.drawString(120, 200, "PO-4711")

    with Isolated() as reader:
        found = reader.drawn(drawn(write), WANTED)
    assert found is not None
    assert (found.count, found.places) == (1, {})
    assert found.sizes == ((400.0, 300.0),)


def test_a_value_is_told_from_its_like() -> None:
    """A digit within a number is not marked for it; the same text twice in a line is marked once for each field."""

    def write(canvas: Canvas) -> None:
        canvas.drawString(40, 200, "12   1   10.00   10.00")

    found = places(
        drawn(write), {"quantity": (1, "1"), "price": (1, "10.00"), "amount": (1, "10.00"), "gone": (2, "1")}
    )
    assert set(found) == {"quantity", "price", "amount"}
    lefts = {field: box[0] for field, (_, box) in found.items()}
    assert 40 < lefts["quantity"] < lefts["price"] < lefts["amount"]
    assert lefts["quantity"] > 50, "the digit of 12 is another value"


@pytest.mark.parametrize("size", [(14_400.0, 14_400.0), (600.0, 14_400.0), (595.0, 842.0)])
def test_a_picture_is_bounded_however_large_its_page(size: tuple[float, float]) -> None:
    """A page of five metres by five makes no larger picture than one of paper."""
    with Isolated() as reader:
        picture = reader.picture(drawn(lambda canvas: canvas.drawString(1, 1, "x"), size), 1)
    with Image.open(io.BytesIO(picture)) as page:
        assert page.format == "PNG"
        assert page.width <= WIDEST + 1
        assert page.width * page.height <= MOST_PIXELS * 1.01


def test_of_many_pages_the_first_are_shown() -> None:
    """A file of more pages says how many there are, and gives so many sizes and no more."""
    pages = Pages()
    for number in range(MOST_PAGES + 5):
        pages.text(40, 40, f"page {number}")
        pages.canvas.showPage()
    pages.canvas.save()
    count, found = sizes(pages.buffer.getvalue())
    assert (count, len(found)) == (MOST_PAGES + 5, MOST_PAGES)


@pytest.mark.parametrize("document", [b"", b"%PDF-1.7\nnothing", b"PK\x03\x04", b"%PDF-" + bytes(range(256)) * 50])
def test_what_cannot_be_drawn_is_not_shown(document: bytes) -> None:
    """A file that is broken, or is none, gives no page, no picture and no text, and its process goes on."""
    with Isolated() as reader:
        assert reader.drawn(document, WANTED) is None
        assert reader.picture(document, 1) == b""
        assert reader.pieces(document) == []
        assert reader.picture(drawn(lambda canvas: canvas.drawString(9, 9, "x")), 2) == b"", "there is no second page"
        assert reader.picture(drawn(lambda canvas: canvas.drawString(9, 9, "x")), 1)


def test_a_document_that_takes_too_long_is_given_up_and_the_next_is_drawn() -> None:
    """Past its time a document loses its process, and the next one has another."""
    late = drawn(lambda canvas: canvas.drawString(9, 9, "late"))
    good = drawn(lambda canvas: canvas.drawString(9, 9, "x"))
    lanes = Apart(lanes=1, time_s=0.0)
    try:
        assert lanes.drawn(late, {}) is None
        assert lanes.picture(late, 1) == b""
        lanes._all[0]._time_s = 30.0
        assert lanes.drawn(good, {}) is not None
    finally:
        lanes.close()


def test_a_document_that_ran_out_of_time_is_not_tried_again_at_once() -> None:
    """A second look at it costs nothing: neither for its other pages nor for whoever waits; later it is tried again."""
    late = drawn(lambda canvas: canvas.drawString(9, 9, "late"))
    lanes = Apart(lanes=1, time_s=0.0)
    try:
        assert lanes.picture(late, 1) == b""
        with pytest.raises(Spent):
            lanes.pieces(late)
        for one in lanes._all:
            one._time_s = 30.0
        assert lanes.picture(late, 1) == lanes.picture(late, 2) == b""
        with pytest.raises(Spent):
            lanes.pieces(late)
        assert all(one._child is None for one in lanes._all), "no process was started for it"
        for key in lanes._lost:
            lanes._lost[key] -= lanes._again_s
        assert lanes.picture(late, 1)
        assert lanes.pieces(late)
    finally:
        lanes.close()


def test_of_documents_that_ran_out_of_time_a_bounded_number_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, the last ones are known and nothing grows."""
    monkeypatch.setattr(apart, "REMEMBERED", 2)
    lanes = Apart(lanes=1, time_s=0.0)
    for text in (b"%PDF-1", b"%PDF-2", b"%PDF-3"):
        assert lanes.picture(text, 1) == b""
    assert len(lanes._lost) == 2
    lanes.close()


def test_pictures_hold_up_no_text() -> None:
    """While every lane for pictures is taken, the texts of a PDF are read as ever."""
    good = drawn(lambda canvas: canvas.drawString(120, 200, "PO-4711"))
    lanes = Apart(lanes=1, wait_s=0.01)
    taken = lanes._idle.get()
    try:
        with pytest.raises(Busy):
            lanes.picture(good, 1)
        assert ("page 1, line 1", "PO-4711") in lanes.pieces(good)
    finally:
        lanes._idle.put(taken)
        lanes.close()


def test_whoever_waited_for_a_document_that_was_lost_meanwhile_does_not_try_it() -> None:
    """Of twenty pictures that wait for a lane, those behind the first that is lost cost no time of it."""
    late = drawn(lambda canvas: canvas.drawString(9, 9, "late"))
    lanes = Apart(lanes=1, time_s=0.0, wait_s=30.0)
    taken = lanes._idle.get()
    found: list[bytes] = []
    waiting = [threading.Thread(target=lambda: found.append(lanes.picture(late, 1))) for _ in range(4)]
    asked: list[int] = []
    ask = taken.picture

    def counted(document: bytes, page: int) -> bytes:
        asked.append(page)
        return ask(document, page)

    taken.picture = counted  # type: ignore[method-assign]
    for one in waiting:
        one.start()
    while len(lanes._idle.not_empty._waiters) < len(waiting):  # type: ignore[attr-defined]
        pass
    lanes._idle.put(taken)
    for one in waiting:
        one.join(30)
    lanes.close()
    assert (found, len(asked)) == ([b""] * 4, 1)


def test_what_failed_otherwise_is_not_remembered() -> None:
    """A file that is broken is refused in no time, and holds nothing."""
    lanes = Apart(lanes=1)
    try:
        assert lanes.picture(b"%PDF-1.7\nnothing", 1) == b""
        assert not lanes._lost
    finally:
        lanes.close()


def test_whoever_waits_too_long_for_a_lane_is_told_so() -> None:
    """While one document has the only lane, another is not drawn, and does not wait for ever; then it is."""
    good = drawn(lambda canvas: canvas.drawString(9, 9, "x"))
    lanes = Apart(lanes=1, wait_s=0.01)
    try:
        holds, goes_on = threading.Event(), threading.Event()

        def hold(_reader: Isolated) -> bytes:
            holds.set()
            goes_on.wait(30)
            return b""

        holding = threading.Thread(target=lanes._with, args=(lanes._idle, "picture", b"another", hold))
        holding.start()
        assert holds.wait(30)
        with pytest.raises(Busy):
            lanes.picture(good, 1)
        goes_on.set()
        holding.join(30)
        assert lanes.picture(good, 1)
    finally:
        lanes.close()


def test_a_file_that_is_too_large_is_not_even_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PDF above the bound starts no process."""
    monkeypatch.setattr(apart, "LARGEST", 10)
    lanes = Apart(lanes=1)
    assert lanes.drawn(b"%PDF-1.7 and so on", {}) is None
    assert lanes.picture(b"%PDF-1.7 and so on", 1) == b""
    assert lanes._all[0]._child is None


def test_closing_ends_the_processes() -> None:
    """Nothing that looked at a stranger's file is left behind."""
    lanes = Apart(lanes=1)
    assert ("page 1, line 1", "PO-4711") in lanes.pieces(drawn(lambda canvas: canvas.drawString(120, 200, "PO-4711")))
    children = [one._child for one in lanes._all if one._child is not None]
    assert children
    lanes.close()
    assert all(child.returncode is not None for child in children)
