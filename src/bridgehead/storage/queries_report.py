"""What a report counts: cases of a deployment over a period, streamed with their outcomes, and their books."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridgehead.ids import show
from bridgehead.ledger.vault import Vault
from bridgehead.spec.tool import JSON
from bridgehead.storage.database import Database
from bridgehead.storage.queries import Opener

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Closed:
    """One closed shadow case: what it was given and what the agent would have done."""

    id: str
    outcome: str
    error_class: str | None
    input: JSON
    output: JSON
    unreadable: str | None


@dataclass(frozen=True, slots=True)
class Spent:
    """The books of one case: priced entries by currency, how many have no price, calls of models, people's minutes."""

    case: str
    outcome: str | None
    amounts: tuple[tuple[str, str], ...]
    unknown: int
    model_calls: int
    model_priced: int
    minutes: float
    received_at: datetime
    closed_at: datetime | None


class ReportQueries:
    """What a report reads."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def closed(self, deployment: str, *, since_s: float, level: str = "shadow") -> AsyncIterator[Closed]:
        """Yields the closed cases of a level that were opened within the last ``since_s`` seconds, oldest first."""
        after = 0
        while True:
            async with self._database.connection() as conn:
                rows = await (
                    await conn.execute(
                        "select c.id, c.outcome, c.error_class, c.input, c.outcome_blob, i.sealed as sealed_input,"
                        " o.sealed as sealed_outcome, k.wrapped from cases c join data_keys k on k.id = c.key_id"
                        " left join blobs i on i.commitment = c.input"
                        " left join blobs o on o.commitment = c.outcome_blob"
                        " where c.id > %(after)s and c.deployment = %(d)s and c.level = %(level)s and c.state = 'done'"
                        " and c.opened_at >= bridgehead_now() - make_interval(secs => %(since)s)"
                        " order by c.id limit %(n)s",
                        {"after": after, "d": deployment, "level": level, "since": since_s, "n": _BATCH},
                    )
                ).fetchall()
            for row in rows:
                opener = Opener.of(self._vault, row["wrapped"])
                stored = opener.open(row["sealed_input"], row["input"])
                outcome = opener.open(row["sealed_outcome"], row["outcome_blob"])
                plain = stored.value if isinstance(stored.value, dict) else {}
                ended = outcome.value if isinstance(outcome.value, dict) else {}
                yield Closed(
                    id=show("C", row["id"]),
                    outcome=row["outcome"],
                    error_class=row["error_class"],
                    input=plain.get("input"),
                    output=ended.get("output"),
                    unreadable=stored.unreadable or outcome.unreadable,
                )
            if len(rows) < _BATCH:
                return
            after = rows[-1]["id"]

    async def spent(self, deployment: str, *, since_s: float, level: str) -> Sequence[Spent]:
        """Returns the books of every case of a level that was opened within the last ``since_s`` seconds."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    "with chosen as (select id, outcome, received_at, closed_at from cases where deployment = %(d)s"
                    " and level = %(level)s"
                    " and opened_at >= bridgehead_now() - make_interval(secs => %(since)s)),"
                    " sums as (select case_id, currency, sum(amount) as amount, sum(minutes) as minutes,"
                    " count(*) filter (where amount is null) as unknown,"
                    " count(*) filter (where kind = 'model') as calls,"
                    " count(*) filter (where kind = 'model' and amount is not null) as priced from costs"
                    " where case_id in (select id from chosen) group by case_id, currency)"
                    " select c.id, c.outcome, c.received_at, c.closed_at,"
                    " coalesce(json_agg(json_build_array(s.currency, s.amount::text))"
                    " filter (where s.amount is not null), '[]') as amounts,"
                    " coalesce(sum(s.unknown), 0)::int as unknown, coalesce(sum(s.calls), 0)::int as calls,"
                    " coalesce(sum(s.priced), 0)::int as priced,"
                    " coalesce(sum(s.minutes), 0)::float8 as minutes from chosen c left join sums s on s.case_id = c.id"
                    " group by c.id, c.outcome, c.received_at, c.closed_at order by c.id",
                    {"d": deployment, "since": since_s, "level": level},
                )
            ).fetchall()
        return [
            Spent(
                case=show("C", row["id"]),
                outcome=row["outcome"],
                amounts=tuple((currency, amount) for currency, amount in row["amounts"]),
                unknown=row["unknown"],
                model_calls=row["calls"],
                model_priced=row["priced"],
                minutes=row["minutes"],
                received_at=row["received_at"],
                closed_at=row["closed_at"],
            )
            for row in rows
        ]

    async def open_cases(self, deployment: str, *, since_s: float, level: str = "shadow") -> int:
        """Returns how many cases of a level are not closed yet."""
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    "select count(*) as cases from cases where deployment = %s and level = %s and state <> 'done'"
                    " and opened_at >= bridgehead_now() - make_interval(secs => %s)",
                    (deployment, level, since_s),
                )
            ).fetchone()
        return 0 if row is None else int(row["cases"])
