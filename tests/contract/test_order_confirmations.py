from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import cast

import pytest

from bridgehead import Case, Context, Failed, Mismatch
from bridgehead.cases.tools import CURRENT
from bridgehead.connectors.toolset import Connected
from bridgehead.documents.order import Order
from bridgehead.templates.purchase_orders.confirming import (
    OUTBOX,
    Confirmation,
    Confirmed,
    as_if_confirmed,
    confirm_order,
    confirmed,
)
from bridgehead.templates.purchase_orders.erp.wire import BookedOrder
from tests.contract.test_erp_agent import PLAIN, Desk
from tests.docs import tree
from tests.docs.walk import Written, steps
from tests.unit.documents.foreign import mail_of
from tests.unit.erp import small_master
from tests.unit.erp.asking import asking, opened
from tests.unit.erp.running import RunningErp

Agent = Callable[[Case[Order], Context], Awaitable[object]]
LETTER = Confirmation("C100", "PO-1", "SO/1 ..", "mail", ".eml", "aGVsbG8=")


@pytest.fixture
async def desk(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    folder = tmp_path_factory.mktemp("erp")
    running = RunningErp(folder, ("--people", str(small_master.written(folder, [], "people.json"))))
    running.start()
    connected: Connected = opened(running, monkeypatch)
    try:
        with asking(connected):
            yield Desk()
    finally:
        await connected.connector.aclose()
        running.stop()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Path]:
    OUTBOX.open(tmp_path / "outbox")
    yield tmp_path / "outbox"
    OUTBOX.folder = None


def agent_of_the_guide(folder: Path) -> Agent:
    """Returns the agent of the deployment that the guide writes."""
    (text,) = (
        step.text
        for step in steps(tree.page("howto/confirm-orders.md"))
        if isinstance(step, Written) and step.name == "deploy.py"
    )
    space: dict[str, object] = {"__file__": str(folder / "deploy.py"), "__name__": "deploy"}
    exec(compile(text, "deploy.py", "exec"), space)  # noqa: S102  # the page's own code is what is tried
    return cast("Agent", space["orders"])


def lying_in(folder: Path) -> list[Path]:
    """Returns every file in a folder and below it."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def sent(file: Path) -> None:
    """Moves a file as whoever sends it does."""
    file.rename(file.parent / "sent" / file.name)


async def call(confirmation: Confirmation) -> Confirmed:
    """Confirms as a case would, with the core doing every call at once."""
    token = CURRENT.set(Desk().call)
    try:
        return await confirm_order(confirmation)
    finally:
        CURRENT.reset(token)


async def test_the_deployment_of_the_guide_confirms_what_it_books(desk: Desk, outbox: Path, tmp_path: Path) -> None:
    """An order that is booked is confirmed to the customer's address in the ERP, in units of the order, once."""
    agent = agent_of_the_guide(tmp_path)
    case = Case("C-1", PLAIN, "Bitte liefern Sie die Artikel", revision=1, revises=None, level="", deadline_at=None)
    token = CURRENT.set(desk.call)
    try:
        booked = await agent(case, cast(Context, desk))
        again = await agent(case, cast(Context, desk))
    finally:
        CURRENT.reset(token)
    assert isinstance(booked, BookedOrder)
    assert not isinstance(again, BookedOrder)
    assert desk.calls.count("confirm_order") == 1
    (file,) = lying_in(outbox)
    mail = mail_of(file.read_bytes())
    assert mail["To"] == "buying@rheinwerk.example.com"
    part = mail.get_body(("plain",))
    assert part is not None
    text = "\n".join(part.get_content().splitlines())
    assert f"Unsere Auftragsnummer: {booked.order_number}" in text
    assert re.findall(r"Bestätigt: (.*)", text) == ["10 BX", "20 EA"]
    assert re.findall(r"Preis: (.*)", text) == ["37,20 EUR", "3,20 EUR"]
    assert re.findall(r"Status: (.*)", text) == ["angenommen wie bestellt"] * 2
    assert "436,00 EUR" in text


async def test_a_confirmation_is_put_once(outbox: Path) -> None:
    """The same confirmation again puts nothing, neither while it waits nor when it was sent."""
    made = await call(LETTER)
    assert made == await call(LETTER)
    (file,) = lying_in(outbox)
    assert (file.parent, file.name, file.read_bytes()) == (outbox, made.name, b"hello")
    sent(file)
    assert made == await call(LETTER)
    assert lying_in(outbox) == [outbox / "sent" / made.name]


async def test_another_confirmation_under_one_number_is_a_conflict(outbox: Path) -> None:
    """Nothing replaces a confirmation that is there: a person compares the two."""
    await call(LETTER)
    other = replace(LETTER, content="b3RoZXI=")
    with pytest.raises(Failed) as failed:
        await call(other)
    assert (failed.value.error_class, failed.value.applied) == ("conflict", False)
    with pytest.raises(Mismatch):
        await confirmed(key="k", args={"confirmation": other})


async def test_a_confirmation_is_read_back(outbox: Path) -> None:
    """Reading back finds what was put and sent, and nothing where nothing was put; a preview puts nothing."""
    args: dict[str, object] = {"confirmation": asdict(LETTER)}
    assert await confirmed(key="k", args=args) is None
    foreseen = await as_if_confirmed(args=args)
    assert not lying_in(outbox)
    assert await call(LETTER) == foreseen == await confirmed(key="k", args=args)


async def test_no_order_number_leads_out_of_the_outbox(outbox: Path) -> None:
    """A number with slashes and dots names a file in the outbox itself."""
    await call(replace(LETTER, order_number="../../etc/x", suffix="/../y"))
    assert [path.parent for path in lying_in(outbox)] == [outbox]


async def test_nothing_is_confirmed_without_an_outbox() -> None:
    """A deployment that opens no outbox is told so, and nothing is written anywhere."""
    OUTBOX.folder = None
    with pytest.raises(Failed, match="no outbox"):
        await call(LETTER)
