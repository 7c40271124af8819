"""A house for one run: a folder with documents, an ERP, a database and workers, made from nothing and put to rest."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from bridgehead.app import App, LoadedDeployment, load_deployment
from bridgehead.connectors.opening import forget
from bridgehead.errors import UserError
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from bridgehead.templates.purchase_orders.corpus.disk import write_corpus
from bridgehead.templates.purchase_orders.demo.auditor import Auditor
from bridgehead.templates.purchase_orders.demo.processes import Child, start, start_erp
from bridgehead.templates.purchase_orders.demo.truth import ArrivalTruth, read_truth
from bridgehead.templates.purchase_orders.erp.wire import BookEntry

WORKERS: Final = 2
LATENCY_MS: Final = 15.0
"""Median answer time of the ERP: a server in the same data centre."""

DEPLOYMENT: Final = "orders"
MASTER: Final = "corpus/master.json"
SECRET: Final = "erp.secret"  # noqa: S105 - a file's name
_LONGEST_SOCKET_FOLDER: Final = 80
_ORDERS_PER_ARRIVAL: Final = 0.93
_PEOPLE_SHARE: Final = 5
_MOST_PEOPLE: Final = 60
_CAPS: Final = ("2000 calls per 1d, 2000000 EUR per 1d", "200000 calls per 1d, 2000000000 EUR per 1d")
"""What the template allows in a day, and what a run may make that books the orders of weeks in minutes."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """The documents of a run and what is true of them; the first ``shadow`` ones come while people still book."""

    folder: Path
    truths: tuple[ArrivalTruth, ...]
    shadow: int

    @property
    def first(self) -> tuple[ArrivalTruth, ...]:
        """The shadow tranche."""
        return self.truths[: self.shadow]

    @property
    def rest(self) -> tuple[ArrivalTruth, ...]:
        """Everything after it."""
        return self.truths[self.shadow :]

    def document(self, name: str) -> bytes:
        """Returns one document as it arrives."""
        return (self.folder / "arrivals" / name).read_bytes()


def make_corpus(folder: Path, *, seed: int, orders: int, shadow: int | None = None) -> Corpus:
    """Writes documents with at least ``orders`` orders in them; ``shadow`` defaults to a fifth, at most 60."""
    arrivals = int(orders / _ORDERS_PER_ARRIVAL)
    while True:
        tranche = min(_MOST_PEOPLE, arrivals // _PEOPLE_SHARE) if shadow is None else shadow
        mix = write_corpus(seed=seed, orders=arrivals, out=folder, shadow=tranche)
        if mix.orders >= orders:
            return Corpus(folder, read_truth(folder / "truth.jsonl"), tranche)
        shutil.rmtree(folder)
        arrivals += orders - mix.orders + 1


@dataclass(slots=True)
class House:
    """Everything of one run that runs."""

    folder: Path
    app: App
    corpus: Corpus
    loaded: LoadedDeployment
    erp: Auditor
    chance: random.Random
    workers: list[Child] = field(default_factory=list)
    started: int = 0
    killed: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The deployment's name."""
        return self.loaded.deployment.name

    @property
    def deployment_folder(self) -> Path:
        """Where the deployment's files lie."""
        return self.loaded.deployment.folder

    def start_worker(self) -> Child:
        """Starts one worker the way a user does."""
        self.started += 1
        child = start(
            "bridgehead",
            ["worker", str(self.deployment_folder)],
            log=self.folder / "logs" / f"worker-{self.started}.log",
            environment={},
        )
        self.workers.append(child)
        return child

    def kill_one(self) -> int:
        """Kills one worker with SIGKILL, starts another in its place, and returns the dead one's process id."""
        victim = self.chance.choice(self.workers)
        self.workers.remove(victim)
        victim.kill()
        self.killed.append(victim.pid)
        self.start_worker()
        return victim.pid

    async def books(self) -> tuple[BookEntry, ...]:
        """Returns the ERP's books as anybody may export them."""
        return await self.erp.books()

    async def end_workers(self) -> list[int]:
        """Stops the workers and returns their exit codes."""
        ended, self.workers = self.workers, []
        return list(await asyncio.gather(*(worker.end() for worker in ended)))


@asynccontextmanager
async def opened(folder: Path, *, seed: int, orders: int, shadow: int | None = None) -> AsyncIterator[House]:
    """Gives a house in a fresh ``folder`` with its workers running; everything that runs is ended with the block.

    Whatever ``BRIDGEHEAD_`` and ``ERP_`` variables say, the database and the ERP are the house's own.
    """
    for name in [name for name in os.environ if name.startswith(("BRIDGEHEAD_", "ERP_"))]:
        del os.environ[name]
    os.environ["BRIDGEHEAD_HOME"] = str(folder)
    settings = Settings()
    starting = asyncio.create_task(asyncio.to_thread(embedded.start, folder))
    erp_process: Child | None = None
    house: House | None = None
    try:
        corpus = await asyncio.to_thread(make_corpus, folder / "corpus", seed=seed, orders=orders, shadow=shadow)
        erp_process, url = await start_erp(
            folder,
            master=folder / MASTER,
            people=corpus.folder / "people.json",
            seed=seed,
            latency_ms=LATENCY_MS,
        )
        # What erp.yaml asks for, here and in the workers.
        os.environ |= {"ERP_URL": url, "ERP_CLIENT_SECRET_FILE": str(folder / SECRET)}
        loaded = load_deployment(write_deployment(folder / DEPLOYMENT))
        await starting
        async with App.opened(settings) as app:
            await app.register(loaded)
            erp = Auditor(url, SecretStr((folder / SECRET).read_text(encoding="ascii").strip()))
            house = House(folder, app, corpus, loaded, erp, random.Random(f"{seed}/kills"))  # noqa: S311 - repeats
            for _ in range(WORKERS):
                house.start_worker()
            yield house
            await erp.aclose()
    finally:
        with contextlib.suppress(Exception):
            await starting
        if house is not None:
            await house.end_workers()
        if erp_process is not None:
            await erp_process.end()
        await asyncio.to_thread(embedded.stop, folder)


def write_deployment(folder: Path) -> Path:
    """Writes the files that ``init --template purchase_orders`` gives, with the demo's code, and returns the folder."""
    package = resources.files("bridgehead.templates.purchase_orders")
    folder.mkdir(parents=True)
    rules = (package / "files" / "bridgehead.yaml").read_text(encoding="utf-8")
    # The demo's second way to book needs the rule of the first, and the policies too.
    begin, end = rules.index("  book_order:\n"), rules.index("\nsequences:")
    second = rules[begin:end].replace("book_order", "import_order")
    whole = f"{rules[:end]}{second}{rules[end:]}".replace(*_CAPS)
    (folder / "bridgehead.yaml").write_text(whole, encoding="utf-8")
    policies = folder / "policies"
    policies.mkdir()
    text = (package / "files" / "policies" / "orders.cedar").read_text(encoding="utf-8")
    both = 'action in [Action::"book_order", Action::"import_order"]'
    (policies / "orders.cedar").write_text(text.replace('action == Action::"book_order"', both), encoding="utf-8")
    code = (package / "demo" / "deployment" / "deploy.py").read_text(encoding="utf-8")
    (folder / "deploy.py").write_text(code, encoding="utf-8")
    erp = folder / "erp.yaml"
    erp.write_text((package / "files" / "erp.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    forget(erp)
    return folder


@contextmanager
def demo_folder() -> Iterator[Path]:
    """Gives ``.bridgehead/demo``, emptied, to one run at a time; raises UserError while another one has it.

    Where that path is too long for a database socket, it is a folder of the system's temporary one.
    """
    folder = Path(".bridgehead").resolve() / "demo"
    if len(str(folder)) > _LONGEST_SOCKET_FOLDER:
        folder = Path(tempfile.gettempdir()) / f"bridgehead-demo-{os.getuid()}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(
                f"another demo runs in {folder}", code="demo.busy", hint="Wait for it, or end it with Ctrl-C."
            ) from error
        if folder.exists():
            embedded.stop(folder)
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        yield folder
