"""A run draws from the formats it is asked for, in the shares of the design, the same everywhere."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from bridgehead.templates.purchase_orders.corpus.__main__ import main
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.forms import FORMS
from bridgehead.templates.purchase_orders.corpus.generate import Arrival, arrivals, start
from bridgehead.templates.purchase_orders.corpus.layouts import layout_of
from bridgehead.templates.purchase_orders.corpus.mix import measure_mix
from bridgehead.templates.purchase_orders.corpus.model import Format
from bridgehead.templates.purchase_orders.corpus.rates import CUSTOMER_PART, DEFAULT_FORMATS, RATES, Plan, draw_plan
from tests.unit.corpus.runs import within

DESIGN: dict[Format, float] = {
    "email": 0.22, "email_pdf": 0.24, "email_sheet": 0.08, "x12": 0.14, "edifact": 0.14, "ubl": 0.08, "cxml": 0.05,
    "orderx": 0.025, "csv": 0.025,
}  # fmt: skip
ALL = tuple(DESIGN)
PLANS = 3000
SEEDS = (30, 31, 32, 33)
EXTENSIONS = {
    "email": {"eml"}, "email_pdf": {"eml"}, "email_sheet": {"eml"}, "x12": {"x12"}, "edifact": {"edi"},
    "ubl": {"xml", "eml"}, "cxml": {"xml", "eml"}, "orderx": {"xml", "pdf", "eml"}, "csv": {"csv"},
}  # fmt: skip
READERS = {"email": {"email"}, "email_pdf": {"pdf"}, "email_sheet": {"xlsx", "csv"}}
LAYOUTS = {"email": 12, "email_pdf": 12, "email_sheet": 8, "x12": 6, "edifact": 8, "ubl": 5, "cxml": 5, "orderx": 5,
           "csv": 6}  # fmt: skip

PROGRAM = """
import hashlib
from bridgehead.templates.purchase_orders.corpus.forms import FORMS
from bridgehead.templates.purchase_orders.corpus.generate import arrivals, start
digest = hashlib.sha256()
for arrival in arrivals(start(5, 150, tuple(FORMS))):
    digest.update(arrival.name.encode() + arrival.document + repr(arrival.truth).encode())
print(digest.hexdigest())
"""


@cache
def _made(seed: int, total: int) -> tuple[Arrival, ...]:
    return tuple(arrivals(start(seed, total, tuple(FORMS))))


def test_every_format_of_the_design_is_written() -> None:
    """The design's formats can all be asked for, and no other."""
    assert set(FORMS) == set(DESIGN)
    assert set(DEFAULT_FORMATS) <= set(DESIGN)


def _has(plan: Plan, name: str) -> bool:
    return name in plan.flags or name == plan.kind or (name == CUSTOMER_PART and plan.own_parts)


@pytest.mark.parametrize("seed", [7, 8])
def test_formats_have_the_designs_shares(seed: int) -> None:
    """Over 3,000 plans each format comes as often as the design says, and each complication with each of them."""
    plans = [draw_plan(Dice(seed, "plan", serial), ALL) for serial in range(PLANS)]
    formats = Counter(plan.format for plan in plans)
    for form, share in DESIGN.items():
        assert within(formats[form], PLANS, share), form
    for form in ALL:
        orders = [plan for plan in plans if plan.format == form and plan.kind != "not_an_order"]
        others = formats[form] - len(orders)
        assert within(others, formats[form], RATES["not_an_order"]), form
        for name, share in RATES.items():
            if name != "not_an_order":
                count = sum(_has(plan, name) for plan in orders)
                assert within(count, len(orders), share), (form, name)


def test_fewer_formats_keep_their_proportions() -> None:
    """A run of two formats has them as often to each other as the design, and no third."""
    plans = Counter(draw_plan(Dice(7, "plan", serial), ("edifact", "ubl")).format for serial in range(PLANS))
    assert set(plans) == {"edifact", "ubl"}
    assert within(plans["ubl"], PLANS, 8 / 22)


def test_every_arrival_is_of_its_format() -> None:
    """Names end as the format's files do, and the truth names the reader of what holds the order."""
    made = (*_made(5, 150), *(arrival for seed in SEEDS for arrival in _made(seed, 80)))
    seen: set[str] = set()
    for arrival in made:
        form = str(arrival.truth["format"])
        seen.add(form)
        assert arrival.name.rsplit(".", 1)[1] in EXTENSIONS[form], arrival.name
        found: Any = arrival.truth["orders"]
        for order in found:
            if order["reading"]:
                assert order["reading"]["format"] in READERS.get(form, {form}), arrival.name
    assert seen == set(DESIGN)
    mix = measure_mix((arrival.truth for arrival in made), ALL)
    assert [share.name for share in mix.shares[: len(DESIGN)]] == list(DESIGN)
    assert sum(share.wanted for share in mix.shares[: len(DESIGN)]) == pytest.approx(1)


def test_a_customer_is_the_same_whatever_other_formats_there_are() -> None:
    """Customers, prices and layouts of a format do not depend on which others a run draws from."""
    every, few = start(7, 1, ALL).world, start(7, 1, ("ubl", "csv")).world
    numbers = {customer.number for customer in few.customers}
    assert few.customers == tuple(customer for customer in every.customers if customer.number in numbers)
    assert few.prices == {key: records for key, records in every.prices.items() if key[0] in numbers}
    assert {customer.channel for customer in every.customers} == set(DESIGN)
    assert {customer.channel for customer in few.customers} == {"ubl", "csv"}


def test_names_and_numbers_are_of_one_customer() -> None:
    """No two customers of any formats share a name, a number, a GLN, a DUNS number or a VAT number."""
    customers = start(7, 1, ALL).world.customers
    for name in ("number", "name", "gln", "duns", "vat"):
        known = [getattr(customer, name) for customer in customers if getattr(customer, name)]
        assert len(set(known)) == len(known), name


@pytest.mark.parametrize("form", DESIGN)
def test_every_format_is_written_in_many_ways(form: Format) -> None:
    """Customers of one format write in many layouts."""
    names = {layout_of(seed, customer).name for seed in (7, 8) for customer in start(seed, 1, (form,)).world.customers}
    assert len(names) >= LAYOUTS[form], names


@pytest.mark.parametrize("seed", SEEDS)
def test_every_seed_gives_every_format(seed: int) -> None:
    """No seed runs out of places, items or words in any format."""
    assert len(_made(seed, 80)) == 80


def test_another_process_makes_the_same_bytes_in_every_format() -> None:
    """Mails, PDFs, workbooks, interchanges and XML of a seed are the same in every process."""
    environment = {**os.environ, "PYTHONHASHSEED": "3"}
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=True)
    digest = hashlib.sha256()
    for arrival in _made(5, 150):
        digest.update(arrival.name.encode() + arrival.document + repr(arrival.truth).encode())
    assert ended.stdout.strip() == digest.hexdigest()


def test_a_run_of_every_format_is_soon_written() -> None:
    """An arrival of the whole mix takes less than 20 milliseconds of a processor's time on average."""
    began = process_time()
    for _ in arrivals(start(4712, 120, ALL)):
        pass
    assert (process_time() - began) / 120 < 0.02


def test_the_command_takes_formats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--formats`` writes those alone; a name that is no format is refused with the names that are."""
    assert main(["--seed", "4", "--orders", "30", "--formats", "ubl, edifact", "--out", str(tmp_path / "a")]) == 0
    assert {path.suffix for path in (tmp_path / "a" / "arrivals").iterdir()} <= {".edi", ".xml", ".eml"}
    assert main(["--orders", "30", "--formats", "ubl,fax", "--out", str(tmp_path / "b")]) == 2
    told = capsys.readouterr().err
    assert "fax" in told
    assert all(form in told for form in DESIGN)
    assert not (tmp_path / "b").exists()
