from __future__ import annotations

import pytest

from bridgehead.documents.outcome import Orders
from bridgehead.documents.reading import read

X12 = (
    "ISA*00*          *00*          *01*123456789      *ZZ*SELLER         *261102*0930*U*00401*000000017*0*P*>~"
    "GS*PO*1*2*20261102*0930*1*X*004010~ST*850*0001~BEG*00*NE*PO1**20261102~N1*ST*NORTH PLANT~N3*1 MILL ROAD~"
    "N4*DAYTON*OH*45404*US~PO1*1*5*EA*2.50**VP*AB-1~CTT*1~SE*8*0001~GE*1*1~IEA*1*000000017~"
)
EDIFACT = (
    "UNB+UNOC:3+A:14+B:14+261102:0930+7'UNH+1+ORDERS:D:96A:UN'BGM+220+PO1+9'DTM+137:20261102:102'"
    "NAD+DP+++NORTH PLANT+1 MILL ROAD+DAYTON+OH+45404+US'LIN+1++AB-1:SA'QTY+21:5:PCE'UNS+S'UNT+8+1'UNZ+1+7'"
)
UBL = (
    '<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2" xmlns:a="urn:oasis:names:specification:ubl:'
    'schema:xsd:CommonAggregateComponents-2" xmlns:b="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponen'
    'ts-2"><b:ID>PO1</b:ID><b:IssueDate>2026-11-02</b:IssueDate><a:Delivery><a:DeliveryLocation><a:Address><b:StreetName>'
    "1 MILL ROAD</b:StreetName><b:CityName>DAYTON</b:CityName><b:PostalZone>45404</b:PostalZone><b:CountrySubentity>OH"
    "</b:CountrySubentity><a:Country><b:IdentificationCode>US</b:IdentificationCode></a:Country></a:Address>"
    "</a:DeliveryLocation></a:Delivery><a:OrderLine><a:LineItem><b:ID>1</b:ID><b:Quantity unitCode='C62'>5</b:Quantity>"
    "<a:Item><b:Name>Bolt</b:Name></a:Item></a:LineItem></a:OrderLine></Order>"
)


@pytest.mark.parametrize("document", [X12, EDIFACT, UBL], ids=["x12", "edifact", "ubl"])
def test_the_region_of_an_address_is_kept(document: str) -> None:
    """A state or province is a field of the address, with its source, and raises no doubt."""
    outcome = read(document.encode(), "order")
    assert isinstance(outcome, Orders), outcome
    (order,) = outcome.orders
    assert order.ship_to is not None
    assert (order.ship_to.city, order.ship_to.region, order.ship_to.postal_code) == ("DAYTON", "OH", "45404")
    assert order.sources["ship_to.region"].text == "OH"
    assert not any("OH" in warning for warning in order.warnings)
