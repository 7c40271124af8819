"""A worker process for tests: serves one folder until it is told to stop or killed."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bridgehead.app import App, load_deployment
from bridgehead.cases.ports import Claim
from bridgehead.cases.writes import EffectMove, EffectOpen, Write
from bridgehead.storage.cases import Cases


class StopsAfterIntent:
    """A case store that stops its whole process, as SIGSTOP does, right after an intent was committed.

    The process stands between the intent's commit and the send, in no tool's code; who sends
    SIGCONT lets it go on from there. ``file`` is made first, so that others know.
    """

    def __init__(self, store: Cases, file: Path) -> None:
        self._store = store
        self._file = file
        self.load = store.load

    async def commit(self, claim: Claim, writes: Sequence[Write], *, actor: str) -> Mapping[str, int]:
        """Commits, and stops at the first intent."""
        tokens = await self._store.commit(claim, writes, actor=actor)
        intended = any(
            (isinstance(one, EffectOpen) and one.state == "intended")
            or (isinstance(one, EffectMove) and one.after == "intended")
            for one in writes
        )
        if intended and not self._file.exists():
            self._file.touch()
            os.kill(os.getpid(), signal.SIGSTOP)
        return tokens


async def main() -> None:
    """Serves the folder named on the command line."""
    logging.basicConfig(level=logging.INFO)
    folder = Path(sys.argv[1])
    loaded = load_deployment(folder)
    async with App.opened() as app:
        if os.environ.get("STOP_AFTER") == "intent":
            app.cases = StopsAfterIntent(app.cases, folder / "at-intent")  # type: ignore[assignment]  # the same port
        worker = app.worker([await app.serve(loaded)])
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
