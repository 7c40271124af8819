"""The same seed gives the same corpus everywhere; another seed another one."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Any

import pytest

from bridgehead.templates.purchase_orders.corpus.customers import make_customers
from bridgehead.templates.purchase_orders.corpus.rates import DEFAULT_FORMATS
from tests.unit.corpus.runs import made, master

PROGRAM = """
import hashlib
from bridgehead.templates.purchase_orders.corpus.generate import arrivals, start
digest = hashlib.sha256()
for arrival in arrivals(start(7, 200, ("email", "x12", "csv"))):
    digest.update(arrival.name.encode() + arrival.document + repr(arrival.truth).encode())
print(digest.hexdigest())
"""


def _digest(seed: int, total: int) -> str:
    digest = hashlib.sha256()
    for arrival in made(seed, total):
        digest.update(arrival.name.encode() + arrival.document + repr(arrival.truth).encode())
    return digest.hexdigest()


@pytest.mark.parametrize("salt", ["1", "2"])
def test_another_process_makes_the_same_bytes(salt: str) -> None:
    """The corpus of a seed is the same in every process, whatever the order of its sets."""
    environment = {**os.environ, "PYTHONHASHSEED": salt}
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=True)
    assert ended.stdout.strip() == _digest(7, 200)


def test_another_seed_changes_everything() -> None:
    """Two seeds share no document, no customer's name and address, and no purchase order."""
    first, second = made(7, 200), made(8, 200)
    assert not {arrival.document for arrival in first} & {arrival.document for arrival in second}
    assert [arrival.truth["defects"] for arrival in first] != [arrival.truth["defects"] for arrival in second]
    one, other = master(7), master(8)
    assert one["as_of"] == other["as_of"]
    for part in ("customers", "prices", "orders"):
        assert one[part] != other[part]


def test_the_truth_does_not_depend_on_the_length_of_the_run() -> None:
    """The first hundred arrivals of a long run hold the same orders as a run of a hundred."""
    short, long = made(7, 100), made(7)[:100]
    assert [arrival.truth for arrival in short] == [arrival.truth for arrival in long]


@pytest.mark.parametrize("seed", range(1, 21))
def test_every_seed_gives_a_corpus(seed: int) -> None:
    """No seed runs out of places, items or words."""
    assert len(made(seed, 40)) == 40


def test_arrivals_come_one_after_the_other() -> None:
    """Names rise, and what an arrival repeats has come before it."""
    names = [arrival.name for arrival in made(7)]
    assert names == sorted(names)
    assert len(set(names)) == len(names)
    for arrival in made(7):
        base: Any = arrival.truth["resend_of"]
        assert base is None or (base in names and base < arrival.name)


def test_a_seed_that_gives_out_all_names_of_some_countries_has_its_customers() -> None:
    """Where a format's countries have no company name left, others fill its share, and no name is given twice."""
    customers = make_customers(9473121, DEFAULT_FORMATS)
    assert len(customers) == len(make_customers(7, DEFAULT_FORMATS))
    assert len({customer.name for customer in customers}) == len(customers)
