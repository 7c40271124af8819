"""Names the form of a document by its bytes, read or not: what a listing shows beside a refusal."""

from __future__ import annotations

import re
from typing import Final

from bridgehead.documents.edifact.syntax import looks_like_edifact
from bridgehead.documents.edifact.tradacoms import looks_like_tradacoms
from bridgehead.documents.mail.message import looks_like_mail
from bridgehead.documents.signatures import is_pdf, is_workbook, is_xml
from bridgehead.documents.x12.envelope import looks_like_x12

_ROOTS: Final = (
    (re.compile(rb"oasis:names:(?:tc|specification):ubl|SBDHeader"), "ubl"),
    (re.compile(rb"<cXML\b|cXML\.dtd"), "cxml"),
    (re.compile(rb"SCRDMCCBDACIOMessageStructure|CrossIndustryOrder"), "orderx"),
)
_BINARY: Final = (
    (b"PK\x03\x04", "archive"),
    (b"\xd0\xcf\x11\xe0", "office"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
)


def form_of(document: bytes, name: str) -> str:
    """Returns ``x12, edifact, tradacoms, ubl, cxml, orderx, xml, pdf, xlsx, csv, email, html, text, archive, office,
    image`` or ``empty``; ``xlsx`` stands for workbooks of every kind.
    """  # noqa: D205 - the list is the contract
    head = document[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head:
        return "empty"
    if is_pdf(document):
        return "pdf"
    if is_workbook(document):
        return "xlsx"
    for opening, form in _BINARY:
        if document.startswith(opening):
            return form
    if is_xml(document):
        narrow = document[:16384].replace(b"\0", b"")
        return next((form for root, form in _ROOTS if root.search(narrow)), "xml")
    narrow = head.replace(b"\0", b"").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").lstrip()
    if looks_like_tradacoms(narrow):
        return "tradacoms"
    if looks_like_edifact(document):
        return "edifact"
    if looks_like_x12(narrow.decode("latin-1")) and not narrow[3:4].isalpha():
        return "x12"
    if looks_like_mail(document):
        return "email"
    if narrow.startswith(b"<"):
        return "html"
    return "csv" if name.lower().endswith((".csv", ".tsv")) else "text"
