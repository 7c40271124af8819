"""``drill``: what puts a deployment to the test before the world does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from bridgehead.cli.output import clean, note

if TYPE_CHECKING:
    from bridgehead.drill.proxy import FaultProxy

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_LOOK_S = 0.1


def register(app: typer.Typer) -> None:
    """Adds the group."""
    group = typer.Typer(
        help="Put a deployment to the test: faults at its real boundaries.", no_args_is_help=True, rich_markup_mode=None
    )
    example = "Example: bridgehead drill proxy --upstream http://127.0.0.1:8080 --script faults.yaml --seed 7"
    group.command("proxy", epilog=example)(proxy)
    app.add_typer(group, name="drill")


def proxy(
    upstream: Annotated[
        str, typer.Option("--upstream", metavar="URL", help="The system: http(s)://, tcp://host:port or unix:///path.")
    ],
    script: Annotated[
        Path | None,
        typer.Option("--script", metavar="FILE", help="The scenario, as YAML; without one it only passes on."),
    ] = None,
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Where to listen; port 0 takes a free one.")
    ] = "127.0.0.1:0",
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The same seed gives the same faults.")] = 0,
    record: Annotated[
        Path | None,
        typer.Option("--record", metavar="FILE", help="Write each fault that was done there, one JSON object a line."),
    ] = None,
    anywhere: Annotated[
        bool, typer.Option("--anywhere", help="Listen on an address that other machines reach.")
    ] = False,
) -> None:
    """Stand before a system and do to its traffic what a scenario says, until told to stop.

    Prints its own URL first: give that to a connector in place of the system's. When it ends it
    prints how often each rule struck, and what it passed on as it was; a rule that never struck
    has tested nothing. Ctrl-C or SIGTERM ends it.
    """
    from bridgehead.drill.proxy import FaultProxy, Scenario, load_scenario

    scenario = Scenario() if script is None else load_scenario(script)
    host, port = _address(listen, anywhere=anywhere)
    with contextlib.ExitStack() as stack:
        file = None if record is None else stack.enter_context(_opened(record))
        asyncio.run(_serve(FaultProxy(upstream, scenario, seed=seed, host=host, port=port), file))


def _opened(record: Path) -> TextIO:
    from bridgehead.errors import UserError

    try:
        return record.open("w", encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"{record} cannot be written: {error.strerror or error}",
            code="input.file",
            hint="Name a file in a folder that exists.",
        ) from error


async def _serve(proxy: FaultProxy, record: TextIO | None) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sent in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sent, stopped.set)
    written = 0
    async with proxy:
        print(proxy.url, flush=True)
        while not stopped.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), _LOOK_S)
            written = _write(proxy, record, written)
    _write(proxy, record, written)
    for rule, count in proxy.counted().items():
        note(f"{clean(rule)}: {count}" + ("" if count else "  (never struck: nothing was tested by it)"))
    note(f"passed on as it was: {proxy.passed}")


def _write(proxy: FaultProxy, record: TextIO | None, written: int) -> int:
    if record is not None and len(proxy.injected) > written:
        for one in proxy.injected[written:]:
            record.write(json.dumps(asdict(one)) + "\n")
        record.flush()
    return len(proxy.injected)


def _address(listen: str, *, anywhere: bool) -> tuple[str, int]:
    """Returns host and port; raises UserError for anything else, and for other than loopback unless asked for."""
    from bridgehead.errors import UserError

    host, colon, port = listen.rpartition(":")
    host = host.strip("[]")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004  # the largest port there is
        raise UserError(f"--listen {listen}: no address", code="input.address", hint="Write it like 127.0.0.1:0.")
    if host not in _LOOPBACK and not anywhere:
        raise UserError(
            f"--listen {listen}: other machines could reach the system behind the proxy there",
            code="input.address",
            hint="Listen on 127.0.0.1, or add --anywhere where that is meant.",
        )
    return host, int(port)
