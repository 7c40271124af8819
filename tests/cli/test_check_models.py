"""What ``check`` and ``doctor`` say before anything runs: models and prices, settings, the version."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calls import Cli

MODELS = """
limits: {cost: 5 EUR}
prices: prices.yaml
models:
  default: {url: "http://127.0.0.1:9/v1", name: house, max_tokens: 200, hedge: quick, fallback: spare}
  quick: {url: "http://127.0.0.1:9/v1", name: quick-1, price: {input: 1 EUR/M, output: 2 EUR/M}}
  spare: {url: "env:NO_SUCH_URL", name: spare-1}
"""
PRICES = "usd: 0.90 EUR\nmodels:\n  other: {input: 2 USD/M, output: 10 USD/M, cached: 1 USD/M}\n"


@pytest.fixture
def modelled(cli: Cli, orders: Path) -> Path:
    """Gives the folder of a deployment with three models, a hedge, a fallback and stages."""
    assert cli.folder.is_dir()
    file = orders / "bridgehead.yaml"
    text = file.read_text().replace("resume: 5m}", "resume: 5m, degrade: {quick: 10m}}")
    file.write_text(text + MODELS)
    (orders / "prices.yaml").write_text(PRICES)
    return orders


def test_check_shows_the_models(cli: Cli, modelled: Path) -> None:
    """Hedges, fallback models, stages, prices and what is unknown of them are shown before anything runs."""
    said = cli.ok("check", modelled).out
    rows = {line.split()[0]: line for line in said.splitlines() if line.startswith(("default", "quick", "spare"))}
    assert "house" in rows["default"]
    assert "quick" in rows["default"]
    assert "spare" in rows["default"]
    assert rows["default"].split()[-1] == "unknown"
    assert "1 EUR/M, 2 EUR/M" in rows["quick"]
    assert "not looked up" in rows["spare"]
    assert "A case may spend 5 EUR." in said
    assert "As a case's time runs out: quick when" in said
    assert "Model default has no price: each of its turns counts as up to 0.11 EUR or more of 5 EUR a case." in said
    found = cli.ok("check", modelled, "--json").json
    (default, quick, _) = found["models"]
    assert (default["hedge"], default["fallback"], default["price_known"]) == ("quick", "spare", False)
    assert quick["price"] == {"input": "1 EUR", "output": "2 EUR"}


def test_check_refuses_a_limit_that_no_case_can_keep(cli: Cli, modelled: Path) -> None:
    """A model without a price under a limit that one turn may pass is a mistake, with line, field and the ways out."""
    file = modelled / "bridgehead.yaml"
    file.write_text(file.read_text().replace("cost: 5 EUR", "cost: 0.05 EUR"))
    done = cli("check", modelled, "--json")
    (problem,) = done.json["problems"]
    assert (done.code, done.json["error"]["code"], problem["field"]) == (2, "prices.unknown", "models.default")
    assert problem["line"] > 0
    assert "max_tokens" in problem["hint"]


def test_a_misspelt_field_of_a_price_is_named(cli: Cli, modelled: Path) -> None:
    """A misspelt field of a price is named with the right one, in the deployment's file and in that of prices."""
    (modelled / "prices.yaml").write_text(PRICES.replace("cached", "cahced"))
    assert "did you mean cached?" in cli("check", modelled).err
    (modelled / "prices.yaml").write_text(PRICES.replace("models", "modles"))
    assert "did you mean models?" in cli("check", modelled).err
    (modelled / "prices.yaml").write_text(PRICES)
    file = modelled / "bridgehead.yaml"
    file.write_text(file.read_text().replace("output: 2 EUR/M", "output: 2 EUR/M, cahced: 1 EUR/M"))
    assert "did you mean cached?" in cli("check", modelled).err


@pytest.mark.parametrize(
    "word, right", [("throtled", "throttled"), ("Throttled", "throttled"), ("rate_limit", "known")]
)
def test_a_misspelt_error_class_is_named(cli: Cli, word: str, right: str) -> None:
    """A misspelt error class is refused with the nearest one, or with all of them."""
    done = cli("errors", "--class", word)
    assert done.code == 2
    assert f"did you mean {right}?" in done.err or right == "known"
    assert "throttled" in done.err


def test_the_version_needs_no_command(cli: Cli) -> None:
    """--version alone prints the version and is no failure."""
    assert cli.ok("--version").out.startswith("bridgehead ")


def test_doctor_reports_a_wrong_setting_and_goes_on(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong variable of the environment is a line of doctor like others, and all the others are there."""
    monkeypatch.setenv("BRIDGEHEAD_CONCURRENCY", "many")
    monkeypatch.setenv("BRIDGEHEAD_LOG", "loud")
    done = cli("doctor", "--json")
    assert done.code == 1
    wrong = [line["found"] for line in done.json["lines"] if line["what"] == "settings"]
    assert [text.partition(":")[0] for text in wrong] == ["BRIDGEHEAD_CONCURRENCY", "BRIDGEHEAD_LOG"]
    assert {"database", "key", "disk", "ports"} <= {line["what"] for line in done.json["lines"]}
    monkeypatch.delenv("BRIDGEHEAD_LOG")
    monkeypatch.delenv("BRIDGEHEAD_CONCURRENCY")
    monkeypatch.setenv("BRIDGEHEAD_SEND_S", "99")
    said = cli("doctor", "--json").json["lines"]
    assert "BRIDGEHEAD_SEND_S (99) must be less" in said[0]["found"]
    assert any(line["what"] == "database" and "PostgreSQL" in line["found"] for line in said), "its database is asked"


def test_check_prints_no_value_of_the_environment(cli: Cli, modelled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that is read from the environment is shown as it is written."""
    monkeypatch.setenv("NO_SUCH_URL", "http://user:hunter2@127.0.0.1:9/v1")
    for more in ([], ["--json"]):
        said = cli.ok("check", modelled, *more)
        assert "env:NO_SUCH_URL" in said.out
        assert "hunter2" not in said.out + said.err
