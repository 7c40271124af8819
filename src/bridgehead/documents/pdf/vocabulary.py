"""Knows the words that pages print: titles of documents, headings beyond those of files, sums, carried totals, parties."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Final, Literal

from bridgehead.documents.dates import DayContext, find_days
from bridgehead.documents.tables.heading_parts import fold
from bridgehead.documents.tables.headings import Heading, heading_of, label_of, squash
from bridgehead.documents.terms import CURRENCY, currency_of

SumKind = Literal["net", "gross", "tax", "charge", "allowance", "carried", "quantity", "count"]

_MORE: Final[dict[str, str]] = {
    word: field
    for field, words in {
        "po_number": """nrdokumentu ndocumento numerodocumento numerodedocument documentnr documentnummer dokumentnr dokumentnummer nodocument ndedocument docnr docnumber beleg po# po#: pono# order# ordernumber# purchaseorder# ourorder ourorderno ourorderref ourordernumber ordrenr ordrenummer
          rekvisition rekvisitionsnr indkobsordre indkobsordrenr innkjopsordre innkjopsordrenr bestillingsnr bestillingsnummer bestilling
          encomenda nencomenda numeroencomenda notadeencomenda nordemdecompra ordemdecompra pedidodecompra npedido ordendecompra
          ordendecomprano ordinedacquisto ordineacquisto ordinediacquisto bondecommande bestelbon inkooporder inkoopordernummer
          inkoopordernr orderbevisnr belegnummer belegnr documentnumber documentno docno orderreference purchaseorderpo
          numerdokumentu ordernrinkoop bestellungnr purchaseordernum poreference""",
        "order_date": """datadocumento datadokumentu documentdatum dokumentdatum datedudocument fechadocumento fechadeldocumento ordredato bestillingsdato dato dataencomenda datadaencomenda datadopedido dataemissao fechadeemision fechaemision
          datededition datedelacommande dateemission dataemissione datawystawienia documentdate belegdatum podate dateoforder
          printdate printed printedon druckdatum utskriftsdatum utskriftsdato dateimpression datedimpression datastampa datadistampa afdrukdatum datawydruku fechaimpresion fechadeimpresion ordersubmittedon submittedon ordersubmitted createdat orderplaced dateissued issuedate issued bestelldatumvom dateducommande datadellordine""",
        "requested_date": """dostawa levertijd leveringsdato onsketlevering onsketleveringsdato datadeentrega dataentregapretendida prazodeentrega prazoentrega
          entregaate delivery_date deliverydateno datereq requireddeliverydate needbydate needdate requestedshipdate dateneeded
          deliverydue dockdate promisedate reqd reqddate requireddate duedate expecteddate expecteddelivery expectedarrival
          expected expectedon expectedby expecteddeliverydate promised arrivaldate dateexpected wunschdatum gewunscht lieferwunsch receiptdate dateprevue dateattendue fechaprevista datapianificata lieferdatumgewunscht anlieferdatum""",
        "position": "lig lg lin zl seq sr srno slno sno srl itm pozy pzn posnum linea# line#",
        "part": "varenr varenummer varekode itemnumber# codigodoartigo codigoartigo refartigo artigo codartigo prodno productcode# materialno",
        "supplier_part": """mfrpart mfgpart mfrpartnumber mfgpartno mfgpartnumber manufacturerpartnumber manufacturerno mfrno mfgno mfritem mfritemno
          herstellerteilenr herstellerartnr fabricantref refabricante codiceproduttore fabrikantartikelnr nrproducenta tillverkarensartnr""",
        "description": """beskrivelse varetekst varebeskrivelse descricao designacao descricaodoartigo itemdescription# materialdescription
          bezeichnungderleistung leistung leistungsbeschreibung artikelundbezeichnung materialbezeichnung productservice activity
          productdescription itemanddescription descriptionofitems particulars libelledelarticle descrizionedelprodotto opisprodukt""",
        "quantity": """anz ant qnt qtty qtys mng stckz stuckz quantidade qtde kvant antalstk mengeeinheit mengeme qtyuom quantityunit qtyunit orderedqty qtyordered ordqty
          bestellteMenge menge/me quantityuom ilosczamawiana""",
        "unit": "enhed unidadedemedida mengenenheit baseunit purchunit purchaseunit salesunit",
        "price": """enhedspris stkpris prisprstk prisstk precounit precounitario preco punitario enhetspris stuksprijs nettoprisstk nettostuckpreis
          preiseur eurstk rate unitrate unitpriceusd unitpriceeur listprice netunit prixunitnet prezzounitarionetto price# prisexclmoms
          einzelpreisnetto nettostkpreis preisje netunitcost""",
        "amount": """belob belop sum linjebelob linjesum valor valortotal totalliquido linjetotal amounteur amountusd gesamteur summeeur
          wartoscpozycji extamount extamt extcost totalcost netamounteur linecost totaleur totalusd nettobelob importotot netlinetotal
          totallineprice gesamtnetto totalprezzo""",
        "customer_number": "kundenr kundenummer numerodecliente ncliente codigodecliente vatercustomer customeraccount ouraccount ouraccountno accountnumber youraccountno",
        "currency": "moeda valutta",
        "payment_terms": "betalingsbetingelser betalingsbetingelse condicoesdepagamento condicaodepagamento betalingsvilkar pagamentotermini termsofpayments payterms netterms",
        "incoterms": "leveringsbetingelser leveringsbetingelse leveringsvilkar condicoesdeentrega fob fobpoint deliveryterm incotermsr termsofdelivery shipterms freightterm delivercondition",
        "ship_to": """leveringsadresse enderecodeentrega moradadeentrega localdeentrega localentrega leveringssted deliverto: shipto: shipmentaddress
          warenempfanger anlieferadresse destinazionedellamerce deliveryto goodsreceiver wareneingang deliverylocation# shippingdestination
          lieferungerfolgtan bitteliefernsiean adresdostawytowaru afleveradresgoederen""",
        "bill_to": "fakturaadresse faktureringsadresse enderecodefaturacao moradadefaturacao sendinvoiceto invoiceto# mailinvoiceto remitinvoiceto sendinvoicesto rechnungbittean invoicesto billingto facturera: rechnungsempfanger facturarsea",
        "tax": "momsbelob ivatotal salestax taxamount",
        "discount": "desconto desc% desc rab rab% disc disc% discpct discount% discountpct remise% sconto% dto dto% dtopct rabattpct",
        "note": "bemaerkninger bemerkninger merknader observacoes commentsorspecialinstructions specialinstructionscomments commentspecialinstructions notesinstructions headertext kopftext notetosupplier notetovendor supplierremarks vendormessage remarque_s deliveryinstruction shippinginstructions",
        "ignore": """att ansvarlig kontaktpersonhosos referencenr vorreferanse varreferanse deresreference deresreferanse page pageno seite side
          pagina strona sida requisitioner requestedby approvedby authorizedby preparedby reference2 vendorid vendorno vendornumber
          suppliernumber supplierno supplierid yourvendorno lieferantennummer creditornr kreditorennr kreditor codicefornitore ourvendornumber
          levnr leverandor leverandornr shipvia shippingmethod shipmethod via taxid vatrate moms% mwst% tva% iva% btw% vat% ust% rev revision hscode commodity
          weight buyeremail buyerphone einkaufer einkauf einkaufsgruppe telefonnr ansprechpartnerin sachbearbeiterin createdon time uhrzeit""",
    }.items()
    for word in words.split()
}
_QUALIFIERS: Final = re.compile(r"[/|]|\s[–-]\s|\n")
_BESIDE_CURRENCY: Final = re.compile(
    rf"(?P<before>{CURRENCY})[\s.:/-]+(?P<rest>\S.*)|(?P<first>.*\S)\s*[\s/(\[-](?:in\s+)?(?P<after>{CURRENCY})[\])]?",
    re.IGNORECASE,
)
"""``Rate USD``, ``Rate (USD)``, ``EUR Rate``: a heading of money and its currency."""


@lru_cache(maxsize=4096)
def heading(text: str) -> Heading | None:
    """The field of a column heading on a page, also in two languages (``Menge / Quantity``)."""
    text = text.strip().strip(":*").strip()
    if not text or len(text) > 60:
        return None
    found = heading_of(text)
    if found is not None and found.unit in {"UNIT", "EINHEIT"} and found.field == "quantity":
        found = replace(found, unit="")
    if found is not None and found.field != "price_basis":
        return found
    key = squash(text)
    if key in _MORE:
        return Heading(_MORE[key])
    parts = [part for part in (one.strip() for one in _QUALIFIERS.split(text)) if part]
    if found is not None and not _QUALIFIERS.search(text):
        return found
    worded = _sided(text) or _worded(text) or _of_money(text)
    if worded is not None:
        return worded
    if len(parts) > 1:
        known = [one for one in (heading_of(part) or _more(part) for part in parts) if one is not None]
        counting = [one for one in known if one.field != "ignore"]
        fields = {one.field for one in counting}
        if len(fields) == 1 and len(counting) == len(parts):
            return counting[0]
        if {"quantity", "unit"} == fields:
            return next(one for one in counting if one.field == "quantity")
        if "price" in fields and fields <= {"price", "unit", "price_basis", "quantity"}:
            return next(one for one in counting if one.field == "price")
        if fields and fields <= {"part", "description", "article", "supplier_part", "customer_part"}:
            return Heading("article")
        if len(counting) == 1 and len(parts) == 2 and not text[-1].isdigit():
            return counting[0]
    return found


_CORES: Final[dict[str, frozenset[str]]] = {
    "quantity": frozenset(
        [
            "menge",
            "mng",
            "qty",
            "qtty",
            "quantity",
            "quant",
            "qte",
            "quantite",
            "cant",
            "cantidad",
            "ctd",
            "qta",
            "quantita",
            "aantal",
            "hoeveelheid",
            "antal",
            "ilosc",
            "kvantitet",
            "quantidade",
            "qtd",
            "anzahl",
            "anz",
            "stuckzahl",
            "uds",
            "unidades",
            "unid",
            "pezzi",
            "stuks",
            "szt",
            "sztuk",
            "zamowiono",
        ]
    ),
    "price": frozenset(
        [
            "preis",
            "price",
            "prix",
            "precio",
            "prezzo",
            "prijs",
            "pris",
            "cena",
            "preco",
            "einzelpreis",
            "stuckpreis",
            "unitprice",
            "nettopreis",
        ]
    ),
    "amount": frozenset(
        [
            "wert",
            "nettowert",
            "betrag",
            "nettobetrag",
            "total",
            "totale",
            "gesamt",
            "gesamtpreis",
            "summe",
            "amount",
            "value",
            "montant",
            "importe",
            "importo",
            "bedrag",
            "belopp",
            "wartosc",
            "kwota",
            "valor",
            "belob",
            "subtotal",
        ]
    ),
}
_AROUND: Final[dict[str, frozenset[str]]] = {
    "quantity": frozenset(
        [
            "pedidas",
            "pedidos",
            "ordinate",
            "ordinati",
            "zamowionych",
            "best",
            "bestell",
            "bestellte",
            "order",
            "ordered",
            "ord",
            "req",
            "requested",
            "zam",
            "zamowiona",
            "pedida",
            "pedido",
            "cde",
            "cdee",
            "commandee",
            "richiesta",
            "ordinata",
            "besteld",
            "bestelde",
            "bestalld",
            "bestallt",
            "bestilt",
            "uom",
            "unit",
            "me",
            "um",
            "u",
        ]
    ),
    "price": frozenset(
        [
            "e",
            "ep",
            "einzel",
            "unit",
            "net",
            "netto",
            "stk",
            "st",
            "je",
            "per",
            "unitaire",
            "unit",
            "unitario",
            "unitar",
            "un",
            "ht",
            "neto",
            "nett",
            "each",
            "pc",
            "pce",
            "stuck",
            "jedn",
            "jednostkowa",
            "netta",
            "styck",
            "enhet",
            "exkl",
            "moms",
            "excl",
            "vat",
            "btw",
            "eur",
            "usd",
            "gbp",
            "chf",
            "sek",
            "pln",
            "dkk",
            "nok",
            "kr",
            "ea",
            "rate",
        ]
    ),
    "amount": frozenset(
        [
            "line",
            "pos",
            "position",
            "positions",
            "netto",
            "net",
            "zeilen",
            "zeile",
            "riga",
            "ligne",
            "linea",
            "regel",
            "rad",
            "pozycji",
            "pozycja",
            "ht",
            "neto",
            "nett",
            "eur",
            "usd",
            "gbp",
            "chf",
            "sek",
            "pln",
            "dkk",
            "nok",
            "ext",
            "extended",
            "excl",
            "exkl",
            "linje",
        ]
    ),
}


_YOURS: Final = frozenset(
    [
        "your",
        "ihre",
        "ihr",
        "votre",
        "vos",
        "su",
        "vostro",
        "vostra",
        "uw",
        "er",
        "ert",
        "panstwa",
        "wasz",
        "wasze",
        "deres",
        "jeres",
        "seu",
        "sua",
        "vosso",
        "vossa",
    ]
)
_OURS: Final = frozenset(
    [
        "nasza",
        "our",
        "vara",
        "vor",
        "unsere",
        "unser",
        "notre",
        "nos",
        "nuestro",
        "nuestra",
        "nostro",
        "nostra",
        "onze",
        "ons",
        "var",
        "vart",
        "nasz",
        "nasze",
        "nosso",
        "nossa",
        "vores",
        "vaar",
    ]
)
_DELIVERS: Final = re.compile(
    r"liefer|anliefer|deliver|livr|entreg|entr$|consegn|cons$|lever|dostaw|dost$|realizac|leverans|wunsch|requ?(?:ested|ired)?$|need|due$|ship|termin|dock$|arriv"
)
_DAYS: Final = re.compile(
    r"(?:date|datum|dat|dato|fecha|data|day|tag|dag|termin|dt|by|le|am|op|le|il|den|do|na|am|per|for)$"
)


def _sided(text: str) -> Heading | None:
    """``Państwa indeks``: a number of ours or yours, in languages that headings of files do not know."""
    tokens = [fold(one) for one in re.findall(r"[^\W\d_]+", text)]
    if any(one.isdigit() for one in text):
        return None
    if len(tokens) >= 2 and tokens[0] in _YOURS | _OURS:
        rest = heading_of(" ".join(tokens[1:]))
        if rest is not None and rest.field in {"part", "article", "supplier_part", "customer_part", "po_or_part"}:
            return Heading("supplier_part" if tokens[0] in _YOURS else "customer_part")
    glued = len(tokens) == 1 and _DELIVERS.match(tokens[0]) and _DAYS.search(tokens[0])
    if glued or (
        2 <= len(tokens) <= 4
        and any(_DELIVERS.match(one) for one in tokens)
        and all(
            _DELIVERS.match(one) or _DAYS.match(one) or one in {"de", "di", "van", "of", "the", "req"} for one in tokens
        )
    ):
        return Heading("requested_date")
    return None


def _worded(text: str) -> Heading | None:
    """A heading put together of a word for a figure and words that say which: ``Best.-Menge``, ``Qta ord.``."""
    tokens = [fold(one) for one in re.findall(r"[^\W\d_]+", text)]
    if not 2 <= len(tokens) <= 4 or any(one.isdigit() for one in text):
        return None
    for field, core in _CORES.items():
        if any(one in core for one in tokens) and all(one in core or one in _AROUND[field] for one in tokens):
            return Heading(
                field, currency=next((code for one in tokens if (code := currency_of(one)) is not None), None)
            )
    return None


def _of_money(text: str) -> Heading | None:
    """A heading of a price or amount that only pages print, with its currency beside it."""
    found = _BESIDE_CURRENCY.fullmatch(text)
    if found is None:
        return None
    known = _more(found["rest"] or found["first"])
    if known is None or known.field not in {"price", "amount"}:
        return None
    return replace(known, currency=currency_of(found["before"] or found["after"]))


def _more(text: str) -> Heading | None:
    field = _MORE.get(squash(text))
    return None if field is None else Heading(field)


@lru_cache(maxsize=4096)
def label(text: str) -> str | None:
    """The field that a label names; sums are those of the order."""
    text = text.strip().strip(":*•·-–. ").strip()
    if not text or len(text) > 48:
        return None
    key = squash(text)
    if key in _MORE:
        return _MORE[key]
    found = label_of(text)
    if found is not None:
        return found
    first, _, rest = text.partition(" ")
    if rest and fold(first).strip(".") in _OURS and (again := label(rest)) is not None:
        return again
    parts = [part.strip() for part in re.split(r"\s*[/|]\s*", text) if part.strip()]
    if len(parts) == 2:
        known = {_MORE.get(squash(part)) or label_of(part) for part in parts} - {None}
        if len(known) == 1:
            return known.pop()
    sided = _sided(text)
    if sided is not None and sided.field == "requested_date":
        return "requested_date"
    return None


_SUMS: Final[tuple[tuple[SumKind, re.Pattern[str]], ...]] = (
    (
        "carried",
        re.compile(
            r"(?:carried|brought|balance b/?f|balance c/?f|c/?f|b/?f)\b|carry(?:ing)? (?:over|forward)|amount (?:carried|brought)|ubertrag|zu ubertragen|zwischensumme (?:seite|ubertrag)|a reporter|report(?:e|s)?\b|montant reporte|total a reporter"
            r"|suma y sigue|suma anterior|transporte\b|a riportare|riporto|da riportare|riportato|transport(?:eren|uppgift)?\b|te transporteren|overdracht|over te brengen|do przeniesienia|z przeniesienia|przeniesienie|att overfora|overfort|overforing|transporterat|a transportar|page total|seitensumme|total page|totale pagina|sous-?total page|zwischensumme seite"
        ),
    ),
    (
        "tax",
        re.compile(
            r"(?:\+|plus|zzgl\.?|inkl\.?|hiervon|davon|dont|di cui|de los cuales|sales|total|totaal|totale|summe|montant|importe|kwota|\d{1,2}(?:[.,]\d{1,2})? ?%)?\s*(?:[a-z]{2,10}\s)?(?:\d{1,2}(?:[.,]\d{1,2})? ?%\s*)?(?:vat|tax|taxes|gst|hst|pst|mwst|ust|umsatzsteuer|mehrwertsteuer|u\.?st|t\.?v\.?a|i\.?v\.?a|btw|moms|mva|podatek|omzetbelasting|mervardesskatt)\b(?![- ./]{0,2}(?:id|ident|nr|no|number|num|nummer|reg|code|intra)\w*\b)(?!.*\b(?:excl|ex\b|exkl|without|ohne|hors|sin|senza|zonder|bez|utan|incl|inkl|included|brutto|ttc|uden|sem))"
        ),
    ),
    (
        "gross",
        re.compile(
            r"grand total|gesamt(?:summe|betrag|wert)?\.? ?(?:brutto|inkl)|brutto|total ?(?:amount)? ?(?:\(?incl|inc\b|ttc|t\.t\.c|gross|with (?:vat|tax)|con iva|iva incl|ivato|com iva|inkl)|gross (?:total|amount)|montant ttc|net a payer|a payer|totale (?:ivato|documento|fattura|comprensivo|con iva|ordine ivato)|importe total con|total a pagar"
            r"|totaal incl|te betalen|amount (?:due|payable)|total due|att betala|totalt inkl|summa inkl|razem brutto|wartosc brutto|do zaplaty|kwota brutto|rechnungsbetrag|endbetrag|endsumme|zahlbetrag|i alt inkl|at betale|a betale"
        ),
    ),
    (
        "allowance",
        re.compile(
            r"(?:less |abzgl\.? |abzuglich |minus |- ?)?(?:\d{1,2}(?:[.,]\d{1,2})? ?% ?)?(?:trade |special |order |gesamt|auftrags|mengen|sonder|quantity |volume )?(?:discount|rabatt|nachlass|remise|rabais|escompte|descuento|dto\b|sconto|korting|rabat\b|upust|avdrag|desconto|allowance)"
        ),
    ),
    (
        "charge",
        re.compile(
            r"(?:\+|plus |zzgl\.? )?(?:estimated )?(?:freight|shipping|s ?& ?h\b|p ?& ?p\b|ship ?/ ?ins\w*|carriage|delivery (?:charge|cost|fee)s?|handling|packing|packaging|insurance|surcharge|transport (?:cost|charge)s?|postage|fracht\w*|versand\w*|transportkosten|verpackung\w*|lieferkosten|porto\b|zuschlag|mindermengen\w*|versicherung|frais de (?:port|livraison|transport)|port\b|transport\b(?= \d)|livraison|emballage|portes|gastos de envio|transporte y|embalaje"
            r"|spese (?:di )?(?:trasporto|spedizione)|trasporto|imballo|verzendkosten|vrachtkosten|vracht|transportkosten|bezorgkosten|frakt\w*|emballage|fragt|koszt(?:y)? (?:transportu|dostawy|wysylki)|transport\b(?=\s*$)|opakowanie\b(?=\s*$)|other\b(?=\s*$)|misc\w*\b(?=\s*$)|toll\b|energiezuschlag|legierungszuschlag|fees?\b)"
        ),
    ),
    (
        "quantity",
        re.compile(
            r"total (?:quantity|qty|units|pieces)|gesamt(?:menge|stuckzahl|anzahl)|quantite totale|qte totale|cantidad total|quantita totale|totale pezzi|totaal aantal|totalt antal|ilosc razem|razem ilosc|laczna ilosc"
        ),
    ),
    (
        "count",
        re.compile(
            r"(?:number of|no\.? of|total|line) (?:lines|items|positions|count)|lines on (?:this |the )?order|pozycji razem|razem pozycji|tot\.? (?:righe|posizioni|rader|posten|positionen|lines|regels)|(?:righe|posizioni|rader|poster|regels|posities|positionen|posten|lignes|postes|lineas|posiciones) (?:tot\w*|gesamt|in totaal)|(?:lines|items|positions)\b(?=[ :]*\d{0,4}$)|total (?:de )?(?:posiciones|lineas|items|articulos|partidas|postes|lignes|articles|righe|posizioni|posten|rader|regels|pozycji)|(?:n[°ºbo]?\.?|nb\.?|num\.?) ?(?:de |di |d')?(?:postes|lignes|articles|lineas|posiciones|partidas|righe|posizioni|pozycji)|(?:nombre|numero|liczba|ilosc|aantal|antal) (?:de |di |d')?(?:postes|posiciones|partidas|posizioni|pozycji|posities|poster|positioner|orderrader|artikelen)|positionen\b|pos\.-?anzahl|anzahl (?:der )?(?:positionen|zeilen|artikel)|nombre (?:de |d')(?:lignes|articles)|numero (?:de )?(?:lineas|righe)|n\.? righe|aantal regels|antal rader|liczba pozycji"
        ),
    ),
    (
        "net",
        re.compile(
            r"sub-? ?total|untaxed|taxable (?:amount|total)|total(?:e|s|t|en)?\b|gesamt|summe|zwischensumme|netto|net (?:total|amount|value|order)|order (?:total|value)|amount\b|montant|importe|importo|imponibile|base imponible|bestellwert|auftragswert|bestellsumme|auftragssumme|warenwert|positionssumme"
            r"|sous-? ?total|somme|suma\b|subtotaal|totaal|bedrag|ordertotaal|delsumma|summa|ordersumma|nettobelopp|razem|wartosc|suma netto|ogolem|i alt\b|sum\b|belob|valor total|merchandise total|goods (?:total|value)|value of order|po total|purchase order total|lines total|ordervarde|totalt"
        ),
    ),
)
_CARRIED: Final = re.compile(
    r"(?:carried|brought) (?:forward|over|down)|(?:from|of) (?:the )?previous page|vorherige\w* seite|voriger? (?:seite|pagina)|page precedente|pagina (?:precedente|anterior)|poprzedniej strony|foregaende sida|forrige side|ubertrag|suma y sigue|suma anterior|a reporter|\breport page|riporto|riportare|overdracht|transporteren|przeniesieni|att overfora|overfort fran"
)


@lru_cache(maxsize=4096)
def sum_kind(text: str) -> SumKind | None:
    """What sum the first words of a row announce; None when they announce none."""
    plain = fold(text.strip()[:80])
    plain = re.sub(r"^[^\w+%-]+", "", plain)
    if not plain:
        return None
    if _CARRIED.search(plain) is not None and len(plain.split()) <= 7:
        return "carried"
    for kind, pattern in _SUMS:
        if pattern.match(plain) and (kind != "net" or len(plain.split()) <= 9):
            return None if kind == "charge" and _is_dated(text) else kind
    return None


def _is_dated(text: str) -> bool:
    """Whether words are followed by a day and no other figure: ``Livraison : 16/11/2026`` charges nothing."""
    days = list(find_days(text, DayContext("dmy", None)))
    return bool(days) and not any(map(str.isdigit, text[: days[0].start] + text[days[-1].end :]))


PAGE_OF: Final = re.compile(
    r"(?:\b(?:page|seite|pagina|p[aá]gina|sida|side|strona|blatt|bl\.|pg\.?|p[aá]g\.?|str\.?|p\.)\s*:?\s*(?:no\.?|nr\.?)?\s*(\d{1,3})\s*(?:of|von|de|sur|di|van|av|af|z|/|\|)\s*(\d{1,3})\b)|^\s*(?:-\s*)?(\d{1,3})\s*/\s*(\d{1,3})(?:\s*-)?\s*$",
    re.IGNORECASE,
)
"""A page's own number and how many there are."""
