"""``report``: what a deployment would have done beside what people did, and what both cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, FolderArgument, one_of
from bridgehead.cli.output import clean, duration, facts, heading, note, one_line, print_json, table

if TYPE_CHECKING:
    from bridgehead.costs.summary import Books
    from bridgehead.rollout.agreement import Agreement, Comparison, Rules
    from bridgehead.spec.deployment import Deployment
    from bridgehead.spec.tool import JSON

_LEVELS: Final = ("shadow", "approve", "canary", "autonomous")
_LISTED: Final = 50


def register(app: typer.Typer) -> None:
    """Adds the command."""
    example = "Example: bridgehead report orders --since 14d --people bookings.csv"
    app.command(epilog=example)(report)


def report(
    deployment: FolderArgument,
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Cases opened within this time: 12h, 14d.")
    ] = "14d",
    people: Annotated[
        Path | None, typer.Option("--people", metavar="FILE", help="What people booked: JSON, JSON lines or CSV.")
    ] = None,
    match: Annotated[
        list[str] | None,
        typer.Option(
            "--match",
            metavar="PATH[=PATH]",
            help="Which field of a case is which of a booking. Default: `compare.match`, else `case.key`.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--field", metavar="PATH", help="Compare only this field and what lies below.")
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore", metavar="PATH", help="Leave this field and what lies below out. Default: `compare.ignore`."
        ),
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="PATH=VALUE", help="Only bookings with this value.")
    ] = None,
    rows: Annotated[
        str | None, typer.Option("--rows", metavar="PATH", help="Where the list of bookings lies in a JSON file.")
    ] = None,
    record: Annotated[
        str | None, typer.Option("--record", metavar="PATH", help="Where the booking lies in each entry of the list.")
    ] = None,
    level: Annotated[str, typer.Option("--level", metavar="LEVEL", help="Compare the cases of this level.")] = "shadow",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="Disagreements that are listed; JSON has them all.")
    ] = _LISTED,
    as_json: AsJson = False,
) -> None:
    """Compare a deployment with what people did, field by field.

    Each closed shadow case is put beside the booking that people made of the same business, and
    every field of its outcome that the booking has is compared. Cases that were handed over,
    that compare with nothing, and bookings without a case are counted, never dropped. A cost
    that is unknown is said to be unknown.
    """
    from bridgehead.rollout.agreement import Comparison
    from bridgehead.spec.tool import parse_duration

    since_s = parse_duration(since)
    chosen = one_of("--level", level, _LEVELS) or "shadow"
    spec = opening.load_spec(deployment)
    rules = _rules(spec, match or (), only or (), ignore or ())
    bookings = None if people is None else _bookings(people, rows, record, where or ())
    comparison = Comparison(bookings or (), rules)
    if bookings is not None:
        _matchable(comparison, rules, people)
    unreadable, still_open, books = opening.run(_collect(spec, comparison, since_s, chosen))
    found = comparison.result
    if as_json:
        print_json(_as_json(spec, since_s, chosen, found, books, unreadable, still_open, compared=bookings is not None))
    else:
        _print(spec, since_s, chosen, found, books, unreadable, still_open, limit, compared=bookings is not None)


async def _collect(spec: Deployment, comparison: Comparison, since_s: float, level: str) -> tuple[int, int, Books]:
    from bridgehead.costs.summary import Entry, summarise
    from bridgehead.rollout.agreement import Proposal
    from bridgehead.storage.queries_report import ReportQueries

    unreadable = 0
    async with opening.opened() as app:
        queries = ReportQueries(app.database, app.vault)
        async for case in queries.closed(spec.name, since_s=since_s, level=level):
            if case.unreadable is not None:
                unreadable += 1
                continue
            comparison.add(Proposal(case.id, case.outcome, case.input, case.output))
        still_open = await queries.open_cases(spec.name, since_s=since_s, level=level)
        spent = await queries.spent(spec.name, since_s=since_s, level=level)
    entries = [
        Entry(
            completed=one.outcome == "completed",
            amounts=one.amounts,
            unknown=one.unknown,
            model_calls=one.model_calls,
            model_priced=one.model_priced,
            minutes=one.minutes,
            took_s=None if one.closed_at is None else (one.closed_at - one.received_at).total_seconds(),
        )
        for one in spent
    ]
    return unreadable, still_open, summarise(entries)


def _rules(spec: Deployment, match: Sequence[str], only: Sequence[str], ignore: Sequence[str]) -> Rules:
    """Returns how to compare: as the flags say, else as ``compare`` in the deployment's file says, else by the key."""
    from bridgehead.rollout.agreement import Rules
    from bridgehead.spec.load import pair

    pairs = tuple(map(pair, match)) or spec.compare.match or tuple((path, path) for path in spec.case.key)
    return Rules(match=pairs, only=tuple(only), ignore=tuple(ignore) or spec.compare.ignore)


def _bookings(path: Path, rows: str | None, record: str | None, where: Sequence[str]) -> list[dict[str, JSON]]:
    from bridgehead.connectors.records import read_records
    from bridgehead.errors import UserError
    from bridgehead.rollout.agreement import flatten, plain

    conditions = []
    for text in where:
        name, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"--where {text!r} has no value", code="report.where", hint="Write --where status=open")
        conditions.append((name, plain(value)))
    found = read_records(path, rows=rows, record=record)
    if not conditions:
        return found
    return [
        booking for booking in found if all(plain(flatten(booking).get(name)) == value for name, value in conditions)
    ]


def _matchable(comparison: Comparison, rules: Rules, people: Path | None) -> None:
    """Refuses a file in which no booking has a field to be matched by: everything would look missing."""
    from bridgehead.errors import UserError
    from bridgehead.spec.problem import nearest

    known = comparison.result.booking_fields
    for _, theirs in rules.match:
        if comparison.result.bookings and theirs not in known:
            raise UserError(
                f"{people}: no booking has a field {theirs!r} to be matched by",
                code="report.match",
                hint=f"Name one with --match CASE_PATH=BOOKING_PATH; {nearest(theirs, known)}",
            )


def _print(
    spec: Deployment,
    since_s: float,
    level: str,
    found: Agreement,
    books: Books,
    unreadable: int,
    still_open: int,
    limit: int,
    *,
    compared: bool,
) -> None:
    closed = len(found.fates)
    print(clean(f"{spec.name}, cases at level {level} of the last {duration(since_s)}"))
    heading("Cases")
    pairs = [("closed", str(closed)), ("still open", str(still_open))]
    if compared:
        share = f" ({found.count('agrees') / found.compared:.1%} of those compared)" if found.compared else ""
        pairs += [
            ("compared with a booking", str(found.compared)),
            ("  equal in every field", f"{found.count('agrees')}{share}"),
            ("  different in some field", str(found.count("differs"))),
            ("without a booking by people", str(found.count("no_booking"))),
            ("with no field in common", str(found.count("nothing_in_common"))),
        ]
    pairs += [
        ("handed over", str(found.count("handed_over"))),
        ("not comparable", str(found.count("not_comparable"))),
    ]
    pairs += [("unreadable", str(unreadable))] if unreadable else []
    pairs += (
        [("bookings by people", f"{found.bookings}, {found.unused} of them without a completed case")]
        if compared
        else []
    )
    facts(pairs)
    if found.fields:
        heading("Agreement, field by field")
        table(
            ("field", "equal", "different", "missing in booking", "agreement"),
            [
                (name, str(one.agree), str(one.differ), str(one.missing), _share(one.agree, one.agree + one.differ))
                for name, one in sorted(found.fields.items())
                if one.agree or one.differ
            ],
            empty="No field was in both.",
        )
        absent = [name for name, one in sorted(found.fields.items()) if not (one.agree or one.differ)]
        if absent:
            print(clean(f"In no booking: {', '.join(absent)}"))
    if found.differences:
        heading("Where they differ")
        table(
            ("case", "field", "agent", "people"),
            [(one.case, one.field, one_line(one.agent), one_line(one.person)) for one in found.differences[:limit]],
            empty="",
        )
        if len(found.differences) > limit:
            note(f"{len(found.differences) - limit} more: --limit {len(found.differences)}, or --json.")
    heading("Money and minutes")
    pairs = _money(spec, books)
    if found.minutes is not None:
        pairs.append(
            ("people took", f"{found.minutes} minutes for the {found.compared} compared, by their own bookings")
        )
    facts(pairs)
    if not compared:
        note("\nNothing was compared: give what people booked with --people FILE.")


def _money(spec: Deployment, books: Books) -> list[tuple[str, str]]:
    known = (
        ", ".join(f"{amount} {currency}" for currency, amount in books.amounts.items()) or "nothing that has a price"
    )
    unknown = f", and {books.unknown} entries whose price is unknown (which is not zero)" if books.unknown else ""
    pairs = [("spent", known + unknown)]
    if books.completed:
        least = "at least " if books.unknown else ""
        each = ", ".join(f"{least}{amount} {currency}" for currency, amount in books.per_completed.items())
        pairs.append(("per completed case", each or ("unknown" if books.unknown else "nothing")))
    if books.price_coverage is not None:
        rest = "" if books.model_priced == books.model_calls else "; of the others it is unknown"
        told = f"{books.model_priced} of {books.model_calls} ({books.price_coverage:.1%}){rest}"
        pairs.append(("model calls with a price", told))
    pairs.append(("people's minutes", f"{books.minutes:.1f} over {books.cases} case{'' if books.cases == 1 else 's'}"))
    if spec.baseline is not None:
        by_hand = spec.baseline.minutes * books.completed
        pairs.append(
            ("by hand", f"{by_hand:.0f} minutes for the {books.completed} completed, at {spec.baseline.minutes:g} each")
        )
    if books.p50_s is not None and books.p99_s is not None:
        pairs.append(("from receipt to close", f"half within {books.p50_s:.1f}s, 99 of 100 within {books.p99_s:.1f}s"))
    return pairs


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _as_json(
    spec: Deployment,
    since_s: float,
    level: str,
    found: Agreement,
    books: Books,
    unreadable: int,
    still_open: int,
    *,
    compared: bool,
) -> dict[str, object]:
    return {
        "deployment": spec.name,
        "level": level,
        "since_s": since_s,
        "cases": {
            "closed": len(found.fates) + unreadable,
            "open": still_open,
            "unreadable": unreadable,
            "handed_over": found.count("handed_over"),
            "not_comparable": found.count("not_comparable"),
        },
        "comparison": {
            "compared": found.compared,
            "agree": found.count("agrees"),
            "differ": found.count("differs"),
            "no_booking": found.count("no_booking"),
            "nothing_in_common": found.count("nothing_in_common"),
            "bookings": found.bookings,
            "bookings_without_case": found.unused,
            "minutes_of_people": found.minutes,
            "fields": {name: found.fields[name] for name in sorted(found.fields)},
            "differences": found.differences,
            "fates": found.fates,
        }
        if compared
        else None,
        "books": books,
        "baseline_minutes": None if spec.baseline is None else spec.baseline.minutes,
    }
