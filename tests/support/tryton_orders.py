"""The order template over Tryton: mails in, workers and servers killed, replies lost; Tryton's own tables count."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from email.message import EmailMessage
from importlib import resources
from pathlib import Path
from typing import Any, Final

from bridgehead.app import load_deployment
from bridgehead.clock import boot_s
from bridgehead.connectors.opening import forget
from bridgehead.ids import parse
from bridgehead.storage.queries_cases import CaseQueries
from bridgehead.templates.purchase_orders.corpus.disk import write_corpus
from tests.support.dovecot import PASSWORD, USER, Dovecot
from tests.support.rough_proxy import Fate, RoughProxy, rough_proxy
from tests.support.tryton import CORPUS_SEED, FORMATS, Tryton, revived
from tests.support.world import WorkerProcess, World

ROOT: Final = Path(__file__).resolve().parents[2]
SPECIFICATION: Final = ROOT / "examples" / "tryton" / "erp.yaml"
NAME: Final = "orders"

ROUGH: Final[Mapping[str, Mapping[Fate, float]]] = {
    "create": {"throttled": 0.05, "lost": 0.12, "unsent": 0.05, "late": 0.1},
    "quote": {"throttled": 0.03, "lost": 0.08, "unsent": 0.03, "late": 0.05},
    "confirm": {"throttled": 0.03, "lost": 0.08, "unsent": 0.03, "late": 0.05},
    "*": {"throttled": 0.02, "lost": 0.02, "unsent": 0.01, "late": 0.03},
}
"""The share of calls for each fate, by the method that is called."""

_INBOX: Final = """
connector: inbox
kind: mail
connection: {{url: "imap://127.0.0.1:{port}"}}
auth: {{basic: {{user: {user}, password: "env:INBOX_PASSWORD"}}}}
intake: {{mail: {{move_to: Done, every: 5s}}}}
"""
_SALES: Final = """
select s.id, p.code, s.reference, s.state, s.number, c.code, s.comment from sale_sale s
  join party_party p on p.id = s.party join currency_currency c on c.id = s.currency
 where s.id > %s order by s.id
"""
_LINES: Final = """
select l.sale, l.sequence, p.code, l.quantity, l.unit_price from sale_line l
  join product_product p on p.id = l.product where l.sale > %s order by l.sale, l.sequence
"""


@dataclass(frozen=True, slots=True)
class Sale:
    """One sale that stands in Tryton's tables; ``lines`` are (line, product, quantity, price)."""

    id: int
    customer: str
    reference: str
    state: str
    currency: str
    lines: tuple[tuple[int, str, Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Mails with orders, and the truth of each."""

    mails: Sequence[bytes]
    truths: Sequence[Mapping[str, Any]]

    @property
    def orders(self) -> int:
        """How many orders are in them."""
        return sum(len(truth["orders"]) for truth in self.truths)

    @property
    def bookable(self) -> set[tuple[str, str]]:
        """Customer and PO number of each order that is booked if it is read and decided rightly."""
        return {
            (order["customer"], order["reading"]["po_number"])
            for truth in self.truths
            for order in truth["orders"]
            if order["booking"] is not None
        }


def corpus_mails(folder: Path, arrivals: int) -> Corpus:
    """Writes the corpus whose master data Tryton holds; what does not come by mail is sent as an attachment."""
    write_corpus(seed=CORPUS_SEED, orders=arrivals, out=folder, formats=FORMATS)
    truths = [json.loads(line) for line in (folder / "truth.jsonl").read_text("utf-8").splitlines()]
    master = json.loads((folder / "master.json").read_text("utf-8"))
    senders = {one["number"]: one["emails"][0] for one in master["customers"] if one["emails"]}
    mails = []
    for truth in truths:
        name = truth["arrival"]
        customer = truth["orders"][0]["customer"] if truth["orders"] else ""
        sender = senders.get(customer, "edi@example.net")
        mails.append(_mail(name, (folder / "arrivals" / name).read_bytes(), sender))
    return Corpus(mails, truths)


def _mail(name: str, document: bytes, sender: str) -> bytes:
    if name.endswith(".eml"):
        return document
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, USER, name
    mail["Message-ID"] = f"<{name}@edi.example.net>"
    mail.set_content("Interchange attached.\n")
    mail.add_attachment(document, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def write_template(folder: Path, specification: str, *, server: Dovecot) -> Path:
    """Writes what ``init --template purchase_orders`` gives, with ``erp.yaml`` exchanged and a mailbox for ``./in``."""
    files = resources.files("bridgehead.templates.purchase_orders") / "files"
    folder.mkdir(parents=True)
    for name in ("bridgehead.yaml", "deploy.py"):
        (folder / name).write_text((files / name).read_text("utf-8"), "utf-8")
    document = folder / "bridgehead.yaml"
    text = document.read_text("utf-8")
    for before, after in (
        ("intake: [{folder: ./in}]", "intake: [{mail: inbox}]"),
        ("connect: [erp.yaml]", "connect: [erp.yaml, inbox.yaml]"),
    ):
        assert before in text
        text = text.replace(before, after)
    document.write_text(text, "utf-8")
    (folder / "inbox.yaml").write_text(_INBOX.format(port=server.port, user=USER), "utf-8")
    (folder / "erp.yaml").write_text(specification, "utf-8")
    for name in ("inbox.yaml", "erp.yaml"):
        forget(folder / name)
    return folder


def on_the_day(specification: str, day: str) -> str:
    """Returns the specification with a day of the corpus's own calendar for Tryton's."""
    before = 'fields: {day: {from: [year, month, day], join: "-", type: date, format: "%Y-%m-%d"}}'
    assert specification.count(before) == 1
    return specification.replace(before, f'fields: {{day: {{value: "{day}", type: date}}}}')


def method_of(body: bytes) -> str:
    """Returns the last word of the method that a call of JSON-RPC names."""
    try:
        return str(json.loads(body)["method"]).rpartition(".")[2]
    except (ValueError, KeyError, TypeError):
        return "?"


@dataclass(slots=True)
class House:
    """One run: the template's workers between a mailbox and a Tryton that is reached through a rough proxy."""

    world: World
    tryton: Tryton
    server: Dovecot
    proxy: RoughProxy
    folder: Path
    corpus: Corpus
    seed: int
    before: int
    workers: list[WorkerProcess] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    async def rage(
        self,
        *,
        workers: int = 2,
        kills: int,
        trytond_kills: int,
        limit_s: float,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Delivers all mails and lets them be worked off, killing workers and trytond at moments drawn by the seed.

        The moments are drawn by progress, how many sales there are, so that each kill meets work.
        """
        chance = random.Random(f"{self.seed}/kills")
        await asyncio.to_thread(self.server.drop, self.corpus.mails)
        started = boot_s()
        self.workers.extend(self._start() for _ in range(workers))
        most = max(1, int(0.5 * len(self.corpus.bookable)))
        moments = sorted(
            [(chance.randint(1, most), "worker") for _ in range(kills)]
            + [(chance.randint(1, most), "trytond") for _ in range(trytond_kills)]
        )
        while not await self._over():
            assert boot_s() - started < limit_s, f"not over in {limit_s} s: {await self.state()}"
            if moments and len(await asyncio.to_thread(self.sales)) >= moments[0][0]:
                what = moments.pop(0)[1]
                await asyncio.sleep(chance.random() * 0.3)
                progress(f"kill -9 {what} at {boot_s() - started:.1f} s")
                await self._kill(what, chance)
            await asyncio.sleep(0.1)
        self.seconds = boot_s() - started

    async def _kill(self, what: str, chance: random.Random) -> None:
        self.kills[what] += 1
        if what == "trytond":
            self.tryton = await asyncio.to_thread(revived, self.tryton)
            return
        victim = self.workers.pop(chance.randrange(len(self.workers)))
        victim.kill()
        self.workers.append(self._start())

    def _start(self) -> WorkerProcess:
        number = len(list(self.folder.parent.glob("worker-*.log"))) + 1
        log = self.folder.parent / f"worker-{number}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "bridgehead", "worker", str(self.folder)],
                env=self.world.environment(**environment(self.proxy.url, self.tryton)),
                cwd=ROOT, stdout=output, stderr=output,
            )  # fmt: skip
        return WorkerProcess(process, log)

    async def _over(self) -> bool:
        """Whether every mail is an arrival, every arrival is read, and every case is done or with a person."""
        (row,) = await self.world.rows(
            "select (select count(*) from arrivals) as arrivals,"
            " (select count(*) from arrivals where state = 'stored') as unread,"
            " (select count(*) from cases where state in ('due', 'running')"
            " or (state = 'waiting' and wake_at is not null)) as open"
        )
        return row == {"arrivals": len(set(self.corpus.mails)), "unread": 0, "open": 0}

    async def state(self) -> dict[str, int]:
        """Returns how many arrivals, cases and effects are in which state."""
        rows = await self.world.rows(
            "select 'arrival ' || state as what, count(*) as n from arrivals group by 1"
            " union all select 'case ' || state, count(*) from cases group by 1"
            " union all select 'effect ' || state, count(*) from effects group by 1"
            " union all select 'review ' || kind || ' ' || coalesce(error_class, ''), count(*) from reviews"
            " where state = 'open' group by 1"
        )
        return {str(row["what"]): int(str(row["n"])) for row in rows}

    def sales(self) -> list[Sale]:
        """Returns the sales of this run, as Tryton's tables hold them; cancelled ones are left out."""
        lines: dict[int, list[tuple[int, str, Decimal, Decimal]]] = {}
        for sale, sequence, code, quantity, price in self.tryton.rows(_LINES, self.before):
            lines.setdefault(sale, []).append((sequence, code, Decimal(str(quantity)).normalize(), price.normalize()))
        return [
            Sale(sale, customer, reference, state, currency, tuple(lines.get(sale, ())))
            for sale, customer, reference, state, _, currency, _ in self.tryton.rows(_SALES, self.before)
            if state != "cancelled"
        ]

    async def decided(self) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
        """Returns the bookings of committed effects, and of those of which nobody knows what became."""
        queries = CaseQueries(self.world.app.database, self.world.app.vault)
        known: list[Mapping[str, Any]] = []
        open_: list[Mapping[str, Any]] = []
        for row in await self.world.rows("select distinct case_id as id from effects"):
            view = await queries.case(parse("C", f"C-{row['id']}"))
            for effect in view.effects:
                args = effect.args if isinstance(effect.args, dict) else {}
                if effect.tool == "book_order" and isinstance(args.get("order"), dict):
                    if effect.state == "committed":
                        known.append(args["order"])
                    elif effect.state in {"intended", "unknown"}:
                        open_.append(args["order"])
        return known, open_

    async def unaccounted(self) -> list[int]:
        """Returns the arrivals that led to nothing: no case, no review, and no reason why not."""
        rows = await self.world.rows(
            "select a.id from arrivals a where not exists (select from arrival_cases c where c.arrival_id = a.id)"
            " and not exists (select from reviews r where r.arrival_id = a.id) and a.state <> 'no_case'"
        )
        return [int(str(row["id"])) for row in rows]

    def end(self) -> None:
        """Ends the workers."""
        for worker in self.workers:
            worker.end()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What Tryton's tables say of a run, beside our record; all but the first and the last two have to be 0."""

    sales: int
    doubled: int
    missing: int
    strays: int
    unconfirmed: int
    lost: int
    failed: int
    in_question: int
    booked_of_bookable: tuple[int, int]


async def judged(made: House) -> Judgement:
    """Holds Tryton's tables to what was decided, and every mail to an outcome.

    What an effect made of which nobody knows (a person is asked) may stand there once or not at all.
    """
    sales = made.sales()
    standing = Counter((sale.customer, sale.reference) for sale in sales)
    contents = {(sale.customer, sale.reference, sale.currency, sale.lines) for sale in sales}
    known, unknown = await made.decided()
    decided = {_content(order) for order in known}
    asked = {(order["customer"], order["po_number"]) for order in unknown}
    unfinished = [sale for sale in sales if sale.state != "confirmed"]
    bookable = made.corpus.bookable
    ended = await made.world.rows("select count(*) as n from cases where state = 'done' and outcome <> 'completed'")
    return Judgement(
        sales=len(sales),
        doubled=sum(count - 1 for count in standing.values()),
        missing=len(decided - contents),
        strays=len([one for one in contents - decided if one[:2] not in asked]),
        unconfirmed=len([sale for sale in unfinished if (sale.customer, sale.reference) not in asked]),
        lost=len(await made.unaccounted()),
        failed=int(str(ended[0]["n"])),
        in_question=len(asked),
        booked_of_bookable=(len(bookable & set(standing)), len(bookable)),
    )


def _content(order: Mapping[str, Any]) -> tuple[object, ...]:
    lines = sorted(
        (line["line"], line["item"], Decimal(line["quantity"]).normalize(), Decimal(line["price"]).normalize())
        for line in order["lines"]
    )
    return order["customer"], order["po_number"], order["currency"], tuple(lines)


def environment(url: str, tryton: Tryton) -> dict[str, str]:
    """Returns what the specifications ask for by ``env:``."""
    return {
        "TRYTON_URL": f"{url}/{tryton.database}",
        "TRYTON_PASSWORD": tryton.password,
        "INBOX_PASSWORD": PASSWORD,
    }


@asynccontextmanager
async def house(
    world: World,
    tryton: Tryton,
    server: Dovecot,
    *,
    arrivals: int,
    seed: int,
    shares: Mapping[str, Mapping[Fate, float]] = ROUGH,
    specification: Callable[[str], str] = lambda text: text,
) -> AsyncIterator[House]:
    """Gives a run that is ready to rage: the deployment is registered and autonomous, and no mail is there yet."""
    folder = world.folder / "house"
    corpus = await asyncio.to_thread(corpus_mails, folder / "corpus", arrivals)
    ((before,),) = tryton.rows("select coalesce(max(id), 0) from sale_sale")
    async with rough_proxy(tryton.url, shares=shares, seed=seed, name=method_of) as proxy:
        os.environ |= environment(proxy.url, tryton)
        text = specification(on_the_day(SPECIFICATION.read_text("utf-8"), tryton.master["as_of"]))
        place = write_template(folder / NAME, text, server=server)
        loaded = load_deployment(place)
        await world.app.register(loaded)
        await world.app.levels.set_level(NAME, "autonomous", by="tester", why="a test")
        made = House(world, tryton, server, proxy, place, corpus, seed, int(before))
        try:
            yield made
        finally:
            made.end()
