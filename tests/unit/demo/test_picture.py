"""The end of a run: what it says, and that it fits a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from bridgehead.ledger.chain import Break
from bridgehead.ledger.verify import Verification
from bridgehead.spec.load import load
from bridgehead.templates.purchase_orders.demo.audit import Finding
from bridgehead.templates.purchase_orders.demo.picture import show_outcome
from bridgehead.templates.purchase_orders.demo.record import Work
from bridgehead.templates.purchase_orders.demo.run import Outcome
from bridgehead.templates.purchase_orders.demo.score import latency, score, worth
from tests.unit.demo.ground import booking, case, decision, record, right, truth
from tests.unit.demo.test_score import FILES

ONE = booking("PO-1")


def outcome(*findings: Finding, breaks: tuple[Break, ...] = ()) -> Outcome:
    """Returns what a run of 1,200 orders came to: 700 booked, the others with every role."""
    roles = [("credit-control", "credit"), ("inside-sales", "item"), ("order-desk", "contradiction")]
    truths = [truth(str(number), right(ONE)) for number in range(1_200)]
    records = {
        str(number): record(str(number), case("SO-2") if number < 700 else case(work=Work(*roles[number % 3])))
        for number in range(1_200)
    }
    found = score(truths, records, {"SO-2": ONE})
    return Outcome(
        score=found,
        latency=latency(records.values()),
        worth=worth(load(FILES), found.of_orders, found.whole, []),
        findings=findings,
        in_question=1,
        decisions=(decision("SO-2", ONE),),
        booked=700,
        verification=Verification(12_000, 1_500, breaks),
        killed=10,
        seconds=20.0,
    )


def drawn(result: Outcome, width: int) -> str:
    """Returns what is printed on a console of that width."""
    console = Console(file=io.StringIO(), width=width, highlight=False)
    show_outcome(console, result, load(FILES))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 100, 110])
def test_it_fits_the_terminal(width: int) -> None:
    """Nothing is cut off or wrapped in an odd place from 80 columns on."""
    text = drawn(outcome(), width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    for told in (
        "touchless",
        "p50",
        "p99",
        "by hand",
        "none lost",
        "none booked twice",
        "credit-control",
        "95 % bounds",
    ):
        assert told in text


def test_a_finding_makes_it_unsound_and_is_named() -> None:
    """P2: a doubled order is no success, and the picture names it."""
    result = outcome(Finding("doubled", "K-1 PO-1 stands as SO-2, SO-3"))
    assert not result.sound
    text = drawn(result, 100)
    assert "not sound" in text
    assert "doubled: K-1 PO-1 stands as SO-2, SO-3" in text
    assert "✗ 1 doubled" in text


def test_a_broken_ledger_makes_it_unsound() -> None:
    """P8: a run whose ledger does not verify is no success, whatever the books say."""
    assert outcome().sound
    assert not outcome(breaks=(Break("C-1", 3, "altered", "row 3"),)).sound


def test_what_went_to_the_wrong_place_is_named() -> None:
    """A figure about orders that somebody has and should not names up to three of them."""
    score = replace(outcome().score, needless=("C-1", "C-2", "C-2", "a.pdf", "C-9"), misplaced=("C-7",), unopened=4)
    text = " ".join(drawn(replace(outcome(), score=score), 100).split())
    assert "with the right role (see C-7)." in text
    assert "5 orders needed nobody and are with a person all the same (see C-1, C-2, a.pdf and more)." in text
    assert "500 with people (4 of them in documents that could not be opened as cases)." in text
    assert len(outcome().score.needless) == 500
    assert "0 orders needed nobody and are with a person all the same." in drawn(
        replace(outcome(), score=replace(score, needless=())), 100
    )
