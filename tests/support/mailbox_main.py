"""A process for tests that watches mailbox folders, works or does both, and kills itself at a named point.

``KILL_AT`` is POINT:COUNT; the process ends when it comes to the point for that often. The points are those
between which nothing is atomic: ``asked`` and ``fetched`` around the fetch, ``uncommitted`` and ``stored`` around
the commit of the arrival, ``settling`` between the commands of a move, ``settled`` after it, and ``opening``
before the commit that opens the case.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from imapclient import IMAPClient

from bridgehead.app import App, load_deployment
from bridgehead.connectors.mailbox import MailboxIntake
from bridgehead.connectors.mailbox_session import After, Mailbox, Session
from bridgehead.connectors.watching import Arrived
from bridgehead.engine.ports import Due
from bridgehead.ids import show
from tests.support.dovecot import PASSWORD, USER

POINTS: Final = ("asked", "fetched", "uncommitted", "stored", "settling", "settled", "opening")


class Killer:
    """Ends the process at the point, without a word to anybody."""

    def __init__(self, told: str) -> None:
        self._point, _, count = told.partition(":")
        self._left = int(count or 0)

    def come_to(self, point: str) -> None:
        """Counts one passing of a point."""
        if point and point == self._point:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def around(owner: type, name: str, killer: Killer, *, before: str = "", after: str = "") -> None:
    """Puts points before and after a method."""
    method = getattr(owner, name)

    def passes(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # whatever the method takes and gives
        killer.come_to(before)
        result = method(*args, **kwargs)
        killer.come_to(after)
        return result

    setattr(owner, name, passes)


async def password() -> str:
    return PASSWORD


async def keep(app: App, killer: Killer, one: Arrived) -> str:
    """Stores as ``serve`` does."""
    stored = await app.arrivals.store(
        "orders", source="mail", source_id=one.source_id, document=one.document, name=one.name,
        actor="intake", unfit=one.unfit, by_id=one.by_id,
    )  # fmt: skip
    killer.come_to("stored")
    return show("A", stored.id)


async def main() -> None:
    """Serves the deployment named on the command line, and the folders that ``MAILBOX`` names."""
    logging.basicConfig(level=logging.INFO)
    told = json.loads(os.environ["MAILBOX"])
    killer = Killer(os.environ.get("KILL_AT", ""))
    around(Session, "fetch", killer, before="asked", after="fetched")
    around(Session, "settle", killer, after="settled")
    around(IMAPClient, "add_flags", killer, before="settling")
    loaded = load_deployment(Path(sys.argv[1]))
    async with App.opened() as app:
        hint = app.dispatch.hint

        async def hints(connection: object, due: Due, numbers: Sequence[int], *, fresh: bool = False) -> None:
            await hint(connection, due, numbers, fresh=fresh)
            killer.come_to("uncommitted" if due == "arrival" else "opening")

        app.dispatch.hint = hints  # type: ignore[method-assign]  # the same call with a point after it
        worker = app.worker([await app.serve(loaded)])
        mailbox = Mailbox("inbox", "localhost", told["port"], USER, password, ca=Path(told["ca"]), connect_s=2.0)
        after = After(**told["after"])
        intakes = [
            MailboxIntake(
                mailbox,
                folder,
                partial(keep, app, killer),
                after=after,
                max_mb=1,
                turn=partial(app.turns.turn, f"mail:inbox:{folder}"),
                every_s=1.0,
                pause_s=0.1,
                longest_pause_s=0.5,
            )
            for folder in told["folders"]
        ]
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        watching = [asyncio.create_task(intake.watch(stopped)) for intake in intakes]
        if told["works"]:
            await worker.run()
        else:
            await asyncio.Event().wait()
        stopped.set()
        await asyncio.gather(*watching)


if __name__ == "__main__":
    asyncio.run(main())
