"""Signing in with a name and a password: nobody guesses, plants or keeps a way in, and each ends when it should."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from bridgehead.app import App
from bridgehead.auth import links, local
from bridgehead.auth.passwords import fits
from bridgehead.auth.sessions import actor_of_session
from bridgehead.console.middleware.sessions import COOKIE, SECURE_COOKIE
from bridgehead.errors import Refused
from bridgehead.settings import Settings
from bridgehead.storage.moving_clock import advance
from bridgehead.storage.signing_in import Attempts
from tests.support.signing import PASSWORD, add, browser, cheap_hashes
from tests.unit.auth.test_passwords import by_scrypt

WRONG = "another horse altogether"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


async def test_who_signs_in_comes_to_where_they_were_going(app: App) -> None:
    """The right name and password open a session with the roles and groups of the user."""
    await add(app, "anna", "reviewer", "author")
    async with browser(app) as anna:
        answer = await anna.sign_in(target="/account?a=b")
        assert (answer.status_code, answer.headers["location"]) == (303, "/account?a=b")
        assert await anna.is_in()
        actor = await actor_of_session(app, anna.cookie or "")
    assert actor is not None
    assert (actor.name, sorted(actor.roles), sorted(actor.groups)) == ("anna", ["author", "reviewer"], ["desk"])


async def test_a_wrong_password_and_an_unknown_name_are_told_the_same(app: App) -> None:
    """Status, words and page are the same for a wrong password, an unknown name and a user without a password."""
    await add(app)
    await add(app, "robot", password=None)
    async with browser(app) as stranger:
        told = {
            name: await stranger.sign_in(name, WRONG) for name in ("anna", "nobody", "robot", "x" * 200, "n\0ul")
        }  # fmt: skip
        assert not await stranger.is_in()
    assert {one.status_code for one in told.values()} == {403}
    csrf = {one.text.replace(name, "…").split('name="csrf"')[0] for name, one in told.items()}
    assert len(csrf) == 1, csrf


async def test_the_cookie_is_kept_from_scripts_and_other_sites(app: App) -> None:
    """The cookie is HttpOnly, Lax and for the whole host; over TLS it is Secure and has the __Host- name."""
    await add(app)
    async with browser(app) as plain, browser(app, scheme="https") as tls:
        said = (await plain.sign_in()).headers["set-cookie"]
        secured = (await tls.sign_in()).headers["set-cookie"]
    for one in (said, secured):
        assert "HttpOnly" in one
        assert "SameSite=lax" in one
        assert "Path=/;" in one
        assert "Domain" not in one
    assert said.startswith(f"{COOKIE}=")
    assert "Secure" not in said
    assert secured.startswith(f"{SECURE_COOKIE}=")
    assert "Secure" in secured


async def test_a_planted_cookie_is_not_taken_over(app: App) -> None:
    """Session fixation: a value that was in the browser before sign-in opens nothing afterwards."""
    await add(app)
    async with browser(app) as anna:
        anna.http.cookies.set(COOKIE, "planted", domain="127.0.0.1")
        await anna.sign_in()
        assert anna.cookie != "planted"
    assert await actor_of_session(app, "planted") is None


async def test_a_cookie_from_before_the_last_sign_in_is_worth_nothing(app: App) -> None:
    """Signing in again makes another cookie, and who stole the one before is out."""
    await add(app)
    async with browser(app) as anna:
        await anna.sign_in()
        stolen = anna.cookie or ""
        assert await actor_of_session(app, stolen) is not None
        page = await anna.get("/account")
        token = page.text.split('name="csrf" value="')[1].split('"')[0]
        said = {"csrf": token, "name": "anna", "password": PASSWORD}
        await anna.http.post("/sign-in", data=said, headers={"Origin": anna.origin})
        assert anna.cookie not in ("", stolen)
        assert await anna.is_in()
    assert await actor_of_session(app, stolen) is None


async def test_signing_out_ends_the_session_and_not_only_the_cookie(app: App) -> None:
    """After signing out the cookie's value opens nothing, whoever kept it."""
    await add(app)
    async with browser(app) as anna:
        await anna.sign_in()
        stolen = anna.cookie or ""
        answer = await anna.post("/sign-out", {}, page="/account")
        assert "You are signed out" in answer.text
        assert anna.cookie is None
        assert not await anna.is_in()
    assert await actor_of_session(app, stolen) is None


@pytest.mark.parametrize(
    "pauses,still",
    [([7.9], True), ([8.1], False), ([7, 7, 7, 2.9], True), ([7, 7, 7, 3.1], False)],
)
async def test_a_session_ends_when_idle_and_after_a_day(app: App, pauses: list[float], still: bool) -> None:
    """Eight idle hours end a session, and so do 24 hours however busy it was."""
    await add(app)
    async with browser(app) as anna:
        await anna.sign_in()
        for hours in pauses[:-1]:
            await advance(app.database, timedelta(hours=hours))
            assert await anna.is_in()
        await advance(app.database, timedelta(hours=pauses[-1]))
        assert await anna.is_in() is still


async def test_who_is_disabled_is_out_at_the_next_request(app: App) -> None:
    """A disabled user's session ends at once, and does not come back when the user does."""
    await add(app)
    async with browser(app) as anna:
        await anna.sign_in()
        await app.users.disable("anna", by="ops", reason="left")
        assert not await anna.is_in()
        refused = await anna.sign_in()
        assert "may not act here: disabled by ops: left" in refused.text
        await app.users.add("anna", ["desk"], None, by="ops")
        assert not await anna.is_in()


async def test_a_disabled_row_is_enough(app: App) -> None:
    """A user who is disabled is nobody even where their session was left open."""
    await add(app)
    async with browser(app) as anna:
        await anna.sign_in()
        async with app.database.connection() as conn:
            await conn.execute("update users set disabled_by = 'x', disabled_why = 'y' where name = 'anna'")
        assert not await anna.is_in()
        async with app.database.connection() as conn:
            await conn.execute("update users set disabled_by = null where name = 'anna'")


async def test_a_role_that_was_taken_away_is_gone_at_the_next_request(app: App) -> None:
    """Roles are those of this moment and not of the sign-in."""
    await add(app, "anna", "admin")
    async with browser(app) as anna:
        await anna.sign_in()
        await app.users.set_roles("anna", ["viewer"], by="ops", keep_an_admin=False)
        actor = await actor_of_session(app, anna.cookie or "")
        assert actor is not None
        assert not actor.may("admin")


async def test_who_has_no_role_does_not_get_in(app: App) -> None:
    """A user with a password and no role is told that an admin gives one, after the right password alone."""
    await app.users.add("anna", [], local_hash(), by="ops")
    async with browser(app) as anna:
        assert "has no role here" in (await anna.sign_in()).text
        assert "has no role here" not in (await anna.sign_in(password=WRONG)).text
        assert not await anna.is_in()


def local_hash() -> bytes:
    from bridgehead.auth.passwords import kept

    return kept(PASSWORD)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
        "/\t/evil.example", "http:/evil.example", "///evil.example", " /evil", "/\r\nSet-Cookie: a=b", "",
    ],
)  # fmt: skip
async def test_signing_in_leads_nowhere_else(app: App, target: str) -> None:
    """Open redirect: whatever is asked for as the next page, one signs in to this console."""
    await add(app)
    async with browser(app) as anna:
        shown = await anna.http.get("/sign-in", params={"next": target})
        assert 'name="next" value="/"' in shown.text
        answer = await anna.sign_in(target=target)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        again = await anna.http.get("/sign-in", params={"next": target})
        assert (again.status_code, again.headers["location"]) == (303, "/")


@pytest.fixture
def long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the first pause ten minutes, which no slow machine waits out by itself."""
    monkeypatch.setattr(local, "PAUSE_S", 600.0)
    monkeypatch.setattr(local, "LONGEST_PAUSE_S", 3600.0)


@pytest.mark.usefixtures("long_pauses")
async def test_guessing_is_slowed_down_and_told_the_same(app: App) -> None:
    """After five wrong passwords even the right one is refused in the same words, until a growing pause is over."""
    await add(app)
    async with browser(app) as guesser:
        wrong = await guesser.sign_in(password=WRONG)
        for _ in range(local.ACCOUNT_FREE - 1):
            assert (await guesser.sign_in(password=WRONG)).status_code == 403
        locked = await guesser.sign_in()
        assert locked.status_code == 403
        assert locked.text.split('name="csrf"')[0] == wrong.text.split('name="csrf"')[0]
        await advance(app.database, timedelta(minutes=10.1))
        assert (await guesser.sign_in(password=WRONG)).status_code == 403
        await advance(app.database, timedelta(minutes=10.1))
        assert (await guesser.sign_in()).status_code == 403, "the second pause is twice as long"
        await advance(app.database, timedelta(minutes=10.1))
        assert (await guesser.sign_in()).status_code == 303
        assert await guesser.is_in()


@pytest.mark.usefixtures("long_pauses")
async def test_guesses_are_counted_by_the_database_over_all_processes(app: App, settings: Settings) -> None:
    """Two processes share one count: what one took as a guess, the other knows."""
    await add(app)
    async with App.opened(settings) as second, browser(app) as one, browser(second, address="192.0.2.8") as other:
        for number in range(local.ACCOUNT_FREE):
            assert (await (one, other)[number % 2].sign_in(password=WRONG)).status_code == 403
        assert (await one.sign_in()).status_code == 403
        assert (await other.sign_in()).status_code == 403


@pytest.mark.usefixtures("long_pauses")
async def test_many_guesses_at_once_are_no_more_than_one_after_another(app: App) -> None:
    """Guesses are counted before they are tried, so a burst of them gets no more tries."""
    import asyncio

    account, place = local._bounds(app, "anna", "192.0.2.7")
    tried = await asyncio.gather(*(Attempts(app.database).take((account, place)) for _ in range(20)))
    assert tried.count(True) == local.ACCOUNT_FREE


@pytest.mark.usefixtures("long_pauses")
async def test_one_address_guesses_at_few_accounts(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying one password with many names is slowed down by address, and a sign-in of one's own frees no guesses."""
    monkeypatch.setattr(local, "ADDRESS_FREE", 3)
    await add(app)
    async with browser(app) as guesser, browser(app, address="198.51.100.1") as elsewhere:
        for name in ("bert", "carl"):
            await guesser.sign_in(name, WRONG)
        assert (await guesser.sign_in()).status_code == 303
        await guesser.http.get("/account")
        guesser.http.cookies.clear()
        assert (await guesser.sign_in("dora", WRONG)).status_code == 403
        assert (await guesser.sign_in()).status_code == 403, "the address is in its pause"
        assert (await elsewhere.sign_in()).status_code == 303, "another address is not"


async def test_what_was_typed_as_a_name_is_not_kept(app: App) -> None:
    """A password that somebody typed into the wrong field is in no table."""
    async with browser(app) as stranger:
        await stranger.sign_in("my secret typed as a name", WRONG)
    async with app.database.connection() as conn:
        rows = await (await conn.execute("select to_jsonb(a)::text as told from sign_in_attempts a")).fetchall()
    told = "".join(row["told"] for row in rows)
    assert rows
    assert "secret typed" not in told
    assert b"my secret typed as a name".hex() not in told
    assert hashlib.sha256(b"my secret typed as a name").hexdigest() not in told


async def test_an_earlier_hash_is_replaced_at_sign_in(app: App) -> None:
    """Who signs in with a password that is kept as scrypt has it kept as argon2id from then on."""
    await app.users.add("anna", [], by_scrypt(PASSWORD), by="ops", roles=["viewer"])
    async with browser(app) as anna:
        await anna.sign_in(password=WRONG)
        _, stored = await app.users.find("anna")
        assert stored == by_scrypt(PASSWORD)
        assert (await anna.sign_in()).status_code == 303
    _, stored = await app.users.find("anna")
    assert stored is not None
    assert stored.startswith(b"$argon2id$")
    assert fits(PASSWORD, stored)


async def test_the_first_owner_comes_in_by_a_link_once(app: App) -> None:
    """The link makes one owner with the groups and roles asked for; looked at before it still works, then no more."""
    path = await links.first_owner(app, ["desk"]) or ""
    async with browser(app) as owner, browser(app) as thief:
        assert "Become the first owner" in (await thief.get(path)).text
        said = {"code": path.partition("=")[2], "name": "olga", "password": PASSWORD, "again": PASSWORD}
        made = await owner.post("/first-run", {**said, "role": ["reviewer", "operator"]}, page=path)
        assert (made.status_code, made.headers["location"]) == (303, "/")
        actor = await actor_of_session(app, owner.cookie or "")
        assert actor is not None
        assert (actor.name, sorted(actor.groups)) == ("olga", ["desk"])
        assert sorted(actor.roles) == ["admin", "operator", "reviewer"]
        used = await thief.get(path)
        assert (used.status_code, "works no more" in used.text) == (403, True)
        stolen = await thief.post("/first-run", {**said, "name": "eve"}, page="/sign-in")
        assert stolen.status_code == 403
    assert [one.name for one in await app.users.listing()] == ["olga"]
    assert await links.first_owner(app) is None


async def test_the_first_owners_link_is_too_old_after_an_hour(app: App) -> None:
    """A link that lay about for more than an hour makes nobody the owner."""
    path = await links.first_owner(app) or ""
    await advance(app.database, timedelta(minutes=61))
    said = {"code": path.partition("=")[2], "name": "eve", "password": PASSWORD, "again": PASSWORD}
    async with browser(app) as late:
        assert (await late.get(path)).status_code == 403
        assert (await late.post("/first-run", {**said}, page="/sign-in")).status_code == 403
    assert await app.users.listing() == []


async def test_two_links_make_one_owner(app: App) -> None:
    """Two processes print two links, and the second is worth nothing once the first was used."""
    paths = [await links.first_owner(app) or "", await links.first_owner(app) or ""]
    code, other = (path.partition("=")[2] for path in paths)
    assert await links.use(app, code, name="olga", password=PASSWORD) == "olga"
    async with app.database.transaction() as conn:
        await conn.execute(
            "insert into one_time_links (digest, name, made_by, ends_at)"
            " values (sha256(convert_to(%s, 'UTF8')), '', 'x', bridgehead_now() + interval '1 hour')",
            (other,),
        )
    with pytest.raises(Refused, match="there is an owner already"):
        await links.use(app, other, name="eve", password=PASSWORD)


async def test_a_mistake_on_the_page_does_not_use_the_link_up(app: App) -> None:
    """A short password, two different ones, or another user's name leave the link as it was."""
    await add(app, "taken")
    path = await links.first_owner(app) or ""
    said = {"code": path.partition("=")[2], "name": "olga", "password": PASSWORD, "again": PASSWORD}
    async with browser(app) as owner:
        for wrong in ({"password": "short", "again": "short"}, {"again": WRONG}, {"name": "taken"}, {"name": "a b"}):
            answer = await owner.post("/first-run", {**said, **wrong}, page=path)
            assert "Nothing was changed" in answer.text, wrong
        assert (await owner.post("/first-run", {**said}, page=path)).status_code == 303


async def test_where_the_issuer_gives_admins_no_link_is_printed(app: App) -> None:
    """Where groups of the issuer have the role admin, or a user has, there is no link for a first owner."""
    app.settings = Settings.model_validate({**app.settings.model_dump(), "oidc_roles": "admin=it-ops"})
    assert await links.first_owner(app) is None
    app.settings = Settings.model_validate({**app.settings.model_dump(), "oidc_roles": "viewer=all"})
    assert await links.first_owner(app) is not None
    await add(app, "anna", "admin")
    assert await links.first_owner(app) is None


async def test_a_new_password_ends_every_session(app: App) -> None:
    """Changing the password takes the present one, and ends all sessions, a thief's too."""
    await add(app)
    said = {"password": "an altogether new horse", "again": "an altogether new horse"}
    async with browser(app) as anna, browser(app, address="198.51.100.1") as thief:
        await thief.sign_in()
        await anna.sign_in()
        wrong = await anna.post("/account/password", {**said, "before": WRONG}, page="/account")
        assert wrong.status_code == 403
        assert await anna.is_in()
        assert await thief.is_in()
        done = await anna.post("/account/password", {**said, "before": PASSWORD}, page="/account")
        assert (done.status_code, done.headers["location"]) == (303, "/sign-in")
        assert not await anna.is_in()
        assert not await thief.is_in()
        assert (await anna.sign_in()).status_code == 403
        assert (await anna.sign_in(password=said["password"])).status_code == 303


async def test_one_ends_ones_own_sessions_and_nobody_elses(app: App) -> None:
    """From the account one ends one session or all others; another person's number ends nothing."""
    await add(app)
    await add(app, "bert")
    async with (
        browser(app) as anna, browser(app, address="192.0.2.8") as phone, browser(app, address="192.0.2.9") as bert,
    ):  # fmt: skip
        await anna.sign_in()
        await phone.sign_in()
        await bert.sign_in("bert")
        theirs = await actor_of_session(app, bert.cookie or "")
        mine = await actor_of_session(app, phone.cookie or "")
        assert theirs is not None
        assert mine is not None
        refused = await anna.post(f"/account/sessions/{theirs.session}/end", {}, page="/account")
        assert refused.status_code == 403
        assert await bert.is_in()
        await anna.post(f"/account/sessions/{mine.session}/end", {}, page="/account")
        assert not await phone.is_in()
        await phone.sign_in()
        await anna.post("/account/sessions/end", {}, page="/account")
        assert [await anna.is_in(), await phone.is_in(), await bert.is_in()] == [True, False, True]
