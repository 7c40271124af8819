"""Reads pages that are pictures with Tesseract, where that is installed; words come with their places."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from typing import Final

import pypdfium2

from bridgehead.documents.outcome import Refusal
from bridgehead.documents.pdf.opening import Opened
from bridgehead.documents.pdf.pages import number_rows
from bridgehead.documents.pdf.words import Sheet, Word, rows_of

MAX_SCANNED: Final = 20
MAX_PIXELS: Final = 30_000_000
DPI: Final = 250
TIMEOUT_S: Final = 15.0
LEAST_SURE: Final = 55.0
"""Words that Tesseract is less sure of (of 100) are reported as doubtful."""
_LANGUAGES: Final = ("eng", "deu", "fra", "spa", "ita", "nld", "pol", "swe", "dan", "nor", "por")
_NONE: Final = "The pages are pictures and no text recognition is installed here; a person must read them."


def read_scanned(document: bytes, opened: Opened, sheets: list[Sheet], part: str) -> list[Sheet]:
    """The sheets with the words that Tesseract finds on the pages that are pictures.

    Raises Refusal ``pdf.scanned`` when it is not installed, fails, or takes too long.
    """
    program = shutil.which("tesseract")
    if program is None:
        raise Refusal("pdf.scanned", _NONE, part)
    if len(sheets) > MAX_SCANNED:
        raise Refusal("pdf.scanned", f"More than {MAX_SCANNED} pages are pictures; a person must read them.", part)
    languages = _installed(program, part)
    unsure: list[str] = []
    try:
        pages = pypdfium2.PdfDocument(document)
        for sheet in sheets:
            page = pages[sheet.number - 1]
            width, height = page.get_size()
            scale = min(DPI / 72, (MAX_PIXELS / max(width * height, 1)) ** 0.5)
            picture = io.BytesIO()
            page.render(scale=scale).to_pil().convert("L").save(picture, format="PNG")
            sheet.hidden.clear()
            sheet.uprights, sheet.levels = [], []
            sheet.width, sheet.height = width, height
            words = _words(_recognised(program, languages, picture.getvalue(), part), scale, sheet.number, unsure)
            sheet.rows = rows_of(words, [])
        pages.close()
    except Refusal:
        raise
    except (Exception, MemoryError) as error:  # whatever a broken picture makes the renderer raise
        raise Refusal(
            "pdf.scanned", f"The pictures of the pages cannot be drawn ({type(error).__name__}).", part
        ) from error
    number_rows(sheets)
    opened.warnings.append(("uncertain", "the pages are pictures; their text was recognised, not read"))
    if unsure:
        opened.warnings.append(("uncertain", f"words that are hard to recognise: {', '.join(unsure[:8])}"))
    if not any(sheet.rows for sheet in sheets):
        raise Refusal(
            "pdf.scanned", "No text can be recognised in the pictures of the pages; a person must look.", part
        )
    return sheets


def _installed(program: str, part: str) -> str:
    listed = _run([program, "--list-langs"], b"", part).decode("utf-8", "replace").split()
    wanted = [one for one in _LANGUAGES if one in listed]
    return "+".join(wanted) or "eng"


def _recognised(program: str, languages: str, picture: bytes, part: str) -> str:
    command = [program, "stdin", "stdout", "-l", languages, "--psm", "6", "-c", "preserve_interword_spaces=1", "tsv"]
    return _run(command, picture, part).decode("utf-8", "replace")


def _run(command: list[str], given: bytes, part: str) -> bytes:
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=TIMEOUT_S, check=True)  # noqa: S603 - a fixed program; the document is on its standard input
    except (OSError, subprocess.SubprocessError) as error:
        reason = f"The text of the pictures cannot be recognised ({type(error).__name__}); a person must read them."
        raise Refusal("pdf.scanned", reason, part) from error
    return done.stdout


def _words(table: str, scale: float, page: int, unsure: list[str]) -> list[Word]:
    """Words of Tesseract's TSV: level 5, in pixels from the left and the top."""
    words: list[Word] = []
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        text = (row.get("text") or "").strip()
        if row.get("level") != "5" or not text:
            continue
        try:
            left, top, wide, high = (float(row[name]) / scale for name in ("left", "top", "width", "height"))
            sure = float(row["conf"])
        except (KeyError, TypeError, ValueError):
            continue
        if sure < LEAST_SURE:
            unsure.append(repr(text[:20]))
        size = high * 1.25
        words.append(Word(text, left, left + wide, top, top + high, size, bold=False, page=page))
    return words
