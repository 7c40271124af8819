from __future__ import annotations

import os
from pathlib import Path

import psycopg

from tests.cli.calls import Cli


def change(statement: str) -> None:
    """Changes the database as somebody who has its password would."""
    with psycopg.connect(os.environ["BRIDGEHEAD_DATABASE_URL"]) as conn:
        assert conn.execute(statement.encode()).rowcount


def test_a_changed_table_is_found_and_told(cli: Cli, orders: Path) -> None:
    """P8: a table that was changed beside a whole chain is named by verify, case and explain, with exit code 1."""
    cli.submit(orders, a={"po": "P-1", "amount": 500})
    cli.work(orders)
    whole = cli.ok("ledger", "verify")
    assert "and the tables agree with them" in whole.out
    assert "NOT AS RECORDED" not in cli.ok("case", "C-1").out
    change("update effects set state = 'committed' where id = 1")
    done = cli("ledger", "verify")
    assert done.code == 1
    told = "C-1: effects 1, state: different, the chain says virtual, the table says committed"
    assert told in done.out
    assert "1 rows or payloads are not as the ledger says" in done.out
    found = cli("ledger", "verify", "--json").json
    assert (found["whole"], found["breaks"], found["payloads_opened"]) == (False, [], True)
    assert found["differences"] == [
        {
            "chain": "C-1",
            "table": "effects",
            "id": "1",
            "field": "state",
            "kind": "different",
            "detail": "the chain says virtual, the table says committed",
        }
    ]
    assert told in cli.ok("case", "C-1").out
    explained = cli.ok("explain", "C-1").out
    assert "THIS ACCOUNT DOES NOT AGREE WITH THE LEDGER" in explained
    assert told in explained


def test_an_altered_payload_is_found_by_opening_it(cli: Cli, orders: Path) -> None:
    """P8: an altered payload is named where payloads are opened, and a deleted one also where they are not."""
    cli.submit(orders, a={"po": "P-1", "amount": 5})
    cli.work(orders)
    change(
        "update blobs set sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20))"
        " where commitment = (select document from arrivals)"
    )
    assert cli.ok("ledger", "verify", "--no-payloads", "--json").json["whole"] is True
    assert "A-1: blobs" in cli("ledger", "verify").out
    change("delete from blobs where commitment = (select outcome_blob from cases)")
    done = cli("ledger", "verify", "--no-payloads")
    assert done.code == 1
    assert "missing, a payload that the chain vouches for is not there" in done.out
