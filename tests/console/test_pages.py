from __future__ import annotations

from bridgehead.app import App
from bridgehead.auth.actor import Actor
from bridgehead.desk import overview
from tests.support.console import visiting
from tests.support.world import World


async def test_overview_names_every_deployment(app: App, world: World) -> None:
    """The start page shows the deployments that the database knows, with their levels."""
    await world.deploy("async def agent(case, ctx):\n    return None\n", tools="{}", name="invoices", level="approve")
    await overview.deployments(app, Actor("vera", frozenset(), frozenset({"viewer"})))  # counted once, then shown
    async with visiting(app) as visitor:
        shown = await visitor.get("/")
    assert shown.status_code == 200, shown.text
    assert "invoices" in shown.text
    assert "approve" in shown.text


async def test_without_a_session_the_way_is_to_sign_in(app: App) -> None:
    """Nobody sees a page without a session, and comes back to it after signing in."""
    async with visiting(app, None) as stranger:
        shown = await stranger.get("/?deployment=orders")
    assert shown.status_code == 303
    assert shown.headers["location"] == "/sign-in?next=%2F%3Fdeployment%3Dorders"


async def test_what_is_not_there_is_a_page(app: App) -> None:
    """An address that leads nowhere is answered by a page of the console."""
    async with visiting(app) as visitor:
        shown = await visitor.get("/nowhere")
    assert shown.status_code == 404
    assert "There is no such page" in shown.text


async def test_the_look_is_kept(app: App) -> None:
    """Somebody who chooses the dark look and a zone sees both from then on."""
    async with visiting(app) as visitor:
        kept = await visitor.post("/preferences", {"theme": "dark", "zone": "Europe/Berlin", "next": "/?a=b"})
        assert (kept.status_code, kept.headers["location"]) == (303, "/?a=b")
        shown = await visitor.get("/")
    assert 'data-theme="dark"' in shown.text
    assert 'value="Europe/Berlin"' in shown.text
