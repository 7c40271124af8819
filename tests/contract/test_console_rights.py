"""Every page of the console against every role: the table is made from the pages themselves."""

from __future__ import annotations

import re
from typing import Final

import pytest

from bridgehead.app import App
from bridgehead.auth.actor import RIGHTS, ROLES, ConsoleRole
from bridgehead.console.page import Page
from bridgehead.console.pages import all_pages
from bridgehead.console.site import _Guard
from tests.support.console import visiting

PAGES: Final = all_pages()
PAYLOAD: Final = "\"'><script>alert(1)</script>{{7*7}}"
NAMES: Final = re.findall(
    r"\w+",
    "q period deployment error_class release tool args level role state next after kind customer key amount name"
    " code reason until theme zone search",
)
_PARAMETER: Final = re.compile(r"\{(\w+)(?::\w+)?\}")


def address(page: Page) -> str:
    """Returns an address of a page: numbers and names that fit its path, of nothing that is there."""
    return _PARAMETER.sub(lambda found: "R-999999" if "review" in found[1] else "999999", page.path)


@pytest.mark.parametrize("role", [None, *ROLES])
async def test_every_page_for_every_role(app: App, role: ConsoleRole | None) -> None:
    """Who lacks a page's right is refused there, nobody gets in without a session, and nothing breaks."""
    wrong: list[str] = []
    async with visiting(app, None if role is None else [role]) as visitor:
        token = "" if role is None else await visitor.token("/nowhere")
        for page in PAGES:
            for method in page.methods:
                sent = {"csrf": token} if method == "POST" else None
                found = await visitor.http.request(
                    method, address(page), data=sent, headers={"Sec-Fetch-Site": "same-origin"}
                )
                told = f"{method} {page.path}: {found.status_code}"
                if found.status_code >= 500:
                    wrong.append(told)
                elif page.right is None:
                    continue
                elif role is None:
                    refused = found.status_code == 303 and found.headers["location"].startswith("/sign-in")
                    wrong += [] if refused or (method == "POST" and found.status_code == 403) else [told]
                elif page.right not in RIGHTS[role]:
                    wrong += [] if found.status_code == 403 else [told]
                elif found.status_code == 403 and "may not" in found.text and "auth.right" in found.text:
                    wrong.append(f"{told}, and {role} has {page.right}")
    assert not wrong, "\n".join(wrong)


async def test_rights_are_asked_by_the_router(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the router's question a viewer reaches the page of users' tokens: it is the question that stops them."""
    async with visiting(app, ["viewer"]) as visitor:
        assert (await visitor.get("/admin/tokens")).status_code == 403
    reached: list[str] = []

    def unguarded(_self: _Guard, page: Page) -> object:
        async def endpoint(_request: object) -> object:
            from starlette.responses import PlainTextResponse

            reached.append(page.path)
            return PlainTextResponse("reached")

        return endpoint

    monkeypatch.setattr(_Guard, "of", unguarded)
    async with visiting(app, ["viewer"]) as visitor:
        assert (await visitor.get("/admin/tokens")).text == "reached"
    assert reached == ["/admin/tokens"]


async def test_what_is_asked_for_is_never_markup(app: App) -> None:
    """Whatever stands in an address or in a form comes back as text, never as markup or as a template."""
    wrong: list[str] = []
    async with visiting(app, ROLES) as visitor:
        token = await visitor.token("/nowhere")
        for page in PAGES:
            for method in page.methods:
                path = _PARAMETER.sub("%3Cscript%3Ealert(1)%3C%2Fscript%3E", page.path)
                for where in {path, address(page)}:
                    found = await visitor.http.request(
                        method,
                        where,
                        params=dict.fromkeys(NAMES, PAYLOAD),
                        data={"csrf": token, **dict.fromkeys(NAMES, PAYLOAD)} if method == "POST" else None,
                        headers={"Sec-Fetch-Site": "same-origin", "Referer": f"http://x/{PAYLOAD}"},
                    )
                    if "<script>alert" in found.text or ">49<" in found.text or found.status_code >= 500:
                        wrong.append(f"{method} {where}: {found.status_code}")
    assert not wrong, "\n".join(wrong)
