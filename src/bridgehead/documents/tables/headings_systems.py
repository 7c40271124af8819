"""Column names that ERP systems and shops write into their exports, field by field."""

from __future__ import annotations

from typing import Final

SYSTEM_FIELDS: Final[dict[str, str]] = {
    "position": """ebelp posnr itmnr orderlinenumber orderlineno orderline orderlineid lineitemnumber lineitemno lineitemid
      salesorderlineno polineno polinenumber poline polineid linesequence belegposition""",
    "part": "itemsku productsku variantsku lineitemsku skuid productcode stockno stocknumber itm01 partnum",
    "customer_part": "buyeritemid buyersitemid buyerpartid customerproductid buyerproductid",
    "supplier_part": """idnlf selleritemid sellersitemid sellerpartid sellerproductid sellersku supplierpartauxid vendoritemnumber
      supplierproductcode supplierproductid vendorpartid vendorproductcode""",
    "gtin": "ean11 barcodenumber itembarcode",
    "description": """txz01 arktx maktx lineitemname linedescription lineitemdescription shorttext materialdescription orderlinedescription
      itemtitle producttitle kurztext2""",
    "quantity": """menge kwmeng lineitemquantity orderedpurchasequantity purchasequantity quantitypurchased orderedquantity1 qtyordered
      purchaseqty orderlinequantity productuomqty productqty poqty poquantity orderedqty qtyrequested requestedquantity
      bestellmengeinbestellmengeneinheit quantityunits orderedunits unitsordered itemquantity itemqty salesquantity""",
    "unit": """meins vrkme bstme purchaseunitsymbol purchaseunit orderunit orderuom purchaseuom salesunit productuom bestellmengeneinheit
      unitofmeasurecode quantityunitcode uomcode""",
    "price": """netpr itemcost purchaseprice lineitemprice orderlineunitprice priceamount salesprice saleprice netunitpriceamount
      unitpriceamount unitpricenetamount nettopreis1""",
    "price_basis": "peinh kpein purchasepricequantity priceunitquantity basequantity pricebasequantity",
    "amount": "netwr lineitemtotal lineextensionamount linenetamount sales ordervaluenet lineitemamount linecost extendedcost extdcost",
    "requested_date": "eindt edatu requestedshipdate confirmedreceiptdate requesteddeliverydatetime deliverbydate needbydate promiseddate",
    "currency": "waers waerk currencyid currencyisocode transactioncurrency documentcurrency doccurrency",
    "po_number": """ebeln bstkd bstnk purchasingdocument purchasingdoc purchasedocument purchasedoc einkaufsbeleg belegnummer belegnr
      purchaseordernum ponum ordername purchaseordercode ordercode docnum docno documentno documentnumber""",
    "order_date": "bedat audat purchasedate documentdate docdate createdat ordercreated ordercreatedat orderplaced ordereddate dateordered orderdatetime placedat",
    "customer_number": "kunnr soldtoparty soldto customeridnumber buyerid",
    "customer_name": "buyername soldtoname billingcompany customerfullname",
    "ship_to.name": "shippingcompany shippingname shiptopartyname",
    "ship_to.street": "shippingstreet shippingaddress1 shipaddress1 shipaddress",
    "ship_to.city": "shippingcity shipcity",
    "ship_to.postal_code": "shippingzip shippingpostcode shippingpostalcode shippostalcode shipzip",
    "ship_to.country": "shippingcountry shipcountry shipcountrycode shippingcountrycode",
    "stated_total": "ordertotalamount ordertotalnet",
    "sales_order": "vbeln sonumber",
}
"""Without accents, blanks and punctuation, as in ``headings.py``."""
