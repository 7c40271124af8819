from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from bridgehead.connectors.connector import Connector
from bridgehead.connectors.load import load_specification
from bridgehead.connectors.references import Redactor
from bridgehead.connectors.sql_wire import SqlWire
from bridgehead.errors import Failed
from bridgehead.money import Money
from tests.support.foreign_sql import Cut, Free
from tests.support.legacy import seed
from tests.support.mariadb import PASSWORDS, Legacy, Replica

WAWI = Path(__file__).parent.parent / "support" / "legacy" / "wawi.yaml"
BERLIN = ZoneInfo("Europe/Berlin")
PER = {" ": 1, "H": 100, "T": 1000}


@pytest.fixture
async def wawi(legacy: Legacy, replica: Replica, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connector]:
    """Gives the awkward database through its specification, with its real copy."""
    opened = connected(legacy, replica, monkeypatch)
    yield opened
    await opened.aclose()


def connected(
    legacy: Legacy, replica: Replica, monkeypatch: pytest.MonkeyPatch, *, port: int | None = None
) -> Connector:
    monkeypatch.setenv("WAWI_URL", f"mariadb://127.0.0.1:{port or legacy.server.port}/{legacy.database}")
    monkeypatch.setenv("WAWI_COPY_URL", f"mariadb://127.0.0.1:{replica.server.port}/{replica.database}")
    monkeypatch.setenv("WAWI_PASSWORD", PASSWORDS["auftrag"])
    specification = load_specification(WAWI)
    wire = SqlWire(specification, folder=WAWI.parent, limits=Free(), redactor=Redactor())
    return Connector(specification, wire)


def german(text: str) -> Decimal:
    """Reads an amount as the notes of the schema say it is written."""
    plain = text.strip().rstrip("+").replace(".", "").replace(",", ".")
    return -Decimal(plain[:-1]) if plain.endswith("-") else Decimal(plain)


def alive(table: str) -> list[tuple[object, ...]]:
    """Returns the rows of a table of the works that are not deleted, as they were generated."""
    return [row for row in seed.rows().tables[table] if row[0] == "01" and row[-1] != "X"]


def told(record: object) -> dict[str, Any]:
    """Returns a record's typed values by field."""
    assert isinstance(record, BaseModel)
    return {name: getattr(record, name) for name in type(record).model_fields}


def code(value: object) -> str:
    return str(value).strip().lstrip("0")


async def all_of(wawi: Connector, read: str, **values: object) -> list[BaseModel]:
    return list((await wawi.read(read, values)).records)


async def test_customers_are_mapped_right(wawi: Connector) -> None:
    """Every customer of the works is read in pages, with its umlauts, German amounts, old dates and local times."""
    found = {told(one)["number"]: one for one in await all_of(wawi, "all_customers")}
    rows = alive("KUNST")
    assert len(found) == len(rows) > 80
    for row in rows:
        one = told(found[code(row[1])])
        assert one["name"] == f"{str(row[3]).strip()} {row[4]}".strip()
        assert (one["city"], one["postcode"]) == (row[8], row[7])
        assert one["credit_limit"] == Money(german(str(row[16])), str(row[12]))
        assert one["blocked"] is (row[17] == "J")
        assert (one["block_reason"] is None) is (row[18] == "")
        assert one["duns"] == (str(row[10]) if row[10] else None)
        text = str(row[19]).strip()
        assert one["since"] == datetime.strptime(text, "%d%m%Y" if len(text) == 8 else "%d%m%y").date()  # noqa: DTZ007 - a day
        changed = datetime.strptime(f"{row[20]}{row[21]}", "%Y%m%d%H%M%S").replace(tzinfo=BERLIN)
        assert one["changed"] == changed.astimezone(UTC)


async def test_items_addresses_and_parts_are_mapped_right(wawi: Connector) -> None:
    """Items (two encodings in one column), addresses (another one) and customers' own numbers are read right."""
    items = {told(one)["number"]: one for one in await all_of(wawi, "all_items")}
    rows = alive("ARTST")
    assert len(items) == len(rows) > 100
    seconds = {second for _, _, second, *_ in seed.GOODS}
    for row in rows:
        one = told(items[code(row[1])])
        assert one["name"] == row[2]
        assert one["second_line"] in seconds
        assert one["list_price"] == Money(Decimal(str(row[11])) / 100 / PER[str(row[12])], "EUR")
        assert one["stock"] == german(str(row[13]))
        assert one["pack_size"] == Decimal(str(row[8])) / 1000
        assert one["successor"] == (code(row[16]) or None)
    addresses = await all_of(wawi, "all_addresses")
    assert {told(one)["name"] for one in addresses} == {row[4] for row in alive("KUNADR")}
    assert sum(told(one)["valid_from"] is None for one in addresses) == sum(
        row[10] == "00.00.00" for row in alive("KUNADR")
    )
    parts = await all_of(wawi, "all_parts")
    assert {(p["customer"], p["part"], p["item"]) for p in (told(one) for one in parts)} == {
        (code(row[1]), row[2], code(row[3])) for row in alive("KDART")
    }


async def test_orders_are_mapped_right(wawi: Connector, legacy: Legacy) -> None:
    """Order heads and their lines are read by the printed number, across the turn of the century."""
    lines = [row for row in seed.rows().tables["AUFP"] if row[0] == "01"]
    for row in seed.rows().tables["AUFK"][:40]:
        number = f"{row[1]}-{row[2]:07d}"
        one = told((await wawi.read("get_order", {"number": number})).one)
        assert (one["number"], one["customer"], one["reference"]) == (number, code(row[3]), row[4])
        assert one["total"] == Money(Decimal(str(row[9])) / 100, str(row[8]))
        assert one["ordered"] == datetime.strptime(str(row[5]), "%d%m%Y").date()  # noqa: DTZ007 - a day
        own = [line for line in lines if line[1:3] == row[1:3]]
        assert [(told(line)["item"], told(line)["quantity"]) for line in one["lines"]] == [
            (code(line[4]), Decimal(str(line[6])) / 1000) for line in own
        ]
        assert [told(line)["price"].amount for line in one["lines"]] == [
            german(str(line[8])) / PER[str(line[9])] for line in own
        ]


async def test_prices_are_those_that_the_order_desk_takes(wawi: Connector, legacy: Legacy) -> None:
    """The price that is read is the price that a booking without one is given, own, everybody's or from the list."""
    (customer,) = legacy.rows(
        "SELECT P.KDNR FROM PREISH P JOIN KUNST K ON K.KDNR = TRIM(P.KDNR) AND K.MANDT = '01'"
        " WHERE K.SPERR <> 'J' AND K.LOEKZ <> 'X' AND K.WAEHR = 'EUR' ORDER BY P.KDNR LIMIT 1"
    )[0]
    items = legacy.rows(
        "SELECT ARTNR, MEINS FROM ARTST WHERE STAT = 'A' AND LOEKZ <> 'X' AND ARTNR IN"
        f" (SELECT ARTNR FROM PREISH WHERE KDNR IN ('{customer}', 'ALLE') UNION SELECT MIN(ARTNR) FROM ARTST"
        " WHERE STAT = 'A' AND LOEKZ <> 'X')"
    )
    day = date(2026, 11, 25)
    kinds = set()
    wanted: dict[str, Decimal] = {}
    lines = []
    for number, unit in items:
        price = (await wawi.read("price_of", {"customer": code(customer), "item_number": code(number), "day": day})).one
        found = told(price)
        kinds.add(found["holds_for"])
        wanted[code(number)] = found["price"].amount
        lines.append({"item": code(number), "quantity": Decimal(1), "unit": unit})
    made = await wawi.act(
        "book_order",
        {"customer": code(customer), "reference": "P-1", "ordered": day, "address": 1, "lines": tuple(lines)},
        key="k1",
    )
    assert {told(line)["item"]: told(line)["price"].amount for line in told(made)["lines"]} == wanted
    assert kinds >= {"customer", "everybody"}


def order(legacy: Legacy, **more: object) -> dict[str, object]:
    """Returns the arguments of an order that the desk takes."""
    customer = legacy.rows("SELECT MIN(KDNR) FROM KUNST WHERE MANDT = '01' AND LOEKZ <> 'X' AND SPERR <> 'J'")[0][0]
    items = legacy.rows(
        "SELECT TRIM(ARTNR), MEINS FROM ARTST WHERE STAT = 'A' AND LOEKZ <> 'X' ORDER BY ARTNR DESC LIMIT 60"
    )
    numeric = next(item for item in reversed(items) if code(item[0]).isdecimal())
    lines = (
        {"item": code(numeric[0]), "quantity": Decimal("1200.5"), "unit": numeric[1], "price": Decimal("12.34")},
        {"item": items[0][0], "quantity": Decimal(3), "unit": items[0][1], "due": date(2027, 1, 31)},
    )
    return {
        "customer": code(customer), "reference": "best 4711/süd – long number", "ordered": date(2026, 11, 25),
        "address": 1, "text": "Größe & Güte " * 5, "lines": lines, **more,
    }  # fmt: skip


def booked(legacy: Legacy) -> int:
    return int(legacy.rows("SELECT COUNT(*) FROM AUFK WHERE BESTNR LIKE 'BEST 4711%'")[0][0])


async def test_an_order_is_booked_and_taken_back(wawi: Connector, legacy: Legacy) -> None:
    """An order goes through the stored procedure once, is found again instead of repeated, moved and cancelled."""
    args = order(legacy)
    first = await wawi.act("book_order", args, key="k1")
    made = told(first)
    assert made["reference"] == "BEST 4711/SÜD – LONG"
    assert [(told(line)["quantity"], told(line)["due"]) for line in made["lines"]] == [
        (Decimal("1200.500"), None), (Decimal(3), date(2027, 1, 31)),
    ]  # fmt: skip
    assert told(made["lines"][0])["price"].amount in {Decimal("12.34") / per for per in PER.values()}
    again = await wawi.act("book_order", args, key="k1")
    assert told(again)["number"] == made["number"]
    assert booked(legacy) == 1
    with pytest.raises(Failed) as caught:
        await wawi.act("book_order", {**args, "address": 2}, key="k2")
    assert (caught.value.error_class, caught.value.applied) == ("conflict", False)
    moved = await wawi.act("move_order", {"number": made["number"], "wanted": date(2027, 2, 1)}, key="k3")
    assert told(moved)["wanted"] == date(2027, 2, 1)
    undone = await wawi.undo("book_order", args, first, key="k4")
    assert told(undone)["status"] == "cancelled"
    assert booked(legacy) == 1


@pytest.mark.parametrize("word, passes, there", [
    (b"call aufanl", True, True), (b"select @nr", False, True), (b"call aufanl", False, False),
])  # fmt: skip
async def test_an_order_whose_reply_is_lost_is_booked_once(
    legacy: Legacy, replica: Replica, monkeypatch: pytest.MonkeyPatch, word: bytes, passes: bool, there: bool
) -> None:
    """A reply lost in the booking leaves the effect open; reading back settles it, and the order stands there once."""
    args = order(legacy)
    with Cut(("127.0.0.1", legacy.server.port), word, passes=passes) as cut:
        opened = connected(legacy, replica, monkeypatch, port=cut.port)
        try:
            with pytest.raises(Failed) as caught:
                await opened.act("book_order", args, key="k1")
            assert caught.value.applied is None
            assert booked(legacy) == there
            found = await opened.verify("book_order", args, key="k1")
            assert (found is not None) is there
            await opened.act("book_order", args, key="k1")
            assert (cut.cuts, booked(legacy)) == (1, 1)
        finally:
            await opened.aclose()


@pytest.mark.parametrize(
    "change, error_class",
    [
        ({"customer": "99999999"}, "not_found"),
        ({"address": 77}, "invalid_input"),
        ({"lines": ({"item": "nothing", "quantity": Decimal(1), "unit": "ST"},)}, "not_found"),
        ({"lines": ({"item": "a;1;ST;0;|b", "quantity": Decimal(1), "unit": "ST"},)}, "invalid_input"),
        ({"lines": ({"item": "nothing", "quantity": Decimal(-1), "unit": "ST"},)}, "invalid_input"),
    ],
)
async def test_a_refusal_of_the_order_desk_is_told(
    wawi: Connector, legacy: Legacy, change: dict[str, object], error_class: str
) -> None:
    """What the procedure refuses is of the class that the specification gives it, and nothing was booked."""
    with pytest.raises(Failed) as caught:
        await wawi.act("book_order", order(legacy, **change), key="k1")
    assert (caught.value.error_class, caught.value.applied) == (error_class, False)
    assert booked(legacy) == 0
