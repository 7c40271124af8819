"""Settings that do not fit together, or are none, are told before anything is done."""

from __future__ import annotations

import pytest

from tests.cli.calls import Cli


@pytest.mark.parametrize("given", [{"SEND_S": "20"}, {"LEASE_S": "1", "SEND_S": "5"}, {"LEASE_S": "3", "SEND_S": "3"}])
def test_a_send_ends_before_its_lease(cli: Cli, given: dict[str, str]) -> None:
    """A send that may last as long as the lease is refused by name, with both values, by every command."""
    for name, value in given.items():
        cli.monkeypatch.setenv(f"BRIDGEHEAD_{name}", value)
    said = f"BRIDGEHEAD_SEND_S ({given['SEND_S']}) must be less than BRIDGEHEAD_LEASE_S ({given.get('LEASE_S', 15)})"
    for command in (["cases"], ["worker", "orders"]):
        done = cli(*command)
        assert done.code == 2
        assert "settings.value" in done.err
        assert said in done.err
    report = cli("doctor")
    assert report.code == 1
    assert said in report.out


def test_a_variable_that_is_no_setting_is_told(cli: Cli) -> None:
    """A misspelled setting is warned of with the nearest right name, without its value, and changes nothing."""
    cli.monkeypatch.setenv("BRIDGEHEAD_LEASE", "hunter2")
    done = cli.ok("cases")
    assert "BRIDGEHEAD_LEASE is no setting and changes nothing: did you mean BRIDGEHEAD_LEASE_S?" in done.err
    assert "hunter2" not in done.err
    cli.monkeypatch.delenv("BRIDGEHEAD_LEASE")
    assert "warning" not in cli.ok("cases").err
