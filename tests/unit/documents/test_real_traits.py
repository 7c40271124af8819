"""Traits that real senders have and no standard asks for, each in a small document of its own."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from bridgehead.documents.detecting import form_of
from bridgehead.documents.doubt import doubt_in
from bridgehead.documents.mail.patterns import PO
from bridgehead.documents.order import Charge, Identifier, Order
from bridgehead.documents.outcome import NotAnOrder
from bridgehead.documents.reading import read
from bridgehead.documents.vigilance import deviation_in
from tests.unit.documents.samples import BODY, doubts, interchange, only, refused, transaction
from tests.unit.documents.xml_samples import UBL_LINES, ubl

_UNB = "UNB+UNOC:3+4012345000009:14+4098765000005:14+261102:0903+1270'"
_HEAD = ("BGM+220+PO-4711+9'", "DTM+137:20261030:102'")
_LINE = ("LIN+10++4012345678901:EN'", "QTY+21:20:PCE'")


def _edifact(*body: str, kind: str = "ORDERS") -> bytes:
    inside = (*body, "UNS+S'")
    return f"{_UNB}UNH+1+{kind}:D:96A:UN'{''.join(inside)}UNT+{len(inside) + 2}+1'UNZ+1+1270'".encode()


def _edi_order(*body: str) -> Order:
    return only(_edifact(*_HEAD, *body))


def _x12_order(*body: str, head: int = 3) -> Order:
    """The order of an 850 whose segments after the head are these."""
    return only(interchange(transaction((*BODY[:head], *body))))


def test_the_amount_of_a_line_may_follow_its_allowance() -> None:
    """MOA 203 after ALC and PCD is the amount of the line and none of the allowance."""
    order = _edi_order(*_LINE, "PRI+AAB:5'", "ALC+A++++DI::'", "PCD+3:10'", "MOA+203:90'")
    assert order.lines[0].amount == Decimal(90)
    assert order.lines[0].charges == (Charge(allowance=True, percent=Decimal(10), code="DI"),)
    assert not doubts(order)


def test_a_description_keeps_what_follows_a_separator_that_was_not_released() -> None:
    """A colon inside a description cuts nothing off, and the order says that the segment holds too much."""
    order = _edi_order("LIN+10++4012345678901:EN'", "IMD+F++:::Broth, concentrated:mix 1:20 and 1:8'", "QTY+21:2'")
    assert order.lines[0].description == "Broth, concentrated mix 1:20 and 1:8"
    assert any(one.startswith("remark: IMD holds 7 components") for one in order.warnings)


def test_two_numbers_under_one_scheme_are_both_kept() -> None:
    """A second number of the same kind stands among the item numbers of the line, in EDIFACT and in X12."""
    order = _edi_order(*_LINE, "PIA+5+AB-1:SA+AB-2:SA'")
    assert (order.lines[0].supplier_part, order.lines[0].item_numbers) == ("AB-1", (Identifier("SA", "AB-2"),))
    order = _x12_order("PO1*1*20*EA*3.2**VN*AB-1*VN*AB-2~")
    assert (order.lines[0].supplier_part, order.lines[0].item_numbers) == ("AB-1", (Identifier("VN", "AB-2"),))


def test_a_line_without_an_ordered_quantity_is_said_to_have_none() -> None:
    """The content of a pack is no quantity; the warning says that none is stated, not that it is zero."""
    order = _edi_order("LIN+10++4012345678901:EN'", "QTY+59:6'")
    assert order.warnings == ("uncertain: line 10 states no ordered quantity",)


def test_an_address_that_lacks_an_element_keeps_its_postal_code() -> None:
    """NAD without the region has code and country one element early; both are read and the slip is told."""
    order = _edi_order("NAD+DP+++Kern Lager+Hof 1+Ulm+89073+DE'", *_LINE)
    assert order.ship_to is not None
    assert (order.ship_to.city, order.ship_to.postal_code, order.ship_to.country) == ("Ulm", "89073", "DE")
    assert any(one.startswith("remark: NAD lacks an element") for one in order.warnings)


def test_a_place_of_delivery_beside_the_buyer_is_where_the_goods_go() -> None:
    """LOC 7 in the group of the buyer names the ship-to of an order that has no other, and beside one adds to it."""
    order = _edi_order("NAD+BY+4012345000009::9'", "LOC+7+4012345000016::9'", *_LINE)
    assert order.ship_to is not None
    assert order.ship_to.gln == "4012345000016"
    order = _edi_order("NAD+BY+4012345000009::9'", "LOC+7+GATE 4'", "NAD+DP+4012345000016::9'", *_LINE)
    assert order.ship_to is not None
    assert (order.ship_to.gln, order.ship_to.number) == ("4012345000016", None)
    assert Identifier("LOC 7", "GATE 4") in order.buyer.identifiers


def test_the_place_of_the_terms_of_delivery_is_kept() -> None:
    """LOC after TOD is a note of the order."""
    assert "place of the terms of delivery: BE-BRU" in _edi_order("TOD+3++CIF'", "LOC+1+BE-BRU'", *_LINE).notes


def test_a_second_name_of_a_party_is_a_note() -> None:
    """N2 is the name of a party without one, and a note beside a name."""
    order = _x12_order("N1*ST*Kern GmbH*92*K-7~", "N2*Gate 4~", *BODY[8:])
    assert order.ship_to is not None
    assert (order.ship_to.name, order.notes) == ("Kern GmbH", ("ST: Gate 4",))


def test_a_charge_that_names_no_amount_is_told() -> None:
    """SAC with a code alone is no field of the order; the order says so."""
    assert _x12_order("SAC*C*H750~", *BODY[8:]).warnings == (
        "ignored: SAC states a charge H750 without amount (SAC (segment 7, line 1))",
    )


def test_who_sends_is_the_buyer_where_no_buyer_is_named() -> None:
    """N1 with the role FR gives the buyer its name; a communication number of the interchange is no GLN."""
    assert _x12_order("N1*FR*Kern GmbH~", *BODY[8:]).buyer.name == "Kern GmbH"
    plain = interchange(transaction((*BODY[:3], *BODY[8:]))).decode()
    order = only(plain.replace("*ZZ*KERNGMBH       *", "*08*925485US00     *").encode())
    assert (order.buyer.gln, order.buyer.identifiers) == (None, (Identifier("ISA 08", "925485US00"),))


def test_a_line_for_one_place_names_it() -> None:
    """SDQ with a single pair says which place the line is for; with several, that there are several."""
    order = _x12_order("PO1*1*8*CA*3.52**UP*614141000036~", "SDQ*CA*UL*0078742002965*8~")
    assert "uncertain: line 1 goes to a place of its own, 0078742002965 (SDQ" in order.warnings[0]
    order = _x12_order("PO1*1*8*CA*3.52**UP*614141000036~", "SDQ*CA*UL*0078742002965*4*0078742002966*4~")
    assert "uncertain: line 1 goes to several places" in order.warnings[0]


def test_words_among_the_numbers_of_a_line_describe_it() -> None:
    """PD is the description where PID gives none; colour and size are notes of the line."""
    line = _x12_order("PO1*1*8*EA*3.52**VN*AB-1*PD*Crew shirt*CL*Blue*SZ*XL~").lines[0]
    assert (line.description, line.notes) == ("Crew shirt", ("colour: Blue", "size: XL"))
    line = _x12_order("PO1*1*8*EA*3.52**VN*AB-1*PD*Crew~", "PID*F****Crew shirt~").lines[0]
    assert line.description == "Crew shirt"


def test_a_product_code_without_its_check_digit_is_no_gtin() -> None:
    """UPC of eleven digits (UI) stands among the item numbers."""
    line = _x12_order("PO1*1*8*EA*3.52**PI*5512*UI*01235648937~").lines[0]
    assert (line.gtin, line.item_numbers) == (None, (Identifier("UI", "01235648937"),))


@pytest.mark.parametrize(
    "document, flaw",
    [
        (
            interchange("ST*860*0001~BCH*04*SA****20261030~POC*1*CA*5*9*EA~SE*4*0001~").replace(b"GS*PO", b"GS*PC"),
            "BCH03",
        ),
        (_edifact("BGM+230+PO-4711+4'", "DTM+:20261030:102'", *_LINE, kind="ORDCHG"), "DTM"),
    ],
    ids=["x12", "edifact"],
)
def test_a_change_that_cannot_be_read_is_still_called_a_change(document: bytes, flaw: str) -> None:
    """A broken change request is no order; its kind is told and so is what is wrong with it."""
    outcome = read(document, "change.edi")
    assert isinstance(outcome, NotAnOrder)
    assert outcome.kind == "order_change"
    assert "It cannot be read:" in outcome.reason
    assert flaw in outcome.reason


def test_a_broken_change_beside_an_order_refuses_the_interchange() -> None:
    """Nothing of an interchange is read when one of its orders or changes is broken."""
    change = "ST*860*0002~BCH*04*SA****20261030~SE*3*0002~"
    assert type(read(interchange(transaction(), change), "a.x12")).__name__ == "Unreadable"


def test_a_supplier_code_that_never_changes_is_no_part_number() -> None:
    """A column that numbers the supplier in every row leaves the part numbers to the column of articles."""
    rows = "po_number,supplier_code,sku,qty,price\nPO-4711,KERN,AB-1001,20,3.20\nPO-4711,KERN,AB-2002,5,12.50\n"
    assert [(one.supplier_part, one.customer_part) for one in only(rows.encode(), "orders.csv").lines] == [
        ("AB-1001", None),
        ("AB-2002", None),
    ]
    rows = rows.replace("KERN,AB-2002", "MILL,AB-2002")
    assert only(rows.encode(), "orders.csv").lines[0].supplier_part == "KERN"


def test_a_flat_file_of_records_is_refused_by_name() -> None:
    """A file of EDI records without the syntax of EDI is no mail, and its first record no order number."""
    records = "ORDERS_D_93A_UN_EAN007\nORD|0000004711|220\nLIN|4012345678901|EN|1\nQTYLIN|21|10\n"
    refusal = refused(records.encode(), "order.txt")
    assert (refusal.code, refusal.where) == ("unsupported.flat_file", "document")


def test_a_word_goes_on_without_naming_an_order() -> None:
    """Letters that continue the word for an order are no order number."""
    assert PO.search("ORDERS_D_93A_UN_EAN007") is None
    found = PO.search("PO4711"), PO.search("Order no. AB-4711")
    assert [one["no"] for one in found if one is not None] == ["4711", "AB-4711"]


@pytest.mark.parametrize("text", ["LA Retractor, Type X", "Origin: Peru", "THAI/Peru"])
def test_names_of_goods_and_countries_raise_no_doubt(text: str) -> None:
    """Words that merely begin like one that calls an order back are none."""
    assert doubt_in(text) is None
    assert doubt_in("we retract this order") == "retract"
    assert doubt_in("Peru tilaus") == "peru tilaus"


def test_a_broken_change_in_xml_is_called_a_change() -> None:
    """An OrderChange and an OrderCancellation without their number are told by kind and flaw."""
    for root, kind in (("OrderChange", "order_change"), ("OrderCancellation", "order_cancel")):
        document = f'<{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2"/>'
        outcome = read(document.encode(), "change.xml")
        assert isinstance(outcome, NotAnOrder)
        assert outcome.kind == kind
        assert "It cannot be read:" in outcome.reason


def test_who_carries_and_who_pays_for_it_is_kept() -> None:
    """Carrier and freight terms, which no field holds, are notes of the order, in X12 and in EDIFACT."""
    order = _x12_order("FOB*CC*OR*Ulm~", "TD5*O*2*UPSN*M*UPS Ground~", *BODY[8:])
    assert order.notes == ("freight: collect, Ulm", "carrier: UPSN UPS Ground")
    assert "carrier: 31 DB Schenker" in _edi_order("TDT+20++30++31:::DB Schenker'", *_LINE).notes


def test_every_number_of_a_tradacoms_line_and_place_is_kept() -> None:
    """Codes of the consumer unit and of the customer are item numbers, units in one are a note, our number is taken."""
    head = "STX=ANA:1+:KERN+:WORKS+261102+R1+R2'MHD=1+ORDHDR:9'TYP=0430+NEW-ORDERS'SDT=:9'CDT=:K1'FIL=1+1+261102'MTR=6'"
    body = (
        "MHD=2+ORDERS:9'CLO=4012345000016:D7:68322'ORD=PO-4711::261030'"
        "OLD=1+4012345678901+4012345000009+4000000000002:K-55+12+10:5000:KG++++VALVE'OTR=1'MTR=6'"
    )
    order = only(f"{head}{body}MHD=3+ORDTLR:9'OFT=1'MTR=3'END=3'".encode())
    assert order.ship_to is not None
    assert (order.ship_to.number, order.ship_to.identifiers) == ("68322", (Identifier("customer", "D7"),))
    line = order.lines[0]
    assert (line.gtin, line.customer_part, line.quantity) == ("4012345678901", "K-55", Decimal(10))
    assert line.item_numbers == (
        Identifier("consumer unit", "4012345000009"),
        Identifier("customer", "4000000000002"),
    )
    assert line.notes == ("units in one: 12", "measure ordered: 5000 KG")


@pytest.mark.parametrize(
    "document, form",
    [
        (_edifact(*_HEAD, *_LINE)[len(_UNB) :], "edifact"),
        (interchange(), "x12"),
        (transaction().encode(), "x12"),
        (b"STX=ANA:1+A+B'", "tradacoms"),
        (b"Isabel, please order ten valves.", "text"),
        (b"STATUS;QTY\n1;2\n", "text"),
    ],
)
def test_the_form_is_named_as_the_readers_see_it(document: bytes, form: str) -> None:
    """A message or transaction set without its envelope has the form of its standard."""
    assert form_of(document, "a.txt") == form


def test_parties_that_stand_in_nm1_are_read() -> None:
    """NM1 names a party as N1 does, and its address follows."""
    order = _x12_order("NM1*BY*2*Kern GmbH*****92*B1~", "NM1*ST*1*Kern*Anna~", *BODY[6:])
    assert (order.buyer.name, order.buyer.identifiers) == ("Kern GmbH", (Identifier("92", "B1"),))
    assert order.ship_to is not None
    assert (order.ship_to.contact, order.ship_to.city) == ("Anna Kern", "Stuttgart")


def test_who_sent_an_interchange_identifies_a_buyer_whom_nothing_else_names() -> None:
    """The sender of the envelope is an identifier of the buyer, under the qualifier of the envelope."""
    order = only(interchange(transaction((*BODY[:3], *BODY[8:]))))
    assert order.buyer.identifiers == (Identifier("ISA ZZ", "KERNGMBH"),)
    plain = _edifact(*_HEAD, *_LINE).replace(b"4012345000009:14", b"KERN:ZZ")
    assert only(plain).buyer.identifiers == (Identifier("UNB ZZ", "KERN"),)


def test_a_price_that_is_multiplied_is_doubted() -> None:
    """CTP with a discount multiplier says so: the price of the line is not what is paid."""
    order = _x12_order("PO1*1*3*EA*12.5**EN*4012345678901~", "CTP**SLP*12.5***DIS*.46~")
    assert any(one.startswith("uncertain: line 1 multiplies its price by DIS .46") for one in order.warnings)


@pytest.mark.parametrize(
    "document",
    [
        interchange(transaction((*BODY[:8], "PO1*1*-3*EA*12.5**VP*AB-1~"))),
        ubl(lines=UBL_LINES.replace(">20</cbc:Quantity>", ">-20</cbc:Quantity>")),
        _edifact(*_HEAD, "LIN+10++4012345678901:EN'", "QTY+21:-3:PCE'"),
    ],
    ids=["x12", "ubl", "edifact"],
)
def test_a_quantity_below_zero_is_read_and_doubted(document: bytes) -> None:
    """An order that takes something back is read as it stands, and says so."""
    order = only(document)
    assert order.lines[0].quantity < 0
    assert any(one.startswith("uncertain: ") and "orders" in one for one in order.warnings)


def test_how_goods_are_wrapped_is_no_change_of_their_number() -> None:
    """Double walls and wraps are of the trade; a double quantity is told."""
    assert deviation_in("Fragile. Please double wrap, double-walled boxes.") is None
    assert deviation_in("Please double the quantity.") is not None
    assert deviation_in("We need double this time.") is not None


def test_a_day_without_its_format_is_read_where_it_has_one_reading() -> None:
    """DTM may leave out its format (2379); a value that is no date with its century is told and not read."""
    order = only(_edifact("BGM+220+PO-4711+9'", "DTM+137:20261030'", "DTM+2:301026'", *_LINE))
    assert (order.order_date, order.requested_date) == (date(2026, 10, 30), None)
    assert {one.partition(":")[0] for one in order.warnings} == {"uncertain", "date"}


def test_a_part_number_without_qualifier_is_read_and_doubted() -> None:
    """PO1 with a number that no qualifier ascribes to anybody keeps it, and says so."""
    order = _x12_order("PO1*1*8*EA*3.52***AB-1~")
    assert order.lines[0].supplier_part == "AB-1"
    assert "uncertain: line 1: PO107 'AB-1' is a number without qualifier" in order.warnings[0]
