"""``submit``: hands documents over, and says of each whether it is safe."""

from __future__ import annotations

import asyncio
import glob
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bridgehead.cli import opening
from bridgehead.cli.exits import Exit, complain, exit_code
from bridgehead.cli.options import AsJson, FolderArgument
from bridgehead.cli.output import clean, note, print_json

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.errors import BridgeheadError
    from bridgehead.spec.deployment import Deployment
    from bridgehead.storage.queries import Unsettled

_POLL_S: Final = 0.2
_SAY_AFTER_S: Final = 3.0
_STDIN: Final = "-"
_NAMED: Final = 20


@dataclass(slots=True)
class _Sent:
    """What became of the documents so far."""

    arrivals: list[tuple[str, int, bool]] = field(default_factory=list)
    refused: list[tuple[str, BridgeheadError]] = field(default_factory=list)
    left: int = 0


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: bridgehead submit orders samples/*.eml --wait")(submit)


def submit(
    deployment: FolderArgument,
    files: Annotated[list[str], typer.Argument(metavar="FILES", help="Documents; - reads one from standard input.")],
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What the document from standard input is called.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until each is read and its cases are done or with a person.")
    ] = False,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Wait no longer than this: 90s, 15m, 1h.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Submit documents to a deployment.

    Each is stored durably before it is acknowledged.
    A file that was submitted before, under the same name and with the same content, is the
    same arrival: submitting again is always safe. When the database cannot be reached, nothing
    is acknowledged and the exit code is 4. A file that is refused (empty, too large, a folder,
    missing, unreadable) is named with the reason, the others are submitted, and the exit code is 2.
    """
    raise typer.Exit(opening.run(_submit(deployment, files, name, timeout, wait=wait, as_json=as_json)))


async def _submit(
    folder: Path, files: Sequence[str], name: str | None, limit: str | None, *, wait: bool, as_json: bool
) -> int:
    from bridgehead.errors import Unavailable
    from bridgehead.spec.tool import parse_duration

    limit_s = None if limit is None else parse_duration(limit)
    spec = opening.load_spec(folder)
    chosen = opening.settings()
    sent = _Sent()
    code = Exit.OK
    settled: dict[str, object] | None = None
    names = list(_expanded(files))
    sent.left = len(names)
    try:
        async with opening.opened(chosen, makes=True) as app:
            await _store_all(app, spec, names, name, sent, as_json=as_json)
            if wait and sent.arrivals:
                settled = await _wait(app, folder, [number for _, number, _ in sent.arrivals], limit_s)
    except Unavailable as error:
        complain(error)
        note(
            f"{len(sent.arrivals)} acknowledged, {sent.left} not."
            " Submit all of them again: what is known already is not taken twice."
        )
        code = Exit.UNAVAILABLE
    if as_json:
        print_json(_as_json(spec, sent, settled))
    if code is Exit.OK and settled is not None and settled["unsettled"]:
        code = Exit.FAILED
    if code is Exit.OK and sent.refused:
        code = Exit(max(exit_code(error) for _, error in sent.refused))
    return code


async def _store_all(
    app: App, spec: Deployment, files: Sequence[str], name: str | None, sent: _Sent, *, as_json: bool
) -> None:
    from bridgehead.connectors.files import document_name, read_bounded, read_document
    from bridgehead.errors import UserError
    from bridgehead.ids import show

    limit = app.settings.max_document_mb
    for file in files:
        called = document_name((name or "stdin") if file == _STDIN else Path(file).name)
        try:
            if file == _STDIN:
                document = await asyncio.to_thread(read_bounded, sys.stdin.buffer, called, max_mb=limit)
            else:
                document = await asyncio.to_thread(read_document, Path(file), max_mb=limit)
        except UserError as error:
            sent.refused.append((file, error))
            sent.left -= 1
            note(f"refused: {error.message}" + (f". {error.hint}" if error.hint else ""))
            continue
        stored = await app.arrivals.store(
            spec.name, source="file", source_id=called, document=document, name=called, actor="submit"
        )
        sent.arrivals.append((file, stored.id, stored.again))
        sent.left -= 1
        if not as_json:
            told = "already known as" if stored.again else "arrival"
            print(f"{clean(called)}: {told} {show('A', stored.id)}", flush=True)


def _expanded(files: Sequence[str]) -> Iterator[str]:
    """Yields the files; a pattern that the shell left alone is expanded, unless a file has that very name."""
    for file in files:
        if file != _STDIN and glob.has_magic(file) and not Path(file).exists():
            matches = sorted(found for found in glob.glob(file, recursive=True) if Path(found).is_file())  # noqa: PTH207  # absolute patterns too
            yield from matches or [file]
        else:
            yield file


async def _wait(app: App, folder: Path, arrivals: Sequence[int], limit_s: float | None) -> dict[str, object]:
    """Waits until the arrivals are settled, or the time is up; says what hinders as soon as it lasts."""
    from bridgehead.clock import boot_s
    from bridgehead.storage.queries import Queries
    from bridgehead.storage.queries_cases import CaseQueries

    queries = Queries(app.database, app.vault)
    started = boot_s()
    said: tuple[str, ...] = ()
    live = sys.stderr.isatty()
    while True:
        found = await queries.unsettled(arrivals)
        settled, busy, hindered = found.settled, len(found.arrivals), found.hindered
        waited = boot_s() - started
        if live:
            sys.stderr.write(f"\r\x1b[K{settled} done or with a person, {busy} to go")
            sys.stderr.flush()
        over = limit_s is not None and waited >= limit_s
        if not busy or over:
            if live:
                sys.stderr.write("\r\x1b[K")
            break
        if hindered != said and waited >= _SAY_AFTER_S:
            said = hindered
            if hindered:
                note(f"waiting: {'; '.join(hindered)}. Start one: bridgehead serve {folder}")
        await asyncio.sleep(_POLL_S)
    waits = await CaseQueries(app.database, app.vault).waits([case for _, _, cases in found.arrivals for case in cases])
    waiting = list(_waiting(found, waits))
    note(f"{settled} done or with a person, {busy} not" + (f": {'; '.join(hindered)}" if hindered else ""))
    for one in waiting[:_NAMED]:
        note(f"  {', '.join(name for name in (one['arrival'], one['case']) if name)}: {one['waits']}")
    if len(waiting) > _NAMED:
        note(f"  and {len(waiting) - _NAMED} more: 'bridgehead cases' and 'bridgehead arrivals' list them")
    return {"settled": settled, "unsettled": busy, "hindered": list(hindered), "waiting": waiting}


def _waiting(found: Unsettled, waits: Mapping[str, str]) -> Iterator[dict[str, str | None]]:
    """Yields what each unsettled arrival, or each of its cases, waits for."""
    from bridgehead.ids import show

    for arrival, unread, cases in found.arrivals:
        if not cases:
            why = "it is stored and not read: no worker serves it" if unread else "a worker is to read it"
            yield {"arrival": arrival, "case": None, "waits": why}
        for number in cases:
            case = show("C", number)
            text = waits.get(case, "it is gone")
            if text == "running":
                text = "a worker runs it"
            elif not text.startswith("until "):
                text = f"it waits for {text}"
            else:
                text = f"it waits {text} (UTC)"
            yield {"arrival": arrival, "case": case, "waits": text}


def _as_json(spec: Deployment, sent: _Sent, settled: dict[str, object] | None) -> dict[str, object]:
    from bridgehead.ids import show

    return {
        "deployment": spec.name,
        "arrivals": [
            {"file": file, "arrival": show("A", number), "again": again} for file, number, again in sent.arrivals
        ],
        "refused": [{"file": file, "code": error.code, "reason": error.message} for file, error in sent.refused],
        "not_acknowledged": sent.left,
        "waited": settled,
    }
