"""``make demo``: orders arrive, an agent decides about them in shadow, then books them, and the books are audited."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shlex
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from bridgehead.clock import boot_s
from bridgehead.errors import BridgeheadError, Unavailable, UserError
from bridgehead.templates.purchase_orders.demo.desk import open_desk
from bridgehead.templates.purchase_orders.demo.house import DEPLOYMENT, MASTER, SECRET, House, demo_folder, opened
from bridgehead.templates.purchase_orders.demo.options import Options
from bridgehead.templates.purchase_orders.demo.picture import WIDE, show_outcome, show_shadow
from bridgehead.templates.purchase_orders.demo.processes import BOOKS
from bridgehead.templates.purchase_orders.demo.progress import Screen, screen
from bridgehead.templates.purchase_orders.demo.run import Outcome, Run
from bridgehead.templates.purchase_orders.demo.truth import ArrivalTruth

FAILED: Final = 1
WRONG_USE: Final = 2
UNAVAILABLE: Final = 4
INTERRUPTED: Final = 130
_FORMS: Final[Mapping[str, str]] = {
    "email": "mails", "email_pdf": "mails with a PDF", "email_sheet": "mails with a sheet", "x12": "X12",
    "edifact": "EDIFACT", "ubl": "UBL", "cxml": "cXML", "orderx": "Order-X", "csv": "portal CSV",
}  # fmt: skip


def main() -> int:
    """Runs the demo; returns 0 when nothing was lost or doubled and the ledger verifies, 1 when not.

    2 stands for a wrong option, 4 for a part that does not start, 130 for an interruption.
    """
    for name in ("psycopg.pool", "psycopg", "procrastinate", "asyncio", "httpx"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDE)
    try:
        options = Options.from_environment(os.environ)
        port = os.environ.get("BRIDGEHEAD_HTTP_PORT", "")  # a house takes no other setting
        with demo_folder() as folder:
            outcome = asyncio.run(_demo(console, options, folder, port))
    except BridgeheadError as error:
        print(f"error: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
        return WRONG_USE if isinstance(error, UserError) else UNAVAILABLE if isinstance(error, Unavailable) else FAILED
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("interrupted: workers, ERP and database of the demo are stopped", file=sys.stderr)
        return INTERRUPTED
    return 0 if outcome.sound else FAILED


async def _demo(console: Console, options: Options, folder: Path, port: str) -> Outcome:
    this = asyncio.current_task()
    if this is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    began = boot_s()
    with contextlib.ExitStack() as drawing:
        shown = drawing.enter_context(screen(console))
        shown.say(
            f"[bold]Bridgehead[/]: an order desk, seed {options.seed}."
            " Its agent is rules in plain Python: no model runs.\nStarting database, ERP and two workers."
        )
        async with opened(folder, seed=options.seed, orders=options.orders) as house:
            outcome = await _stages(console, shown, house, options.kills)
            show_outcome(console, outcome, house.loaded.deployment)
            _show_next(console, options, house, boot_s() - began)
            if not options.once:
                drawing.close()
                await _show_desk(console, house, port)
    return outcome


async def _show_desk(console: Console, house: House, port: str) -> None:
    """Shows the console until Ctrl-C or SIGTERM: then the run is over, not interrupted."""
    desk = await open_desk(house, port)
    console.print(Text("\nThe desk is open: decide the orders that wait for a person.", style="bold"))
    console.print(Text(f"  {desk.address}", style="bold"), soft_wrap=True)
    console.print(Text("  # sign in for the first time, as its owner, by this link: it works once, for an hour", "dim"))
    console.print(Text(f"  {desk.first}"), soft_wrap=True)
    console.print(Text("  # Ctrl-C ends it; 'make demo DEMO=once' does not open it", "dim"))
    with contextlib.suppress(asyncio.CancelledError):
        await desk.wait()


async def _stages(console: Console, shown: Screen, house: House, kills: int) -> Outcome:
    run, corpus = Run(house, shown), house.corpus
    before = await house.books()
    orders = sum(len(truth.orders) for truth in corpus.truths)
    shown.say(f"{len(corpus.truths)} documents with {orders} orders: {_forms(corpus.truths)}; some broken on purpose.")
    if corpus.first:
        shown.say(
            f"\n[bold]1. In shadow[/]: {len(corpus.first)} documents. The agent decides and books nothing; people do."
        )
        await run.feed("in shadow", corpus.first)
        report = await run.shadow()
        show_shadow(console, report)
        by = await run.promote(
            f"shadow report: {report.equal} of {report.both} orders booked as people did, field by field"
        )
        shown.say(f"\n[bold]2. Promoted[/] to autonomous by {by}, with that report as the reason on the record.")
    killing = f" [red]{kills} workers are killed meanwhile.[/]" if kills else ""
    shown.say(f"\n[bold]3. For real[/]: {len(corpus.rest)} documents.{killing}")
    return await run.judge(before, await run.feed("for real", corpus.rest, kills=kills))


def _forms(truths: Sequence[ArrivalTruth]) -> str:
    """Returns the forms that orders come in, the most frequent first."""
    forms = Counter(truth.format for truth in truths if truth.is_order)
    return ", ".join(_FORMS.get(form, form) for form, _ in forms.most_common())


def _show_next(console: Console, options: Options, house: House, seconds: float) -> None:
    python = Path(sys.executable)
    command = _short(python.parent / "bridgehead")
    home = str(house.folder.absolute())  # it is to hold after a cd
    url = os.environ["ERP_URL"]
    erp = (
        f"{_short(python)} -m bridgehead.templates.purchase_orders.erp --master {_typed(house.folder, MASTER)}"
        f" --db {_typed(house.folder, BOOKS)} --port {url.rpartition(':')[2]} &"
    )
    other = ("make demo KILLS=10", "kill -9 ten workers meanwhile; the books stay right")
    if options.kills:
        other = (f"make demo SEED={options.seed + 1}", "other orders")
    lines = (
        ("the run's database, for the commands below", f"export BRIDGEHEAD_HOME={shlex.quote(home)}"),
        ("what people have to decide", f"{command} reviews"),
        ("then: explain C-…, says why", f"{command} cases --state with_person"),
        ("the record, checked again", f"{command} ledger verify"),
        (f"the ERP once more, on its books; 'kill %1' ends it{_not_while(options, url)}", erp),
        ("where it is", f"export ERP_URL={url} ERP_CLIENT_SECRET_FILE={shlex.quote(str(house.folder / SECRET))}"),
        (
            "what an undo would do; edit orders in the ERP first, to see what it leaves",
            f"{command} undo --deployment {_typed(house.folder, DEPLOYMENT)} --dry-run",
        ),
        ("a deployment of your own, elsewhere", f"{command} init orders --template purchase_orders"),
        (other[1], other[0]),
    )
    console.print(Text(f"\nDone in {seconds:.0f} s. Look around:", style="bold"))
    for remark, text in lines:
        console.print(Text(f"  # {remark}", style="dim"), soft_wrap=True)
        console.print(Text(f"  {text}"), soft_wrap=True)


def _not_while(options: Options, url: str) -> str:
    """Returns until when the ERP's address is taken by the demo's own; empty where the demo ends with its table."""
    if options.once:
        return ""
    return f"; while the desk below is open, the ERP runs at {url} already, and this is not needed"


def _typed(folder: Path, name: str) -> str:
    """Returns a path in the run's folder as a shell takes it."""
    return shlex.quote(_short(folder / name))


def _short(path: Path) -> str:
    """Returns a path as it is typed from here, whole where it lies elsewhere."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    sys.exit(main())
