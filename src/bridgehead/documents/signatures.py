"""Names files that are no text by their first bytes, so that they are refused as what they are."""

from __future__ import annotations

from bridgehead.documents.outcome import Refusal

_SIGNATURES = (
    (b"%PDF-", "pdf", "It is a PDF file; PDF orders have no reader here."),
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
    if b"%PDF-" in document[:1024] and not document[:64].isascii():
        raise Refusal("pdf", "It is a PDF file; PDF orders have no reader here.", part)
