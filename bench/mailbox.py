"""Sends orders by mail in every disorder, kills watchers and server throughout, and counts what our tables hold.

Mails come to two folders of a real IMAP server: first sendings, the same bytes again, the same mail by another
way, and different orders under one Message-ID, shuffled. Watchers end by SIGKILL at every named point between
fetch, store and flag, and before the commit that opens a case; the server is killed and comes back, every other
time with other UIDs. The server tells no MOVE, so that a move is three commands with points between them.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report
from bridgehead.app import App
from bridgehead.clock import perf_s
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from tests.support.dovecot import running_dovecot
from tests.support.mail_storm import Storm, post
from tests.support.mailbox_main import POINTS
from tests.support.world import World


async def measure(report: Report, folder: Path) -> None:
    count, points, restarts, seed = (30, POINTS[::2], 1, 11) if report.quick else (1000, POINTS * 5, 6, 11)
    sent = post(count, seed)
    for name, value in (("mails", count), ("orders", sent.orders), ("seed", seed)):
        report.condition(name, value)
    chosen = Settings.model_validate(
        {"home": folder, "database_url": embedded.start(folder), "lease_s": 3.0, "send_s": 1.0, "sweep_s": 0.1}
    )
    async with App.opened(chosen) as app:
        with running_dovecot(without=("MOVE",)) as server:
            storm = Storm(World(app, folder), server, sent, {"move_to": "Done"}, seed)
            started = perf_s()
            await storm.rage(points, restarts=restarts, progress=report.progress)
            seconds = perf_s() - started
            counted, expected, source = await storm.counted(), storm.expected(), storm.at_source()
    report.table("mails sent", [{"kind": kind, "mails": number} for kind, number in sorted(sent.kinds.items())])
    rows: list[dict[str, Cell]] = [{"point": point, "killed there": storm.kills[point]} for point in POINTS]
    report.table("watchers killed with SIGKILL", rows)
    report.table("our tables", [{"": name, "expected": expected[name], "found": counted[name]} for name in expected])
    report.figure("arrivals", counted["arrivals"], exactly=expected["arrivals"])
    report.figure("cases", counted["cases"], exactly=expected["cases"])
    report.figure("orders without exactly one case", abs(counted["orders"] - expected["orders"]), exactly=0)
    report.figure("mails not at the source any more", len(sent.distinct - set(source)), exactly=0)
    report.figure("reviews", counted["reviews"], exactly=0)
    report.figure("watchers killed", sum(storm.kills.values()), exactly=len(points))
    report.figure("servers killed", storm.restarts, exactly=restarts)
    report.figure("duration", seconds, unit="s")


def main() -> int:
    report = Report("mailbox", __doc__.split("\n", 1)[0], packages="imapclient")
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
