"""The command that reads documents: one JSON object per order, or per document that holds none."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from pydantic import JsonValue

from bridgehead.documents.isolated import MEMORY, TIME_S, Isolated, Rows
from bridgehead.documents.listing import brief, files_of, read_file


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads and prints; returns 0 when every document was read or told what it is, 1 when one was refused, 2 for
    arguments that name nothing.
    """  # noqa: D205 - exit codes belong in one sentence
    parser = argparse.ArgumentParser(
        prog="python -m bridgehead.documents",
        description="Reads business documents: X12, EDIFACT, UBL, cXML, Order-X, CSV, workbooks, PDF, mails.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    reading = commands.add_parser(
        "read",
        help="print one JSON object per document or contained order",
        description="Prints one JSON object per order, or per document that holds none: file, format, status (order,"
        " refused, not_an_order), kind, reason, order. A folder stands for the files in it. Every file is read in a"
        f" process with limits: {TIME_S:.0f} s, {MEMORY // 10**6} MB. Exit status: 0 when all were read or told what"
        " they are, 1 when one was refused, 2 when a path names nothing.",
    )
    reading.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file or a folder")
    reading.add_argument("--pretty", action="store_true", help="indent the objects")
    reading.add_argument("--brief", action="store_true", help="one line of text per object instead of JSON")
    reading.add_argument(
        "--jobs", type=int, default=min(4, os.cpu_count() or 1), metavar="N", help="files under way at once"
    )
    chosen = parser.parse_args(arguments)
    missing = [path for path in chosen.paths if not path.exists()]
    if missing or chosen.jobs < 1:
        what = f"no such file or folder: {missing[0]}" if missing else "--jobs must be 1 or more"
        print(f"error: {what}", file=sys.stderr)
        return 2
    ended = 0
    for row in _read_all([*files_of(chosen.paths)], chosen.jobs):
        print(brief(row) if chosen.brief else json.dumps(row, indent=1 if chosen.pretty else None), flush=True)
        ended |= row["status"] == "refused"
    return int(ended)


def _read_all(files: Sequence[Path], jobs: int) -> Iterator[dict[str, JsonValue]]:
    """Yields what every file comes to, in the order of the files."""
    idle: SimpleQueue[Isolated] = SimpleQueue()
    readers = [Isolated() for _ in range(min(jobs, len(files)))]
    for reader in readers:
        idle.put(reader)

    def rows(file: Path) -> Rows:
        reader = idle.get()
        try:
            return read_file(reader, file)
        finally:
            idle.put(reader)

    with ThreadPoolExecutor(max_workers=max(len(readers), 1)) as pool:
        try:
            for found in pool.map(rows, files):
                yield from found
        finally:
            pool.shutdown(cancel_futures=True)
            for reader in readers:
                reader.close()


if __name__ == "__main__":
    sys.exit(main())
