"""Reads real and generated documents: how many whole, how right, how sure, how fast.

Real documents (``--folder`` for others, and those alone; with an ``index.csv`` or folders named like formats): every
well-formed order is to be read, everything else called what it is. Generated ones (fresh seed; ``--seed N`` repeats):
every field is compared with what its author wrote. ``--calibrate`` fits the confidences on other seeds and writes
them into the source.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, cast, get_args

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.document_fields import GROUPS, Compared, compare, matched
from bench.document_files import KINDS, ORDERS, File, listed
from bench.document_fit import Sample, auc, fit, reliability
from bench.document_speed import speeds
from bench.report import Cell, Report
from bridgehead.documents.confidence import doubted, features, field_key, sure
from bridgehead.documents.isolated import Isolated
from bridgehead.documents.order import Order
from bridgehead.documents.outcome import NotAnOrder, Orders, Reading, Unreadable
from bridgehead.documents.reading import read
from bridgehead.ids import random_bytes
from bridgehead.templates.purchase_orders.corpus.generate import arrivals, start
from bridgehead.templates.purchase_orders.corpus.master import world_json
from bridgehead.templates.purchase_orders.corpus.model import Format
from bridgehead.templates.purchase_orders.corpus.rates import DEFAULT_FORMATS

ROOT: Final = Path(__file__).resolve().parent.parent
REAL: Final = ROOT.parent / "shared" / "data" / "orders"
CALIBRATION: Final = ROOT / "src" / "bridgehead" / "documents" / "calibration.json"
STRUCTURED: Final = frozenset({"x12", "edifact", "ubl", "cxml", "orderx"})
ARRIVALS: Final = 3_000
QUICK: Final = 150
FITTED: Final = (71, 72, 73, 74)
"""Seeds of the documents that confidences are fitted on; a fresh seed has more than 16 bits."""
FIT_ARRIVALS: Final = 1_500


@dataclass(frozen=True, slots=True)
class Read:
    """One written order beside its reading: what is right, what it shows, how sure it says it is."""

    form: str
    defects: tuple[str, ...]
    arrival: str
    order: Order | None
    fields: tuple[Compared, ...]
    refused: str

    @property
    def right(self) -> bool:
        """Whether every field is right."""
        return self.order is not None and not [one for one in self.fields if not one.right]


# --- real documents ---------------------------------------------------------------------------------------------


def real(report: Report, folder: Path) -> None:
    files = listed(folder)
    with Isolated() as reader:
        rows = {file.path: reader.read(file.path.read_bytes(), file.path.name) for file in files}
    table: list[dict[str, Cell]] = []
    wrong: list[dict[str, Cell]] = []
    for form in dict.fromkeys(file.format for file in files):
        of_form = [file for file in files if file.format == form]
        sound = [file for file in of_form if not file.why]
        found = [rows[file.path] for file in sound]
        as_order = [one for one in found if any(row["status"] == "order" for row in one)]
        table.append(
            {
                "format": form,
                "files": len(of_form),
                "well-formed": len(sound),
                "read": len(as_order),
                "not an order": sum(one[0]["status"] == "not_an_order" for one in found),
                "refused": sum(one[0]["status"] == "refused" for one in found),
                "broken, refused": sum(rows[file.path][0]["status"] == "refused" for file in of_form if file.why),
                "broken, read": sum(rows[file.path][0]["status"] == "order" for file in of_form if file.why),
            }
        )
        if form in ORDERS and sound:
            report.figure(f"{form}: well-formed orders read", len(as_order) / len(sound), at_least=0.97)
        if form in KINDS:
            got = [row for file in of_form for row in rows[file.path]]
            right = [row for row in got if row["status"] == "not_an_order" and row["kind"] in KINDS[form]]
            report.figure(f"{form}: called by its kind", len(right) / max(len(got), 1), exactly=1)
        wrong += [_told(file, row) for file in of_form for row in rows[file.path] if _notable(file, row)]
    report.table("real documents", table)
    report.table("refused or of another kind than the list says", wrong[:80])
    orders = [row for one in rows.values() for row in one if row["status"] == "order"]
    controls = [control for row in orders for control in _controls(row)]
    known = [control for control in controls if control["agrees"] is not None]
    report.figure("control values of orders read", len(known))
    report.figure("control values that agree", sum(bool(one["agrees"]) for one in known) / max(len(known), 1))
    untold = sum(
        1
        for row in orders
        if any(control["agrees"] is False for control in _controls(row)) and not _warned(row, ("totals", "count"))
    )
    report.figure("orders whose controls disagree and that do not say so", untold, exactly=0)


def _controls(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(row["order"]["controls"])


def _warned(row: Mapping[str, Any], kinds: Sequence[str]) -> bool:
    return any(str(one).partition(":")[0] in kinds for one in row["order"]["warnings"])


def _notable(file: File, row: Mapping[str, Any]) -> bool:
    if file.format in ORDERS:
        return bool(row["status"] == "order") == bool(file.why)
    return bool(row["status"] == "refused" or (file.format in KINDS and row["kind"] not in KINDS[file.format]))


def _told(file: File, row: Mapping[str, Any]) -> dict[str, Cell]:
    return {
        "file": file.path.name[:44],
        "format": file.format,
        "looks": file.why or "well-formed",
        "status": str(row["status"]),
        "kind": str(row["kind"]),
        "reason": str(row["reason"])[:90],
    }


# --- generated documents ----------------------------------------------------------------------------------------


def generated(seed: int, count: int, formats: Sequence[Format], at: int, of: int) -> list[Read]:
    """Reads every ``of``-th arrival of a run, from ``at`` on, and compares what its author wrote."""
    run = start(seed, count, formats=formats)
    world = cast("Mapping[str, Any]", world_json(run.world))
    customers = {str(one["number"]): one for one in world["customers"]}
    found: list[Read] = []
    for index, arrival in enumerate(arrivals(run)):
        if index % of != at or not arrival.truth["is_order"]:
            continue
        truth = cast("Mapping[str, Any]", arrival.truth)
        written = [one for one in truth["orders"] if one["reading"] is not None]
        outcome = read(arrival.document, arrival.name)
        orders = outcome.orders if isinstance(outcome, Orders) else ()
        pairs = matched(orders, [one["reading"] for one in written])
        for one, (reading, order) in zip(written, pairs, strict=True):
            fields = () if order is None else tuple(compare(reading, order, customers[one["customer"]]))
            found.append(
                Read(str(truth["format"]), tuple(truth["defects"]), arrival.name, order, fields, _why(outcome))
            )
    return found


def _why(outcome: Reading) -> str:
    if isinstance(outcome, NotAnOrder):
        return f"{outcome.kind}: {outcome.reason}"
    return f"{outcome.code}: {outcome.reason} {outcome.where}" if isinstance(outcome, Unreadable) else ""


def all_generated(seed: int, count: int, formats: Sequence[Format]) -> list[Read]:
    with ProcessPoolExecutor(2) as pool:
        halves = pool.map(partial(generated, seed, count, formats, of=2), range(2))
        return [one for half in halves for one in half]


def accuracy(report: Report, reads: Sequence[Read], *, worst: int) -> None:
    shares: list[dict[str, Cell]] = []
    table: list[dict[str, Cell]] = []
    for form in dict.fromkeys(one.form for one in sorted(reads, key=lambda one: one.form)):
        of_form = [one for one in reads if one.form == form]
        confident = [one for one in of_form if one.order is not None and sure(one.order)]
        table.append({"format": form, **_accuracies(confident)})
        shares.append(
            {
                "format": form,
                "orders": len(of_form),
                "read": sum(one.order is not None for one in of_form),
                "with confidence %": _percent(len(confident), len(of_form)),
                "of these all right %": _percent(sum(one.right for one in confident), len(confident)),
                "of all read all right %": _percent(
                    sum(one.right for one in of_form), sum(one.order is not None for one in of_form)
                ),
            }
        )
        least = 0.995 if form in STRUCTURED else 0.95
        for group in GROUPS:
            fields = [field for one in confident for field in one.fields if field.group == group]
            if fields:
                share = sum(field.right for field in fields) / len(fields)
                report.figure(f"{form}: {group} right", share, at_least=least)
    report.table("orders read with confidence", shares)
    report.table("fields right among these, %", table)
    report.table(f"what was misread with confidence (first {worst})", _worst(reads, worst))
    report.table(
        "why orders were not read", _counted(one.refused.partition(":")[0] for one in reads if one.order is None)
    )
    report.table(
        "what kept readings from confidence",
        _counted(
            f"{one.form} {warning.partition(':')[0]}"
            for one in reads
            if one.order is not None and not sure(one.order)
            for warning in (one.order.warnings or ("low: confidence",))
        ),
    )


def _accuracies(reads: Sequence[Read]) -> dict[str, Cell]:
    row: dict[str, Cell] = {}
    for group in GROUPS:
        fields = [field for one in reads for field in one.fields if field.group == group]
        row[group] = _percent(sum(field.right for field in fields), len(fields))
    return row


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def _counted(names: Iterator[str]) -> list[dict[str, Cell]]:
    return [{"what": name, "times": times} for name, times in Counter(names).most_common(40)]


def _worst(reads: Sequence[Read], most: int) -> list[dict[str, Cell]]:
    found: list[dict[str, Cell]] = [
        {"arrival": one.arrival, "format": one.form, "field": field.path, "said": field.said[:100]}
        for one in reads
        if one.order is not None and sure(one.order)
        for field in one.fields
        if not field.right
    ]
    return found[:most]


# --- confidence -------------------------------------------------------------------------------------------------


def samples(reads: Sequence[Read]) -> tuple[list[Sample], list[tuple[str, bool]]]:
    """What confidences are fitted on: each order's features with whether all of it is right, each field's cell."""
    orders = [Sample(features(one.order), one.right) for one in reads if one.order is not None]
    cells = [
        (field_key(one.order, field.path, source, doubtful=doubted(one.order)), field.right)
        for one in reads
        if one.order is not None
        for field in one.fields
        if (source := one.order.sources.get(field.path)) is not None
    ]
    return orders, cells


def calibrate(report: Report, formats: Sequence[Format]) -> None:
    reads = [one for seed in FITTED for one in all_generated(seed, FIT_ARRIVALS, formats)]
    orders, cells = samples(reads)
    calibration = fit(orders, cells)
    CALIBRATION.write_text(json.dumps(calibration, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    report.figure("orders fitted on", len(orders), at_least=1000)
    report.figure("fields fitted on", len(cells))


def reliable(report: Report, reads: Sequence[Read]) -> None:
    said = [(one.order.confidence, one.right) for one in reads if one.order and one.order.confidence is not None]
    if not said:
        report.progress("nothing is calibrated: run --calibrate")
        return
    rows, error = reliability(said)
    report.table("reliability of the order's confidence", rows)
    report.figure("order: expected calibration error", error, at_most=None if report.quick else 0.05)
    report.figure("order: AUC of confidence", auc(said), at_least=None if report.quick else 0.9)
    fields = [
        (source.confidence, field.right)
        for one in reads
        if one.order is not None
        for field in one.fields
        if (source := one.order.sources.get(field.path)) is not None and source.confidence is not None
    ]
    rows, error = reliability(fields)
    report.table("reliability of the fields' confidence", rows)
    report.figure("field: expected calibration error", error, at_most=None if report.quick else 0.02)


def main() -> int:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--formats", default="")
    parser.add_argument("--arrivals", type=int)
    parser.add_argument("--calibrate", action="store_true")
    parser.add_argument("--only", choices=("real", "generated", "speed"))
    parser.add_argument("--worst", type=int, default=30)
    chosen, rest = parser.parse_known_args()
    description = (
        f"{(__doc__ or '').splitlines()[0]} --folder DIR: those real documents alone; --seed N repeats; --formats a,b;"
        " --arrivals N; --only real, generated or speed; --worst N: so many misreadings are named; --calibrate writes"
        " the confidences into the source."
    )
    report = Report("documents", description, rest, packages="lxml pdfminer.six pypdf python-calamine pydantic")
    formats = DEFAULT_FORMATS
    if chosen.formats:
        formats = tuple(form for form in get_args(Format) if form in chosen.formats.split(","))
    if chosen.calibrate:
        calibrate(report, formats)
        return report.close()
    folder: Path = chosen.folder or REAL
    if chosen.folder is not None and not chosen.folder.is_dir():
        print(f"error: {chosen.folder} is no folder", file=sys.stderr)
        return 2
    only = chosen.only or ("real" if chosen.folder is not None else None)
    if only in {None, "real"}:
        if folder.is_dir():
            report.progress(f"reading the documents of {folder.name}")
            real(report, folder)
        else:
            report.progress(f"SKIPPED: the real documents, {folder.name} is not there")
    if only in {None, "generated"}:
        seed = int.from_bytes(random_bytes(3)) | 1 << 16 if chosen.seed is None else chosen.seed
        report.condition("seed", seed)
        report.progress("reading generated documents")
        reads = all_generated(seed, chosen.arrivals or (QUICK if report.quick else ARRIVALS), formats)
        accuracy(report, reads, worst=chosen.worst)
        reliable(report, reads)
    if only in {None, "speed"}:
        report.progress("measuring the speed")
        speeds(report, formats)
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
