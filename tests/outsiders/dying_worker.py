"""Workers that kill themselves at planned records of cases: forked from one process that has loaded everything.

The plan names for each case the number of a record, and whether its worker dies right before
or right after that record is committed, once. Workers run one case at a time, so a death
takes no other case with it. One worker is forked per line of standard input.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from bridgehead.app import App, LoadedDeployment, load_deployment
from bridgehead.cases import segment
from bridgehead.cases.ports import Claim
from bridgehead.cases.writes import Write
from bridgehead.storage.cases import Cases
from tests.support.world import World

ALONE_S = 1e-4
"""A record that waits no longer than this for company has a commit of its own."""


class Dying:
    """A case store that kills its process as planned, each case once."""

    def __init__(self, store: Cases, plan: Mapping[str, Sequence[object]], died: Path) -> None:
        self._store = store
        self._plan = plan
        self._died = died
        self._counts: Counter[int] = Counter()
        self.load = store.load

    async def commit(self, claim: Claim, writes: Sequence[Write], *, actor: str) -> Mapping[str, int]:
        self._counts[claim.case_id] += 1
        now = self._plan.get(str(claim.case_id)), self._counts[claim.case_id]
        if now == (["before", now[1]], now[1]):
            self._die(claim.case_id)
        tokens = await self._store.commit(claim, writes, actor=actor)
        if now == (["after", now[1]], now[1]):
            self._die(claim.case_id)
        return tokens

    def _die(self, case: int) -> None:
        mark = self._died / str(case)
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


async def work(loaded: LoadedDeployment, plan: Mapping[str, Sequence[object]], died: Path) -> None:
    """Works until everything is at rest, or until a planned death."""
    async with App.opened() as app:
        app.cases = Dying(app.cases, plan, died)  # type: ignore[assignment]  # the same port
        worker = app.worker([await app.serve(loaded)])
        running = asyncio.create_task(worker.run())
        world = World(app, loaded.deployment.folder)
        await world.until(world.at_rest, timeout_s=60)
        worker.stop()
        await running


def main() -> None:
    """Forks one worker per line and says how it ended: the signal's number, or 0."""
    segment.LAG_S = ALONE_S  # type: ignore[misc]  # in this process alone
    loaded, plan, died = load_deployment(Path(sys.argv[1])), json.loads(sys.argv[2]), Path(sys.argv[3])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                asyncio.run(work(loaded, plan, died))
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)
        sys.stdout.write(f"{ended}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
