"""A worker of ``bench/outage.py``: serves one folder with a breaker that is scaled, or with a guard taken away.

Its log tells every change of a breaker with the machine's boot clock before it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bridgehead.app import App, load_deployment
from bridgehead.clock import boot_s
from bridgehead.resilience.breaker import Policy, Ramp
from bridgehead.resilience.dependency import Dependencies
from bridgehead.resilience.retry import RetryBudget


class Stamped(logging.Formatter):
    """A line of the log with the boot clock before it."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line."""
        return f"{boot_s():.3f} {record.getMessage()}"


async def main() -> None:
    """Serves until SIGTERM."""
    folder, how = Path(sys.argv[1]), json.loads(sys.argv[2])
    handler = logging.StreamHandler()
    handler.setFormatter(Stamped())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    async with App.opened() as app:
        app.dependencies = Dependencies(
            app.breakers,
            policy=Policy(open_most_s=how["open_most_s"]),
            ramp=Ramp(ramp_s=how["ramp_s"]),
            concurrency=app.settings.concurrency,
            breaking=how["breaker"],
            budget=RetryBudget() if how["budget"] else RetryBudget(ratio=1e9, burst=1e9),
        )
        worker = app.worker([await app.serve(load_deployment(folder))])
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
