"""Knows what senders call the fields of an order, in column headings and in labels before a colon."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from bridgehead.documents.tables.heading_parts import composed_field, fold
from bridgehead.documents.tables.headings_more import MORE_FIELDS
from bridgehead.documents.tables.headings_systems import SYSTEM_FIELDS
from bridgehead.documents.terms import CURRENCY, currency_of
from bridgehead.documents.units import UNIT_CODES

# Headings without accents, spaces and punctuation. ``part`` is a number of nobody in particular; ``article``
# may head numbers or names; ``po_or_part`` (Bestellnummer) depends on what else the table has.
_FIELDS: Final[dict[str, str]] = {
    "position": """rad radnr radnummer lp poz pozycja nrpoz posic artikelrad lineid punkt
      pos position posnr posno positionnr positionsnr line lineno linenumber linenr lineitem nr no n num numero
      ligne poste numligne noligne nligne linea nlinea riga nriga rigan regel regelnr lfdnr lfd zeile posten ln
      positionnummer salesorderitem rang posizione posicion""",
    "part": """item# artcode indeks indekstowaru kodtowaru nrkat nrkatalogowy nrartykulu artnummer refart codeart
      artnr artikelnr artikelnummer artno articleno articlenumber articlenr itemno itemnumber itemnr itemid partno
      partnumber partnr pn part parts sku ref reference code codigo codice codart codarticolo codicearticolo refarticle
      referencearticle refarticulo codigoarticulo codarticulo artikelcode itemcode productcode produktnr produktnummer
      productno productnumber productid produktcode refproduit codeproduit codearticle codigoproducto codiceprodotto
      teilenummer teilenr teil sachnummer sachnr referencia riferimento partcode stockcode catalogno catalogue catno
      artikelno numarticle noarticle narticle onderdeelnr onderdeelnummer modell model modele itemref partref ident identnr
      articlecode articleref articleid refproducto productref itempartno partitem art""",
    "article": "artykul towar vara artikel item items article articulo articolo produkt product produit producto prodotto articles artikelen ware",
    "customer_part": """vartartnr vartartikelnr vartartikelnummer indekswlasny indeksnabywcy kodwlasny naszindeks materialid eigeneartnr eigeneartikelnr
      material materialnr materialnummer materialno matnr customerpart customerpartno customerpartnumber
      customeritem customeritemno customeritemnumber customermaterial customersku kundenartikel kundenartikelnr
      kundenartikelnummer kundenmaterialnr kundenmaterial kundenteilenr kdartikelnr kdartnr kdmatnr kundenartnr buyerpart
      buyerpartno buyeritem buyeritemno buyersku refclient referenceclient refcliente referenciacliente
      codicearticolocliente articlecliente klantartikelnr klantartikelnummer klantartikel eigenartikelnr
      ownpartno ownpartnumber internalpartno internalno internecode refinterne codeinterne refinterna codiceinterno
      codigointerno symbol internesnr interneartikelnr hausnummer codclientearticolo custpart custpartno custitem bestellerartikelnr""",
    "supplier_part": """ertartikelnr ertartnr reffrn codforn refprov refprove liefart liefartnr kodproducenta leverantorensartnr levartnr
      supplierpart supplierpartno supplierpartnumber supplieritem supplieritemno supplierref supplierarticle
      supplierno suppliercode suppliersku vendorpart vendorpartno vendorpartnumber vendoritem vendoritemno vendorsku
      lieferantenartikelnr lieferantenartikelnummer lieferantenartikel liefartnr liefartikelnr lieferantennr lftartikelnr
      lieferantenteilenr herstellernr herstellernummer herstellerartikelnr herstellerteilenummer manufacturerpartno
      manufacturerpart mfrpartno mfgpartno mpn reffournisseur referencefournisseur codefournisseur refproveedor
      referenciaproveedor codigoproveedor codicefornitore codfornitore riffornitore leveranciersartikelnr
      leverancierartikelnr leveranciersartikelnummer artikelnrleverancier artnrleverancier leverancierscode fabrikantnr refabricant
      articolofornitore codicearticolofornitore""",
    "gtin": "eankod eancode kodean gtinean gtin ean ean13 ean8 eancode barcode upc codebarre codebarres codigobarras codiceabarre gtin13 gtin14 eannr strichcode",
    "description": """artikelbenamning omschr benamning beskrivning nazwa opis nazwatowaru opistowaru text1 descr designazione wyszczegolnienie titel
      description desc designation bezeichnung beschreibung artikelbezeichnung descripcion descrizione
      omschrijving benaming text artikeltext libelle benennung produktbezeichnung productname itemname denominacion denominazione
      concepto productdescription itemdescription partdescription descriptif kurztext materialtext artikelname
      articledescription naam artikelomschrijving warenbezeichnung produktname bez detail details descriptionofgoods
      nomproduit intitule descripcionarticulo descrizionearticolo goods""",
    "quantity": """kvantitet bestallt bestalltantal antal ilosc iloscszt ilosczam zamowiono besteld bestellt menge1 qtecdee ilosczamowiona cantped ordered orderqty1 qtyord
      qty quantity quantities menge mengen qte qty. quantite cantidad cant ctd quantita qta qt aantal aant anzahl stuckzahl
      bestellmenge orderqty orderquantity orderedqty orderedquantity qtyordered quantityordered quant qtyreq bestelaantal
      quantiteecommandee qtecommandee cantidadpedida quantitaordinata bestelhoeveelheid hoeveelheid nombre q auftragsmenge pieces
      qtd unidades""",
    "unit": """enhet jm jedn jednostka jednmiary u enh ehd unid mengeneinheit1 unitofmeas miara
      unit uom me einheit mengeneinheit unite um udm unidad unita eenheid measure einh unitofmeasure ume eh umed
      unidaddemedida unitadimisura unitedemesure unitmeasure quantityunit unitcode bestelleinheit verpackungseinheit packunit
      mengeneinh eenh ud""",
    "price": """apris nettopris pris styckpris cena cenanetto cenajedn cenajednnetto cenajednostkowa precioneto netprice1 prixnet punet stpris
      price unitprice preis einzelpreis stuckpreis stkpreis ep epreis prix prixunitaire pu puht prixunit prixunitaireht
      precio preciounitario preciounit punit punitario preciound prezzo prezzounitario prezzounit prezzoun prijs stukprijs eenheidsprijs
      prijsperstuk prijsstuk netprice nettopreis nettoeinzelpreis netunitprice priceperunit priceeach priceea unitcost cost
      netpriceunit preisproeinheit preisstk preisstuck priceunitnet unitnetprice einheitspreis prixht prezzonetto preciopnet precioneto
      nettoprijs prixnet prixunitairenet itemprice each stuckpreisnetto unitpricenet epnetto prijspereenheid preisprostuck prezzopz pricepc pricepcs""",
    "price_basis": "baseprezzo preisbasis baseprecio baseprix preciopor prisbas podstawaceny unitedeprix je unitedeprice prezzoper unitaprezzo unidadprecio prisper prijsper cenaper preiseinh perqty priceunit1 prisenhet cenaza prixpour per pe por par base cada za preiseinheit priceunit pricebasis priceper prijseenheid prixpar preispro pricequantity priceqty",
    "amount": """radsumma mtht montantligne belopp nettobelopp radbelopp summarad kwota wartosc wartoscnetto importorig regelbedrag1
      amount total linetotal totalprice gesamt gesamtpreis betrag summe gp gpreis positionswert wert montant montantht
      totalht prixtotal importe preciototal totale prezzototale importo bedrag totaal totaalprijs regeltotaal nettowert
      lineamount netamount value extendedprice ext extended positionsbetrag netvalue gesamtbetrag subtotal linevalue
      totaallijn importelinea importetotal importototale totaallinea totalligne lineprice totallinea totaleriga extprice
      nettobetrag totalnet zeilensumme positionssumme orderamount totalamount totalamt amt prixtotalht regelbedrag""",
    "requested_date": """entregasolicitada delaidemande lieferungam dostawado1 leverans leveransdatum onskadleverans onskatleveransdatum leveranssenast leveranstid termin termindostawy dostawana datadostawy datacons dataconsegna1 fentrega dateliv livraisonle deliverydue shipby liefdatum lieferdat zadanytermin onskaddag livraisonpourle wymaganytermin dataentrega
      deliverydate liefertermin lieferdatum datelivraison datedelivraison livraison fechaentrega fechadeentrega
      entrega dataconsegna datadiconsegna consegna leverdatum levering leveringsdatum termin wunschtermin requesteddate
      requesteddeliverydate requireddate requireddeliverydate requiredby needby neededby due duedate wunschlieferdatum
      wunschliefertermin shipdate delivery deliveryby datesouhaitee livraisonsouhaitee datelivraisonsouhaitee delai
      delaisouhaite plazo plazoentrega plazodeentrega gewensteleverdatum gewenstedatum gewensteleverdag leverenop leverdag
      delivdate reqdate reqdeldate requestdate wantdate anlieferung lieferung anliefertermin eintrefftermin
      bestelldatumliefer dateneeded deliveryrequested deliveryrequired deldate consegnarichiesta dataconsegnarichiesta
      fechadeentregasolicitada fechaentregasolicitada fecharequerida gewunschterliefertermin
      deliverydaterequested datadiconsegnarichiesta termineconsegna terminediconsegna entregadeseada requesteddelivery
      desireddeliverydate desireddelivery livraisondemandee datelivraisondemandee datedelivraisonsouhaitee
      datedelivraisondemandee pleasedeliverby deliverby lieferungbis lieferterminwunsch delaidelivraison leveringvoor levertermijn gewenstelevering""",
    "currency": "whg div wrg waluta wal val valutakod moneta currency wahrung waehrung devise moneda valuta divisa cur curr monnaie munt currencycode",
    "po_number": """bcn bc odan odanr ordinen bestordnr bestallning bestallningsnr bestallningsnummer inkopsorder inkopsordernr zamowienie nrzamowienia zamowienienr numerzamowienia numcde numcommande numord nrzam pedidonum numpedido zamowienian orderreferens varbestallning vartordernr zam ordinenum bestellnrkd notrecde ponbr poid purchaseorderref
      po ponumber pono ponr purchaseorder purchaseorderno purchaseordernumber purchaseordernr ordernumber orderno
      ordernr orderid order customerpo custpo customerorder customerorderno customerordernumber bestellung auftragsnummer
      auftragsnr auftrag commande numerocommande numerodecommande nocommande numcommande ncommande ndecommande nodecommande
      boncommande bondecommande nbondecommande numerobondecommande refcommande referencecommande pedido numeropedido
      numerodepedido npedido nopedido ndepedido nodepedido pedidon refpedido ordendecompra ordencompra nordendecompra ordine
      numeroordine numerodordine nordine ordinen ordineacquisto ordinedacquisto nrordine rifordine numord
      inkoopordernummer inkooporder inkoopordernr bestelbon bestelbonnr bestelling bestellingnr
      bestellingnummer ordernummer bestelreferentie ordernumero orderref orderreference poref poreference bestellreferenz
      yourorder ourorder ourorderno unserebestellung unserebestellnummer unserebestellnr notrecommande nostroordine
      nuestropedido onzebestelling purchaseorderid cde ncde nocde bestellungnr bestellungsnr bestellungsnummer
      onzebestelnummer onzebestelnr onsbestelnummer onsordernummer nuestronumerodepedido nuestropedidon notrenumerodecommande notrencommande nostronumerodordine nostroordinen unsereauftragsnr bestellnummerkunde kundenbestellnr kundenbestellnummer kundenauftrag kundenauftragsnr einkaufsbestellung bestellnrkunde oc odc""",
    "sales_order": "salesorder salesorderid salesorderno salesordernr salesordernumber salesdoc salesdocument verkaufsbeleg",
    "po_or_part": "bestellnummer bestellnr bestelnummer bestelnr bestnr",
    "order_date": """du del dated dd defecha vom zdnia datazamowienia datazam orderdatum bestallningsdatum belegdatum datecde datecmd datord dataord bestdatum indata dato datadok podt
      orderdate date bestelldatum datum auftragsdatum datecommande datedecommande fechapedido fechadepedido fecha
      dataordine data besteldatum orderdatum podate dateoforder purchaseorderdate datadordine datedelacommande fechadelpedido""",
    "customer_number": """debiteurnr kundnr kundnummer nrklienta kodklienta klient vartkundnr varnrkund codcli kodkli codecli kundid klientnr naszkodklienta kundennrbeiihnen unserekdnr unsekundennr comptclient compteclient codclient accountid konto nostrocodcliente
      customerno customernumber customerid kundennr kundennummer kdnr numeroclient noclient nclient codeclient
      numerocliente ncliente codcliente codigocliente codicecliente klantnummer klantnr debitor debitorennr debitornr
      debiteurnummer accountno accountnumber account ourcustomerno ourcustomernumber unserekundennummer
      unserekundennr customeraccount notrenumeroclient notrenclient onsklantnummer nuestronumerodecliente numerodecliente
      nostrocodicecliente customercode clientno clientnumber clientid numerodeclient""",
    "customer_name": """committente ordinante donneurdordre kund zamawiajacy opdrachtgever foretag kopare nabywca firmanabywcy societe1 ragsoc empresa1 zamawiajacy bestallare
      customername customer company companyname firma kunde client cliente klant buyer besteller kaufer acheteur
      comprador acquirente societe empresa azienda bedrijf kundenname nomclient nombrecliente ragionesociale razonsocial
      raisonsociale bedrijfsnaam firmenname soldto orderedby auftraggeber purchaser klantnaam""",
    "email": "epost email mail emailadresse courriel correo correoelectronico mailadres emailaddress",
    "ship_to.name": """mottagare odbiorca nomeodbiorcy nazwaodbiorcy destinatariomerce
      shiptoname deliveryname lieferempfanger empfanger destinataire destinatario ontvanger consignee
      shiptocompany warenempfanger receiver lieferadressename nomlivraison recipient""",
    "ship_to": """levererastill leveranstill wysylkado dostarczycdo leveransadress godsmottagare dostawado adresdostawy miejscedostawy destinazionemerce puntodeentrega afleverpunt aflevering levereratill
      shipto deliverto deliveryaddress shippingaddress lieferadresse lieferanschrift lieferort adressedelivraison
      adresselivraison lieudelivraison lieulivraison livrera direcciondeentrega direccionentrega lugardeentrega entregaren
      direcciondeenvio indirizzodiconsegna indirizzoconsegna luogodiconsegna luogoconsegna destinazione consegnareaa afleveradres
      leveradres leveringsadres bezorgadres afleverenop deliverylocation lieferungan anlieferadresse warenlieferung liefernan
      shippingto shiptoaddress destinazionemerce consegnarea aflevereradres alieferadresse deliverysite delivertoaddress
      livraisona adressdelivraison leverenaan leverennaar entregara anlieferort anlieferungan shiptolocation placeofdelivery""",
    "ship_to.number": """aflcode lieferadrnr liefadrnr afleverpunt puntodeentrega luogoconsegna codent kodlev koddost
      shiptoid shiptonumber shiptono shiptocode deliverylocationid lieferadressnr lieferadressnummer warenempfangernr
      lieferadressid codelivraison shiptonr adressnr deliverycode locationcode deliveryaddressid shiptolocationid""",
    "ship_to.gln": "shiptogln deliverygln lieferadressegln glnlivraison glnlieferadresse ilnlieferadresse",
    "ship_to.street": "adress utdelningsadress besoksadress gatuadress gata ulica adresodbiorcy via1 shiptostreet street strasse straße rue calle via straat shiptoaddress1 address deliverystreet lieferstrasse adresse adres indirizzo direccion addressline1 address1 shiptostrasse",
    "ship_to.city": "poblacion miasto miejscowosc localidad postort shiptocity city ort stadt ville ciudad citta stad plaats deliverycity lieferort1 shiptoort woonplaats localita town",
    "ship_to.postal_code": "kod postnr postnummer kodpoczt kodpocztowy zip1 shiptozip shiptopostalcode zip zipcode plz postalcode postcode codepostal codigopostal cp cap shiptopostcode deliverypostcode shiptoplz deliveryzip",
    "ship_to.country": "kraj nazione nacion shiptocountry country land pays pais paese deliverycountry shiptoland countrycode",
    "bill_to": """fakturaadress adresdofaktury fakturado fakturering
      billto invoiceto invoiceaddress billingaddress rechnungsadresse rechnungsanschrift rechnungan adressedefacturation
      adressefacturation factureera facturation direcciondefacturacion direccionfacturacion facturara indirizzodifatturazione
      indirizzofatturazione fatturarea factuuradres fatturazione factureren rechnungsempfanger invoicingaddress""",
    "incoterms": """lieferbed levcond lieferkond levvillkor leveransvillkor warunkidostawy dostawawarunki incoterm1 fracht livraisonterms frachtbedingung
      incoterm incoterms incoterms2020 incoterms2010 lieferbedingung lieferbedingungen deliveryterms termsofdelivery conditionslivraison
      conditionsdelivraison condicionesdeentrega condizionidiconsegna resa leveringsvoorwaarden leveringsconditie shippingterms
      lieferkondition leveringscondities termesdelivraison terminiconsegna porto freightterms tradeterms""",
    "payment_terms": """zb betcond betalingscond zahlbed betvillkor betalningsvillkor platnosc warunkiplatnosci terminplatnosci fpago betalning formapago
      paymentterms terms payment termsofpayment zahlungsbedingung zahlungsbedingungen zahlungsziel zahlung
      conditionsdepaiement conditionspaiement paiement reglement condicionesdepago condicionespago formadepago pago
      condizionidipagamento condizionipagamento pagamento betalingsvoorwaarden betalingstermijn betaling betalingsconditie
      betalingscondities modalitadipagamento zahlungskonditionen betaalconditie betaaltermijn modedereglement conditionsdereglement""",
    "note": """annotazioni notas observations notering kommentar1 anmarkning uwagi uwaga observ obs hinweis1 bem kommentar2 opmerk
      note notes comment comments remark remarks bemerkung bemerkungen kommentar hinweis hinweise commentaire commentaires
      remarque remarques observaciones observacion comentarios comentario nota commenti osservazioni opmerking opmerkingen
      anmerkung anmerkungen instructions specialinstructions notiz message nb ps important achtung attention wichtig
      importante belangrijk opgelet deliveryinstructions lieferhinweis avviso aviso""",
    "stated_total": """ordertotaal totalt totaltexklmoms wartoscnetto summa totalsumma totaltnetto ordersumma razem razemnetto wartosczamowienia doplaty wartoscrazem sumanetto summaexklmoms totalexklmoms ordervarde
      ordertotal totalorder totalordervalue ordervalue grandtotal gesamtsumme nettosumme auftragswert bestellwert
      gesamtwert montanttotal totalgeneral totaleordine totaaleordine totaalbedrag totaal totalnetto nettogesamt totalcommande
      totalpedido summenetto nettogesamtbetrag gesamtnetto totalvalue importetotal totaalexclbtw montanttotalht totalnetht
      gesamtauftragswert gesamtbestellwert nettogesamtsumme netordertotal valeurtotale valortotal valoretotale totaleimponibile
      imponibile baseimponible totalexclvat totalexvat totalwithoutvat totalsiniva totaleivaesclusa totaalnetto
      totalehorsTaxe totalhorstaxes totaalwaarde ordersumme bestellsumme totalnetvalue nettoauftragswert summe gesamt
      gesamtbetrag totale total totalht totalnet nettowert netamount gesamtpreis totalamount importototale betrag amount
      montant importe bedrag totaalexbtw totaalprijs totalprice totaleprezzo sommetotale totalbetrag nettobetrag orderbedrag""",
    "gross_total": """razembrutto summainklmoms totalinklmoms
      totalttc totalinclvat totalincvat totalgross bruttosumme gesamtbrutto gesamtbruttobetrag totalconiva totaleivainclusa
      totaalinclbtw montantttc brutto bruttobetrag gesamtsummebrutto totalivaincluido totaleivato grosstotal endbetrag totalivaincl""",
    "tax": "moms vatpl podatek vat tax mwst ust tva iva btw taxes salestax umsatzsteuer mehrwertsteuer vatamount taxamount",
    "stated_line_count": """antalrader liczbapozycji iloscpozycji nlineas nombrelignes1 numrighe nrighe anzpos
      numberoflines linecount totallines anzahlpositionen positionen anzahlzeilen nombredelignes
      nombrelignes numerodelineas totallineas numerorighe righetotali aantalregels regels numberofitems numberofpositions
      totalitems itemstotal anzahlartikel noofitems nooflines lines lignes lineas righe anzahlderpositionen totalpositions positions
      numerolineas numeroderighe nbrelignes nblignes aantalposities""",
    "stated_quantity_total": """totaltantal razemilosc ilosclaczna ilosclacznie lacznailosc
      totalquantity totalqty gesamtmenge quantitetotale qtetotale cantidadtotal quantitatotale totaalaantal
      gesamtstuckzahl quantitytotal totalpieces totalunits gesamtanzahl totaleaantal mengegesamt totalpcs""",
    "buyer.vat": """vatno vatnumber vatid ustid ustidnr uid tvaintra tvaintracommunautaire notva numerotva nif cif piva partitaiva btwnr
      btwnummer vatregno vatreg ustidnummer umsatzsteuerid ntva cifnif""",
    "buyer.gln": "gln iln glnbuyer buyergln glnkunde glnbesteller",
    "buyer.duns": "duns dunsno dunsnumber dunsnr",
    "release": "release releaseno abruf abrufnr abrufnummer calloff calloffno",
    "purpose": "purpose action aktion actie accion azione akcja atgard ordertype ordertyp ordretype transactiontype documenttype typ type auftragsart belegart orderart tipo vorgang",
    "framework": """offert offertnr ramavtal umowa oferta1
      contract contractno frameworkagreement rahmenvertrag rahmenvertragsnr offer offerno quote quoteno quotation
      quotationno angebot angebotsnr angebotsnummer devis offre offerta oferta offerte yourquote yourofferno contrat contrato
      contratto rahmenauftrag yourquotation ihrangebot votreoffre votredevis suoferta""",
    "discount": "discount rabatt remise descuento sconto korting rebate disc",
    "ignore": """telefon1 kontaktperson varreferens erreferens
      phone tel telephone telefon telefono fax mobile mobil gsm contact contactperson ansprechpartner kontakt sachbearbeiter
      besteller1 contacto contatto contactpersoon web website www url status orderstatus createdby changedby vatrate taxrate
      mwstsatz couponcode referralsource trackingnumber paymentmethod buyername requester kostenstelle costcenter costcentre
      centrecouts project projekt projet proyecto progetto kommission commission department abteilung dept attn att attention1
      zhd yourref ourref yourreference ourreference ihrzeichen unserzeichen vosref nosref zeichen shipvia carrier spediteur
      versandart transporteur transportista corriere vervoerder shippingmethod weight gewicht poids peso bic iban bank hrb
      geschaftsfuhrer ceo handelsregister kvk siret siren rcs amtsgericht registergericht supplier lieferant fournisseur proveedor
      fornitore leverancier vendor von from an to a subject betreff objet asunto oggetto onderwerp cc sent gesendet""",
}
_NAMES: Final[dict[str, str]] = {}
for _field, _words in (*_FIELDS.items(), *SYSTEM_FIELDS.items(), *MORE_FIELDS.items()):
    for _word in _words.lower().split():
        _NAMES.setdefault(_word, _field)

LABEL_FIELDS: Final[dict[str, str]] = {}
for _field in ("stated_total", "gross_total", "tax", "stated_line_count", "stated_quantity_total"):
    for _word in f"{_FIELDS[_field]} {MORE_FIELDS[_field]}".lower().split():
        LABEL_FIELDS.setdefault(_word, _field)

_OURS = frozenset(
    [
        "our",
        "unsere",
        "unser",
        "unserer",
        "notre",
        "nos",
        "nuestra",
        "nuestro",
        "nuestras",
        "ns",
        "nostro",
        "nostra",
        "nostri",
        "onze",
        "ons",
        "my",
    ]
)
_YOURS = frozenset(
    ["your", "ihre", "ihr", "ihrer", "votre", "vos", "vs", "su", "sus", "vostro", "vostra", "vostri", "uw", "yr"]
)
_HINT = re.compile(rf"[\[(]([^\])]{{1,30}})[\])]|(?:\bin\s+)?({CURRENCY})", re.IGNORECASE)
_BASIS = re.compile(r"(?:/|per|pro|par|por|je|a)\s*(100|1000|1\.000|1,000)(?!\d)", re.IGNORECASE)
_MEASURED = frozenset(["quantity", "price", "amount", "price_basis"])
"""Fields whose heading may end in a unit: the ``Unit`` of ``Order Unit`` makes no order number of it."""
_WITHIN = re.compile(
    r"(?:(?:order|purchase|sales|po)[ _]?)?(?:lines?|line[ _]?items?|items?|positions?|details?)\s?[/:.>]+\s?(?=\S{3})",
    re.IGNORECASE,
)
"""What exports of nested records put before the names of a line's fields: ``Order Lines/Quantity``."""
_CHANGED: Final = frozenset(["quantity", "unit", "price", "requested_date"])
_AFTER: Final = re.compile(
    r"\b(?:new|revised|changed|neu(?:e[rsn]?)?|geandert\w*|nouve(?:au|lle)|nuev[oa]|nuov[oa]|nieuwe?|ny(?:tt|a)?|now[aey])\b"
)
_BEFORE: Final = re.compile(
    r"\b(?:old|previous|prior|so far|until now|current|original|bisher\w*|vorher\w*|alt(?:e[rsn]?)?|ancien(?:ne)?|precedente?|actuelle?|initiale?|jusqu'ici"
    r"|anterior|hasta ahora|vecchi[oa]|attuale|finora|oude?|huidige?|vorige|tot nu toe|tidigare|gammal|nuvarande|hittills|dotychczas\w*|poprzedni\w*|star[aey])\b"
)
"""Documents that change an order show what was beside what shall be."""
_STRIP_WORDS = frozenset(["net", "netto", "exkl", "excl", "ht", "neto", "each"])


@dataclass(frozen=True, slots=True)
class Heading:
    """What a column heading says: its field, and a unit, currency or price basis stated in it."""

    field: str
    unit: str = ""
    currency: str | None = None
    basis: Decimal | None = None


def squash(text: str) -> str:
    """Lower case without accents, spaces and punctuation: ``Art.-Nr.`` is ``artnr``."""
    folded = fold(text)
    return "".join(one for one in folded if one.isascii() and (one.isalnum() or one == "#"))


@lru_cache(maxsize=4096)
def heading_of(text: str) -> Heading | None:
    """The field that a column heading names; None for headings that name none of an order's fields."""
    text = text.strip().strip(":*").strip()
    if not text or len(text) > 60:
        return None
    if text == "#":
        return Heading("position")
    unit, currency, basis = "", None, None
    for found in _HINT.finditer(text):
        inside = (found[1] or found[2] or "").strip()
        currency = currency or currency_of(inside.split("/")[0].strip())
        if inside.rstrip(".").lower() in UNIT_CODES:
            unit = inside.rstrip(".").upper()
    direct = _field_of(text)
    if direct is not None:
        unit = text.upper() if direct == "quantity" and text.lower() in UNIT_CODES else unit
        return Heading(direct, unit, currency)
    stated = _BASIS.search(text)
    if stated is not None:
        basis = Decimal(stated[1].replace(".", "").replace(",", ""))
        text = text[: stated.start()] + text[stated.end() :]
    bare = _HINT.sub(" ", text)
    field = _field_of(bare)
    if field is None:
        words = [word for word in re.split(r"[\s/.\-]+", bare) if word.lower() not in _STRIP_WORDS and word]
        field = _field_of(" ".join(words))
        if field is None and len(words) > 1 and words[-1].lower() in UNIT_CODES:
            field = _field_of(" ".join(words[:-1]))
            field = field if field in _MEASURED else None
        if (
            field is None
            and len(words) == 1
            and words[0].lower() in UNIT_CODES
            and UNIT_CODES[words[0].lower()] == "C62"
        ):
            return Heading("quantity", unit=words[0].upper())
    if field is None:
        field = composed_field(bare)
    if field is None and _AFTER.search(fold(text)):
        field = _changed(_AFTER.sub(" ", fold(text)))
    if field is None and (within := _WITHIN.match(text)) is not None:
        return heading_of(text[within.end() :])
    return None if field is None else Heading(field, unit, currency, basis)


def before_of(text: str) -> str | None:
    """The field whose value before a change a column heads: ``Quantity so far``; None when it heads another."""
    folded = fold(text)
    return _changed(_BEFORE.sub(" ", folded)) if _BEFORE.search(folded) else None


def _changed(text: str) -> str | None:
    """The field of a line that a document changes; a day of a line is the one of its delivery."""
    field = _field_of(text)
    field = "requested_date" if field == "order_date" else field
    return field if field in _CHANGED else None


@lru_cache(maxsize=4096)
def _field_of(text: str) -> str | None:
    squashed = squash(text)
    if not squashed:
        return None
    field = _NAMES.get(squashed) or _NAMES.get(squashed.replace("#", "no"))
    if field is not None:
        return field
    words = [squash(word) for word in re.split(r"[\s.\-_/']+", text)]
    words = [word for word in words if word]
    if len(words) > 1 and words[0] in _OURS | _YOURS:
        rest = _NAMES.get("".join(words[1:]))
        if rest in {"part", "article", "po_or_part"}:
            return "customer_part" if words[0] in _OURS else "supplier_part"
        return rest if rest not in {"position", None} else None
    if len(words) > 1:
        drop = frozenset(
            [
                "de",
                "du",
                "des",
                "la",
                "le",
                "les",
                "del",
                "di",
                "d",
                "dell",
                "della",
                "van",
                "der",
                "the",
                "no",
                "nr",
                "n",
                "num",
                "number",
            ]
        )
        kept = "".join(word for word in words if word not in drop)
        return _NAMES.get(kept)
    return None


@lru_cache(maxsize=4096)
def label_of(text: str) -> str | None:
    """The field that a label before a colon names; sums are those of the order, not of a line."""
    text = text.strip().strip("*_•·- ")
    squashed = squash(text)
    if squashed in LABEL_FIELDS:
        return LABEL_FIELDS[squashed]
    without = squash(_HINT.sub(" ", text))
    if without in LABEL_FIELDS:
        return LABEL_FIELDS[without]
    heading = heading_of(text)
    return None if heading is None else heading.field
