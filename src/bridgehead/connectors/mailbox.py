"""A mailbox folder that is watched: each mail becomes an arrival and is moved or flagged only once it is committed.

Nothing is kept between connections. What is not settled at the server is waiting, and a mail is known again by
its bytes alone, never by its UID: so a crash at any point, a repeated fetch, a folder that was moved or that got
another UIDVALIDITY stores the same arrival again, which is the same arrival.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final, TypeVar

from bridgehead.clock import boot_s
from bridgehead.connectors.files import MIB, document_name
from bridgehead.connectors.mailbox_session import After, Declined, Dropped, Mailbox, Session, check
from bridgehead.connectors.watching import Arrived, Keep
from bridgehead.errors import Failed, Unavailable, UserError
from bridgehead.ids import jitter

log = logging.getLogger("bridgehead.intake")

Turn = Callable[[], AbstractAsyncContextManager[bool]]
"""Whether this worker is the one that looks; held while it does, and free again when it dies."""
T = TypeVar("T")
TRIES: Final = 3
"""So often a mail is asked for that the server declines to give, before it is moved to the refused ones."""
DROPS: Final = 2
"""After so many connections that were lost over one mail, the others come first."""
HEAD: Final = 64 * 1024
"""How much of a mail that is too large a person is given, in bytes."""
SESSION_S: Final = 3600.0
TURN_S: Final = 5.0
"""A turn ends after this long and begins anew, so that it is never held for as long as a large mailbox takes."""
AGAIN_S: Final = 2.0
"""How soon is looked again where mails are left, because they were declined or because another worker is at it."""


class MailboxIntake:
    """Watches one folder of one mailbox for one deployment.

    Any number of workers may watch the same folder. ``turn`` lets one of them look at a time, for servers
    make two mails of one that two clients move at once; no mail is lost or doubled here without it: what
    two of them fetch is one arrival. ``pending`` counts what is there and not settled.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        folder: str,
        keep: Keep,
        *,
        after: After,
        max_mb: int,
        turn: Turn | None = None,
        every_s: float = 60.0,
        pause_s: float = 1.0,
        longest_pause_s: float = 60.0,
    ) -> None:
        self.mailbox = mailbox
        self.folder = folder
        self._keep = keep
        self._after = after
        self._max_mb = max_mb
        self._turn: Turn = turn or _always
        self._every_s = every_s
        self._pause_s = pause_s
        self._longest_pause_s = longest_pause_s
        self._declined: Counter[tuple[int, int]] = Counter()
        self._drops: Counter[tuple[int, int]] = Counter()
        self._stored: set[tuple[int, int]] = set()
        self._said = ""
        self._failures = 0
        self._more = False
        self._halted = threading.Event()
        self.pending = 0
        self.taken = 0
        self.refused = 0
        self.looks = 0

    def prepare(self) -> None:
        """Raises UserError ``intake.mail`` for settings that cannot work; nobody is asked yet."""
        check(self.mailbox, self.folder, self._after)

    async def watch(self, stopped: asyncio.Event) -> None:
        """Looks whenever something changes, until ``stopped``; a server or a database that is away is waited for."""
        # A thread of its own: whoever idles would hold one of those that all others share.
        threads = ThreadPoolExecutor(1, thread_name_prefix=f"mailbox-{self.mailbox.name}")
        halting = asyncio.create_task(self._halt_when(stopped))
        try:
            while not stopped.is_set():
                try:
                    await self._stay(threads)
                except (Failed, Unavailable, UserError) as error:
                    self._say(f"{self._where}: {error.message}" + (f". {error.hint}" if error.hint else ""))
                    await self._pause(stopped)
                except Exception:
                    # One source's mistake must not end the worker and all other sources with it.
                    if not self._failures:
                        log.exception("%s", self._where)
                    await self._pause(stopped)
        finally:
            self._halted.set()
            halting.cancel()
            threads.shutdown(wait=False)

    @property
    def _where(self) -> str:
        return f"mailbox {self.mailbox.name}, folder {self.folder}"

    async def _halt_when(self, stopped: asyncio.Event) -> None:
        await stopped.wait()
        self._halted.set()

    async def _pause(self, stopped: asyncio.Event) -> None:
        """Waits a random part of a time that doubles with each failure in a row (full jitter)."""
        longest = min(self._longest_pause_s, self._pause_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), longest * jitter())

    def _say(self, trouble: str) -> None:
        """Logs what goes wrong once, however long it lasts."""
        if trouble != self._said:
            log.warning("%s", trouble)
        self._said = trouble

    async def _stay(self, threads: ThreadPoolExecutor) -> None:
        """Connects and looks until halted, or until the connection is so old that another takes its place."""
        # What was stored is known by its UID for as long as one connection lasts; a server that comes back
        # may have given the number to another mail, which must not be moved unstored.
        self._stored.clear()
        secret = await self.mailbox.secret()
        session = await _in(threads, partial(Session.open, self.mailbox, secret, self.folder, self._after))
        try:
            while not self._halted.is_set() and session.age_s < SESSION_S:
                async with self._turn() as mine:
                    well = await self._look(session, threads, mine=mine)
                if well:
                    if self._said:
                        log.warning("%s: all is well again", self._where)
                    self._said = ""
                    self._failures = 0
                if not self._more:
                    wait_s = min(self._every_s, AGAIN_S) if self.pending else self._every_s
                    await _in(threads, partial(session.wait, wait_s, self._halted))
            await _in(threads, session.close)
        except BaseException:
            session.cut()
            threads.submit(session.drop)
            raise

    async def _look(self, session: Session, threads: ThreadPoolExecutor, *, mine: bool) -> bool:
        """Takes every mail that is waiting, oldest first, if it is our turn; returns whether all went well."""
        uids = await _in(threads, session.waiting)
        self.pending = len(uids)
        self._more = False
        if not mine:
            self.looks += 1
            return True
        here = {(session.uidvalidity, uid) for uid in uids}
        self._stored &= here
        for counted in (self._declined, self._drops):
            for key in [key for key in counted if key not in here]:
                del counted[key]
        well, end_s = True, boot_s() + TURN_S
        # A mail that brings the connection down each time must not keep the ones behind it from coming in.
        for uid in sorted(uids, key=lambda one: (self._drops[session.uidvalidity, one] >= DROPS, one)):
            if self._halted.is_set() or boot_s() > end_s:
                self._more = True
                return well
            key = (session.uidvalidity, uid)
            try:
                await self._take(session, threads, key)
                self.pending -= 1
            except Declined as error:
                well = False
                self._say(f"{self._where}: {error.message}")
            except Dropped:
                self._drops[key] += 1
                raise
        self.looks += 1
        return well

    async def _take(self, session: Session, threads: ThreadPoolExecutor, key: tuple[int, int]) -> None:
        """Fetches, stores and settles one mail, in this order: what is settled is committed."""
        uid = key[1]
        if key not in self._stored:
            try:
                document = await _in(threads, partial(session.fetch, uid, self._max_mb * MIB))
            except Declined as error:
                self._declined[key] += 1
                if self._declined[key] < TRIES:
                    raise
                await self._refuse(session, threads, key, error.message, b"")
                return
            if document is None:
                return  # another worker has settled it
            if not document or len(document) > self._max_mb * MIB:
                why = f"is larger than {self._max_mb} MiB (BRIDGEHEAD_MAX_DOCUMENT_MB)" if document else "is empty"
                await self._refuse(session, threads, key, f"mail {uid} {why}", document[:HEAD])
                return
            # Its bytes alone tell one mail from another, wherever in the mailbox it was found.
            await self._keep(Arrived("", mail_name(self.folder, uid), document))
            self._stored.add(key)
        await _in(threads, partial(session.settle, uid))
        self._stored.discard(key)
        self.taken += 1

    async def _refuse(
        self, session: Session, threads: ThreadPoolExecutor, key: tuple[int, int], why: str, head: bytes
    ) -> None:
        """Moves a mail away that cannot be taken, once a person has been given its beginning and the reason."""
        uid, target = key[1], self._after.refused
        name = mail_name(self.folder, uid)
        unfit = f"{self._where}: {why}. It lies in the folder {target} of that mailbox, whole; here is its beginning."
        await self._keep(Arrived("" if head else f"{self.folder} {key[0]} {uid}", name, head, unfit=unfit))
        await _in(threads, partial(session.refuse, uid))
        self.refused += 1
        log.warning("%s: %s; moved to %s", self._where, why, target)


def mail_name(folder: str, uid: int) -> str:
    """Returns what a mail is called as a document: where it was found, and nothing that its sender wrote."""
    return document_name(f"{folder.replace('/', '.')}-{uid}.eml")


@contextlib.asynccontextmanager
async def _always() -> AsyncIterator[bool]:
    yield True


async def _in(threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, work)
