"""The guide about a database of one's own: what it asks a database administrator for is enough."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bridgehead.app import App
from bridgehead.errors import Unavailable
from bridgehead.settings import Settings
from tests.docs import tree
from tests.docs.walk import Command, Walk, environment, steps
from tests.support.world import World

CODE = """
@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    enter(po=po, number=f"N-{po}", amount=amount, key=effect_key())
    return Booking(f"N-{po}", po, amount)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    return await book(case.input["po"], case.input["amount"])
"""


@pytest.fixture
def granted(server: str) -> Iterator[str]:
    """Gives the URL of a database made by the SQL of the guide, dropped at its end."""
    found = re.search(r"```sql\n(.*?)```", tree.page("howto/own-database.md"), re.DOTALL)
    assert found is not None
    with psycopg.connect(server, autocommit=True) as conn:
        for statement in found[1].split(";"):
            if statement.strip():
                conn.execute(statement.encode())
    try:
        yield server.replace("postgres:@/postgres?", "bridgehead@/bridgehead?")
    finally:
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute("drop database bridgehead with (force)")
            conn.execute("drop role bridgehead")


async def test_the_rights_of_the_guide_are_enough(granted: str, tmp_path: Path) -> None:
    """A role that is no superuser and owns its database runs a case from arrival to booking."""
    settings = Settings.model_validate(
        {"home": tmp_path, "database_url": granted, "sweep_s": 0.1, "lease_s": 3.0, "send_s": 1.0}
    )
    async with App.opened(settings) as app:
        world = World(app, tmp_path)
        await world.deploy(CODE, tools="book: allow")
        await world.submit({"po": "1", "amount": 5})
        await world.settle()
        assert [case["outcome"] for case in await world.cases()] == ["completed"]
        (row,) = await world.rows("select rolname::text, rolsuper from pg_roles where rolname = current_user")
        assert row == {"rolname": "bridgehead", "rolsuper": False}
        (number,) = await world.rows("select count(*) as n from pg_stat_activity where datname = current_database()")
        assert int(str(number["n"])) <= max(8, settings.concurrency + 4) + 1


async def test_a_role_without_rights_is_told_what_it_needs(granted: str, tmp_path: Path) -> None:
    """A role that may not create tables is refused with what to do, and not as a fault of Bridgehead."""
    with psycopg.connect(granted, autocommit=True) as conn:
        conn.execute("revoke create on schema public from public, pg_database_owner, bridgehead")
    settings = Settings.model_validate({"home": tmp_path, "database_url": granted})
    with pytest.raises(Unavailable, match="permission denied for schema public") as refused:
        async with App.opened(settings):
            pass
    assert "docs/howto/own-database.md" in refused.value.hint


def test_the_commands_of_the_guide_work(granted: str, tmp_path: Path) -> None:
    """The guide's commands run against such a database, with a key as the guide makes one, and show what it says."""
    with Walk(tmp_path, environment(tmp_path / "home", Path(sys.executable))) as walk:
        for number, step in enumerate(steps(tree.page("howto/own-database.md"))):
            walk.do(step)
            if number == 0:
                walk.environment["BRIDGEHEAD_DATABASE_URL"] = granted
                walk.do(Command('export BRIDGEHEAD_KEY="$(cat bridgehead.key)"', ()))
    assert (tmp_path / "bridgehead.key").stat().st_mode & 0o077 == 0
    assert not (tmp_path / "home" / "key").exists()
    assert (tmp_path / "heads-1.txt").is_file()
