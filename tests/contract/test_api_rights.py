"""Every route of the API for every role and every scope: let through, or refused with 403, and nothing breaks."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from bridgehead.api.declared import NUMBERED, Route
from bridgehead.api.routes import ROUTES
from bridgehead.app import App
from bridgehead.auth.actor import ALL_RIGHTS, RIGHTS, ROLES, holders
from tests.support.api import Api, serving

WRITES_NOTHING = {"explainCall"}
"""Routes that are asked with a body and change nothing."""


@pytest.fixture
async def api(app: App) -> AsyncIterator[Api]:
    """Gives the API over a running server."""
    async with serving(app) as served:
        yield served


async def asked(client: httpx.AsyncClient, route: Route) -> httpx.Response:
    """Asks for what is not there, with an empty body: rights are looked at before either."""
    path = re.sub(r"\{([a-z]+)\}", lambda one: f"{NUMBERED[one[1]]}-999" if one[1] in NUMBERED else "999", route.path)
    if route.method == "GET":
        return await client.get(path)
    return await client.post(path, json={})


async def test_each_route_takes_its_right_from_each_role(api: Api) -> None:
    """Each route × each role: who has the right is let through, who has not gets 403 and its code, none breaks."""
    for role in ROLES:
        client = await api.client(role)
        for route in ROUTES:
            answer = await asked(client, route)
            allowed = route.right in RIGHTS[role]
            assert answer.status_code < 500, (role, route.name, answer.text)
            refused = answer.status_code == 403 and answer.json()["code"] == "auth.right"
            assert refused is not allowed, (role, route.name, answer.status_code, answer.text)


async def test_each_route_takes_its_scope(api: Api) -> None:
    """Each route × each scope: a token of somebody with all roles that lacks the route's scope gets 403."""
    for scope in ALL_RIGHTS:
        client = await api.client(*ROLES, name=f"all-{scope.replace('.', '-')}", scopes=(scope,))
        for route in ROUTES:
            answer = await asked(client, route)
            assert answer.status_code < 500, (scope, route.name, answer.text)
            if route.right != scope:
                assert answer.status_code == 403, (scope, route.name, answer.text)


async def test_each_route_takes_a_token(api: Api) -> None:
    """Each route without a token is 401, also where its address or body is wrong besides."""
    stranger = api.with_token(None)
    for route in ROUTES:
        assert (await asked(stranger, route)).status_code == 401, route.name


def test_each_right_is_somebodys() -> None:
    """No route asks for a right that no role has; a POST never asks for reading alone."""
    for route in ROUTES:
        assert holders(route.right), route.name
        writes = route.method == "POST" and route.name not in WRITES_NOTHING
        assert not writes or route.right not in ("read", "read.documents"), route.name
    assert len({route.name for route in ROUTES}) == len(ROUTES)


async def test_an_admin_decides_and_undoes_nothing(api: Api) -> None:
    """Separation of duties: with the role admin alone nobody decides a review, undoes an effect or stops a tool."""
    admin = await api.client("admin")
    for path in ("/reviews/R-1/decision", "/reviews/R-1/claim", "/undos", "/undos/preview", "/controls/kill"):
        assert (await admin.post(path, json={})).status_code == 403, path


async def test_people_are_changed_by_another_admin(api: Api) -> None:
    """Admins add, change and disable others, never themselves, and what was ended is ended at the next request."""
    admin = await api.client("admin")
    other = await api.client("viewer", name="vic")
    added = await admin.post("/users", json={"name": "ann", "roles": ["reviewer"]}, headers={"Idempotency-Key": "k"})
    assert added.status_code == 201, added.text
    assert added.json()["path"].startswith("/first-run?code=")
    replay = await admin.post("/users", json={"name": "ann", "roles": ["reviewer"]}, headers={"Idempotency-Key": "k"})
    assert (replay.status_code, replay.json()["code"]) == (409, "api.secret"), "what is shown once is kept nowhere"
    assert (await admin.post("/users/admin/roles", json={"roles": ["reviewer"]})).status_code == 403
    assert (await admin.post("/users/vic/roles", json={"roles": ["operator"]})).json() == {"changed": True}
    assert "operate" in (await other.get("/me")).json()["rights"]
    listed = {one["name"]: one for one in (await admin.get("/users")).json()["items"]}
    assert listed["vic"]["roles"] == ["operator"]
    number = next(one["id"] for one in (await admin.get("/tokens")).json()["items"] if one["subject"] == "vic")
    assert (await admin.post(f"/tokens/{number}/revoke", json={"reason": "lost"})).json() == {"changed": True}
    assert (await other.get("/me")).status_code == 401
    assert (await admin.post("/users/ann/disable", json={"reason": "left"})).json() == {"changed": True}
    assert (await admin.post("/users/nobody/disable", json={"reason": "left"})).status_code == 404
