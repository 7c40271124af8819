"""``notifications`` lists who was told of what and what nobody could be told of, and lets it be tried again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bridgehead.storage.database import Database
from tests.cli.calls import Cli

TO = """
autonomy: {level: approve}
channels:
  ops: {webhook: "http://127.0.0.1:9/hook", secrets: ["env:NO_SUCH_SECRET"]}
notify: {desk: "https://desk.example.com", roles: {desk: ops}, give_up: 1s, again: 1h}
"""


def held(cli: Cli, orders: Path) -> None:
    """Lets one call be held and tried to be told, by a channel whose secret is not there."""
    file = orders / "bridgehead.yaml"
    file.write_text(file.read_text() + TO)
    cli.submit(orders, a={"po": "P-1", "amount": 5000})
    cli.ok("worker", str(orders), "--until-idle")


async def _do(url: str, statement: str) -> None:
    database = Database(url, size=1)
    await database.open()
    try:
        async with database.connection() as conn:
            await conn.execute(statement.encode())
    finally:
        await database.close()


def test_what_nobody_could_be_told_of_is_listed_and_tried_again(cli: Cli, orders: Path, database_url: str) -> None:
    """A review without a channel is named above the list, with since when; retry starts it again."""
    assert "Nobody was told of anything." in cli.ok("notifications", "list").out
    held(cli, orders)
    (review,) = cli.ok("reviews", "--json").json["reviews"]
    asyncio.run(
        _do(
            database_url,
            "with one as (insert into notices (review_id, deployment, event, role, state, due_at)"
            " select id, deployment, 'opened', role, 'no_channel', bridgehead_now() + interval '1 h' from reviews"
            " returning id, review_id, deployment), two as (insert into notifications (notice_id, review_id,"
            " deployment, place, channel, kind, dedupe, state, attempts, error_class, why, settled_at)"
            " select id, review_id, deployment, 0, 'ops', 'webhook', 'ntf_1', 'failed', 2, 'timeout',"
            " E'late\\x1b[31m', bridgehead_now() from one)"
            " update reviews set no_channel_at = bridgehead_now()",
        )
    )
    shown = cli.ok("notifications", "list")
    assert f"{review['id']} of orders waits for desk, and nobody could be told since" in shown.err
    assert "timeout: late" in shown.out
    assert "\x1b[31m" not in shown.out
    listed = cli.ok("notifications", "list", "--review", review["id"], "--state", "failed", "--json").json
    assert [one["review"] for one in listed["no_channel"]] == [review["id"]]
    assert "failed" in {one["state"] for one in listed["notifications"]}
    assert "1 review is told of again" in cli.ok("notifications", "retry", review["id"]).out
    assert cli.ok("notifications", "retry", review["id"], "--json").json == {"reviews": 0}
    assert "there is no review R-999" in cli("notifications", "retry", "R-999").err


@pytest.mark.parametrize("wrong", [("--state", "lost"), ("--review", "C-1")])
def test_what_is_asked_for_wrongly_is_said(cli: Cli, orders: Path, wrong: tuple[str, str]) -> None:
    """An unknown state and an id of something else are wrong use."""
    cli.submit(orders, a={"po": "P-1", "amount": 5})
    assert cli("notifications", "list", *wrong).code != 0


def test_check_says_what_a_channel_lacks(cli: Cli, orders: Path) -> None:
    """A secret that is not set here, and a channel by which nobody is told, are remarks of check."""
    file = orders / "bridgehead.yaml"
    spare = '  spare: {teams: "env:NO_TEAMS_URL"}\nnotify:'
    file.write_text(file.read_text() + TO.replace("notify:", spare))
    shown = cli.ok("check", orders).out
    assert "channel ops: the environment holds no NO_SUCH_SECRET; a worker needs it." in shown
    assert "channel spare is named for no role" in shown
