from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.issuer import CLIENT, SECRET, RunningIssuer, running_issuer

AUTH = httpx.BasicAuth("bridgehead", "issuer-s3cret%2B%2F%26%3D")
GRANT = {"grant_type": "client_credentials", "scope": "read mail offline_access"}


@pytest.fixture(scope="module")
def issuer() -> Iterator[RunningIssuer]:
    with running_issuer() as running:
        yield running


@pytest.fixture
def http(issuer: RunningIssuer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=issuer.url, trust_env=False) as client:
        yield client


def test_both_ways_to_sign_in_carry_any_secret(http: httpx.Client) -> None:
    """A secret with signs is accepted form-encoded, in the body and inside Basic, and refused unencoded in Basic."""
    form = GRANT | {"client_id": CLIENT, "client_secret": SECRET}
    assert http.post("/token", data=form).status_code == 200
    assert http.post("/token", data=GRANT, auth=AUTH).status_code == 200
    assert http.post("/token", data=GRANT, auth=(CLIENT, SECRET)).status_code == 401


def test_grants_are_counted_by_their_kind(issuer: RunningIssuer, http: httpx.Client) -> None:
    """The counter grows with what was granted, not with what was refused."""
    before = issuer.issuer.grants.copy()
    first = http.post("/token", data=GRANT, auth=AUTH).json()
    renewal = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    assert http.post("/token", data=renewal, auth=AUTH).status_code == 200
    assert http.post("/token", data=renewal, auth=AUTH).status_code == 400
    assert issuer.issuer.grants - before == {"client_credentials": 1, "refresh_token": 1}


def test_introspection_follows_the_token(issuer: RunningIssuer, http: httpx.Client) -> None:
    """A resource server that signs in sees whose a token is until it is revoked; a stranger sees nothing."""
    token = http.post("/token", data=GRANT, auth=AUTH).json()["access_token"]
    found = httpx.post(issuer.introspection_url, data={"token": token}, trust_env=False).json()
    assert (found["active"], found["username"], found["client_id"]) == (True, "orders@example.com", CLIENT)
    assert found["scope"].split() == ["mail", "offline_access", "read"]
    assert 0 < found["expires_in"] <= 120
    assert http.post("/introspect", data={"token": token}).status_code == 401
    assert http.post("/revoke", data={"token": token}, auth=AUTH).status_code == 200
    after = httpx.post(issuer.introspection_url, data={"token": token}, trust_env=False).json()
    assert after == {"active": False}


def test_a_resource_refuses_what_ended(issuer: RunningIssuer, http: httpx.Client) -> None:
    """The protected resource serves a good token and refuses it with invalid_token once the test ended it."""
    sent = {"Authorization": f"Bearer {http.post('/token', data=GRANT, auth=AUTH).json()['access_token']}"}
    assert http.get("/whoami", headers=sent).json()["username"] == "orders@example.com"
    issuer.issuer.expire()
    reply = http.get("/whoami", headers=sent)
    assert (reply.status_code, "invalid_token" in reply.headers["www-authenticate"]) == (401, True)


def test_planned_answers_come_first(issuer: RunningIssuer, http: httpx.Client) -> None:
    """The token endpoint gives what the test planned, in its order, and then works again."""
    issuer.answers.extend([(503, {"error": "temporarily_unavailable"}), (200, None)])
    replies = [http.post("/token", data=GRANT, auth=AUTH) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [503, 200, 200]
    assert replies[1].text == "<html>"
    assert "access_token" in replies[2].json()
