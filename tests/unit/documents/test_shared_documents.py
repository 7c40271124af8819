from __future__ import annotations

from pathlib import Path

import pytest

from bench.document_files import KINDS, ORDERS, File, listed
from bridgehead.documents.outcome import Orders
from bridgehead.documents.reading import read
from bridgehead.documents.telling import tell

WHERE = ("segment", "line", "element", "document", "page", "attachment", "row", "SE", "GE", "IEA", "UNT", "UNZ")


@pytest.fixture
def files(shared_data: Path) -> list[File]:
    return listed(shared_data / "orders")


@pytest.mark.parametrize("form", [*ORDERS, *KINDS])
def test_public_documents_are_read_whole_or_called_what_they_are(form: str, files: list[File]) -> None:
    """Each well-formed public order is read, with every control value compared, and what is none has its kind."""
    of_form = [file for file in files if file.format == form]
    unread = []
    for file in of_form:
        outcome = read(file.path.read_bytes(), file.path.name)
        rows = tell(file.path.name, form, outcome)
        if form in KINDS:
            assert {row["kind"] for row in rows} <= KINDS[form], file.path.name
        elif rows[0]["status"] != "order" and not file.why:
            unread.append(f"{file.path.name}: {rows[0]['reason']}")
        if isinstance(outcome, Orders):
            for order in outcome.orders:
                said = any(warning.partition(":")[0] in {"totals", "count"} for warning in order.warnings)
                assert said or all(control.agrees is not False for control in order.controls), file.path.name
    sound = sum(not file.why for file in of_form)
    assert len(unread) <= 0.03 * sound, unread


def test_every_refusal_of_a_public_document_says_where(files: list[File]) -> None:
    """A refused file has a sentence for a reason, with the segment, element, line or page where it went wrong."""
    for file in files:
        for row in tell(file.path.name, file.format, read(file.path.read_bytes(), file.path.name)):
            if row["status"] == "refused":
                reason = str(row["reason"])
                assert any(word in reason for word in WHERE), f"{file.path.name}: {reason}"
