from __future__ import annotations

import time
from decimal import Decimal

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bridgehead.documents.order import Order, from_json, to_json
from bridgehead.documents.outcome import NotAnOrder, Orders, Unreadable
from bridgehead.documents.reading import read
from bridgehead.templates.purchase_orders.intake import read_arrival
from tests.unit.documents.samples import CSV, interchange, mail, only, page

LONGEST_S = 1.0
GOOD = (
    interchange(),
    CSV.encode(),
    mail(),
    mail("Please supply:\n- 20 pcs AB-1001 at EUR 3.20\nDelivery by 2026-11-20\n", subject="Order PO-4711"),
    page("<p>Please supply. Order no: PO-1</p><table><tr><td>Item no<td>Qty</tr><tr><td>AB-1<td>2</tr></table>"),
)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def outcome_of(document: bytes) -> None:
    """Reads a document twice; it may be anything, but neither raise nor take long nor differ."""
    start_s = time.process_time()  # what others do on the machine is no fault of the reader
    first = read(document, "arrival")
    assert time.process_time() - start_s < LONGEST_S
    assert isinstance(first, Orders | NotAnOrder | Unreadable)
    assert read(document, "arrival") == first
    read_arrival(document, "arrival")


@QUICK
@given(st.binary(max_size=4000))
def test_random_bytes_never_raise(document: bytes) -> None:
    """Any bytes end in an outcome, the same each time, within a second."""
    outcome_of(document)


@QUICK
@given(st.text(max_size=1500))
@example("Order 4711: 2 x AB-1 à 3,-")
def test_random_text_never_raises(text: str) -> None:
    """Any text does, as a mail, as a table and alone."""
    outcome_of(text.encode("utf-8", "surrogatepass"))
    outcome_of(mail(text.encode("utf-8", "replace").decode()))
    outcome_of(f"PO;Part;Qty\n{text}".encode("utf-8", "replace"))


@QUICK
@given(
    st.sampled_from(GOOD),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), st.binary(max_size=12)), min_size=1, max_size=4),
)
def test_edited_documents_never_raise(document: bytes, edits: list[tuple[float, int, bytes]]) -> None:
    """Good documents with pieces cut out, put in and overwritten end in an outcome too."""
    for place, size, piece in edits:
        at = int(place * len(document))
        document = document[:at] + piece + document[at + size :]
    outcome_of(document)


@QUICK
@given(st.sampled_from(GOOD[:3]), st.floats(0, 1))
def test_a_cut_document_is_never_half_an_order_in_silence(document: bytes, place: float) -> None:
    """A document that ends early is refused, or all it lost was said, or what is left has every line it shows."""
    whole = only(document)
    outcome = read(document[: int(place * len(document))], "arrival")
    if isinstance(outcome, Orders):
        (order,) = outcome.orders
        shown = [
            line
            for line in whole.lines
            if (line.supplier_part or "") in document[: int(place * len(document))].decode("utf-8", "ignore")
        ]
        assert order.warnings or len(order.lines) == len(shown)


@QUICK
@given(st.integers(1, 99_999), st.decimals("0.01", "9999.99", places=2), st.sampled_from([".", ","]))
def test_numbers_survive_any_decimal_sign(quantity: int, price: Decimal, sign: str) -> None:
    """A table printed with either decimal sign gives the same figures."""
    text = f"PO;Part;Qty;Price\nP-1;AB-1;{quantity};{str(price).replace('.', sign)}\n"
    (line,) = only(text.encode()).lines
    assert (line.quantity, line.price) == (Decimal(quantity), price)


def test_orders_travel_as_json() -> None:
    """An order written as JSON is read back equal, sources and all."""
    for document in GOOD[:4]:
        order: Order = only(document)
        assert from_json(to_json(order)) == order
