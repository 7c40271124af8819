"""XML orders are well-formed, show exactly what their truth says, and are broken only where they are meant to be."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree
from pypdf import PdfReader

from bridgehead.templates.purchase_orders.corpus.generate import Arrival
from bridgehead.templates.purchase_orders.corpus.model import Format
from tests.unit.corpus.showing import Shown, bare, differences, made_in, matters, readings
from tests.unit.corpus.xml_showing import cxml, orderx, parse, ubl, xml_files

FORMATS: dict[Format, tuple[int, Callable[[bytes], Shown]]] = {
    "ubl": (600, ubl), "cxml": (500, cxml), "orderx": (200, orderx),
}  # fmt: skip
ORDERS = ("Order-2", "OrderChange-2", "OrderCancellation-2", "SCRDMCCBDACIOMessageStructure")


def _whole(form: Format) -> list[Arrival]:
    return [arrival for arrival in made_in(form, FORMATS[form][0]) if "broken_document" not in matters(arrival)]


@pytest.mark.parametrize("form", FORMATS)
def test_an_xml_order_shows_exactly_what_its_truth_says(form: Format) -> None:
    """Every field of the truth stands in its element, and a field that the truth leaves out stands nowhere."""
    count, read = FORMATS[form]
    compared = 0
    for arrival in _whole(form):
        wanted = readings(arrival)
        if not wanted:
            continue
        for document, reading in zip(xml_files(arrival.document), wanted, strict=True):
            # A paper may say in print alone what its file does not.
            bare_file = arrival.name.endswith((".pdf", ".eml"))
            shown = {**reading, "notes": []} if bare_file else reading
            assert list(differences(read(document), shown)) == [], arrival.name
            compared += 1
    assert compared > count * 0.8


@pytest.mark.parametrize("form", FORMATS)
def test_broken_xml_is_broken(form: Format) -> None:
    """Every broken file is not well-formed or has an entity of its own; a broken paper holds no file."""
    ways: Counter[str] = Counter()
    for seed in (7, 8, 9):
        for arrival in made_in(form, FORMATS[form][0], seed):
            if "broken_document" in matters(arrival):
                ways[_way(arrival)] += 1
    assert sum(ways.values()) > (20 if form != "orderx" else 6)
    assert {"entity", "malformed"} <= set(ways)


def _way(arrival: Arrival) -> str:
    if arrival.name.endswith((".pdf", ".eml")):
        assert b"SCRDMCCBDACIO" not in arrival.document
        return "paper"
    try:
        root = parse(arrival.document)
    except etree.XMLSyntaxError:
        return "malformed"
    declared = root.getroottree().docinfo.internalDTD
    assert declared is not None
    assert b"<!ENTITY part SYSTEM" in arrival.document, arrival.name
    assert b"&part;" in arrival.document, arrival.name
    return "entity"


@pytest.mark.parametrize("form", FORMATS)
def test_programs_write_the_same_tree_in_many_ways(form: Format) -> None:
    """At least four programs write each format: prefixes, indents, quotes, declarations and encodings differ."""
    heads = {
        document.removeprefix(b"\xef\xbb\xbf")[:140].replace(b"\r", b"")[:70]
        for seed in (7, 8)
        for arrival in made_in(form, FORMATS[form][0], seed)
        if "broken_document" not in matters(arrival)
        for document in xml_files(arrival.document)
    }
    assert len(heads) >= 4


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_no_order_has_another_root(form: Format) -> None:
    """An arrival that is no order is a document of another kind; one in the order's schema is a response."""
    kinds: Counter[str] = Counter()
    for arrival in _whole(form):
        if arrival.truth["is_order"]:
            continue
        for document in xml_files(arrival.document):
            root = parse(document)
            names = [etree.QName(each).localname for each in root.iter("*")]
            kind = next((name for name in names if name.endswith("Request")), names[0]) if form == "cxml" else names[0]
            kinds[kind] += 1
            assert b"<OrderRequest>" not in document
            if form == "orderx" and kind == ORDERS[-1]:
                assert b"TypeCode>231<" in document
            elif form == "ubl":
                assert names[0] not in {"Order", "OrderChange", "OrderCancellation"}
                assert all(f"xsd:{name}".encode() not in document for name in ORDERS)
    assert kinds


def _texts(document: bytes) -> str:
    """Returns all text of a document."""
    return " ".join(str(text) for text in parse(document).itertext())


@pytest.mark.parametrize("form", FORMATS)
def test_instructions_hide_in_several_ways(form: Format) -> None:
    """Every document said to hold an instruction does: openly, in a comment, or in another place of its format."""
    ways: Counter[str] = Counter()
    for seed in (7, 8):
        for arrival in made_in(form, FORMATS[form][0], seed):
            if "hidden_instructions" not in matters(arrival):
                continue
            said = bare(next(reading for reading in readings(arrival) if reading["notes"])["notes"][-1])[:24]
            comments = [
                bare(str(node.text))
                for document in xml_files(arrival.document)
                for node in parse(document).iter(etree.Comment)
            ]
            if any(said in comment for comment in comments):
                ways["comment"] += 1
            elif any(said in bare(_texts(document)) for document in xml_files(arrival.document)):
                ways["text"] += 1
            else:
                ways["elsewhere"] += 1
    assert ways["comment"]
    assert ways["text"]


def test_a_shared_secret_is_in_every_cxml_document_and_in_no_truth() -> None:
    """Each buyer has a secret of its own, which stands in its documents and nowhere in what is said of them."""
    secrets: dict[str, set[str]] = {}
    for arrival in _whole("cxml"):
        for document in xml_files(arrival.document):
            secret = parse(document).findtext("Header/Sender/Credential/SharedSecret") or ""
            sender = parse(document).findtext("Header/Sender/Credential/Identity") or ""
            assert len(secret) > 8
            assert secret not in repr(arrival.truth)
            secrets.setdefault(sender, set()).add(secret)
    assert len(secrets) > 10
    assert all(len(found) == 1 for found in secrets.values())
    assert len(set.union(*secrets.values())) == len(secrets)


def test_order_x_comes_as_a_file_as_a_paper_and_in_a_mail() -> None:
    """The file within a PDF has the name that the standard demands and is associated with the paper."""
    kinds = Counter(arrival.name.rsplit(".", 1)[1] for arrival in _whole("orderx"))
    assert set(kinds) == {"xml", "pdf", "eml"}
    for arrival in _whole("orderx"):
        if arrival.name.endswith(".pdf") and arrival.truth["is_order"]:
            associated: Any = PdfReader(io.BytesIO(arrival.document)).root_object["/AF"]
            assert [str(file.get_object()["/UF"]) for file in associated] == ["order-x.xml"]
