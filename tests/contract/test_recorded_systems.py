"""The order desk and Tryton over recordings of the real ones: what is promised is proved, and each break is named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, cast

import pytest

from bridgehead.connectors.document_entity import LetPart
from bridgehead.connectors.proving.prove import prove
from bridgehead.connectors.proving.recording import recording_path
from bridgehead.connectors.proving.verdict import Proof
from bridgehead.errors import Failed
from tests.support.mariadb import PASSWORDS
from tests.support.record_systems import TRYTON, WAWI
from tests.support.tryton_seed import AGENT_PASSWORD

SYSTEMS = {"wawi": WAWI, "tryton": TRYTON}

PROVED = {
    "wawi": {
        "get_items:not_whole": "a SELECT that counts its rows",
        "find_orders:stale": "a copy that lags, and one whose lag nobody knows",
        "find_orders:elsewhere": "the database's allow-list",
        "book_order:lost_reply": "a procedure that commits by itself",
        "book_order:server_error": "a deadlock in a procedure",
        "book_order:unfinished": "two statements",
        "book_order:undo": "another procedure",
        "move_order:compare_and_set": "a version that a procedure compares",
        "move_order:repeated": "moved already",
    },
    "tryton": {
        "customers:needs": "a day that is read first",
        "create_order:needs": "five reads that come first",
        "create_order:expired_token": "a session that ended",
        "create_order:unfinished": "quote and confirm, each broken off in five ways",
        "create_order:lost_reply": "a sale that stays a draft",
        "cancel_order:unfinished": "draft, then cancel",
        "create_order:undo": "taken back in two steps",
    },
}  # fmt: skip


def open_verdicts(proof: Proof) -> dict[str, str]:
    """Returns what is not proved, with the reason."""
    return {f"{one.tool}:{one.behaviour}": one.why for one in proof.verdicts if one.state == "not proved"}


@pytest.mark.parametrize("name", SYSTEMS)
async def test_what_is_special_of_a_system_is_proved(name: str) -> None:
    """Procedures, a lagging copy, sessions, reads that come first and requests that follow are proved."""
    meant = PROVED[name]
    proof = await prove(SYSTEMS[name], only={one.partition(":")[0] for one in meant})
    done = {f"{one.tool}:{one.behaviour}" for one in proof.verdicts if one.state == "proved"}
    assert set(meant) - done == set(), open_verdicts(proof)


BREAKS = {
    "wawi": {
        "mapping": ("{from: NETTO, type: money", "{from: NETTTO, type: money", "find_orders:recorded", "NETTTO"),
        "another column": ("name: BEZ1", "name: WGR", "get_items:recorded", "name: recorded"),
        "decimals": ("{from: MENGE, type: decimal, scale: 3}", "{from: MENGE, type: decimal, scale: 2}",
                     "order_lines:recorded", "quantity: recorded"),
        "key": ("    key: number\n    max_age: 1m", "    key: customer\n    max_age: 1m",
                "find_orders:promises", "its key was number and is customer"),
        "key of lists": ("key: [order, position]", "key: order", "order_lines:recorded", "key"),
        "freshness": ("max_age: 1m", "max_age: 1d", "find_orders:promises", "its max_age was 60 s and is 86400 s"),
        "no freshness": ("    max_age: 1m\n", "", "find_orders:stale", "nothing bounds how old order may be"),
        "lag": ("max_lag: 2m", "max_lag: 2h", "get_items:promises", "its max_lag was 120 s and is 7200 s"),
        "allow-list": ("hosts: [127.0.0.1]", "hosts: [other.example]", "get_items:elsewhere", "127.0.0.1"),
        "wide allow-list": ("hosts: [127.0.0.1]", "hosts: [127.0.0.1, b.example]", "get_items:elsewhere", "b.example"),
        "no allow-list": ("  hosts: [127.0.0.1]\n", "", "get_items:elsewhere", "was listed and is not"),
        "statement": ("AND A.LOEKZ <> 'X'\n            AND A.KDNR", "AND A.KDNR", "find_orders:recorded", "asks"),
        "count": ("AND A.BESTNR = UPPER(LEFT(TRIM(:reference), 20))\n        complete: {count: ANZAHL}",
                  "AND A.BESTNR = UPPER(LEFT(TRIM(:reference), 20))", "find_orders:not_whole", "not whole"),
        "label": ("label: confidential", "label: public", "get_customer:promises", "credit_limit carried a label"),
        "error": ("{sqlstate: 45S03, error: conflict, applied: false}", "{sqlstate: 45S03, error: conflict}",
                  "move_order:compare_and_set", "45S03"),
        "version": (":number, :version, :wish", ":number, 0, :wish", "move_order:compare_and_set", "version"),
        "comparing": ("      same:\n        address:", "      where:\n        address:",
                      "book_order:other_content", "not compared"),
    },
    "tryton": {
        "mapping": ("order_number: {from: number, type: code", "order_number: {from: nummer, type: code",
                    "orders:recorded", "order_number: recorded"),
        "lines": ("from: lines\\.\n", "from: rows\\.\n", "orders:recorded", "lines"),
        "key": ("    key: sale\n", "    key: order_number\n", "orders:promises", "its key was sale"),
        "key of a list": ("    key: item\n", "    key: price\n", "prices:promises", "its key was item"),
        "freshness": ("    key: sale\n    max_age: 1m\n", "    key: sale\n    max_age: 1h\n",
                      "orders:promises", "its max_age was 60 s and is 3600 s"),
        "no freshness": ("    key: sale\n    max_age: 1m\n", "    key: sale\n", "orders:stale", "nothing bounds"),
        "allow-list": ("timeout: 10s}\nauth", "timeout: 10s, hosts: [other.example]}\nauth",
                       "orders:recorded", "was not reached"),
        "wide allow-list": ("timeout: 10s}\nauth", "timeout: 10s, hosts: [erp.example, b.example]}\nauth",
                            "orders:elsewhere", "lists b.example"),
        "finished": ("      done: {state: [confirmed, processing, done]}\n", "", "create_order:unfinished", "finished"),
        "state": ("      - when: {state: quotation}", "      - when: {state: quoted}",
                  "create_order:recorded", "could not be finished"),
        "read first": ('number: "{ship_to}"}, take', 'number: "{customer}"}, take',
                       "create_order:recorded", "addresses_by_number"),
    },
}  # fmt: skip


@pytest.mark.parametrize("name, what", [(name, what) for name, breaks in BREAKS.items() for what in breaks])
async def test_a_break_is_not_proved_and_named(tmp_path: Path, name: str, what: str) -> None:
    """Breaking a mapping, a key, a freshness bound, an allow-list or a check of a real system's connector is named."""
    old, new, culprit, named = BREAKS[name][what]
    text = SYSTEMS[name].read_text(encoding="utf-8")
    assert old in text, old
    spec = tmp_path / SYSTEMS[name].name
    spec.write_text(text.replace(old, new, 1), encoding="utf-8")
    shutil.copy(recording_path(SYSTEMS[name]), recording_path(spec))
    proof = await prove(spec, only={culprit.partition(":")[0]})
    assert not proof.proved
    found = open_verdicts(proof)
    assert named in found.get(culprit, ""), found


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_committed_recording_holds_no_secret_and_no_place(name: str) -> None:
    """Passwords, sessions, ports and folders of the machine it was made on stand in no recording."""
    text = recording_path(SYSTEMS[name]).read_text(encoding="utf-8")
    secrets = [*PASSWORDS.values(), AGENT_PASSWORD, "order-agent", "Session ", "authorization", "bh-", str(Path.home())]
    assert not [one for one in secrets if one in text]
    assert "system: mariadb://127.0.0.1\n" in text if name == "wawi" else "system: http://erp.example/" in text


async def _careless_finish(_: object, __: str, ___: object, ____: object, _____: object, there: object) -> object:
    return cast("tuple[bool, object]", there)[1]


async def _careless_let(lets: Any, part: LetPart, values: object) -> object:  # noqa: ANN401  # a class of letting's own
    there = await lets._records(part, values)
    return lets._taken(part, there[0]) if there else 0


CARELESS = {
    "a copy that lags": (
        "sql_wire._Replica._fresh", lambda replica, _: replica.known_s or 0.0, "wawi", "find_orders:stale",
    ),
    "a procedure that commits": (
        "sql_act.Writer.stays_open", property(lambda _: True), "wawi", "book_order:lost_reply",
    ),
    "a version": (
        "sql_classify.SqlErrors.of", lambda *_, **__: Failed("refused", error_class="bug"), "wawi",
        "move_order:compare_and_set",
    ),
    "half a booking": ("acting.Actions._finish", _careless_finish, "tryton", "create_order:unfinished"),
    "a record that is not there": ("letting._Lets._one", _careless_let, "tryton", "create_order:needs"),
}  # fmt: skip


@pytest.mark.parametrize("what", CARELESS)
async def test_a_careless_connector_is_not_proved(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """If we believed a lagging copy, lost what a procedure kept, or left a booking half done, the proof would fail."""
    place, careless, name, culprit = CARELESS[what]
    monkeypatch.setattr(f"bridgehead.connectors.{place}", careless)
    found = open_verdicts(await prove(SYSTEMS[name], only={culprit.partition(":")[0]}))
    assert culprit in found, found
