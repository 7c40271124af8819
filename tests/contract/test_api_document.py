"""The API keeps to its own document, whatever is sent to it: schemathesis over the running server, within a minute."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bridgehead.api.declared import Route
from bridgehead.api.models_desk import LiftedOut
from bridgehead.api.openapi import document
from bridgehead.api.routes import ROUTES
from bridgehead.app import App
from bridgehead.auth.actor import ROLES
from bridgehead.clock import boot_s
from tests.contract.test_api import body, deployed, submitted
from tests.support.api import Api, serving
from tests.support.world import World

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
THERE: Final = {"case": "C-1", "review": "R-1", "effect": "E-1", "arrival": "A-1", "undo": "U-1", "token": "2"}
EXAMPLES: Final = 5
BOUND_S: Final = 45.0


@pytest.fixture
async def api(app: App) -> AsyncIterator[Api]:
    """Gives the API over a running server."""
    async with serving(app) as served:
        yield served


def operations(schema: Any) -> Iterator[Any]:  # noqa: ANN401  # schemathesis exports no type for it
    """Yields the operations of a document."""
    for one in schema.get_all_operations():
        yield one.ok()


def tried(url: str, token: str, routes: Sequence[Route] = ROUTES) -> int:
    """Sends fitting and unfitting requests to each operation; raises where an answer is not as the document says."""
    # Without what it says of tokens: schemathesis would make up some, and this is about what comes behind.
    said = {name: part for name, part in document(routes).items() if name != "security"}
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(said)))
    ends, count = boot_s() + BOUND_S, 0
    for operation in operations(schema):
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if boot_s() < ends:
                with contextlib.suppress(Unsatisfiable):  # nothing about it can be wrong
                    count += _tried(operation, mode, url, token)
    return count


def _tried(operation: Any, mode: GenerationMode, url: str, token: str) -> int:  # noqa: ANN401  # as above
    count = 0

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode), there=st.booleans())
    def one(case: Any, there: bool) -> None:  # noqa: ANN401  # as above
        nonlocal count
        if there:
            case.path_parameters |= {name: THERE[name] for name in case.path_parameters if name in THERE}
        if case.path_parameters.get("token") == "1":  # its own: nothing would be let through any more
            return
        count += 1
        answer = case.call(base_url=url, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code != 401, operation.label
        case.validate_response(answer, checks=CHECKS)

    one()
    return count


@pytest.mark.slow
async def test_no_request_breaks_the_api_or_its_document(world: World, api: Api) -> None:
    """Whatever is sent, no answer is a 5xx, and each is one that the OpenAPI document says, with its schema."""
    await deployed(world)
    token = await api.token("all", ROLES, groups=("desk",))
    client = api.with_token(token)
    await submitted(client, body("PO-1"))
    await submitted(client, body("PO-2", 500), "b.json")
    await world.settle()
    count = await asyncio.to_thread(tried, f"{api.url}/api/v1", token)
    assert count > 2 * len(ROUTES)
    verified = await client.get("/cases/C-1/ledger")
    assert verified.json()["whole"]


async def test_an_answer_of_another_shape_is_found(api: Api) -> None:
    """The check itself finds an answer that is not as the document says, and a status that it does not name."""
    token = await api.token("all", ROLES)
    (me,) = [route for route in ROUTES if route.name == "whoAmI"]
    for lie in (replace(me, answer=LiftedOut), replace(me, status=202)):
        with pytest.raises(FailureGroup):
            await asyncio.to_thread(tried, f"{api.url}/api/v1", token, [lie])
