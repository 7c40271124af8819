"""Who buys is a company: the name of a department is never taken for it, in whatever language and document."""

from __future__ import annotations

import pytest

from bridgehead.documents.departments import is_department
from bridgehead.documents.order import Party
from bridgehead.documents.outcome import Orders
from bridgehead.documents.reading import read

DEPARTMENTS = [
    "Workshop",
    "Werkstatt",
    "Taller",
    "Fertigungsplanung",
    "Purchasing",
    "Procurement Department",
    "Strategic Sourcing Team",
    "Einkauf",
    "i. A. Einkauf",
    "Abt. Materialbeschaffung",
    "Service des Achats",
    "Direction Approvisionnements",
    "Departamento de Compras",
    "Compras / Almacén",
    "Ufficio Acquisti",
    "Uff. Ordini",
    "Afdeling Inkoop",
    "Dział Zakupów",
    "Biuro Zamówień",
    "Inköpsavdelningen",
    "Indkøbsafdelingen",
    "Innkjøp",
    "Departamento de Encomendas",
    "Oddělení nákupu",
    "Osto-osasto",
    "Beszerzési osztály",
    "Supply Team",
]
COMPANIES = [
    "Einkauf Nord GmbH",
    "Norrby Pump AB",
    "Compras Industriales S.A.",
    "General Supply",
    "Lager AB",
    "Officina Rossi S.r.l.",
    "Office 365 Orders",
    "Achats & Fils SARL",
    "Ada Lind",
    "",
]


@pytest.mark.parametrize("name", DEPARTMENTS)
def test_a_department_is_known_by_its_name(name: str) -> None:
    """What is only a department is told as one, in a dozen languages, with accents or without."""
    assert is_department(name)
    assert is_department(name.upper())


@pytest.mark.parametrize("name", COMPANIES)
def test_a_company_is_no_department(name: str) -> None:
    """A company or person that has such a word in its name is none."""
    assert not is_department(name)


def buyer(document: bytes, name: str) -> Party:
    outcome = read(document, name)
    assert isinstance(outcome, Orders)
    (order,) = outcome.orders
    return order.buyer


def mail(sender: str, body: str, more: str = "") -> bytes:
    head = (
        f"From: {sender} <acquisti@rovere.example.com>\nTo: orders@seller.example.com\nSubject: Ordine n. RV-5521\n"
        f"Date: Mon, 05 Oct 2026 09:00:00 +0200\nMIME-Version: 1.0\n"
    )
    return f"{head}{more or 'Content-Type: text/plain; charset=utf-8'}\n\n{body}".encode()


@pytest.mark.parametrize("sender", ["Ufficio Acquisti", "i. A. Einkauf", "Magazijn / Inkoop"])
def test_a_department_that_writes_a_mail_is_whom_to_ask(sender: str) -> None:
    """Without a company the buyer's name is unknown; the department is kept as whom to ask for."""
    found = buyer(mail(sender, "Vi ordiniamo:\n\n70 pz KV-2210 a 25,85 EUR\n"), "ordine.eml")
    assert (found.name, found.contact, found.email) == (None, sender, "acquisti@rovere.example.com")


@pytest.mark.parametrize("company", ["Rovere Pompe S.n.c.", "Rovere Pompe S.r.l.", "Rovere Oy", "Rovere Sp. j."])
def test_the_company_that_signs_is_who_buys(company: str) -> None:
    """The company below the department's name in a signature is the buyer."""
    body = f"Vi ordiniamo:\n\n70 pz KV-2210 a 25,85 EUR\n\nCordiali saluti\nUfficio Acquisti\n{company}\n"
    found = buyer(mail("Ufficio Acquisti", body), "ordine.eml")
    assert (found.name, found.contact) == (company, "Ufficio Acquisti")


def test_a_department_that_sends_a_file_is_whom_to_ask() -> None:
    """Of a file that names no buyer, sent by a department, the buyer's name stays unknown."""
    more = 'Content-Type: multipart/mixed; boundary="b"'
    body = (
        '--b\nContent-Type: text/plain\n\n\n--b\nContent-Type: text/csv; name="ordine.csv"\n'
        'Content-Disposition: attachment; filename="ordine.csv"\n\n'
        "po_number;part;quantity;unit\nRV-5521;KV-2210;70;PCE\n\n--b--\n"
    )
    found = buyer(mail("Ufficio Acquisti", body, more), "ordine.eml")
    assert (found.name, found.contact) == (None, "Ufficio Acquisti")


def test_a_department_in_a_message_of_edi_is_no_name() -> None:
    """A party of an EDIFACT order that is called by its department alone is known by its number."""
    message = (
        "UNA:+.? 'UNB+UNOC:3+4000001000012:14+9526999990005:14+261005:0901+77'UNH+1+ORDERS:D:96A:UN'BGM+220+RV-5521+9'"
        "DTM+137:20261005:102'NAD+BY+10020::91++Einkauf'LIN+1++KV-2210:SA'QTY+21:70:PCE'UNS+S'UNT+8+1'UNZ+1+77'"
    )
    found = buyer(message.encode(), "order.edi")
    assert (found.name, found.number, found.contact) == (None, "10020", "Einkauf")
