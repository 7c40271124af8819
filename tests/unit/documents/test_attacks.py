from __future__ import annotations

import pytest

from bridgehead.documents.confidence import sure
from bridgehead.documents.outcome import Orders
from bridgehead.documents.reading import read
from tests.unit.documents.samples import doubts, mail, only
from tests.unit.documents.test_mail_files import file, letter
from tests.unit.documents.xml_samples import ubl

TABLE = (
    "<p>Order PO-4711</p><table><tr><th>Item no</th><th>Qty</th></tr><tr><td>AB-1001</td><td>20</td></tr>{row}</table>"
)


def page(row: str, style: str = "") -> bytes:
    """Returns a mail in HTML with one item and another row."""
    head = f"<head><style>{style}</style></head>" if style else ""
    return mail(f"<html>{head}<body>{TABLE.format(row=row)}</body></html>", kind="text/html")


ROW = "<tr {0}><td>ZZ-6666</td><td>500</td></tr>"


@pytest.mark.parametrize(
    "document",
    [
        page(ROW.format('style="transform:scale(0)"')),
        page(ROW.format('style="position:absolute;clip:rect(0,0,0,0)"')),
        page(ROW.format('style="clip-path: inset(100%)"')),
        page(ROW.format('id="a"'), "#a{display:none}"),
        page(ROW.format('class="a"'), "table > tr.a td { font-size: 0 }"),
        page("<tr><td><s>ZZ-6666</s></td><td><del>500</del></td></tr>"),
        page(ROW.format('style="text-decoration: line-through"')),
        page(ROW.format('class="gone"'), ".gone td{text-decoration:line-through}"),
    ],
)
def test_what_is_hidden_or_struck_out_in_a_mail_is_not_ordered(document: bytes) -> None:
    """Rows that nobody sees, or that their writer struck out, order nothing and hold the order."""
    order = only(document)
    assert [(line.supplier_part, int(line.quantity)) for line in order.lines] == [("AB-1001", 20)]
    assert "instruction" in doubts(order)


@pytest.mark.parametrize(
    "cell, style", [("<s>20</s> 200", ""), ('200<bdo dir="rtl">0</bdo>', ""), ("200", "tr:nth-child(3){display:none}")]
)
def test_a_number_that_shows_otherwise_than_it_is_written_holds_the_order(cell: str, style: str) -> None:
    """A quantity struck out, turned round or perhaps hidden is never joined with what stands beside it."""
    order = only(page(f"<tr><td>ZZ-6666</td><td>{cell}</td></tr>", style))
    assert [line.quantity for line in order.lines] == [20, 200]
    assert "instruction" in doubts(order)


@pytest.mark.parametrize(
    "shown", [("PO-4711", "2000", "3.20"), ("PO-4799", "20", "3.20"), ("PO-4711", "20", "0.32")], ids="".join
)
def test_two_texts_of_one_mail_that_disagree_hold_the_order(shown: tuple[str, str, str]) -> None:
    """Programs see the plain text and people the HTML: another number, quantity or price in one of them is told."""
    number, quantity, price = shown
    table = f"<table><tr><th>Item no</th><th>Qty</th><th>Price</th></tr><tr><td>AB-1001</td><td>{quantity}</td>"
    body = (
        "--x\nContent-Type: text/plain\n\nOrder PO-4711\n\n20 pcs AB-1001 at 3.20 EUR\n\n"
        f"--x\nContent-Type: text/html\n\n<p>Order {number}</p>{table}<td>{price}</td></tr></table>\n--x--\n"
    )
    assert "contradiction" in doubts(only(mail(body, kind="multipart/alternative; boundary=x")))


ROWS = (
    "Order no;Item no;Qty;Unit price;Amount;Order total\n"
    "PO-4711;AB-1001;20;3.20;64.00;126.50\n"
    "PO-4711;AB-1002;5;2.50;12.50;126.50\n"
    "PO-4711;AB-1003;10;5.00;50.00;126.50\n"
)


@pytest.mark.parametrize("cut", range(len("PO-4711;AB-1003;"), len("PO-4711;AB-1003;10;5.00;50.00")))
def test_a_table_cut_off_in_its_last_row_is_never_read_as_whole(cut: int) -> None:
    """A row that ends early, and a total that cannot be checked for want of a price, hold the order."""
    assert only(ROWS.encode(), "a.csv").warnings == ()
    lines = ROWS.splitlines(keepends=True)
    document = "".join((*lines[:-1], lines[-1][:cut])).encode()
    outcome = read(document, "a.csv")
    assert not isinstance(outcome, Orders) or not all(sure(order) for order in outcome.orders)


def test_a_total_over_lines_without_a_price_is_a_doubt() -> None:
    """Where some lines are priced and one is not, the stated total says nothing: a price may have been lost."""
    assert "uncertain" in doubts(only(ROWS.replace(";2.50;12.50;", ";;;").encode(), "a.csv"))


@pytest.mark.parametrize("sender, doubted", [("x@mail.kern.example", False), ("eve@elsewhere.example", True)])
def test_a_file_that_names_another_house_than_its_sender_is_held(sender: str, doubted: object) -> None:
    """An address printed on an order proves nobody: sent from elsewhere, the order is for a person."""
    order = only(letter(file("po.xml", ubl(), "application/xml"), sender=sender))
    assert order.buyer.email == "anna@kern.example"
    assert ("contradiction" in doubts(order)) is doubted
