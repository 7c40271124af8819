"""Pictures of every page of a running console, at two widths, light and dark.

    python -m tests.support.screenshots LINK FOLDER [PATH…]

LINK is the one that ``serve`` or ``make demo`` prints for the first owner, who takes back what one case did. Pages
that one thing each is shown on (a case, a review) are found by the links of the lists; PATH adds others, such as
``/decide/CODE`` of a mail. ``FOLDER/sheets`` gets one picture of each page with both widths and both looks side by
side, named as the page is, which docs/reference/console-pages.md shows. What is wider than its window or refused is
said, and ends it with 1.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Page as Tab
from playwright.async_api import async_playwright

from tests.support.browser import ARGUMENTS, CHROMIUM, too_wide, violations

LISTS: Final = ("/", "/desk", "/cases", "/arrivals", "/effects", "/failures", "/connections", "/policies", "/admin",
                "/admin/tokens", "/admin/roles", "/admin/notifications", "/account")  # fmt: skip
SINGLE: Final = re.compile(r"^/(reviews|cases|arrivals|effects|policies|explain|undo)[/?][\w.=-]+(/replay)?$")
WIDTHS: Final = (1280, 390)
LOOKS: Final = ("light", "dark")
SEEN: Final = "Promise.all([...document.images].map(one => { one.loading = 'eager'; return one.decode() }))"
SHEET_HEIGHT: Final = 1400  # of a page at 1280 pixels; what comes below it is left out of the sheet
SCALE: Final = 0.5
GAP: Final = 16
NAME, PASSWORD = "ada", "a sentence for pictures alone"


async def take(link: str, folder: Path, more: list[str]) -> int:
    """Signs in by the link, takes the pictures and returns how many pages are not as they should be."""
    base = link.partition("/first-run")[0]
    wrong = 0
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        tab = await browser.new_page()
        await _picture(tab, base, link.removeprefix(base), folder, "first-run")
        await tab.fill("[name=name]", NAME)
        for field in await tab.query_selector_all("input[type=password]"):
            await field.fill(PASSWORD)
        await tab.click("main form button")
        await tab.wait_for_url(f"{base}/")
        found = await _single(tab, base)
        found |= await _sheets(tab, base)
        for path in [*LISTS, *found.values(), *more]:
            wrong += await _picture(tab, base, path, folder, _named(path, found))
        await tab.goto(base + found["undo"])
        await tab.fill("main form[method=post] textarea", "pictures")
        await tab.click("main form[method=post] button")  # what was looked at is carried out, and shown
        await tab.wait_for_url("**/undo/*")
        wrong += await _picture(tab, base, tab.url.removeprefix(base), folder, "undo-plan")
        await tab.context.clear_cookies()
        wrong += await _picture(tab, base, "/sign-in", folder, "sign-in")
        await browser.close()
    return wrong


def _named(path: str, found: dict[str, str]) -> str:
    """Returns a page's name: of what shows one thing, that of its kind."""
    for kind, address in found.items():
        if address == path:
            return kind
    if path.startswith("/decide/"):
        return "linked"
    return re.sub(r"\W+", "-", path.strip("/")) or "overview"


async def _single(tab: Tab, base: str) -> dict[str, str]:
    """Returns one address of each kind of page that shows one thing, by the kind's name."""
    found: dict[str, str] = {}
    for path in LISTS:
        await _look(tab, base + path, found)
    for path in list(found.values()):  # what only such a page leads to
        await _look(tab, base + path, found)
    return found


async def _sheets(tab: Tab, base: str) -> dict[str, str]:
    """Returns the address of the first PDF's pages with marks among what waits, by the page's name."""
    await tab.goto(f"{base}/desk")
    links = await tab.eval_on_selector_all("main a[href]", "links => links.map(a => a.getAttribute('href'))")
    for href in links:
        if SINGLE.match(href):
            await tab.goto(base + href)
            for link in await tab.query_selector_all("main a[href*='/sheets/']"):
                address = (await link.get_attribute("href") or "").partition("#")[0]
                await tab.goto(base + address)
                if await tab.query_selector(".paper svg rect"):
                    return {"sheets": address}
                break
    return {}


async def _look(tab: Tab, address: str, found: dict[str, str]) -> None:
    await tab.goto(address)
    for href in await tab.eval_on_selector_all("main a[href]", "links => links.map(a => a.getAttribute('href'))"):
        if kind := SINGLE.match(href):
            one = {"policies": "policy"}.get(kind[1], kind[1].removesuffix("s"))
            found.setdefault(f"{one}{(kind[2] or '').replace('/', '-')}", href)


async def _picture(tab: Tab, base: str, path: str, folder: Path, name: str) -> int:
    wrong = 0
    for width in WIDTHS:
        for scheme in LOOKS:
            await tab.set_viewport_size({"width": width, "height": 800})
            await tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            answer = await tab.goto(base + path)
            await tab.wait_for_function("!document.querySelector('[hx-trigger=load]')")
            await tab.evaluate(SEEN)
            said = [f"status {answer.status}"] if answer is not None and not answer.ok else []
            wide = await too_wide(tab)
            said += [f"{wide} pixels too wide"] if wide > 0 else []
            said += await violations(tab)
            for one in said:
                sys.stdout.write(f"{path} at {width}, {scheme}: {one}\n")
            wrong += bool(said)
            await tab.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
    _sheet(folder, name)
    return wrong


def _sheet(folder: Path, name: str) -> None:
    """Lays the four pictures of a page side by side, its top alone, in few colours."""
    shots = [Image.open(folder / f"{name}-{width}-{look}.png") for width in WIDTHS for look in LOOKS]
    cut = [shot.crop((0, 0, shot.width, min(shot.height, SHEET_HEIGHT))).convert("RGB") for shot in shots]
    small = [one.resize((round(one.width * SCALE), round(one.height * SCALE)), Image.Resampling.LANCZOS) for one in cut]
    sheet = Image.new("RGB", (sum(one.width for one in small) + GAP * 3, max(one.height for one in small)), "#888")
    left = 0
    for one in small:
        sheet.paste(one, (left, 0))
        left += one.width + GAP
    (folder / "sheets").mkdir(exist_ok=True)
    sheet.quantize(64).save(folder / "sheets" / f"{name}.png", optimize=True)


if __name__ == "__main__":
    Path(sys.argv[2]).mkdir(parents=True, exist_ok=True)
    sys.exit(1 if asyncio.run(take(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])) else 0)
