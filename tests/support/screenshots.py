"""Pictures of every page of a running console, at two widths, light and dark.

    python -m tests.support.screenshots LINK FOLDER [PATH…]

LINK is the one that ``serve`` or ``make demo`` prints for the first owner. Pages that one thing each is shown on (a
case, a review) are found by the links of the lists. What is wider than its window or refused is said, and ends it
with 1.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Final

from playwright.async_api import Page as Tab
from playwright.async_api import async_playwright

from tests.support.browser import ARGUMENTS, CHROMIUM, too_wide, violations

LISTS: Final = ("/", "/desk", "/cases", "/arrivals", "/effects", "/failures", "/connections", "/policies", "/admin",
                "/admin/tokens", "/admin/roles", "/account")  # fmt: skip
SINGLE: Final = re.compile(r"^/(reviews|cases|arrivals|effects|policies)/[\w.-]+(/replay)?$")
WIDTHS: Final = (1280, 390)
NAME, PASSWORD = "ada", "a sentence for pictures alone"


async def take(link: str, folder: Path, more: list[str]) -> int:
    """Signs in by the link, takes the pictures and returns how many pages are not as they should be."""
    base = link.partition("/first-run")[0]
    wrong = 0
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        tab = await browser.new_page()
        await tab.goto(link)
        await tab.fill("[name=name]", NAME)
        for field in await tab.query_selector_all("input[type=password]"):
            await field.fill(PASSWORD)
        await tab.click("main form button")
        await tab.wait_for_url(f"{base}/")
        for path in [*LISTS, *await _single(tab, base), *more]:
            wrong += await _picture(tab, base, path, folder)
        await browser.close()
    return wrong


async def _single(tab: Tab, base: str) -> list[str]:
    """Returns one address of each kind of page that shows one thing."""
    found: dict[str, str] = {}
    for path in LISTS:
        await tab.goto(base + path)
        for href in await tab.eval_on_selector_all("main a[href]", "links => links.map(a => a.getAttribute('href'))"):
            if kind := SINGLE.match(href):
                found.setdefault(f"{kind[1]}{kind[2] or ''}", href)
    return sorted(found.values())


async def _picture(tab: Tab, base: str, path: str, folder: Path) -> int:
    wrong = 0
    name = re.sub(r"\W+", "-", path.strip("/")) or "overview"
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            await tab.set_viewport_size({"width": width, "height": 800})
            await tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            answer = await tab.goto(base + path)
            said = [f"status {answer.status}"] if answer is not None and not answer.ok else []
            wide = await too_wide(tab)
            said += [f"{wide} pixels too wide"] if wide > 0 else []
            said += await violations(tab)
            for one in said:
                sys.stdout.write(f"{path} at {width}, {scheme}: {one}\n")
            wrong += bool(said)
            await tab.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
    return wrong


if __name__ == "__main__":
    Path(sys.argv[2]).mkdir(parents=True, exist_ok=True)
    sys.exit(1 if asyncio.run(take(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])) else 0)
