"""What a PDF's rows cost grows with their number and length, and not with the square of it."""

from __future__ import annotations

from statistics import median
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.documents.pdf import grid
from bridgehead.documents.pdf.grid import find_grids
from bridgehead.documents.pdf.opening import open_pdf
from bridgehead.documents.pdf.pages import sheets_of
from bridgehead.documents.pdf.words import Piece, Word, rows_of
from tests.unit.documents.pdf_pages import Pages


def _word(at: float, bottom: float, size: float = 8.0) -> Word:
    return Word(".", at, at + 2, bottom - size, bottom, size, bold=False, page=1)


def test_a_row_of_thousands_of_dots_is_put_together_at_once() -> None:
    """Twelve thousand words on one height are one row, within a second of computing."""
    words = [_word(3.0 * at, 100.0) for at in range(12_000)]
    began = process_time()
    (row,) = rows_of(words, ())
    assert process_time() - began < 1.0
    assert len(row.words) == len(words)


@given(st.lists(st.tuples(st.floats(90, 130), st.floats(4, 14)), min_size=1, max_size=40))
def test_words_stand_in_a_row_by_its_median(places: list[tuple[float, float]]) -> None:
    """A word belongs to the row whose median foot is near, by the size of the smaller letters."""
    words = [_word(9.0 * at, bottom, size) for at, (bottom, size) in enumerate(places)]
    groups: list[list[Word]] = []
    for word in sorted(words, key=lambda one: one.middle):
        near = groups and abs(word.bottom - median(one.bottom for one in groups[-1])) <= max(
            0.35 * min(word.size, max(one.size for one in groups[-1])), 1.2
        )
        if near:
            groups[-1].append(word)
        else:
            groups.append([word])
    assert [sorted(one.x0 for one in row.words) for row in rows_of(words, ())] == [
        sorted(one.x0 for one in group) for group in groups
    ]


def test_each_piece_of_a_page_is_looked_at_once_for_headings(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many tables its row could head, with those above and below it, a piece is split once."""
    pages = Pages()
    for at in range(60):
        pages.text(40, 40 + 10 * at, "Total one two three four")
    pages.canvas.save()
    (sheet,) = sheets_of(open_pdf(pages.buffer.getvalue(), "document"), "document")
    looked_at: list[str] = []
    split = grid.split_headings

    def counted(piece: Piece) -> list[Piece]:
        looked_at.append(piece.text)
        return split(piece)

    monkeypatch.setattr(grid, "split_headings", counted)
    find_grids(sheet)
    assert 0 < len(looked_at) <= 60


def test_a_row_longer_than_any_heading_is_in_none() -> None:
    """A row of thousands of pieces heads no table, nor does one below it together with it."""
    pages = Pages()
    pages.text(40, 40, "Item")
    pages.text(40, 52, "No.")
    pages.canvas.save()
    (sheet,) = sheets_of(open_pdf(pages.buffer.getvalue(), "document"), "document")
    first, second = sheet.rows[:2]
    assert grid._may_head([first, second])
    first.pieces.extend([first.pieces[0]] * 30)
    assert not grid._may_head([first, second])
