"""Signing in with a real browser: the first owner, a password, and a real issuer there and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridgehead.app import App
from bridgehead.auth import links
from bridgehead.settings import Settings
from tests.support.browser import browser, needs_chromium, opened, served, too_wide, violations
from tests.support.oidc import IssuerProcess, running
from tests.support.signing import PASSWORD, add, cheap_hashes

pytestmark = [needs_chromium, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IssuerProcess]:
    """Gives an issuer in a process of its own."""
    with running(tmp_path_factory.mktemp("issuer")) as one:
        yield one


@pytest.mark.parametrize("scripts", [True, False])
async def test_the_first_owner_comes_in_leaves_and_comes_back(app: App, scripts: bool) -> None:
    """Who knows the address is told of the link; by it they set a password, and sign out and in with it."""
    path = await links.first_owner(app, ["desk"]) or ""
    wrong: list[str] = []
    async with served(app) as at, browser() as chromium:
        context = await chromium.new_context(java_script_enabled=scripts)
        async with opened(context, at) as seen:
            page = seen.page
            await page.goto(at.url)
            assert "/sign-in" in page.url
            await page.get_by_text("Nobody owns this installation yet").wait_for()
            wrong += await violations(page) if scripts else []
            await page.goto(at.url + path)
            wrong += await violations(page) if scripts else []
            await page.get_by_label("Name").fill("olga")
            await page.get_by_label("Password", exact=False).first.fill(PASSWORD)
            await page.get_by_label("The same again").fill(PASSWORD)
            await page.get_by_role("button", name="Become the owner").click()
            await page.get_by_text("Welcome, olga.").wait_for()
            await page.goto(f"{at.url}/account")
            await page.set_viewport_size({"width": 390, "height": 800})
            assert await too_wide(page) <= 0
            wrong += await violations(page) if scripts else []
            await page.locator("details.menu summary").click()
            await page.get_by_role("button", name="Sign out").click()
            await page.get_by_role("heading", name="You are signed out").wait_for()
            wrong += await violations(page) if scripts else []
            await page.goto(f"{at.url}/account")
            await page.get_by_label("Name").fill("olga")
            await page.get_by_label("Password").fill("not the right one")
            await page.get_by_role("button", name="Sign in").click()
            await page.get_by_text("no user of that name has this password").wait_for()
            await page.get_by_label("Password").fill(PASSWORD)
            await page.get_by_role("button", name="Sign in").click()
            await page.wait_for_url(f"{at.url}/account")
            wrong += [one for one in seen.complaints if "403" not in one]
    assert not wrong, "\n".join(wrong)


async def test_a_session_that_was_ended_is_over_in_the_open_page(app: App) -> None:
    """Somebody whose session an admin ended sends their form and is told to sign in; nothing is changed."""
    await add(app, "anna", "viewer")
    async with served(app) as at, browser() as chromium:
        context = await chromium.new_context()
        async with opened(context, at) as seen:
            page = seen.page
            await page.goto(f"{at.url}/account")
            await page.get_by_label("Name").fill("anna")
            await page.get_by_label("Password").fill(PASSWORD)
            await page.get_by_role("button", name="Sign in").click()
            await page.get_by_label("What uses it").fill("import")
            await app.users.disable("anna", by="ops", reason="left")
            await page.get_by_role("button", name="Make it").click()
            await page.get_by_text("your session is over").wait_for()
    async with app.database.connection() as conn:
        assert await (await conn.execute("select 1 from api_tokens")).fetchone() is None


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_real_issuer_there_and_back(app: App, provider: IssuerProcess, scripts: bool) -> None:
    """Anna signs in at the issuer, comes to the page that she asked for, and signing out takes her to the issuer's."""
    said = {
        "oidc_issuer": provider.url, "oidc_audience": "bridgehead", "oidc_client_secret": "secret",
        "oidc_roles": "viewer=sales",
    }  # fmt: skip
    app.settings = Settings.model_validate({**app.settings.model_dump(), **said})
    async with served(app) as at, browser() as chromium:
        context = await chromium.new_context(java_script_enabled=scripts)
        async with opened(context, at) as seen:
            page = seen.page
            await page.goto(f"{at.url}/account")
            await page.get_by_role("link", name="Sign in at").click()
            await page.get_by_role("button", name="anna").click()
            await page.wait_for_url(f"{at.url}/account")
            await page.get_by_text(f"anna of {provider.url}").first.wait_for()
            await page.locator("details.menu summary").click()
            await page.get_by_role("button", name="Sign out").click()
            await page.wait_for_url(f"{provider.url}/oauth2/end_session?**")
            await page.goto(f"{at.url}/account")
            assert "/sign-in" in page.url
            await page.get_by_role("link", name="Sign in at").click()
            await page.get_by_role("button", name="dirk").click()
            await page.get_by_text("dirk has no role here").wait_for()
            await page.goto(f"{at.url}/account")
            assert "/sign-in" in page.url
            assert [one for one in seen.complaints if "Content Security Policy" in one] == []
