"""PDFs beside a review: pages as pictures, values marked, for who may see documents, and a file where that fails."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from bridgehead.app import App
from bridgehead.auth.actor import ROLES, Actor
from bridgehead.desk import sheets
from bridgehead.documents.apart import Apart
from tests.support.browser import browser, needs_chromium, opened, served, shut_out
from tests.support.console import KnownSessions, visiting
from tests.support.held import CODE, deploy
from tests.support.world import World

READS = (
    CODE
    + '''
def reader(document, name):
    """Gives every document the same order, and says where its number stands."""
    where = {"part": "document", "page": 1, "line": 2, "text": "PO-4711", "how": "label"}
    return NewCase(input={"po": "PO-4711", "amount": 700, "sources": {"po": where}}, key={"po": name})
'''
)
MARK = "drawn-A-1-0"


def order() -> bytes:
    """Returns an order on paper."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(400, 300))
    canvas.drawString(60, 260, "ORDER <script>alert(1)</script>")
    canvas.drawString(60, 220, "Number: PO-4711")
    canvas.save()
    return buffer.getvalue()


async def _came(world: World, document: bytes, name: str = "order.pdf") -> None:
    await deploy(world, code=READS)
    await world.app.arrivals.store("orders", source="file", source_id=name, document=document, name=name, actor="test")
    await world.settle()


async def test_pages_are_pictures_with_the_values_marked(app: App, world: World) -> None:
    """The page of a PDF shows each of its pages as a PNG that no cache keeps, and marks what a case was read from."""
    await _came(world, order())
    async with visiting(app, ("reviewer",), groups=("desk",)) as ann:
        review = (await ann.get("/reviews/R-1")).text
        assert 'hx-get="/arrivals/A-1/sheets/0?case=C-1"' in review
        assert f'href="/arrivals/A-1/sheets/0?case=C-1#{MARK}"' in review, (
            "a field leads to its mark, without scripts too"
        )
        shown = await ann.get("/arrivals/A-1/sheets/0?case=C-1")
        assert shown.status_code == 200
        assert f'<g id="{MARK}"><rect' in shown.text
        assert "1 value is marked where it was read" in shown.text
        assert 'src="/arrivals/A-1/sheets/0/1"' in shown.text
        bare = (await ann.get("/arrivals/A-1/sheets/0")).text
        assert MARK not in bare
        picture = await ann.get("/arrivals/A-1/sheets/0/1")
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["cache-control"] == "no-store"
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in picture.headers["content-security-policy"]
    assert "img-src 'self'" in shown.headers["content-security-policy"]
    with Image.open(io.BytesIO(picture.content)) as page:
        assert page.width > page.height


async def test_a_case_of_another_document_marks_nothing(app: App, world: World) -> None:
    """Where a value of one case stands is told on its own documents and on no other."""
    await _came(world, order())
    await world.app.arrivals.store(
        "orders", source="file", source_id="other", document=order() + b"\n", name="other.pdf", actor="test"
    )
    await world.settle()
    async with visiting(app, ("reviewer",)) as ann:
        assert "marked" not in (await ann.get("/arrivals/A-1/sheets/0?case=C-2")).text
        assert "marked" in (await ann.get("/arrivals/A-2/sheets/0?case=C-2")).text


async def test_who_may_not_see_documents_sees_no_picture(app: App, world: World) -> None:
    """P1: pictures take the same right as the original."""
    await _came(world, order())
    async with visiting(app, ("viewer",)) as viewer:
        for path in ("/arrivals/A-1/sheets/0", "/arrivals/A-1/sheets/0/1"):
            answer = await viewer.get(path)
            assert answer.status_code == 403
            assert b"PNG" not in answer.content[:8]


async def test_what_cannot_be_drawn_is_had_as_a_file(app: App, world: World) -> None:
    """A PDF that nothing can open says so on its page, and the original is there; what is no PDF has no pictures."""
    await _came(world, b"%PDF-1.7\nnothing of use")
    await world.app.arrivals.store(
        "orders", source="file", source_id="t", document=b"a text", name="order.txt", actor="test"
    )
    async with visiting(app, ("reviewer",)) as ann:
        assert "It cannot be shown as pictures" in (await ann.get("/arrivals/A-1/sheets/0?case=C-1")).text
        assert (await ann.get("/arrivals/A-1/sheets/0/1")).status_code == 404
        assert (await ann.get("/arrivals/A-1/original")).status_code == 200
        assert "/arrivals/A-1/original" in (await ann.get("/arrivals/A-1")).text
        for path in (
            "A-2/sheets/0",
            "A-2/sheets/0/1",
            "A-1/sheets/7",
            "A-1/sheets/0/0",
            "A-1/sheets/0/99",
            "A-9/sheets/0",
        ):
            assert (await ann.get(f"/arrivals/{path}")).status_code == 404, path


async def test_while_others_are_drawn_a_picture_is_had_later(
    app: App, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy server says when to ask again, and on the page that the original is there; then it shows both."""
    await _came(world, order())
    lanes = Apart(lanes=1, wait_s=0.01)
    monkeypatch.setattr(sheets, "shared", lambda: lanes)
    async with visiting(app, ("reviewer",)) as ann:
        taken = lanes._idle.get()
        try:
            picture = await ann.get("/arrivals/A-1/sheets/0/1")
            page = await ann.get("/arrivals/A-1/sheets/0?case=C-1")
        finally:
            lanes._idle.put(taken)
        assert (picture.status_code, picture.headers["retry-after"]) == (503, "5")
        assert page.status_code == 200
        assert "It cannot be shown as pictures now, because others are being drawn" in page.text
        assert 'href="/arrivals/A-1/original"' in page.text
        assert 'href="/arrivals/A-1/sheets/0?case=C-1">look again' in page.text
        lanes._wait_s = 30.0
        assert (await ann.get("/arrivals/A-1/sheets/0/1")).headers["content-type"] == "image/png"
        assert "1 value is marked" in (await ann.get("/arrivals/A-1/sheets/0?case=C-1")).text
    lanes.close()


@needs_chromium
@pytest.mark.slow
async def test_a_picture_that_does_not_come_leaves_a_note(
    app: App, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a picture is refused, its page says so in words and leads to the original."""
    await _came(world, order())
    lanes = Apart(lanes=1, wait_s=0.01)
    monkeypatch.setattr(sheets, "shared", lambda: lanes)
    monkeypatch.setattr(lanes, "picture", Apart(lanes=0, wait_s=0.01).picture)
    lanes._wait_s = 30.0
    sessions = KnownSessions({"ada": Actor("ada", frozenset({"desk"}), frozenset(ROLES))})
    async with served(app, sessions) as at, browser() as chromium:
        context = await chromium.new_context(base_url=at.url)
        context.set_default_timeout(20_000)
        async with opened(context, at, "ada") as seen:
            for path in ("/arrivals/A-1/sheets/0", "/reviews/R-1"):
                await seen.page.goto(path)
                await seen.page.get_by_role("img", name="Page 1 of document").scroll_into_view_if_needed()
                note = seen.page.locator(".unshown")
                await note.wait_for()
                assert "cannot be shown as a picture now" in await note.inner_text()
                assert await note.get_by_role("link").get_attribute("href") == "/arrivals/A-1/original"
            seen.complaints.clear()
    lanes.close()


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_a_reviewer_sees_where_a_value_was_read(app: App, world: World, *, scripts: bool) -> None:
    """Beside the review the picture comes by itself, without scripts by a link; a field leads to its mark on it."""
    await _came(world, order())
    sessions = KnownSessions({"ada": Actor("ada", frozenset({"desk"}), frozenset(ROLES))})
    async with served(app, sessions) as at, browser() as chromium:
        context = await chromium.new_context(java_script_enabled=scripts, base_url=at.url)
        context.set_default_timeout(20_000)
        async with opened(context, at, "ada") as seen:
            page = seen.page
            await page.goto("/reviews/R-1")
            if not scripts:
                await page.get_by_role("link", name="Its pages as pictures").click()
            image = page.get_by_role("img", name="Page 1 of document")
            await image.scroll_into_view_if_needed()
            await image.wait_for()
            if scripts:
                loaded = "one => one.complete || new Promise(done => { one.onload = done; one.onerror = done; })"
                await image.evaluate(loaded)
                assert await image.evaluate("one => one.naturalWidth") > 0
                ink, mark = await image.bounding_box(), await page.locator(f"#{MARK} rect").bounding_box()
                assert ink is not None
                assert mark is not None
                assert ink["x"] < mark["x"] < mark["x"] + mark["width"] < ink["x"] + ink["width"]
                assert abs((mark["y"] + mark["height"] / 2 - ink["y"]) / ink["height"] - 77 / 300) < 0.02
                await page.get_by_text("All 1 fields and where they were read").click()
                await page.get_by_role("link", name="po", exact=True).click()
                await page.locator(f"#{MARK}:target").wait_for(state="attached")
                assert page.url.endswith(f"/reviews/R-1#{MARK}")
                assert not await shut_out(page, f"{at.url}/arrivals/A-1/sheets/0?case=C-1")
                assert not await shut_out(page, f"{at.url}/reviews/R-1")
            assert not seen.complaints
