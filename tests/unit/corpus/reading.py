"""Reads the corpus' envelopes by the standards alone, so that its documents are judged from outside."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache

ISA_LENGTH = 106
DELIMITERS = ";,\t|"


@cache
def mail(document: bytes) -> EmailMessage:
    """Returns the parsed message."""
    return message_from_bytes(document, policy=default)


def mail_texts(message: EmailMessage) -> dict[str, str]:
    """Returns the decoded text parts by content type, attachments as ``attachment``."""
    found: dict[str, str] = {}
    for part in message.walk():
        if part.get_content_maintype() == "text":
            name = "attachment" if part.get_content_disposition() == "attachment" else part.get_content_type()
            found[name] = found.get(name, "") + str(part.get_content())
    return found


def x12_segments(document: bytes) -> list[list[str]]:
    """Returns the segments as lists of elements; the separators are those that ISA names (X12.5)."""
    text = document.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    element, end = text[3], text[ISA_LENGTH - 1]
    return [segment.strip("\r\n").split(element) for segment in text.split(end) if segment.strip("\r\n")]


def x12_faults(document: bytes) -> list[str]:
    """Returns what is wrong with an interchange by X12.5 and X12.6: separators, nesting, counts, control numbers."""
    text = document.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    if text[:3] != "ISA" or len(text) < ISA_LENGTH or text[:ISA_LENGTH].count(text[3]) != 16:
        return ["ISA"]
    if "\0" in text:
        return ["NUL"]
    segments = x12_segments(document)
    faults = [] if segments[-1][0] == "IEA" else ["IEA missing"]
    groups = sets = 0
    began: int | None = None
    group: str | None = None
    number: str | None = None
    for index, segment in enumerate(segments):
        match segment:
            case ["GS", *rest]:
                group, sets, groups = rest[5], 0, groups + 1
            case ["ST", _, control]:
                began, sets, number = index, sets + 1, control
            case ["SE", count, control]:
                if began is None or int(count) != index - began + 1 or control != number:
                    faults.append("SE")
                began = None
            case ["GE", count, control]:
                if began is not None or int(count) != sets or control != group:
                    faults.append("GE")
                group = None
            case ["IEA", count, control]:
                if group is not None or int(count) != groups or control != segments[0][13]:
                    faults.append("IEA")
            case [_]:
                faults.append("a segment without elements")
            case _ if segment[-1] == "":
                faults.append(f"{segment[0]} ends with an empty element")
    return faults


def csv_text(document: bytes) -> str:
    """Returns the text of an export, by its byte-order mark, else UTF-8, else Windows-1252."""
    if document.startswith(b"\xff\xfe"):
        return document.decode("utf-16")
    try:
        return document.decode("utf-8-sig")
    except UnicodeDecodeError:
        return document.decode("cp1252")


def csv_rows(document: bytes) -> list[list[str]]:
    """Returns the rows under the delimiter that cuts them into most cells; raises csv.Error if none gives any."""
    text = csv_text(document)
    every: list[list[list[str]]] = []
    for sign in DELIMITERS:
        with suppress(csv.Error):
            every.append(list(csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)))
    if not every:
        raise csv.Error("no delimiter cuts the text into rows")
    return max(every, key=lambda rows: sum(len(row) for row in rows))
