from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from bridgehead.documents.order import Reference
from bridgehead.documents.units import unit_readings
from tests.unit.documents.samples import doubts, mail, only, refused

TWO = [("AB-1001", Decimal(20), Decimal("3.20")), ("AB-2002", Decimal(5), Decimal("12.50"))]
BARE = [(part, quantity, None) for part, quantity, _ in TWO]
DAY = date(2026, 11, 20)


def read(text: str, subject: str = "4711") -> list[tuple[str | None, Decimal, Decimal | None]]:
    """Returns part, quantity and price of each line of an order whose number is 4711."""
    order = only(mail(text, subject=subject))
    assert order.po_number == "4711"
    return [(line.supplier_part, line.quantity, line.price) for line in order.lines]


@pytest.mark.parametrize(
    "text",
    [
        "Bitte liefern Sie 20 Stück AB-1001 zu 3,20 €/Stk sowie 5 Schachteln AB-2002 zu 12,50 €. Bestellnummer 4711",
        "Nous commandons 20 pièces de la référence AB-1001 à 3,20 € et 5 boîtes de AB-2002 à 12,50 €.\nCde n° 4711",
        "Rogamos nos envíen 20 unidades del artículo AB-1001 a 3,20 € y 5 cajas del AB-2002 a 12,50 €.\nPedido: 4711",
        "Ordiniamo n. 20 pz art. AB-1001 a € 3,20 cad. e n. 5 conf. art. AB-2002 a € 12,50.\nNs. ordine n. 4711",
        "Graag bestel ik 20 stuks van artikel AB-1001 à € 3,20 en 5 dozen AB-2002 à € 12,50.\nOnze bestelnummer: 4711",
        "Zamawiamy 20 szt. AB-1001 po 3,20 EUR oraz 5 op. AB-2002 po 12,50 EUR.\nNr zamówienia: 4711",
        "Vi vill beställa 20 st AB-1001 à 3,20 EUR/st och 5 förp AB-2002 à 12,50 EUR.\nVårt ordernr: 4711",
        "Vi vil gerne bestille 20 stk. AB-1001 à 3,20 EUR/stk og 5 æsker AB-2002 à 12,50 EUR.\nVores ordrenr.: 4711",
        "Vi bestiller 20 stk AB-1001 à 3,20 EUR og 5 esker AB-2002 à 12,50 EUR.\nBestillingsnummer: 4711",
        "Encomendamos 20 un do artigo AB-1001 a 3,20 € e 5 caixas do AB-2002 a 12,50 €.\nA nossa encomenda n.º 4711",
        "Objednáváme 20 ks AB-1001 za 3,20 EUR/ks a 5 ks AB-2002 za 12,50 EUR/ks.\nČíslo objednávky: 4711",
        "Tilaamme 20 kpl AB-1001 à 3,20 EUR ja 5 kpl AB-2002 à 12,50 EUR.\nTilausnumero: 4711",
        "Megrendelünk:\n20 darab AB-1001 3,20 EUR\n5 darab AB-2002 12,50 EUR\nRendelésszám: 4711",
    ],
)
def test_sentences_of_thirteen_languages(text: str) -> None:
    """A sentence that orders two items with their prices is two lines, and its order number is the order's."""
    assert read(text) == TWO


@pytest.mark.parametrize(
    "text",
    [
        "Can I order 20 of AB-1001 and 5 of AB-2002 please? PO number is 4711. We need them soon.",
        "hi pls send 20 AB-1001 + 5 AB-2002 asap, po 4711 thx ann",
        "Order 4711\n20x AB-1001\n5x AB-2002",
        "Order 4711\nAB-1001 x 20\nAB-2002 x 5",
        "Order 4711\nAB-1001 (20 pcs)\nAB-2002 (5 pcs)",
        "Order 4711\nAB-1001: 20\nAB-2002: 5",
        "Order 4711\nPlease ship twenty (20) pieces AB-1001 and 5 pieces AB-2002.",
        "Order 4711\nThen 20 of AB-1001\nand 5 more of AB-2002",
    ],
)
def test_styles_of_people_in_a_hurry(text: str) -> None:
    """Quantities before and behind, bare or with a sign, in one breath or a line each, are the same lines."""
    assert read(text) == BARE


def test_a_day_at_the_end_is_of_every_item_of_its_sentence() -> None:
    """One day behind several items holds for all; a week is no day and is told."""
    order = only(mail("Please deliver 20 pcs AB-1001 and 5 pcs AB-2002 by 20 November 2026.", subject="PO 4711"))
    assert [line.requested_date for line in order.lines] == [DAY, DAY]
    for late in ("bis KW 50", "by Friday"):
        assert "date" in doubts(only(mail(f"PO 4711: please deliver 20 pcs AB-1001\nNeeded {late}", subject="x")))


@pytest.mark.parametrize(
    "words",
    [
        "and five boxes AB-3003",
        "dazu noch zehn Stück AB-3003",
        "plus AB-3003, ten of them",
        "AB-3003 ... 10 ... 4.50",
        "AB-3003 / 10 / 4.50",
        "item AB-3003 as last time",
        "and also 5 boxes of the blue ones",
        "3) AB-3003 qty ten",
    ],
)
def test_what_may_be_ordered_and_is_not_read_is_doubted(words: str) -> None:
    """Numbers in words, and parts in sentences that no line was read from, hold the order; none is dropped."""
    text = f"Please supply:\n- 20 pcs AB-1001 at EUR 3.20\n- 5 pcs AB-2002 at EUR 12.50\n\n{words}\n"
    order = only(mail(text, subject="PO 4711"))
    assert len(order.lines) == 2
    assert "uncertain" in doubts(order)


@pytest.mark.parametrize(
    "words, kind, number",
    [
        ("Your quotation no. 4471 of 12.10.2026", "quotation", "4471"),
        ("gemäß Ihrem Angebot Nr. A-4471 vom 12. Oktober 2026", "quotation", "A-4471"),
        ("Suivant votre devis n° 4471 du 12/10/2026", "quotation", "4471"),
        ("Rahmenvertrag RV-88", "contract", "RV-88"),
        ("Projekt: P-1200", "project", "P-1200"),
        ("Kostenstelle 4400", "cost_centre", "4400"),
    ],
)
def test_other_documents_are_references(words: str, kind: str, number: str) -> None:
    """A quotation with its day, a contract, a project and a cost centre are references and no doubt."""
    order = only(mail(f"Please supply 20 pcs AB-1001 at EUR 3.20\n\n{words}\n", subject="PO 4711"))
    assert [(one.kind, one.value) for one in order.references] == [(kind, number)]
    assert order.warnings == ()


def test_an_amount_is_no_reference() -> None:
    """The price behind the word contract is a price."""
    order = only(mail("We need another 20 pieces of AB-1001, price as per contract 3.20 EUR.", subject="PO 4711"))
    assert (order.lines[0].price, order.references) == (Decimal("3.20"), ())
    found = only(mail("20 pcs AB-1001 as per quotation 4471", subject="PO 4711"))
    assert (found.references, found.lines[0].quantity) == ((Reference("quotation", "4471"),), Decimal(20))


@pytest.mark.parametrize(
    "words",
    [
        "Levér ikke før vi ringer.",
        "Ordren er annulleret.",
        "Não entreguem antes de aprovação.",
        "A encomenda foi enviada por engano.",
        "Objednávku rušíme, zrušte ji prosím.",
        "Zatím nedodávejte.",
        "Älkää toimittako vielä, tilaus peruutettu.",
        "Kérjük, ne szállítsák, a rendelést töröljük.",
    ],
)
def test_words_that_undo_an_order_in_more_languages(words: str) -> None:
    """Danish, Portuguese, Czech, Finnish and Hungarian words that stop an order hold it or name its purpose."""
    order = only(mail(f"Please supply 20 pcs AB-1001 at EUR 3.20\n\n{words}\n", subject="PO 4711"))
    assert order.warnings or order.purpose != "original"


def test_forwarded_headers_in_more_languages() -> None:
    """A forwarded block of headers names who ordered, whatever language the mail program speaks."""
    for head in (
        "Fra: Anna <anna@kern.example>\nSendt: 2. november 2026\nTil: desk@works.example\nEmne: Ordre 4711",
        "De: Anna <anna@kern.example>\nEnviado: 2 de novembro de 2026\nPara: a@b.example\nAssunto: Encomenda 4711",
        "Od: Anna <anna@kern.example>\nOdesláno: 2. listopadu 2026\nKomu: desk@works.example\nPředmět: Objednávka 4711",
    ):
        text = f"FYI\n\n{head}\n\n20 pcs AB-1001 at EUR 3.20\n"
        document = mail(text, subject="FW: order", sender="Bo <bo@works.example>")
        order = only(document)
        assert (order.po_number, order.buyer.email) == ("4711", "anna@kern.example")


def test_how_a_field_was_read() -> None:
    """Labels, columns and patterns are told apart."""
    text = "Order no: 4711\nPlease supply 20 pcs AB-1001 at EUR 3.20\nPart\tQty\nAB-2002\t5\n"
    order = only(mail(text, subject="Order"))
    ways = {name: source.how for name, source in order.sources.items()}
    assert (ways["po_number"], ways["lines[0].quantity"], ways["lines[1].quantity"]) == ("label", "pattern", "column")


def test_a_quantity_in_words_alone_is_not_guessed() -> None:
    """Where nothing but words orders, the mail is refused and not read."""
    assert refused(mail("Please ship a dozen AB-1001.", subject="PO 4711")).code == "mail.no_lines"


@pytest.mark.parametrize("pressure", ["PN16", "PN 16"])
def test_a_nominal_pressure_is_no_part_number(pressure: str) -> None:
    """``PN16`` beside a part number is a word of the description."""
    order = only(mail(f"PO-4711\n\n20 pcs FLG-50 (Flange DN 50 {pressure})\n"))
    assert [line.supplier_part for line in order.lines] == ["FLG-50"]


@pytest.mark.parametrize(
    "text, unit, codes",
    [
        ("Graag bestel ik 5 dozen AB-2002 à € 12,50.", "DOOS", {"BX"}),
        ("Graag bestel ik 5 dozijn AB-2002 à € 12,50.", "DOZIJN", {"DZN"}),
        (
            "Please supply 5 dozen AB-2002 at EUR 12.50.\n\nMet vriendelijke groet\nJan van de Berg",
            "DOZEN",
            {"DZN", "BX"},
        ),
    ],
)
def test_dozens_are_boxes_in_dutch_alone(text: str, unit: str, codes: set[str]) -> None:
    """Who writes Dutch orders boxes by ``dozen``; in English words it may be either, and the item decides."""
    (line,) = only(mail(text, subject="PO 4711")).lines
    assert (line.unit, unit_readings(line.unit)) == (unit, frozenset(codes))


def test_a_price_of_each_of_dozens_is_doubted() -> None:
    """``2 dozen at 18.40 each`` may be the price of a piece or of a dozen."""
    assert doubts(only(mail("PO no.: PO-4711\n\n2 dozen AB-1001 @ 18.40 EUR each\n"))) == {"uncertain"}
    assert only(mail("PO no.: PO-4711\n\n24 pcs AB-1001 @ 18.40 EUR each\n")).warnings == ()


def test_words_that_ask_are_no_description() -> None:
    """The words of a sentence around its items describe none of them."""
    order = only(
        mail(
            "Hello,\n\nplease send us 25 x AB-1001 at 3.20 EUR each and 5 x AB-2002 at 1.00 EUR each under PO TP-4711."
        )
    )
    assert [line.description for line in order.lines] == [""] * 2


def test_customer_and_place_in_sentences_are_read() -> None:
    """A customer's number in brackets is no item; a street that opens with its number is a place of delivery."""
    opening = "Hallo,\n\nhiermit bestellen wir (Kundennr. K-1001):\n\n- 50 Stk AB-1001 zu 3,20 EUR\n\n"
    place = "Bitte liefern bis 15.12.2026 an 14 Quarry Lane, LS9 8AG Leeds.\nUnsere Bestellnummer: PO-4711\n"
    order = only(mail(opening + place))
    assert order.buyer.number == "K-1001"
    assert order.ship_to is not None
    assert (order.ship_to.street, order.ship_to.postal_code, order.ship_to.city) == (
        "14 Quarry Lane",
        "LS9 8AG",
        "Leeds",
    )
    assert (order.requested_date, order.warnings) == (date(2026, 12, 15), ())
