"""Decision 0016: what may be done again stands with the next commit, and never later than what rests on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from bridgehead.cases import segment
from bridgehead.cases.ports import Claim
from bridgehead.cases.writes import EffectMove, EffectOpen, Finish, StepWrite, Write
from bridgehead.storage.queries_cases import CaseQueries
from tests.support.world import World

CODE = """
SAID = []

@read
async def look(n: int) -> list[int]:
    return [n]

@outbound_read()
async def ask(n: int) -> int:
    SAID.append("asked")
    return n

@reversible(key="po", verify=find)
async def book(po: str) -> Booking:
    SAID.append(f"booked {po}")
    enter(po=po, number="N", amount=1)
    return Booking("N", po, 1)

@irreversible(key="po")
async def send(po: str) -> str:
    SAID.append(f"sent {po}")
    return po

"""
TOOLS = "{look: allow, ask: allow, book: allow, send: allow}"


def noted(world: World) -> list[list[str]]:
    """Returns a list that fills with what each commit of a case holds, in short."""
    found: list[list[str]] = []
    commit = world.app.cases.commit

    async def noting(claim: Claim, writes: Sequence[Write], *, actor: str) -> Mapping[str, int]:
        tokens = await commit(claim, writes, actor=actor)
        found.append([name for one in writes if (name := _short(one))])
        return tokens

    world.app.cases.commit = noting  # type: ignore[method-assign]  # listens and passes on
    return found


def _short(write: Write) -> str:
    match write:
        case StepWrite(kind="effect"):
            return ""
        case StepWrite():
            return write.name
        case EffectOpen() | EffectMove():
            return write.state if isinstance(write, EffectOpen) else write.after
        case Finish():
            return "done"
        case _:
            return ""


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets nothing be committed for its age alone."""
    monkeypatch.setattr(segment, "LAG_S", 3_600.0)


async def run(world: World, agent: str) -> list[list[str]]:
    """Runs one case of an agent and returns its commits."""
    await world.deploy(CODE + "async def agent(case: Case[dict], ctx: Context) -> str:\n" + agent, tools=TOOLS)
    found = noted(world)
    await world.submit({"po": "1"})
    await world.settle()
    return found


async def test_an_intent_takes_along_what_it_rests_on(world: World) -> None:
    """P2: reads are on record in the transaction of the intent that rests on them, settlements in the next."""
    found = await run(
        world, "    await look(1)\n    await look(2)\n    await book('1')\n    await book('2')\n    return 'x'\n"
    )
    assert found == [["look", "look", "intended"], ["committed", "intended"], ["committed", "done"]]
    rows = await world.rows(
        "select s.name, s.xmin = e.xmin or e.state = 'committed' as together from steps s, effects e order by s.seq"
    )
    assert [row["name"] for row in rows[::2]] == ["look", "look", "book", "book"]


async def test_what_leaves_the_house_waits_for_what_was_read_before(world: World) -> None:
    """P5: before a question leaves the trust boundary, what it may rest on is committed."""
    found = await run(world, "    await look(1)\n    await ask(1)\n    return 'x'\n")
    assert found == [["look"], ["ask", "done"]]


async def test_a_settlement_that_nobody_could_read_back_waits_for_nothing(world: World) -> None:
    """P2: an effect without verify is settled before its agent goes on."""
    found = await run(world, "    await send('1')\n    await look(1)\n    return 'x'\n")
    assert found == [["intended"], ["committed"], ["look", "done"]]


async def test_an_agent_that_changes_what_it_was_given_changes_no_history(world: World) -> None:
    """P8: the record holds what the tool returned, whatever becomes of it in the agent's hands."""
    await run(world, "    found = await look(1)\n    found.append(99)\n    await book('1')\n    return str(found)\n")
    (case,) = await world.cases()
    seen = await CaseQueries(world.app.database, world.app.vault).case(int(str(case["id"])))
    assert [one.result for one in seen.steps if one.name == "look"] == [[1]]


async def test_reads_survive_an_intent_that_is_turned_down(world: World) -> None:
    """P8: an intent whose key another case has taken is held, and the reads before it are on record."""
    agent = "    await look(1)\n    await book('same')\n    return 'x'\n"
    await run(world, agent)
    await world.submit({"po": "2"})
    await world.settle()
    rows = await world.rows("select case_id, name from steps where name = 'look' order by case_id")
    assert len(rows) == 2
    (review,) = await world.reviews()
    assert review.kind == "conflict"


async def test_what_was_recorded_stands_soon_without_a_further_call(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: an agent that goes on thinking leaves its reads off the record for a tenth of a second at most."""
    monkeypatch.setattr(segment, "LAG_S", 0.1)
    agent = """
    await look(1)
    while not (Path(__file__).parent / "go").exists():
        await asyncio.sleep(0.01)
    return "x"
"""
    await world.deploy(CODE + "async def agent(case: Case[dict], ctx: Context) -> str:" + agent, tools=TOOLS)
    await world.submit({"po": "1"})

    async def there() -> bool:
        return bool(await world.rows("select 1 from steps where name = 'look'"))

    async with world.working():
        await world.until(there, what="the read on record")
        assert (await world.cases())[0]["state"] == "running"
        (world.place / "go").touch()
        await world.until(world.at_rest)
