from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridgehead import ids
from bridgehead.app import load_deployment
from bridgehead.connectors.load import load_specification
from bridgehead.connectors.opening import forget
from bridgehead.errors import UserError
from bridgehead.spec.problem import Mistakes
from tests.cli.calls import Cli

YAML = """\
deployment: orders
agent: {module}:agent
owner: order-desk@example.com
case: {{key: [po], deadline: 30m}}
connect: [crm.yaml, shop.yaml]
intake: {intake}
roles: {{desk: {{members: "group:desk"}}}}
fallback: desk
"""
CRM = """\
connector: crm
kind: http
connection: {url: "https://crm.example.com"}
entities:
  ticket:
    key: number
    fields: {number: {type: code}, changed: {type: datetime}, price: {type: json}}
    reads:
      changed: {params: {since: datetime?}, request: {path: /tickets}}
      all: {request: {path: /tickets}}
intake: {poll: {read: changed, cursor: changed}}
"""
SHOP = """\
connector: shop
kind: http
connection: {url: "https://shop.example.com"}
intake: {webhook: {secret: "env:SHOP_SECRET"}}
"""
AGENT = """
from bridgehead import *

async def agent(case: Case[dict], ctx: Context) -> str:
    return "done"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("crm.yaml", CRM), ("shop.yaml", SHOP), (f"agent_{ids.random_hex(6)}.py", AGENT)):
        (tmp_path / name).write_text(text)
        forget(tmp_path / name)
    return tmp_path


def deployed(folder: Path, intake: str) -> Path:
    (folder / "bridgehead.yaml").write_text(YAML.format(intake=intake, module=next(folder.glob("*.py")).stem))
    return folder


@pytest.mark.parametrize(
    "intake, says",
    [
        (
            "[{webhook: shp}]",
            "bridgehead.yaml:6:20 intake.0.webhook: expected a connector under `connect`, found 'shp'",
        ),
        ("[{webhook: shp}]", "did you mean shop?"),
        ("[{poll: shop}]", "expected a connector whose file has intake.poll, found shop.yaml with webhook"),
        ("[{poll: shop}]", "write {webhook: shop}"),
        ("[{poll: crm.chnged}]", "expected a read of the connector, found 'crm.chnged'; did you mean changed?"),
        ("[{poll: crm.all}]", "a read that takes since and can do without"),
        ("[{mail: crm, folder: Orders}]", "expected a connector whose file has intake.mail"),
        ("[{poll: crm}, {poll: crm}]", "bridgehead.yaml:6:30 intake.1.poll: expected each source once"),
        ("[{queue: crm, files: crm}]", "one of {mail: NAME"),
        ("[{webhook: shop, folder: in}]", "one of {mail: NAME"),
        ("[{pol: crm}]", "did you mean poll?"),
    ],
)
def test_a_source_that_no_connector_provides_is_named(folder: Path, intake: str, says: str) -> None:
    """A source under `intake` that its connector does not provide is refused with its line and the nearest word."""
    with pytest.raises(Mistakes) as caught:
        load_deployment(deployed(folder, intake))
    assert says in str(caught.value)


SQL = CRM[: CRM.index("entities")].replace("kind: http", "kind: sql").replace("https://", "postgresql://")
QUEUE = "intake: {{queue: {{next: select 1 as id, key: id, document: id, done: {}}}}}"
MISTAKES = [
    (CRM.replace("cursor: changed", "cursor: chnged"), "a field of ticket"),
    (CRM.replace("cursor: changed", "cursor: price"), "a field of type datetime"),
    (CRM.replace("read: changed", "read: all"), "a read with the argument since"),
    (CRM.replace("since: datetime?", "since: datetime"), "since may be left out"),
    (CRM.replace("cursor: changed", "cursor: number, overlap: 5m"), "a cursor that is a time"),
    (CRM.replace("cursor: changed", 'cursor: changed, document: {path: "/x/{nmber}"}'), "did you mean number?"),
    (SHOP.replace("secret:", "header: X-Sig, secret:"), "no header beside standard_webhooks"),
    (SHOP.replace("env:SHOP_SECRET", "whsec_abcdef"), "a reference such as env:"),
    (SQL + QUEUE.format('"update q set done = 1"'), "a statement that marks one row"),
    (SQL + QUEUE.format('"update q set done = 1 where id = :idd"'), "did you mean id?"),
    (SQL + QUEUE.format('"commit"'), "one UPDATE"),
    (SHOP.replace("kind: http", "kind: mail").replace('webhook: {secret: "env:SHOP_SECRET"}', "mail: {}"), "move_to"),
    (SHOP.replace("intake: {", "intake: {folder: {}, "), "exactly one of mail, webhook, poll, queue, folder"),
]


@pytest.mark.parametrize("text, says", MISTAKES)
def test_an_intake_that_cannot_work_is_refused_at_load(tmp_path: Path, text: str, says: str) -> None:
    """A connector's intake whose parts do not fit together is refused when the file is loaded, with its place."""
    (tmp_path / "wrong.yaml").write_text(text)
    with pytest.raises(UserError) as caught:
        load_specification(tmp_path / "wrong.yaml")
    assert says in str(caught.value)


def test_intake_makes_no_release(folder: Path) -> None:
    """Changing how work comes in strands no waiting case: neither file's intake is part of the release."""
    before = load_deployment(deployed(folder, "[]")).release
    assert load_deployment(deployed(folder, "[{poll: crm}, {webhook: shop}]")).release == before
    (folder / "crm.yaml").write_text(CRM.replace("cursor: changed", "cursor: changed, every: 5s"))
    forget(folder / "crm.yaml")
    assert load_deployment(folder).release == before
    (folder / "crm.yaml").write_text(CRM.replace("path: /tickets", "path: /others"))
    forget(folder / "crm.yaml")
    assert load_deployment(folder).release != before


def test_check_tells_every_source(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`bridgehead check` says what becomes an arrival by each source, for people and as JSON."""
    monkeypatch.setenv("SHOP_SECRET", "whsec_YWJj")
    monkeypatch.setenv("BRIDGEHEAD_HOME", str(folder / "home"))
    cli = Cli(folder, monkeypatch, capsys)
    place = deployed(folder, "[{poll: crm}, {webhook: shop}, {folder: ./in}]")
    text = cli.ok("check", place).out
    assert "each version of what changed brings, by changed, every 60 s" in " ".join(text.split())
    assert "watches folders only" not in text
    assert "SHOP_SECRET" not in text
    monkeypatch.delenv("SHOP_SECRET")
    assert "shop.yaml: intake.webhook.secret: SHOP_SECRET is not set" in " ".join(cli.ok("check", place).out.split())
    found = json.loads(cli.ok("check", place, "--json").out)["intake"]
    assert found[0] == {"kind": "poll", "source": "crm"}
    assert len(found) == 3
