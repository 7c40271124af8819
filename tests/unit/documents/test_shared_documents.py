from __future__ import annotations

from collections import Counter
from pathlib import Path

from bridgehead.documents.outcome import NotAnOrder, Orders, Unreadable
from bridgehead.documents.reading import read

OTHER_KINDS = {
    "cxml_orderrequest": ("unsupported.",),
    "edifact_orders": ("unsupported.edifact",),
    "edifact_ordrsp": ("unsupported.edifact",),
    "orderx_xml": ("unsupported.",),
    "other_po_xml": ("unsupported.",),
    "pdf": ("pdf",),
    "tradacoms_order": ("unsupported.tradacoms",),
}


def test_public_documents_are_read_whole_or_refused_by_name(shared_data: Path) -> None:
    """Each public sample is read, told apart, or refused with a reason that names segment, line or kind."""
    seen: Counter[str] = Counter()
    for path in sorted((shared_data / "orders").glob("*/*")):
        folder = path.parent.name
        outcome = read(path.read_bytes(), path.name)
        seen[type(outcome).__name__] += 1
        if isinstance(outcome, Unreadable):
            assert outcome.reason.endswith("."), path
            if folder.startswith("x12"):
                assert "segment" in outcome.where, path
            elif folder == "csv":
                assert "line" in outcome.where, path
            else:
                assert outcome.code.startswith(OTHER_KINDS.get(folder, ("unsupported.",))), path
        elif isinstance(outcome, Orders):
            assert folder in {"x12_850", "csv"}, path
            assert all(order.po_number and order.lines for order in outcome.orders), path
        else:
            assert isinstance(outcome, NotAnOrder)
            assert folder == "x12_855", path
    assert seen["Orders"] >= 4
    assert seen.total() > 200
