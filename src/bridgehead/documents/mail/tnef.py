"""Takes the files out of ``winmail.dat``, the container Outlook wraps attachments in ([MS-OXTNEF] 2.1)."""

from __future__ import annotations

import struct
from typing import Final

from bridgehead.documents.outcome import Refusal

_SIGNATURE: Final = 0x223E9F78
_RENDERED, _TITLE, _DATA = 0x00069002, 0x00018010, 0x0006800F
_MOST: Final = 200


def files_of(document: bytes, part: str) -> list[tuple[str, bytes]]:
    """Name and content of each file. Raises Refusal ``tnef``."""
    if len(document) < 6 or struct.unpack_from("<I", document)[0] != _SIGNATURE:
        raise Refusal("tnef", "It is a file of Outlook's own format and is damaged.", part)
    at = 6
    names: list[str] = []
    contents: list[bytes] = []
    while at + 9 <= len(document):
        _, attribute, size = struct.unpack_from("<BII", document, at)
        body = document[at + 9 : at + 9 + size]
        if len(body) < size:
            raise Refusal("tnef", "It is a file of Outlook's own format and is cut off.", part)
        at += 9 + size + 2
        if attribute == _RENDERED:
            names.append("")
            contents.append(b"")
        elif attribute == _TITLE and names:
            names[-1] = body.rstrip(b"\0").decode("cp1252", "replace")
        elif attribute == _DATA and contents:
            contents[-1] = body
        if len(names) > _MOST:
            raise Refusal("tnef", f"It holds more than {_MOST} files.", part)
    return [
        (name or f"file {index}", content)
        for index, (name, content) in enumerate(zip(names, contents, strict=True), 1)
        if content
    ]
