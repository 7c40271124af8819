"""A deployment whose limit of money no case could keep is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridgehead import ids
from bridgehead.app import load_deployment
from bridgehead.spec.problem import DeploymentError

YAML = """\
deployment: orders
agent: {module}:agent
owner: desk@example.com
case: {{key: [po], deadline: 30m}}
tools: {{}}
roles: {{desk: {{members: "group:desk"}}}}
fallback: desk
models:
  default: {{url: "http://127.0.0.1:9/v1", name: house{fields}}}
  spare: {{url: "http://127.0.0.1:9/v1", name: spare{spare}}}
{more}
"""
CODE = "from bridgehead import Case, Context\nasync def agent(case: Case[dict], ctx: Context) -> int:\n    return 1\n"
LIMIT = "limits: {cost: 0.50 USD}"


def write(folder: Path, more: str = LIMIT, fields: str = "", spare: str = "") -> Path:
    """Writes a deployment with a model of its own server, and returns its folder."""
    module = f"priced_{ids.random_hex(6)}"
    (folder / f"{module}.py").write_text(CODE)
    text = YAML.format(module=module, fields=fields, spare=spare, more=more)
    (folder / "bridgehead.yaml").write_text(text)
    return folder


@pytest.mark.parametrize(
    "given, field",
    [
        ({}, "models.default"),
        ({"fields": ", max_tokens: 100, fallback: spare"}, "models.spare"),
        ({"fields": ", max_tokens: 100, hedge: spare", "spare": ", max_tokens: 10000"}, "models.spare"),
    ],
)
def test_a_model_without_a_price_under_a_limit_is_refused(tmp_path: Path, given: dict[str, str], field: str) -> None:
    """P6: where one turn at the dearest price passes the limit, the mistake has its place and the ways out."""
    with pytest.raises(DeploymentError) as refused:
        load_deployment(write(tmp_path, **given))
    (problem,) = refused.value.problems
    assert (refused.value.code, problem.field) == ("prices.unknown", field)
    assert problem.line == (9 if field == "models.default" else 10)
    assert "0.50 USD" in problem.expected
    for way in ("price:", "max_tokens", "raise limits.cost", "leave that out"):
        assert way in problem.hint


@pytest.mark.parametrize(
    "given",
    [
        {"more": ""},
        {"more": "limits: {cost: 5 USD}"},
        {"fields": ", max_tokens: 100"},
        {"fields": ", price: {input: 1 USD/M, output: 2 USD/M}"},
    ],
)
def test_a_bound_a_price_or_no_limit_is_a_way_out(tmp_path: Path, given: dict[str, str]) -> None:
    """P6: where the dearest price keeps the limit, budgets count with it, and the deployment loads."""
    assert load_deployment(write(tmp_path, **given)).deployment.name == "orders"


def test_a_model_whose_address_is_not_set_here_is_not_refused(tmp_path: Path) -> None:
    """A machine that only checks lacks the address that a price is looked up by."""
    folder = write(tmp_path)
    file = folder / "bridgehead.yaml"
    file.write_text(file.read_text().replace('"http://127.0.0.1:9/v1"', '"env:NO_SUCH_MODEL_URL"'))
    assert load_deployment(folder).deployment.name == "orders"


PLACES = [
    ("outcome: {check: MODULE:nothing}", "check.import", "outcome.check"),
    ("outcome: {check: MODULE:CODE}", "check.import", "outcome.check"),
    ("outcome: {check: MODULE:judged}", "check.model", "outcome.check"),
    ("limits: {cost: 5 EUR}", "prices.currency", "limits.cost"),
]


@pytest.mark.parametrize("more, code, field", PLACES)
def test_a_mistake_that_shows_with_the_code_has_its_place(tmp_path: Path, more: str, code: str, field: str) -> None:
    """What does not fit the deployment's code is named with line and field, under its own code."""
    folder = write(tmp_path, more="")
    (module,) = folder.glob("priced_*.py")
    judged = "\nfrom bridgehead.cases.judging import by_model\nCODE = 1\njudged = by_model('Right?', model='jugde')\n"
    module.write_text(CODE + judged)
    file = folder / "bridgehead.yaml"
    file.write_text(file.read_text().rstrip() + "\n" + more.replace("MODULE", module.stem) + "\n")
    with pytest.raises(DeploymentError) as refused:
        load_deployment(folder)
    (problem,) = refused.value.problems
    assert (refused.value.code, problem.field, problem.line) == (code, field, 11)


def test_a_rule_for_no_tool_has_its_place(tmp_path: Path) -> None:
    """A rule for a tool that nobody declared is named with its line and field."""
    folder = write(tmp_path, more="")
    file = folder / "bridgehead.yaml"
    file.write_text(file.read_text().replace("tools: {}", "tools: {nobody: allow}"))
    with pytest.raises(DeploymentError) as refused:
        load_deployment(folder)
    (problem,) = refused.value.problems
    assert (refused.value.code, problem.field, problem.line) == ("tool.undeclared", "tools.nobody", 5)
