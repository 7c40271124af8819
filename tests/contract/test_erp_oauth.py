from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from bridgehead.templates.purchase_orders import system
from bridgehead.templates.purchase_orders.erp.openapi import OPERATIONS, SCOPES
from tests.unit.erp import small_master
from tests.unit.erp.asking import asking, opened
from tests.unit.erp.running import RunningErp

GRANT = {"grant_type": "client_credentials"}
TOKEN = "/oauth/token"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    running = RunningErp(tmp_path_factory.mktemp("erp"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def bare(server: RunningErp) -> AsyncIterator[httpx.AsyncClient]:
    """Gives a client that sends no token."""
    async with httpx.AsyncClient(base_url=server.url, timeout=20, trust_env=False) as client:
        yield client
        await client.delete("/faults")


async def grants(http: httpx.AsyncClient) -> int:
    """Returns how many tokens were granted by client credentials."""
    return int((await http.get("/counts")).json()["grants"].get("client_credentials", 0))


async def test_nothing_is_reached_without_a_token(bare: httpx.AsyncClient) -> None:
    """Every documented endpoint that names a scope refuses a request without a token, and books nothing."""
    before = (await bare.get("/health")).json()["orders"]
    closed = [operation for operation in OPERATIONS if operation.scope is not None]
    for operation in closed:
        path = operation.path.replace("{number}", "C100")
        reply = await bare.request(operation.method, path, json=small_master.booking("PO-OPEN"))
        assert (reply.status_code, reply.headers["www-authenticate"]) == (401, 'Bearer realm="erp"'), operation.name
        assert reply.headers["content-type"] == "application/problem+json"
    assert len(closed) == 17
    assert (await bare.get("/health")).json()["orders"] == before


async def test_a_scope_opens_its_own_endpoints_alone(server: RunningErp) -> None:
    """A token of one scope is refused everywhere else with 403 that names the scope that is missing."""
    for scope in SCOPES:
        async with server.http(scope) as http:
            for operation in OPERATIONS:
                if operation.scope is None:
                    continue
                path = operation.path.replace("{number}", "none")
                reply = await http.request(operation.method, path, json={})
                if operation.scope == scope:
                    assert reply.status_code not in {401, 403}, operation.name
                else:
                    assert reply.status_code == 403, operation.name
                    challenge = f'Bearer realm="erp", error="insufficient_scope", scope="{operation.scope}"'
                    assert reply.headers["www-authenticate"] == challenge


@pytest.mark.parametrize("value", ["Bearer nonsense", "bearer nonsense", "Bearer", "Basic YTpi"])
async def test_a_token_that_is_none_is_refused(bare: httpx.AsyncClient, value: str) -> None:
    """Unknown tokens are invalid_token; another scheme is no token at all."""
    reply = await bare.get("/items/A-1", headers={"Authorization": value})
    assert reply.status_code == 401
    assert ('error="invalid_token"' in reply.headers["www-authenticate"]) is value.lower().startswith("bearer")


async def test_a_token_expires_and_can_be_revoked(server: RunningErp, bare: httpx.AsyncClient) -> None:
    """A token that was good is refused once it is revoked by its client, or ended by a planned fault."""
    for end in ("revoke", "fault"):
        sent = {"Authorization": f"Bearer {(token := server.token())}"}
        assert (await bare.get("/items/A-1", headers=sent)).status_code == 200
        if end == "revoke":
            done = await bare.post("/oauth/revoke", data={"token": token}, auth=("bridgehead", server.secret))
            assert done.status_code == 200
        else:
            await bare.post("/faults", json={"path": "/items/*", "mode": "expire_tokens"})
        reply = await bare.get("/items/A-1", headers=sent)
        assert reply.status_code == 401
        assert 'error="invalid_token"' in reply.headers["www-authenticate"]


@pytest.mark.parametrize("method", ["basic", "post"])
async def test_a_grant_has_the_documented_shape(server: RunningErp, bare: httpx.AsyncClient, method: str) -> None:
    """Both ways to sign in bring a bearer token with its lifetime and scopes, which no cache may keep."""
    if method == "basic":
        reply = await bare.post(TOKEN, data=GRANT, auth=("bridgehead", server.secret))
    else:
        form = GRANT | {"client_id": "bridgehead", "client_secret": server.secret}
        reply = await bare.post(TOKEN, data=form)
    granted = reply.json()
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "no-store"
    assert set(granted) == {"access_token", "token_type", "expires_in", "scope"}
    assert (granted["token_type"], granted["expires_in"]) == ("Bearer", 120)
    assert granted["scope"].split() == sorted(SCOPES)


async def test_refresh_tokens_rotate(server: RunningErp, bare: httpx.AsyncClient) -> None:
    """A refresh token brings another pair once; the second time it is invalid_grant, and its family is over."""
    auth = ("bridgehead", server.secret)
    first = (await bare.post(TOKEN, data=GRANT | {"scope": "master:read offline_access"}, auth=auth)).json()
    renewal = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = (await bare.post(TOKEN, data=renewal, auth=auth)).json()
    sent = {"Authorization": f"Bearer {second['access_token']}"}
    assert (await bare.get("/items/A-1", headers=sent)).status_code == 200
    again = await bare.post(TOKEN, data=renewal, auth=auth)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await bare.get("/items/A-1", headers=sent)).status_code == 401


@pytest.mark.parametrize(
    "form, auth, status, error",
    [
        ({}, True, 400, "invalid_request"),
        ({"grant_type": "password"}, True, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, True, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, True, 400, "invalid_grant"),
        (GRANT | {"scope": "orders:read admin"}, True, 400, "invalid_scope"),
        (GRANT | {"client_id": "bridgehead", "client_secret": "x"}, True, 400, "invalid_request"),
        (GRANT | {"client_id": "bridgehead", "client_secret": "x"}, False, 401, "invalid_client"),
        (GRANT, False, 401, "invalid_client"),
    ],
)
async def test_a_refused_grant_says_why(
    server: RunningErp, bare: httpx.AsyncClient, form: dict[str, str], status: int, error: str, *, auth: bool
) -> None:
    """Each refusal of the token endpoint has the status and the code of RFC 6749, section 5.2."""
    signed = httpx.BasicAuth("bridgehead", server.secret) if auth else httpx.Auth()
    reply = await bare.post(TOKEN, data=form or {"scope": "x"}, auth=signed)
    assert (reply.status_code, reply.json()["error"]) == (status, error)
    assert server.secret not in reply.text


@pytest.mark.parametrize("coded", ["Basic", "Basic !!", "Basic YWJj", "Basic YnJpZGdlaGVhZDp3cm9uZw=="])
async def test_wrong_basic_credentials_are_challenged(bare: httpx.AsyncClient, coded: str) -> None:
    """Basic credentials that are wrong or cannot be read get a 401 with a challenge of the same scheme."""
    reply = await bare.post(TOKEN, data=GRANT, headers={"Authorization": coded})
    assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")
    assert reply.headers["www-authenticate"].startswith("Basic")


async def test_forms_that_are_none_are_refused(server: RunningErp, bare: httpx.AsyncClient) -> None:
    """JSON, a parameter that is given twice, bytes that are no text and a huge body are invalid_request."""
    kind, auth = {"Content-Type": "application/x-www-form-urlencoded"}, ("bridgehead", server.secret)
    twice = b"grant_type=client_credentials&grant_type=client_credentials"
    for content in (twice, b"\xff\xfe", b"grant_type=%FF", b"a=" + b"b" * 20_001):
        reply = await bare.post(TOKEN, content=content, headers=kind, auth=auth)
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request"), content[:20]
    assert (await bare.post(TOKEN, json=GRANT, auth=auth)).json()["error"] == "invalid_request"


async def test_a_token_is_renewed_before_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With tokens of five seconds many questions of the template in a row never see a 401."""
    running = RunningErp(tmp_path, ("--faults", "--token-s", "5"))
    running.start()
    try:
        made = opened(running, monkeypatch)
        with asking(made):
            async with httpx.AsyncClient(base_url=running.url, trust_env=False) as http:
                while await grants(http) < 2:
                    await system.orders("C100", "PO-1")
                assert "401" not in (await http.get("/counts")).json()["statuses"]
        await made.connector.aclose()
    finally:
        running.stop()


def test_the_secret_is_its_owners_alone(server: RunningErp) -> None:
    """The file of the secret has mode 0600, and no process shows the secret in its command line."""
    path = server.folder / "erp.secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(server.secret) >= 40
    assert server.process is not None
    assert server.secret.encode() not in Path(f"/proc/{server.process.pid}/cmdline").read_bytes()


@pytest.mark.parametrize("content, mode, named", [("s3cret", 0o644, "others may read"), ("", 0o600, "is empty")])
def test_a_secret_that_is_none_stops_the_start(tmp_path: Path, content: str, mode: int, named: str) -> None:
    """A file of the secret that others may read, or an empty one, ends the start with status 2."""
    master = small_master.written(tmp_path, small_master.master())
    path = tmp_path / "erp.secret"
    path.write_text(content)
    path.chmod(mode)
    module = "bridgehead.templates.purchase_orders.erp"
    command = [sys.executable, "-m", module, "--master", str(master), "--db", str(tmp_path / "erp.sqlite")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert named in done.stderr
