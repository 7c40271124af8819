"""Holds the pages of the error classes to the table: writes what is generated in them.

Run it after a change of the table: ``python -m tests.docs.error_pages``.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from itertools import groupby
from pathlib import Path
from typing import Final

from bridgehead.cli.application import run
from bridgehead.errors import ERROR_CLASSES, ErrorClass
from bridgehead.resilience.dispositions import disposition
from bridgehead.resilience.taxonomy import TABLE, Row
from tests.docs import tree

FOLDER: Final = tree.DOCS / "reference" / "errors"
SIGNS: Final = re.compile(r"<!-- signs -->\n.*?<!-- end of signs -->", re.DOTALL)
SHOWN: Final = re.compile(r"^```console\n\$ bridgehead (errors [^\n]+)\n.*?^```$", re.MULTILINE | re.DOTALL)
ORIGINS: Final = {
    "connection": "names, TCP, TLS, the HTTP client",
    "http": "HTTP systems",
    "model": "models",
    "sql": "SQL databases",
    "smtp": "SMTP",
    "imap": "IMAP",
    "files": "local files",
    "sftp": "SFTP",
    "s3": "S3-compatible storage",
    "python": "Python code",
    "bridgehead": "Bridgehead itself",
}
KINDS: Final = {"number": "number", "sqlite": "result code", "condition": "when", "wording": "text"}


def page(error_class: ErrorClass) -> Path:
    """Returns where a class's page is."""
    return FOLDER / f"{error_class}.md"


def filled(text: str, error_class: ErrorClass) -> str:
    """Returns a page with its signs and the output of its commands as they are."""
    text = SHOWN.sub(lambda found: f"```console\n$ bridgehead {found[1]}\n{_output(found[1])}\n```", text)
    return SIGNS.sub(lambda _: f"<!-- signs -->\n{_signs(error_class)}\n<!-- end of signs -->", text)


def _output(command: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = run(shlex.split(command))
    assert code == 0, command
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())


def _signs(error_class: ErrorClass) -> str:
    write = disposition(error_class, is_effect=True)
    lines = [
        f"Disposition: **{disposition(error_class)}**"
        + ("" if write == disposition(error_class) else f", of a write that did not happen **{write}**")
        + ".",
        "",
        "| Said by | Sign | A write happened | What it says | Source |",
        "|---|---|---|---|---|",
    ]
    known = [row for row in TABLE if row.error_class == error_class]
    for (origin, kind, applied, why, source), group in groupby(known, key=_alike):
        signs = ", ".join(f"`{_cell(row.sign)}`" for row in group)
        named = f"{KINDS[kind]} {signs}" if kind in KINDS else signs
        lines.append(f"| {ORIGINS[origin]} | {named} | {'no' if applied is False else 'perhaps'} | {why} | {source} |")
    return "\n".join(lines)


def _alike(row: Row) -> tuple[str, str, bool | None, str, str]:
    return row.origin, row.kind, row.applied, row.why, row.source


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    for name in ERROR_CLASSES:
        page(name).write_text(filled(page(name).read_text("utf-8"), name), "utf-8")
