"""Mails that change an order sent before: which position, and what shall be of it, in every language that is read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from bridgehead.documents.confidence import sure
from bridgehead.documents.order import Line, Order
from bridgehead.documents.outcome import Orders
from bridgehead.documents.reading import read

NUMBER = "PO-7719"
SUBJECTS = {
    "en": f"Amendment to purchase order {NUMBER}",
    "de": f"Änderung der Bestellung {NUMBER}",
    "fr": f"Modification de la commande {NUMBER}",
    "es": f"Modificación del pedido {NUMBER}",
    "it": f"Modifica dell'ordine {NUMBER}",
    "nl": f"Wijziging bestelling {NUMBER}",
    "pl": f"Zmiana do zamówienia {NUMBER}",
    "sv": f"Ändring av beställning {NUMBER}",
    "da": f"Ændring af ordre {NUMBER}",
    "no": f"Endring av ordre {NUMBER}",
    "pt": f"Alteração da encomenda {NUMBER}",
    "cs": f"Změna objednávky {NUMBER}",
    "fi": f"Muutos tilaus {NUMBER}",
    "hu": f"Módosítás rendelés {NUMBER}",
}


def order(body: str, language: str) -> Order:
    """Reads a mail that changes an order in this language."""
    head = (
        "From: Norrby Pump AB <order@norrby.example.com>\nTo: orders@seller.example.com\n"
        f"Date: Mon, 05 Oct 2026 09:00:00 +0200\nSubject: {SUBJECTS[language]}\nMIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    )
    outcome = read((head + body).encode(), "change.eml")
    assert isinstance(outcome, Orders)
    (found,) = outcome.orders
    assert (found.purpose, found.po_number) == ("change", NUMBER)
    return found


def told(line: Line) -> tuple[int, str | None, Decimal, str, date | None, str | None]:
    return line.number, line.supplier_part, line.quantity, line.unit, line.requested_date, line.description


INSTEAD = {
    "en": "Position 30, KV-2210: 45 pcs instead of 20.",
    "de": "Position 30, KV-2210: 45 Stk statt bisher 20.",
    "fr": "Poste 30, KV-2210 : 45 pcs à la place de 20.",
    "es": "Posición 30, KV-2210: 45 uds en vez de 20.",
    "it": "Posizione 30, KV-2210: 45 pz invece di 20.",
    "nl": "Positie 30, KV-2210: 45 stuks i.p.v. 20.",
    "pl": "Pozycja 30, KV-2210: 45 szt. zamiast 20 szt.",
    "sv": "Rad 30, KV-2210: 45 st i stället för 20.",
    "da": "Linje 30, KV-2210: 45 stk i stedet for 20.",
    "no": "Linje 30, KV-2210: 45 stk istedenfor 20.",
    "pt": "Linha 30, KV-2210: 45 un em vez de 20.",
    "cs": "Položka 30, KV-2210: 45 ks místo 20.",
    "fi": "Rivi 30, KV-2210: 20 kpl sijaan 45 kpl.",
    "hu": "Tétel 30, KV-2210: 20 db helyett 45 db.",
}


@pytest.mark.parametrize("language", INSTEAD)
def test_of_a_new_quantity_and_the_old_one_the_new_one_is_read(language: str) -> None:
    """Position, part number and unit are read, the quantity that shall be, and nothing of the one that was."""
    (line,) = order(INSTEAD[language], language).lines
    assert (line.number, line.supplier_part, line.quantity, line.description) == (30, "KV-2210", Decimal(45), None)
    assert line.unit_code in {"C62", "SET"} or language == "hu"  # kpl is a set in Polish; db is no unit that is known


@pytest.mark.parametrize(
    "language, words",
    [
        ("en", "Item 2 (KV-2210): from 12 to 6 sets."),
        ("de", "Pos. 2 (KV-2210) bitte von 12 auf 6 Satz reduzieren."),
        ("fr", "Ligne 2 (KV-2210) : de 12 à 6 jeux."),
        ("es", "Línea 2 (KV-2210), cambiar de 12 a 6 juegos."),
        ("it", "Riga 2 (KV-2210): ridurre da 12 a 6 set."),
        ("nl", "Regel 2 (KV-2210): van 12 naar 6 sets."),
        ("pl", "Poz. 2 (KV-2210): zmniejszyć z 12 na 6 zestawy."),
        ("sv", "Rad 2 (KV-2210): minska från 12 till 6 satser."),
        ("pt", "Linha 2 (KV-2210): reduzir de 12 para 6 conjuntos."),
        ("cs", "Položka 2 (KV-2210): snížit z 12 na 6 sady."),
        ("en", "Line 2 - KV-2210: old 12, new 6 sets"),
        ("de", "Position 2: KV-2210: 12 -> 6 Satz"),
    ],
)
def test_from_one_quantity_to_another_the_second_is_read(language: str, words: str) -> None:
    """What stands behind the word for ``to``, an arrow or the word for new is the quantity, in its unit."""
    (line,) = order(words, language).lines
    assert (line.number, line.supplier_part, line.quantity, line.unit_code) == (2, "KV-2210", Decimal(6), "SET")
    assert line.description is None


DAYS = {
    "en": "Line 2, KV-2210: please deliver on 14 December 2026.",
    "de": "Zeile 2, KV-2210: neuer Liefertermin 14.12.2026 statt 30.11.2026.",
    "fr": "Ligne 2, KV-2210 : nouvelle date de livraison 14/12/2026.",
    "es": "Línea 2, KV-2210: entrega el 14/12/2026 en lugar del 30/11/2026.",
    "it": "Riga 2, KV-2210: nuova data di consegna 14/12/2026.",
    "nl": "Regel 2, KV-2210: leverdatum van 30-11-2026 naar 14-12-2026.",
    "pl": "Pozycja 2, KV-2210: nowy termin dostawy 14.12.2026 r.",
    "sv": "Rad 2, KV-2210: nytt leveransdatum 2026-12-14.",
    "da": "Linje 2, KV-2210: ny leveringsdato 14.12.2026.",
    "no": "Linje 2, KV-2210: ny leveringsdato 14.12.2026.",
    "pt": "Linha 2, KV-2210: nova data de entrega 14/12/2026.",
    "cs": "Položka 2, KV-2210: nový termín dodání 14.12.2026.",
    "fi": "Rivi 2, KV-2210: uusi toimituspäivä 14.12.2026.",
    "hu": "Tétel 2, KV-2210: új szállítási határidő 2026.12.14.",
}


@pytest.mark.parametrize("language", DAYS)
def test_a_new_day_is_that_of_its_position_alone(language: str) -> None:
    """A day that changes for one position is not asked for the whole order, and orders no quantity."""
    found = order(DAYS[language], language)
    assert [told(line) for line in found.lines] == [(2, "KV-2210", Decimal(0), "", date(2026, 12, 14), None)]
    assert found.requested_date is None
    assert any("states no ordered quantity" in one for one in found.warnings)
    assert not sure(found)


TABLES = {
    "en": ("Line", "Your part no.", "Previous date", "New date"),
    "de": ("Pos.", "Ihre Art.-Nr.", "Alter Termin", "Neuer Termin"),
    "fr": ("Ligne", "Votre référence", "Date précédente", "Nouvelle date"),
    "es": ("Línea", "Su referencia", "Fecha anterior", "Nueva fecha"),
    "it": ("Riga", "Vs. codice", "Data precedente", "Nuova data"),
    "nl": ("Regel", "Uw artikelnr.", "Vorige leverdatum", "Nieuwe leverdatum"),
    "pl": ("Poz.", "Wasz indeks", "Poprzedni termin", "Nowy termin"),
    "sv": ("Rad", "Ert artikelnr", "Tidigare leveransdatum", "Nytt leveransdatum"),
}


@pytest.mark.parametrize("language", TABLES)
@pytest.mark.parametrize("row", [("4", "2203351", "-", "14.12.2026"), ("4", "2203351", "30.11.2026", "14.12.2026")])
@pytest.mark.parametrize("style", ["  ", "|", "\t"])
def test_a_table_of_old_and_new_days_counts_nothing(language: str, row: tuple[str, ...], style: str) -> None:
    """Of a table of positions and days the position is no quantity, and the day that shall be is the line's."""
    if style == "  ":
        text = "\n".join("".join(cell.ljust(26) for cell in cells).rstrip() for cells in (TABLES[language], row))
    else:
        text = "\n".join(style.join(cells) for cells in (TABLES[language], row))
    found = order(f"{SUBJECTS[language]}:\n\n{text}\n", language)
    assert [told(line) for line in found.lines] == [(4, "2203351", Decimal(0), "", date(2026, 12, 14), None)]
    assert found.requested_date is None


def test_the_year_mark_of_polish_days_is_no_word() -> None:
    """``r.`` behind a day in Polish says that it is a year, with a dot, without one, and before a further sentence."""
    rows = "Poz.  Wasz indeks  Nowa ilość  Nowy termin\n3     KV-2210      8 szt.      5.11.2026 r.\n"
    (line,) = order(f"Zmiana zamówienia {NUMBER}:\n\n{rows}", "pl").lines
    assert told(line) == (3, "KV-2210", Decimal(8), "SZT", date(2026, 11, 5), None)
    for day in ("5.11.2026 r", "05-11-2026r.", "5 listopada 2026 roku", "2026-11-05 r."):
        (line,) = order(f"Poz. 3, KV-2210: termin {day}", "pl").lines
        assert (line.requested_date, line.description) == (date(2026, 11, 5), None)
    found = order("Poz. 3, KV-2210: nowy termin 5.11.2026 r. Prosimy o potwierdzenie.", "pl")
    assert [line.requested_date for line in found.lines] == [date(2026, 11, 5)]


@pytest.mark.parametrize(
    "language, words",
    [
        ("en", "Line 7, KV-2210: please remove this line."),
        ("de", "Position 7, KV-2210: entfällt."),
        ("fr", "Ligne 7, KV-2210 : à annuler."),
        ("es", "Línea 7, KV-2210: eliminar."),
        ("it", "Riga 7, KV-2210: da eliminare."),
        ("nl", "Regel 7, KV-2210: graag schrappen."),
        ("pl", "Poz. 7, KV-2210: prosimy usunąć."),
        ("sv", "Rad 7, KV-2210: vänligen stryk."),
    ],
)
def test_a_position_that_ends_is_a_line_of_nothing(language: str, words: str) -> None:
    """A position that is taken out is read as a line with a quantity of zero, and says so."""
    found = order(words, language)
    assert [told(line)[:4] for line in found.lines] == [(7, "KV-2210", Decimal(0), "")]
    assert any("quantity of zero" in one for one in found.warnings)


@pytest.mark.parametrize(
    "words, ours, yours",
    [
        ("Line 1, W40012 (your no. KV-2210): 30 pcs instead of 10.", "W40012", "KV-2210"),
        ("Line 1, KV-2210 (our item 475 244 63): 30 pcs instead of 10.", "475 244 63", "KV-2210"),
        ("Line 1 (KV-2210 (our ref. W40012)): from 10 to 30 pcs.", "W40012", "KV-2210"),
        ("Line 1, 60.121.02: 30 pcs instead of 10.", None, "60.121.02"),
        ("Line 1, 475 244 63: 30 pcs instead of 10.", None, "475 244 63"),
    ],
)
def test_part_numbers_of_both_sides_are_told_apart(words: str, ours: str | None, yours: str) -> None:
    """The numbers of either side, of digits alone or in groups, are read as what the words before them say."""
    (line,) = order(words, "en").lines
    assert (line.customer_part, line.supplier_part, line.quantity, line.unit) == (ours, yours, Decimal(30), "PCS")


def test_two_sentences_about_one_position_are_one_line() -> None:
    """A quantity and a day that change in sentences of their own are those of one line, and each line keeps its own."""
    found = order(
        "Line 2, KV-2210: 8 pcs instead of 4.\nLine 2, KV-2210: new delivery date 14 December 2026.\n"
        "Line 3 (KV-2214) please change from 150 to 75 ea.\n",
        "en",
    )
    assert [told(line) for line in found.lines] == [
        (2, "KV-2210", Decimal(8), "PCS", date(2026, 12, 14), None),
        (3, "KV-2214", Decimal(75), "EA", None, None),
    ]


def test_lines_that_a_mail_program_might_have_broken_stay_apart() -> None:
    """Two positions in long lines that end without a full stop are two lines of the order."""
    found = order(
        "Please amend our order:\n\nItem 40 (KV-2210-DN25) please change the quantity from 150 to 300 ea.\n"
        "Item 10 (KV-2214-DN40) please change the quantity from 80 to 40 ea.\n",
        "en",
    )
    assert [(line.number, line.quantity) for line in found.lines] == [(40, Decimal(300)), (10, Decimal(40))]


@pytest.mark.parametrize(
    "words",
    [
        "Line 2, KV-2210: 20 pcs at the new price of 3.20 EUR instead of 3.50 EUR.",
        "Line 2, KV-2210: 20 pcs instead of 10, if you have them in stock.",
        "Line 2, KV-2210: not before 14 December 2026.",
        "Lines 2 and 3, KV-2210: 20 pcs, 30 pcs and 40 pcs.",
    ],
)
def test_a_sentence_that_says_more_is_not_read_as_a_change(words: str) -> None:
    """Prices, conditions, bounds and several values are left to a person, with a doubt."""
    found = order(words, "en")
    assert found.warnings
    assert not sure(found)


def test_a_new_order_is_not_changed_by_a_sentence() -> None:
    """In a mail that orders, words about another quantity of a position are a contradiction and no line."""
    head = "From: a@norrby.example.com\nTo: b@seller.example.com\nSubject: Purchase order PO-7720\n\n"
    outcome = read(
        f"{head}We order:\n\n1. 10 pcs KV-2210\n\nLine 1, KV-2210: 20 pcs instead of 10.\n".encode(), "o.eml"
    )
    assert isinstance(outcome, Orders)
    (found,) = outcome.orders
    assert [(line.supplier_part, line.quantity) for line in found.lines] == [("KV-2210", Decimal(10))]
    assert any(one.startswith("contradiction") for one in found.warnings)
