from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest

from bridgehead.errors import Failed
from tests.support.http_wires import Wired
from tests.support.tryton import Tryton, tryton_cluster, tryton_shared

__all__ = ["tryton_cluster", "tryton_shared"]

ERRORS = [
    {"body": {"at": "error.0", "matches": "^UserError$"}, "error": "invalid_input", "message": "error.1"},
    {"body": {"at": "error"}, "error": "bug", "message": "error.0"},
]  # fmt: skip
FIELDS = ["id", "code", "name"]


def call(method: str, *params: object) -> dict[str, object]:
    return {"method": "POST", "path": "/rpc/", "body": {"id": 1, "method": method, "params": list(params)}}


def connected(tryton: Tryton, folder: Path) -> Wired:
    """Returns what a user would specify for Tryton's JSON-RPC: a session, and errors in answers that succeed."""
    (folder / "password").write_text(tryton.password)
    login = {
        "user": tryton.user,
        "password": "file:password",
        "request": call("common.db.login", "{user}", {"password": "{password}"}),
        "take": {"number": "result.0", "session": "result.1"},
        "value": "Session {user}:{number}:{session}|base64",
    }
    read = {
        "request": call("model.party.party.search_read", [["id", ">", "{after}"]], 0, 50, [["id", "ASC"]], FIELDS, {}),
        "rows": "result",
    }
    action = {"request": call("model.party.party.create", [{"nothing": "{po}"}], {})}
    return Wired(
        f"{tryton.url}/{tryton.database}", folder=folder, auth={"login": login}, errors=ERRORS, read=read, action=action
    )


async def test_a_session_of_tryton_is_opened_once_and_anew(tryton_shared: Tryton, tmp_path: Path) -> None:
    """JSON-RPC is reached by a specification alone: one login for all calls, another once the session is gone."""
    async with connected(tryton_shared, tmp_path) as wired:
        answers = await asyncio.gather(*(wired.find(after=0) for _ in range(5)))
        assert all(sorted(row) == sorted(FIELDS) for row in answers[0].rows)
        assert all(answer.rows == answers[0].rows for answer in answers)
        assert (len(answers[0].rows), wired.limits.admitted) == (50, 6)
        with psycopg.connect(tryton_shared.tables) as conn:
            conn.execute("delete from ir_session")
        again = await asyncio.gather(*(wired.find(after=0) for _ in range(5)))
        assert [answer.rows for answer in again] == [answer.rows for answer in answers]
        assert wired.limits.admitted - 6 <= 5 + 1 + 5
        with pytest.raises(Failed) as failed:
            await wired.book()
    assert (failed.value.error_class, failed.value.applied, failed.value.attributes["status"]) == ("bug", None, 200)
