"""Orders by mail in every disorder, into watchers that are killed at every point over a server that is killed too."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bridgehead.clock import boot_s
from tests.support.dovecot import Dovecot
from tests.support.world import World

CODE: Final = """
from email import message_from_bytes

def reader(document, name):
    order = json.loads(message_from_bytes(document).get_payload())
    return NewCase(input=order, key={"po": order["po"]})

@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    return Booking(po, po, amount)

async def agent(case: Case[dict], ctx: Context) -> str:
    return case.input["po"]
"""
FOLDERS: Final = ("INBOX", "Orders")
LIFE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Post:
    """What is sent: the mails in their order of delivery, as bytes, and how many orders they are about."""

    mails: Sequence[bytes]
    orders: int
    kinds: Counter[str]

    @property
    def distinct(self) -> set[bytes]:
        """Mails that differ in any byte: the arrivals that there should be."""
        return set(self.mails)


def post(count: int, seed: int) -> Post:
    """Returns so many mails in any order: first sendings, copies, other ways of one mail, and namesakes."""
    chance = random.Random(seed)
    mails: list[bytes] = []
    kinds: Counter[str] = Counter()
    orders = 0
    while len(mails) < count:
        kind = chance.choices(("order", "same bytes", "other way", "namesake"), (70, 10, 12, 8))[0]
        if not mails:
            kind = "order"
        kinds[kind] += 1
        if kind in {"order", "namesake"}:
            orders += 1
            # A namesake is another order that some broken program sent under the Message-ID of an earlier one.
            number = orders if kind == "order" else chance.randint(1, orders)
            mails.append(_mail(orders, message=number, way=1))
        elif kind == "same bytes":
            mails.append(chance.choice(mails))
        else:
            way = b"Received: from relay%d.example.com; Mon, 02 Nov 2026 08:00:00 +0000\r\n" % len(mails)
            mails.append(way + chance.choice(mails))
    chance.shuffle(mails)
    return Post(mails, orders, kinds)


def _mail(order: int, *, message: int, way: int) -> bytes:
    head = (
        f"Received: from relay{way}.example.com; Mon, 02 Nov 2026 07:00:00 +0000\r\n"
        f"From: buyer@example.com\r\nMessage-ID: <m{message}@example.com>\r\nSubject: order {order}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return (head + json.dumps({"po": f"PO-{order}", "amount": order}) + "\r\n").encode()


@dataclass(slots=True)
class Storm:
    """One run: the world whose tables count, the server, and what was done to both."""

    world: World
    server: Dovecot
    post: Post
    after: dict[str, str]
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    restarts: int = 0
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    async def rage(
        self, points: Sequence[str], *, restarts: int, progress: Callable[[str], None] = lambda _: None
    ) -> None:
        """Delivers everything while a watcher dies at each of the points in turn, and lets the rest be done in peace.

        What one leaves the next one goes on with; in the end two are left in peace. A worker reads and opens
        cases meanwhile; at the point ``opening`` it is killed too, and the watcher works in its place until it
        dies. The server is killed and comes back so often, every other time with other UIDs.
        """
        chance = random.Random(self.seed)
        await self.world.deploy(CODE, tools="book: allow")
        shares = [self.post.mails[start :: len(points) + 1] for start in range(len(points) + 1)]
        quakes = set(chance.sample(range(len(points)), restarts))
        try:
            reader = self._start("", watches=False)
            for number, point in enumerate(points):
                progress(f"watcher {number + 1} of {len(points)} dies: {point}")
                await asyncio.to_thread(self._deliver, shares[number], chance)
                opens = point == "opening"
                if opens:
                    reader.kill()
                dies = self._start(f"{point}:{chance.randint(1, max(1, len(shares[number]) // 4))}", works=opens)
                if number in quakes:
                    await self._quake(dies)
                await self._dead(dies, point)
                if opens:
                    reader = self._start("", watches=False)
            await asyncio.to_thread(self._deliver, shares[-1], chance)
            self._start("")
            self._start("")
            await self.world.until(self._over, timeout_s=60 + len(self.post.mails), what="the end of the mail")
        finally:
            for process in self._running:
                if process.poll() is None:
                    process.kill()
                process.wait(20)

    def _deliver(self, mails: Sequence[bytes], chance: random.Random) -> None:
        """Puts mails into the folders, by the delivery agent's way and by IMAP."""
        for folder in FOLDERS:
            mine = [mail for number, mail in enumerate(mails) if number % len(FOLDERS) == FOLDERS.index(folder)]
            cut = chance.randint(0, len(mine))
            self.server.drop(mine[:cut], folder=folder)
            self.server.append(*mine[cut:], folder=folder)

    def _start(self, kill_at: str, *, watches: bool = True, works: bool = True) -> subprocess.Popen[bytes]:
        told = {
            "port": self.server.tls_port,
            "ca": str(self.server.ca),
            "after": self.after,
            "folders": FOLDERS if watches else (),
            "works": works,
        }
        with (self.world.folder / "storm.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.mailbox_main", str(self.world.place)],
                env=self.world.environment(MAILBOX=json.dumps(told), KILL_AT=kill_at),
                cwd=Path(__file__).resolve().parents[2],
                stdout=log,
                stderr=log,
            )
        self._running.append(process)
        return process

    async def _dead(self, process: subprocess.Popen[bytes], point: str) -> None:
        """Waits until the watcher has killed itself; kills it here if it found too little to do for that."""
        end = boot_s() + LIFE_S
        while process.poll() is None and boot_s() < end:  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.02)
        if process.poll() is None:
            process.kill()
            process.wait(10)
            return
        assert process.returncode == -signal.SIGKILL, self.log()
        self.kills[point] += 1

    async def _quake(self, process: subprocess.Popen[bytes]) -> None:
        """Kills the server once the watcher is at work, and starts it again."""
        before = await self._arrivals()
        end = boot_s() + LIFE_S
        while process.poll() is None and await self._arrivals() == before and boot_s() < end:  # noqa: ASYNC110  # the same
            await asyncio.sleep(0.01)
        await asyncio.to_thread(self.server.kill)
        self.restarts += 1
        if self.restarts % 2:
            for folder in FOLDERS:
                self.server.forget_uids(folder)
        await asyncio.to_thread(self.server.start)

    async def _arrivals(self) -> int:
        (row,) = await self.world.rows("select count(*)::int as n from arrivals")
        return int(str(row["n"]))

    async def _over(self) -> bool:
        if not await self.world.at_rest() or await self._arrivals() < len(self.post.distinct):
            return False
        return not await asyncio.to_thread(self.waiting)

    def waiting(self) -> int:
        """Returns how many mails the server has that are not settled."""
        count = 0
        with self.server.client() as client, contextlib.suppress(StopIteration):
            for folder in FOLDERS:
                client.select_folder(folder, readonly=True)
                unset = ["UNKEYWORD", self.after["flag"]] if "flag" in self.after else []
                count += len(client.search(["UNDELETED", *unset]))
        return count

    def at_source(self) -> Counter[bytes]:
        """Returns the mails as the server has them at the end, wherever they lie."""
        folders = [self.after["move_to"]] if "move_to" in self.after else list(FOLDERS)
        return Counter(mail for folder in folders for mail in self.server.mails(folder))

    async def counted(self) -> dict[str, int]:
        """Returns what our tables hold, beside what was sent."""
        (row,) = await self.world.rows(
            "select (select count(*) from arrivals)::int as arrivals,"
            " (select count(*) from cases)::int as cases,"
            " (select count(distinct business_key) from cases)::int as orders,"
            " (select count(*) from arrival_cases where relation = 'opened')::int as opened,"
            " (select count(*) from arrival_cases where relation = 'resend')::int as resends,"
            " (select count(*) from cases where outcome = 'completed')::int as completed,"
            " (select count(*) from reviews)::int as reviews"
        )
        return {name: int(str(value)) for name, value in row.items()}

    def expected(self) -> dict[str, int]:
        """Returns what they have to hold."""
        arrivals, orders = len(self.post.distinct), self.post.orders
        return {
            "arrivals": arrivals,
            "cases": orders,
            "orders": orders,
            "opened": orders,
            "resends": arrivals - orders,
            "completed": orders,
            "reviews": 0,
        }

    def log(self) -> str:
        """Returns the end of what the watchers said."""
        file = self.world.folder / "storm.log"
        return file.read_text(errors="replace")[-3000:] if file.exists() else ""
