"""The guide to Tryton: its commands run against a real one, and what they book stands in its tables."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

from tests.docs import tree
from tests.docs.walk import Command, Walk, environment, steps
from tests.support.tryton import Tryton, tryton_cluster, tryton_shared
from tests.support.tryton_orders import ROOT, on_the_day

__all__ = ["tryton_cluster", "tryton_shared"]


def test_the_guide_books_one_sale(tryton_shared: Tryton, server: str, database_url: str, tmp_path: Path) -> None:
    """Whoever does what the guide says has one confirmed sale in Tryton, and none from shadow."""
    surroundings = environment(
        tmp_path / "home",
        Path(sys.executable),
        BRIDGEHEAD_DATABASE_URL=database_url,
        TRYTON_URL=f"{tryton_shared.url}/{tryton_shared.database}",
        TRYTON_PASSWORD=tryton_shared.password,
    )
    with Walk(tmp_path, surroundings) as walk:
        for step in steps(tree.page("howto/tryton.md")):
            if isinstance(step, Command):
                walk.do(Command(step.text.replace("/path/to/bridgehead", str(ROOT)), step.shows, step.terminal))
                if step.text.startswith("cp "):
                    # What the tests' company is owed falls due one day; its calendar stands still.
                    specification = tmp_path / "orders" / "erp.yaml"
                    text = on_the_day(specification.read_text("utf-8"), tryton_shared.master["as_of"])
                    specification.write_text(text, "utf-8")
            else:
                walk.do(step)
    query = (
        "select s.state, l.quantity, l.unit_price from sale_sale s join sale_line l on l.sale = s.id"
        " where s.reference = %s"
    )
    assert tryton_shared.rows(query, "WA-2611") == []
    assert tryton_shared.rows(query, "WA-2612") == [("confirmed", 200.0, Decimal("0.9821"))]
