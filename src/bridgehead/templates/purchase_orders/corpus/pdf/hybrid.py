"""A PDF order with its XML inside, as Order-X has it: an associated file by PDF/A-3 (ISO 19005-3, 6.8)."""

from __future__ import annotations

import io
from typing import Final

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, NameObject, StreamObject

from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenOrder
from bridgehead.templates.purchase_orders.corpus.pdf.write import pdf_bytes

RELATIONSHIP: Final = "/Alternative"
"""The XML says the same as the pages (PDF/A-3, table of AFRelationship)."""

_PACKET: Final = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"><pdfaid:part>3</pdfaid:part>\
<pdfaid:conformance>B</pdfaid:conformance></rdf:Description>
<rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:1p0#"><fx:DocumentType>ORDER\
</fx:DocumentType><fx:DocumentFileName>{name}</fx:DocumentFileName><fx:Version>1.0</fx:Version>\
<fx:ConformanceLevel>BASIC</fx:ConformanceLevel></rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def hybrid(sending: Envelope, order: WrittenOrder, xml: bytes, name: str, *, resent: bool = False) -> bytes:
    """Returns a PDF of the order with ``xml`` embedded under ``name``; the same bytes for the same sending."""
    return embedded(pdf_bytes(sending, [order], resent=resent), xml, name)


def embedded(paper: bytes, xml: bytes, name: str) -> bytes:
    """Returns a PDF with ``xml`` in it as the file ``name`` that says what its pages say."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(paper)))
    file = writer.add_attachment(name, xml)
    file.subtype = NameObject("/text/xml")
    file.associated_file_relationship = NameObject(RELATIONSHIP)
    packet = StreamObject()
    packet.set_data(_PACKET.format(name=name).encode())
    packet[NameObject("/Type")] = NameObject("/Metadata")
    packet[NameObject("/Subtype")] = NameObject("/XML")
    root = writer.root_object
    root[NameObject("/Metadata")] = writer._add_object(packet)  # noqa: SLF001 - pypdf's documented way to add an object
    names = root["/Names"]["/EmbeddedFiles"]["/Names"]  # type: ignore[index]  # a dictionary's values are of any type
    specification = names[1].get_object()
    specification[NameObject("/UF")] = specification["/F"]
    specification["/EF"][NameObject("/UF")] = specification["/EF"].raw_get("/F")
    root[NameObject("/AF")] = ArrayObject([names[1]])
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()
