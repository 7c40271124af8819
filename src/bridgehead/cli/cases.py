"""``cases`` and ``case``, ``arrivals`` and ``arrival``: what came, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, DeploymentFilter, Limit, after_id, deployment_name, one_of
from bridgehead.cli.output import brief, facts, heading, lines_of, minute, money, note, print_json, size, table, when
from bridgehead.cli.places import places_of, without_empty

if TYPE_CHECKING:
    from bridgehead.spec.tool import JSON
    from bridgehead.storage.queries_case_view import ArrivalLine, CaseLine, CaseView
    from bridgehead.storage.queries_search import CaseFilters

_STATES: Final = ("due", "running", "waiting", "with_person", "done")
_ARRIVAL_STATES: Final = ("stored", "read", "no_case", "review", "settled")
_CELL: Final = 80

After = Annotated[str | None, typer.Option("--after", metavar="ID", help="Go on below this line of the page before.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(epilog="Example: bridgehead cases --state with_person")(cases)
    app.command(epilog="Example: bridgehead case C-17")(case)
    app.command(epilog="Example: bridgehead arrivals --state review")(arrivals)
    app.command(epilog="Example: bridgehead arrival A-5 --original order.eml")(arrival)


def cases(
    state: Annotated[
        str | None, typer.Option("--state", metavar="STATE", help=f"Only cases that are {', '.join(_STATES)}.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="TEXT", help="Only those with this value in their business key.")
    ] = None,
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="TEXT", help="Only of customers with these words.")
    ] = None,
    error_class: Annotated[
        str | None,
        typer.Option("--class", metavar="CLASS", help="Only those that left the agent by this class."),
    ] = None,
    amount: Annotated[
        str | None, typer.Option("--amount", metavar="FROM:TO", help="Only those about so much money: 1000:, :50, 1:2.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Opened since: 2h, 14d, 2026-03-01T09:00.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Opened before; written alike.")] = None,
    deployment: DeploymentFilter = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """List cases, newest first, and what each waits for.

    A value of the key is found exactly, however it is spelled; a customer by any whole words of their name.
    """
    from bridgehead.errors import ERROR_CLASSES
    from bridgehead.storage.queries_search import CaseFilters

    low, high = _amounts(amount)
    wanted = CaseFilters(
        key=key,
        customer=customer,
        state=one_of("--state", state, _STATES),
        error_class=one_of("--class", error_class, ERROR_CLASSES),
        amount_from=low,
        amount_to=high,
        since=_moment("--since", since),
        until=_moment("--until", until),
    )
    lines = opening.run_list(_lines(wanted, deployment, limit, after_id("C", after)))
    if as_json:
        print_json({"cases": lines, "next": lines[-1].id if len(lines) == limit else None})
        return
    table(
        ("case", "deployment", "state", "outcome", "level", "whom", "amount", "received (UTC)", "waits for"),
        [
            (
                line.id,
                line.deployment,
                line.state,
                _ended(line),
                line.level,
                ", ".join(one for one in (line.customer, line.number) if one) or "-",
                "-" if line.amount is None else money(Decimal(line.amount), line.currency or ""),
                minute(line.received_at),
                line.waits or "-",
            )
            for line in lines
        ],
        empty="There are no such cases."
        if wanted != CaseFilters() or deployment or after
        else "There are no cases yet.",
    )
    more(lines, limit, after)


def _amounts(text: str | None) -> tuple[Decimal | None, Decimal | None]:
    """Returns the ends of a range such as ``1000:`` or ``:50``; raises UserError for anything else."""
    from bridgehead.errors import UserError

    if text is None:
        return None, None
    low, colon, high = text.partition(":")
    try:
        found = tuple(Decimal(end) if end.strip() else None for end in (low, high))
    except InvalidOperation:
        found = (None, None)
    known = [one for one in found if one is not None]
    if not colon or not known or not all(one.is_finite() for one in known):
        raise UserError(f"--amount {text}: expected FROM:TO", code="input.range", hint="Write 1000:2000, 1000: or :50.")
    return found[0], found[1]


def _moment(flag: str, text: str | None) -> datetime | None:
    """Returns a moment, given as a date and time (UTC if it has no zone), or as how long ago it was."""
    from bridgehead.clock import utc_now
    from bridgehead.errors import UserError
    from bridgehead.spec.tool import parse_duration

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            return utc_now() - timedelta(seconds=parse_duration(text))
        except (UserError, OverflowError):
            raise UserError(
                f"{flag} {text}: neither a time nor how long ago", code="input.since",
                hint="Write it like 2h, 14d, 2026-03-01 or 2026-03-01T09:00.",
            ) from None  # fmt: skip
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _ended(line: CaseLine) -> str:
    """Returns how a case ended, in a word: what a person rejected was completed by its agent, and nothing written.

    What was taken back since, or partly, is no longer told as completed.
    """
    if line.back:
        return line.back
    if line.outcome == "completed" and line.rejected:
        return "rejected"
    return line.outcome or line.error_class or "-"


async def _lines(wanted: CaseFilters, deployment: str | None, limit: int, after: int | None) -> Sequence[CaseLine]:
    from bridgehead.storage.queries_search import SearchQueries

    async with opening.opened() as app:
        queries = SearchQueries(app.database, app.vault)
        name = await deployment_name(app, deployment)
        place = None if after is None else await queries.place(after)
        return await queries.cases(replace(wanted, deployment=name), after=place, limit=limit)


def case(
    number: Annotated[str, typer.Argument(metavar="CASE", help="The case: C-17.")],
    as_json: AsJson = False,
) -> None:
    """Show one case with everything recorded about it.

    Its steps, effects, reviews and costs as tables; 'explain' says the same in sentences.
    """
    from bridgehead.ids import parse

    view = opening.run(case_view(parse("C", number)))
    if as_json:
        print_json(view)
    else:
        _show(view)


async def case_view(number: int) -> CaseView:
    """Returns everything recorded about a case."""
    from bridgehead.storage.queries_cases import CaseQueries

    async with opening.opened() as app:
        return await CaseQueries(app.database, app.vault).case(number)


def _show(view: CaseView) -> None:
    from bridgehead.cli.telling import sends

    line = view.case
    pairs = [
        ("case", line.id),
        *(
            (("about", ", ".join(one for one in (line.customer, line.number) if one)),)
            if line.customer or line.number
            else ()
        ),
        ("deployment", f"{line.deployment}, release {line.release[:12]}, level {line.level}"),
        ("state", line.state + (f": {_ended(line)}" if line.outcome or line.back else "")),
        ("received", f"{when(line.received_at)} (times are in UTC)"),
        ("opened", when(line.opened_at)),
    ]
    pairs += [("closed", when(line.closed_at))] if line.closed_at else []
    pairs += [("deadline", when(line.deadline_at))] if line.deadline_at else []
    pairs += [("acts for", line.acts_for)] if line.acts_for else []
    pairs += [("waits for", line.waits)] if line.waits else []
    pairs += [("error class", line.error_class)] if line.error_class else []
    pairs += [("revision", f"{line.revision}" + (f" of {line.revises}" if line.revises else ""))]
    pairs += [("other cases of it", ", ".join(view.revisions))] if view.revisions else []
    pairs += [("unreadable", view.unreadable)] if view.unreadable else []
    pairs += [("came with", f"{one.id} ({one.relation}) {one.name}, {size(one.size_bytes)}") for one in view.arrivals]
    chain = view.chain
    pairs += [("ledger", f"{chain.rows} rows, " + ("whole" if chain.whole else f"BROKEN: {chain.broken}"))]
    pairs += [("NOT AS RECORDED", str(each)) for each in chain.differences]
    facts(pairs)
    if view.input is not None:
        heading("Input")
        print(lines_of(without_empty(view.input)))
        if places_of(view.input):
            print(f"Where each field was read: bridgehead explain {line.id}")
    heading("Steps")
    table(
        ("#", "kind", "name", "ok", "at", "ms", "arguments", "result"),
        [
            (
                str(step.seq),
                step.kind,
                step.name + (f" [{step.branch}]" if step.branch else ""),
                "yes" if step.ok else "no",
                when(step.started_at)[5:],
                f"{step.duration_ms:.0f}",
                step.effect or ("-" if step.args is None else brief(step.args, _CELL)),
                step.unreadable or brief(step.result if step.error is None else step.error, _CELL),
            )
            for step in view.steps
        ],
        empty="none yet",
    )
    if view.decisions:
        heading("Decisions")
        table(
            ("decision", "tool", "verdict", "for", "at", "policies"),
            [
                (
                    one.number,
                    one.tool,
                    one.verdict,
                    one.role or "-",
                    when(one.at)[5:],
                    one.unreadable or ", ".join(dict.fromkeys(_policies(one.reasons))),
                )
                for one in view.decisions
            ],
            empty="",
        )
    if view.effects:
        heading("Effects")
        table(
            ("effect", "tool", "state", "sends", "arguments", "result"),
            [
                (
                    effect.id,
                    effect.tool,
                    effect.state + (f" by {effect.superseded_by}" if effect.superseded_by else ""),
                    str(sends(view.events, effect)),
                    brief(effect.args, _CELL),
                    effect.unreadable or ("-" if effect.result is None else brief(effect.result, _CELL)),
                )
                for effect in view.effects
            ],
            empty="",
        )
    if view.reviews:
        heading("Reviews")
        table(
            ("review", "kind", "role", "state", "by", "opened", "decided"),
            [
                (
                    review.id,
                    review.kind,
                    review.role,
                    review.state,
                    review.decided_by or "-",
                    when(review.opened_at),
                    when(review.decided_at),
                )
                for review in view.reviews
            ],
            empty="",
        )
    if view.costs:
        heading("Costs")
        table(
            ("kind", "name", "amount", "tokens in/out", "minutes"),
            [
                (
                    cost.kind,
                    cost.name,
                    "unknown" if cost.amount is None else f"{cost.amount} {cost.currency}",
                    f"{cost.input_tokens}/{cost.output_tokens}" if cost.kind == "model" else "-",
                    "-" if cost.minutes is None else f"{cost.minutes:.1f}",
                )
                for cost in view.costs
            ],
            empty="",
        )
        if view.price_coverage is not None:
            print(f"A price is known of {view.price_coverage:.1%} of its model calls.")
    if view.outcome is not None:
        heading("Outcome")
        outcome = dict(view.outcome) if isinstance(view.outcome, Mapping) else view.outcome
        bug = isinstance(outcome, dict) and outcome.pop("traceback", None)
        print(lines_of(outcome))
        if bug:
            print(f"Where the agent's code raised: bridgehead case {line.id} --json")


def _policies(reasons: JSON) -> list[str]:
    found = reasons if isinstance(reasons, list) else []
    return [str(reason.get("policy_id")) for reason in found if isinstance(reason, dict)]


def arrivals(
    state: Annotated[
        str | None,
        typer.Option("--state", metavar="STATE", help=f"Only arrivals that are {', '.join(_ARRIVAL_STATES)}."),
    ] = None,
    find: Annotated[
        str | None,
        typer.Option("--find", metavar="WORDS", help="Of what opened no case: words of its name, sender or subject."),
    ] = None,
    deployment: DeploymentFilter = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """List what came in and what became of it, newest first."""
    wanted = one_of("--state", state, _ARRIVAL_STATES)
    lines = opening.run_list(_arrivals(wanted, find, deployment, limit, after_id("A", after)))
    if as_json:
        print_json({"arrivals": lines, "next": lines[-1].id if len(lines) == limit else None})
        return
    table(
        ("arrival", "deployment", "state", "name", "from", "subject", "size", "received (UTC)", "became"),
        [
            (
                line.id,
                line.deployment,
                line.state,
                line.name,
                brief(line.sender, _CELL) if line.sender else "-",
                brief(line.subject, _CELL) if line.subject else "-",
                size(line.size_bytes),
                minute(line.received_at),
                ", ".join((*line.cases, *line.reviews)) or "-",
            )
            for line in lines
        ],
        empty="There are no such arrivals." if wanted or find or deployment or after else "Nothing has arrived yet.",
    )
    more(lines, limit, after)


async def _arrivals(
    state: str | None, find: str | None, deployment: str | None, limit: int, after: int | None
) -> Sequence[ArrivalLine]:
    from bridgehead.storage.queries_letters import lettered
    from bridgehead.storage.queries_search import SearchQueries

    async with opening.opened() as app:
        queries = SearchQueries(app.database, app.vault)
        name = await deployment_name(app, deployment)
        found = await queries.arrivals(deployment=name, state=state, find=find, after=after, limit=limit)
        return await lettered(app.database, app.vault, found)


def arrival(
    number: Annotated[str, typer.Argument(metavar="ARRIVAL", help="The arrival: A-5.")],
    original: Annotated[
        Path | None, typer.Option("--original", metavar="FILE", help="Write the document, as it came, to a new file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one arrival; write its original to a file."""
    from bridgehead.ids import parse

    line, document = opening.run(_arrival(parse("A", number), original=original is not None))
    if original is not None and document is not None:
        write_new(original, document)
    if as_json:
        print_json(line)
        return
    facts(
        [
            ("arrival", line.id),
            ("deployment", line.deployment),
            ("name", line.name),
            *((("from", line.sender),) if line.sender else ()),
            *((("subject", line.subject),) if line.subject else ()),
            ("size", size(line.size_bytes)),
            ("source", line.source + (f", submitted by {line.submitted_by}" if line.submitted_by else "")),
            ("state", line.state),
            ("received", f"{when(line.received_at)} (times are in UTC)"),
            ("settled", when(line.settled_at)),
            ("cases", ", ".join(line.cases) or "-"),
            ("reviews", ", ".join(line.reviews) or "-"),
        ]
    )
    if original is not None:
        note(f"the original is in {original}")


async def _arrival(number: int, *, original: bool) -> tuple[ArrivalLine, bytes | None]:
    from bridgehead.storage.queries import Queries
    from bridgehead.storage.queries_letters import lettered

    async with opening.opened() as app:
        queries = Queries(app.database, app.vault)
        (line,) = await lettered(app.database, app.vault, [await queries.arrival(number)])
        return line, (await queries.original(number))[1] if original else None


def write_new(path: Path, document: bytes) -> None:
    """Writes a new file; raises UserError where one exists: none is ever replaced."""
    from bridgehead.errors import UserError

    try:
        with path.open("xb") as file:
            file.write(document)
    except FileExistsError:
        raise UserError(f"{path} exists already", code="output.exists", hint="Name a new file.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}", code="output.path") from None


def more(lines: Sequence[CaseLine | ArrivalLine], limit: int, after: str | None) -> None:
    """Says how to go on where a page is full."""
    if lines and len(lines) == limit:
        note(f"There may be more: --after {lines[-1].id}")
    elif not lines and after is not None:
        note("This is the end of the list.")
