"""Whether something changed since the last look: a few numbers that move with every change, read without a scan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from bridgehead.storage.database import Database

Topic = Literal["reviews", "cases", "overview"]
TOPICS: Final[tuple[Topic, ...]] = ("reviews", "cases", "overview")

_SEQUENCES: Final[Mapping[str, str]] = {
    "arrivals": "arrivals_id_seq",
    "cases": "cases_id_seq",
    "decisions": "decisions_id_seq",
    "effects": "effects_id_seq",
    "reviews": "reviews_id_seq",
    "costs": "costs_seq_seq",
    "undos": "undos_id_seq",
}
# Sequences are one row each; one that was never asked has its first value already. What is open is read off indexes.
_LOOK = (
    "select "
    + ", ".join(
        f"(select last_value::text || is_called::text from {sequence}) as {name}"
        for name, sequence in _SEQUENCES.items()
    )
    + ", (select count(*) || ' ' || coalesce(sum(hashtext(role)), 0) from reviews where state = 'open')"
    " as open_reviews"
    ", (select count(*) || ' ' || coalesce(max(claimed_at)::text, '') from reviews"
    " where state = 'open' and claimed_by is not null) as claims"
    ", (select string_agg(state || n, ' ' order by state) from"
    " (select state, count(*) as n from cases where state <> 'done' group by state) s) as open_cases"
)
_OF_REVIEWS: Final = ("reviews", "open_reviews", "claims")


async def look(database: Database) -> Mapping[Topic, str]:
    """Returns a mark for each topic that differs from the one before when something of it changed.

    A sequence moves before its transaction commits, so whoever acts on a mark looks once more a moment later.
    """
    async with database.connection() as conn:
        row = await (await conn.execute(_LOOK)).fetchone()
    found = {} if row is None else {name: str(value) for name, value in row.items()}
    everything = " ".join(f"{name}={value}" for name, value in sorted(found.items()))
    reviews = " ".join(f"{name}={found.get(name, '')}" for name in _OF_REVIEWS)
    return {"reviews": reviews, "cases": everything, "overview": everything}
