"""``serve`` and ``worker``: the process that reads arrivals and runs cases until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bridgehead.cli import opening
from bridgehead.cli.log import log_to_terminal
from bridgehead.cli.options import FoldersArgument, Idle
from bridgehead.cli.output import clean, note

if TYPE_CHECKING:
    from bridgehead.app import App, LoadedDeployment
    from bridgehead.connectors.folder import FolderIntake
    from bridgehead.engine.worker import Served, Worker
    from bridgehead.settings import Settings
    from bridgehead.storage.queries import Queries

_STATUS_S: Final = 0.5
_IDLE_S: Final = 0.2

Concurrency = Annotated[
    int | None,
    typer.Option(
        "--concurrency", metavar="N", min=1, max=512, help="Cases at the same time; see BRIDGEHEAD_CONCURRENCY."
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(epilog="Example: bridgehead serve orders")(serve)
    app.command(epilog="Example: bridgehead worker orders --until-idle")(worker)


def serve(deployments: FoldersArgument, concurrency: Concurrency = None, until_idle: Idle = False) -> None:
    """Run deployments, with a status line on a terminal.

    Reads arrivals, runs cases, and watches the folders under `intake`. Ctrl-C or SIGTERM lets
    running cases come to the end of what they do, then exits with 0.
    """
    opening.run(_serve(deployments, concurrency=concurrency, until_idle=until_idle, live=sys.stdout.isatty()))


def worker(deployments: FoldersArgument, concurrency: Concurrency = None, until_idle: Idle = False) -> None:
    """Run deployments in one worker process.

    Start as many as you like, on as many machines as you like, over one database: they share
    the work. SIGTERM lets running cases come to the end of what they do, then exits with 0.
    """
    opening.run(_serve(deployments, concurrency=concurrency, until_idle=until_idle, live=False))


async def _serve(folders: Sequence[Path], *, concurrency: int | None, until_idle: bool, live: bool) -> None:
    chosen = opening.settings(concurrency=concurrency)
    loaded = opening.load_all(folders)
    with log_to_terminal(chosen.log, live=live):
        await _run(chosen, loaded, until_idle=until_idle, live=live)


async def _run(chosen: Settings, loaded: Sequence[LoadedDeployment], *, until_idle: bool, live: bool) -> None:
    from bridgehead.storage.queries import Queries

    async with opening.opened(chosen, makes=True) as app:
        served = [await app.serve(one) for one in loaded]
        intakes = _intakes(app, loaded)
        running = app.worker(served)
        queries = Queries(app.database, app.vault)
        levels = [await one.level() for one in served]
        stopped = asyncio.Event()
        helpers = [intake.watch(stopped) for intake in intakes]
        if until_idle:
            helpers.append(_until_idle(queries, served, intakes, running))
        if live:
            helpers.append(_status(queries, served, stopped))
        # Whoever reads that it serves may stop it: the handlers stand before the line is written.
        with _signals(running):
            for one, level in zip(served, levels, strict=True):
                print(f"serving {one.deployment.name} at level {level}, release {one.release.hex()[:12]}", flush=True)
            await _together(running, helpers, stopped)
        print("stopped", flush=True)


async def _together(
    running: Worker, helpers: Sequence[Coroutine[object, object, None]], stopped: asyncio.Event
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
def _signals(running: Worker) -> Iterator[None]:
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


def _intakes(app: App, loaded: Sequence[LoadedDeployment]) -> list[FolderIntake]:
    """Returns the watchers of the folders that the deployments declare; says what is not watched.

    Raises UserError for a folder that holds a deployment, whose own files would be taken as
    arrivals, and for one that two deployments would take from each other.
    """
    from bridgehead.connectors.folder import FolderIntake
    from bridgehead.errors import UserError

    found: dict[Path, FolderIntake] = {}
    homes = [one.deployment.folder.resolve() for one in loaded]
    for one in loaded:
        spec = one.deployment
        for source in spec.intake:
            if source.kind != "folder":
                note(
                    f"{spec.name}: intake {source.kind} {source.source!r} is not watched: this version takes folders"
                    " only. Until then, pass its documents to 'bridgehead submit'."
                )
        for folder in spec.intake_folders:
            place = folder.resolve()
            holds = any(home == place or place in home.parents for home in homes)
            if holds or place in found:
                why = "holds a deployment's own files" if holds else "is watched for another deployment already"
                raise UserError(
                    f"the intake folder {folder} {why}",
                    code="intake.folder",
                    hint="Give each deployment a folder of its own for arrivals, such as ./in.",
                )
            intake = FolderIntake(folder, partial(_store, app, spec.name), max_mb=app.settings.max_document_mb)
            intake.prepare()
            found[place] = intake
    return list(found.values())


async def _store(app: App, deployment: str, name: str, document: bytes) -> str:
    from bridgehead.ids import show

    stored = await app.arrivals.store(
        deployment, source="file", source_id=name, document=document, name=name, actor="intake"
    )
    return show("A", stored.id)


async def _until_idle(
    queries: Queries, served: Sequence[Served], intakes: Sequence[FolderIntake], running: Worker
) -> None:
    """Stops the worker once it has nothing to do: nothing in the folders, nothing to read, nothing due or timed."""
    from bridgehead.errors import Unavailable

    names, releases = [one.deployment.name for one in served], [one.release for one in served]
    while True:
        await asyncio.sleep(_IDLE_S)
        # Folders first: what is taken between the two looks is an arrival in the second.
        watched = all(intake.looks and not intake.pending for intake in intakes)
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
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), _STATUS_S)
    sys.stdout.write("\n")
