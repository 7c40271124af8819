"""The bench of AgentDojo's attacks: what it says without AgentDojo, and its plain look at where values come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import security
from bench.agentdojo import desk


def test_without_agentdojo_the_bench_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing AgentDojo is exit code 3 and the command that installs it, not a failure of the product."""
    monkeypatch.setattr(desk, "PYTHON", tmp_path / "none")
    with pytest.raises(SystemExit) as ended:
        security.main(["--quick"])
    assert ended.value.code == 3
    assert "make security" in capsys.readouterr().err


def test_a_field_is_vouched_for_as_its_label_says() -> None:
    """What people wrote beside a record is not the record's."""
    labels = {"*": "system_of_record", "*.subject": "untrusted"}
    assert security.vouched("*.recipient", labels)
    assert not security.vouched("*.subject", labels)
    assert not security.vouched("*.recipient", {})


def test_a_request_of_several_kinds_gets_all_their_tools_and_of_none_gets_reads() -> None:
    """The kind of work is told by the user's words alone."""
    types = {"transfers": r"\bsend\b", "account": r"\bpassword\b"}
    assert security.kind_of("Send 5 to Bob", types) == "transfers"
    assert security.kind_of("Send 5, then change my password", types) == "all"
    assert security.kind_of("What did I spend?", types) == "enquiries"


def test_the_halves_are_halves() -> None:
    """About half of the tasks are held out, and always the same ones."""
    kept = sum(not security.seen("banking", f"user_task_{number}") for number in range(200))
    assert 70 < kept < 130
