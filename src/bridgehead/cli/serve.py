"""``serve`` and ``worker``: the process that reads arrivals, runs cases and shows the console until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Protocol

import typer

from bridgehead.cli import opening
from bridgehead.cli.intakes import Sources, open_sources
from bridgehead.cli.log import log_to_terminal
from bridgehead.cli.options import FoldersArgument, Idle
from bridgehead.cli.output import clean, note
from bridgehead.clock import perf_s

if TYPE_CHECKING:
    from bridgehead.app import App, LoadedDeployment
    from bridgehead.connectors.watching import Source
    from bridgehead.console.serving import ConsoleServer
    from bridgehead.engine.worker import Served
    from bridgehead.settings import Settings
    from bridgehead.storage.queries import Queries

_STATUS_S: Final = 0.5
_STATUS_REST: Final = 50
"""The pause between two lines of the status is at least so many times what the counting took."""
_IDLE_S: Final = 0.2

Concurrency = Annotated[
    int | None,
    typer.Option(
        "--concurrency", metavar="N", min=1, max=512, help="Cases at the same time; see BRIDGEHEAD_CONCURRENCY."
    ),
]

WebhookPort = Annotated[
    int | None,
    typer.Option(
        "--webhook-port", metavar="PORT", min=0, max=65535, help="Where to take webhooks; see BRIDGEHEAD_WEBHOOK_PORT."
    ),
]

Port = Annotated[
    int | None,
    typer.Option(
        "--port", metavar="PORT", min=0, max=65535, help="Where to show the console; see BRIDGEHEAD_HTTP_PORT."
    ),
]

NoWorker = Annotated[
    bool, typer.Option("--no-worker", help="Show the console and the API only; workers run elsewhere.")
]

NoConsole = Annotated[bool, typer.Option("--no-console", help="Run cases only; no port is opened.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(epilog="Example: bridgehead serve orders")(serve)
    app.command(epilog="Example: bridgehead worker orders --until-idle")(worker)


def serve(
    deployments: FoldersArgument,
    concurrency: Concurrency = None,
    webhook_port: WebhookPort = None,
    port: Port = None,
    until_idle: Idle = False,
    no_worker: NoWorker = False,
    no_console: NoConsole = False,
) -> None:
    """Run deployments and the console, with a status line on a terminal.

    Reads arrivals, runs cases, takes what comes in by the sources under `intake`, and shows the
    console and the API, whose address is printed. Ctrl-C or SIGTERM lets running cases come to the
    end of what they do, then exits with 0.
    """
    if no_worker and (no_console or until_idle):
        other = "--no-console" if no_console else "--until-idle"
        raise typer.BadParameter(f"leaves nothing to do together with {other}", param_hint="--no-worker")
    chosen = opening.settings(concurrency=concurrency, webhook_port=webhook_port, http_port=port)
    parts = Parts(worker=not no_worker, console=not no_console)
    opening.run(_serve(deployments, chosen, parts, until_idle=until_idle, live=sys.stdout.isatty()))


def worker(
    deployments: FoldersArgument,
    concurrency: Concurrency = None,
    webhook_port: WebhookPort = None,
    until_idle: Idle = False,
) -> None:
    """Run deployments in one worker process.

    Start as many as you like, on as many machines as you like, over one database: they share
    the work. SIGTERM lets running cases come to the end of what they do, then exits with 0.
    """
    chosen = opening.settings(concurrency=concurrency, webhook_port=webhook_port)
    opening.run(_serve(deployments, chosen, Parts(console=False), until_idle=until_idle, live=False))


@dataclass(frozen=True, slots=True)
class Parts:
    """What one process does: the work, the console, or both."""

    worker: bool = True
    console: bool = True


class Running(Protocol):
    """What a process runs until it is told to stop."""

    async def run(self) -> None:
        """Runs to its end."""
        ...

    def stop(self) -> None:
        """Brings the end about."""
        ...


class NoWork:
    """Stands where no worker runs: waits to be stopped."""

    def __init__(self) -> None:
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Waits until it is stopped."""
        await self._stopped.wait()

    def stop(self) -> None:
        """Ends the wait."""
        self._stopped.set()


async def _serve(folders: Sequence[Path], chosen: Settings, parts: Parts, *, until_idle: bool, live: bool) -> None:
    loaded = opening.load_all(folders)
    with log_to_terminal(chosen.log, live=live):
        await _run(chosen, loaded, parts, until_idle=until_idle, live=live)


async def _run(
    chosen: Settings, loaded: Sequence[LoadedDeployment], parts: Parts, *, until_idle: bool, live: bool
) -> None:
    from bridgehead.engine.memory import rare_collections
    from bridgehead.storage.queries import Queries

    async with opening.opened(chosen, makes=True) as app:
        served = [await app.serve(one) for one in loaded]
        sources = open_sources(app, loaded) if parts.worker else Sources((), ())
        running: Running = app.worker(served) if parts.worker else NoWork()
        console = open_console(app) if parts.console else None
        queries = Queries(app.database, app.vault)
        levels = [await one.level() for one in served]
        stopped = asyncio.Event()
        helpers = [source.watch(stopped) for source in sources.all]
        if console is not None:
            helpers.append(console.watch(stopped))
        if until_idle:
            helpers.append(_until_idle(queries, served, sources.all, running))
        if live:
            helpers.append(_status(queries, served, stopped))
        # Whoever reads that it serves may stop it: the handlers stand before the line is written.
        with _signals(running), rare_collections():
            for one, level in zip(served, levels, strict=True):
                print(f"serving {one.deployment.name} at level {level}, release {one.release.hex()[:12]}", flush=True)
            for line in await _left(queries, served) if parts.worker else ():
                note(line)
            for address in sources.addresses:
                print(f"taking webhooks at {address}", flush=True)
            if console is not None:
                print(f"console at {console.address}", flush=True)
                if (path := await _first_owner(app, loaded)) is not None:
                    print("nobody owns it yet; become the first owner, once and within an hour, at", flush=True)
                    print(f"  {console.address.rstrip('/')}{path}", flush=True)
            await _together(running, helpers, stopped)
        print("stopped", flush=True)


async def _first_owner(app: App, loaded: Sequence[LoadedDeployment]) -> str | None:
    """Returns the path by which the first owner comes in, as a member of every role here; None where there is one."""
    from bridgehead.auth.links import first_owner

    members = {member for one in loaded for role in one.deployment.roles.values() for member in role.members}
    return await first_owner(app, [one.removeprefix("group:") for one in members if one.startswith("group:")])


def open_console(app: App) -> ConsoleServer:
    """Returns the server of the console and the API, its port taken; raises UserError where that cannot be."""
    from bridgehead.auth.oidc import check_settings
    from bridgehead.cli.api import beside
    from bridgehead.cli.explain import account
    from bridgehead.console.serving import ConsoleServer

    check_settings(app.settings)
    console = ConsoleServer(app, beside=[beside(app)], teller=account)
    console.prepare()
    return console


async def _left(queries: Queries, served: Sequence[Served]) -> list[str]:
    """Returns a sentence for each release of which cases are open that this worker does not go on with."""
    names, releases = [one.deployment.name for one in served], [one.release for one in served]
    return [
        f"{number} open {'case' if number == 1 else 'cases'} of {name}"
        f" {'belongs' if number == 1 else 'belong'} to release {release.hex()[:12]}, which this worker does not serve"
        for name, release, number in await queries.stranded(names, releases)
    ]


async def _together(
    running: Running, helpers: Sequence[Coroutine[object, object, None]], stopped: asyncio.Event
) -> None:
    """Runs the worker with its helpers; the worker's end ends them, and a helper that breaks stops the worker."""
    main = asyncio.ensure_future(running.run())
    tasks = [asyncio.ensure_future(helper) for helper in helpers]
    pending = {main, *tasks}
    while not main.done():
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        if any(task is not main and task.exception() is not None for task in done):
            running.stop()
    stopped.set()
    await asyncio.gather(main, *tasks)


@contextlib.contextmanager
def _signals(running: Running) -> Iterator[None]:
    """Lets the first SIGTERM or SIGINT stop the worker, and the second end the process where it stands."""
    loop = asyncio.get_running_loop()
    this = asyncio.current_task()
    asked = False

    def stop() -> None:
        nonlocal asked
        if asked and this is not None:
            this.cancel()
            return
        asked = True
        note("\nstopping: running cases come to the end of what they do; once more ends at once")
        running.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _until_idle(queries: Queries, served: Sequence[Served], sources: Sequence[Source], running: Running) -> None:
    """Stops the worker once it has nothing to do: nothing at the sources, nothing to read, nothing due or timed.

    Each source has to be looked at once, so one that cannot be reached is waited for.
    """
    from bridgehead.errors import Unavailable

    names, releases = [one.deployment.name for one in served], [one.release for one in served]
    while True:
        await asyncio.sleep(_IDLE_S)
        # Sources first: what is taken between the two looks is an arrival in the second.
        watched = all(source.looks and not source.pending for source in sources)
        with contextlib.suppress(Unavailable):
            if watched and not await queries.busy(names, releases):
                running.stop()
                return


async def _status(queries: Queries, served: Sequence[Served], stopped: asyncio.Event) -> None:
    """Rewrites one line with what there is to do and what was done since the start."""
    from bridgehead.errors import Unavailable

    names = [one.deployment.name for one in served]
    bound, passed, before = 1, 0, None
    with contextlib.suppress(Unavailable):
        bound = await queries.first_open(names)
    while not stopped.is_set():
        started_s = perf_s()
        try:
            now = await queries.tally(names, bound)
            before = now.done if before is None else before
            line = (
                f"arrivals to read {now.stored} | due {now.due} | running {now.running} | waiting {now.waiting}"
                f" | with a person {now.with_person} | done since the start {passed + now.done - before}"
            )
            bound, passed = now.bound, passed + now.passed
        except Unavailable as error:
            line = clean(error.message)
        sys.stdout.write(f"\r\x1b[K{line}")
        sys.stdout.flush()
        # Counting takes the longer the more is open: the line is then rewritten less often.
        pause_s = max(_STATUS_S, _STATUS_REST * (perf_s() - started_s))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), pause_s)
    sys.stdout.write("\n")
