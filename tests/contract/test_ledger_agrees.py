"""The tables are what the ledger says, whatever happens to a case; and whoever changes a table is found."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import AsyncConnection

from bridgehead.app import App
from bridgehead.ledger.vault import Vault
from bridgehead.ledger.verify import Verification, verify
from bridgehead.settings import Settings
from bridgehead.storage.ledger_rows import stored_heads, stream, verify_ledger
from bridgehead.storage.ledger_tables import LedgerTables
from tests.support.ledger_story import tell_story
from tests.support.world import World

WITHOUT_GUARDS = """
do $$ declare one record; begin
  for one in select conrelid::regclass as place, conname from pg_constraint
             where contype = 'f' and connamespace = 'public'::regnamespace loop
    execute format('alter table %s drop constraint %I', one.place, one.conname);
  end loop;
end $$
"""
"""Whoever may change the schema is stopped by no foreign key."""


@dataclass(frozen=True)
class Story:
    """A database in which the story has happened."""

    url: str
    vault: Vault


@pytest.fixture(scope="module")
def story(server: str) -> Iterator[Story]:
    """Tells the story once; every test changes it in a transaction that is rolled back."""
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute("create database told")
    folder = Path(tempfile.mkdtemp(prefix="bht-"))
    url = server.replace("/postgres?", "/told?")
    settings = Settings.model_validate(
        {"home": folder / "home", "database_url": url, "lease_s": 3.0, "send_s": 1.0, "sweep_s": 0.1}
    )

    async def tell() -> Story:
        async with App.opened(settings) as app:
            await tell_story(World(app, folder))
            return Story(url, app.vault)

    try:
        yield asyncio.run(tell())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute("drop database if exists told with (force)")


async def seen(story: Story, *tampering: str, payloads: bool = True) -> Verification:
    """Returns what a verification sees after somebody changed the tables."""
    async with await AsyncConnection.connect(story.url, autocommit=True) as conn:
        if not tampering:
            return await verify_ledger(conn, vault=story.vault)
        async with conn.transaction(force_rollback=True):
            await conn.execute(WITHOUT_GUARDS)
            for statement in tampering:
                changed = await conn.execute(statement.encode())
                assert changed.rowcount, statement
            tables = LedgerTables(conn, story.vault if payloads else None)
            return await verify(stream(conn), await stored_heads(conn), None, tables)


def rows_of(story: Story, tampering: str) -> int:
    """Returns how many rows a tampering changes."""
    with psycopg.connect(story.url) as conn:
        conn.execute(WITHOUT_GUARDS.encode())
        count = conn.execute(tampering.encode()).rowcount
        conn.rollback()
    assert count > 0, tampering
    return count


def test_everything_that_happens_agrees(story: Story) -> None:
    """P8: after a story with every kind of review, decision, effect and outcome nothing is found."""
    found = asyncio.run(seen(story))
    assert found.breaks == ()
    assert found.differences == ()
    with psycopg.connect(story.url) as conn:
        for query, wanted in (
            (
                "select distinct kind from reviews",
                {"approval", "question", "exception", "unknown_effect", "deadline", "conflict", "document"},
            ),
            (
                "select distinct state from reviews",
                {"open", "approved", "edited", "rejected", "answered", "taken", "superseded"},
            ),
            ("select distinct state from effects", {"virtual", "held", "superseded", "cancelled", "committed"}),
            ("select distinct outcome from cases", {"completed", "settled_by_person", "would_hand_over", None}),
            ("select distinct relation from arrival_cases", {"opened", "resend", "revision"}),
            ("select distinct state from arrivals", {"read", "no_case", "settled"}),
            ("select distinct verdict from decisions", {"allow", "hold"}),
            ("select distinct kind from costs", {"tool", "model", "human"}),
            ("select distinct kind from steps", {"read", "effect", "model", "timer"}),
        ):
            there = {row[0] for row in conn.execute(query.encode())}
            assert wanted <= there, (query, wanted - there)
        escalated = conn.execute("select 1 from reviews where role = 'lead'").fetchall()
        assert escalated


FIELDS = {
    "arrivals": {
        "deployment": "'other'",
        "source": "'mail'",
        "source_key": "sha256('x')",
        "document": "(select document from arrivals where id = 2)",
        "size_bytes": "size_bytes + 1",
        "key_id": "key_id + 1",
        "state": "'stored'",
    },
    "arrival_cases": {"relation": "case relation when 'opened' then 'resend' else 'opened' end"},
    "cases": {
        "deployment": "'other'",
        "release": "sha256('x')",
        "level": "case level when 'shadow' then 'approve' else 'shadow' end",
        "business_key": "sha256('x')",
        "content": "sha256('x')",
        "revision": "revision + 100",
        "revises": "1",
        "key_id": "key_id + 1",
        "input": "sha256('x')",
        "state": "case state when 'done' then 'with_person' else 'done' end",
        "outcome": "case outcome when 'completed' then 'settled_by_person' else 'completed' end",
        "outcome_blob": "sha256('x')",
        "error_class": "case error_class when 'bug' then 'timeout' else 'bug' end",
    },
    "steps": {
        "seq": "seq + 100",
        "kind": "case kind when 'read' then 'timer' else 'read' end",
        "name": "'other'",
        "occurrence": "occurrence + 1",
        "ok": "not ok",
        "args_digest": "sha256('x')",
        "payload": "sha256('x')",
        "case_id": "case_id + 1",
    },
    "decisions": {
        "case_id": "case_id + 1",
        "tool": "'other'",
        "args_digest": "sha256('x')",
        "verdict": "'deny'",
        "policy_digest": "sha256('x')",
        "detail": "sha256('x')",
    },
    "effects": {
        "case_id": "case_id + 1",
        "deployment": "'other'",
        "tool": "'other'",
        "key": "sha256('x')",
        "args_digest": "sha256('x')",
        "occurrence": "occurrence + 1",
        "level": "'canary'",
        "payload": "sha256('x')",
        "result": "sha256('x')",
        "decision_id": "decision_id + 1",
        "superseded_by": "coalesce(superseded_by, 0) + 1",
        "state": "'failed'",
        "attempt": "attempt + 1",
    },
    "reviews": {
        "kind": "case kind when 'question' then 'approval' else 'question' end",
        "deployment": "'other'",
        "role": "'boss'",
        "effect_id": "coalesce(effect_id, 0) + 1",
        "args_digest": "sha256('x')",
        "error_class": "'timeout'",
        "key_id": "key_id + 1",
        "payload": "sha256('x')",
        "valid_for": "interval '99 days'",
        "state": "case state when 'approved' then 'rejected' else 'approved' end",
        "decided_by": "'the boss'",
        "decided_via": "'slack'",
        "decided_for": "'the boss'",
        "answer": "sha256('x')",
        "minutes": "coalesce(minutes, 0) + 0.01",
        "used_at": "case when used_at is null then now() end",
    },
    "costs": {
        "kind": "case kind when 'tool' then 'human' else 'tool' end",
        "name": "'other'",
        "amount": "coalesce(amount, 0) + 0.001",
        "currency": "'USD'",
        "input_tokens": "coalesce(input_tokens, 0) + 1",
        "output_tokens": "coalesce(output_tokens, 0) + 1",
        "minutes": "coalesce(minutes, 0) + 0.01",
    },
    "levels": {"level": "'canary'", "set_by": "'the boss'"},
    "users": {
        "name": "'the boss'",
        "groups": "array_append(groups, 'leads')",
        "roles": "array_append(roles, 'admin')",
        "password": "case when password is null then sha256('x') end",
        "added_by": "'the boss'",
        "disabled_by": "case when disabled_by is null then 'the boss' end",
        "disabled_why": "'for fun'",
    },
    "api_tokens": {
        "token_digest": "sha256('x')",
        "issuer": "'https://another.example'",
        "subject": "'the boss'",
        "scopes": "array_append(scopes, 'admin')",
        "made_by": "'the boss'",
        "revoked_by": "case when revoked_by is null then 'the boss' end",
    },
    "barred_subjects": {"subject": "'another'", "barred_by": "'the boss'", "reason": "'for fun'"},
    "releases": {"manifest": "manifest || ' '", "deployment": "'other'", "digest": "sha256('x')"},
}
"""Each column that the ledger vouches for, and what somebody sets it to."""


NAMES = (("releases", "deployment"), ("users", "name"), ("barred_subjects", "subject"))
"""Columns by which a row is known: when one changes, a row is missing and another one additional."""

UNIQUE = ("source_key", "release", "business_key", "key", "token_digest")
"""Columns of which no two rows may hold the same."""


@pytest.mark.parametrize("table, column", [(table, column) for table, columns in FIELDS.items() for column in columns])
def test_a_changed_column_is_named(story: Story, table: str, column: str) -> None:
    """P8: every changed value of every covered column is named by its row, and no other row is."""
    value = FIELDS[table][column]
    changed = f"update {table} set {column} = {value} where {column} is distinct from ({value})"
    moved = column in ("case_id", "seq", "digest") or (table, column) in NAMES
    if moved or column in UNIQUE:
        changed += f" and ctid = (select max(ctid) from {table})"
    count = rows_of(story, changed)
    found = asyncio.run(seen(story, changed, payloads=False))
    named = {(each.chain, each.table, each.id) for each in found.differences if each.table == table}
    assert len(named) == count * (2 if moved else 1), (count, found.differences)
    assert found.breaks == ()


@pytest.mark.parametrize("table", sorted(FIELDS))
def test_a_deleted_row_is_named(story: Story, table: str) -> None:
    """P8: each row that was deleted is named as missing."""
    with psycopg.connect(story.url) as conn:
        rows = conn.execute(f"select count(*) from {table}".encode()).fetchone()
    found = asyncio.run(seen(story, f"delete from {table}", payloads=False))
    assert rows is not None
    assert [each.kind for each in found.differences if each.table == table].count("missing") == rows[0] > 0


@pytest.mark.parametrize(
    "forged, table, chain",
    [
        (
            (
                "insert into reviews (kind, deployment, role, case_id, key_id, payload, state, decided_by, decided_at)"
                " select kind, deployment, role, 4, key_id, payload, 'approved', 'the boss', now() from reviews"
                " where case_id is not null limit 1"
            ),
            "reviews",
            "C-4",
        ),
        (
            (
                "insert into decisions (case_id, tool, args_digest, verdict, policy_digest, detail)"
                " select 99, tool, args_digest, 'allow', policy_digest, detail from decisions limit 1"
            ),
            "decisions",
            "C-99",
        ),
        (
            "insert into costs (case_id, kind, name, amount, currency) values (5, 'tool', 'x', -3, 'EUR')",
            "costs",
            "C-5",
        ),
        ("insert into levels (deployment, level, set_by) values ('more', 'autonomous', 'x')", "levels", "D-more"),
        ("insert into users (name, roles, added_by) values ('eve', '{admin}', 'ops')", "users", "S-authority"),
        (
            (
                "insert into api_tokens (token_digest, label, subject, scopes, made_by, made_at, ends_at)"
                " values (sha256('x'), 'x', 'anna', '{admin}', 'anna', now(), now())"
            ),
            "api_tokens",
            "S-authority",
        ),
    ],
)
def test_an_added_row_is_named(story: Story, forged: str, table: str, chain: str) -> None:
    """P8: a row that no ledger row speaks of is named, whether its chain exists or not."""
    found = asyncio.run(seen(story, forged, payloads=False))
    assert [(each.kind, each.table, each.chain) for each in found.differences] == [("additional", table, chain)]


PAYLOADS = {
    "deleted": "delete from blobs",
    "exchanged": "update blobs b set sealed = (select sealed from blobs c where c.commitment > b.commitment limit 1)"
    " where exists (select from blobs c where c.commitment > b.commitment)",
    "altered": "update blobs set sealed = set_byte(sealed, 20, (get_byte(sealed, 20) + 1) % 256)",
    "under another key": "update blobs set key_id = key_id + 1000",
}


@pytest.mark.parametrize("how", sorted(PAYLOADS))
def test_a_changed_payload_is_named(story: Story, how: str) -> None:
    """P8: each payload that is gone, or is not the one that was committed to, is named."""
    count = rows_of(story, PAYLOADS[how])
    found = asyncio.run(seen(story, PAYLOADS[how]))
    assert len({each.id for each in found.differences if each.table == "blobs"}) == count > 50


def test_an_erased_key_is_reported_and_its_payloads_are_not(story: Story) -> None:
    """P8: an erased data key of which the ledger says nothing is reported as that, once."""
    erased = "update data_keys set wrapped = null, erased_at = now() where id = (select key_id from cases where id = 4)"
    found = asyncio.run(seen(story, erased))
    assert [(each.chain, each.table, each.field) for each in found.differences] == [("C-4", "data_keys", "erased")]


def test_an_exchanged_key_is_named(story: Story) -> None:
    """P8: a data key that does not open is named."""
    found = asyncio.run(
        seen(story, "update data_keys set wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20))")
    )
    assert {(each.table, each.field) for each in found.differences} == {("data_keys", "wrapped")}
    found = asyncio.run(seen(story, "update data_keys set wrapped = (select wrapped from data_keys where id = 1)"))
    assert {each.table for each in found.differences} == {"blobs"}


def test_an_account_that_was_changed_says_so(story: Story) -> None:
    """P8: a case's own account names what does not agree with the ledger."""
    from bridgehead.cli.telling import of_case
    from bridgehead.storage.database import Database
    from bridgehead.storage.queries_cases import CaseQueries

    async def told() -> tuple[str, str]:
        database = Database(story.url, size=1)
        await database.open()
        try:
            queries = CaseQueries(database, story.vault)
            before = of_case(await queries.case(4))[-1].sentences
            async with database.transaction() as conn:
                await conn.execute("update effects set state = 'failed' where case_id = 4")
            after = of_case(await queries.case(4))[-1].sentences
            async with database.transaction() as conn:
                await conn.execute("update effects set state = 'committed' where case_id = 4")
            return " ".join(before), " ".join(after)
        finally:
            await database.close()

    before, after = asyncio.run(told())
    assert "agrees with it" in before
    assert "DOES NOT AGREE" in after
    assert "the chain says committed, the table says failed" in after
