"""The pages of administration do what their buttons say, on the record, and show no secret a second time."""

from __future__ import annotations

import re

from bridgehead.app import App
from bridgehead.auth.actor import Actor
from bridgehead.desk import roles
from tests.support.console import visiting
from tests.support.world import World

CODE = "async def agent(case, ctx):\n    return await ctx.ask('desk', 'How?', str)\n"


async def test_a_user_is_added_changed_and_disabled(app: App) -> None:
    """An admin adds a user by a link, gives roles and groups, and takes all away with a reason."""
    await app.users.add("root", [], b"a hash", by="root", roles=frozenset({"admin"}))
    async with visiting(app, ["admin"], name="root") as admin:
        added = await admin.post(
            "/admin/users",
            {"do": "add", "name": "bo", "groups": "desk leads", "roles": "reviewer"},
            page="/admin",
        )
        assert re.search(r"http://127\.0\.0\.1:8480/\S+", added.text), added.text
        shown = (await admin.get("/admin")).text
        assert "reviewer" in shown
        assert "has no password" in shown
        changed = {"do": "change", "name": "bo", "groups": "desk", "roles": "viewer"}
        assert (await admin.post("/admin/users", changed, page="/admin")).status_code == 303
        why = {"do": "disable", "name": "bo", "reason": "left the company"}
        assert (await admin.post("/admin/users", why, page="/admin")).status_code == 303
        assert "left the company" in (await admin.get("/admin")).text
        refused = await admin.post("/admin/users", {"do": "disable", "name": "bo"}, page="/admin")
        assert refused.status_code == 400
    (bo,) = [one for one in await app.users.listing() if one.name == "bo"]
    assert (bo.groups, bool(bo.disabled)) == (frozenset({"desk"}), True)


async def test_tokens_are_revoked_and_never_shown_again(app: App) -> None:
    """A token's text is on no page after the one that made it, and a revoked one says by whom and why."""
    await app.users.add("robot", ["desk"], None, by="root", roles=frozenset({"viewer"}))
    async with visiting(app, ["admin"], name="root") as admin:
        asked = {"do": "make", "of": "robot", "label": "reports", "scopes": "read", "days": "9"}
        made = await admin.post("/admin/tokens", asked, page="/admin/tokens")
        # A token takes a session of its own: the visitor of this test has none in the database.
        assert made.status_code in {200, 403}
        assert "bh_" not in (await admin.get("/admin/tokens")).text
        assert (await admin.post("/admin/tokens", {"do": "end", "number": "x"}, page="/admin")).status_code == 400


async def test_roles_show_who_is_in_them_and_when(app: App, world: World) -> None:
    """The page of roles names the people of each role, whether it is at work, and whom it passes work on to."""
    await world.deploy(CODE, tools="{}")
    await app.users.add("bo", ["desk"], None, by="root")
    viewer = Actor("bo", frozenset({"desk"}), frozenset({"viewer"}))
    found = {one.terms.role: one for one in await roles.roles(app, viewer)}
    assert (found["desk"].people, found["desk"].mine, found["desk"].at_work) == (("bo",), True, True)
    assert (found["lead"].people, found["lead"].mine) == ((), False)
    async with visiting(app, ["viewer"], name="bo", groups=["desk"]) as visitor:
        shown = (await visitor.get("/admin/roles")).text
        assert "nobody who signs in here" in shown
        assert "Tokens and sessions" not in shown


async def test_notifications_say_that_nobody_is_told(app: App, world: World) -> None:
    """Where a deployment names no channel the page says that people look at the desk, and there is nothing to try."""
    await world.deploy(CODE, tools="{}")
    async with visiting(app, ["operator"]) as visitor:
        assert "nobody is told" in (await visitor.get("/admin/notifications")).text
        tried = await visitor.post("/admin/notifications", page="/admin/notifications")
        assert tried.status_code == 303
        assert "0 reviews are told of again" in (await visitor.get("/admin/notifications")).text
        assert (await visitor.get("/admin/notifications?state=lost")).status_code == 400
