"""``connector record`` against the running demo ERP and against systems that say too much."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
import yaml

from bridgehead.cli.application import run
from bridgehead.connectors.proving.prove import prove
from bridgehead.connectors.proving.record import record
from bridgehead.errors import UserError
from bridgehead.spec.tool import JSON
from tests.support.http_server import Told, http_server
from tests.support.record_systems import TEMPLATE, record_template
from tests.unit.erp import small_master
from tests.unit.erp.running import RunningErp

HERE = Path("tests/support/connectors")
HIDDEN = ("Rheinwerk", "Hafenstraße", "buying@", "rheinwerk.example.com", "50000.00", "Northfield")


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    running = RunningErp(tmp_path_factory.mktemp("erp"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def spec(erp: RunningErp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives the ERP's specification without recordings, and what it refers to."""
    monkeypatch.setenv("ERP_URL", erp.url)
    monkeypatch.setenv("ERP_TOKEN_URL", f"{erp.url}/oauth/token")
    monkeypatch.setenv("ERP_SECRET", erp.secret)
    return Path(shutil.copy(HERE / "erp.yaml", tmp_path / "erp.yaml"))


def booking(po_number: str) -> dict[str, JSON]:
    """Returns the arguments of a booking."""
    given = cast("dict[str, JSON]", small_master.booking(po_number))
    del given["header_code"]
    return given


def recorded(spec: Path) -> str:
    """Returns the text of the recordings."""
    return (spec.parent / "erp.recorded.yaml").read_text(encoding="utf-8")


async def orders(erp: RunningErp, po_number: str) -> list[str]:
    """Returns the states of all orders of a number, as the ERP itself has them."""
    async with erp.http() as http:
        found = (await http.get("/orders", params={"customer": "C100", "po_number": po_number})).json()["items"]
    return [str(order["status"]) for order in found]


async def test_a_recorded_erp_is_proved_and_holds_nothing_labelled(erp: RunningErp, spec: Path) -> None:
    """Recorded from a running system over tokens and pages, all behaviours are proved and no hidden value is kept."""
    await record(spec, "find_customers", {"number": "C100"})
    await record(spec, "find_customers", {"email": "buying@northfield.example.com"})
    booked = await record(spec, "book_order", booking("PO-REC"), write=True)
    assert isinstance(booked.call.result, dict)
    number = booked.call.result["order_number"]
    await record(spec, "find_orders", {"customer": "C100"})
    await record(spec, "get_order", {"order_number": number})
    assert await orders(erp, "PO-REC") == ["open"]
    await record(spec, "cancel_order", {"order_number": number}, write=True)
    assert await orders(erp, "PO-REC") == ["cancelled"]
    text = recorded(spec)
    assert not [value for value in (*HIDDEN, erp.secret, erp.url, "Bearer", "authorization") if value in text]
    pages = [one for one in yaml.safe_load(text.replace("!float", "!!float"))["calls"] if one["name"] == "find_orders"]
    assert len(pages[0]["exchanges"]) > 1
    proof = await prove(spec)
    assert proof.proved, proof.open


async def test_the_order_template_s_connector_is_recorded_and_proved(
    erp: RunningErp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that every order deployment begins with has all its behaviours proved, from recordings made here."""
    for name in ("ERP_URL", "ERP_CLIENT_SECRET"):
        monkeypatch.setenv(name, "")
    spec = Path(shutil.copy(TEMPLATE, tmp_path / "erp.yaml"))
    await record_template(spec, erp)
    proof = await prove(spec)
    assert proof.proved, "\n".join(f"{one.tool}:{one.behaviour}: {one.why}" for one in proof.open)


async def test_the_same_call_is_recorded_anew_as_the_same_text(spec: Path) -> None:
    """Recorded twice, a call takes its own place, and nothing but the times in it differs."""
    texts = []
    for _ in range(2):
        await record(spec, "find_customers", {"number": "C100"})
        texts.append(re.sub(r"recorded_at: .*|date: .*", "", recorded(spec)))
    assert texts[0] == texts[1]
    assert texts[0].count("name: find_customers\n") == 1


async def test_an_argument_that_is_hidden_is_recorded_as_its_stand_in(spec: Path) -> None:
    """A labelled value that is asked for is one stand-in in arguments, question and answer."""
    done = await record(spec, "find_customers", {"email": "buying@rheinwerk.example.com"})
    text = recorded(spec)
    assert str(done.call.arguments["email"]).endswith("@example.com")
    assert text.count(str(done.call.arguments["email"])) == 4
    assert "rheinwerk" not in text


async def test_an_action_needs_leave_and_a_warning_names_it(
    erp: RunningErp, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --write nothing is sent; with it, what will be done stands on the screen first."""
    given = spec.parent / "order.json"
    given.write_text(json.dumps(booking("PO-CLI")), encoding="utf-8")
    command = ["connector", "record", str(spec), "book_order", "--arguments", str(given)]
    assert await asyncio.to_thread(run, command) == 2
    assert "not carried out" in capsys.readouterr().err
    assert await orders(erp, "PO-CLI") == []
    assert await asyncio.to_thread(run, [*command, "--write"]) == 0
    shown = capsys.readouterr()
    assert "warning: book_order is carried out for real on erp (reversible)" in shown.err
    assert "PO-CLI" in shown.err
    assert "Recorded book_order" in shown.out
    assert await orders(erp, "PO-CLI") == ["open"]


async def test_what_is_there_already_is_not_recorded_as_a_write(erp: RunningErp, spec: Path) -> None:
    """An action whose effect exists is refused before anything is sent, and nothing is saved."""
    await record(spec, "book_order", booking("PO-TWICE"), write=True)
    before = recorded(spec)
    with pytest.raises(UserError, match="there already"):
        await record(spec, "book_order", booking("PO-TWICE"), write=True)
    assert await orders(erp, "PO-TWICE") == ["open"]
    assert recorded(spec) == before


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["find_order", "customer=C100"], "did you mean"),
        (["find_orders", "custumer=C100"], "did you mean"),
        (["find_orders", "customer"], "NAME=VALUE"),
        (["find_orders"], "customer"),
        (["book_order", "lines=[{", "--write"], "JSON"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_refused_with_what_to_write(
    spec: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    """A name, an argument or a value that does not fit ends with 2 and the right word, and nothing is saved."""
    assert run(["connector", "record", str(spec), *arguments]) == 2
    assert told in capsys.readouterr().err
    assert not (spec.parent / "erp.recorded.yaml").exists()


TALKATIVE = """\
connector: crm
kind: http
connection: {{url: "env:CRM_URL"}}
auth: {{bearer: {{token: "file:token"}}}}
entities:
  contact:
    key: id
    fields:
      id: {{from: id, type: code}}
      note: {{from: note, optional: true}}
      phone: {{from: phone, label: personal}}
    reads:
      find: {{params: {{id: code}}, request: {{path: /contacts, query: {{id: "{{id}}"}}}}}}
"""


@pytest.fixture
def crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    def made(url: str) -> Path:
        monkeypatch.setenv("CRM_URL", url)
        (tmp_path / "token").write_text("marked-secret-token", encoding="utf-8")
        (tmp_path / "token").chmod(0o600)
        (tmp_path / "crm.yaml").write_text(TALKATIVE.format(), encoding="utf-8")
        return tmp_path / "crm.yaml"

    return made


@pytest.mark.parametrize(
    "note, refused",
    [
        ("you came with marked-secret-token", "secret"),
        ("call", None),
        ("call +49 221 555017 back", None),
        ("https://crm.example.com/?tel=%2B49%20221%20555017", None),
        ("x+49 221 555017y", None),
        ("2215550179", "labelled"),
    ],
)  # fmt: skip
async def test_no_secret_and_no_labelled_value_is_saved(
    crm: Callable[[str], Path], note: str, refused: str | None
) -> None:
    """A labelled value is replaced wherever it stands; where it cannot be, and for a secret, nothing is saved."""
    phone = "221555017" if refused == "labelled" else "+49 221 555017"
    told = Told(body=[{"id": "1", "phone": phone, "note": note, "other": phone, "deep": [{"tel": phone}]}])
    async with http_server(lambda _: told) as server:
        path = crm(server.url)
        if refused:
            with pytest.raises(UserError, match=refused):
                await record(path, "find", {"id": "1"})
            assert not list(path.parent.glob("*recorded*"))
            return
        await record(path, "find", {"id": "1"})
    text = (path.parent / "crm.recorded.yaml").read_text(encoding="utf-8")
    assert "555017" not in text
    assert "marked-secret-token" not in text


async def test_what_no_field_maps_is_kept_by_its_shape_alone(crm: Callable[[str], Path]) -> None:
    """A value that the specification knows nothing of is replaced, its name and its shape stay."""
    sent = [{"id": "1", "phone": "0221 1", "insurance": "AB-1234", "age": 47, "mail": "a.b@firm.example"}]
    async with http_server(lambda _: Told(body=sent)) as server:
        path = crm(server.url)
        await record(path, "find", {"id": "1"})
    kept = yaml.safe_load((path.parent / "crm.recorded.yaml").read_text(encoding="utf-8"))
    (row,) = kept["calls"][0]["exchanges"][0]["answer"]["body"]
    assert row["id"] == "1"
    assert re.fullmatch(r"[A-Z]{2}-\d{4}", row["insurance"])
    assert row["insurance"] != "AB-1234"
    assert re.fullmatch(r"\d{2}", str(row["age"]))
    assert row["mail"].endswith("@example.com")
