"""Tokens of the API: each does less than its owner, for a while, and nobody finds one in what is stored."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bridgehead.app import App
from bridgehead.auth.actor import Actor, Right
from bridgehead.auth.links import invitation
from bridgehead.auth.passwords import kept_soon
from bridgehead.auth.sessions import actor_of_session, end_own, open_session
from bridgehead.auth.tokens import PREFIX, actor_of_token, make, make_own, own_tokens, revoke_own
from bridgehead.errors import Refused, UserError
from bridgehead.storage.api_tokens import ApiTokens
from bridgehead.storage.moving_clock import advance
from tests.support.signing import PASSWORD, add, browser, cheap_hashes

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


async def signed_in(app: App, name: str, *roles: str) -> Actor:
    """Adds somebody, and returns them as they are signed in."""
    await add(app, name, *roles)
    found = await actor_of_session(app, await open_session(app, name, address="192.0.2.7", browser="x"))
    assert found is not None
    return found


async def test_a_token_acts_for_its_owner_within_its_scopes(app: App) -> None:
    """A token has its owner's name, roles and groups, and the rights of its scopes alone."""
    anna = await signed_in(app, "anna", "reviewer")
    made = await make_own(app, anna, "import", ["read", "submit"], DAY)
    assert made.text.startswith(PREFIX)
    assert made.text not in repr(made)
    actor = await actor_of_token(app, made.text)
    assert (actor.name, actor.channel, sorted(actor.groups)) == ("anna", "api", ["desk"])
    assert sorted(actor.rights) == ["read", "submit"]
    with pytest.raises(Refused, match="this token of anna may not decide reviews"):
        actor.need("review")


async def test_a_token_ends_with_the_rights_of_its_owner(app: App) -> None:
    """What its owner may not do any more the token does not do either, from the next request on."""
    anna = await signed_in(app, "anna", "reviewer", "admin")
    made = await make_own(app, anna, "import", ["read", "review", "admin"], DAY)
    await app.users.set_roles("anna", ["viewer"], by="ops", keep_an_admin=False)
    assert sorted((await actor_of_token(app, made.text)).rights) == ["read"]


@pytest.mark.parametrize("scope", ["admin", "undo", "operate"])
async def test_nobody_makes_a_token_that_may_more_than_they(app: App, scope: Right) -> None:
    """A scope that one has not is refused when the token is made, on the page too."""
    anna = await signed_in(app, "anna", "reviewer")
    with pytest.raises(Refused) as refused:
        await make_own(app, anna, "import", ["read", scope], DAY)
    assert refused.value.code == "auth.right"
    async with browser(app) as page:
        await page.sign_in("anna")
        said: dict[str, str | list[str]] = {"label": "x", "scope": ["read", scope], "days": "7"}
        answer = await page.post("/account/tokens", said, page="/account")
        assert answer.status_code == 403
        assert PREFIX not in answer.text
    assert await own_tokens(app, anna) == []


async def test_a_token_makes_no_tokens(app: App) -> None:
    """Who acts by a token makes none, ends none and ends no sessions: a stolen one does not outlive its end."""
    anna = await signed_in(app, "anna", "admin")
    made = await make_own(app, anna, "import", ["read", "admin"], DAY)
    actor = await actor_of_token(app, made.text)
    for tried in (
        make_own(app, actor, "another", ["read"], DAY), revoke_own(app, actor, made.id), end_own(app, actor, None),
    ):  # fmt: skip
        with pytest.raises(Refused, match="signed in, and not by a token"):
            await tried
    assert len(await own_tokens(app, anna)) == 1


@pytest.mark.parametrize("how", ["revoked", "over", "disabled", "altered", "cut", "prefix", "empty", "session"])
async def test_what_opens_nothing_is_told_alike(app: App, how: str) -> None:
    """A token that is revoked, over, altered or never was, or whose owner may not act: one error in the same words."""
    anna = await signed_in(app, "anna", "reviewer")
    made = await make_own(app, anna, "import", ["read"], DAY)
    text = made.text
    match how:
        case "revoked":
            assert await revoke_own(app, anna, made.id)
        case "over":
            await advance(app.database, timedelta(days=1, seconds=1))
        case "disabled":
            await app.users.disable("anna", by="ops", reason="left")
        case "session":
            text = await open_session(app, "anna", address="", browser="")
        case _:
            altered = {"altered": text[:-1] + ("A" if text[-1] != "A" else "B"), "cut": text[:-1]}
            text = {**altered, "prefix": PREFIX, "empty": ""}[how]
    with pytest.raises(Refused) as refused:
        await actor_of_token(app, text)
    assert refused.value.code == "auth.unknown"
    assert refused.value.message == (
        "this token opens nothing: it is unknown, revoked or over, or its owner may not act"
    )


async def test_a_token_does_not_come_back_with_its_owner(app: App) -> None:
    """The tokens of a disabled user are revoked on the record, and stay so when the user may act again."""
    anna = await signed_in(app, "anna", "reviewer")
    made = await make_own(app, anna, "import", ["read"], DAY)
    await app.users.disable("anna", by="ops", reason="left")
    await add(app, "anna", "reviewer")
    with pytest.raises(Refused):
        await actor_of_token(app, made.text)
    (row,) = await own_tokens(app, anna)
    assert (row.revoked_by, row.revoked_why) == ("ops", "left")


@pytest.mark.parametrize("end", [True, False])
async def test_a_new_password_ends_tokens_where_that_was_asked(app: App, end: bool) -> None:
    """The page says that tokens outlive a password; ticked there, they end with it, on the record, one's own alone."""
    anna, bert = await signed_in(app, "anna", "reviewer"), await signed_in(app, "bert", "reviewer")
    mine, theirs = [await make_own(app, one, "import", ["read"], DAY) for one in (anna, bert)]
    said: dict[str, str | list[str]] = {
        "before": PASSWORD,
        "password": "an altogether new horse",
        "again": "an altogether new horse",
        **({"tokens": "end"} if end else {}),
    }
    async with browser(app) as page:
        await page.sign_in("anna")
        assert "Tokens are not made of it" in (await page.get("/account")).text
        done = await page.post("/account/password", said, page="/account")
        assert done.headers["location"] == "/sign-in"
        told = (await page.get("/sign-in")).text
    assert ("All your tokens have ended" in told) == end
    assert await _opens(app, mine.text) != end
    assert await _opens(app, theirs.text)
    (row,) = await own_tokens(app, anna)
    assert row.revoked_why == ("its owner set a new password" if end else None)
    assert await _revocations(app) == int(end)


@pytest.mark.parametrize("end", [True, False])
async def test_a_link_ends_tokens_where_that_was_asked(app: App, end: bool) -> None:
    """Who sets a password by a link is offered the same: their tokens end with the old one, or go on."""
    anna = await signed_in(app, "anna", "reviewer")
    made = await make_own(app, anna, "import", ["read"], DAY)
    path = await invitation(app, "anna", by="ops")
    said: dict[str, str | list[str]] = {
        "code": path.partition("code=")[2],
        "password": "an altogether new horse",
        "again": "an altogether new horse",
        **({"tokens": "end"} if end else {}),
    }
    async with browser(app) as page:
        assert "End all my tokens too" in (await page.get(path)).text
        assert (await page.post("/first-run", said, page=path)).status_code == 303
    assert await _opens(app, made.text) != end
    assert await _revocations(app) == int(end)


async def test_a_password_that_an_administrator_sets_ends_the_link_before_it(app: App) -> None:
    """A link that was never used sets no password once somebody was given another one."""
    await app.users.add("anna", (), None, by="ops", roles=("reviewer",))
    path = await invitation(app, "anna", by="ops")
    await app.users.add("anna", (), await kept_soon("an altogether new horse"), by="ops", roles=("reviewer",))
    said: dict[str, str | list[str]] = {
        "code": path.partition("code=")[2],
        "password": "somebody else's sentence",
        "again": "somebody else's sentence",
    }
    async with browser(app) as page:
        assert (await page.post("/first-run", said, page="/sign-in")).status_code != 303
        assert (await page.sign_in("anna", "somebody else's sentence")).status_code != 303


async def _opens(app: App, token: str) -> bool:
    try:
        await actor_of_token(app, token)
    except Refused:
        return False
    return True


async def _revocations(app: App) -> int:
    """Returns how many tokens were ended by the record."""
    async with app.database.connection() as conn:
        rows = await (await conn.execute("select body from ledger where chain = 'S-authority'")).fetchall()
    return sum(json.loads(bytes(row["body"]))["kind"] == "token.revoked" for row in rows)


async def test_a_token_is_no_session(app: App) -> None:
    """A token in the session's cookie opens no page."""
    anna = await signed_in(app, "anna", "reviewer")
    made = await make_own(app, anna, "import", ["read"], DAY)
    assert await actor_of_session(app, made.text) is None


async def test_one_ends_ones_own_tokens_and_nobody_elses(app: App) -> None:
    """Another's token is told like one that is not there."""
    anna, bert = await signed_in(app, "anna", "viewer"), await signed_in(app, "bert", "viewer")
    made = await make_own(app, bert, "import", ["read"], DAY)
    for number in (made.id, 4711):
        with pytest.raises(UserError, match=f"there is no token {number}"):
            await revoke_own(app, anna, number)
    assert (await actor_of_token(app, made.text)).name == "bert"


@pytest.mark.parametrize(
    "label,scopes,lasts,code",
    [
        ("", ["read"], DAY, "token.label"), ("x" * 101, ["read"], DAY, "token.label"),
        ("a\nb", ["read"], DAY, "token.label"), ("x", [], DAY, "token.scope"), ("x", ["raed"], DAY, "token.scope"),
        ("x", ["read"], timedelta(0), "token.lasts"), ("x", ["read"], timedelta(days=367), "token.lasts"),
    ],
)  # fmt: skip
async def test_a_token_has_a_name_scopes_and_an_end(
    app: App, label: str, scopes: list[str], lasts: timedelta, code: str
) -> None:
    """A token without a name, without a scope or without an end is not made."""
    with pytest.raises(UserError) as refused:
        await make(app, label, scopes, lasts, of=("", "anna"), by="ops")
    assert refused.value.code == code


async def test_the_page_shows_a_token_once(app: App) -> None:
    """The page that made a token shows it, and no page afterwards; ended there, it opens nothing."""
    await add(app, "anna", "reviewer")
    async with browser(app) as anna:
        await anna.sign_in("anna")
        said: dict[str, str | list[str]] = {"label": "<b>import</b>", "scope": ["read", "review"], "days": "7"}
        made = await anna.post("/account/tokens", said, page="/account")
        text = made.text.split('<pre id="token">')[1].split("</pre>")[0]
        assert sorted((await actor_of_token(app, text)).rights) == ["read", "review"]
        again = await anna.get("/account")
        assert text not in again.text
        assert "<b>import" not in again.text
        assert (await anna.post("/account/tokens/1/revoke", {}, page="/account")).status_code == 303
        for days in ("", "x", "3650"):
            assert (await anna.post("/account/tokens", {**said, "days": days}, page="/account")).status_code == 400
    with pytest.raises(Refused):
        await actor_of_token(app, text)


async def test_only_a_digest_is_stored_and_use_is_noted(app: App) -> None:
    """No table and no ledger row holds a token; when it was last used is known to the minute."""
    anna = await signed_in(app, "anna", "reviewer")
    made = await make_own(app, anna, "import", ["read"], DAY)
    (row,) = await ApiTokens(app.database).listing()
    assert row.used_at is None
    await actor_of_token(app, made.text)
    (row,) = await ApiTokens(app.database).listing()
    assert row.used_at is not None
    async with app.database.connection() as conn:
        told = [
            str(one["told"])
            for table in ("api_tokens", "ledger", "sessions")
            for one in await (
                await conn.execute(f"select to_jsonb(t)::text as told from {table} t".encode())
            ).fetchall()
        ]
        bodies = [bytes(one["body"]) for one in await (await conn.execute(b"select body from ledger")).fetchall()]
    assert not any(made.text in one or made.text.encode().hex() in one for one in told)
    assert any(b"token.made" in one for one in bodies)
    assert not any(made.text.encode() in one for one in bodies)
