"""What can be read of an XML order that is cut off or broken: UBL and cXML, only whole elements, for a person.

Nothing is decided by it. It takes no entity, no namespace and no document type into account.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from bridgehead.templates.purchase_orders.glimpse_edi import MOST_LINES, NOTE

_READ: Final = 1_048_576
_LONGEST: Final = 80
_TAG: Final = re.compile(r"<(/?)([A-Za-z_][\w.-]{0,80}:)?([A-Za-z_][\w.-]{0,80})([^<>]{0,2000})>")
_ATTRIBUTE: Final = re.compile(r"""([\w:.-]{1,80})\s{0,9}=\s{0,9}(?:"([^"<>]*)"|'([^'<>]*)')""")
_HEAD: Final = {
    ("Order", "ID"): "po_number",
    ("OrderChange", "OrderReference", "ID"): "po_number",
    ("Order", "IssueDate"): "order_date",
    ("Order", "DocumentCurrencyCode"): "currency",
}
_LINE: Final = {
    ("LineItem", "ID"): "number",
    ("LineItem", "Quantity"): "quantity",
    ("Price", "PriceAmount"): "price",
    ("SellersItemIdentification", "ID"): "supplier_part",
    ("BuyersItemIdentification", "ID"): "customer_part",
    ("Item", "Description"): "description",
    ("Item", "Name"): "description",
    ("ItemID", "SupplierPartID"): "supplier_part",
    ("UnitPrice", "Money"): "price",
    ("ItemDetail", "UnitOfMeasure"): "unit",
    ("ItemDetail", "Description"): "description",
    ("RequestedDeliveryPeriod", "StartDate"): "requested_date",
    ("RequestedDeliveryPeriod", "EndDate"): "requested_date",
}
_PLACE: Final = {
    "Name": "name", "Street": "street", "StreetName": "street", "BuildingNumber": "building", "City": "city",
    "CityName": "city", "PostalCode": "postal_code", "PostalZone": "postal_code", "IdentificationCode": "country",
}  # fmt: skip
_PLACES: Final = frozenset({"ShipTo", "DeliveryLocation"})
_DAY: Final = 10
_BUYER: Final = frozenset({"BuyerCustomerParty", "BillTo"})
_LINES: Final = frozenset({"LineItem", "ItemOut"})


def xml_glimpse(document: bytes) -> dict[str, JsonValue]:
    r"""Returns buyer, ship-to, PO number, date, currency and lines of a broken order; nothing without a number.

    All is as written, bytes that are no UTF-8 as ``\xfc``. A line that holds such bytes is among the lines, counts as
    ``damaged`` and not as read, and the first of them is ``broke_in``. Raises nothing.
    """
    head: dict[str, JsonValue] = {}
    buyer: dict[str, JsonValue] = {}
    ship_to: dict[str, JsonValue] = {}
    lines: list[JsonValue] = []
    broken: list[dict[str, JsonValue]] = []
    line: dict[str, JsonValue] = {}
    for path, given, said, closes in elements_of(document[:_READ].decode("utf-8", "surrogateescape")):
        text = _shown(said)
        name, inside = path[-1], bool(_LINES & set(path))
        if name in _LINES:
            if closes and line.get("quantity"):
                lines.append(line)
            line = {} if closes else _opened(given)
        elif name == "OrderRequestHeader" and not closes:
            head |= _without_empty(
                {"po_number": given.get("orderID"), "order_date": (given.get("orderDate") or "")[:10]}
            )
        elif closes and text and inside:
            field = _LINE.get((path[-2], name))
            if field and field not in line:
                line[field] = text
            if text != said and line not in broken:
                broken.append(line)
            if field == "quantity" and given.get("unitCode"):
                line["unit"] = given["unitCode"]
            if field == "price" and given.get("currency"):
                head.setdefault("currency", given["currency"])
        elif closes and text:
            _take(path, text, head, buyer, ship_to)
    if not head.get("po_number"):
        return {}
    told: dict[str, JsonValue] = {"note": NOTE, "buyer": buyer, **head, "lines": lines[:MOST_LINES]}
    told |= {"ship_to": ship_to} if ship_to else {}
    whole = sum(one not in broken for one in lines)
    told |= {"damaged": len(broken), "broke_in": dict(broken[0])} if broken else {}
    return told | {"lines_read": whole}


def _take(
    path: tuple[str, ...], text: str, head: dict[str, JsonValue], buyer: dict[str, JsonValue], to: dict[str, JsonValue]
) -> None:
    """Takes a text outside of the lines: of the buyer, of where the goods go, or of the order itself."""
    if _BUYER & set(path) and path[-1] in ("Name", "RegistrationName"):
        buyer.setdefault("name", text)
    elif _PLACES & set(path) and path[-1] in _PLACE:
        to.setdefault(_PLACE[path[-1]], text)
    else:
        field = next((to_ for of, to_ in _HEAD.items() if path[-len(of) :] == of), None)
        if field:
            head.setdefault(field, text)


def _opened(given: dict[str, str]) -> dict[str, JsonValue]:
    """Returns what the attributes of a cXML line say of it."""
    day = (given.get("requestedDeliveryDate") or "")[:_DAY]
    return _without_empty({"number": given.get("lineNumber"), "quantity": given.get("quantity"), "requested_date": day})


def _shown(text: str) -> str:
    r"""Returns a text with the bytes that are no UTF-8 written out, as ``\xfc``."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def elements_of(text: str) -> Iterator[tuple[tuple[str, ...], dict[str, str], str, bool]]:
    """Yields each tag: path and attributes of its element, its text where that is all it holds, whether it closes."""
    open_ones: list[tuple[str, dict[str, str]]] = []
    last, leaf = 0, False
    for tag in _TAG.finditer(text):
        name = tag[3]
        if not tag[1]:
            found = _ATTRIBUTE.finditer(tag[4])
            given = {one[1]: _shown(html.unescape(one[2] or one[3] or "")[:_LONGEST]) for one in found}
            if len(open_ones) < MOST_LINES:
                open_ones.append((name, given))
                yield tuple(one for one, _ in open_ones), given, "", False
                leaf, last = True, tag.end()
                if not tag[4].endswith("/"):
                    continue
                open_ones.pop()
                yield (*(one for one, _ in open_ones), name), given, "", True
            leaf = False
        elif open_ones and open_ones[-1][0] == name:
            said = " ".join(html.unescape(text[last : tag.start()][: 4 * _LONGEST]).split())[:_LONGEST] if leaf else ""
            yield tuple(one for one, _ in open_ones), open_ones[-1][1], said, True
            open_ones.pop()
            leaf = False


def _without_empty(found: dict[str, str | None]) -> dict[str, JsonValue]:
    return {name: value for name, value in found.items() if value}
