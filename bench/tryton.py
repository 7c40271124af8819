"""Sends orders by mail to the template over Tryton, kills workers and Tryton, and counts by Tryton's own tables.

Before Tryton stands a proxy that refuses with 429, delays, and drops requests and replies; workers end by SIGKILL,
and so does trytond. The mails come to a real IMAP server. What is booked is read from Tryton's database, and held
to the decisions on our record: each decided order stands there once, with its lines and prices, and every mail led
to a booking, to a reasoned nothing or to a person.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report
from bridgehead.app import App
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from tests.support.dovecot import running_dovecot
from tests.support.tryton import running_tryton
from tests.support.tryton_orders import house, judged
from tests.support.world import World


async def measure(report: Report, folder: Path) -> None:
    arrivals, kills, trytond_kills, seed = (16, 1, 1, 3) if report.quick else (180, 6, 2, 3)
    for name, value in (("mails", arrivals), ("seed", seed), ("workers", 2)):
        report.condition(name, value)
    chosen = Settings.model_validate(
        {"home": folder, "database_url": embedded.start(folder), "lease_s": 3.0, "send_s": 1.0, "sweep_s": 0.1}
    )
    async with App.opened(chosen) as app:
        with running_tryton() as tryton, running_dovecot() as server:
            async with house(World(app, folder), tryton, server, arrivals=arrivals, seed=seed) as made:
                await made.rage(kills=kills, trytond_kills=trytond_kills, limit_s=1200, progress=report.progress)
                found = await judged(made)
                fates = Counter({fate: made.proxy.count(fate) for fate in ("throttled", "late", "lost", "unsent")})
                shown = await made.state()
    rows: list[dict[str, Cell]] = [{"what the proxy did": fate, "calls": count} for fate, count in fates.items()]
    report.table("calls treated roughly", rows)
    report.table("our tables", [{"": name, "count": count} for name, count in sorted(shown.items())])
    report.figure("orders in the mails", made.corpus.orders)
    report.figure("sales in Tryton", found.sales, at_least=6 if report.quick else 100)
    report.figure("orders that stand more than once", found.doubled, exactly=0)
    report.figure("decided orders that are not there as decided", found.missing, exactly=0)
    report.figure("sales that nobody decided", found.strays, exactly=0)
    report.figure("sales left unconfirmed", found.unconfirmed, exactly=0)
    report.figure("mails that led to nothing", found.lost, exactly=0)
    report.figure("effects of which nobody knows, with a person", found.in_question)
    report.figure("orders that could be booked and were", found.booked_of_bookable[0])
    report.figure("orders that could be booked", found.booked_of_bookable[1])
    report.figure("workers killed", made.kills["worker"], exactly=kills)
    report.figure("trytond killed", made.kills["trytond"], exactly=trytond_kills)
    report.figure("duration", made.seconds, unit="s")


def main() -> int:
    report = Report("tryton", __doc__.split("\n", 1)[0])
    folder = Path(tempfile.mkdtemp(prefix="bh-"))
    folder.chmod(0o755)
    try:
        asyncio.run(measure(report, folder))
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
