"""Builds XML documents from texts that may hold anything, in the order that a schema asks for."""

from __future__ import annotations

from lxml import etree

from bridgehead.documents.acknowledgement import Unwritable
from bridgehead.documents.writers.text import clean, exact


def xml_text(text: str, *, longest: int = 4000) -> str:
    """A text without characters that XML lacks, on one line, cut at its end."""
    return clean(text)[:longest].strip()


def xml_exact(text: str, *, where: str, longest: int = 200) -> str:
    """An identifier as it is; raises Unwritable when it holds what XML lacks, or is empty."""
    kept = exact(text, str.isprintable, longest=longest, where=where)
    if not kept:
        raise Unwritable("It is empty.", where=where)
    return kept


def child(parent: etree._Element, tag: str, text: str | None = None, **attributes: str) -> etree._Element:
    """Appends an element; attributes that are empty are left out."""
    made = etree.SubElement(parent, tag, {name: value for name, value in attributes.items() if value})
    made.text = text
    return made


def document(root: etree._Element, *, doctype: str = "") -> bytes:
    """The document in UTF-8, indented, with its declaration."""
    etree.indent(root)
    body = etree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{doctype}{body}\n'.encode()


def parsed(received: bytes) -> etree._Element:
    """The root of a document that came, with entities, DTDs and network off; raises Unwritable when it is no XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(received, parser)
    except etree.XMLSyntaxError as error:
        raise Unwritable("The document is no XML.", where="received", hint="Pass the file as it came.") from error
