"""Small orders in XML written for these tests."""

from __future__ import annotations

UBL_SPACES = (
    'xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2" '
    'xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" '
    'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"'
)

UBL_PARTIES = """
  <cac:BuyerCustomerParty>
    <cbc:SupplierAssignedAccountID>K-1002</cbc:SupplierAssignedAccountID>
    <cac:Party>
      <cbc:EndpointID schemeID="9930">DE136695976</cbc:EndpointID>
      <cac:PartyIdentification><cbc:ID schemeID="0088">4012345000009</cbc:ID></cac:PartyIdentification>
      <cac:PartyName><cbc:Name>Kern GmbH</cbc:Name></cac:PartyName>
      <cac:PostalAddress>
        <cbc:StreetName>Ringweg</cbc:StreetName><cbc:BuildingNumber>5</cbc:BuildingNumber>
        <cbc:AdditionalStreetName>Tor 3</cbc:AdditionalStreetName>
        <cbc:CityName>Stuttgart</cbc:CityName><cbc:PostalZone>70173</cbc:PostalZone>
        <cac:Country><cbc:IdentificationCode>DE</cbc:IdentificationCode></cac:Country>
      </cac:PostalAddress>
      <cac:PartyTaxScheme>
        <cbc:CompanyID>DE136695976</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
      </cac:PartyTaxScheme>
      <cac:PartyLegalEntity>
        <cbc:RegistrationName>Kern Werkzeuge GmbH</cbc:RegistrationName>
        <cbc:CompanyID schemeID="0204">HRB-77</cbc:CompanyID>
      </cac:PartyLegalEntity>
      <cac:Contact>
        <cbc:Name>Anna Kern</cbc:Name><cbc:Telephone>+49 711 55</cbc:Telephone>
        <cbc:ElectronicMail>Anna@Kern.example</cbc:ElectronicMail>
      </cac:Contact>
    </cac:Party>
  </cac:BuyerCustomerParty>
  <cac:SellerSupplierParty>
    <cac:Party><cac:PartyIdentification><cbc:ID schemeID="0060">123456789</cbc:ID></cac:PartyIdentification>
      <cac:PartyName><cbc:Name>Works AG</cbc:Name></cac:PartyName></cac:Party>
  </cac:SellerSupplierParty>
"""

UBL_DELIVERY = """
  <cac:Delivery>
    <cac:DeliveryLocation>
      <cbc:ID>L-9</cbc:ID>
      <cac:Address><cbc:StreetName>Lagerstr. 1</cbc:StreetName><cbc:CityName>Ulm</cbc:CityName>
        <cbc:PostalZone>89073</cbc:PostalZone>
        <cac:Country><cbc:IdentificationCode>DE</cbc:IdentificationCode></cac:Country></cac:Address>
    </cac:DeliveryLocation>
    <cac:RequestedDeliveryPeriod>
      <cbc:StartDate>2026-11-18</cbc:StartDate><cbc:EndDate>2026-11-20</cbc:EndDate>
    </cac:RequestedDeliveryPeriod>
    <cac:DeliveryParty><cac:PartyName><cbc:Name>Kern Lager</cbc:Name></cac:PartyName></cac:DeliveryParty>
  </cac:Delivery>
  <cac:DeliveryTerms><cbc:ID>DAP</cbc:ID></cac:DeliveryTerms>
  <cac:PaymentTerms><cbc:Note>30 days net</cbc:Note></cac:PaymentTerms>
"""

UBL_TOTALS = """
  <cac:AllowanceCharge><cbc:ChargeIndicator>true</cbc:ChargeIndicator>
    <cbc:AllowanceChargeReasonCode>FC</cbc:AllowanceChargeReasonCode>
    <cbc:AllowanceChargeReason>Freight</cbc:AllowanceChargeReason>
    <cbc:Amount currencyID="EUR">10.00</cbc:Amount></cac:AllowanceCharge>
  <cac:TaxTotal><cbc:TaxAmount currencyID="EUR">25.94</cbc:TaxAmount></cac:TaxTotal>
  <cac:AnticipatedMonetaryTotal>
    <cbc:LineExtensionAmount currencyID="EUR">126.50</cbc:LineExtensionAmount>
    <cbc:TaxExclusiveAmount currencyID="EUR">136.50</cbc:TaxExclusiveAmount>
    <cbc:TaxInclusiveAmount currencyID="EUR">162.44</cbc:TaxInclusiveAmount>
    <cbc:ChargeTotalAmount currencyID="EUR">10.00</cbc:ChargeTotalAmount>
    <cbc:PayableAmount currencyID="EUR">162.44</cbc:PayableAmount>
  </cac:AnticipatedMonetaryTotal>
"""

UBL_LINES = """
  <cac:OrderLine>
    <cbc:Note>Label each box.</cbc:Note>
    <cac:LineItem>
      <cbc:ID>10</cbc:ID>
      <cbc:Quantity unitCode="EA">20</cbc:Quantity>
      <cbc:LineExtensionAmount currencyID="EUR">64.00</cbc:LineExtensionAmount>
      <cac:Price><cbc:PriceAmount currencyID="EUR">320.00</cbc:PriceAmount>
        <cbc:BaseQuantity unitCode="EA">100</cbc:BaseQuantity></cac:Price>
      <cac:Item>
        <cbc:Description>brass, 20 mm</cbc:Description>
        <cbc:Name>Valve</cbc:Name>
        <cac:BuyersItemIdentification><cbc:ID>K-55</cbc:ID></cac:BuyersItemIdentification>
        <cac:SellersItemIdentification><cbc:ID>AB-1001</cbc:ID></cac:SellersItemIdentification>
        <cac:ManufacturersItemIdentification><cbc:ID>M-7</cbc:ID></cac:ManufacturersItemIdentification>
        <cac:StandardItemIdentification><cbc:ID schemeID="0160">4006381333931</cbc:ID></cac:StandardItemIdentification>
        <cac:CommodityClassification>
          <cbc:ItemClassificationCode listID="STI">40141616</cbc:ItemClassificationCode>
        </cac:CommodityClassification>
        <cac:AdditionalItemProperty><cbc:Name>Colour</cbc:Name><cbc:Value>red</cbc:Value></cac:AdditionalItemProperty>
      </cac:Item>
    </cac:LineItem>
  </cac:OrderLine>
  <cac:OrderLine>
    <cac:LineItem>
      <cbc:ID>20</cbc:ID>
      <cbc:Quantity unitCode="XBX">5</cbc:Quantity>
      <cbc:LineExtensionAmount currencyID="EUR">62.50</cbc:LineExtensionAmount>
      <cac:Delivery><cac:RequestedDeliveryPeriod><cbc:EndDate>2026-11-21</cbc:EndDate></cac:RequestedDeliveryPeriod>
      </cac:Delivery>
      <cac:Price><cbc:PriceAmount currencyID="EUR">12.50</cbc:PriceAmount></cac:Price>
      <cac:Item><cbc:Name>Flange</cbc:Name>
        <cac:SellersItemIdentification><cbc:ID>AB-2002</cbc:ID></cac:SellersItemIdentification></cac:Item>
    </cac:LineItem>
  </cac:OrderLine>
"""

UBL_HEAD = """
  <cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:order:3</cbc:CustomizationID>
  <cbc:ID>PO-4711</cbc:ID>
  <cbc:IssueDate>2026-10-30</cbc:IssueDate>
  <cbc:OrderTypeCode>220</cbc:OrderTypeCode>
  <cbc:Note>Please confirm.</cbc:Note>
  <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
  <cac:Contract><cbc:ID>C-12</cbc:ID></cac:Contract>
"""


def ubl(inside: str = "", *, root: str = "Order", head: str = UBL_HEAD, lines: str = UBL_LINES) -> bytes:
    """Returns a UBL document; ``inside`` follows the head."""
    parts = (head, inside, UBL_PARTIES, UBL_DELIVERY, UBL_TOTALS if "PriceAmount" in lines else "", lines)
    opening = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {UBL_SPACES.format(root=root)}>'
    return f"{opening}{''.join(parts)}</{root}>".encode()


CXML_LINES = """
      <ItemOut quantity="20" lineNumber="1" requestedDeliveryDate="2026-11-20T10:00:00+01:00">
        <ItemID><SupplierPartID>AB-1001</SupplierPartID><BuyerPartID>K-55</BuyerPartID>
          <IdReference domain="EAN-13" identifier="4006381333931"/></ItemID>
        <ItemDetail>
          <UnitPrice><Money currency="EUR">320.00</Money></UnitPrice>
          <Description xml:lang="en">Valve<ShortName>V</ShortName></Description>
          <UnitOfMeasure>EA</UnitOfMeasure>
          <PriceBasisQuantity quantity="100" conversionFactor="1"><UnitOfMeasure>EA</UnitOfMeasure></PriceBasisQuantity>
          <Classification domain="UNSPSC">40141616</Classification>
          <ManufacturerPartID>M-7</ManufacturerPartID>
          <Extrinsic name="Colour">red</Extrinsic>
        </ItemDetail>
        <Comments>Label each box.</Comments>
        <Distribution><Accounting name="x"><AccountingSegment id="4400"/></Accounting>
          <Charge><Money currency="EUR">64</Money></Charge></Distribution>
      </ItemOut>
      <ItemOut quantity="5" lineNumber="2">
        <ItemID><SupplierPartID>AB-2002</SupplierPartID></ItemID>
        <ItemDetail>
          <UnitPrice><Money currency="EUR">12.50</Money></UnitPrice>
          <Description xml:lang="en">Flange</Description><UnitOfMeasure>BX</UnitOfMeasure>
          <ItemDetailIndustry><ItemDetailRetail><EANID>96385074</EANID></ItemDetailRetail></ItemDetailIndustry>
        </ItemDetail>
        <ScheduleLine quantity="2" requestedDeliveryDate="2026-11-21"><UnitOfMeasure>BX</UnitOfMeasure></ScheduleLine>
        <ScheduleLine quantity="3" requestedDeliveryDate="2026-11-28"><UnitOfMeasure>BX</UnitOfMeasure></ScheduleLine>
      </ItemOut>
"""

SECRET = "pomegranate-9"


def cxml(request: str = "", *, kind: str = "new", more: str = "", lines: str = CXML_LINES) -> bytes:
    """Returns a cXML document with one OrderRequest, or with ``request`` in its stead."""
    order = f"""<OrderRequest>
      <OrderRequestHeader orderID="PO-4711" orderDate="2026-10-30T09:00:00+01:00" type="{kind}"
          orderType="regular" {more}>
        <Total><Money currency="EUR">126.50</Money></Total>
        <ShipTo><Address addressID="L-9" isoCountryCode="DE"><Name xml:lang="de">Kern Lager</Name>
          <PostalAddress><DeliverTo>Rampe 2</DeliverTo><Street>Lagerstr. 1</Street><City>Ulm</City>
            <PostalCode>89073</PostalCode><Country isoCountryCode="DE">Germany</Country></PostalAddress>
          <Email name="x">Lager@Kern.example</Email></Address></ShipTo>
        <BillTo><Address addressID="K-1002"><Name xml:lang="de">Kern GmbH</Name></Address></BillTo>
        <Shipping><Money currency="EUR">10.00</Money><Description xml:lang="en">Freight</Description></Shipping>
        <Tax><Money currency="EUR">25.94</Money><Description xml:lang="en">VAT</Description></Tax>
        <Payment><PCard number="4111111111111111" expiration="2029-03-31"/></Payment>
        <PaymentTerm payInNumberOfDays="10"><Discount><DiscountPercent percent="2"/></Discount></PaymentTerm>
        <PaymentTerm payInNumberOfDays="30"/>
        <Comments xml:lang="en">Please confirm.</Comments>
      </OrderRequestHeader>{lines}</OrderRequest>"""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE cXML
  SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.050/cXML.dtd">
<cXML payloadID="1@kern" timestamp="2026-10-30T09:00:00+01:00">
  <Header>
    <From><Credential domain="DUNS"><Identity>123456789</Identity></Credential></From>
    <To><Credential domain="NetworkId"><Identity>AN02</Identity></Credential></To>
    <Sender><Credential domain="NetworkId"><Identity>AN01</Identity><SharedSecret>{SECRET}</SharedSecret></Credential>
      <UserAgent>Kern</UserAgent></Sender>
  </Header>
  <Request>{request or order}</Request>
</cXML>""".encode()


def orderx(kind: str = "220", purpose: str = "9", *, number: str = "PO-4711") -> bytes:
    """Returns an Order-X document of profile COMFORT."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:SCRDMCCBDACIOMessageStructure
  xmlns:rsm="urn:un:unece:uncefact:data:SCRDMCCBDACIOMessageStructure:100"
  xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:128"
  xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:128">
  <rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter>
    <ram:ID>urn:order-x.eu:1p0:comfort</ram:ID></ram:GuidelineSpecifiedDocumentContextParameter>
  </rsm:ExchangedDocumentContext>
  <rsm:ExchangedDocument><ram:ID>{number}</ram:ID><ram:TypeCode>{kind}</ram:TypeCode>
    <ram:IssueDateTime><udt:DateTimeString format="203">202610301200</udt:DateTimeString></ram:IssueDateTime>
    <ram:PurposeCode>{purpose}</ram:PurposeCode>
    <ram:IncludedNote><ram:Content>Please confirm.</ram:Content></ram:IncludedNote></rsm:ExchangedDocument>
  <rsm:SupplyChainTradeTransaction>
    <ram:IncludedSupplyChainTradeLineItem>
      <ram:AssociatedDocumentLineDocument><ram:LineID>10</ram:LineID></ram:AssociatedDocumentLineDocument>
      <ram:SpecifiedTradeProduct><ram:GlobalID schemeID="0160">4006381333931</ram:GlobalID>
        <ram:SellerAssignedID>AB-1001</ram:SellerAssignedID><ram:BuyerAssignedID>K-55</ram:BuyerAssignedID>
        <ram:Name>Valve</ram:Name></ram:SpecifiedTradeProduct>
      <ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice><ram:ChargeAmount>320.00</ram:ChargeAmount>
        <ram:BasisQuantity unitCode="C62">100</ram:BasisQuantity></ram:NetPriceProductTradePrice>
      </ram:SpecifiedLineTradeAgreement>
      <ram:SpecifiedLineTradeDelivery><ram:RequestedQuantity unitCode="C62">20</ram:RequestedQuantity>
      </ram:SpecifiedLineTradeDelivery>
      <ram:SpecifiedLineTradeSettlement><ram:SpecifiedTradeSettlementLineMonetarySummation>
        <ram:LineTotalAmount>64.00</ram:LineTotalAmount></ram:SpecifiedTradeSettlementLineMonetarySummation>
      </ram:SpecifiedLineTradeSettlement>
    </ram:IncludedSupplyChainTradeLineItem>
    <ram:ApplicableHeaderTradeAgreement>
      <ram:SellerTradeParty><ram:Name>Works AG</ram:Name></ram:SellerTradeParty>
      <ram:BuyerTradeParty><ram:ID>K-1002</ram:ID><ram:GlobalID schemeID="0088">4012345000009</ram:GlobalID>
        <ram:Name>Kern GmbH</ram:Name>
        <ram:PostalTradeAddress><ram:PostcodeCode>70173</ram:PostcodeCode><ram:LineOne>Ringweg 5</ram:LineOne>
          <ram:CityName>Stuttgart</ram:CityName><ram:CountryID>DE</ram:CountryID></ram:PostalTradeAddress>
        <ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE136695976</ram:ID></ram:SpecifiedTaxRegistration>
      </ram:BuyerTradeParty>
      <ram:ApplicableTradeDeliveryTerms><ram:DeliveryTypeCode>DAP</ram:DeliveryTypeCode>
      </ram:ApplicableTradeDeliveryTerms>
      <ram:BuyerOrderReferencedDocument><ram:IssuerAssignedID>PO-4711</ram:IssuerAssignedID>
      </ram:BuyerOrderReferencedDocument>
      <ram:ContractReferencedDocument><ram:IssuerAssignedID>C-12</ram:IssuerAssignedID></ram:ContractReferencedDocument>
    </ram:ApplicableHeaderTradeAgreement>
    <ram:ApplicableHeaderTradeDelivery>
      <ram:ShipToTradeParty><ram:Name>Kern Lager</ram:Name></ram:ShipToTradeParty>
      <ram:RequestedDeliverySupplyChainEvent><ram:OccurrenceDateTime>
        <udt:DateTimeString format="102">20261120</udt:DateTimeString></ram:OccurrenceDateTime>
      </ram:RequestedDeliverySupplyChainEvent>
    </ram:ApplicableHeaderTradeDelivery>
    <ram:ApplicableHeaderTradeSettlement><ram:OrderCurrencyCode>EUR</ram:OrderCurrencyCode>
      <ram:SpecifiedTradePaymentTerms><ram:Description>30 days net</ram:Description></ram:SpecifiedTradePaymentTerms>
      <ram:SpecifiedTradeSettlementHeaderMonetarySummation>
        <ram:LineTotalAmount>64.00</ram:LineTotalAmount><ram:ChargeTotalAmount>10.00</ram:ChargeTotalAmount>
        <ram:TaxBasisTotalAmount>74.00</ram:TaxBasisTotalAmount>
        <ram:TaxTotalAmount currencyID="EUR">14.06</ram:TaxTotalAmount>
        <ram:GrandTotalAmount>88.06</ram:GrandTotalAmount>
      </ram:SpecifiedTradeSettlementHeaderMonetarySummation>
    </ram:ApplicableHeaderTradeSettlement>
  </rsm:SupplyChainTradeTransaction>
</rsm:SCRDMCCBDACIOMessageStructure>""".encode()


OPENTRANS = b"""<?xml version="1.0" encoding="UTF-8"?>
<ORDER xmlns="http://www.opentrans.org/XMLSchema/2.1" xmlns:bmecat="http://www.bmecat.org/bmecat/2005" version="2.1"
  type="standard">
  <ORDER_HEADER><ORDER_INFO>
    <ORDER_ID>PO-4711</ORDER_ID><ORDER_DATE>2026-10-30T09:00:00</ORDER_DATE>
    <DELIVERY_DATE><DELIVERY_START_DATE>2026-11-20</DELIVERY_START_DATE>
      <DELIVERY_END_DATE>2026-11-20</DELIVERY_END_DATE></DELIVERY_DATE>
    <PARTIES>
      <PARTY><bmecat:PARTY_ID type="supplier_specific">K-1002</bmecat:PARTY_ID><PARTY_ROLE>buyer</PARTY_ROLE>
        <ADDRESS><bmecat:NAME>Kern GmbH</bmecat:NAME><bmecat:STREET>Ringweg 5</bmecat:STREET>
          <bmecat:ZIP>70173</bmecat:ZIP><bmecat:CITY>Stuttgart</bmecat:CITY>
          <bmecat:COUNTRY>Deutschland</bmecat:COUNTRY></ADDRESS></PARTY>
      <PARTY><bmecat:PARTY_ID type="iln">4012345000009</bmecat:PARTY_ID><PARTY_ROLE>delivery</PARTY_ROLE>
        <ADDRESS><bmecat:NAME>Kern Lager</bmecat:NAME></ADDRESS></PARTY>
    </PARTIES>
    <bmecat:CURRENCY>EUR</bmecat:CURRENCY>
    <PAYMENT><PAYMENT_TERMS><TIME_FOR_PAYMENT><DAYS>30</DAYS></TIME_FOR_PAYMENT></PAYMENT_TERMS></PAYMENT>
    <REMARKS type="general">Please confirm.</REMARKS>
  </ORDER_INFO></ORDER_HEADER>
  <ORDER_ITEM_LIST>
    <ORDER_ITEM><LINE_ITEM_ID>1</LINE_ITEM_ID>
      <PRODUCT_ID><bmecat:SUPPLIER_PID>AB-1001</bmecat:SUPPLIER_PID>
        <bmecat:INTERNATIONAL_PID type="ean">4006381333931</bmecat:INTERNATIONAL_PID>
        <bmecat:BUYER_PID type="x">K-55</bmecat:BUYER_PID>
        <bmecat:DESCRIPTION_SHORT>Valve</bmecat:DESCRIPTION_SHORT></PRODUCT_ID>
      <QUANTITY>20</QUANTITY><bmecat:ORDER_UNIT>C62</bmecat:ORDER_UNIT>
      <PRODUCT_PRICE_FIX><bmecat:PRICE_AMOUNT>320.00</bmecat:PRICE_AMOUNT>
        <bmecat:PRICE_QUANTITY>100</bmecat:PRICE_QUANTITY></PRODUCT_PRICE_FIX>
      <PRICE_LINE_AMOUNT>64.00</PRICE_LINE_AMOUNT></ORDER_ITEM>
  </ORDER_ITEM_LIST>
  <ORDER_SUMMARY><TOTAL_ITEM_NUM>1</TOTAL_ITEM_NUM><TOTAL_AMOUNT>64.00</TOTAL_AMOUNT></ORDER_SUMMARY>
</ORDER>"""

IDOC = b"""<?xml version="1.0" encoding="UTF-8"?>
<ORDERS05><IDOC BEGIN="1">
  <EDI_DC40 SEGMENT="1"><IDOCTYP>ORDERS05</IDOCTYP><MESTYP>ORDERS</MESTYP></EDI_DC40>
  <E1EDK01 SEGMENT="1"><CURCY>EUR</CURCY><BELNR>0000004711</BELNR></E1EDK01>
  <E1EDK03 SEGMENT="1"><IDDAT>012</IDDAT><DATUM>20261030</DATUM></E1EDK03>
  <E1EDK03 SEGMENT="1"><IDDAT>002</IDDAT><DATUM>20261120</DATUM></E1EDK03>
  <E1EDKA1 SEGMENT="1"><PARVW>AG</PARVW><PARTN>K-1002</PARTN><NAME1>Kern GmbH</NAME1></E1EDKA1>
  <E1EDKA1 SEGMENT="1"><PARVW>WE</PARVW><PARTN>L-9</PARTN><NAME1>Kern Lager</NAME1><STRAS>Lagerstr. 1</STRAS>
    <ORT01>Ulm</ORT01><PSTLZ>89073</PSTLZ><LAND1>DE</LAND1></E1EDKA1>
  <E1EDK02 SEGMENT="1"><QUALF>001</QUALF><BELNR>PO-4711</BELNR><DATUM>20261030</DATUM></E1EDK02>
  <E1EDK17 SEGMENT="1"><QUALF>001</QUALF><LKOND>DAP</LKOND></E1EDK17>
  <E1EDK18 SEGMENT="1"><QUALF>001</QUALF><TAGE>10</TAGE><PRZNT>2.000</PRZNT></E1EDK18>
  <E1EDK18 SEGMENT="1"><QUALF>002</QUALF><TAGE>30</TAGE></E1EDK18>
  <E1EDKT1 SEGMENT="1"><TDID>F01</TDID><E1EDKT2 SEGMENT="1"><TDLINE>Please confirm.</TDLINE></E1EDKT2></E1EDKT1>
  <E1EDP01 SEGMENT="1"><POSEX>000010</POSEX><MENGE>20.000</MENGE><MENEE>ST</MENEE><PMENE>ST</PMENE>
    <VPREI>320.00</VPREI><PEINH>100</PEINH><NETWR>64.00</NETWR>
    <E1EDP20 SEGMENT="1"><WMENG>20.000</WMENG><EDATU>20261120</EDATU></E1EDP20>
    <E1EDP19 SEGMENT="1"><QUALF>001</QUALF><IDTNR>K-55</IDTNR><KTEXT>Valve</KTEXT></E1EDP19>
    <E1EDP19 SEGMENT="1"><QUALF>002</QUALF><IDTNR>AB-1001</IDTNR></E1EDP19>
    <E1EDP19 SEGMENT="1"><QUALF>003</QUALF><IDTNR>4006381333931</IDTNR></E1EDP19></E1EDP01>
  <E1EDS01 SEGMENT="1"><SUMID>001</SUMID><SUMME>1</SUMME></E1EDS01>
  <E1EDS01 SEGMENT="1"><SUMID>002</SUMID><SUMME>64.00</SUMME><SUNIT>EUR</SUNIT></E1EDS01>
</IDOC></ORDERS05>"""
