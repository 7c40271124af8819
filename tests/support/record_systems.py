"""Records connectors beside their specifications: ``python -m tests.support.record_systems [NAME …]``.

Run it after a change of what their specifications ask or map; what differs is then seen in version control.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from bridgehead.connectors.proving.prove import prove
from bridgehead.connectors.proving.record import Recorded, record
from bridgehead.connectors.proving.recording import recording_path
from bridgehead.connectors.proving.verdict import Proof
from bridgehead.spec.tool import JSON
from tests.support import mariadb
from tests.support.desk import make_desk, record_desk
from tests.support.mariadb import PASSWORDS, Legacy
from tests.support.tryton import ROOT, Tryton, running_tryton
from tests.unit.erp import small_master
from tests.unit.erp.running import RunningErp

WAWI: Final = ROOT / "tests" / "support" / "legacy" / "wawi.yaml"
DESK: Final = ROOT / "tests" / "support" / "connectors" / "desk.yaml"
TRYTON: Final = ROOT / "examples" / "tryton" / "erp.yaml"
TEMPLATE: Final = ROOT / "src" / "bridgehead" / "templates" / "purchase_orders" / "files" / "erp.yaml"
KEPT: Final = {TEMPLATE: ROOT / "tests" / "support" / "connectors" / "purchase_orders.recorded.yaml"}
"""Recordings that do not lie beside their specification: the template's files are copied into every deployment."""


async def record_wawi(spec: Path, legacy: Legacy) -> None:
    """Records every read and action of the order desk on a freshly loaded database."""
    os.environ |= {
        "WAWI_URL": f"mariadb://127.0.0.1:{legacy.server.port}/{legacy.database}",
        "WAWI_PASSWORD": PASSWORDS["auftrag"],
    }
    # Two pages of customers, and few of all else: a recording is read by people.
    for table, kept in (("KUNST", 23), ("ARTST", 6), ("KDART", 8), ("KUNADR", 30)):
        key = {"ARTST": "ARTNR"}.get(table, "KDNR")
        ((last,),) = legacy.rows(f"SELECT {key} FROM {table} WHERE MANDT = '01' ORDER BY {key} LIMIT 1 OFFSET {kept}")
        legacy.change(f"DELETE FROM {table} WHERE {key} > %s OR MANDT <> '01'", last)
    items = [
        (str(number).strip().lstrip("0"), str(unit))
        for number, unit in legacy.rows(
            "SELECT ARTNR, MEINS FROM ARTST WHERE STAT = 'A' AND LOEKZ <> 'X' AND BESTD <> '' ORDER BY ARTNR LIMIT 2"
        )
    ]
    ((customer,),) = legacy.rows(
        "SELECT MIN(K.KDNR) FROM KUNST K JOIN KDART A ON A.MANDT = K.MANDT AND A.KDNR = K.KDNR"
        " JOIN KUNADR D ON D.MANDT = K.MANDT AND D.KDNR = K.KDNR AND D.ADRART = 'L' AND D.ADRNR = 1"
        " WHERE K.MANDT = '01' AND K.LOEKZ <> 'X' AND K.SPERR <> 'J'"
    )
    number = str(customer).lstrip("0")
    for name, given in {
        "get_customer": {"number": number},
        "all_customers": {},
        "addresses_of": {"customer": number},
        "all_addresses": {},
        "get_items": {"numbers": [item for item, _ in items]},
        "all_items": {},
        "parts_of": {"customer": number},
        "all_parts": {},
        "price_of": {"customer": number, "item_number": items[0][0], "day": "2026-11-25"},
    }.items():
        await record(spec, name, cast("dict[str, JSON]", given))
    order: dict[str, JSON] = {
        "customer": number,
        "reference": "Süd 4711",
        "ordered": "2026-11-25",
        "address": 1,
        "text": "Größe & Güte",
        "lines": [{"item": item, "quantity": "20", "unit": unit, "price": "12.34"} for item, unit in items],
    }
    # Cancelled and booked again, so that what is found holds more than one record.
    first = _number(await record(spec, "book_order", order, write=True))
    await record(spec, "cancel_order", {"number": first}, write=True)
    second = _number(await record(spec, "book_order", order, write=True))
    await record(spec, "find_orders", {"customer": number, "reference": "Süd 4711"})
    await record(spec, "get_order", {"number": second})
    await record(spec, "order_lines", {"order": second})
    await record(spec, "move_order", {"number": second, "wanted": "2027-02-01"}, write=True)
    await record(spec, "cancel_order", {"number": second}, write=True)


async def record_tryton(spec: Path, tryton: Tryton) -> None:
    """Records every read and action of the ERP on a Tryton that holds the demo's corpus."""
    os.environ |= {"TRYTON_URL": f"{tryton.url}/{tryton.database}", "TRYTON_PASSWORD": tryton.password}
    customer = next(one for one in tryton.master["customers"] if one["number"] == "10216")
    ship_to: Mapping[str, Any] = customer["ship_tos"][0]
    part = tryton.master["cross_references"][0]
    numbers = ["HB-12080-88", "HN-12-8"]
    gtins = [one["gtin"] for one in tryton.master["items"] if one["gtin"]][:2]
    for name, given in {
        "customers": {"number": customer["number"]},
        "customer_parts": {"customer": part["customer"], "parts": [part["customer_part"]]},
        "items": {"numbers": numbers},
        "items_by_gtin": {"gtins": gtins},
        "prices": {"customer": customer["number"], "items": numbers, "on": tryton.master["as_of"], "currency": "EUR"},
        "business_day": {},
        "parties": {"number": customer["number"]},
        "addresses": {"customer": customer["number"]},
        "addresses_by_number": {"customer": customer["number"], "number": ship_to["id"]},
        "currencies": {"code": "EUR"},
        "locations": {"code": "WH"},
        "products": {"numbers": numbers},
    }.items():
        await record(spec, name, cast("dict[str, JSON]", given))
    usual: dict[str, JSON] = {"unit": "C62", "date": "2026-11-03", "code": "IA"}
    lines: list[dict[str, JSON]] = [
        {"line": 1, "item": numbers[0], "quantity": "200", "price": "0.9821"},
        {"line": 2, "item": numbers[1], "quantity": "400", "price": "0.1"},
    ]
    order: dict[str, JSON] = {
        "customer": customer["number"],
        "po_number": "PO 4711",
        "order_date": "2026-11-02",
        "currency": "EUR",
        "ship_to": ship_to["id"],
        "header_code": "AD",
        "total": "236.42",
        "lines": [{**line, **usual} for line in lines],
    }
    made = await record(spec, "create_order", order, write=True)
    booked = cast("dict[str, JSON]", made.call.result)["order_number"]
    await record(spec, "orders", {"customer": customer["number"], "po_number": "PO 4711"})
    await record(spec, "order_by_number", {"order_number": booked})
    await record(spec, "cancel_order", {"order_number": booked}, write=True)


def _number(done: Recorded) -> JSON:
    return cast("dict[str, JSON]", done.call.result)["number"]


@contextmanager
def _anew(place: Path) -> Iterator[None]:
    """Begins a recording anew, and keeps the one before when that fails."""
    before = place.read_bytes() if place.exists() else None
    place.unlink(missing_ok=True)
    try:
        yield
    except BaseException:
        if before is not None:
            place.write_bytes(before)
        raise


def main() -> None:
    """Records the systems named on the command line (default: all) and says what is proved."""
    systems: Mapping[str, tuple[Path, Callable[[], None]]] = {
        "wawi": (WAWI, _wawi),
        "desk": (DESK, _desk),
        "template": (TEMPLATE, _template),
        "tryton": (TRYTON, _tryton),
    }
    for name in sys.argv[1:] or systems:
        spec, carry_out = systems[name]
        with _anew(KEPT.get(spec, recording_path(spec))):
            carry_out()
        proof = asyncio.run(proved(spec))
        open_ = [f"{one.tool}:{one.behaviour}: {one.why}\n" for one in proof.open]
        sys.stdout.writelines([f"{name}: {len(proof.verdicts) - len(open_)} of {len(proof.verdicts)}\n", *open_])


def _wawi() -> None:
    server = mariadb.start(server_id=1)
    try:
        asyncio.run(record_wawi(WAWI, mariadb.load(server, "wawi")))
    finally:
        server.stop()


async def proved(spec: Path, *, allow: Iterable[str] = ()) -> Proof:
    """Returns what is proved of a specification over its recordings, wherever these are kept."""
    if spec not in KEPT:
        return await prove(spec, allow=allow)
    with tempfile.TemporaryDirectory() as name:
        copied = Path(shutil.copy(spec, name))
        shutil.copy(KEPT[spec], recording_path(copied))
        return await prove(copied, allow=allow)


async def record_template(spec: Path, erp: RunningErp) -> None:
    """Records every read and action of the order template's connector on the demo ERP with its small master data."""
    os.environ |= {"ERP_URL": erp.url, "ERP_CLIENT_SECRET": erp.secret}
    for name, given in {
        "customers": {"number": "C100"},
        "customer_parts": {"customer": "C100", "parts": ["RW-77"]},
        "items": {"numbers": ["A-1", "A-2"]},
        "items_by_gtin": {"gtins": ["04012345000016"]},
        "similar_items": {"description": "Bracket A-1"},
        "prices": {"customer": "C100", "items": ["A-1", "A-2"], "on": "2026-11-02", "currency": "EUR"},
        "business_day": {},
    }.items():
        await record(spec, name, cast("dict[str, JSON]", given))
    for number, action in (("PO-T1", "create_order"), ("PO-T2", "create_order_by_import")):
        booking = cast("dict[str, JSON]", small_master.booking(number))
        made = await record(spec, action, {**booking, "header_code": "AD", "sales_org": "1000"}, write=True)
        order = cast("dict[str, JSON]", made.call.result)["order_number"]
        await record(spec, "orders", {"customer": "C100", "po_number": number})
        await record(spec, "order_by_number", {"order_number": order})
        await record(spec, "cancel_order", {"order_number": order}, write=True)


def _template() -> None:
    with tempfile.TemporaryDirectory() as name:
        erp = RunningErp(Path(name))
        erp.start()
        try:
            spec = Path(shutil.copy(TEMPLATE, name))
            asyncio.run(record_template(spec, erp))
        finally:
            erp.stop()
        shutil.copy(recording_path(spec), KEPT[TEMPLATE])


def _desk() -> None:
    with tempfile.TemporaryDirectory() as name:
        spec = Path(shutil.copy(DESK, name))
        make_desk(spec.parent)
        asyncio.run(record_desk(spec))
        shutil.copy(recording_path(spec), recording_path(DESK))


def _tryton() -> None:
    with running_tryton() as tryton:
        asyncio.run(record_tryton(TRYTON, tryton))


if __name__ == "__main__":
    main()
