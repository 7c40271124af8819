"""Compares the books of the system of record with what was acknowledged, and reports what happened where."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from bench.crashing.supervising import ANYWHERE, Supervisor
from bench.report import Cell, Report
from bridgehead import points


def judge(
    report: Report, folder: Path, ours: Supervisor, *, rested: bool | None, least: tuple[int, int, int] | None
) -> None:
    """Adds the tables and figures of our own run.

    ``least``: the cases, kills and returned zombies there must be; None where a schedule of its own is played.
    ``rested``: whether everything came to its end; None where nobody waited for it and only the books are judged.
    """
    acks = {str(one["po"]): one for one in map(json.loads, (folder / "acks.jsonl").read_text().splitlines())}
    entered = Counter(json.loads(line)["po"] for line in (folder / "books.jsonl").read_text().splitlines())
    found = ours.rows(
        "select a.arrival_id, c.id, c.state, c.outcome,"
        " exists (select from reviews r where r.case_id = c.id and r.state = 'open') as review"
        " from arrival_cases a join cases c on c.id = a.case_id"
    )
    by_person = {
        int(str(row["arrival_id"]))
        for row in ours.rows("select arrival_id from reviews where arrival_id is not null and state = 'open'")
    }
    by_arrival = {int(str(row["arrival_id"])): row for row in found}
    orders = {po: by_arrival.get(int(one["arrival"])) for po, one in acks.items()}
    doubled = {po: count - 1 for po, count in entered.items() if count > 1}
    strangers = [po for po in entered if po not in acks]
    lost = [
        po
        for po, row in orders.items()
        if (row is None and rested is not None and int(acks[po]["arrival"]) not in by_person)
        or (row is not None and row["outcome"] == "completed" and not entered[po])
    ]
    loose = [row["id"] for row in found if row["state"] != "done" and not row["review"]]
    by_case = {int(str(row["id"])): po for po, row in orders.items() if row is not None}
    report.table("by point", by_point(ours, by_case, entered, doubled, set(lost)))
    outcomes = Counter(
        "an open review" if row["state"] != "done" else str(row["outcome"]).replace("_", " ") for row in found
    )
    if by_person:
        outcomes["an open review of the document"] = len(by_person)
    report.table("how cases ended", [{"ended": name, "cases": count} for name, count in sorted(outcomes.items())])
    faults = json.loads((folder / "proxy.json").read_text())
    passed = faults.pop("")
    report.table(
        "faults before the system of record", [{"fault": name, "times": count} for name, count in faults.items()]
    )
    report.condition("requests passed on as they were", passed)
    kills = sum(not loss.frozen for loss in ours.losses)
    missed = [name for name in points.NAMES if not any(x.point == name and not x.frozen for x in ours.losses)]
    returned = sum(loss.frozen for loss in ours.losses)
    cases, losses, zombies = least or (None, None, None)
    none = None if least is None else 0
    report.figure("cases", len(acks), at_least=cases)
    report.figure("kills", kills, at_least=losses)
    report.figure("points at which nobody was killed", len(missed), exactly=none)
    report.figure("frozen, and returned after their lease", ours.returned, at_least=zombies)
    report.figure("frozen", returned)
    if zombies:
        report.figure("faults that never struck", sum(not count for count in faults.values()), exactly=none)
    report.figure("effects in the books", entered.total())
    report.figure("effects doubled", sum(doubled.values()), exactly=0)
    report.figure("effects lost", len(lost), exactly=0)
    report.figure("effects nobody ordered", len(strangers), exactly=0)
    report.figure("cases without an outcome or an open review", len(loose), exactly=None if rested is None else 0)
    report.condition("processes that found no database at their start", ours.turned_away)
    report.figure("processes that ended by themselves", len(ours.fallen), exactly=none)
    if rested is not None:
        report.figure("came to rest", float(rested), exactly=1)
    for text in ours.fallen[:5]:
        report.progress(text)


def by_point(
    ours: Supervisor,
    by_case: Mapping[int, str],
    entered: Mapping[str, int],
    doubled: Mapping[str, int],
    lost: set[str],
) -> list[dict[str, Cell]]:
    """Returns a row for each point: how often somebody was lost there, and what became of what they had in hands."""
    rows: list[dict[str, Cell]] = []
    for name in (*points.NAMES, ANYWHERE):
        losses = [loss for loss in ours.losses if loss.point == name]
        touched = {by_case[case] for loss in losses for case in loss.cases if case in by_case}
        times = [loss.taken_s - loss.at_s for loss in losses if loss.taken_s is not None and loss.cases]
        rows.append(
            {
                "point": name,
                "kills": sum(not loss.frozen for loss in losses),
                "frozen": sum(loss.frozen for loss in losses),
                "cases in hands": sum(len(loss.cases) for loss in losses),
                "their effects": sum(entered.get(po, 0) for po in touched),
                "doubled": sum(doubled.get(po, 0) for po in touched),
                "lost": sum(po in lost for po in touched),
                "in other hands s": round(median(times), 2) if times else None,
                "slowest s": round(max(times), 2) if times else None,
            }
        )
    return rows
