"""Turns the bytes of a text document into text, or refuses them by name."""

from __future__ import annotations

import codecs

from bridgehead.documents.outcome import Refusal

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 4096


def decode(document: bytes, part: str = "document", charset: str | None = None) -> str:
    """Decodes by byte-order mark, then ``charset`` when it is given and fits, then UTF-8, then Windows-1252.

    UTF-16 without a mark is recognised by its pattern of zero bytes. Raises Refusal: ``nul_bytes``
    for zero bytes in 8-bit text, ``encoding`` for bytes that no accepted encoding explains.
    """
    for bom, encoding in _BOMS:
        if document.startswith(bom):
            return _strict(document[len(bom) :], encoding, part)
    head = document[:_SAMPLE]
    if b"\0" in head:
        guess = _utf16_guess(head)
        if guess is not None:
            return _strict(document, guess, part)
    if b"\0" in document:
        at = document.index(b"\0")
        raise Refusal("nul_bytes", "The text holds zero bytes.", f"{part}, byte {at + 1}")
    if charset is not None:
        try:
            if codecs.lookup(charset).name not in {"ascii", "utf-8", "utf-7"}:
                return document.decode(charset)
        except (LookupError, UnicodeDecodeError, ValueError):
            pass
    try:
        return document.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return document.decode("cp1252")
    except UnicodeDecodeError as error:
        raise Refusal(
            "encoding",
            "The text is neither UTF-8, UTF-16 nor Windows-1252.",
            f"{part}, byte {error.start + 1}",
        ) from error


def looks_binary(document: bytes) -> bool:
    """Whether 8-bit text would hold more than a stray control character (separators of X12 aside)."""
    head = document[:_SAMPLE]
    control = sum(1 for byte in head if byte < 32 and byte not in b"\t\n\r\f\x1a\x1b\x1c\x1d\x1e\x1f")
    return control * 50 > len(head)


def _strict(document: bytes, encoding: str, part: str) -> str:
    try:
        text = document.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refusal(
            "encoding",
            f"The byte-order mark says {encoding} and the bytes do not follow it.",
            f"{part}, {error.reason}",
        ) from error
    if "\0" in text:
        raise Refusal("nul_bytes", "The text holds zero characters.", part)
    return text


def _utf16_guess(head: bytes) -> str | None:
    even, odd = head[0::2], head[1::2]
    if odd.count(0) * 10 > len(odd) * 7 and even.count(0) == 0:
        return "utf-16-le"
    if even.count(0) * 10 > len(even) * 7 and odd.count(0) == 0:
        return "utf-16-be"
    return None
