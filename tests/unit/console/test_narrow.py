"""What a narrow screen needs: cells that tell their column, and charts whose labels stay in the picture."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from bridgehead.clock import perf_s
from bridgehead.console.charts import Stack, bars
from bridgehead.console.rendering import labelled

HEADS = ("Case", ("Amount", "num"), "Due & then", "State")


def test_each_cell_but_the_first_tells_its_column() -> None:
    """Row by row, each cell has the head of its column; the first one names the row itself."""
    rows = Markup(
        '<tr><td class="nowrap"><a class="open" href="/c">C-1</a></td><td class="num">5 EUR</td>\n<td>now</td></tr>'
        '<tr class="x"><th scope="row">C-2</th><td>6</td><td>later</td><td>open</td></tr>'
    )
    assert labelled(rows, HEADS) == (
        '<tr><td class="nowrap"><a class="open" href="/c">C-1</a></td><td class="num" data-label="Amount">5 EUR</td>\n'
        '<td data-label="Due &amp; then">now</td></tr>'
        '<tr class="x"><th scope="row">C-2</th><td data-label="Amount">6</td><td data-label="Due &amp; then">later</td>'
        '<td data-label="State">open</td></tr>'
    )


def test_a_cell_without_anything_in_it_is_marked() -> None:
    """A dash or nothing takes no line of a narrow screen; a value of dashes and words does."""
    rows = Markup('<tr><td></td><td><span class="quiet">–</span></td><td> </td><td>– by ann</td></tr>')
    assert labelled(rows, HEADS).count(" data-empty>") == 2


def test_a_cell_of_blanks_takes_no_longer_than_its_length() -> None:
    """P4: a value that begins with any number of blanks, which a document may bring, holds no page up."""
    rows = Markup("<tr><td>1</td><td>{}</td><td>{}</td></tr>").format(" " * 20_000 + "x", "– , " * 5_000)
    began = perf_s()
    assert labelled(rows, HEADS).count(" data-empty>") == 1
    assert perf_s() - began < 5


def test_what_a_document_says_stays_escaped() -> None:
    """P1: a text with tags of its own in a cell is the same escaped text afterwards, and makes no cell."""
    said = Markup("<tr><td>1</td><td>{}</td></tr>").format("</td><td onclick=x>")
    assert labelled(said, HEADS) == ('<tr><td>1</td><td data-label="Amount">&lt;/td&gt;&lt;td onclick=x&gt;</td></tr>')


@pytest.mark.parametrize("most", [0, 7, 164, 12_345, 1_234_567])
def test_a_charts_largest_value_fits_beside_it(most: int) -> None:
    """However many digits it has, the value at the axis is inside the picture, in letters that a telephone shows."""
    now = datetime(2026, 3, 4, 12, tzinfo=UTC)
    chart = bars(
        [Stack(now, (("good", "done", most),))], bucket="day", until=now, since_s=7 * 86400, zone=ZoneInfo("UTC")
    )
    letters = len(f"{most:,}") * 12.6  # 0.6 of the 21 pixels that the style sheet gives it there
    assert chart.left - 6 - letters >= 0
    assert all(part.x >= chart.left and part.x + part.width <= chart.width for part in chart.parts)
