"""What a workbook's values do not tell: how far sheets reach, what is hidden in them, formulas without a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from bridgehead.documents.outcome import Refusal

MOST_CELLS: Final = 1_000_000
"""Cells in the rectangle from A1 to the last value of a sheet; a reader of values takes memory for all of them."""
MOST_TEXT: Final = 32 * 2**20
"""Characters in the cells of a sheet: one long text may be shared by many."""


@dataclass(slots=True)
class Look:
    """One sheet: rows and columns count from 0. ``uncomputed`` are formulas without a value or with an error for one,
    ``invisible`` are cells written in white on nothing.
    """  # noqa: D205 - one sentence for each set

    rows: int = 0
    columns: int = 0
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    uncomputed: set[tuple[int, int]] = field(default_factory=set)
    invisible: set[tuple[int, int]] = field(default_factory=set)
    currencies: set[str] = field(default_factory=set)
    padded: dict[tuple[int, int], int] = field(default_factory=dict)
    """Cells whose number is shown with leading zeros, and to how many digits."""

    def reach(self, row: int, column: int) -> None:
        """Notes that a value stands here."""
        self.rows = max(self.rows, row + 1)
        self.columns = max(self.columns, column + 1)

    def check(self, part: str) -> None:
        """Raises Refusal ``workbook.too_large`` for a sheet that reaches too far."""
        if self.rows * self.columns > MOST_CELLS:
            raise Refusal(
                "workbook.too_large", f"A sheet reaches over {self.rows} rows and {self.columns} columns.", part
            )
