from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, cast

import pytest

from bridgehead import Case, Context, Failed, Mismatch
from bridgehead.cases.tools import CURRENT
from bridgehead.connectors.toolset import Connected
from bridgehead.documents.acknowledgement import same_unit
from bridgehead.documents.order import Line, Order, Party
from bridgehead.templates.purchase_orders.answering import language_for, written_for
from bridgehead.templates.purchase_orders.confirming import (
    OUTBOX,
    Confirmation,
    Confirmed,
    as_if_confirmed,
    confirm_order,
    confirmation_of,
    confirmed,
)
from bridgehead.templates.purchase_orders.erp.wire import (
    Address,
    BookedOrder,
    Credit,
    Customer,
    Item,
    LineCode,
    OrderLine,
)
from tests.contract.test_erp_agent import PLAIN, Desk
from tests.docs import tree
from tests.docs.walk import Written, steps
from tests.unit.documents.foreign import mail_of
from tests.unit.erp import small_master
from tests.unit.erp.asking import asking, opened
from tests.unit.erp.running import RunningErp

Agent = Callable[[Case[Order], Context], Awaitable[object]]
WORKS = Party(name="Works GmbH")
LETTER = Confirmation("C100", "PO-1", "SO/1 ..", "x12 855", ".x12", "aGVsbG8=")


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
    assert re.findall(r"Bestätigt: (.*)", text) == ["10 BX", "20 Stück"]
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


@pytest.mark.parametrize(
    "head, to",
    [
        ("To: buying@northfield.example.com", "buying@northfield.example.com"),
        ("To: buying@rheinwerk.example.com\nBcc: x@elsewhere.example", "buying@rheinwerk.example.com"),
        ("To: buying@rheinwerk.example.com", "buying@northfield.example.com"),
        ("Subject: nobody", None),
    ],
)
@pytest.mark.usefixtures("desk")
async def test_a_mail_goes_to_its_own_customer_alone(outbox: Path, head: str, to: str | None) -> None:
    """What was read of one customer is mailed to no other one, whoever stands in the mail or beside it."""
    content = base64.b64encode(f"{head}\n\nhello\n".encode()).decode()
    for kind, suffix in (("mail", ".eml"), ("x12 855", ".eml")):
        mail = replace(LETTER, kind=kind, suffix=suffix, content=content, to=to)
        with pytest.raises(Failed, match=r"C100 has buying@rheinwerk\.example\.com on file") as failed:
            await call(mail)
        assert (failed.value.error_class, failed.value.applied) == ("forbidden", False)
    assert not lying_in(outbox)


async def test_nothing_is_confirmed_without_an_outbox() -> None:
    """A deployment that opens no outbox is told so, and nothing is written anywhere."""
    OUTBOX.folder = None
    with pytest.raises(Failed, match="no outbox"):
        await call(LETTER)


def booking(*lines: OrderLine) -> BookedOrder:
    """Returns an order that was booked with these lines."""
    return BookedOrder(
        customer="C100", po_number="PO-1", order_date=date(2026, 11, 2), currency="EUR", ship_to="C100-1",
        header_code="AC", lines=lines, total=Decimal("436.00"), order_number="SO-1", status="open",
        booked_by="system", booked_at=datetime(2026, 11, 3, 9, tzinfo=UTC),
    )  # fmt: skip


BOX: Final = Line(1, Decimal(10), "BX", customer_part="RW-77", price=Decimal(3720), price_basis=Decimal(100))
PIECES: Final = Line(2, Decimal(20), "EA", supplier_part="A-2", requested_date=date(2026, 11, 20))
DAY: Final = date(2026, 11, 20)


@pytest.mark.parametrize(
    "ordered, code, quantity, unit, price, day, expected",
    [
        (BOX, "IA", 120, "C62", "3.10", DAY, ("IA", 10, "", "3720", 100)),
        (BOX, "IA", 120, "C62", "3.12", DAY, ("IP", 10, "", "3744", 100)),
        (replace(BOX, price=Decimal(1000)), "IA", 120, "C62", "0.8333", DAY, ("IA", 10, "", "1000", 100)),
        (BOX, "IQ", 240, "C62", "3.10", DAY, ("IQ", 240, "C62", "3.10", 1)),
        (PIECES, "IP", 20, "C62", "3.20", DAY, ("IP", 20, "", "3.20", 1)),
        (PIECES, "DR", 20, "EA", "3.20", date(2026, 12, 1), ("DR", 20, "", "3.20", 1)),
        (PIECES, "DR", 25, "C62", "3.20", date(2026, 12, 1), ("IC", 25, "", "3.20", 1)),
        (PIECES, "IQ", 25, "C62", "3.20", date(2026, 12, 1), ("IC", 25, "", "3.20", 1)),
        (PIECES, "IQ", 25, "C62", "3.20", DAY, ("IQ", 25, "", "3.20", 1)),
    ],
)
def test_a_booking_is_told_in_the_units_of_the_order(
    ordered: Line, code: LineCode, quantity: int, unit: str, price: str, day: date, expected: tuple[object, ...]
) -> None:
    """Quantity and price are in the customer's unit and basis where these are sure, and in base units elsewhere."""
    line = OrderLine(ordered.number, "A-1", Decimal(quantity), unit, Decimal(price), day, code)
    ack = confirmation_of(replace(PLAIN, lines=(ordered,)), booking(line), WORKS)
    (told,) = ack.lines
    shown = told.unit if told.unit and not same_unit(ordered, told) else ""
    assert (told.code, told.quantity, shown, told.price, told.price_basis) == (
        expected[0], expected[1], expected[2], Decimal(str(expected[3])), expected[4],
    )  # fmt: skip
    assert (told.day, ack.order_number, ack.total, ack.issued.hour) == (day, "SO-1", Decimal("436.00"), 9)


def test_a_line_that_was_not_booked_is_on_hold() -> None:
    """What the booking lacks is not confirmed, and what is back-ordered has no day."""
    late = OrderLine(1, "A-1", Decimal(120), "C62", Decimal("3.10"), DAY, "IB")
    ack = confirmation_of(PLAIN, booking(late), WORKS)
    assert [(line.code, line.quantity, line.back_ordered, line.day) for line in ack.lines] == [
        ("IB", None, Decimal(120), None),
        ("IH", None, None, None),
    ]
    assert ack.code == "AC"


RHEINWERK: Final = Customer(
    "C100", "Rheinwerk", "EUR", Credit(Decimal(1), Decimal(0), 0, blocked=False),
    (Address("C100-1", "Rheinwerk", "Hafenstr. 5", "Köln", "50667", "DE"),),
)  # fmt: skip
PDF: Final = "%PDF-1.7\n1 0 obj << /w 3 /i 4 /z 5 >> w i z o do na \ufffd\x00 za w i z"


def case_of(order: Order, text: str) -> Case[Order]:
    """Returns a case of an order that came in a document of this text."""
    return Case("C-17", order, text, revision=1, revises=None, level="", deadline_at=None)


def test_the_language_is_that_of_words_and_never_of_bytes() -> None:
    """Texts of the order decide where they hold enough words; else the customer's country, else the default."""
    english = replace(PLAIN, notes=("Please deliver to the rear entrance, and thank you for the quick quotation.",))
    assert language_for(english, RHEINWERK, "fr") == "en"
    assert language_for(PLAIN, RHEINWERK, "fr") == "de"
    assert language_for(replace(PLAIN, notes=(PDF, "Rohr w i z 2 m")), RHEINWERK, "fr") == "de"
    swiss = replace(RHEINWERK, ship_tos=(replace(RHEINWERK.ship_tos[0], country="CH"),))
    assert language_for(replace(PLAIN, notes=(PDF,)), swiss, "fr") == "fr"


MAILED: Final = "From: a@kern.example\nSubject: PO-1\nMessage-ID: <o3@kern.example>\n\nhello\n"
X12: Final = (
    "ISA*00*          *00*          *ZZ*KERNGMBH       *ZZ*WORKS          *261102*0903*U*00401*000001270*0*P*>~"
    "GS*PO*KERNGMBH*WORKS*20261102*0903*1270*X*004010~ST*850*0001~BEG*00*SA*PO-1**20261030~"
    "PO1*1*20*EA*3.2*PE*VN*A-2~CTT*1~SE*5*0001~GE*1*1270~IEA*1*000001270~"
)


@pytest.mark.parametrize(
    "form, text, to, kind, thread",
    [
        ("x12", X12, "b@kern.example", "x12 855", None),
        ("x12", X12 + "\ufffd", "b@kern.example", "mail", None),
        ("x12", X12, "", "x12 855", None),
        ("email", MAILED, "b@kern.example", "mail", "<o3@kern.example>"),
        ("xlsx", MAILED + "\ufffd", "b@kern.example", "mail", "<o3@kern.example>"),
        ("pdf", PDF, "b@kern.example", "mail", None),
        ("pdf", PDF, "", None, None),
    ],
)
def test_an_order_is_answered_as_it_came(form: str, text: str, to: str, kind: str | None, thread: str | None) -> None:
    """EDI is answered in its own form, a mail in its thread, what has no form or whose bytes are gone by mail."""
    order = replace(PLAIN, format=form, lines=(PIECES,))
    line = OrderLine(PIECES.number, "A-2", Decimal(20), "C62", Decimal("3.20"), DAY, "IA")
    ack = confirmation_of(order, booking(line), WORKS)
    written = written_for(case_of(order, text), ack, "orders@works.example", to, "en")
    assert (written.kind if written else None) == kind
    if written and kind == "mail":
        assert mail_of(written.content)["In-Reply-To"] == thread


@pytest.mark.parametrize(
    "minimum, multiple, said",
    [(25, 1, "unsere Mindestmenge ist 25 Stück"), (1, 25, "lieferbar in Vielfachen von 25 Stück")],
)
def test_a_raised_quantity_says_why(minimum: int, multiple: int, said: str) -> None:
    """A customer who gets more than was ordered reads in its language whether by a minimum or by a multiple."""
    item = Item(
        "A-2", "Nut", "C62", Decimal(minimum), Decimal(multiple), Decimal(0), 0, {"C62": Decimal(1)}, {}
    )  # fmt: skip
    line = OrderLine(PIECES.number, "A-2", Decimal(25), "C62", Decimal("3.20"), DAY, "IQ")
    order = replace(PLAIN, lines=(PIECES,))
    ack = confirmation_of(order, booking(line), WORKS, items={"A-2": item}, language="de")
    assert ack.lines[0].reason == said
