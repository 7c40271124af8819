"""What is blacked out of a call."""

from __future__ import annotations

from bridgehead.gate.redaction import blacked_out
from bridgehead.spec.tool import JSON


def test_a_path_leads_through_lists_and_fields() -> None:
    """What stands under a path is blacked out in every place of a list, numbers too, and nothing else is."""
    args: dict[str, JSON] = {"lines": [{"note": "a", "n": 1}, {"note": None}], "note": "kept"}
    assert blacked_out(args, ["lines.note", "lines.n"]) == {
        "lines": [{"note": "[redacted]", "n": "[redacted]"}, {"note": None}],
        "note": "kept",
    }
    assert blacked_out({"to": {"a": ["x"], "b": 2, "c": ""}}, ["to.*"]) == {
        "to": {"a": ["[redacted]"], "b": "[redacted]", "c": ""}
    }
    assert blacked_out(args, ["absent.note"]) == args


def test_what_is_no_text_stays_for_the_sink_to_refuse() -> None:
    """Where only texts are blacked out a number stays, so that nobody takes its place for cleared."""
    assert blacked_out({"to": {"name": "x", "n": 1}}, ["to"], texts=True) == {"to": {"name": "[redacted]", "n": 1}}
