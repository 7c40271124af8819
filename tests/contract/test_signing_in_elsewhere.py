"""Signing in at an OpenID Connect issuer: against a real one, and against one that lies in every way that counts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from bridgehead.app import App
from bridgehead.auth import oidc
from bridgehead.auth.sessions import actor_of_session
from bridgehead.console.signing import BACK, ELSEWHERE
from bridgehead.settings import Settings
from bridgehead.spec.tool import JSON
from bridgehead.storage.moving_clock import advance
from tests.support.http_server import Told
from tests.support.lying_issuer import CODE, LyingIssuer, lying_issuer
from tests.support.oidc import IssuerProcess, running
from tests.support.signing import Browser, browser

ROLES = "reviewer=sales,admin=it-ops"


def trusting(app: App, url: str, **more: str) -> None:
    """Lets an app sign people in at an issuer."""
    said = {"oidc_issuer": url, "oidc_audience": "bridgehead", "oidc_roles": ROLES, **more}
    app.settings = Settings.model_validate({**app.settings.model_dump(), **said})


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IssuerProcess]:
    """Gives an issuer in a process of its own that knows anna of sales and dirk of the desk."""
    with running(tmp_path_factory.mktemp("issuer")) as one:
        yield one


@pytest.fixture
async def liar(app: App) -> AsyncIterator[LyingIssuer]:
    """Gives the issuer of this test, at which the app signs people in."""
    async with lying_issuer() as one:
        trusting(app, one.url)
        yield one


async def begun(one: Browser, liar: LyingIssuer, target: str = "/account") -> Mapping[str, str]:
    """Begins to sign in; returns what the browser asks the issuer for."""
    answer = await one.http.get("/sign-in/issuer", params={"next": target})
    assert answer.status_code == 303, answer.text
    return liar.asked(answer.headers["location"])


async def back(one: Browser, **said: str) -> httpx.Response:
    """Comes back from the issuer with an answer."""
    return await one.http.get(BACK, params=said)


async def refused(one: Browser, why: str, **said: str) -> None:
    """Comes back with an answer that signs nobody in."""
    answer = await back(one, **said)
    assert answer.status_code in (400, 403), answer.headers
    assert why in answer.text
    assert one.cookie is None
    assert not await one.is_in()


async def under_way(app: App) -> object:
    """Returns how many sign-ins are stored that were begun and not finished."""
    async with app.database.connection() as conn:
        row = await (await conn.execute("select count(*) as n from sign_ins_elsewhere")).fetchone()
    return row and row["n"]


async def test_people_of_a_real_issuer_sign_in_and_out(app: App, provider: IssuerProcess) -> None:
    """Anna signs in at the issuer, has the role of her group, and is signed out there too when she leaves."""
    trusting(app, provider.url, oidc_client_secret="secret")
    async with browser(app) as anna, httpx.AsyncClient(trust_env=False) as elsewhere:
        assert "/sign-in/issuer" in (await anna.get("/sign-in")).text
        begin = await anna.http.get("/sign-in/issuer", params={"next": "/account?a=b"})
        sent = await elsewhere.post(begin.headers["location"], data={"sub": "anna"})
        answer = urlsplit(sent.headers["location"])
        assert answer.path == BACK
        done = await anna.get(f"{BACK}?{answer.query}")
        assert (done.status_code, done.headers["location"]) == (303, "/account?a=b"), done.text
        actor = await actor_of_session(app, anna.cookie or "")
        assert actor is not None
        assert (actor.name, sorted(actor.roles)) == (f"anna of {provider.url}", ["reviewer"])
        assert actor.issuer == provider.url
        stolen = anna.cookie or ""
        out = await anna.post("/sign-out", {}, page="/account")
        assert await actor_of_session(app, stolen) is None
        there = urlsplit(out.headers["refresh"].partition("url=")[2])
        assert there.path == "/oauth2/end_session"
        asked = parse_qs(there.query)
        assert asked["post_logout_redirect_uri"] == [f"{anna.origin}/sign-in"]
        assert len(asked["id_token_hint"][0].split(".")) == 3
        ended = await elsewhere.get(there.geturl())
        assert ended.status_code in (200, 302), ended.text


async def test_sign_ins_that_nobody_finishes_are_slowed_down(
    app: App, liar: LyingIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From one address so many may be begun, then each waits, before anything is stored or the issuer is asked."""
    monkeypatch.setattr(oidc, "BEGUN_FREE", 3)
    monkeypatch.setattr(oidc, "PAUSE_S", 600.0)  # which no slow machine waits out by itself
    async with browser(app) as flood, browser(app, address="198.51.100.1") as other:
        for _ in range(3):
            await begun(flood, liar)
        stored, asked = await under_way(app), len(liar.paths)
        late = await flood.http.get("/sign-in/issuer")
        assert late.status_code == 403
        assert "too many sign-ins were begun from here" in late.text
        assert (await under_way(app), len(liar.paths)) == (stored, asked)
        await begun(other, liar)  # another address goes on
        await advance(app.database, timedelta(seconds=601))
        await begun(flood, liar)


async def test_who_finishes_is_not_slowed_down(app: App, liar: LyingIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An office behind one address signs in as often as it likes: what came to a good end counts no more."""
    monkeypatch.setattr(oidc, "BEGUN_FREE", 3)
    monkeypatch.setattr(oidc, "PAUSE_S", 600.0)
    for _ in range(5):
        async with browser(app) as one:
            asked = await begun(one, liar)
            assert (await back(one, state=asked["state"], code=CODE)).status_code == 303


async def test_an_issuer_that_is_away_locks_nobody_out(
    app: App, liar: LyingIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not begin counts for nothing: once the issuer answers again, colleagues of one address sign in."""
    monkeypatch.setattr(oidc, "BEGUN_FREE", 3)
    monkeypatch.setattr(oidc, "PAUSE_S", 600.0)
    here = liar.url
    async with browser(app) as one:
        trusting(app, "http://127.0.0.1:9")
        assert [(await one.http.get("/sign-in/issuer")).status_code for _ in range(5)] == [503] * 5
        trusting(app, here)
        liar.described["code_challenge_methods_supported"] = ["plain"]
        assert [(await one.http.get("/sign-in/issuer")).status_code for _ in range(5)] == [503] * 5
        del liar.described["code_challenge_methods_supported"]
        await begun(one, liar)


@pytest.mark.parametrize("why", ["no role", "barred", "refused there", "no token", "away"])
async def test_who_is_refused_at_the_end_locks_nobody_out(
    app: App, liar: LyingIssuer, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """A sign-in that was answered is over: people without a role, barred or in an outage cost others none of theirs."""
    monkeypatch.setattr(oidc, "BEGUN_FREE", 3)
    monkeypatch.setattr(oidc, "PAUSE_S", 600.0)
    said = {"error": "access_denied"} if why == "refused there" else {"code": CODE}
    if why == "no role":
        liar.lies = {"groups": ["another"]}
    if why == "barred":
        await app.users.bar(liar.url, "anna", by="ops", reason="left")
    if why in ("no token", "away"):
        liar.answer = Told(500, body={"error": "server_error"}) if why == "no token" else Told(502, raw=b"gone")
    async with browser(app) as one:
        for _ in range(5):
            asked = await begun(one, liar)
            assert (await back(one, state=asked["state"], **said)).status_code in (403, 503)


async def test_codes_that_are_made_up_are_slowed_down(
    app: App, liar: LyingIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has the issuer asked for one made-up code after another: each counts as a sign-in without an end."""
    monkeypatch.setattr(oidc, "BEGUN_FREE", 3)
    monkeypatch.setattr(oidc, "PAUSE_S", 600.0)
    liar.answer = Told(400, body={"error": "invalid_grant"})
    async with browser(app) as one:
        for _ in range(3):
            asked = await begun(one, liar)
            assert (await back(one, state=asked["state"], code="made-up")).status_code == 403
        assert (await one.http.get("/sign-in/issuer")).status_code == 403


@pytest.mark.parametrize("every_s", [59, 50 * 60])
async def test_what_was_never_finished_is_forgotten_in_time(
    app: App, liar: LyingIssuer, monkeypatch: pytest.MonkeyPatch, every_s: int
) -> None:
    """A minute forgets one: an address from which now and then one is left unfinished is never slowed down by that."""
    monkeypatch.setattr(oidc, "BEGUN_FREE", 3)
    monkeypatch.setattr(oidc, "PAUSE_S", 600.0)
    async with browser(app) as one:
        for _ in range(10):
            await begun(one, liar)
            await advance(app.database, timedelta(seconds=every_s))
        await begun(one, liar)
        await begun(one, liar)


async def test_what_is_asked_of_the_issuer_binds_its_answer(app: App, liar: LyingIssuer) -> None:
    """The request has a code challenge (S256), a state and a nonce, each of its own for each sign-in; no secret."""
    async with browser(app) as one, browser(app) as other:
        first, second = await begun(one, liar), await begun(other, liar)
    assert first["response_type"] == "code"
    assert first["code_challenge_method"] == "S256"
    assert first["redirect_uri"] == f"{one.origin}{BACK}"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]
    cookie = one.http.cookies.get(ELSEWHERE) or ""
    assert cookie
    assert cookie not in first.values()


@pytest.mark.parametrize("secret", [None, "a s3cret+/&"])
async def test_the_code_is_exchanged_with_its_proof(app: App, liar: LyingIssuer, secret: str | None) -> None:
    """The token is asked for with the verifier of the challenge, by a public client or with the client's secret."""
    if secret is not None:
        trusting(app, liar.url, oidc_client_secret=secret)
    async with browser(app) as anna:
        asked = await begun(anna, liar)
        done = await back(anna, state=asked["state"], code=CODE)
        assert done.status_code == 303, done.text
        assert await anna.is_in()
    (form,) = liar.forms
    assert (form["grant_type"], form["redirect_uri"]) == ("authorization_code", asked["redirect_uri"])
    assert len(form["code_verifier"]) >= 43
    assert bool(liar.auth[0]) is (secret is not None)


async def test_an_issuer_that_binds_no_code_is_not_used(app: App, liar: LyingIssuer) -> None:
    """An issuer that says that it takes no PKCE by S256 signs nobody in."""
    liar.described["code_challenge_methods_supported"] = ["plain"]
    async with browser(app) as anna:
        answer = await anna.get("/sign-in/issuer")
    assert answer.status_code == 503
    assert "does not bind its codes" in answer.text


async def test_a_state_that_nobody_began_signs_nobody_in(app: App, liar: LyingIssuer) -> None:
    """An answer without a state, or with another one, is refused before the issuer is asked for anything."""
    async with browser(app) as anna:
        for said in ({}, {"state": ""}, {"state": "made-up"}, {"state": "x" * 5000}):
            await begun(anna, liar)
            await refused(anna, "belongs to no sign-in", code=CODE, **said)
    assert liar.forms == []


async def test_an_answer_counts_in_the_browser_that_asked(app: App, liar: LyingIssuer) -> None:
    """Login CSRF: who is handed the answer to another's sign-in is not signed in as them, with or without a cookie."""
    async with browser(app) as attacker, browser(app) as victim, browser(app) as fresh:
        theirs = await begun(attacker, liar)
        await begun(victim, liar)
        for one in (victim, fresh):
            await refused(one, "belongs to no sign-in", state=theirs["state"], code=CODE)
    assert liar.forms == []


async def test_an_answer_counts_once(app: App, liar: LyingIssuer) -> None:
    """The same answer a second time signs nobody in, also in the browser that asked."""
    async with browser(app) as anna:
        asked = await begun(anna, liar)
        cookie = anna.http.cookies.get(ELSEWHERE) or ""
        assert (await back(anna, state=asked["state"], code=CODE)).status_code == 303
        anna.http.cookies.clear()
        anna.http.cookies.set(ELSEWHERE, cookie, domain="127.0.0.1")
        await refused(anna, "belongs to no sign-in", state=asked["state"], code=CODE)


async def test_an_answer_comes_within_ten_minutes(app: App, liar: LyingIssuer) -> None:
    """What was begun more than ten minutes ago is over."""
    async with browser(app) as anna:
        asked = await begun(anna, liar)
        await advance(app.database, timedelta(minutes=10.1))
        await refused(anna, "belongs to no sign-in", state=asked["state"], code=CODE)


async def test_a_code_of_another_browser_is_worth_nothing(app: App, liar: LyingIssuer) -> None:
    """A code that was made for another sign-in fails at the issuer by its proof, which only that browser has."""
    async with browser(app) as attacker, browser(app) as victim:
        asked = await begun(victim, liar)
        await begun(attacker, liar)
        await refused(victim, "invalid_grant", state=asked["state"], code=CODE)


@pytest.mark.parametrize(
    "lies,why",
    [
        ({"nonce": "another"}, "another sign-in (nonce)"),
        ({"nonce": None}, "another sign-in (nonce)"),
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"aud": "another"}, "another audience"),
        ({"aud": ["bridgehead", "another"]}, "another audience"),
        ({"aud": ["bridgehead", "another"], "azp": "another"}, "another audience"),
        ({"exp": 1_000_000_000}, "expired"),
        ({"exp": None}, "lacks"),
        ({"sub": " "}, "names nobody"),
        ({"sub": None}, "lacks"),
        ({"groups": ["another"]}, "has no role here"),
        ({"groups": None}, "has no role here"),
        ({"groups": "reviewer"}, "has no role here"),
    ],
)
async def test_a_token_that_is_not_for_this_sign_in_is_refused(
    app: App, liar: LyingIssuer, lies: dict[str, JSON], why: str
) -> None:
    """Another nonce, issuer or audience, a token that is over, of nobody, or of no group with a role: refused."""
    liar.lies = lies
    async with browser(app) as anna:
        asked = await begun(anna, liar)
        await refused(anna, why, state=asked["state"], code=CODE)


async def test_a_token_of_another_key_is_refused(app: App, liar: LyingIssuer) -> None:
    """A token that the issuer's published key did not sign shows nobody."""
    liar.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    async with browser(app) as anna:
        asked = await begun(anna, liar)
        await refused(anna, "no key of", state=asked["state"], code=CODE)


async def test_an_answer_of_another_issuer_is_refused(app: App, liar: LyingIssuer) -> None:
    """Mix-up: an answer that names another issuer (RFC 9207) is not taken to this one; one that names it is."""
    async with browser(app) as anna:
        asked = await begun(anna, liar)
        await refused(anna, "another issuer", state=asked["state"], code=CODE, iss="https://evil.example")
        asked = await begun(anna, liar)
        assert (await back(anna, state=asked["state"], code=CODE, iss=liar.url)).status_code == 303
    assert len(liar.forms) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Told(500), Told(400, body={"error": "<script>alert(1)</script>"}), Told(200, body=[1]),
        Told(200, body={"access_token": "x"}), Told(302, headers={"location": "/elsewhere"}),
        Told(200, raw=b"x" * 600_000),
    ],
)  # fmt: skip
async def test_an_issuer_that_answers_oddly_signs_nobody_in(app: App, liar: LyingIssuer, answer: Told) -> None:
    """No token, too much, a way elsewhere or a script in an error: a page says so and nobody is signed in."""
    liar.answer = answer
    async with browser(app) as anna:
        asked = await begun(anna, liar)
        found = await back(anna, state=asked["state"], code=CODE)
        assert found.status_code in (403, 503)
        assert "<script>alert" not in found.text
        assert not await anna.is_in()


async def test_what_the_answer_says_is_not_repeated(app: App, liar: LyingIssuer) -> None:
    """An error in the address shows up as its code at most: no text of a stranger is on our page."""
    async with browser(app) as anna:
        for error, told in (("access_denied", "access_denied"), ("Call 555-1234 <b>now</b>", "unnamed")):
            asked = await begun(anna, liar)
            answer = await back(anna, state=asked["state"], error=error, error_description="Call 555-1234")
            assert told in answer.text
            assert "555-1234" not in answer.text


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
async def test_the_issuers_way_leads_nowhere_else(app: App, liar: LyingIssuer, target: str) -> None:
    """Open redirect: after the issuer one comes to this console, whatever was asked for."""
    async with browser(app) as anna:
        asked = await begun(anna, liar, target)
        done = await back(anna, state=asked["state"], code=CODE)
        assert (done.status_code, done.headers["location"]) == (303, "/")


async def test_who_is_barred_is_out_at_once_and_stays_out(app: App, liar: LyingIssuer) -> None:
    """A barred subject's session ends at the next request, their next sign-in is refused, and nothing comes back."""
    async with browser(app) as anna:
        asked = await begun(anna, liar)
        await back(anna, state=asked["state"], code=CODE)
        assert await anna.is_in()
        await app.users.bar(liar.url, "anna", by="ops", reason="left")
        assert not await anna.is_in()
        asked = await begun(anna, liar)
        answer = await back(anna, state=asked["state"], code=CODE)
        assert "barred by ops: left" in answer.text
        await app.users.admit(liar.url, "anna", by="ops")
        assert not await anna.is_in()


async def test_a_barred_row_is_enough(app: App, liar: LyingIssuer) -> None:
    """A subject who is barred is nobody even where their session was left open."""
    async with browser(app) as anna:
        asked = await begun(anna, liar)
        await back(anna, state=asked["state"], code=CODE)
        assert await anna.is_in()
        async with app.database.connection() as conn:
            await conn.execute("insert into barred_subjects values (%s, 'anna', 'ops', 'left')", (liar.url,))
        assert not await anna.is_in()


async def test_groups_of_the_last_sign_in_count_for_every_session(app: App, liar: LyingIssuer) -> None:
    """Who signs in with fewer groups has less in the sessions from before, too; other settings count at once."""
    async with browser(app) as desk, browser(app) as phone:
        liar.claims["groups"] = ["sales", "it-ops"]
        asked = await begun(desk, liar)
        await back(desk, state=asked["state"], code=CODE)
        actor = await actor_of_session(app, desk.cookie or "")
        assert actor is not None
        assert actor.may("admin")
        liar.claims["groups"] = ["sales"]
        asked = await begun(phone, liar)
        await back(phone, state=asked["state"], code=CODE)
        actor = await actor_of_session(app, desk.cookie or "")
        assert actor is not None
        assert not actor.may("admin")
        trusting(app, liar.url, oidc_roles="viewer=sales")
        actor = await actor_of_session(app, desk.cookie or "")
        assert actor is not None
        assert sorted(actor.roles) == ["viewer"]
        trusting(app, "https://another.example")
        assert await actor_of_session(app, desk.cookie or "") is None


async def test_an_issuers_anna_is_not_our_anna(app: App, liar: LyingIssuer) -> None:
    """A subject with the name of a local user, or of an admin, has none of their roles and groups."""
    await app.users.add("anna", ["leads"], None, by="ops", roles=["admin"])
    async with browser(app) as anna:
        asked = await begun(anna, liar)
        await back(anna, state=asked["state"], code=CODE)
        actor = await actor_of_session(app, anna.cookie or "")
    assert actor is not None
    assert sorted(actor.roles) == ["reviewer"]
    assert sorted(actor.groups) == ["sales"]
    assert not actor.is_one_of(["anna", "user:anna", "group:leads"])


async def test_what_is_stored_finishes_no_sign_in(app: App, liar: LyingIssuer) -> None:
    """Whoever reads the tables finds neither state, nonce, verifier, cookie nor the issuer's token in them."""
    async with browser(app) as anna:
        asked = await begun(anna, liar)
        cookie = anna.http.cookies.get(ELSEWHERE) or ""
        told = await dump(app)
        await back(anna, state=asked["state"], code=CODE)
        told += await dump(app)
        secrets = [asked["state"], asked["nonce"], cookie, liar.forms[0]["code_verifier"], anna.cookie or "", "eyJ"]
    for secret in secrets:
        assert secret
        assert secret not in told
        assert secret.encode().hex() not in told


async def dump(app: App) -> str:
    async with app.database.connection() as conn:
        told = []
        for table in ("sessions", "sign_ins_elsewhere", "subjects", "ledger", "one_time_links"):
            rows = await (await conn.execute(f"select to_jsonb(t)::text as told from {table} t".encode())).fetchall()
            told += [row["told"] for row in rows]
    return "\n".join(told)
