"""``checks``: how much of what is wrong the checks of a deployment find, measured by what people say of it."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, By, FolderArgument, Limit, one_of, person
from bridgehead.cli.output import clean, minute, note, one_line, print_json, table

if TYPE_CHECKING:
    from bridgehead.rollout.agreement import Comparison
    from bridgehead.rollout.detection import Detection, Rate
    from bridgehead.spec.deployment import Deployment
    from bridgehead.storage.checks import Checked

group = typer.Typer(
    no_args_is_help=True,
    help="How good the checks of a deployment are, by what people say of what they looked at.",
)
_WORDS: Final = ("right", "wrong")

Since = Annotated[str, typer.Option("--since", metavar="TIME", help="Checks made within this time: 12h, 90d.")]
People = Annotated[
    Path | None,
    typer.Option("--people", metavar="FILE", help="What people booked (JSON, JSON lines or CSV), matched as `report`."),
]


def register(app: typer.Typer) -> None:
    """Adds the group."""
    app.add_typer(group, name="checks")


@group.command(epilog="Example: bridgehead checks rates orders --since 90d --people bookings.csv")
def rates(deployment: FolderArgument, since: Since = "90d", people: People = None, as_json: AsJson = False) -> None:
    """Show of each check how much of what is wrong it finds, and how often it is wrong about what is right.

    Who says so: a label of 'checks label', else the outcome that a person gave a case instead, else the
    booking that people made. A rate stands with its 95 % bounds, or is unknown as long as nobody has said anything.
    """
    from bridgehead.rollout.detection import Verdict, detection

    spec, found = _measured(deployment, since, people)
    by_check: dict[tuple[str, str], list[Verdict]] = {}
    for one in found:
        by_check.setdefault((one.subject, one.checked_by), []).append(Verdict(one.passed, one.said, one.right))
    counted = {name: detection(verdicts) for name, verdicts in sorted(by_check.items())}
    if as_json:
        print_json([_as_json(subject, by, one) for (subject, by), one in counted.items()])
        return
    table(
        ["of", "check", "found wrong", "passed", "could not say", "labelled", "catches", "false alarms"],
        [
            [
                subject,
                by,
                str(one.found),
                str(one.passed),
                str(one.silent),
                str(one.labelled),
                _share(one.catches, one, "nothing was wrong"),
                _share(one.false_alarms, one, "nothing was right"),
            ]
            for (subject, by), one in counted.items()
        ],
        empty=f"{clean(spec.name)}: no check has looked at anything within {clean(since)}.",
    )
    for (subject, by), rate in counted.items():
        if rate.missing:
            note(f"{clean(by)} of {clean(subject)}: no data yet, for {rate.missing}. Label: bridgehead checks list.")


@group.command("list", epilog="Example: bridgehead checks list orders --unlabelled")
def list_(
    deployment: FolderArgument,
    since: Since = "90d",
    people: People = None,
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Only those that nobody has said anything of.")
    ] = False,
    verdict: Annotated[
        str | None, typer.Option("--verdict", metavar="passed|wrong", help="Only what passed, or was found wrong.")
    ] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List what checks said, newest first, and what people said of it."""
    wanted = one_of("--verdict", verdict, ("passed", "wrong"))
    _, found = _measured(deployment, since, people)
    chosen = [
        one
        for one in reversed(found)
        if (not unlabelled or one.right is None) and (wanted is None or one.passed is (wanted == "passed"))
    ]
    shown = chosen[: max(1, min(limit, 1000))]
    if as_json:
        print_json([_one(one) for one in shown])
        return
    table(
        ["id", "case", "of", "check", "said", "people", "at"],
        [
            [
                one.id,
                one.case,
                one.subject,
                one_line(one.checked_by, 60),
                "passed" if one.passed else "wrong" if one.said else "could not say",
                "-" if one.right is None else f"{_WORDS[not one.right]}, {one.labelled_by}",
                minute(one.at),
            ]
            for one in shown
        ],
        empty="No check has looked at anything like it.",
    )
    if len(chosen) > len(shown):
        note(f"{len(chosen) - len(shown)} more: --limit {len(chosen)}, or a shorter --since.")


@group.command(epilog="Example: bridgehead checks label K-12 wrong --by pat")
def label(
    check: Annotated[str, typer.Argument(metavar="K-12", help="One check, as 'checks list' shows it.")],
    word: Annotated[str, typer.Argument(metavar="right|wrong", help="Whether what was checked was right.")],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Say whether what a check looked at was right, whatever the check said; on the record, by name."""
    from bridgehead.ids import parse

    number, right = parse("K", check), one_of("the label", word, _WORDS) == "right"
    found = opening.run(_label(number, right=right, by=person(by)))
    if as_json:
        print_json(_one(found))
        return
    print(f"{found.id}, of {clean(found.subject)} in {found.case}: {word}, by {clean(str(found.labelled_by))}.")


async def _label(number: int, *, right: bool, by: str) -> Checked:
    from bridgehead.storage.checks import CheckRows

    async with opening.opened(makes=True) as app:
        return await CheckRows(app.database, app.vault).label(number, right=right, by=by)


def _measured(folder: Path, since: str, people: Path | None) -> tuple[Deployment, list[Checked]]:
    """Returns the verdicts of a deployment, each with the label that people's words or deeds give it."""
    from bridgehead.spec.tool import parse_duration

    since_s = parse_duration(since)
    spec = opening.load_spec(folder)
    comparison = None if people is None else _comparison(spec, people)
    return spec, opening.run(_collect(spec.name, since_s, comparison))


async def _collect(name: str, since_s: float, comparison: Comparison | None) -> list[Checked]:
    from bridgehead.storage.checks import CheckRows

    async with opening.opened() as app:
        return [
            _labelled(one, comparison) async for one in CheckRows(app.database, app.vault).of(name, since_s=since_s)
        ]


def _labelled(one: Checked, comparison: Comparison | None) -> Checked:
    """Returns a verdict without the contents of its case, and with a label where people's deeds give one."""
    from bridgehead.rollout.agreement import Proposal
    from bridgehead.rollout.detection import by_answer

    bare = replace(one, input=None, proposed=None, answer=None)
    if one.right is not None or one.proposed is None:
        return bare
    right = None if one.answer is None else by_answer(one.proposed, one.answer)
    if right is not None:
        return replace(bare, right=right, labelled_by="the outcome a person gave")
    if comparison is not None:
        fate = comparison.add(Proposal(one.case, "completed", one.input, one.proposed))
        if fate in ("agrees", "differs"):
            return replace(bare, right=fate == "agrees", labelled_by="the booking people made")
    return bare


def _comparison(spec: Deployment, people: Path) -> Comparison:
    """Returns what compares outcomes with people's bookings, by the rules of the deployment's file."""
    from bridgehead.connectors.records import read_records
    from bridgehead.errors import UserError
    from bridgehead.rollout.agreement import Comparison, Rules
    from bridgehead.spec.problem import nearest

    pairs = spec.compare.match or tuple((path, path) for path in spec.case.key)
    comparison = Comparison(read_records(people), Rules(match=pairs, ignore=spec.compare.ignore))
    known = comparison.result.booking_fields
    for _, theirs in pairs:
        if comparison.result.bookings and theirs not in known:
            raise UserError(
                f"{people}: no booking has a field {theirs!r} to be matched by",
                code="report.match",
                hint=f"Say in bridgehead.yaml which field it is, under compare.match; {nearest(theirs, known)}",
            )
    return comparison


def _share(rate: Rate | None, one: Detection, none: str) -> str:
    if rate is None:
        return "no data yet" if one.missing else none
    return f"{rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%})"


def _as_json(subject: str, by: str, one: Detection) -> dict[str, object]:
    return {
        "of": subject,
        "check": by,
        **asdict(one),
        "labelled": one.labelled,
        "catches": one.catches,
        "false_alarms": one.false_alarms,
        "missing": one.missing or None,
    }


def _one(one: Checked) -> dict[str, object]:
    return {
        "id": one.id,
        "case": one.case,
        "of": one.subject,
        "check": one.checked_by,
        "attempt": one.attempt,
        "passed": one.passed,
        "said": one.said,
        "right": one.right,
        "labelled_by": one.labelled_by,
        "at": one.at,
    }
