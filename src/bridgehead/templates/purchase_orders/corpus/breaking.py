"""Damages documents the way transport and storage do, so that some order lines are lost or no longer to be trusted."""

from __future__ import annotations

import base64
from email import message_from_bytes
from email.policy import default
from typing import Final

from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenOrder
from bridgehead.templates.purchase_orders.corpus.x12 import STYLES

_BLOCK: Final = 96
"""Bytes overwritten with NUL, as a torn write leaves them; longer than any one field."""


def break_x12(sending: Envelope, dice: Dice, document: bytes, order: WrittenOrder) -> bytes:
    """Returns the interchange cut off, without trailers, with a wrong count or number, or partly overwritten."""
    del order
    style = STYLES[sending.habit.layout.name]
    element, end = style.element, style.end
    text = document.decode("latin-1")
    segments = text.split(end)[:-1]
    first_line = next(index for index, segment in enumerate(segments) if segment.startswith("PO1" + element))
    kind = dice.one(("cut", "cut", "no_trailer", "se_count", "ge_count", "iea_control", "isa_short", "overwritten"))
    if kind == "cut":
        start = text.index("PO1" + element) + 8
        text = text[: dice.between(start, start + max((len(text) - start) // 2, 1))]
    elif kind == "no_trailer":
        text = end.join(segments[: dice.between(first_line + 1, len(segments) - 3)]) + end
    elif kind == "isa_short":
        text = text[:20] + text[24:]
    elif kind == "overwritten":
        start = text.index("PO1" + element)
        text = text[:start] + "\0" * _BLOCK + text[start + _BLOCK :]
    else:
        code, position, delta = {"se_count": ("SE", 1, 3), "ge_count": ("GE", 1, 1), "iea_control": ("IEA", 2, 7)}[kind]
        for index, segment in enumerate(segments):
            fields = segment.split(element)
            if fields[0] == code:
                fields[position] = f"{int(fields[position]) + delta:0{len(fields[position])}}"
                segments[index] = element.join(fields)
        text = end.join(segments) + end
    return text.encode("latin-1")


def break_csv(sending: Envelope, dice: Dice, document: bytes, order: WrittenOrder) -> bytes:
    """Returns the export cut off inside its last line, partly overwritten, or replaced by the portal's error page."""
    del sending
    kind = dice.one(("cut", "cut", "overwritten", "error_page"))
    if kind == "error_page":
        head, body = "<title>Session expired</title>", "<h1>Your session has expired</h1>"
        page = f"<!DOCTYPE html>\n<html><head>{head}</head><body>{body}</body></html>\n"
        return page.encode()
    wide = document.startswith(b"\xff\xfe")
    line = order.lines[-1]
    part = line.theirs or line.ours or line.gtin or line.description or line.unit
    mark = part.encode("utf-16-le") if wide else part.encode("utf-8")
    start = document.rfind(mark)
    start = start if start > 0 else len(document) * 2 // 3
    if kind == "cut":
        return document[: start + max(len(mark) // 2, 2) - (1 if wide else 0)]
    return document[:start] + b"\0" * _BLOCK + document[start + _BLOCK :]


def break_mail(sending: Envelope, dice: Dice, document: bytes, order: WrittenOrder) -> bytes:
    """Returns the mail cut in its base64, cut before its closing boundary, clipped by a gateway, or garbled."""
    del sending
    message = message_from_bytes(document, policy=default)
    body = message.get_body(("html", "plain"))
    if body is None:
        raise ValueError("the mail has no text")
    subtype = body.get_content_subtype()
    text = str(body.get_content())
    kept = "".join(
        f"{name}: {value}\r\n"
        for name, value in _raw_headers(document)
        if not name.lower().startswith(("content-", "mime-"))
    )
    line = order.lines[-1]
    part = line.theirs or line.ours or line.gtin or line.description or ""
    spot = text.find(part) if part in text else len(text) // 2
    cut = text[: spot + len(part) // 2]
    kind = dice.one(("base64", "boundary", "clipped", "garbled"))
    head = f"{kept}MIME-Version: 1.0\r\n"
    if kind == "base64":
        coded = base64.b64encode(text.encode()).decode("ascii")
        stop = len(base64.b64encode(cut.encode())) // 4 * 4 - 2
        lines = [coded[:stop][index : index + 76] for index in range(0, stop, 76)]
        head += f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        return (head + "\r\n".join(lines)).encode("ascii")
    if kind == "boundary":
        mark = f"=_cut_{dice.digits(8)}"
        head += f'Content-Type: multipart/mixed; boundary="{mark}"\r\n\r\n--{mark}\r\n'
        head += f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        return head.encode("ascii") + cut.replace("\n", "\r\n").encode()
    head += f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    if kind == "clipped":
        clipped = f"{cut}\n\n[Message clipped by mail gateway: size limit exceeded]\n"
        return head.encode("ascii") + clipped.replace("\n", "\r\n").encode()
    start = max(spot - 4, 0)
    garbled = text[:start] + "\ufffd" * _BLOCK + text[start + _BLOCK :]
    return head.encode("ascii") + garbled.replace("\n", "\r\n").encode()


def _raw_headers(document: bytes) -> list[tuple[str, str]]:
    """Returns the header fields as sent, folded lines kept folded."""
    head = document.split(b"\r\n\r\n", 1)[0].decode("ascii")
    found: list[tuple[str, str]] = []
    for line in head.split("\r\n"):
        if line[:1] in {" ", "\t"} and found:
            found[-1] = (found[-1][0], f"{found[-1][1]}\r\n{line}")
            continue
        name, _, value = line.partition(":")
        found.append((name, value.strip()))
    return found
