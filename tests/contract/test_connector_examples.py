"""The example connectors over systems generated from our own OpenAPI documents, and every connector proved."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bridgehead.connectors.connector import Connector
from bridgehead.connectors.load import load_specification
from bridgehead.connectors.opening import open_connector
from bridgehead.connectors.toolset import bound_tools
from bridgehead.errors import Failed
from tests.support.examples import CALLS, HERE, INCIDENT, ORDER, PAYMENT, SETTINGS, TICKET, generated
from tests.support.generated_api import GeneratedApi
from tests.support.http_server import HttpServer
from tests.support.record_systems import proved

ROOT: Final = Path(__file__).resolve().parents[2]
PLACES: Final = ("src", "examples", "tests", "docs", "bench")
NAMES: Final = sorted(CALLS)

GAPS: Final[dict[str, dict[str, str]]] = {}
"""What of a recorded specification is not proved, and why."""

READS: Final[dict[str, tuple[str, dict[str, Any], int]]] = {
    "salesforce": ("find_accounts", {"name": 'Sonne "&" O\'Neill'}, 3),
    "servicenow": ("find_incidents", {"key_of_case": "C-1"}, 3),
    "ticketing": ("find_tickets", {"key_of_case": "C-1"}, 3),
    "knowledge": ("find_pages", {"space": "OPS"}, 3),
    "billing": ("find_payments", {"customer": "cus_1"}, 3),
}
WRITES: Final[dict[str, tuple[str, dict[str, Any], dict[str, Any]]]] = {
    "salesforce": ("put_order", ORDER, {"total": "1.00"}),
    "servicenow": ("open_incident", INCIDENT, {"summary": "something else"}),
    "ticketing": ("open_ticket", TICKET, {"subject": "something else"}),
    "billing": ("ask_payment", PAYMENT, {"amount_minor": 1}),
}


def specifications() -> list[Path]:
    """Returns every connector specification in the repository, wherever it stands."""
    found: list[Path] = []
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*.y*ml")):
            if path.name.endswith((".recorded.yaml", ".recorded.yml")):
                continue
            read = yaml.safe_load(path.read_text(encoding="utf-8"))
            if isinstance(read, dict) and {"connector", "kind"} <= set(read):
                found.append(path)
    return found


@dataclass(frozen=True, slots=True)
class Example:
    """One example, opened over its generated system."""

    name: str
    connector: Connector
    api: GeneratedApi
    server: HttpServer


@pytest.fixture
async def example(request: pytest.FixtureRequest) -> AsyncIterator[Example]:
    name: str = request.param
    async with generated(name) as (api, server):
        connector = open_connector(HERE / f"{name}.yaml")
        yield Example(name, connector, api, server)
        await connector.aclose()


def of(*names: str) -> pytest.MarkDecorator:
    """Runs a test for these examples, or for all."""
    return pytest.mark.parametrize("example", names or NAMES, indirect=True)


async def failing(work: Awaitable[object]) -> Failed:
    with pytest.raises(Failed) as caught:
        await work
    return caught.value


@pytest.mark.parametrize("path", specifications(), ids=lambda path: str(path.relative_to(ROOT)))
async def test_every_connector_in_the_repository_is_proved(path: Path) -> None:
    """Of every specification that there is, each behaviour that applies is proved over its recordings."""
    gaps = GAPS.get(str(path.relative_to(ROOT)), {})
    proof = await proved(path, allow=gaps)
    assert proof.verdicts
    assert [f"{one.tool}: {one.behaviour}: {one.why}" for one in proof.open] == []
    assert {one.behaviour for one in proof.verdicts if one.allowed} == set(gaps), "a gap that is closed is taken out"


def test_the_examples_are_among_them_and_say_that_they_were_not_tried() -> None:
    """Each example has a generated system, is found like every connector, and says what it was not run against."""
    found = [path for path in specifications() if path.parent == ROOT / HERE]
    assert [path.stem for path in found] == NAMES
    assert sorted(SETTINGS) == sorted(READS) == NAMES
    page = (ROOT / "docs/reference/connector-examples.md").read_text(encoding="utf-8")
    for path in found:
        assert load_specification(path).untried == "not run against the vendor"
        assert f"`{path.stem}.yaml`" in page


@of()
async def test_lists_are_read_through_to_their_end(example: Example) -> None:
    """A list that comes in pages is read whole, and a limit is waited for."""
    name, arguments, count = READS[example.name]
    example.api.throttled = 1
    reading = await example.connector.read(name, arguments)
    assert len(reading.records) == count
    pages = [one for one in example.server.asked if one.method == "GET"]
    assert len(pages) == 3, "one that was refused, and two pages"


@of(*WRITES)
async def test_a_write_whose_reply_is_lost_is_made_once(example: Example) -> None:
    """A lost reply leaves the effect open; it is found by reading back, and neither made nor changed again."""
    name, arguments, other = WRITES[example.name]
    connector, api = example.connector, example.api
    assert await connector.verify(name, arguments, key="k-1") is None
    api.loses = 1
    assert (await failing(connector.act(name, arguments, key="k-1"))).applied is None
    assert api.writes == 1
    there = await connector.verify(name, arguments, key="k-1")
    assert there is not None
    assert await connector.act(name, arguments, key="k-1") == there
    assert api.writes == 1
    failed = await failing(connector.act(name, {**arguments, **other}, key="k-1"))
    assert (failed.error_class, failed.applied) == ("conflict", False)
    assert api.writes == 1
    undo = bound_tools(connector)[name].undo
    assert undo is not None
    await undo(key="k-1", args=arguments, result=there)
    assert await connector.verify(name, arguments, key="k-1") is None
    assert api.writes == 2


UNFIT: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "salesforce": ({"currency": "euro"}, "does not match"),
    "billing": ({"amount_minor": 0}, "minimum"),
}


@of(*UNFIT)
async def test_the_system_s_own_errors_are_classified(example: Example) -> None:
    """What the system refuses by its own shape of errors is invalid input, surely not done, with its own reason."""
    name, arguments, _ = WRITES[example.name]
    wrong, said = UNFIT[example.name]
    failed = await failing(example.connector.act(name, {**arguments, **wrong}, key="k-1"))
    assert (failed.error_class, failed.applied) == ("invalid_input", False)
    assert said in failed.message
    assert example.api.writes == 0


@of()
async def test_a_refused_credential_is_known(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that the system does not take is auth_expired, and stands in no error."""
    (secret,) = [name for name in SETTINGS[example.name] if name.endswith(("SECRET", "PASSWORD", "TOKEN", "KEY"))]
    monkeypatch.setenv(secret, "a-wrong-secret")
    name, arguments, _ = READS[example.name]
    failed = await failing(example.connector.read(name, arguments))
    assert (failed.error_class, failed.applied) == ("auth_expired", False)
    assert "a-wrong-secret" not in str(failed)


@of("salesforce", "knowledge")
async def test_no_argument_ends_the_quotes_of_a_query(example: Example) -> None:
    """Quotes and backslashes in an argument are part of what is looked for, never of the query."""
    name, arguments, _ = READS[example.name]
    (field,) = arguments
    for text in ("x' OR Name = 'Mond GmbH", '" OR space = "HR', "\\' OR Name = 'Mond GmbH", '\\" OR space = "HR', "\\"):
        assert not (await example.connector.read(name, {field: text})).records
    failed = await failing(example.connector.read(name, {field: "a\nb"}))
    assert (failed.error_class, failed.applied) == ("invalid_input", False)
