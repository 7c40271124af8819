"""A deploy in mid-case that changes a connector's file: what was done through the old one counts, or a person looks."""

from __future__ import annotations

import textwrap

import pytest

from bridgehead.app import load_deployment
from bridgehead.connectors.opening import forget
from bridgehead.settings import Settings
from tests.contract.test_connector_in_a_case import CODE, SPEC, TOOLS, booked, erp
from tests.support.world import World
from tests.unit.erp.running import RunningErp

__all__ = ["erp"]  # the fixture of a running ERP
AGENT = CODE.replace(
    "    return made.order_number\n",
    '    if await ctx.ask("desk", "Shall it stand?", bool):\n        return made.order_number\n    return "in doubt"\n',
)
MORE = "connect: [erp.yaml]"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Gives settings under which a release counts as abandoned at once."""
    return settings.model_copy(update={"adopt_after_s": 0.0})


def write(world: World, spec: str) -> None:
    """Writes the deployment with this specification of its ERP."""
    place = world.write(AGENT, tools=TOOLS, more=MORE)
    (place / "erp.yaml").write_text(textwrap.dedent(spec))
    forget(place / "erp.yaml")


async def answered_under(world: World, spec: str) -> tuple[dict[str, object], World]:
    """Brings a case to its question, serves another file from then on, and answers; returns the case."""
    write(world, SPEC)
    await world.deploy(AGENT, tools=TOOLS, more=MORE)
    await world.submit({"po": "PO-9"})
    await world.settle()
    second = World(world.app, world.folder)
    write(second, spec)
    second.loaded = load_deployment(second.place)
    await world.app.register(second.loaded)
    assert world.loaded is not None
    assert second.loaded.release.digest != world.loaded.release.digest, "its file is part of a release"
    await world.decide("answer", answer=True)
    await second.settle()
    (case,) = await world.cases()
    return case, second


@pytest.mark.parametrize(
    "old, new",
    [
        ("timeout: 5s", "timeout: 9s"),
        ("limits: {rate: 500/s, burst: 50", "limits: {rate: 400/s, burst: 40"),
        ("visible_within: 0.5s", "visible_within: 2s"),
        ("    max_age: 1m\n", "    max_age: 5m\n"),
    ],
)
async def test_a_case_goes_on_under_a_changed_connector(world: World, erp: RunningErp, old: str, new: str) -> None:
    """D4: a case that booked through the old file goes on under the new one, and books nothing twice."""
    assert old in SPEC
    case, second = await answered_under(world, SPEC.replace(old, new, 1))
    assert second.loaded is not None
    assert (case["outcome"], bytes(case["release"])) == ("completed", second.loaded.release.digest)  # type: ignore[call-overload]  # a row's value
    assert booked(erp) == ["PO-9"]


async def test_a_connector_that_keys_another_way_leaves_the_case_to_a_person(world: World, erp: RunningErp) -> None:
    """P2: where the new file makes another effect of what was booked, a person gets the case."""
    spec = SPEC.replace("    key: [customer, po_number]\n", "    key: [customer, po_number, order_date]\n", 1)
    assert spec != SPEC
    case, _ = await answered_under(world, spec)
    assert (case["state"], case["error_class"]) == ("with_person", "diverged")
    assert booked(erp) == ["PO-9"]
