"""A document that orders nothing is told in sentences: who sent it, which order it is about, when, and what of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridgehead import ToReview
from bridgehead.templates.purchase_orders.glimpse import glimpse
from bridgehead.templates.purchase_orders.glimpse_notice import notice
from bridgehead.templates.purchase_orders.intake import read_arrival

SHIP_NOTICE = (
    "ISA*00*          *00*          *01*157883780      *ZZ*SELLER         *261102*1319*U*00401*000001282*0*P*>~"
    "GS*SH*157883780*SELLER*20261102*1319*1282*X*004010~ST*856*0001~BSN*00*R178*20261103*1319~HL*1**S~"
    "REF*BM*7000178~DTM*011*20261104~N1*SF*OHIO VALLEY LLC*1*157883780~N3*4915 AIRPORT RD~N4*GRAND RAPIDS*MI*49503*US~"
    "HL*2*1*O~PRF*001589~HL*3*2*I~LIN*1*VP*6210-ZZ~SN1*1*18*PC~CTT*1~SE*13*0001~GE*1*1282~IEA*1*000001282~"
)
DESPATCH = (
    "UNB+UNOC:3+952611:14+952699:14+261102:1109+1317'UNH+1+DESADV:D:93A:UN'BGM+351+D124+9'DTM+137:20261102:102'"
    "DTM+11:20261103:102'RFF+ON:45000056?'24'NAD+BY+952611::9++PENNINE PUMPS LTD'CPS+1'LIN+1'PIA+5+CP24-08:SA'"
    "QTY+12:7:NAR'UNT+10+1'UNZ+1+1317'"
)
RECEIPT = """<r:ReceiptAdvice xmlns:r="urn:r" xmlns="urn:c"><ID>R26014</ID><IssueDate>2026-11-02</IssueDate>
<OrderReference><ID>EK4476/26</ID></OrderReference>
<DeliveryCustomerParty><Party><PartyName><Name>Levante S.L.U.</Name></PartyName></Party></DeliveryCustomerParty>
<ReceiptLine><ID>1</ID><RejectedQuantity unitCode="C62">50</RejectedQuantity><RejectReason>damaged</RejectReason>
<Item><Name>O-ring</Name><SellersItemIdentification><ID>OR16X2</ID></SellersItemIdentification></Item></ReceiptLine>
</r:ReceiptAdvice>"""


def test_a_ship_notice_says_who_sent_it_about_which_order_and_when() -> None:
    """Sender, order, dates and goods of an X12 ship notice stand in the review of it, in words."""
    found = read_arrival(SHIP_NOTICE.encode(), "notice.x12")
    assert isinstance(found, ToReview)
    assert found.details["says"] == [
        "It was sent by OHIO VALLEY LLC (157883780) to SELLER.",
        "Its own number is R178, dated 2026-11-03.",
        "It is about purchase order 001589.",
        "Dates: shipped on 2026-11-04.",
        "References: bill of lading 7000178.",
        "Parties: ship-from OHIO VALLEY LLC, 157883780, 4915 AIRPORT RD, GRAND RAPIDS, MI, 49503, US.",
        "Lines: 1: 18 PC of 6210-ZZ.",
    ]
    assert "match the goods" in str(found.details["to_do"])


def test_edifact_and_xml_are_told_likewise() -> None:
    """A despatch advice and a receipt advice name their order, with released characters and namespaces taken away."""
    assert notice(DESPATCH.encode(), "edifact") == [
        "It was sent by PENNINE PUMPS LTD (952611) to 952699.",
        "Its own number is D124, dated 2026-11-02.",
        "It is about purchase order 45000056'24.",
        "Dates: despatched on 2026-11-03.",
        "Parties: buyer 952611, PENNINE PUMPS LTD.",
        "Lines: 1: 7 NAR despatched, of CP24-08.",
    ]
    assert notice(RECEIPT.encode(), "xml") == [
        "Its own number is R26014, dated 2026-11-02.",
        "It is about purchase order EK4476/26.",
        "Parties: delivery customer party Levante S.L.U.",
        "Lines: 1: 50 C62 rejected of (damaged) / O-ring / OR16X2.",
    ]


@given(st.binary(max_size=300), st.sampled_from(["x12", "edifact", "xml"]))
def test_no_document_breaks_it(data: bytes, form: str) -> None:
    """Whatever bytes follow the beginning of an interchange or element, some sentences come or none."""
    for head in (SHIP_NOTICE[:160].encode(), DESPATCH[:60].encode(), RECEIPT[:60].encode(), b""):
        assert all(isinstance(one, str) for one in notice(head + data, form))
        glimpse(head + data, "any.edi")
