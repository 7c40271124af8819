"""One frame for every benchmark: the same flags, a table with its conditions, JSON, and an exit code that tells.

A script makes a ``Report``, runs in the size that ``report.quick`` asks for, adds ``condition``, ``table`` and
``figure``, and ends in ``sys.exit(report.close())``: 0 when every target is met, 1 when one is missed (argparse
exits with 2 for wrong flags). What is measured goes to standard output, what is going on to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bridgehead.storage import embedded

Cell = str | int | float | None


@contextmanager
def database_folder() -> Iterator[Path]:
    """Gives a new folder for an embedded database; at the end the database is stopped and the folder is gone."""
    folder = Path(tempfile.mkdtemp(prefix="bh-"))  # short: a socket's path may have 107 characters
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value and the bounds it has to keep; without bounds it only informs."""

    name: str
    value: float
    unit: str
    at_most: float | None
    at_least: float | None

    @property
    def met(self) -> bool:
        """True when the value keeps its bounds; NaN keeps none."""
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )

    @property
    def target(self) -> str:
        """The bounds as people read them."""
        if self.at_most is not None and self.at_most == self.at_least:
            return f"= {_shown(self.at_most)}"
        parts = [] if self.at_least is None else [f">= {_shown(self.at_least)}"]
        return " and ".join(parts if self.at_most is None else [*parts, f"<= {_shown(self.at_most)}"])

    @property
    def verdict(self) -> str:
        """``met``, ``MISSED``, or nothing where there is no target."""
        if self.at_most is None and self.at_least is None:
            return ""
        return "met" if self.met else "MISSED"


class Report:
    """Collects what a benchmark measured and prints it once, as tables or (``--json``) as one object."""

    def __init__(self, name: str, description: str, argv: Sequence[str] | None = None, *, packages: str = "") -> None:
        """Reads ``--json`` and ``--quick``; ``packages`` are the distributions whose versions matter here."""
        parser = argparse.ArgumentParser(prog=f"bench/{name}.py", description=description)
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
        parser.add_argument("--quick", action="store_true", help="a smaller run of at most 60 s")
        arguments = parser.parse_args(argv)
        self.name = name
        self.quick: bool = arguments.quick
        self._json: bool = arguments.json
        self._conditions: dict[str, Cell] = _machine() | {package: version(package) for package in packages.split()}
        self._figures: list[Figure] = []
        self._tables: list[tuple[str, list[dict[str, Cell]]]] = []

    def progress(self, text: str) -> None:
        """Says on standard error what is going on."""
        print(text, file=sys.stderr, flush=True)

    def condition(self, name: str, value: Cell) -> None:
        """Records a circumstance that the figures depend on: sizes, seeds, versions."""
        self._conditions[name] = value

    def figure(
        self,
        name: str,
        value: float,
        *,
        unit: str = "",
        at_most: float | None = None,
        at_least: float | None = None,
        exactly: float | None = None,
    ) -> None:
        """Records a measured value with its target, if it has one."""
        if exactly is not None:
            at_most = at_least = exactly
        self._figures.append(Figure(name, value, unit, at_most, at_least))

    def table(self, title: str, rows: Sequence[Mapping[str, Cell]]) -> None:
        """Records a breakdown; the columns are the keys of the first row."""
        self._tables.append((title, [dict(row) for row in rows]))

    def close(self) -> int:
        """Prints everything and returns the exit code: 0 where every target was met and something was measured."""
        met = bool(self._figures) and all(figure.met for figure in self._figures)
        if self._json:
            print(json.dumps(self._object(met=met), indent=2, allow_nan=False))
        else:
            self._print(met=met)
        return 0 if met else 1

    def _object(self, *, met: bool) -> dict[str, object]:
        return {
            "bench": self.name,
            "quick": self.quick,
            "conditions": self._conditions,
            "tables": dict(self._tables),
            "figures": [
                {
                    "name": figure.name,
                    "value": figure.value,
                    "unit": figure.unit,
                    "at_least": figure.at_least,
                    "at_most": figure.at_most,
                    "met": figure.met,
                }
                for figure in self._figures
            ],
            "met": met,
        }

    def _print(self, *, met: bool) -> None:
        print(f"{self.name}{' (quick)' if self.quick else ''}")
        for title, rows in self._tables:
            print(f"\n{title}")
            _print_rows(rows)
        print("\nfigures")
        _print_rows(
            [
                {"figure": f.name, "value": f.value, "unit": f.unit, "target": f.target, "": f.verdict}
                for f in self._figures
            ]
        )
        print("\nconditions")
        _print_rows([{"": name, " ": value} for name, value in self._conditions.items()])
        missed = "A TARGET WAS MISSED" if self._figures else "NOTHING WAS MEASURED"
        print(f"\n{'all targets met' if met else missed}")


def _machine() -> dict[str, Cell]:
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "processors usable": cpus,
        "load when started": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "unknown"


def _shown(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4g}"
    return f"{value:,.0f}" if isinstance(value, (int, float)) else value


def _print_rows(rows: Sequence[Mapping[str, Cell]]) -> None:
    """Prints aligned columns, numbers to the right; an empty table says so."""
    if not rows:
        print("  (none)")
        return
    columns = list(rows[0])
    texts = [[_shown(row.get(column)) for column in columns] for row in rows]
    numeric = [all(isinstance(row.get(column), (int, float, type(None))) for row in rows) for column in columns]
    heading = [columns] if any(column.strip() for column in columns) else []
    widths = [max(len(line[index]) for line in [*heading, *texts]) for index in range(len(columns))]
    for line in [*heading, *texts]:
        cells = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ]
        print(f"  {'  '.join(cells)}".rstrip())
