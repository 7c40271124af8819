"""Small documents written for these tests, and ways to break them."""

from __future__ import annotations

from collections.abc import Sequence

from bridgehead.documents.order import Order
from bridgehead.documents.outcome import Orders, Unreadable
from bridgehead.documents.reading import read

ISA = "ISA*00*          *00*          *ZZ*KERNGMBH       *ZZ*WORKS          *261102*0903*U*00401*000001270*0*P*>~"
GS = "GS*PO*KERNGMBH*WORKS*20261102*0903*1270*X*004010~"
BODY = (
    "BEG*00*SA*PO-4711**20261030~",
    "CUR*BY*EUR~",
    "DTM*002*20261120~",
    "N9*ZZ*NOTES~",
    "MSG*Please confirm.~",
    "N1*ST*Kern GmbH*92*K-7~",
    "N3*Ringweg 5~",
    "N4*Stuttgart**70173*DE~",
    "PO1*10*20*EA*3.2*PE*VN*AB-1001~",
    "PID*F****Valve~",
    "PO1*20*5*BX*12.5*PE*BP*K-55*VN*AB-2002~",
    "CTT*2*25~",
)


def transaction(body: Sequence[str] = BODY, number: str = "0001", count: int | None = None) -> str:
    """Returns one 850 with its ST and SE; ``count`` overrides SE01."""
    return "".join((f"ST*850*{number}~", *body, f"SE*{len(body) + 2 if count is None else count}*{number}~"))


def interchange(*transactions: str, sets: int | None = None, control: str = "000001270") -> bytes:
    """Returns transactions in one group and interchange, with the counts that belong."""
    inside = transactions or (transaction(),)
    total = len(inside) if sets is None else sets
    return "".join((ISA, GS, *inside, f"GE*{total}*1270~", f"IEA*1*{control}~")).encode()


CSV = """Order no;Order date;Customer no;Line;Supplier part;Description;Qty;Unit;Unit price;Amount;Delivery date
PO-4711;30.10.2026;10020;10;AB-1001;Valve;20;pcs;3,20;64,00;20.11.2026
PO-4711;30.10.2026;10020;20;AB-2002;Flange;5;box;12,50;62,50;21.11.2026
"""

TEXT = """Guten Tag,

wir bestellen:

Bestellnummer: PO-4711
Liefertermin: 20.11.2026
Pos.\tArtikelnr.\tMenge\tPreis
10\tAB-1001\t20 Stk\t3,20 EUR
20\tAB-2002\t5 Schachtel\t12,50 EUR
Summe: 126,50 EUR

Lieferadresse:
Kern GmbH
Ringweg 5
70173 Stuttgart

Mit freundlichen Grüßen
Anna Kern
Kern GmbH
"""


def mail(
    text: str = TEXT,
    *,
    subject: str = "Bestellung PO-4711",
    kind: str = "text/plain; charset=utf-8",
    sender: str = "Anna Kern <einkauf@kern.example>",
    more: str = "",
) -> bytes:
    """Returns a message with one part."""
    return (
        f"From: {sender}\nTo: orders@works.example\nSubject: {subject}\n"
        f"Date: Mon, 02 Nov 2026 08:00:00 +0100\n{more}Content-Type: {kind}\n\n{text}"
    ).encode()


def page(body: str) -> bytes:
    """Returns a message whose only part is HTML."""
    return mail(f"<html><body>{body}</body></html>", kind="text/html; charset=utf-8")


def orders(document: bytes, name: str = "arrival") -> tuple[Order, ...]:
    """Returns the orders of a document that must be one."""
    outcome = read(document, name)
    assert isinstance(outcome, Orders), outcome
    return outcome.orders


def only(document: bytes, name: str = "arrival") -> Order:
    """Returns the one order of a document."""
    (order,) = orders(document, name)
    return order


def refused(document: bytes, name: str = "arrival") -> Unreadable:
    """Returns the refusal of a document that must be refused, with a reason that is a sentence."""
    outcome = read(document, name)
    assert isinstance(outcome, Unreadable), outcome
    assert outcome.reason[0].isupper() or outcome.reason.startswith(("markup", "{"))
    assert outcome.reason.endswith(".")
    return outcome


def doubts(order: Order) -> set[str]:
    """Returns the kinds of an order's warnings."""
    return {warning.partition(":")[0] for warning in order.warnings}
