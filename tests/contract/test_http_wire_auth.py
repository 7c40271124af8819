from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest

from bridgehead.connectors import http_tokens
from bridgehead.connectors.limits import LocalLimits
from bridgehead.errors import Failed, UserError
from bridgehead.resilience.ports import Bounds
from tests.support.http_server import Asked, Told, http_server
from tests.support.http_wires import Wired
from tests.support.issuer import CLIENT, running_issuer
from tests.support.issuer import SECRET as ISSUER_SECRET

SECRET = "geheim-4711"
ITEMS = Told(body={"items": []})


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_SECRET", SECRET)


class Issuer:
    """A token endpoint and the resource behind it: only the token that it gave last is good."""

    def __init__(self, *, expires_in: object = 3600) -> None:
        self.grants: list[dict[str, str]] = []
        self.heads: list[Mapping[str, str]] = []
        self.expires_in = expires_in
        self.rotates = False
        self.good: set[str] = set()
        self.refuse: Told | None = None
        self.gate: asyncio.Event | None = None
        self.begun = asyncio.Event()

    async def __call__(self, asked: Asked) -> Told:
        if asked.path != "/token":
            return ITEMS if asked.headers.get("authorization", "").removeprefix("Bearer ") in self.good else Told(401)
        self.grants.append(dict(parse_qsl(asked.body.decode())))
        self.heads.append(asked.headers)
        self.begun.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.refuse is not None:
            return self.refuse
        token = f"token-number-{len(self.grants)}"
        self.good = {token}
        more = {"refresh_token": f"refresh-number-{len(self.grants)}"} if self.rotates else {}
        return Told(body={"access_token": token, "token_type": "bearer", "expires_in": self.expires_in, **more})


def oauth2(url: str, **more: object) -> dict[str, object]:
    part = {"token_url": f"{url}/token", "client_id": "me:1", "client_secret": "env:SHOP_SECRET", **more}
    return {"oauth2": part}


@pytest.mark.parametrize(
    "auth, header, value",
    [
        ({"basic": {"user": "me", "password": "env:SHOP_SECRET"}}, "authorization",
         "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()),
        ({"bearer": {"token": "env:SHOP_SECRET"}}, "authorization", f"Bearer {SECRET}"),
        ({"api_key": {"value": "env:SHOP_SECRET", "header": "X-Key"}}, "x-key", SECRET),
        ({"api_key": {"value": "env:SHOP_SECRET", "header": "X-Key", "prefix": "Key "}}, "x-key", f"Key {SECRET}"),
    ],
)  # fmt: skip
async def test_a_credential_travels_as_declared(auth: dict[str, object], header: str, value: str) -> None:
    """Basic, bearer and API key stand in the header that the specification says, with every request."""
    async with http_server(lambda _: ITEMS) as server, Wired(server.url, auth=auth) as wired:
        await wired.find()
        await wired.book()
    assert [one.headers[header] for one in server.asked] == [value, value]


async def test_an_api_key_may_stand_in_the_query() -> None:
    """A key in the query is added to every address, that of a next page too, once."""
    auth = {"api_key": {"value": "env:SHOP_SECRET", "query": "key"}}

    def handler(asked: Asked) -> Told:
        more = {} if "at" in asked.query else {"next": f"/orders?at=1&key={SECRET}"}
        return Told(body={"items": [], **more})

    read = {"request": {"path": "/orders", "query": {"a": "{a}"}}, "paging": {"cursor": {"at": "next"}}}
    async with http_server(handler) as server, Wired(server.url, auth=auth, read=read) as wired:
        await wired.find(a="1")
    assert [one.query for one in server.asked] == [{"a": "1", "key": SECRET}, {"at": "1", "key": SECRET}]


async def test_a_secret_is_read_at_the_call_and_a_rotated_one_is_used_at_once(tmp_path: Path) -> None:
    """A key that was exchanged where it is kept is read anew after a 401; one that did not change is not sent again."""
    key = tmp_path / "key"
    key.write_text("old-key-1\n")
    auth = {"bearer": {"token": "file:key"}}

    def handler(asked: Asked) -> Told:
        if asked.headers["authorization"] == "Bearer new-key-2":
            return ITEMS
        key.write_text("new-key-2" if rotate else "old-key-1")
        return Told(401)

    rotate = False
    async with http_server(handler) as server, Wired(server.url, auth=auth, folder=tmp_path) as wired:
        with pytest.raises(Failed) as failed:
            await wired.find()
        assert (failed.value.error_class, len(server.asked)) == ("auth_expired", 1)
        rotate = True
        await wired.book()
    assert [one.headers["authorization"] for one in server.asked[1:]] == ["Bearer old-key-1", "Bearer new-key-2"]


async def test_a_missing_secret_fails_the_call_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that is not there is named by its reference, and the write did surely not happen."""
    auth = {"bearer": {"token": "env:SHOP_SECRET"}}
    async with http_server(lambda _: ITEMS) as server, Wired(server.url, auth=auth) as wired:
        monkeypatch.delenv("SHOP_SECRET")
        with pytest.raises(Failed, match="SHOP_SECRET") as failed:
            await wired.book()
    assert (failed.value.error_class, failed.value.applied) == ("auth_expired", False)
    assert server.asked == []


async def test_a_token_is_asked_for_once_and_kept() -> None:
    """Client credentials: one grant as RFC 6749 4.4 says it, and the token serves every call until it nears its end."""
    issuer = Issuer()
    async with http_server(issuer) as server:
        async with Wired(server.url, auth=oauth2(server.url, scopes=["a", "b"], audience="shop")) as wired:
            for _ in range(3):
                await wired.find()
        assert issuer.grants == [{"grant_type": "client_credentials", "scope": "a b", "audience": "shop"}]
        assert issuer.heads[0]["authorization"] == "Basic " + base64.b64encode(f"me%3A1:{SECRET}".encode()).decode()
        async with Wired(server.url, auth=oauth2(server.url, style="post")) as wired:
            await wired.find()
    assert issuer.grants[1] == {
        "grant_type": "client_credentials", "client_id": "me:1", "client_secret": SECRET,
    }  # fmt: skip
    assert "authorization" not in issuer.heads[1]


async def test_fifty_calls_share_one_grant() -> None:
    """However many calls need a token at once, also after it was revoked, one is asked for."""
    issuer = Issuer()
    issuer.gate = asyncio.Event()
    async with http_server(issuer) as server, Wired(server.url, auth=oauth2(server.url)) as wired:
        calls = [asyncio.ensure_future(wired.find()) for _ in range(50)]
        await issuer.begun.wait()
        issuer.gate.set()
        await asyncio.gather(*calls)
        assert len(issuer.grants) == 1
        issuer.good = set()
        await asyncio.gather(*(wired.find() for _ in range(50)))
    assert len(issuer.grants) == 2


async def test_several_event_loops_share_one_grant() -> None:
    """Calls on two loops of one process share the token, and its request that is under way."""
    issuer = Issuer()
    issuer.gate = asyncio.Event()
    async with http_server(issuer) as server, Wired(server.url, auth=oauth2(server.url)) as wired:
        first = asyncio.ensure_future(wired.find())
        await issuer.begun.wait()

        async def elsewhere() -> None:
            await wired.find()
            await wired.wire.aclose()

        thread = asyncio.ensure_future(asyncio.to_thread(asyncio.run, elsewhere()))
        issuer.gate.set()
        await asyncio.gather(first, thread)
    assert len(issuer.grants) == 1


async def test_a_token_is_renewed_shortly_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that lasts 100 s serves 90 s, and then another one is asked for before the call."""
    moment = SimpleNamespace(s=1000.0)
    monkeypatch.setattr(http_tokens, "boot_s", lambda: moment.s)
    issuer = Issuer(expires_in="100")
    async with http_server(issuer) as server, Wired(server.url, auth=oauth2(server.url)) as wired:
        for at_s, grants in ((1000.0, 1), (1089.0, 1), (1091.0, 2)):
            moment.s = at_s
            await wired.find()
            assert len(issuer.grants) == grants
    assert all(one.headers.get("authorization") for one in server.asked)


async def test_a_refused_token_is_renewed_once() -> None:
    """After a 401 the call is made again with a new token, a write too; a second 401 is auth_expired, and no loop."""
    issuer = Issuer()
    async with http_server(issuer) as server, Wired(server.url, auth=oauth2(server.url)) as wired:
        await wired.find()
        issuer.good = set()
        assert (await wired.book()).body == {"items": []}
        assert [one.path for one in server.asked] == ["/token", "/orders", "/orders", "/token", "/orders"]
        server.handler = lambda asked: (
            Told(401, {"detail": "no"}) if asked.path != "/token" else Told(body={"access_token": "other-token"})
        )
        before = len(server.asked)
        with pytest.raises(Failed) as failed:
            await wired.book()
    assert (failed.value.error_class, failed.value.applied) == ("auth_expired", False)
    assert [one.path for one in server.asked[before:]] == ["/orders", "/token", "/orders"]


async def test_a_refresh_token_that_rotates_is_followed(tmp_path: Path) -> None:
    """Each grant uses the refresh token of the last; one that was exchanged where it is kept goes before it."""
    (tmp_path / "refresh").write_text("refresh-given")
    issuer = Issuer()
    issuer.rotates = True
    part = {"grant": "refresh_token", "refresh_token": "file:refresh"}
    async with (
        http_server(issuer) as server,
        Wired(server.url, folder=tmp_path, auth=oauth2(server.url, **part)) as wired,
    ):
        for _ in range(3):
            await wired.find()
            issuer.good = set()
        (tmp_path / "refresh").write_text("refresh-anew")
        await wired.find()
    assert [one["refresh_token"] for one in issuer.grants] == [
        "refresh-given", "refresh-number-1", "refresh-number-2", "refresh-anew",
    ]  # fmt: skip
    assert {one["grant_type"] for one in issuer.grants} == {"refresh_token"}


async def test_a_caller_that_gives_up_does_not_lose_the_answer() -> None:
    """A rotated refresh token arrives although the call that asked for it was cancelled."""
    issuer = Issuer()
    issuer.gate = asyncio.Event()
    async with http_server(issuer) as server, Wired(server.url, auth=oauth2(server.url)) as wired:
        first = asyncio.ensure_future(wired.find())
        await issuer.begun.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        issuer.gate.set()
        await wired.find()
    assert len(issuer.grants) == 1


@pytest.mark.parametrize(
    "refusal, error_class",
    [
        (Told(400, {"error": "invalid_grant", "error_description": SECRET}), "auth_expired"),
        (Told(401, {"error": "invalid_client"}), "auth_expired"),
        (Told(403, {"access_token": SECRET}), "forbidden"),
        (Told(503), "dependency_down"),
        (Told(200, {"access_token": None, "t": SECRET}), "invalid_output"),
        (Told(200, {"access_token": "two\nlines"}), "invalid_output"),
        (Told(200, raw=b"<html>", headers={"Content-Type": "text/html"}), "invalid_output"),
        (Told(end="close"), "transient"),
    ],
)
async def test_without_a_token_nothing_is_sent(refusal: Told, error_class: str) -> None:
    """A token endpoint that refuses, fails or talks nonsense fails the call with its class, unsent."""
    issuer = Issuer()
    issuer.refuse = refusal
    async with http_server(issuer) as server, Wired(server.url, auth=oauth2(server.url)) as wired:
        with pytest.raises(Failed) as failed:
            await wired.book()
    assert (failed.value.error_class, failed.value.applied) == (error_class, False)
    assert {one.path for one in server.asked} == {"/token"}
    assert SECRET not in str(failed.value)
    assert SECRET not in repr(failed.value.attributes)


async def test_a_token_endpoint_is_asked_again_when_it_is_overloaded() -> None:
    """A token request that may succeed the next time is made again, and its limit is not taken for the system's."""
    issuer = Issuer()
    told = [Told(429, headers={"Retry-After": "0"}), Told(503)]

    async def handler(asked: Asked) -> Told:
        return told.pop(0) if told and asked.path == "/token" else await issuer(asked)

    async with http_server(handler) as server, Wired(server.url, auth=oauth2(server.url)) as wired:
        await wired.book()
    assert [one.path for one in server.asked] == ["/token", "/token", "/token", "/orders"]
    assert wired.limits.refusals == []


LOGIN = {
    "user": "me",
    "password": "env:SHOP_SECRET",
    "request": {"method": "POST", "path": "/login", "body": ["{user}", "{password}"]},
    "take": {"id": "0", "session": "1"},
    "value": "Session {user}:{id}:{session}|base64",
}


class Sessions:
    """A system with sessions; ``refusal`` is how it says that one has ended."""

    def __init__(self, refusal: Told) -> None:
        self.refusal = refusal
        self.logins = 0
        self.good = ""

    def __call__(self, asked: Asked) -> Told:
        if asked.path == "/login":
            if asked.json != ["me", SECRET]:
                return Told(200, [None, None])
            self.logins += 1
            self.good = "Session " + base64.b64encode(f"me:7:session-{self.logins}".encode()).decode()
            return Told(200, [7, f"session-{self.logins}"])
        return ITEMS if asked.headers.get("authorization") == self.good else self.refusal


@pytest.mark.parametrize("refusal", [Told(401), Told(403, {"code": "ended"}), Told(200, {"error": "session gone"})])
async def test_a_session_that_ended_is_opened_anew_once(refusal: Told) -> None:
    """A session serves every call; after a 401, or what the rules say is one, there is one new login."""
    rules = [
        {"status": 403, "body": {"at": "code", "matches": "ended"}, "error": "auth_expired"},
        {"body": {"at": "error", "matches": "^session"}, "error": "auth_expired", "applied": False},
    ]
    sessions = Sessions(refusal)
    async with http_server(sessions) as server, Wired(server.url, auth={"login": LOGIN}, errors=rules) as wired:
        await wired.find()
        await wired.book()
        assert sessions.logins == 1
        sessions.good = "ended"
        await asyncio.gather(*(wired.book() for _ in range(20)))
        assert sessions.logins == 2


async def test_a_login_that_is_refused_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong password is auth_expired, nothing was done, and no error shows it."""
    monkeypatch.setenv("SHOP_SECRET", "wrong-password")
    sessions = Sessions(Told(401))
    refused = Told(400, {"detail": "wrong-password is wrong"})
    for handler in (sessions, lambda _: refused):
        async with http_server(handler) as server, Wired(server.url, auth={"login": LOGIN}) as wired:
            with pytest.raises(Failed) as failed:
                await wired.book()
        assert (failed.value.error_class, failed.value.applied) == ("auth_expired", False)
        assert "wrong-password" not in str(failed.value)


def sign(
    *, method: str, url: str, headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str]
) -> dict[str, str]:
    return {"X-Signature": f"{method} {url.partition('/orders')[1]} {body.decode()} {secrets['key']}"}


async def sign_later(**given: object) -> dict[str, str]:
    await asyncio.sleep(0)
    return {"X-Signature": "later"}


def sign_badly(**given: object) -> dict[str, str]:
    raise RuntimeError(f"no {given}")


HERE = "tests.contract.test_http_wire_auth"


async def test_a_hook_signs_each_request() -> None:
    """A hook is given the whole request and its secrets and adds headers; one that raises fails the call, unsent."""
    seen: list[str] = []
    async with http_server(lambda _: ITEMS) as server:
        for hook in ("sign", "sign_later"):
            auth = {"hook": f"{HERE}:{hook}", "secrets": {"key": "env:SHOP_SECRET"}}
            async with Wired(server.url, auth=auth) as wired:
                await wired.book()
            seen.append(server.asked[-1].headers["x-signature"])
        async with Wired(
            server.url, auth={"hook": f"{HERE}:sign_badly", "secrets": {"key": "env:SHOP_SECRET"}}
        ) as wired:
            with pytest.raises(Failed, match="sign_badly raised RuntimeError") as failed:
                await wired.book()
    assert seen == ['POST /orders {"po":"PO-1"} ' + SECRET, "later"]
    assert (failed.value.error_class, failed.value.applied, len(server.asked)) == ("bug", False, 2)
    assert SECRET not in str(failed.value)
    for name in (f"{HERE}:nothing", "no_such_module:sign", f"{HERE}:HERE"):
        with pytest.raises(UserError, match=r"auth\.hook"):
            Wired("http://127.0.0.1:1", auth={"hook": name})


async def test_no_error_and_no_log_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a system repeats of what it was sent, no error or log holds a secret or what is made of it."""
    caplog.set_level(logging.DEBUG)
    issuer = Issuer()

    async def echo(asked: Asked) -> Told:
        if asked.path == "/token":
            return await issuer(asked)
        return Told(400, {"detail": f"{asked.headers} {asked.query}", "field": "f"})

    whole: Callable[[Asked], Awaitable[Told]] = echo
    ways: list[dict[str, object]] = [
        {"basic": {"user": "me", "password": "env:SHOP_SECRET"}},
        {"bearer": {"token": "env:SHOP_SECRET"}},
        {"api_key": {"value": "env:SHOP_SECRET", "query": "key"}},
    ]
    async with http_server(whole) as server:
        ways.append(oauth2(server.url))
        for auth in ways:
            async with Wired(server.url, auth=auth, connection={"headers": {"A": "1"}}) as wired:
                with pytest.raises(Failed) as failed:
                    await wired.find()
            text = f"{failed.value} {failed.value.attributes} {failed.value!r} {caplog.text}"
            for secret in (SECRET, "token-number-1", base64.b64encode(f"me:{SECRET}".encode()).decode()):
                assert secret not in text


@pytest.mark.parametrize("style", ["basic", "post"])
async def test_an_issuer_that_follows_the_standards_is_understood(
    style: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both grants work with an issuer that rotates refresh tokens and takes a family back when one comes twice."""
    monkeypatch.setenv("SHOP_SECRET", ISSUER_SECRET)
    with running_issuer() as running:
        part: dict[str, object] = {
            "token_url": running.token_url, "client_id": CLIENT, "client_secret": "env:SHOP_SECRET",
            "scopes": ["read"], "style": style,
        }  # fmt: skip
        read = {"request": {"path": "/whoami"}, "rows": "@"}
        first = running.issuer.grant(running.issuer.client(CLIENT, ISSUER_SECRET), "read offline_access")
        (tmp_path / "refresh").write_text(str(first.refresh_token))
        refresh = {**part, "grant": "refresh_token", "refresh_token": "file:refresh"}
        for auth, grants in (
            (part, {"client_credentials": 3}),
            (refresh, {"client_credentials": 3, "refresh_token": 2}),
        ):
            async with Wired(running.url, read=read, auth={"oauth2": auth}, folder=tmp_path) as wired:
                await asyncio.gather(*(wired.find() for _ in range(20)))
                running.issuer.expire()
                answers = await asyncio.gather(*(wired.find() for _ in range(20)))
            assert answers[0].rows == [{"username": "orders@example.com", "scope": ["read"]}]
            assert running.issuer.grants == grants


async def test_a_call_that_needs_a_token_first_does_not_wait_for_itself() -> None:
    """With room for one request at a time, many calls and their token requests go through one after another."""
    issuer = Issuer()
    async with http_server(issuer) as server:
        limits = LocalLimits("shop", Bounds(concurrency=1))
        async with Wired(server.url, auth=oauth2(server.url), limits=limits) as wired:
            await asyncio.gather(*(wired.find() for _ in range(10)))
            issuer.good = set()
            await asyncio.gather(*(wired.find() for _ in range(10)))
        await limits.aclose()
    assert (server.most, len(issuer.grants)) == (1, 2)
