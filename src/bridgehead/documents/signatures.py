"""Tells files by their first bytes: what has a reader of its own, and what is refused as what it is."""

from __future__ import annotations

import re

from bridgehead.documents.outcome import Refusal

_SIGNATURES = (
    (b"PK\x03\x04", "archive", "It is a zip archive or an Office file."),
    (b"PK\x05\x06", "archive", "It is an empty zip archive."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office", "It is an Office file of the old binary kind."),
    (b"MZ", "executable", "It is a Windows program."),
    (b"\x7fELF", "executable", "It is a Linux program."),
    (b"\xcf\xfa\xed\xfe", "executable", "It is a macOS program."),
    (b"\xca\xfe\xba\xbe", "executable", "It is a Java class or macOS program."),
    (b"#!", "executable", "It is a script."),
    (b"Rar!\x1a\x07", "archive", "It is a RAR archive."),
    (b"7z\xbc\xaf\x27\x1c", "archive", "It is a 7z archive."),
    (b"\x1f\x8b", "archive", "It is a gzip archive."),
    (b"BZh", "archive", "It is a bzip2 archive."),
    (b"\x89PNG\r\n", "image", "It is a PNG picture."),
    (b"\xff\xd8\xff", "image", "It is a JPEG picture."),
    (b"GIF8", "image", "It is a GIF picture."),
    (b"II*\0", "image", "It is a TIFF picture."),
    (b"MM\0*", "image", "It is a TIFF picture."),
    (b"{\\rtf", "rtf", "It is a rich-text file."),
)


def refuse_by_signature(document: bytes, part: str) -> None:
    """Raises Refusal with the kind as its code when the bytes open like a file that is no text."""
    head = document[:16].lstrip()
    for signature, code, reason in _SIGNATURES:
        if head.startswith(signature) and (signature != b"MZ" or b"\0" in document[:512]):
            raise Refusal(code, reason, part)


def is_pdf(document: bytes) -> bool:
    """Whether the bytes are a PDF, whose header may stand anywhere in the first kilobyte (ISO 32000-1, annex H)."""
    return document.lstrip()[:5] == b"%PDF-" or (b"%PDF-" in document[:1024] and not document[:64].isascii())


def is_workbook(document: bytes) -> bool:
    """Whether the bytes are a workbook: Office Open XML, OpenDocument, the old binary kind, or one with a password."""
    if document.startswith(b"PK\x03\x04"):
        return any(name in document for name in (b"xl/workbook", b"opendocument.spreadsheet"))
    named = ("Workbook", "Book\0", "EncryptedPackage")
    return document.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") and any(
        name.encode("utf-16-le") in document for name in named
    )


def is_xml(document: bytes) -> bool:
    """Whether the bytes open like XML, in UTF-8 or UTF-16, and not like HTML."""
    head = document[:1024].removeprefix(b"\xef\xbb\xbf")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"<\0" in head[:4] or b"\0<" in head[:4]:
        head = head.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").replace(b"\0", b"")
    head = head.lstrip()
    return (
        head.startswith(b"<")
        and re.match(rb"<(?:!doctype\s+html|html|head|body|table|div|p)\b", head, re.IGNORECASE) is None
    )
