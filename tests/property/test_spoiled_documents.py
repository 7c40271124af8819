from __future__ import annotations

from typing import get_args

import pytest

from bench.fuzz import PAGED, SLOW_PDF_S, SLOW_S, run
from bridgehead.templates.purchase_orders.corpus.model import Format

SEED = 7  # bench/fuzz.py looks for what no seed has shown yet


@pytest.mark.parametrize("form", get_args(Format))
def test_spoiled_documents_break_nothing(form: Format) -> None:
    """P3: whatever happened to a document on its way, its reader neither crashes nor hangs nor takes half for whole."""
    paged = form in PAGED
    tally = run(SEED, form, 0, 8 if paged else 120, SLOW_PDF_S if paged else SLOW_S, most=4 if paged else 12)
    assert tally.documents > 0
    assert (tally.crashed, tally.slow, tally.half) == ([], [], []), f"bench/fuzz.py --seed {SEED} --formats {form}"
