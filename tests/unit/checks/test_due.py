from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from bridgehead.templates.purchase_orders.checks.verdict import DUE_S, Cause

PAGE = Path("docs/reference/order-decisions.md")


def test_every_cause_is_due_as_the_page_says() -> None:
    """Each cause of a hand-over has a due time, and the reference shows all of them."""
    rows = re.findall(r"^\| (\d+) h \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    shown = {cause: int(hours) * 3600.0 for hours, causes in rows for cause in re.findall(r"`(\w+)`", causes)}
    assert shown == dict(DUE_S)
    assert set(get_args(Cause)) == set(DUE_S)
