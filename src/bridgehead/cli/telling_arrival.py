"""Who read an arrival that became no case, how long that took, whose rule refused it, and what could be read of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from bridgehead.cli.output import when
from bridgehead.cli.telling_gist import gist, goods, sender
from bridgehead.cli.telling_words import Table, age, counted, mapping
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import ArrivalView

_WHOSE: Final = {
    "bug": "The reader failed on it; no rule refused it",
    "invalid_output": "What the deployment declares of its source refused it, before a reader saw it",
    "conflict": "Bridgehead left it to a person, because what came later was read before it",
}
"""Who refused an arrival, by the error class of its review; for every other class its reader's own rule."""


def read_by(view: ArrivalView) -> Iterator[str]:
    """Yields when and by which release an arrival was read, how long after it came, and whose rule refused it."""
    for event in view.events:
        if event.kind in ("arrival.review", "arrival.no_case", "arrival.read"):
            at = datetime.fromisoformat(event.at)
            release = str(event.refs.get("release") or "")
            by = f" by release {release[:12]}" if release else ""
            yield f"It was read{by} at {when(at)}, {age(view.arrival.received_at, at)} after it came."
            if event.kind == "arrival.no_case":
                yield "The reader of that release decided so, by its own rules; no policy and no model was asked."
    for one in view.reviews:
        whose = _WHOSE.get(one.error_class or "", "The reader of that release refused it, by its own rule")
        shown = mapping(one.shown)
        named = [f"{name} {shown[name]}" for name in ("cause", "code") if shown.get(name)]
        found = f" ({', '.join(named)})" if named else ""
        yield f"{whose}{found}: {one.id}, error class {one.error_class}. No policy and no model was asked."


def as_far_as_read(view: ArrivalView) -> Mapping[str, JSON]:
    """Returns what the reader could read of a document that it refused; empty where it says nothing of that."""
    return next((found for one in view.reviews if (found := mapping(mapping(one.shown).get("as_far_as_read")))), {})


def partly(view: ArrivalView) -> Iterator[str]:
    """Yields who ordered what in a refused document, as far as it could be read."""
    found = as_far_as_read(view)
    if not found:
        return
    dated = f", dated {found['order_date']}" if found.get("order_date") else ""
    number = mapping(found.get("buyer")).get("number")
    named = f", which it numbers {number}" if number else ""
    who = sender({"buyer": {"name": mapping(found.get("buyer")).get("name")}}) or "its sender"
    damaged = found.get("damaged")
    lost = f"; {counted(damaged, 'piece')} of it {'is' if damaged == 1 else 'are'} damaged" if damaged else ""  # type: ignore[arg-type]  # a count
    more = f"; further orders in it: {found['further_orders']}" if found.get("further_orders") else ""
    yield (
        f"As far as it could be read, which decided nothing: {gist(found)} by {who}{named}{dated}"
        f" ({counted(_count(found), 'whole line')}{lost}{more})."
    )


def _count(found: Mapping[str, JSON]) -> int:
    lines = found.get("lines_read")
    return lines if isinstance(lines, int) else 0


def lines_read(view: ArrivalView) -> tuple[Table, ...]:
    """Returns the lines of a refused document that could be read whole."""
    return goods(as_far_as_read(view))
