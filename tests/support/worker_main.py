"""A worker process for tests: serves one folder until it is told to stop or killed."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path

from bridgehead.app import App, load_deployment


async def main() -> None:
    """Serves the folder named on the command line."""
    logging.basicConfig(level=logging.INFO)
    loaded = load_deployment(Path(sys.argv[1]))
    async with App.opened() as app:
        worker = app.worker([await app.serve(loaded)])
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
