"""How a case ended, who sent it and for whom it acted stand in its account in so many words."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from bridgehead import ToReview
from bridgehead.cli.telling_document import line_named, mail_sender
from bridgehead.cli.telling_figures import bare, passes
from bridgehead.cli.telling_gist import gist
from bridgehead.cli.telling_outcome import changed_from
from bridgehead.cli.telling_words import key_first, spelled
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.xml.tree import parse
from bridgehead.spec.tool import JSON
from bridgehead.templates.purchase_orders.glimpse_xml import xml_glimpse
from bridgehead.templates.purchase_orders.intake import read_arrival
from tests.cli.calls import Cli
from tests.cli.test_users import RIGHTS, anna, document


def held(cli: Cli, orders: Path) -> str:
    """Works an order off that waits for a person; returns its review."""
    cli.ok("promote", orders, "--to", "autonomous", "--why", "a test", "--by", "pat")
    cli.submit(orders, big={"po": "P-1", "amount": 500})
    cli.work(orders)
    (review,) = cli.ok("reviews", "--json").json["reviews"]
    return str(review["id"])


def test_a_rejected_order_reads_as_handed_back(cli: Cli, orders: Path) -> None:
    """Nobody takes an order that a person rejected for one that was booked, in the list or in the account."""
    review = held(cli, orders)
    cli("review", review, "reject", "the customer rang", "--by", "kim")
    cli.work(orders)
    (line,) = cli.ok("cases", "--json").json["cases"]
    told = cli.ok("explain", line["id"]).out
    if line["outcome"] == "completed":
        assert f"handed back undone: kim rejected book ({review}), and nothing was written" in told
        assert " rejected " in cli.ok("cases").out
    assert line["rejected"] is True
    assert "The agent completed it" not in told
    assert "no undo" not in told


def test_an_edit_is_told_with_the_effect_that_came_of_it(cli: Cli, orders: Path) -> None:
    """The account of a review names what stands because of it, and the time that passed apart from the work."""
    review = held(cli, orders)
    cli.ok("review", review, "edit", "--set", "amount=90", "--by", "kim", "--minutes", "6")
    cli.work(orders)
    told = cli.ok("explain", review).out
    (first, second) = cli.ok("case", "C-1", "--json").json["effects"]
    assert (first["state"], second["state"]) == ("superseded", "committed")
    assert f"{second['id']}, book with" in told
    assert "it answered number: SO-1" in told
    assert "there is nothing to undo" not in told
    assert "after the review opened; 6.0 minutes of work are recorded" in told


def test_a_sender_is_the_one_of_the_mail_as_it_came() -> None:
    """An address that a mail only quotes is not told as who sent it."""
    mail = b"From: Buying <inkop@a.example>\r\nSubject: FW: order\r\n\r\nFrom: planning@a.example\r\norder 7"
    assert mail_sender(mail) == "Buying <inkop@a.example>"
    assert mail_sender(b"UNB+UNOC:3") == ""


def test_a_change_says_what_it_changes() -> None:
    """Two documents about one order are told by the fields that differ, and by nothing of how they were read."""
    line: dict[str, JSON] = {"number": "1", "quantity": "45"}
    before: dict[str, JSON] = {"po_number": "P", "requested_date": "2026-11-27", "lines": [line]}
    before["purpose"] = "original"
    after: dict[str, JSON] = {
        **before,
        "purpose": "change",
        "requested_date": "2026-12-04",
        "lines": [{**line, "quantity": "50"}],
    }
    assert changed_from(before, after) == [
        "requested_date: 2026-11-27 to 2026-12-04",
        "lines[0].quantity: 45 to 50",
    ]
    assert changed_from(before, {**before, "lines": [line, line]}) == ["1 line to 2 lines"]
    assert changed_from(None, after) == []


def test_an_answer_begins_with_its_number_and_ends_with_a_whole_field() -> None:
    """The number that a target system gave is told first, and no figure is cut in its middle."""
    answer = {"note": "x" * 100, "total": "30966.50", "order_number": "SO-7"}
    assert next(iter(key_first(answer))) == "order_number"
    assert spelled({"total": "30966.50", "tax": "5883.63"}, 20) == "total: 30966.50,…"


def test_money_is_told_with_its_currency_or_that_it_has_none() -> None:
    """A sum without a currency says so, and so does a rule that compares one without looking at the currency."""
    order: JSON = {"po_number": "P", "lines": [{"quantity": 1, "amount": "87.75"}]}
    assert gist(order).endswith("87.75 (no currency named) in all")
    reason = {"argument": "order.total", "found": "29792.61"}
    assert bare(reason, {"order": {"total": "29792.61", "currency": "SEK"}}) == " SEK, compared as a bare number"
    assert bare(reason, {"order": {"total": "29792.61"}}) == ""


def test_a_cap_says_when_its_window_passes() -> None:
    """Who meets a cap reads when it lets calls through again, or that no time does that."""
    at = datetime(2026, 11, 26, 13, 38, tzinfo=UTC)
    assert "2026-11-27 13:38:00" in passes({"condition": "within 120 EUR per 1d"}, at)
    assert "no time lifts it" in passes({"condition": "within 2 calls per case"}, at)
    assert passes({"condition": "within limits.steps"}, at) == ""


def test_the_line_where_reading_ended_is_shown() -> None:
    """A document that is cut off shows the line in which it ends."""
    (block,) = line_named(b"<a>\n <b>1</b>\n <c>2</", "document, line 3")
    assert block.caption == "Where reading ended (line 3 of 3, its last)"
    assert block.lines == ("2: <b>1</b>", "3: <c>2</")
    assert not list(line_named(b"<a>", "document, line 9"))


def test_an_arrival_without_a_user_names_none(cli: Cli, orders: Path) -> None:
    """An arrival that no user handed in names none, in text and in JSON."""
    cli.submit(orders, plain={"po": "P-2", "amount": 5})
    assert cli.ok("arrival", "A-1", "--json").json["submitted_by"] is None
    assert "plain was submitted as a file" in cli.ok("explain", "A-1").out


def test_an_order_that_is_cut_off_names_who_ordered_what() -> None:
    """Of a UBL order that ends in its middle the buyer, the number and the whole lines are told, and nothing else."""
    line = "<cac:OrderLine><cac:LineItem><cbc:ID>{0}</cbc:ID><cbc:Quantity unitCode='EA'>{0}0</cbc:Quantity>{1}"
    part = "<cac:Item><cac:SellersItemIdentification><cbc:ID>AB-1</cbc:ID></cac:SellersItemIdentification></cac:Item>"
    text = (
        "<Order><cbc:ID>PO-7</cbc:ID><cac:BuyerCustomerParty><cac:Party><cac:PartyName><cbc:Name>Severn &amp; Co"
        "</cbc:Name></cac:PartyName></cac:Party></cac:BuyerCustomerParty>"
        + line.format(1, f"{part}</cac:LineItem></cac:OrderLine>")
        + line.format(2, "<cac:Item><cbc:Na")
    )
    found = xml_glimpse(text.encode())
    assert (found["po_number"], found["buyer"], found["lines_read"]) == ("PO-7", {"name": "Severn & Co"}, 1)
    assert found["lines"] == [{"number": "1", "quantity": "10", "unit": "EA", "supplier_part": "AB-1"}]
    assert xml_glimpse(b"<Invoice><cbc:ID>I-1</cbc:ID>") == {}
    with pytest.raises(Refusal, match="ends in the middle"):
        parse(text.encode(), "document")


def test_an_order_with_broken_bytes_tells_days_and_address_and_counts_no_damaged_line() -> None:
    """Bytes that are no UTF-8 are shown in one way, their line is named and not counted as whole."""
    item = (
        '<ItemOut quantity="{0}0" lineNumber="{0}0" requestedDeliveryDate="2026-11-1{0}T08:00:00+01:00"><ItemID>'
        "<SupplierPartID>{1}AB-{0}</SupplierPartID></ItemID></ItemOut>"
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<cXML><OrderRequest><OrderRequestHeader orderID="PO-7" orderDate='
        '"2026-11-02T00:00:00"><ShipTo><Address><Name>Werk 2</Name><PostalAddress><Street>Am Bahnhof 12</Street>'
        "<City>Düren</City><PostalCode>52349</PostalCode></PostalAddress></Address></ShipTo></OrderRequestHeader>\n"
        + item.format(1, "")
        + "\n"
        + item.format(2, "@")
        + "\n</OrderRequest></cXML>"
    )
    broken = text.encode().replace(b"@AB", b"\xfcAB")
    found = xml_glimpse(broken)
    assert (found["lines_read"], found["damaged"]) == (1, 1)
    assert found["ship_to"] == {"name": "Werk 2", "street": "Am Bahnhof 12", "city": "Düren", "postal_code": "52349"}
    assert [line["requested_date"] for line in cast(list[dict[str, str]], found["lines"])] == [
        "2026-11-11",
        "2026-11-12",
    ]
    review = read_arrival(broken, "order.xml")
    assert isinstance(review, ToReview)
    assert "It is in order line 20, item \\xfcAB-2 (document, line 4)" in review.reason
    (shown,) = line_named(broken, "document, line 4")
    assert shown.lines[-1].startswith("4: <ItemOut")
    assert "\\xfcAB-2" in shown.lines[-1]


def test_who_submitted_and_who_narrowed_the_grant_is_told(cli: Cli, orders: Path) -> None:
    """Who handed in, for whom a case acted, and who took away of that, when and why, stand where people look."""
    file = orders / "bridgehead.yaml"
    file.write_text(file.read_text() + RIGHTS)
    password = anna(cli, orders)
    paper = document(cli.folder, po="P-3", amount=30)
    cli.ok("submit", orders, paper, "--as", "anna", "--password-file", password)
    cli.work(orders)
    assert cli.ok("arrival", "A-1", "--json").json["submitted_by"] == "anna"
    case = cli.ok("case", "C-1", "--json").json
    assert (case["case"]["acts_for"], case["arrivals"][0]["submitted_by"]) == ("anna", "anna")
    told = cli.ok("explain", "C-1").out
    assert "was submitted by anna at 20" in told
    assert "It acted for anna under grant G-1, for " in told
    cli.ok("grant", "narrow", "C-1", "--tool", "customer", "--why", "less", "--by", "ops")
    cli.ok("grant", "revoke", "C-1", "--why", "anna has left", "--by", "ops")
    told = cli.ok("explain", "C-1").out
    assert re.search(r"ops narrowed grant G-1 at 20[\d :-]+ to customer, .*, where it had been book", told)
    assert re.search(r"ops revoked grant G-1 at 20[\d :-]+: anna has left\.", told)


def test_only_what_works_is_offered(cli: Cli, orders: Path) -> None:
    """A case that a later one overtook is not offered to the agent again, in its account or in its review."""
    cli.ok("promote", orders, "--to", "autonomous", "--why", "a test", "--by", "pat")
    cli.submit(orders, first={"po": "P-9", "amount": 5, "hand_over": True})
    cli.work(orders)
    offered = cli.ok("review", "R-1")
    assert "--again" in offered.err + offered.out
    assert "--again" in cli.ok("explain", "C-1").out
    cli.submit(orders, second={"po": "P-9", "amount": 6})
    cli.work(orders)
    for told in (cli.ok("review", "R-1"), cli.ok("explain", "C-1")):
        assert "--again" not in told.out + told.err
        assert "C-2 came after it, about the same business" in told.out + told.err
    assert cli("review", "R-1", "answer", "why", "--again", "--by", "kim").code == 2
    changed = cli.ok("explain", "C-2").out
    assert "It asks otherwise than C-1 did: amount: 5 to 6" in changed
