"""How long each page of the console takes with 1,000,000 cases and 10,000 open reviews, and how fast it is live.

The store is filled by COPY (``bench/filling.py``), then the columns that pages look at: what cases are found by, how
much they are about, when reviews are due, and an effect for every third case. The console is the real command
(``bridgehead serve --no-worker``) in a process of its own; somebody signs in by its link and opens each page in turn,
many times, over loopback. Live: so many sessions hold their stream open while reviews are claimed one after another;
what counts is how long until the last of them has heard. Pages are timed with those streams open.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Final

import httpx
import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.filling import Filler, Kind
from bench.report import Cell, Report, database_folder
from bench.rivals.usage import Server
from bridgehead.app import App
from bridgehead.cases.finding import worded
from bridgehead.clock import perf_s
from bridgehead.ledger.vault import Vault
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from tests.support.world import World

P95_MS: Final = 300.0
LIVE_S: Final = 5.0
"""A page says that something changed within so long, for the slowest of all sessions."""
CODE: Final = "async def agent(case: Case[dict], ctx: Context) -> dict:\n    return {}\n"
NAME, PASSWORD = "bench-owner", "a sentence for the bench alone"
_TOKEN: Final = re.compile(r'name="csrf" value="([^"]+)"')
_MORE: Final = (
    "insert into case_terms (term, case_id) select (%(customers)s::bytea[])[1 + id % 977], id from cases",
    "insert into case_terms (term, case_id) select %(firm)s, id from cases",
    "insert into arrival_terms (term, arrival_id) select %(word)s, id from arrivals where id % 500 = 0",
    "update cases set cause = (array['price', 'item', 'unit'])[1 + id % 3] where error_class = 'out_of_scope'",
    "insert into case_amounts (case_id, amount, currency) select id, (id * 7919 % 1000000) / 100.0, 'EUR' from cases",
    (
        "update reviews set due_at = bridgehead_now() + (id * 7 % 4000 - 200) * interval '1 minute',"
        " stake = (id * 7919 % 1000000) / 100.0, stake_currency = 'EUR' where state = 'open'"
    ),
    (
        "insert into effects (case_id, deployment, tool, key, args_digest, branch, level, state, epoch, payload,"
        " result, proposed_at, settled_at) select id, deployment, 'book', sha256(id::text::bytea),"
        " sha256(id::text::bytea), '', level, case when id % 90000 = 0 then 'unknown' else 'committed' end, 1, input,"
        " input, opened_at, opened_at from cases where id % 3 = 0"
    ),
    "vacuum (analyze)",
)


def kinds(count: int, reviews: int) -> Iterator[Kind]:
    """Yields the kinds of a store in use in which so many reviews are open, spread over its newest half."""
    every = max(1, count // 2 // reviews)
    left = reviews
    for number in range(count):
        if number >= count // 2 and number % every == 0 and left:
            left -= 1
            yield "with_person" if left % 4 else "waiting_person"
        else:
            yield "done"


async def fill(report: Report, server: Server, folder: Path, count: int, reviews: int) -> tuple[Settings, World]:
    """Returns a filled store, and the deployment in it."""
    place = folder / "store"
    place.mkdir()
    settings = Settings.model_validate({"home": folder / "home", "database_url": server.database("console")})
    async with App.opened(settings) as app:
        world = World(app, place)
        served = await app.serve(await world.deploy(CODE, tools="{}"))
        report.progress(f"filling a store with {count:,} cases, {reviews:,} reviews open")
        filler = Filler(app.vault, served.release)
        await asyncio.to_thread(filler.fill, app.database.url, kinds(count, reviews))
        await asyncio.to_thread(_more, app.database.url, app.vault)
    server.checkpoint()
    return settings, world


def _more(url: str, vault: Vault) -> None:
    names = [worded(vault.hmac, "customer", f"Firm K-{number}") for number in range(977)]
    firm, customers = names[0][0], [name[1] for name in names]
    values = {"firm": firm, "customers": customers, "word": worded(vault.hmac, "document", "order")[0]}
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("set session_replication_role = replica")
        for statement in _MORE:
            named = "%(" in statement
            conn.execute(
                statement.replace(" % ", " %% ").encode() if named else statement.encode(), values if named else None
            )


@asynccontextmanager
async def console(settings: Settings, deployment: Path) -> AsyncIterator[tuple[str, str]]:
    """Gives the console in a process of its own: its address and the first owner's link."""
    url = settings.database_url
    assert url is not None
    environment = {
        **os.environ,
        "BRIDGEHEAD_HOME": str(settings.home),
        "BRIDGEHEAD_DATABASE_URL": url.get_secret_value(),
    }
    command = [sys.executable, "-m", "bridgehead", "serve", str(deployment), "--no-worker", "--port", "0"]
    serving = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        yield await asyncio.wait_for(_told(serving), 60)
    finally:
        if serving.returncode is None:
            serving.terminate()
        await serving.wait()


async def _told(serving: asyncio.subprocess.Process) -> tuple[str, str]:
    assert serving.stdout is not None
    said = ""
    async for line in serving.stdout:
        said += line.decode()
        if found := re.search(r"(http://\S+)/first-run\S+", said):
            return found[1], found[0]
    raise RuntimeError(f"the console did not start: {said}")


async def enter(http: httpx.AsyncClient, link: str) -> None:
    """Becomes the first owner."""
    page = await http.get(link)
    token, code = _TOKEN.search(page.text), re.search(r'name="code" value="([^"]+)"', page.text)
    assert token is not None
    values = {
        "csrf": token[1],
        "code": "" if code is None else code[1],
        "name": NAME,
        "password": PASSWORD,
        "again": PASSWORD,
        "role": ["viewer", "reviewer", "operator", "author", "auditor"],
    }
    origin = str(http.base_url).rstrip("/")
    answer = await http.post("/first-run", data=values, headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 303, answer.text


async def pages(http: httpx.AsyncClient) -> Mapping[str, str]:
    """Returns each page to time, by a name: lists as people filter them, and one of each thing."""
    found = {
        "overview": "/",
        "desk": "/desk",
        "desk, overdue": "/desk?overdue=1",
        "desk, my roles": "/desk?mine=1",
        "desk, all states": "/desk?state=all",
        "desk, rejected": "/desk?state=rejected",
        "cases": "/cases",
        "cases with people": "/cases?state=with_person",
        "cases by class": "/cases?error_class=out_of_scope",
        "cases by customer": "/cases?customer=k-17",
        "cases by words": "/cases?customer=firm+k-17",
        "cases by a frequent word": "/cases?customer=firm",
        "cases by amount": "/cases?from_amount=9990",
        "cases of a day": "/cases?since=2026-01-01",
        "arrivals": "/arrivals",
        "arrivals by a word": "/arrivals?find=order",
        "effects": "/effects",
        "effects, unknown": "/effects?state=unknown",
        "failures": "/failures",
        "connections": "/connections",
        "policies": "/policies",
        "admin": "/admin",
        "account": "/account",
    }
    for name, path in found.items():
        answer = await http.get(path)
        if answer.status_code == httpx.codes.SEE_OTHER:  # a page of one thing, where there is one alone
            found[name] = answer.headers["location"]
    for name, path in (("review", "/desk"), ("case", "/cases"), ("effect", "/effects")):
        link = re.search(rf'class="open" href="(/{name}s/[A-Z]-\d+)"', (await http.get(path)).text)
        assert link is not None, f"{path} lists nothing"
        found[name] = link[1]
    older = re.search(r'rel="next" href="([^"]+)"', (await http.get("/cases")).text)
    assert older is not None
    found["cases, second page"] = older[1].replace("&amp;", "&")
    return found


async def timed(http: httpx.AsyncClient, found: Mapping[str, str], rounds: int) -> Mapping[str, list[float]]:
    """Returns how many milliseconds each answer took, the pages in turn; each is asked once before it counts."""
    took: dict[str, list[float]] = {name: [] for name in found}
    for number in range(rounds + 1):
        for name, path in found.items():
            start_s = perf_s()
            answer = await http.get(path)
            spent_ms = (perf_s() - start_s) * 1000
            if answer.status_code != httpx.codes.OK:
                raise RuntimeError(f"{path} answered {answer.status_code}")
            if number:
                took[name].append(spent_ms)
    return took


def p95(values: Sequence[float]) -> float:
    """Returns the value that one in twenty is above (nearest rank)."""
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


class Stream:
    """One open session that listens for what changed."""

    def __init__(self) -> None:
        self.heard = asyncio.Event()

    async def listen(self, http: httpx.AsyncClient, ready: asyncio.Semaphore) -> None:
        """Sets ``heard`` at each event about reviews, until it is cancelled."""
        async with http.stream("GET", "/live?topics=reviews,cases", timeout=None) as answer:
            if answer.status_code != httpx.codes.OK:
                raise RuntimeError(f"/live answered {answer.status_code}")
            ready.release()
            async for line in answer.aiter_lines():
                if line.startswith("event: reviews"):
                    self.heard.set()


async def act(http: httpx.AsyncClient, review: str, verb: str) -> None:
    """Claims a review or gives it back, as somebody at the desk does."""
    page = await http.get(f"/reviews/{review}")
    token = _TOKEN.search(page.text)
    assert token is not None
    origin = str(http.base_url).rstrip("/")
    answer = await http.post(
        f"/reviews/{review}/{verb}",
        data={"csrf": token[1]},
        headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 303, answer.text


async def live(http: httpx.AsyncClient, streams: Sequence[Stream], review: str, times: int) -> list[float]:
    """Returns how many seconds it took until every session had heard of each change."""
    took = []
    for number in range(times):
        for one in streams:
            one.heard.clear()
        await act(http, review, "claim" if number % 2 == 0 else "release")
        start_s = perf_s()
        async with asyncio.timeout(60):
            await asyncio.gather(*(one.heard.wait() for one in streams))
        took.append(perf_s() - start_s)
    return took


async def measure(report: Report, folder: Path) -> None:
    count, reviews = (40_000, 2_000) if report.quick else (1_000_000, 10_000)
    rounds, sessions = (12, 20) if report.quick else (60, 50)
    url = embedded.start(folder)
    server = Server(url, embedded.status(folder).pid or 0)
    for name, value in (("cases", count), ("open reviews", reviews), ("rounds", rounds), ("open sessions", sessions)):
        report.condition(name, value)
    try:
        settings, world = await fill(report, server, folder, count, reviews)
        async with AsyncExitStack() as stack:
            address, link = await stack.enter_async_context(console(settings, world.folder / world.module))
            limits = httpx.Limits(max_connections=sessions + 10)
            http = await stack.enter_async_context(
                httpx.AsyncClient(base_url=address, limits=limits, timeout=30, trust_env=False)
            )
            await enter(http, link)
            found = await pages(http)
            report.progress(f"{sessions} sessions listen, {len(found)} pages are opened {rounds} times")
            ready = asyncio.Semaphore(0)
            streams = [Stream() for _ in range(sessions)]
            tasks = [asyncio.ensure_future(one.listen(http, ready)) for one in streams]
            for _ in streams:
                await ready.acquire()
            try:
                took = await timed(http, found, rounds)
                heard = await live(http, streams, found["review"].rsplit("/", 1)[-1], 6 if report.quick else 20)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        server.close()
    rows: list[Mapping[str, Cell]] = [
        {"page": name, "p50 ms": round(median(values), 1), "p95 ms": round(p95(values), 1), "path": found[name][:60]}
        for name, values in sorted(took.items(), key=lambda one: -p95(one[1]))
    ]
    report.table("pages, slowest first", rows)
    report.figure("p95 of the slowest page", max(p95(one) for one in took.values()), unit="ms", at_most=P95_MS)
    report.figure("until the last session has heard of a change, worst", max(heard), unit="s", at_most=LIVE_S)
    report.condition("load when done", round(os.getloadavg()[0], 2))


def main(argv: Sequence[str] | None = None) -> None:
    report = Report("console", __doc__ or "", argv, packages="psycopg starlette uvicorn")
    with database_folder() as folder:
        asyncio.run(measure(report, folder))
    sys.exit(report.close())


if __name__ == "__main__":
    main()
