"""Undoes what agents did in random histories, with people's edits between, and compares the books with a reference.

The system of record is an HTTP process with a log of its own. In each history agents create, change (by compare
and set) and cancel records, under two releases, while people edit or remove the same records. Then one case, one
release or one tool is undone. The reference is the same history replayed without those of the agent's effects that
nobody built on: the books must equal it, every effect that somebody built on must be left with a person, and no
undo may be carried out twice. In a second part the command itself undoes a longer history with replies lost, and is
killed (SIGKILL) again and again; its plan is resumed. In a third part the same histories are undone without reading
the records back, and without what was read back of them when they were made; both must be noticed.

What ``create`` answers holds no note and no state, as many a tool answers less than the record: that a person has
edited them is seen by the image alone. Each undo is also foreseen, as a dry run does it: what became of an effect
must be what was shown, unless it was shown to depend on a later one.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Report, database_folder
from bridgehead.app import App, LoadedDeployment, load_deployment
from bridgehead.cases.foreseeing import differences, foresee
from bridgehead.cases.intake import NewCase, opening
from bridgehead.cases.runner import run_segment
from bridgehead.cases.undo_ports import Done, Scope, UndoPlan
from bridgehead.clock import boot_s
from bridgehead.engine.worker import Served
from bridgehead.gate.decide import Gate
from bridgehead.ids import ArrivalId, CaseId
from bridgehead.settings import Settings
from bridgehead.spec.release import Release
from bridgehead.storage import embedded
from bridgehead.storage.undoing import Undos
from bridgehead.storage.workers import Lease
from tests.support.world import World

ROOT: Final = Path(__file__).resolve().parent.parent
SEED: Final = 20_260_301
AT_ONCE: Final = 4
READING: Final = "reading back"
IMAGES: Final = "images"
CODE: Final = """
import os
import httpx

CLIENT = httpx.AsyncClient(base_url=os.environ["UNDO_DESK"], timeout=10)

@dataclass
class Made:
    id: str
    value: int

@dataclass
class Stored:
    id: str
    value: int
    note: str
    state: str
    was: int = 0

async def record(name):
    answer = await CLIENT.get(f"/r/{name}")
    return None if answer.status_code == 404 else answer.json()

async def act(**asked):
    answer = await CLIENT.post("/act", json=asked)
    if answer.status_code in (404, 409):
        raise Failed(f"the desk said {answer.status_code}", error_class="conflict", applied=False)
    return answer.json()

async def created(*, key, args):
    return await record(args["id"])

async def changed(*, key, args):
    found = await record(args["id"])
    return None if found is None else Stored(**found, was=args["was"])

async def uncreate(*, key, args, result):
    await act(op="remove", id=args["id"], who="undo", key=key)

async def unchange(*, key, args, result):
    await act(op="set", id=args["id"], set={"value": args["was"]}, who="undo", key=key)

async def uncancel(*, key, args, result):
    await act(op="set", id=args["id"], set={"state": "open"}, who="undo", key=key)

async def is_unchanged(*, key, args, result):
    found = await record(args["id"])
    return found is not None and found["value"] == args["was"] and found["note"] == result["note"]

async def is_uncancelled(*, key, args, result):
    found = await record(args["id"])
    return found is not None and {**found, "was": 0} == {**result, "state": "open"}

@read
async def look(id: str) -> dict | None:
    return await record(id)

@reversible(key=("id", "value"), verify=created, undo=uncreate, timeout="5s", cost="0.01 EUR")
async def create(id: str, value: int) -> Made:
    made = await act(op="create", id=id, value=value, who="agent")
    return Made(made["id"], made["value"])

@reversible(key=("id", "to"), verify=changed, undo=unchange, undone=is_unchanged, timeout="5s")
async def change(id: str, was: int, to: int) -> Stored:
    return Stored(**await act(op="set", id=id, set={"value": to}, expect={"value": was}, who="agent"), was=was)

@reversible(key=("id", "at"), verify=created, undo=uncancel, undone=is_uncancelled, timeout="5s")
async def cancel(id: str, at: int) -> Stored:
    return Stored(**await act(op="set", id=id, set={"state": "cancelled"}, expect={"state": "open"}, who="agent"))

async def agent(case: Case[dict], ctx: Context) -> int:
    done = 0
    for op in case.input["ops"]:
        found = await look(op["id"])
        if op["op"] == "create" and found is None:
            await create(op["id"], op["value"])
        elif op["op"] == "change" and found is not None and found["state"] == "open":
            await change(op["id"], found["value"], op["value"])
        elif op["op"] == "cancel" and found is not None and found["state"] == "open":
            await cancel(op["id"], op["value"])
        else:
            continue
        done += 1
    return done
"""
TOOLS: Final = "look: allow\ncreate: allow\nchange: allow\ncancel: allow"


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a history: an agent's operations in one case (``case`` > 0), or one edit of a person."""

    case: int
    release: int
    ops: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Did:
    """One effect of the model: an agent's or a person's write that was carried out."""

    case: int
    release: int
    op: str
    id: str
    set: Mapping[str, Any]


@dataclass(slots=True)
class History:
    """A random history under a name, and what is undone at its end."""

    name: str
    events: list[Event]
    kind: str = "case"
    which: int | str = 1

    @classmethod
    def make(cls, name: str, dice: random.Random, *, cases: int, records: int) -> History:
        """Returns a history; every value and note in it is unique, so that an edit is never undone by chance."""
        events, fresh = list[Event](), iter(range(1, 100_000))
        for case in range(1, cases + 1):
            ops = tuple(
                {
                    "op": dice.choice(("create", "create", "change", "change", "cancel")),
                    "id": f"{name}-{dice.randrange(records)}",
                    "value": next(fresh),
                }
                for _ in range(dice.randint(1, 3))
            )
            events.append(Event(case, 1 if case <= cases // 2 else 2, ops))
            for _ in range(dice.choice((0, 0, 1, 1, 2))):
                what = dice.choice(("value", "note", "note", "remove"))
                edit = {"op": what, "id": f"{name}-{dice.randrange(records)}", "value": next(fresh)}
                events.append(Event(0, 0, (edit,)))
        history = cls(name, events, dice.choice(("case", "release", "tool")))
        history.which = {
            "case": dice.randint(1, cases), "release": dice.choice((1, 2)),
            "tool": dice.choice(("create", "change", "cancel")),
        }[history.kind]  # fmt: skip
        return history

    def holds(self, did: Did) -> bool:
        """Whether an agent's effect is in the scope of the undo."""
        if not did.case:
            return False
        return self.kind == "all" or self.which == {"case": did.case, "release": did.release, "tool": did.op}[self.kind]


def replay(history: History) -> list[Did]:
    """Returns what a desk carries out of a history, by a model of its own."""
    books: dict[str, dict[str, Any]] = {}
    done: list[Did] = []
    for event in history.events:
        for op in event.ops:
            there = books.get(op["id"])
            wanted: dict[str, Any] | None
            if event.case:
                wanted = {
                    "create": {"id": op["id"], "value": op["value"], "note": "", "state": "open"}
                    if there is None
                    else None,
                    "change": {"value": op["value"]} if there and there["state"] == "open" else None,
                    "cancel": {"state": "cancelled"} if there and there["state"] == "open" else None,
                }[op["op"]]
            elif there is None:
                wanted = None
            else:
                wanted = (
                    {}
                    if op["op"] == "remove"
                    else {op["op"]: op["value"] if op["op"] == "value" else f"n{op['value']}"}
                )
            if wanted is not None:
                did = Did(event.case, event.release, op["op"], op["id"], wanted)
                done.append(did)
                _apply(books, did)
    return done


def edit_of(op: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields that a person's edit sets; none for a removal."""
    return {"remove": {}, "value": {"value": op["value"]}, "note": {"note": f"n{op['value']}"}}[op["op"]]


def _apply(books: dict[str, dict[str, Any]], did: Did) -> None:
    if did.op == "remove":
        books.pop(did.id, None)
    else:
        books[did.id] = {**books.get(did.id, {}), **did.set}


def reference(history: History) -> tuple[dict[str, dict[str, Any]], int, int]:
    """Returns the books without the effects that nobody built on, how many those are, and how many are left.

    An effect of the scope is free when nothing that stays was written to its record after it, and when no later
    one that stays, and is still there, is of its case. A record that was removed and made anew by what stays is still
    there: read back under its name it is another one than was left, which is for a person to tell.
    """
    done = replay(history)
    free: set[int] = set()
    stuck: list[Did] = []
    for at in range(len(done) - 1, -1, -1):
        one = done[at]
        if not history.holds(one):
            continue
        after = [index for index in range(at + 1, len(done)) if done[index].id == one.id and index not in free]
        gone = bool(after) and done[after[-1]].op == "remove"
        held_up = any(other.case == one.case for other in stuck)
        if not after and not held_up:
            free.add(at)
        elif not gone or held_up:
            stuck.append(one)
    books: dict[str, dict[str, Any]] = {}
    for at, one in enumerate(done):
        if at not in free:
            _apply(books, one)
    return books, len(free), sum(map(history.holds, done)) - len(free)


def edited(history: History, books: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Returns the records and fields of the books whose content is a person's."""
    by_people = {
        (one.id, field, content) for one in replay(history) if not one.case for field, content in one.set.items()
    }
    return [
        (name, field)
        for name, record in books.items()
        for field in ("value", "note")
        if (name, field, record[field]) in by_people
    ]


class WithoutImages(Undos):
    """A store that has forgotten how the records looked: only what the tools answered is compared."""

    async def effects(self, scope: Scope) -> Sequence[Done]:
        """Returns them without their images."""
        return [replace(done, image=None) for done in await super().effects(scope)]

    async def plan(self, undo_id: int) -> UndoPlan:
        """Returns it without images."""
        plan = await super().plan(undo_id)
        return replace(plan, items=[replace(item, done=replace(item.done, image=None)) for item in plan.items])


@dataclass
class Runs:
    """The app, a lease and the two releases, over which histories are played."""

    app: App
    desk: httpx.AsyncClient
    served: tuple[Served, Served]
    loaded: tuple[LoadedDeployment, LoadedDeployment]
    lease: Lease
    found: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)

    async def play(self, history: History) -> tuple[Served, Served]:
        """Lets a history happen under a deployment of its own, and returns its two releases."""
        served = tuple([await self._named(one, loaded, history.name) for one, loaded in zip(self.served, self.loaded)])  # noqa: B905  # two and two
        for event in history.events:
            if event.case:
                await self._case(served[event.release - 1], event)
            else:
                await self._edit(event.ops[0])
        return served[0], served[1]

    async def _named(self, served: Served, loaded: LoadedDeployment, name: str) -> Served:
        deployment = replace(loaded.deployment, name=name)
        manifest = json.dumps({**json.loads(loaded.release.manifest), "deployment": name}).encode()
        release = Release(hashlib.sha256(manifest).digest(), manifest)
        await self.app.levels.register(name, release.digest, release.manifest, start="autonomous")
        gate = Gate(deployment, {tool: bound.tool for tool, bound in loaded.tools.items()})
        bench = replace(served.bench, deployment=deployment, gate=gate)
        return replace(served, deployment=deployment, release=release.digest, bench=bench)

    async def _case(self, served: Served, event: Event) -> None:
        name = served.deployment.name
        order: dict[str, Any] = {"po": f"{name}-{event.case}", "ops": list(event.ops)}
        stored = await self.app.arrivals.store(
            name, source="file", source_id=order["po"], document=json.dumps(order).encode(), name="o", actor="bench"
        )
        work = await self.app.arrivals.take(ArrivalId(stored.id), [name])
        assert work is not None
        new = opening(
            served.deployment,
            self.app.vault.hmac,
            served.agent.input,
            NewCase(input=order, key={"po": order["po"]}),
            "",
        )
        await self.app.arrivals.settle(work, served.release, [new], [], 3600.0, level="autonomous")
        async with self.app.database.connection() as conn:
            row = await (
                await conn.execute("select case_id from arrival_cases where arrival_id = %s", (stored.id,))
            ).fetchone()
        assert row is not None
        claim = await self.app.workers.claim(self.lease.worker_id, CaseId(row["case_id"]), [served.release])
        assert claim is not None
        became = await run_segment(served.bench, claim, served.agent)
        assert became == "ended", became

    async def _edit(self, op: Mapping[str, Any]) -> None:
        asked: dict[str, Any] = {"id": op["id"], "who": "person", "op": "remove"}
        if op["op"] != "remove":
            asked |= {"op": "set", "set": edit_of(op)}
        await self.desk.post("/act", json=asked)

    async def undo(self, history: History, served: tuple[Served, Served], guard: str = "") -> UndoPlan | None:
        """Undoes the history's scope with the code of its second release; ``guard`` is what is taken away."""
        undoing = self.app._undoing_of(served[1])  # noqa: SLF001  # the worker's own way
        if guard == READING:
            undoing = replace(undoing, checks=False)
        elif guard == IMAGES:
            undoing = replace(undoing, store=WithoutImages(self.app.database, self.app.vault))
        case_id = None
        if history.kind == "case":
            async with self.app.database.connection() as conn:
                rows = await (
                    await conn.execute("select id from cases where deployment = %s order by id", (history.name,))
                ).fetchall()
            case_id = rows[int(history.which) - 1]["id"]
        release = served[int(history.which) - 1].release.hex() if history.kind == "release" else None
        tool = str(history.which) if history.kind == "tool" else None
        scope = Scope(history.name, case_id=case_id, release=release, tool=tool, words=history.kind)
        effects = await undoing.store.effects(scope)
        found = await foresee(effects, undoing, by="bench", unchecked=False)
        chosen = [(done, undoing.hindrance(done)) for done in effects]
        number = await undoing.store.make(scope, chosen, by="bench", reason="a bench", unchecked=False)
        if number is None:
            return None
        assert await undoing.run(number)
        plan = await undoing.store.plan(number)
        depending = {one.done.effect_id for one in found if one.depending}
        told = differences(found, plan)
        became = {effect_id for effect_id, _ in told}
        if became - depending and len(self.missed) < 3:  # enough to look into
            self.missed.append(f"{history.name}: {told}")
        self.found["shown as depending on a later one"] += len(depending)
        self.found["of these left"] += len(became & depending)
        self.found["became something else than shown"] += len(became - depending)
        return plan

    async def compare(self, history: History, plan: UndoPlan | None) -> bool:
        """Compares the books with the reference, and what was undone and left with what had to be."""
        wanted, free, left = reference(history)
        told = (await self.desk.get("/books")).json()
        books = {name: one for name, one in told["records"].items() if name.startswith(f"{history.name}-")}
        items = [] if plan is None else plan.items
        undone = sum(item.state == "undone" for item in items)
        equal = books == wanted
        counts = (undone, len(items) - undone) == (free, left)
        self.found["histories"] += 1
        self.found["undone"] += undone
        self.found["left"] += len(items) - undone
        self.found["books differ"] += not equal
        self.found["counts differ"] += not counts
        self.found["edits lost"] += sum(
            books.get(name, {}).get(field) != wanted[name][field] for name, field in edited(history, wanted)
        )
        if not (equal and counts) and len(self.missed) < 3:  # enough to look into
            self.missed.append(
                f"{history.name} ({history.kind} {history.which}): {undone}/{free} undone; {wanted} {books}"
            )
        return equal and counts


def doubled(log: Sequence[Mapping[str, Any]]) -> int:
    """Returns how many undos the desk carried out more than once."""
    keys = Counter((one["key"], one["id"], one["op"]) for one in log if one["who"] == "undo")
    return sum(count - 1 for count in keys.values())


@asynccontextmanager
async def desk_process(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Runs the system of record for the length of the block."""
    port = folder / "desk.port"
    process = subprocess.Popen([sys.executable, str(ROOT / "bench" / "undo_desk.py"), str(port)])  # noqa: ASYNC220  # returns at once
    try:
        while not port.exists():  # noqa: ASYNC110  # another process makes it
            await asyncio.sleep(0.02)
        os.environ["UNDO_DESK"] = f"http://127.0.0.1:{port.read_text()}"
        async with httpx.AsyncClient(base_url=os.environ["UNDO_DESK"], timeout=20) as client:
            yield client
    finally:
        process.terminate()
        process.wait(10)


async def many(runs: Runs, count: int, dice: random.Random, prefix: str, guard: str = "") -> int:
    """Plays and undoes histories, several at once; returns how many came out as the reference says."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> bool:
        async with gate:
            history = History.make(
                f"{prefix}{number}", random.Random(dice.random()), cases=6, records=5
            )  # seeded on purpose
            served = await runs.play(history)
            return await runs.compare(history, await runs.undo(history, served, guard))

    return sum(await asyncio.gather(*(one(number) for number in range(count))))


async def killed(runs: Runs, world: World, dice: random.Random, number: int, report: Report) -> tuple[bool, int]:
    """Lets the command undo a long history, kills it again and again, and compares; returns also how many kills."""
    name = f"killed{number}"
    place = world.folder / name
    shutil.copytree(runs.loaded[1].deployment.folder, place)
    file = place / "bridgehead.yaml"
    file.write_text(file.read_text().replace("deployment: orders", f"deployment: {name}"))
    history = History.make(name, dice, cases=30, records=20)
    history.kind = "all"
    await runs.play(history)
    await runs.desk.post("/mode", json={"slow_s": 0.05, "lose_every": 7})
    environment = world.environment(UNDO_DESK=os.environ["UNDO_DESK"])
    command = [sys.executable, "-m", "bridgehead", "undo", "--deployment", str(place)]
    first = [*command, "--yes", "--why", "a bench", "--by", "bench"]
    kills, plan_id = 0, 0
    while True:
        further = [*command, "--resume", f"U-{plan_id}"] if plan_id else first
        process = subprocess.Popen(  # noqa: ASYNC220  # returns at once
            further, env=environment, cwd=world.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        before = len((await runs.desk.get("/books")).json()["log"])
        ends = boot_s() + 60
        fatal = before + dice.randint(1, 4) if kills < 6 else 10**9  # then it may end
        while process.poll() is None and boot_s() < ends:
            if len((await runs.desk.get("/books")).json()["log"]) >= fatal:
                await asyncio.sleep(dice.random() * 0.06)
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGKILL)
                kills += 1
                break
            await asyncio.sleep(0.005)
        process.wait(60)
        unfinished = await runs.app.undos.unfinished([name])
        if unfinished:
            plan_id = unfinished[0]
        elif plan_id or process.returncode in (0, 1):
            break
        report.progress(f"{name}: {kills} kills")
    await runs.desk.post("/mode", json={"slow_s": 0.0, "lose_every": 0})
    async with runs.app.database.connection() as conn:
        row = await (await conn.execute("select id from undos where deployment = %s", (name,))).fetchone()
    assert row is not None
    return await runs.compare(history, await runs.app.undos.plan(row["id"])), kills


async def measure(report: Report, folder: Path) -> None:
    count, long, guard = (50, 1, 12) if report.quick else (1000, 5, 50)
    for name, value in (("seed", SEED), ("histories", count), ("of them at once", AT_ONCE), ("killed histories", long)):
        report.condition(name, value)
    chosen = Settings.model_validate({"home": folder, "database_url": embedded.start(folder), "concurrency": 8})
    dice = random.Random(SEED)  # seeded on purpose
    # The kills throw the first one's dice as often as they happen; what the guards are shown by is always the same.
    guarded = random.Random(SEED)
    async with desk_process(folder) as desk, App.opened(chosen) as app:
        world = World(app, folder)
        loaded = [await world.deploy(CODE, tools=TOOLS)]
        again = World(app, folder)
        loaded.append(load_deployment(again.write(CODE + "\n# the second release\n", tools=TOOLS)))
        served = [await app.serve(one) for one in loaded]
        lease = Lease(app.database.url, name="bench", pid=os.getpid(), lease_s=3600.0)
        try:
            runs = Runs(app, desk, (served[0], served[1]), (loaded[0], loaded[1]), lease)
            started = boot_s()
            report.progress(f"{count} histories")
            await many(runs, count, dice, "h")
            took = boot_s() - started
            kills, whole = 0, 0
            for number in range(long):
                equal, times = await killed(runs, world, dice, number, report)
                kills, whole = kills + times, whole + equal
            twice = doubled((await desk.get("/books")).json()["log"])
            report.progress("without reading back")
            blind, half = replace_found(runs), replace_found(runs)
            right = await many(blind, guard, guarded, "g", READING)
            report.progress("without images")
            right_half = await many(half, guard, guarded, "i", IMAGES)
        finally:
            lease.close()
    for missed in runs.missed:
        report.progress(missed)
    found = runs.found
    report.table("histories", [dict(found.items())])
    report.figure("histories undone in a second", count / took, unit="1/s")
    report.figure("histories whose books differ from the reference", found["books differ"], exactly=0)
    report.figure("histories with an effect undone or left wrongly", found["counts differ"], exactly=0)
    report.figure("people's edits lost", found["edits lost"], exactly=0)
    report.figure(
        "effects of which something else became than was shown", found["became something else than shown"], exactly=0
    )
    report.figure("undos carried out twice", twice, exactly=0)
    report.figure("effects undone", found["undone"], at_least=count / 2)
    report.figure("effects left to people", found["left"], at_least=count / 2)
    report.figure("kills of the command while it undid", kills, at_least=3 * long)
    report.figure("killed histories that came out right", whole, exactly=long)
    report.figure("without reading back: histories that came out wrong", guard - right, at_least=1)
    report.figure("without reading back: people's edits lost", blind.found["edits lost"], at_least=1)
    report.figure("without images: histories that came out wrong", guard - right_half, at_least=1)


def replace_found(runs: Runs) -> Runs:
    """Returns the same with counts of its own."""
    return Runs(runs.app, runs.desk, runs.served, runs.loaded, runs.lease)


def main(argv: Sequence[str] | None = None) -> None:
    report = Report("undo", __doc__ or "", argv, packages="psycopg httpx")
    with database_folder() as folder:
        asyncio.run(measure(report, folder))
    sys.exit(report.close())


if __name__ == "__main__":
    main()
