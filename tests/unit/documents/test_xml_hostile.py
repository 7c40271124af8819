from __future__ import annotations

from time import process_time

import pytest

from bridgehead.documents.outcome import Hints, NotAnOrder, Orders, Unreadable
from bridgehead.documents.reading import read
from bridgehead.documents.xml.reading import read_xml
from tests.unit.documents.samples import only, refused
from tests.unit.documents.xml_samples import UBL_LINES, cxml, ubl

SLOWEST_S = 5.0
LAUGHS = (
    b"<!DOCTYPE a [<!ENTITY l0 'ha'>"
    + b"".join(b"<!ENTITY l%d '%s'>" % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><a>&l9;</a>"
)

REFUSED = {
    "a billion laughs": (LAUGHS, "xml.entities"),
    "an external entity": (b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", "xml.entities"),
    "a parameter entity": (b"<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://127.0.0.1:9/'> %x;]><a/>", "xml.entities"),
    "an entity after a comment": (b"<!DOCTYPE a [<!-- ]> --><!ENTITY x 'y'>]><a>&x;</a>", "xml.entities"),
    "an entity after a bracket": (b"<!DOCTYPE a SYSTEM ']>[' [<!ENTITY x 'y'>]><a>&x;</a>", "xml.entities"),
    "entities in utf-16": ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>".encode("utf-16"), "xml.entities"),
    "an entity of nowhere": (b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a.dtd'><a b='&x;'/>", "xml.syntax"),
    "an open doctype": (b"<!DOCTYPE a [ <a>", "xml."),
    "an inclusion": (
        b"<a xmlns:i='http://www.w3.org/2001/XInclude'><i:include href='file:///etc/passwd'/></a>",
        "xml.xinclude",
    ),
    "deep nesting": (b"<a>" * 5000 + b"</a>" * 5000, "xml.too_deep"),
    "an attribute of megabytes": (b"<a b='" + b"x" * 20_000_000 + b"'/>", "xml.too_large"),
    "a text of megabytes": (b"<a>" + b"x" * 20_000_000 + b"</a>", "xml.too_large"),
    "a million elements": (b"<a>" + b"<b/>" * 1_000_000 + b"</a>", "xml.too_large"),
    "thousands of attributes": (b"<a " + b" ".join(b"b%d='x'" % n for n in range(50_000)) + b"/>", "xml.too_large"),
    "thousands of namespaces": (
        b"<a " + b" ".join(b"xmlns:b%d='x'" % n for n in range(50_000)) + b"/>",
        "xml.too_large",
    ),
    "thousands of comments": (b"<a>" + b"<!--x-->t" * 50_000 + b"</a>", "xml.too_large"),
    "thousands of notes": (ubl("<cbc:Note>Deliver 5 instead.</cbc:Note>" * 20_000), "xml.too_large"),
    "megabytes of free text": (
        ubl(lines=UBL_LINES.replace("brass, 20 mm", "brass " * 2000) * 150),
        "xml.too_large",
    ),
    "a note of megabytes": (ubl("<cbc:Note>" + "word " * 500_000 + "</cbc:Note>"), "xml.too_large"),
    "thousands of numbers of one item": (
        ubl(
            lines=UBL_LINES.replace(
                "<cac:StandardItem", "<cac:CommodityClassification/>" * 20_000 + "<cac:StandardItem"
            )
        ),
        "xml.too_large",
    ),
    "utf-16 that is none": (b"<?xml version='1.0' encoding='utf-16'?><a/>", "xml.encoding"),
    "utf-8 that is none": ("<?xml version='1.0' encoding='utf-8'?><a>\u00e4</a>".encode("latin-1"), "xml.encoding"),
    "utf-7": (b"<?xml version='1.0' encoding='utf-7'?><a/>", "xml.encoding"),
    "no encoding at all": (b"<?xml version='1.0' encoding='hex'?><a/>", "xml.encoding"),
    "an open element": (b"<a><b>", "xml.syntax"),
    "a wrong end": (b"<a><b></a>", "xml.syntax"),
    "a prefix of nothing": (b"<a><x:b/></a>", "xml.syntax"),
    "a second root": (b"<a/><b/>", "xml.syntax"),
    "a control character": (b"<a>\x01</a>", "xml.syntax"),
    "a stray ampersand": (b"<a>Kern & Co</a>", "xml.syntax"),
    "too many lines": (
        ubl(lines="<cac:OrderLine><cac:LineItem><cbc:ID>1</cbc:ID></cac:LineItem></cac:OrderLine>" * 60_000),
        "xml.too_large",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_xml_is_refused_by_name(name: str) -> None:
    """What expands, fetches, nests, lies or is cut off is refused with its reason, in bounded time."""
    document, code = REFUSED[name]
    start = process_time()
    refusal = refused(document, "a.xml")
    assert refusal.code.startswith(code)
    assert refusal.where
    assert process_time() - start < SLOWEST_S


@pytest.mark.parametrize(
    "document",
    [
        b"\xef\xbb\xbf\n" + ubl().partition(b"\n")[2],
        b"\n \n" + ubl(),
        ubl().decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        ubl().decode().replace("UTF-8", "ISO-8859-1").encode("latin-1"),
        b"<!DOCTYPE Order SYSTEM 'http://127.0.0.1:9/none.dtd'>" + ubl().partition(b"\n")[2],
        ubl() + b"\n<!-- generated -->\n",
    ],
)
def test_harmless_oddities_of_xml_are_read(document: bytes) -> None:
    """A byte-order mark, blanks before the declaration, other encodings and a document type are no reason to refuse."""
    assert only(document).lines == only(ubl()).lines


def test_the_lines_of_sources_survive_the_declaration() -> None:
    """What is blanked out before parsing does not move a line."""
    document = cxml()
    row = next(at for at, line in enumerate(document.splitlines(), 1) if b"<Comments xml" in line)
    assert only(document).sources["notes[0]"].line == row


def test_a_thousand_lines_are_read_in_time() -> None:
    """An order of a thousand lines is read whole, within the bound of time for one document."""
    start = process_time()
    order = only(ubl(lines=UBL_LINES * 500))
    assert len(order.lines) == 1000
    assert process_time() - start < SLOWEST_S


def test_cut_off_or_garbled_documents_are_never_half_read() -> None:
    """A document that ends anywhere before its end is refused, whatever stood before."""
    document = ubl()
    for end in range(0, len(document) - 1, 397):
        assert isinstance(read(document[:end], "a.xml"), Unreadable | NotAnOrder)


def test_hints_fill_what_is_missing_and_override_nothing() -> None:
    """The number of the mail stands in for one that the document lacks, with a doubt, and for no other."""
    hints = Hints(po_number="PO-9")
    stated = read_xml(ubl(), "attachment a.xml", hints)
    assert isinstance(stated, Orders)
    assert stated.orders[0].po_number == "PO-4711"
    filled = read_xml(ubl().replace(b"<cbc:ID>PO-4711</cbc:ID>", b""), "attachment a.xml", hints)
    assert isinstance(filled, Orders)
    assert filled.orders[0].po_number == "PO-9"
    assert any(warning.startswith("uncertain:") for warning in filled.orders[0].warnings)
    assert stated.orders[0].sources["po_number"].part == "attachment a.xml"


def test_requests_without_number_are_refused() -> None:
    """A cXML document of very many requests is refused by name; each of them would watch the whole of it."""
    one = cxml().decode().partition("<Request>")[2].partition("</Request>")[0]
    outcome = read(cxml(one * 500), "a.xml")
    assert isinstance(outcome, Unreadable)
    assert (outcome.code, "500 requests" in outcome.reason) == ("xml.too_large", True)
