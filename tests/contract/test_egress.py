"""A deployment that lists its hosts loads only when its connectors and models stay within them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from bridgehead.app import load_deployment
from bridgehead.spec.problem import DeploymentError

CODE: Final = """
from bridgehead import Case, Context


async def work(case: Case, ctx: Context) -> dict[str, str]:
    return {}
"""
DEPLOYMENT: Final = """
deployment: orders
agent: deploy:work
owner: desk@example.com
case: {{key: [number], deadline: 30m}}
roles: {{desk: {{members: "group:desk"}}}}
fallback: desk
tools: {{list_orders: allow}}
connect: [{connect}]
models: {{default: {{url: "env:EGRESS_MODEL", name: m}}}}
egress: {egress}
"""
HTTP: Final = """
connector: erp
kind: http
connection: {url: "https://erp.example.com/api", hosts: [erp.example.com, files.example.com], proxy: "http://proxy.example.com:3128"}
auth: {oauth2: {token_url: "https://login.example.org/token", client_id: bridgehead, client_secret: env:EGRESS_SECRET}}
entities:
  order:
    key: number
    fields: {number: text}
    reads: {list_orders: {params: {number: text}, request: {path: "/orders", query: {number: "{number}"}}}}
"""
SQL: Final = """
connector: books
kind: sql
connection: {url: "postgresql://db.example.com/books?host=standby.example.com"}
entities:
  order:
    key: number
    fields: {number: text}
    reads: {list_orders: {params: {number: text}, sql: "SELECT number FROM orders WHERE number = :number"}}
"""
FILES: Final = """
connector: drop
kind: files
connection: {url: "s3://bucket/in?region=eu-central-1"}
auth: {basic: {user: env:EGRESS_USER, password: env:EGRESS_SECRET}}
"""


def written(folder: Path, egress: str, connector: str = HTTP) -> Path:
    """Writes a deployment with one connector and one model."""
    (folder / "deploy.py").write_text(CODE)
    (folder / "erp.yaml").write_text(connector)
    (folder / "bridgehead.yaml").write_text(DEPLOYMENT.format(connect="erp.yaml", egress=egress))
    return folder


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("EGRESS_MODEL", "https://llm.example.net/v1")
    monkeypatch.setenv("EGRESS_USER", "u")
    monkeypatch.setenv("EGRESS_SECRET", "s")


def test_a_deployment_within_its_list_loads(tmp_path: Path) -> None:
    """Every declared place is listed: URL, hosts, proxy, token endpoint and the model's own."""
    listed = "['*.example.com', login.example.org, llm.example.net]"
    assert load_deployment(written(tmp_path, listed)).deployment.egress == (
        "*.example.com",
        "login.example.org",
        "llm.example.net",
    )


@pytest.mark.parametrize(
    "egress, connector, missing",
    [
        ("['*.example.com', llm.example.net]", HTTP,
         ["auth.oauth2.token_url of erp.yaml leads to login.example.org:443"]),
        ("['*.example.com', login.example.org]", HTTP,
         ["the model default leads to llm.example.net:443"]),
        ("[erp.example.com, files.example.com, login.example.org, llm.example.net]", HTTP,
         ["connection.proxy of erp.yaml leads to proxy.example.com:3128"]),
        ("[erp.example.com, proxy.example.com, login.example.org, llm.example.net]", HTTP,
         ["connection.hosts of erp.yaml leads to files.example.com"]),
        ("[db.example.com, llm.example.net]", SQL, ["connection.url of erp.yaml leads to standby.example.com:5432"]),
        ("['db.example.com:5433', standby.example.com, llm.example.net]", SQL,
         ["connection.url of erp.yaml leads to db.example.com:5432"]),
        ("[llm.example.net]", FILES, ["connection.url of erp.yaml leads to s3.eu-central-1.amazonaws.com:443"]),
        ("[]", SQL,
         ["db.example.com:5432", "standby.example.com:5432", "the model default leads to llm.example.net:443"]),
    ],
)  # fmt: skip
def test_a_declared_place_that_is_not_listed_keeps_it_from_loading(
    tmp_path: Path, egress: str, connector: str, missing: list[str]
) -> None:
    """Each place outside the list is named with where it is declared and what to add; nothing is connected to."""
    with pytest.raises(DeploymentError) as refused:
        load_deployment(written(tmp_path, egress, connector))
    assert refused.value.code == "deployment.egress"
    text = str(refused.value)
    assert all(one in text for one in missing)
    assert text.count("leads to") == len(missing)
    assert f"add {missing[0].rpartition(' ')[2].partition(':')[0]} to egress" in text


def test_a_proxy_of_the_environment_is_a_host_that_a_model_is_reached_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a proxy carries it may read: it is listed like the model, unless the model is asked past it."""
    place = written(tmp_path, "[db.example.com, standby.example.com]", SQL)
    monkeypatch.setenv("HTTPS_PROXY", "http://user:word@proxy.example.org:3128")
    with pytest.raises(DeploymentError, match=r"the proxy of the model default leads to proxy\.example\.org:3128"):
        load_deployment(place)
    monkeypatch.setenv("NO_PROXY", "llm.example.net")
    with pytest.raises(DeploymentError, match="the model default leads to") as refused:
        load_deployment(place)
    assert "proxy" not in str(refused.value)


def test_a_list_is_read_strictly(tmp_path: Path) -> None:
    """A name that would list more than is meant does not load, and the message says how it is written."""
    with pytest.raises(DeploymentError, match=r"egress.0: expected HOST, HOST:PORT or \*.DOMAIN"):
        load_deployment(written(tmp_path, "['*']"))
