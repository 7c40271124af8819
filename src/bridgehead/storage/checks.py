"""What checks said, what people say of it, and what cases came to beside it: the evidence of how good a check is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from bridgehead.errors import UserError
from bridgehead.ids import show
from bridgehead.ledger.vault import Vault
from bridgehead.spec.tool import JSON
from bridgehead.storage.database import Database
from bridgehead.storage.queries import Opener
from bridgehead.storage.sealing import Chain

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Checked:
    """One verdict of a check. ``right``: whether what was checked was right, by ``labelled_by``; None: not labelled.

    The rest is known of the last outcome of a case: the case's ``input``, the outcome as it was checked
    (``proposed``), and for one that a person settled the ``answer`` that was given instead.
    """

    id: str
    case: str
    subject: str
    checked_by: str
    attempt: int
    passed: bool
    said: bool
    at: datetime
    right: bool | None
    labelled_by: str | None
    input: JSON = None
    proposed: JSON = None
    answer: JSON = None


class CheckRows:
    """The verdicts of checks and their labels, on PostgreSQL."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def of(self, deployment: str, *, since_s: float) -> AsyncIterator[Checked]:
        """Yields the verdicts of a deployment's checks of the last ``since_s`` seconds, oldest first."""
        after = 0
        while True:
            async with self._database.connection() as conn:
                rows = await (
                    await conn.execute(
                        "select k.*, l.is_right, l.labelled_by, c.outcome, c.input, c.outcome_blob, d.wrapped,"
                        " i.sealed as sealed_input, o.sealed as sealed_outcome, r.payload, r.sealed as sealed_review,"
                        " k.subject = 'outcome' and not exists (select from checks n where n.case_id = k.case_id"
                        " and n.subject = 'outcome' and n.id > k.id) as last"
                        " from checks k join cases c on c.id = k.case_id join data_keys d on d.id = c.key_id"
                        " left join check_labels l on l.check_id = k.id"
                        " left join blobs i on k.subject = 'outcome' and i.commitment = c.input"
                        " left join blobs o on k.subject = 'outcome' and o.commitment = c.outcome_blob"
                        " left join lateral (select v.payload, b.sealed from reviews v join blobs b"
                        " on b.commitment = v.payload where v.case_id = k.case_id and v.kind = 'exception'"
                        " and v.error_class = 'invalid_output' and k.subject = 'outcome' and not k.passed"
                        " order by v.id limit 1) r on true"
                        " where k.id > %(after)s and k.deployment = %(d)s"
                        " and k.checked_at >= bridgehead_now() - make_interval(secs => %(since)s)"
                        " order by k.id limit %(n)s",
                        {"after": after, "d": deployment, "since": since_s, "n": _BATCH},
                    )
                ).fetchall()
            for row in rows:
                yield self._checked(row)
            if len(rows) < _BATCH:
                return
            after = rows[-1]["id"]

    async def label(self, number: int, *, right: bool, by: str) -> Checked:
        """Puts on record whether what a check looked at was right; a later word takes the place of an earlier one.

        Raises UserError for an unknown check.
        """
        async with self._database.transaction() as conn:
            row = await (await conn.execute("select * from checks where id = %s", (number,))).fetchone()
            if row is None:
                raise UserError(
                    f"there is no check {show('K', number)}",
                    code="check.unknown",
                    hint="'bridgehead checks list DEPLOYMENT' lists them.",
                )
            await conn.execute("select from cases where id = %s for update", (row["case_id"],))
            chain = await Chain.lock(conn, show("C", row["case_id"]), actor=f"person:{by}")
            await conn.execute(
                "insert into check_labels (check_id, is_right, labelled_by) values (%s, %s, %s)"
                " on conflict (check_id) do update set is_right = excluded.is_right,"
                " labelled_by = excluded.labelled_by, labelled_at = bridgehead_now()",
                (number, right, by),
            )
            await chain.append("check.labelled", {"check": number, "right": right, "by": by})
            await chain.close()
        return _plain(row, right=right, by=by)

    def _checked(self, row: Mapping[str, object]) -> Checked:
        found = _plain(row, right=row["is_right"], by=row["labelled_by"])
        if not row["last"]:
            return found
        opener = Opener.of(self._vault, _bytes(row["wrapped"]))
        stored = _mapping(opener.open(_bytes(row["sealed_input"]), _bytes(row["input"])).value)
        ended = _mapping(opener.open(_bytes(row["sealed_outcome"]), _bytes(row["outcome_blob"])).value)
        shown = _mapping(opener.open(_bytes(row["sealed_review"]), _bytes(row["payload"])).value)
        settled = row["outcome"] == "settled_by_person"
        proposed = ended.get("output") if found.passed else shown.get("proposed", ended.get("proposed"))
        return Checked(
            found.id,
            found.case,
            found.subject,
            found.checked_by,
            found.attempt,
            found.passed,
            found.said,
            found.at,
            found.right,
            found.labelled_by,
            input=stored.get("input"),
            proposed=None if found.passed and settled else proposed,
            answer=ended.get("output") if settled and not found.passed else None,
        )


def _plain(row: Mapping[str, object], *, right: object, by: object) -> Checked:
    return Checked(
        id=show("K", int(str(row["id"]))),
        case=show("C", int(str(row["case_id"]))),
        subject=str(row["subject"]),
        checked_by=str(row["checked_by"]),
        attempt=int(str(row["attempt"])),
        passed=bool(row["passed"]),
        said=bool(row["said"]),
        at=cast("datetime", row["checked_at"]),
        right=None if right is None else bool(right),
        labelled_by=None if by is None else str(by),
    )


def _mapping(value: JSON) -> Mapping[str, JSON]:
    return value if isinstance(value, Mapping) else {}


def _bytes(value: object) -> bytes | None:
    return None if value is None else bytes(value)  # type: ignore[call-overload]  # a bytea column
