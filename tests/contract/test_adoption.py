"""A deploy in mid-case: a case goes on under a release that would have done the same so far, else with a person."""

from __future__ import annotations

import asyncio
import textwrap
from pathlib import Path

import pytest

from bridgehead.app import App, load_deployment
from bridgehead.cases.undo_ports import Scope
from bridgehead.engine.worker import serving_of
from bridgehead.settings import Settings
from bridgehead.storage.adoptions import Adoptions
from bridgehead.storage.queries_system import probe
from bridgehead.storage.workers import Lease
from tests.support.world import World, end_all

AGENT = """
SEEN = Path(__file__).parent / "seen"

@read(max_age="15m")
async def customer(number: str) -> dict:
    with SEEN.open("a") as seen:
        seen.write("read ")
    return {"number": number, "blocked": False}

@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    enter(po=po, number=f"N-{po}", amount=amount)
    return Booking(f"N-{po}", po, amount)

@reversible(key="po", verify=find)
async def confirm(po: str) -> Booking:
    enter(po=po, number=f"M-{po}", amount=0)
    return Booking(f"M-{po}", po, 0)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    po = case.input["po"]
    await customer("c-1")
    await book(po, 1)
    if await ctx.ask("desk", "Shall it be confirmed?", bool):
        return await confirm(po)
    return Booking("", po)
"""
TOOLS = "customer: allow\nbook: allow\nconfirm: {hold: desk}"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Gives settings under which a release counts as abandoned at once."""
    return settings.model_copy(update={"adopt_after_s": 0.0})


async def asked(world: World) -> None:
    """Brings one case of the first release to its question."""
    await world.deploy(AGENT, tools=TOOLS)
    await world.submit({"po": "1"})
    await world.settle()


async def successor(world: World, code: str, *, tools: str = TOOLS, more: str = "") -> World:
    """Deploys another release beside the first, as the only one that is served from here on."""
    second = World(world.app, world.folder)
    second.loaded = load_deployment(second.write(code, tools=tools, more=more))
    await world.app.register(second.loaded)
    return second


async def notes(world: World, kind: str) -> list[str]:
    """Returns the bodies of a kind of ledger row."""
    rows = await world.rows("select convert_from(body, 'UTF8') as body from ledger order by chain, seq")
    return [str(row["body"]) for row in rows if f'"kind":"{kind}"' in str(row["body"])]


async def test_a_case_goes_on_under_a_release_that_meets_all_that_is_recorded(world: World) -> None:
    """D4: reads, effects and answers are met from the record, and only what is new is done by the new release."""
    await asked(world)
    second = await successor(world, AGENT + "\n# another release\n")
    await world.decide("answer", answer=True)
    await second.settle()
    (case,) = await world.cases()
    assert second.loaded is not None
    assert bytes(case["release"]) == second.loaded.release.digest  # type: ignore[call-overload]
    assert case["state"] == "waiting"  # for the approval that the new release's gate asks for
    assert len(await notes(world, "case.adopted")) == 1
    await world.decide("approve")
    await second.settle()
    assert [one["outcome"] for one in await world.cases()] == ["completed"]
    assert [entry["number"] for entry in world.books()] == ["N-1"]
    assert [entry["number"] for entry in second.books()] == ["M-1"]
    assert (world.place / "seen").read_text() == "read "
    assert not (second.place / "seen").exists()


async def test_what_a_case_did_before_it_was_adopted_is_its_first_releases_doing(world: World) -> None:
    """P8: an undo of a release finds what it did, whatever its cases have gone on under since, and nothing else."""
    await asked(world)
    second = await successor(
        world, AGENT + "\n# another release\n", tools="customer: allow\nbook: allow\nconfirm: allow"
    )
    await world.decide("answer", answer=True)
    await second.settle()
    assert world.loaded is not None
    assert second.loaded is not None
    by_release = {
        of: [
            (done.tool, done.release)
            for done in await world.app.undos.effects(Scope("orders", release=of, words="all"))
        ]
        for of in (world.loaded.release.digest.hex(), second.loaded.release.digest.hex())
    }
    assert list(by_release.items()) == [
        (of, [(tool, of)]) for of, tool in zip(by_release, ("book", "confirm"), strict=True)
    ]


@pytest.mark.parametrize(
    "old, new, says",
    [
        ('    await customer("c-1")\n', "", "read customer"),
        ('    await customer("c-1")\n', '    await customer("c-2")\n', "read customer"),
        ("    await book(po, 1)\n", "    await book(po, 2)\n", "effect book"),
        ("    await book(po, 1)\n", "", "effect book"),
        ("Shall it be confirmed?", "Confirm?", "question R-1"),
        ("    po = case.input", "    raise RuntimeError('broken')\n    po = case.input", "broken"),
        ("Case[dict]", "Case[int]", "input"),
    ],
)
async def test_a_case_goes_to_a_person_when_a_recorded_entry_is_not_met(
    world: World, old: str, new: str, says: str
) -> None:
    """D4: a release that would go another way touches nothing; a person gets the case and reads what did not match."""
    await asked(world)
    second = await successor(world, AGENT.replace(old, new))
    await world.decide("answer", answer=True)
    await second.settle()
    (case,) = await world.cases()
    assert (case["state"], case["error_class"]) == ("with_person", "diverged")
    (review,) = await world.reviews()
    assert says in str(review.shown)
    assert "No worker serves its release" in str(review.shown["reason"])
    assert second.books() == []
    assert not (second.place / "seen").exists()
    assert await notes(world, "case.adopted") == []


LABELLED = AGENT.replace('@read(max_age="15m")', '@read(max_age="15m", labels=%s)')


@pytest.mark.parametrize(
    "before, after, adopted",
    [
        ("{}", '{"*": "system_of_record"}', False),
        ('{"*": "untrusted"}', '{"number": "user"}', False),
        ('{"*": "user"}', '{"*": "system_of_record"}', False),
        ('{"*": "confidential"}', '{"*": "internal"}', False),
        ('{"*": "eu"}', "{}", False),
        ('{"*": "eu"}', '{"*": "us"}', False),
        ('{"*": "system_of_record"}', "{}", True),
        ('{"*": "internal"}', '{"*": "secret"}', True),
        ('{"*": "user"}', '{"*": "user", "elsewhere": "system_of_record"}', True),
    ],
)
async def test_what_was_read_is_never_trusted_more_by_a_later_release(
    world: World, before: str, after: str, adopted: bool
) -> None:
    """P5: results keep the labels they were read under, or lose trust; where they would gain it, a person decides."""
    await world.deploy(LABELLED % before, tools=TOOLS)
    await world.submit({"po": "1"})
    await world.settle()
    second = await successor(world, LABELLED % after)
    await world.decide("answer", answer=True)
    await second.settle()
    assert bool(await notes(world, "case.adopted")) is adopted
    if not adopted:
        (review,) = await world.reviews()
        assert "What customer brought before would be trusted more" in str(review.shown["reason"])


async def test_what_a_tool_brought_that_is_gone_is_nobodys_word(world: World) -> None:
    """P5: a result of a tool that a release has no more is untrusted to it, whatever that tool was once labelled."""
    await world.deploy(LABELLED % '{"*": "system_of_record"}', tools=TOOLS)
    assert world.loaded is not None
    gate = world.loaded.gate
    assert gate.watch("customer").labels.of(("number",)).integrity == "system_of_record"
    assert gate.watch("customer_of_old").labels.of(("number",)).integrity == "untrusted"
    await world.submit({"po": "1"})
    await world.settle()
    gone = AGENT.replace('@read(max_age="15m")\nasync def customer', "@read\nasync def buyer")
    gone = gone.replace('await customer("c-1")', 'await buyer("c-1")')
    second = await successor(world, gone, tools=TOOLS.replace("customer", "buyer"))
    await world.decide("answer", answer=True)
    await second.settle()
    (case,) = await world.cases()
    assert (case["state"], case["error_class"]) == ("with_person", "diverged")


async def test_an_approval_of_the_old_release_is_decided_again_by_the_new_gate(world: World) -> None:
    """D4: what was approved under old rules is sent only if the rules of the release that sends it allow it."""
    await asked(world)
    await world.decide("answer", answer=True)
    await world.settle()
    second = await successor(world, AGENT, tools="customer: allow\nbook: allow\nconfirm: deny")
    await world.decide("approve")
    await second.settle()
    (case,) = await world.cases()
    assert (case["state"], case["error_class"]) == ("with_person", "policy_denied")
    assert second.books() == []


async def test_an_adopted_case_is_never_more_autonomous_than_before(world: World) -> None:
    """P7: a case keeps its level when its deployment has been raised, and takes the lower one when it was lowered."""
    await asked(world)
    await world.app.levels.set_level("orders", "approve", by="tester", why="a step down")
    second = await successor(world, AGENT, tools="customer: allow\nbook: allow\nconfirm: allow")
    await world.decide("answer", answer=True)
    await second.settle()
    (case,) = await world.cases()
    assert case["level"] == "approve"
    assert [review.kind for review in await world.reviews()] == ["approval"]


async def test_of_two_workers_that_adopt_at_once_one_wins(world: World, app: App) -> None:
    """D3: the claim decides who adopts a case; the other one gets nothing."""
    await asked(world)
    second = await successor(world, AGENT)
    assert second.loaded is not None
    await world.decide("answer", answer=True)
    store = Adoptions(app.database, app.vault)
    serving = [serving_of(second.loaded.deployment, second.loaded.release.digest)]
    leases = [Lease(app.database.url, name=f"w{number}", pid=number, lease_s=5) for number in range(2)]
    try:
        (found,) = await store.find(serving, after_s=0.0, most=5)
        claims = await asyncio.gather(*(store.claim(lease.worker_id, found, serving, after_s=0.0) for lease in leases))
    finally:
        for lease in leases:
            lease.close()
    assert len([claim for claim in claims if claim is not None]) == 1


async def test_a_release_that_is_still_served_keeps_its_cases(world: World, app: App) -> None:
    """D4: nobody takes a case whose own release has a worker, or had one within the time a restart takes."""
    await asked(world)
    assert world.loaded is not None
    second = await successor(world, AGENT)
    assert second.loaded is not None
    await world.decide("answer", answer=True)
    store = Adoptions(app.database, app.vault)
    serving = [serving_of(second.loaded.deployment, second.loaded.release.digest)]
    lease = Lease(app.database.url, name="old", pid=1, lease_s=5)
    lease.announce([("orders", world.loaded.release.digest)])
    try:
        assert await store.find(serving, after_s=0.0, most=5) == []
    finally:
        lease.close()
    assert await store.find(serving, after_s=60.0, most=5) == []
    assert len(await store.find(serving, after_s=0.0, most=5)) == 1


async def test_a_worker_that_is_told_to_stop_leaves_its_cases_to_the_next_release_at_once(
    world: World, tmp_path: Path
) -> None:
    """P3: SIGTERM puts aside what does not end by itself; nothing is lost, and what follows goes on from the record."""
    slow = AGENT.replace(
        "    await book(po, 1)\n",
        "    await book(po, 1)\n    while SEEN.with_name('hang').exists():\n        await asyncio.sleep(0.01)\n",
    )
    await world.deploy(slow, tools=TOOLS)
    (world.place / "hang").touch()
    for number in range(3):
        await world.submit({"po": str(number)})
    more = {"BRIDGEHEAD_DRAIN_S": "0.3", "BRIDGEHEAD_ADOPT_AFTER_S": "0.2"}
    first = world.start_worker(**more)
    workers = [first]

    async def booked() -> bool:
        return len(world.books()) == 3  # the orders

    async def asked_all() -> bool:
        return len(await world.reviews()) == 3  # the orders

    try:
        await world.until(booked, what="three bookings")
        file = next(world.place.glob("deploy_*.py"))
        file.write_text(file.read_text() + textwrap.dedent("\n# corrected\n"))
        first.process.terminate()
        code = await asyncio.to_thread(first.process.wait, 20)
        assert code == 0
        assert {row["state"] for row in await world.cases()} == {"due"}
        (world.place / "hang").unlink()
        workers.append(world.start_worker(**more))
        await world.until(asked_all, what="three questions")
    finally:
        end_all(workers)
    assert len(world.books()) == 3  # nothing was booked twice
    assert (world.place / "seen").read_text() == "read read read "
    assert len(await notes(world, "case.adopted")) == 3


async def test_doctor_warns_of_cases_that_nobody_takes_up(world: World, app: App) -> None:
    """D4: an open case whose release no living worker serves is told, and whether another release would try it."""
    await asked(world)
    (left,) = (await probe(app.database.url)).stranded
    assert world.loaded is not None
    assert (left.deployment, left.release, left.cases) == ("orders", world.loaded.release.digest.hex(), 1)
    assert not left.served
    second = await successor(world, AGENT + "\n# another release\n")
    assert second.loaded is not None
    lease = Lease(app.database.url, name="new", pid=1, lease_s=5)
    lease.announce([("orders", second.loaded.release.digest)])
    try:
        (left,) = (await probe(app.database.url)).stranded
        assert left.served
        lease.announce([("orders", world.loaded.release.digest)])
        assert (await probe(app.database.url)).stranded == ()
    finally:
        lease.close()
