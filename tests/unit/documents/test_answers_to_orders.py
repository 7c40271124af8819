from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from bridgehead.documents.acknowledgement import AcknowledgedLine, Acknowledgement, Unwritable
from bridgehead.documents.order import Identifier, Party
from bridgehead.documents.writers.acknowledge import Envelope, acknowledge, write
from bridgehead.documents.writers.cxml_confirmation import CxmlEnvelope, answering_cxml
from bridgehead.documents.writers.edifact_envelope import EdifactEnvelope, EdifactParty, answering_edifact
from bridgehead.documents.writers.mail_confirmation import MailEnvelope
from bridgehead.documents.writers.ubl_response import UblEnvelope, answering_ubl
from bridgehead.documents.writers.x12_envelope import X12Envelope, X12Party, answering_x12
from tests.unit.documents.answers import (
    CXML,
    DECIDED,
    EDIFACT,
    ENVELOPES,
    LINES,
    MAIL,
    ORDER,
    UBL,
    X12,
    answer,
    anything,
    tame,
    wild_answers,
)
from tests.unit.documents.foreign import (
    CAC,
    CBC,
    Told,
    cxml_lines,
    cxml_root,
    edifact_lines,
    edifact_segments,
    mail_of,
    ubl_lines,
    ubl_schema,
    x12_lines,
    x12_segments,
)

QUICK = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def wanted(codes: dict[str, str], lines: tuple[AcknowledgedLine, ...] = LINES) -> list[Told]:
    """Returns what a document must tell about each line, with the codes of its format."""
    return [
        Told(
            str(ordered.number),
            codes[line.code],
            line.quantity,
            None if line.price is None else line.price / line.price_basis,
            line.day,
            line.back_ordered,
        )
        for ordered, line in zip(ORDER.lines, lines, strict=False)
    ]


def test_an_855_tells_every_line() -> None:
    """A foreign reader finds right counts and, of every line, code, quantity, price and day as decided."""
    segments = x12_segments(write(answer(), X12).content)
    assert list(x12_lines(segments)) == wanted({code: code for code in ("IA", "IP", "IQ", "DR", "IR", "IH")})
    by_tag = {segment[0]: segment for segment in segments}
    assert by_tag["BAK"][1:10] == ["00", "AC", "PO-4711", "20261030", "", "", "", "SO-9001", "20261103"]
    assert by_tag["CTT"][1] == "7"
    assert by_tag["AMT"][1:3] == ["TT", "458.7"]
    assert [segment[1] for segment in segments if segment[0] == "MSG"][-2] == "No longer made: see AB-60"


def test_an_855_repeats_what_was_ordered() -> None:
    """PO1 holds the customer's own quantity, unit, price and part numbers, whatever was confirmed."""
    lines = [segment for segment in x12_segments(write(answer(), X12).content) if segment[0] == "PO1"]
    assert lines[1][1:12] == ["20", "5", "BX", "12.5", "", "BP", "K-55", "VP", "AB-2", "EN", "4006381333931"]
    assert lines[2][2:6] == ["7.5", "KG", "320", "HP"]


def test_an_ordrsp_tells_every_line() -> None:
    """A foreign reader finds, of every line of an ORDRSP, action, quantity, price and day as decided."""
    segments = edifact_segments(write(answer(), EDIFACT).content)
    codes = {"IA": "5", "IP": "3", "IQ": "3", "DR": "3", "IR": "7", "IH": "4"}
    assert list(edifact_lines(segments)) == wanted(codes)
    assert ["BGM", "231", "ACK-17", "4"] in segments
    assert ["RFF", ["ON", "PO-4711"]] in segments
    assert ["RFF", ["VN", "SO-9001"]] in segments
    assert ["CNT", ["2", "7"]] in segments
    assert ["NAD", "BY", ["4098765000008", "", "9"], "", "Kern & Söhne GmbH"] in segments


def test_an_order_response_tells_every_line() -> None:
    """The schema of UBL 2.1 accepts the response, and every line is told as decided."""
    root = etree.fromstring(write(answer(DECIDED), UBL).content)
    ubl_schema().assertValid(root)
    codes = {"IA": "5", "IP": "3", "IQ": "3", "DR": "3", "IR": "7"}
    assert list(ubl_lines(root)) == wanted(codes, DECIDED)
    assert root.findtext(f"{CBC}OrderResponseCode") == "CA"
    assert root.findtext(f"{CAC}OrderReference/{CBC}ID") == "PO-4711"
    assert root.findtext(f"{CBC}SalesOrderID") == "SO-9001"


def test_a_confirmation_request_tells_every_line() -> None:
    """A cXML confirmation is built as its DTD asks, tells what differs from the order, and adds up to it."""
    root = cxml_root(write(answer(), CXML).content)
    codes = {"IA": "accept", "IP": "detail", "IQ": "detail", "DR": "detail", "IR": "reject", "IH": "unknown"}
    expected = wanted(codes)
    assert list(cxml_lines(root)) == [replace(expected[0], price=None), *expected[1:]]
    assert root.xpath("//ConfirmationItem[3]/ConfirmationStatus[@type='reject']/@quantity") == ["0.5"]
    reference = root.find("Request/ConfirmationRequest/OrderReference")
    assert reference is not None
    assert reference.get("orderID") == "PO-4711"
    assert reference[0].get("payloadID") == "p-1@kern"


def test_cxml_repeats_nothing_of_the_order() -> None:
    """Price and day as they were ordered are not stated again, and a change without either is refused."""
    ordered = replace(ORDER.lines[0], price=Decimal("3.20"), requested_date=LINES[0].day)
    less = replace(LINES[0], code="IQ", quantity=Decimal(15), price=Decimal(320), price_basis=Decimal(100))
    root = cxml_root(write(answer((less,), order=replace(ORDER, lines=(ordered,))), CXML).content)
    assert list(cxml_lines(root)) == [Told("10", "accept", Decimal(15))]
    with pytest.raises(Unwritable, match="which price or which day"):
        write(answer((AcknowledgedLine("DR", Decimal(20)),)), CXML)


@pytest.mark.parametrize(
    "change", [{"code": "IQ", "quantity": Decimal(21)}, {"code": "IQ", "quantity": Decimal(2), "unit": "KGM"}]
)
def test_cxml_confirms_no_more_than_was_ordered(change: dict[str, object]) -> None:
    """The parts of a line must add up to it, so a larger quantity or another unit is refused."""
    with pytest.raises(Unwritable, match="at most what was ordered"):
        write(answer((replace(LINES[0], **change),)), CXML)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    "lines, code, codes",
    [
        (LINES[:1], "AD", ("AD", "29", "AP", "accept")),
        (LINES[:2], "AC", ("AC", "4", "CA", "detail")),
        ((LINES[5],), "RJ", ("RD", "27", "RE", "reject")),
        ((LINES[6],), "AH", ("AH", "12", "AB", "detail")),
    ],
)
def test_the_whole_order_is_answered_in_the_words_of_each_format(
    lines: tuple[AcknowledgedLine, ...], code: str, codes: tuple[str, ...]
) -> None:
    """Accepted, changed, rejected and on hold each have their code in all four formats."""
    ack = answer(lines)
    assert ack.code == code
    bak = next(one for one in x12_segments(write(ack, X12).content) if one[0] == "BAK")
    bgm = next(one for one in edifact_segments(write(ack, EDIFACT).content) if one[0] == "BGM")
    response = etree.fromstring(write(ack, UBL).content)
    ubl_schema().assertValid(response)
    header = cxml_root(write(ack, CXML).content).find("Request/ConfirmationRequest/ConfirmationHeader")
    assert header is not None
    assert (bak[2], bgm[3], response.findtext(f"{CBC}OrderResponseCode"), header.get("type")) == codes


@pytest.mark.parametrize("envelope", ENVELOPES, ids=lambda one: type(one).__name__)
def test_one_decision_is_written_the_same_each_time(envelope: Envelope) -> None:
    """Neither clock nor chance is in a document: writing twice gives the same bytes."""
    assert write(answer(DECIDED), envelope) == write(answer(DECIDED), envelope)


def check_855(ack: Acknowledgement, envelope: X12Envelope) -> None:
    """An 855 has one line, right counts, its order number to the letter and nothing beyond printable ASCII."""
    document = write(ack, envelope).content.decode("ascii")
    segments = [one.split(envelope.element) for one in document.split(envelope.segment)[:-1]]
    assert all(" " <= char <= "~" for char in document.replace(envelope.segment, ""))
    assert sum(one[0] == "PO1" for one in segments) == 1
    assert [one[0] for one in segments[-3:]] == ["SE", "GE", "IEA"]
    assert int(segments[-3][1]) == len(segments) - 4
    assert segments[3][3] == ack.order.po_number.strip()


def check_ordrsp(ack: Acknowledgement, envelope: EdifactEnvelope) -> None:
    """A foreign reader finds one line, and order and item number to the letter."""
    segments = edifact_segments(write(ack, envelope).content, envelope.encoding)
    assert sum(one[0] == "LIN" for one in segments) == 1
    assert ["RFF", ["ON", ack.order.po_number.strip()]] in segments
    item = ack.lines[0].item.strip()
    assert not item or any(one[0] == "PIA" and one[2] == [item, "SA"] for one in segments)


def check_ubl(ack: Acknowledgement, envelope: UblEnvelope) -> None:
    """The schema accepts the response, which holds the order number to the letter."""
    root = etree.fromstring(write(ack, envelope).content)
    ubl_schema().assertValid(root)
    assert root.findtext(f"{CAC}OrderReference/{CBC}ID") == ack.order.po_number.strip()


def check_cxml(ack: Acknowledgement, envelope: CxmlEnvelope) -> None:
    """The DTD accepts the request, which holds the order number to the letter."""
    reference = cxml_root(write(ack, envelope).content).find("Request/ConfirmationRequest/OrderReference")
    assert reference is not None
    assert reference.get("orderID") == ack.order.po_number.strip()


def check(ack: Acknowledgement, envelope: Envelope) -> None:
    """Checks a document of any kind."""
    match envelope:
        case X12Envelope():
            check_855(ack, envelope)
        case EdifactEnvelope():
            check_ordrsp(ack, envelope)
        case UblEnvelope():
            check_ubl(ack, envelope)
        case CxmlEnvelope():
            check_cxml(ack, envelope)
        case MailEnvelope():
            message = mail_of(write(ack, envelope).content)
            assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
            assert sorted(message.keys()) == sorted(mail_of(write(answer(), MAIL).content).keys())


VARIED: tuple[Envelope, ...] = (
    *ENVELOPES,
    replace(X12, character_set="basic", version="005010"),
    replace(X12, element="|", segment="\n", component="\\"),
    replace(EDIFACT, syntax="UNOA"),
    replace(EDIFACT, syntax="UNOY", syntax_version="4", service=";+,!*~"),
    replace(UBL, peppol=False),
)


@QUICK
@given(wild_answers(tame), st.sampled_from(VARIED))
def test_no_name_and_no_note_breaks_a_document(ack: Acknowledgement, envelope: Envelope) -> None:
    """Whatever names, descriptions and reasons hold, a document is written and a foreign reader finds it whole."""
    check(ack, envelope)


@QUICK
@given(wild_answers(anything | tame), st.sampled_from(VARIED))
def test_no_number_breaks_a_document(ack: Acknowledgement, envelope: Envelope) -> None:
    """Whatever order and part numbers hold, they are found again to the letter, or nothing is written."""
    with contextlib.suppress(Unwritable):
        check(ack, envelope)


def test_an_identifier_is_kept_or_refused() -> None:
    """An order number that holds a separator, or is too long, is refused and not rewritten."""
    for number in ("PO*1", "PO~1", "P" * 23, "PÖ-1", ""):
        with pytest.raises(Unwritable) as refused:
            write(answer(order=replace(ORDER, po_number=number)), X12)
        assert refused.value.where == "order.po_number"
    segments = edifact_segments(write(answer(order=replace(ORDER, po_number="PO'1+2:3?")), EDIFACT).content)
    assert ["RFF", ["ON", "PO'1+2:3?"]] in segments


def test_a_text_is_made_to_fit() -> None:
    """Letters that a character set lacks are transliterated, separators replaced, and a long text ends in dots."""
    reason = 'Größe 3/4" – Zoë*Łódź~ 5 € ' + "long " * 400
    segments = x12_segments(write(answer(LINES[:1], reason=reason), X12).content)
    said = [one[1] for one in segments if one[0] == "MSG"]
    assert said[0].startswith('Grosse 3/4" - Zoe Lodz- 5 EUR long')
    assert len(said) == 5
    assert said[-1].endswith("...")
    plain = x12_segments(write(answer(LINES[:1], reason="Größe"), replace(X12, character_set="basic")).content)
    assert [one[1] for one in plain if one[0] == "MSG"] == ["GROSSE"]


def test_a_price_that_a_format_cannot_state_is_refused() -> None:
    """A price for twelve units is divided where that is exact, and refused where it is not."""
    for price, stated in ((Decimal("2.4"), "0.2"), (Decimal(1), None)):
        ack = answer((replace(LINES[0], code="IP", price=price, price_basis=Decimal(12)),))
        for envelope, tag in ((X12, b"CTP**CON*0.2~"), (CXML, b">0.2</Money>")):
            if stated:
                assert tag in write(ack, envelope).content
            else:
                with pytest.raises(Unwritable, match="no price of one"):
                    write(ack, envelope)
        assert b"+AAA:" in write(ack, EDIFACT).content


def test_peppol_gets_what_it_asks_for_or_nothing() -> None:
    """Peppol wants electronic addresses and no line on hold beside others; plain UBL wants neither."""
    with pytest.raises(Unwritable, match="on hold"):
        write(answer(), UBL)
    unnamed = answer(DECIDED, order=replace(ORDER, buyer=replace(ORDER.buyer, gln=None)))
    with pytest.raises(Unwritable, match="electronic address of the buyer"):
        write(unnamed, UBL)
    addressed = replace(UBL, buyer_endpoint=Identifier("9930", "DE123456789"))
    assert b'schemeID="9930">DE123456789' in write(unnamed, addressed).content
    ubl_schema().assertValid(etree.fromstring(write(answer(), UblEnvelope(peppol=False)).content))


def test_peppol_tells_a_whole_order_without_lines() -> None:
    """An order accepted or rejected as a whole has no lines in Peppol, but the promised days or the reasons."""
    second = replace(LINES[0], quantity=Decimal(5), price=ORDER.lines[1].price, day=date(2026, 12, 1))
    accepted = answer((LINES[0], second))
    rejected = answer((LINES[5],))
    for ack, code, lines in ((accepted, "AP", 2), (rejected, "RE", 1)):
        peppol, ubl = (etree.fromstring(write(ack, one).content) for one in (UBL, UblEnvelope(peppol=False)))
        for root, count in ((peppol, 0), (ubl, lines)):
            ubl_schema().assertValid(root)
            assert root.findtext(f"{CBC}OrderResponseCode") == code
            assert len(list(ubl_lines(root))) == count
        period = [found.text for found in peppol.iterfind(f"{CAC}Delivery/{CAC}PromisedDeliveryPeriod/*")]
        assert period == (["2026-11-20", "2026-12-01"] if code == "AP" else [])
        assert (peppol.findtext(f"{CBC}Note") or "").endswith("AB-60") is (code == "RE")


def test_the_form_of_the_order_chooses_the_answer() -> None:
    """Each order is answered in its own form, tables, PDFs and mails by mail, and nothing falls back silently."""
    kinds = {"x12": "x12 855", "edifact": "edifact ORDRSP", "ubl": "ubl OrderResponse", "pdf": "mail", "csv": "mail"}
    for form, kind in kinds.items():
        ack = answer(DECIDED, order=replace(ORDER, format=form))
        assert acknowledge(ack, *ENVELOPES).kind == kind
    with pytest.raises(Unwritable, match="X12Envelope"):
        acknowledge(answer(DECIDED), EDIFACT, MAIL)


def test_units_are_the_customers_own() -> None:
    """A unit is repeated as the customer wrote it in its own form, and translated to the codes of another."""
    ack = answer(LINES[:1], order=replace(ORDER, format="edifact", lines=(replace(ORDER.lines[0], unit="PCE"),)))
    assert b"QTY+113:20:PCE'" in write(ack, EDIFACT).content
    assert b"PO1*10*20*EA*" in write(ack, X12).content
    assert b'unitCode="C62">20' in write(ack, replace(UBL, peppol=False)).content
    other = answer((replace(LINES[0], quantity=Decimal(4), unit="KGM"),))
    assert b"ACK*IA*4*KG*" in write(other, X12).content
    with pytest.raises(Unwritable, match="355"):
        write(answer((replace(LINES[0], unit="XYZ"),)), X12)


@pytest.mark.parametrize(
    "change, where",
    [
        ({"lines": LINES[:6]}, "lines"),
        ({"code": "AD"}, "code"),
        ({"lines": (replace(LINES[0], quantity=Decimal(19)), *LINES[1:])}, "lines[0].quantity"),
        ({"lines": (*LINES[:5], replace(LINES[5], quantity=Decimal(1)), LINES[6])}, "lines[5]"),
        ({"lines": (*LINES[:6], replace(LINES[6], price=Decimal(1)))}, "lines[6]"),
        ({"lines": (AcknowledgedLine("IB"), *LINES[1:])}, "lines[0].back_ordered"),
        ({"lines": (AcknowledgedLine("IQ"), *LINES[1:])}, "lines[0].quantity"),
        ({"lines": (replace(LINES[0], price=Decimal("NaN")), *LINES[1:])}, "lines[0].price"),
        ({"total": Decimal("1e20")}, "total"),
        ({"number": " "}, "number"),
        ({"issued": answer().issued.replace(tzinfo=None)}, "issued"),
    ],
)
def test_a_decision_that_contradicts_itself_is_refused(change: dict[str, object], where: str) -> None:
    """Every line is answered, the whole follows from the lines, and what is not confirmed has no figures."""
    with pytest.raises(Unwritable) as refused:
        answer(**change) if "lines" not in change else replace(answer(), **change)  # type: ignore[arg-type]  # by name
    assert refused.value.where == where


@pytest.mark.parametrize(
    "change",
    [
        {"control_number": 0},
        {"control_number": 10**9},
        {"sender": X12Party("ZZZ", "A")},
        {"sender": X12Party("ZZ", "A" * 16)},
        {"receiver": X12Party("ZZ", "A*B")},
        {"version": "4010"},
        {"element": "A"},
        {"element": ">"},
        {"segment": " "},
    ],
)
def test_an_x12_envelope_is_checked(change: dict[str, object]) -> None:
    """Ids, numbers, versions and separators that X12 does not allow are refused when they are set."""
    with pytest.raises(Unwritable, match=r"qualifier|characters|digits|version|separat|same|holds"):
        replace(X12, **change)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    "change",
    [
        {"syntax": "UNOZ"},
        {"syntax_version": "5"},
        {"service": ":+.? "},
        {"service": "::.? '"},
        {"service": ":+.  '"},
        {"reference": ""},
        {"reference": "R" * 15},
        {"receiver": EdifactParty("")},
        {"release": "D96A"},
    ],
)
def test_an_edifact_envelope_is_checked(change: dict[str, object]) -> None:
    """References, repertoires and service characters that ISO 9735 does not allow are refused when they are set."""
    with pytest.raises(Unwritable):
        replace(EDIFACT, **change)  # type: ignore[arg-type]  # by name


def test_an_answer_goes_back_the_way_the_order_came() -> None:
    """Envelopes made from what came exchange its ends and keep its separators, version and test mark."""
    isa = "ISA*00*          *00*          *ZZ*KERNGMBH       *ZZ*WORKS          *261102*0903*U*00401*000001270*0*P*>~"
    came = f"{isa}GS*PO*KERNGMBH*WORKS*20261102*0903*1270*X*004010~ST*850*0001~SE*2*0001~GE*1*1270~IEA*1*000001270~"
    x12 = answering_x12(came.encode(), control_number=5)
    assert x12 == X12Envelope(X12Party("ZZ", "WORKS", "WORKS"), X12Party("ZZ", "KERNGMBH", "KERNGMBH"), 5)
    received = b"UNA:+,? 'UNB+UNOA:2+4098765000008:14+4012345000009:14+261102:0903+77++++++1'UNH+1+ORDERS:D:01B:UN'"
    edifact = answering_edifact(received, reference="R5")
    assert edifact == EdifactEnvelope(
        EdifactParty("4012345000009", "14"),
        EdifactParty("4098765000008", "14"),
        "R5",
        syntax="UNOA",
        syntax_version="2",
        test=True,
        service=":+,? '",
        release="D.01B",
    )
    document = write(answer(DECIDED), edifact).content
    assert document.startswith(b"UNA:+,? 'UNB+UNOA:2+4012345000009:14+4098765000008:14+")
    assert b"PRI+AAA:3,2'" in document
    cxml = (
        b'<cXML payloadID="p1@kern" timestamp="t"><Header><From><Credential domain="DUNS"><Identity>7</Identity>'
        b'</Credential></From><To><Credential domain="NetworkId"><Identity>AN1</Identity></Credential></To></Header>'
        b'<Request deploymentMode="test"><OrderRequest/></Request></cXML>'
    )
    back = answering_cxml(cxml, payload_id="p2@works")
    assert (back.from_, back.to) == (Identifier("NetworkId", "AN1"), Identifier("DUNS", "7"))
    assert (back.order_payload_id, back.deployment) == ("p1@kern", "test")
    peppol = (
        b'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2" '
        b'xmlns:c="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2" '
        b'xmlns:a="urn:oasis:names:specification:ubl:schema:xsd:Common'
        b'AggregateComponents-2"><c:CustomizationID>urn:fdc:peppol.eu:poacc:trns:order:3</c:CustomizationID>'
        b"<c:CustomerReference>D 7</c:CustomerReference><a:BuyerCustomerParty><a:Party>"
        b'<c:EndpointID schemeID="0088">4098765000008</c:EndpointID></a:Party></a:BuyerCustomerParty>'
        b'<a:SellerSupplierParty><a:Party><c:EndpointID schemeID="9930">DE1</c:EndpointID></a:Party>'
        b"</a:SellerSupplierParty></Order>"
    )
    addressed = UblEnvelope(Identifier("9930", "DE1"), Identifier("0088", "4098765000008"), customer_reference="D 7")
    assert answering_ubl(peppol) == addressed
    for nothing in (b"", b"Hello", b"<a/>", b"ISA*00", b"UNB+UNOA:1"):
        for make in (
            lambda found: answering_x12(found, control_number=1),
            lambda found: answering_edifact(found, reference="1"),
            lambda found: answering_cxml(found, payload_id="1"),
            answering_ubl,
        ):
            with pytest.raises(Unwritable):
                make(nothing)


def test_unusual_separators_are_found_and_kept() -> None:
    """Control characters as separators, odd blanks, wrapped lines and a UNB without its UNA are answered."""
    isa = "ISA|00|          |00|          |ZZ|KERN\u00a0 \u00a0       |ZZ|WORKS          |261102|0903|U|00401"
    isa += "|000000007|0|T|@;"
    came = f"{isa}GS|PO|KERN|WORKS|20261102|0903|7|X|004010;ST|850|0001;SE|2|0001;GE|1|7;IEA|1|000000007;"
    odd = answering_x12(came.replace("|", "\x1d").replace(";", "\x1c").encode(), control_number=5)
    assert (odd.element, odd.component, odd.segment, odd.test) == ("\x1d", "@", "\x1c", True)
    assert odd.receiver == X12Party("ZZ", "KERN", "KERN")
    assert write(answer(DECIDED), odd).content.count(b"\x1c") > 20
    wrapped = "\r\n".join(came[at : at + 70] for at in range(0, len(came), 70))
    assert answering_x12(wrapped.encode(), control_number=5).version == "004010"
    bare = b'UNB"UNOB=1"KERN=ZZ"WORKS=ZZ"261102=0903"7"";UNH"1"ORDERS=D= 96A=UN;UNT"2"1;UNZ"1"7;'
    found = answering_edifact(bare, reference="R5")
    assert (found.service, found.release, found.receiver) == ('=".? ;', "D.96A", EdifactParty("KERN", "ZZ"))
    assert write(answer(DECIDED), found).content.startswith(b'UNA=".? ;UNB"UNOB=1"WORKS=ZZ"KERN=ZZ"')


def test_a_shared_secret_is_shown_nowhere() -> None:
    """The secret of a cXML network is in the document it signs and not in what Python prints of its settings."""
    secret = replace(CXML, shared_secret="s3cr3t")
    assert "s3cr3t" not in repr(secret)
    assert b"<SharedSecret>s3cr3t</SharedSecret>" in write(answer(DECIDED), secret).content


@pytest.mark.parametrize("price, basis", [("45.00", 1), ("12.51", 1), ("12.5", 10)])
def test_a_line_accepted_as_ordered_has_the_price_ordered(price: str, basis: int) -> None:
    """IA beside another price than the order's is refused; the same price for another basis is the same."""
    ordered = replace(ORDER, lines=(ORDER.lines[1],))
    as_ordered = AcknowledgedLine("IA", Decimal(5), price=Decimal("125.00"), price_basis=Decimal(10))
    assert answer((as_ordered,), order=ordered).code == "AD"
    with pytest.raises(Unwritable, match="price ordered") as refused:
        answer((replace(as_ordered, price=Decimal(price), price_basis=Decimal(basis)),), order=ordered)
    assert refused.value.where == "lines[0].price"


def test_an_855_repeats_the_buyers_own_number() -> None:
    """A buyer that named itself by a number of its own (92) is named by it in the answer."""
    buyer = Party(name="Kern", gln="4098765000008", identifiers=(Identifier("92", "4711"),))
    segments = x12_segments(write(answer(order=replace(ORDER, buyer=buyer)), X12).content)
    assert ["N1", "BY", "KERN", "92", "4711"] in [[part.upper() for part in one[:5]] for one in segments]
