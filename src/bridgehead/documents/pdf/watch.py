"""Watches what a PDF holds beside its orders: hidden text, metadata, comments, missing pages, sentences that speak to the reader."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bridgehead.documents.doubt import doubt_in
from bridgehead.documents.pdf.opening import Opened
from bridgehead.documents.pdf.vocabulary import PAGE_OF
from bridgehead.documents.pdf.words import Sheet
from bridgehead.documents.vigilance import addresses_machine, deviation_in, instruction_in

_LETTERS: Final = re.compile(r"[^\W\d_]")
_MOST_SHOWN: Final = 160


def hidden_warnings(sheets: Sequence[Sheet]) -> Iterator[tuple[str, str]]:
    """Warnings, as kind and text, of what the pages hold and do not show, and of turned text that voids the order."""
    for sheet in sheets:
        reasons: dict[str, list[str]] = {}
        for piece in sheet.hidden:
            reason = next((word.hidden for word in piece.words if word.hidden), "is hidden")
            reasons.setdefault(reason, []).append(piece.text)
        for reason, texts in reasons.items():
            text = " ".join(texts)
            if len(_LETTERS.findall(text)) < 3 and not re.search(r"\d{2}", text):
                continue
            told = instruction_in(text) or addresses_machine(text)
            shown = text[:_MOST_SHOWN]
            if reason == "is turned":
                doubted = doubt_in(text)
                if told is not None:
                    yield "instruction", f"page {sheet.number}, turned text: {told!r}"
                elif doubted is not None:
                    yield "contradiction", f"page {sheet.number}, turned text says {doubted!r}: {shown!r}"
            elif told is not None:
                yield "instruction", f"page {sheet.number}, text that {reason}: {told!r}"
            else:
                yield "ignored", f"page {sheet.number}, text that {reason}: {shown!r}"


def beside_warnings(opened: Opened) -> Iterator[tuple[str, str]]:
    """Warnings of metadata that speak to the reader, and of comments that do or that put the order in doubt."""
    for text in opened.metadata:
        told = instruction_in(text) or addresses_machine(text)
        if told is not None:
            yield "instruction", f"the file's metadata: {told!r}"
    for page, text in opened.remarks:
        told = instruction_in(text) or addresses_machine(text)
        if told is not None:
            yield "instruction", f"a comment on page {page}: {told!r}"
        elif (doubted := deviation_in(text) or doubt_in(text)) is not None:
            yield "contradiction", f"a comment on page {page} says {doubted!r}: {text[:_MOST_SHOWN]!r}"


def missing_pages(sheets: Sequence[Sheet]) -> str | None:
    """Which of the pages that the pages count is missing; None when none is.

    Counts that start again (two orders in one file) are each looked at.
    """
    counted: list[tuple[int, int]] = []
    for sheet in sheets:
        found = None
        for row in (*sheet.rows[:6], *sheet.rows[-6:]):
            for piece in row.pieces:
                match = PAGE_OF.search(piece.text)
                if match is not None:
                    found = (int(match[1] or match[3]), int(match[2] or match[4]))
        if found is not None and 1 <= found[0] <= found[1] <= 500:
            counted.append(found)
    groups: list[list[tuple[int, int]]] = []
    for one in counted:
        if not groups or one[0] <= groups[-1][-1][0]:
            groups.append([])
        groups[-1].append(one)
    for group in groups:
        total = max(count for _, count in group)
        absent = set(range(1, total + 1)) - {number for number, _ in group}
        if absent and len(counted) == len(sheets):
            return f"page {min(absent)} of {total} is missing"
    return None
