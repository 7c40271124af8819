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
}
_BUYER: Final = frozenset({"BuyerCustomerParty", "BillTo"})
_LINES: Final = frozenset({"LineItem", "ItemOut"})


def xml_glimpse(document: bytes) -> dict[str, JsonValue]:
    """Returns buyer, PO number, date, currency and whole lines of a broken order, as written; nothing without a number.

    Raises nothing.
    """
    head: dict[str, JsonValue] = {}
    buyer: dict[str, JsonValue] = {}
    lines: list[JsonValue] = []
    line: dict[str, JsonValue] = {}
    for path, given, text, closes in elements_of(document[:_READ].decode("utf-8", "replace")):
        name, inside = path[-1], bool(_LINES & set(path))
        if name in _LINES:
            if closes and line.get("quantity"):
                lines.append(line)
            line = (
                {} if closes else _without_empty({"number": given.get("lineNumber"), "quantity": given.get("quantity")})
            )
        elif name == "OrderRequestHeader" and not closes:
            head |= _without_empty(
                {"po_number": given.get("orderID"), "order_date": (given.get("orderDate") or "")[:10]}
            )
        elif closes and text and inside:
            field = _LINE.get((path[-2], name))
            if field and field not in line:
                line[field] = text
            if field == "quantity" and given.get("unitCode"):
                line["unit"] = given["unitCode"]
            if field == "price" and given.get("currency"):
                head.setdefault("currency", given["currency"])
        elif closes and text and _BUYER & set(path) and name in ("Name", "RegistrationName"):
            buyer.setdefault("name", text)
        elif closes and text:
            field = next((to for of, to in _HEAD.items() if path[-len(of) :] == of), None)
            if field:
                head.setdefault(field, text)
    if not head.get("po_number"):
        return {}
    told: dict[str, JsonValue] = {"note": NOTE, "buyer": buyer, **head, "lines": lines[:MOST_LINES]}
    return told | {"lines_read": len(lines)}


def elements_of(text: str) -> Iterator[tuple[tuple[str, ...], dict[str, str], str, bool]]:
    """Yields each tag: path and attributes of its element, its text where that is all it holds, whether it closes."""
    open_ones: list[tuple[str, dict[str, str]]] = []
    last, leaf = 0, False
    for tag in _TAG.finditer(text):
        name = tag[3]
        if not tag[1]:
            given = {one[1]: html.unescape(one[2] or one[3] or "")[:_LONGEST] for one in _ATTRIBUTE.finditer(tag[4])}
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
