"""What an admin does: on the record, never upon oneself, never in another's name."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bridgehead.app import App
from bridgehead.auth import links
from bridgehead.auth.actor import ROLES, Actor, ConsoleRole
from bridgehead.auth.local import change_password
from bridgehead.auth.sessions import actor_of_session, open_session
from bridgehead.auth.tokens import actor_of_token, make_own
from bridgehead.desk import admin
from bridgehead.errors import Refused, UserError
from bridgehead.settings import Settings
from bridgehead.storage.moving_clock import advance
from bridgehead.storage.queries_system import verify_whole
from tests.support.signing import PASSWORD, add, browser, cheap_hashes


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


async def signed_in(app: App, name: str, *roles: str) -> Actor:
    """Adds somebody, and returns them as they are signed in."""
    await add(app, name, *roles)
    found = await actor_of_session(app, await open_session(app, name, address="192.0.2.7", browser="x"))
    assert found is not None
    return found


async def kinds(app: App) -> list[str]:
    """Returns the kinds of rows on the chain of authority."""
    async with app.database.connection() as conn:
        rows = await (await conn.execute("select body from ledger where chain = 'S-authority' order by seq")).fetchall()
    return [json.loads(bytes(row["body"]))["kind"] for row in rows]


async def test_a_new_user_sets_their_own_password(app: App) -> None:
    """An admin adds a user and never learns the password: its owner sets it by a link, once."""
    olga = await signed_in(app, "olga", "admin")
    path = await admin.add(app, olga, "anna", groups=["desk"], roles=["reviewer"])
    code = path.partition("code=")[2]
    async with browser(app) as anna:
        assert (await anna.sign_in("anna")).status_code == 403
        said: dict[str, str | list[str]] = {"code": code, "name": "eve", "role": ["admin"]}
        done = await anna.post("/first-run", {**said, "password": PASSWORD, "again": PASSWORD}, page=path)
        assert done.status_code == 303, done.text
        actor = await actor_of_session(app, anna.cookie or "")
        assert actor is not None
        assert (actor.name, sorted(actor.roles)) == ("anna", ["reviewer"])
        assert (await anna.get(path)).status_code == 403
    assert [one.name for one in await admin.people(app, olga)] == ["anna", "olga"]


async def test_a_link_that_sets_a_password_ends(app: App) -> None:
    """After three days, after another one was made, and for a user who was disabled, a link sets no password."""
    olga = await signed_in(app, "olga", "admin")
    first = (await admin.add(app, olga, "anna", groups=[], roles=["viewer"])).partition("code=")[2]
    second = (await admin.invite(app, olga, "anna")).partition("code=")[2]
    with pytest.raises(Refused):
        await links.use(app, first, name="", password=PASSWORD)
    await admin.disable(app, olga, "anna", "left")
    with pytest.raises(Refused):
        await links.use(app, second, name="", password=PASSWORD)
    await admin.enable(app, olga, "anna")
    third = (await admin.invite(app, olga, "anna")).partition("code=")[2]
    await advance(app.database, timedelta(days=3, seconds=1))
    with pytest.raises(Refused):
        await links.use(app, third, name="", password=PASSWORD)


async def test_a_link_does_not_come_back_with_its_user(app: App) -> None:
    """A link that was made before its user was disabled, and never tried, sets no password once they may act again."""
    olga = await signed_in(app, "olga", "admin")
    code = (await admin.add(app, olga, "anna", groups=[], roles=["viewer"])).partition("code=")[2]
    await admin.disable(app, olga, "anna", "left")
    await admin.enable(app, olga, "anna")
    with pytest.raises(Refused):
        await links.use(app, code, name="", password=PASSWORD)


async def test_a_link_ends_with_a_password_that_was_set_otherwise(app: App) -> None:
    """Who changes their password has ended the link that somebody else may have kept."""
    olga, anna = await signed_in(app, "olga", "admin"), await signed_in(app, "anna", "viewer")
    code = (await admin.invite(app, olga, "anna")).partition("code=")[2]
    await change_password(app, anna, PASSWORD, "an altogether new horse", address="192.0.2.7")
    with pytest.raises(Refused):
        await links.use(app, code, name="", password="a horse of somebody else")


async def test_an_admin_changes_nothing_about_themselves(app: App) -> None:
    """Nobody gives themselves roles or groups, or disables themselves; another admin does."""
    olga, pavel = await signed_in(app, "olga", "admin"), await signed_in(app, "pavel", "admin")
    for tried in (
        admin.set_roles(app, olga, "olga", ["admin", "reviewer"]),
        admin.set_groups(app, olga, "olga", ["leads"]),
        admin.disable(app, olga, "olga", "tired"),
    ):
        with pytest.raises(Refused) as refused:
            await tried
        assert refused.value.code == "admin.self"
    assert await admin.set_roles(app, pavel, "olga", ["admin", "reviewer"])
    assert not await admin.set_roles(app, pavel, "olga", ["reviewer", "admin"])


async def test_one_admin_is_always_left(app: App) -> None:
    """The last local admin loses neither role nor access, unless groups of the issuer give the role."""
    await add(app, "olga", "admin")
    other = Actor("kim of https://id.example", frozenset({"it"}), frozenset({"admin"}), issuer="https://id.example")
    for tried in (admin.set_roles(app, other, "olga", ["viewer"]), admin.disable(app, other, "olga", "left")):
        with pytest.raises(Refused) as refused:
            await tried
        assert refused.value.code == "admin.last"
    app.settings = Settings.model_validate({**app.settings.model_dump(), "oidc_roles": "admin=it"})
    assert await admin.set_roles(app, other, "olga", ["viewer"])


async def test_no_admin_acts_in_anothers_name(app: App) -> None:
    """An admin makes no token for a person who signs in, nor for themselves this way; for a program they do."""
    olga = await signed_in(app, "olga", "admin")
    await add(app, "anna", "reviewer")
    await add(app, "warehouse", "operator", password=None)
    for name in ("anna", "olga"):
        with pytest.raises(Refused) as refused:
            await admin.make_token(app, olga, name, "x", ["read"])
        assert refused.value.code == "token.person"
    made = await admin.make_token(app, olga, "warehouse", "import", ["submit"])
    assert (await actor_of_token(app, made.text)).name == "warehouse"
    by_token = await actor_of_token(app, (await make_own(app, olga, "x", ["admin"])).text)
    with pytest.raises(Refused, match="not by a token"):
        await admin.make_token(app, by_token, "warehouse", "another", ["submit"])


async def test_a_session_and_a_token_are_ended_for_others(app: App) -> None:
    """An admin sees all sessions and tokens and ends any of them, at once."""
    olga, anna = await signed_in(app, "olga", "admin"), await signed_in(app, "anna", "reviewer")
    cookie = await open_session(app, "anna", address="192.0.2.8", browser="y")
    made = await make_own(app, anna, "import", ["read"])
    (row,) = [one for one in await admin.sessions(app, olga) if one.address == "192.0.2.8"]
    await admin.end_session(app, olga, row.id)
    assert await actor_of_session(app, cookie) is None
    (token,) = await admin.tokens(app, olga)
    assert await admin.revoke_token(app, olga, token.id, "")
    assert not await admin.revoke_token(app, olga, token.id, "")
    with pytest.raises(Refused):
        await actor_of_token(app, made.text)


async def test_each_act_is_on_the_record(app: App) -> None:
    """Adding, inviting, roles, groups, tokens, sessions and disabling are rows of the chain, and the tables agree."""
    olga = await signed_in(app, "olga", "admin")
    await admin.add(app, olga, "anna", groups=[], roles=["viewer"])
    await admin.set_roles(app, olga, "anna", ["reviewer"])
    await admin.set_groups(app, olga, "anna", ["desk"])
    made = await admin.make_token(app, olga, "anna", "x", ["read"])
    await open_session(app, "anna", address="", browser="")
    (row,) = [one for one in await admin.sessions(app, olga) if one.subject == "anna"]
    await admin.end_session(app, olga, row.id)
    await admin.revoke_token(app, olga, made.id, "lost")
    await admin.disable(app, olga, "anna", "left")
    await admin.enable(app, olga, "anna")
    await admin.disable(app, olga, "eve", "not of us", issuer="https://id.example")
    await admin.enable(app, olga, "eve", issuer="https://id.example")
    assert await kinds(app) == [
        "user.added", "user.added", "user.invited", "user.roles", "user.groups", "token.made", "session.ended",
        "token.revoked", "user.disabled", "user.changed", "user.barred", "user.admitted",
    ]  # fmt: skip
    found = await verify_whole(app.database, None)
    assert found.whole, (found.breaks, found.differences)


@pytest.mark.parametrize("role", [role for role in ROLES if role != "admin"])
async def test_nobody_else_administrates(app: App, role: ConsoleRole) -> None:
    """Every verb of an admin is refused to every other role, before anything is changed."""
    await add(app, "anna", "viewer", password=None)
    other = Actor("kim", frozenset(), frozenset({role}), session=1)
    for tried in (
        admin.people(app, other), admin.add(app, other, "x", groups=[], roles=[]), admin.invite(app, other, "anna"),
        admin.set_roles(app, other, "anna", ["admin"]), admin.set_groups(app, other, "anna", ["leads"]),
        admin.disable(app, other, "anna", "x"), admin.enable(app, other, "anna"), admin.tokens(app, other),
        admin.make_token(app, other, "anna", "x", ["read"]), admin.revoke_token(app, other, 1, "x"),
        admin.sessions(app, other), admin.end_session(app, other, 1),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            await tried
        assert refused.value.code == "auth.right"
    assert await kinds(app) == ["user.added"]


async def test_names_roles_and_reasons_are_checked(app: App) -> None:
    """A name that another has, one that is none, a role that there is not, and no reason are refused."""
    olga = await signed_in(app, "olga", "admin")
    for tried, code in (
        (admin.add(app, olga, "olga", groups=[], roles=[]), "user.taken"),
        (admin.add(app, olga, "a b", groups=[], roles=[]), "user.name"),
        (admin.add(app, olga, "anna of https://id.example", groups=[], roles=[]), "user.name"),
        (admin.add(app, olga, "x", groups=["a b"], roles=[]), "user.name"),
        (admin.set_roles(app, olga, "nobody", []), "user.unknown"),
        (admin.set_roles(app, olga, "nobody", ["boss"]), "user.role"),
        (admin.disable(app, olga, "nobody", " "), "input.why"),
    ):
        with pytest.raises(UserError) as refused:
            await tried
        assert refused.value.code == code
