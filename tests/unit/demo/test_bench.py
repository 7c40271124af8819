"""The benchmark of orders exits with a failure when a target is missed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bench.orders import tell
from bench.report import Report
from bridgehead.templates.purchase_orders.demo.audit import Finding
from bridgehead.templates.purchase_orders.demo.score import Share, Slice
from tests.unit.demo.test_picture import outcome


def judged(whole: Slice, *findings: Finding, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Returns the names of the targets that a run with these figures misses, as the exit code tells too."""
    run = outcome(*findings)
    report = Report("orders", "a test", ["--json"])
    tell(report, replace(run, score=replace(run.score, whole=whole)))
    code = report.close()
    missed = {figure["name"] for figure in json.loads(capsys.readouterr().out)["figures"] if not figure["met"]}
    assert code == int(bool(missed))
    return missed


def slice_of(touchless: int, wrong: int, *, orders: int = 3_000, possible: int = 2_000) -> Slice:
    """Returns the figures of a run."""
    right = Share(touchless - wrong, touchless)
    return Slice("all orders", orders, possible, Share(touchless, orders), right, Share(wrong, touchless))


def test_every_target_can_be_missed(capsys: pytest.CaptureFixture[str]) -> None:
    """Too few orders, too few touchless, too many wrong, one lost and one doubled are each a miss of their own."""
    good = slice_of(1_900, 10)
    lost, doubled = Finding("lost", "1.eml"), Finding("doubled", "K-1 PO-1")
    assert judged(good, capsys=capsys) == set()
    assert judged(slice_of(1_699, 10), capsys=capsys) == {"touchless of ceiling", "touchless"}
    assert judged(slice_of(1_799, 10), capsys=capsys) == {"touchless"}
    assert judged(slice_of(1_900, 39), capsys=capsys) == {"wrong-auto-accepts"}
    assert judged(slice_of(1_900, 10, orders=2_999), capsys=capsys) == {"orders"}
    assert judged(good, lost, capsys=capsys) == {"lost"}
    assert judged(good, doubled, capsys=capsys) == {"doubled"}
    assert judged(good, Finding("altered", "SO-2"), capsys=capsys) == {"other findings of the audit"}


def test_a_run_that_measures_nothing_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a figure no target is met: the run says so and ends with 1."""
    assert Report("orders", "", []).close() == 1
    assert "NOTHING WAS MEASURED" in capsys.readouterr().out
