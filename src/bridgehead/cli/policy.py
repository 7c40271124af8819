"""``policy``: the rules as the gate sees them, checked, tested, and held against the past."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridgehead.cli import opening
from bridgehead.cli.exits import Exit, complain, exit_code
from bridgehead.cli.options import AsJson, FolderArgument, one_of
from bridgehead.cli.output import clean, heading, note, print_json, table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from bridgehead.cli.policy_tables import Outcome
    from bridgehead.desk.replaying import Changed, Replayed
    from bridgehead.gate.workbench import Finding
    from bridgehead.spec.deployment import Deployment, Level

_LEVELS = ("approve", "canary", "autonomous")
_SHOWN = 20
_TITLES = {
    "automatic": "Newly automatic: nobody would have been asked",
    "held": "Newly held: a person would have been asked",
    "denied": "Newly denied",
}


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    policy = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="Look at, check, test and replay a deployment's policies."
    )
    policy.callback()(lambda: None)
    policy.command(epilog="Example: bridgehead policy show orders --tool book_order")(show)
    policy.command(epilog="Example: bridgehead policy check orders")(check)
    policy.command("test", epilog="Example: bridgehead policy test orders/tests/policies.yaml")(run_tables)
    policy.command(epilog="Example: bridgehead policy replay orders --with orders-next --since 30d")(replay)
    app.add_typer(policy, name="policy")


def show(
    deployment: FolderArgument,
    tool: Annotated[str | None, typer.Option("--tool", metavar="NAME", help="Only the policies of this tool.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the Cedar policies that the gate decides by.

    They are what the tool rules compile to, and the files in policies/. What no policy permits
    is denied. The digest is the one that every recorded decision names.
    """
    from bridgehead.gate.compile import about

    loaded = opening.load(deployment)
    gate = loaded.gate
    wanted = one_of("--tool", tool, list(loaded.deployment.tools))
    texts = {name: text for name, text in gate.rule_texts.items() if text.strip() and wanted in (None, about(name))}
    if as_json:
        rules = {name: text for name, text in texts.items() if about(name) == name}
        shown = {
            "deployment": loaded.deployment.name,
            "digest": gate.digest,
            "tools": rules,
            "built_in": {name: text for name, text in texts.items() if name not in rules},
            "files": loaded.deployment.policies,
        }
        print_json(shown)
        return
    print(f"// {loaded.deployment.name}: policy digest {gate.digest.hex()}")
    for name, text in texts.items():
        print(f"\n// {clean(name)}\n{clean(_readable(text), keep_lines=True).rstrip()}")
    if wanted is None:
        for file, text in loaded.deployment.policies.items():
            print(f"\n// policies/{clean(file)}\n{clean(text, keep_lines=True).rstrip()}")


def check(deployment: FolderArgument, as_json: AsJson = False) -> None:
    """Check the policies of a deployment against its tools.

    Names what does not fit (line, what was expected, nearest right word), policies that can match no call
    as far as that can be told, and tools that no policy covers. Exits with 2 for a mistake, with 1 for a
    policy that can never match; a tool that nothing covers is denied, and no fault.
    """
    from bridgehead.cli.check import known_tools
    from bridgehead.errors import UserError
    from bridgehead.gate.workbench import findings
    from bridgehead.spec.problem import DeploymentError

    try:
        loaded = opening.load(deployment)
    except UserError as error:
        if as_json:
            problems = error.problems if isinstance(error, DeploymentError) else ()
            told = {"code": error.code, "message": error.message, "hint": error.hint}
            print_json({"ok": False, "problems": problems, "findings": [], "error": told})
        else:
            complain(error)
        raise typer.Exit(exit_code(error)) from None
    found = findings(loaded.deployment, known_tools(loaded))
    never = [one for one in found if one.never]
    if as_json:
        print_json(
            {"ok": not never, "deployment": loaded.deployment.name, "digest": loaded.gate.digest, "problems": [],
             "findings": found}
        )  # fmt: skip
    else:
        _findings(loaded.deployment, found)
    if never:
        raise typer.Exit(Exit.FAILED)


def _readable(text: str) -> str:
    """Returns a policy with its escaped characters as they look; what a terminal must not get stays escaped."""

    def character(found: re.Match[str]) -> str:
        made = chr(int(found[1], 16))
        return made if made.isprintable() else found[0]

    return re.sub(r"\\u\{([0-9a-f]{2,5})\}", character, text)


def _findings(deployment: Deployment, found: tuple[Finding, ...]) -> None:
    file = "bridgehead.yaml" if deployment.file is None else deployment.file.name
    for one in found:
        place = f"{file}:{one.line} " if one.line else ""
        mark = "can never match" if one.never else "not covered"
        print(clean(f"{place}{one.policy}: {mark}: {one.text}. What to do: {one.remedy}."))
    rules, files = len(deployment.tools), len(deployment.policies)
    print(f"{clean(deployment.name)}: {rules} rules and {files} Cedar files fit its tools.")


def run_tables(
    tables: Annotated[list[Path], typer.Argument(metavar="FILE.yaml", help="Tables of calls and verdicts.")],
    deployment: Annotated[
        Path | None,
        typer.Option("--deployment", metavar="FOLDER", help="The deployment, where the table does not say."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Test policies by tables of calls: what the gate says of each, against what was expected.

    Nothing is called and no database is asked. Exits with 1 when a row is not as expected, with 2 for a
    table that cannot be read.
    """
    from bridgehead.cli.policy_tables import files_in, folder_of, judged, rows_of

    found: list[tuple[Path, Outcome]] = []
    for file in files_in(tables):
        loaded = opening.load(folder_of(file, deployment))
        found += [(file, judged(row, loaded)) for row in rows_of(file, loaded)]
    wrong = [one for _, one in found if one.wrong]
    if as_json:
        print_json({"ok": not wrong, "rows": [_row(file, one) for file, one in found]})
    else:
        for file, one in found:
            if one.wrong:
                print(clean(f"FAIL {file.name}:{one.row.line} {one.row.name}: {one.wrong}"))
                for reason in one.decision.reasons:
                    print(clean(f"     {reason.policy_id}: {reason.text}"))
        print(f"{len(found) - len(wrong)} of {len(found)} rows are as expected.")
    if wrong:
        raise typer.Exit(Exit.FAILED)


def _row(file: Path, one: Outcome) -> dict[str, object]:
    return {
        "file": file.name,
        "line": one.row.line,
        "name": one.row.name,
        "tool": one.row.tool,
        "expected": one.row.expect,
        "found": one.decision.verdict,
        "policies": one.policies,
        "role": one.decision.role,
        "wrong": one.wrong,
    }


def replay(
    deployment: FolderArgument,
    other: Annotated[
        Path | None,
        typer.Option(
            "--with",
            metavar="DIR",
            help="A changed copy of the deployment's folder, or a folder of .cedar files. Default: as it is.",
        ),
    ] = None,
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="Decisions of this time: 12h, 30d.")] = "30d",
    level: Annotated[
        str | None, typer.Option("--level", metavar="LEVEL", help="As at this level; else as at the level of then.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold changed policies against past decisions.

    Every recorded call is decided again on what was recorded with it: which would be newly automatic, held
    or denied, how much money they are about, and how many minutes of people that is. Nothing is called and
    nothing is written. It says what cannot be known.
    """
    from bridgehead.desk.replaying import policies_of
    from bridgehead.spec.tool import parse_duration

    chosen = one_of("--level", level, _LEVELS)
    since_s = parse_duration(since)
    current = opening.load_spec(deployment)
    changed = current if other is None else policies_of(current, other)
    found = opening.run(_replayed(changed, since_s, chosen))
    if as_json:
        print_json(_as_json(changed, since_s, chosen, found))
    else:
        _print(changed, since, found)


async def _replayed(other: Deployment, since_s: float, level: str | None) -> Replayed:
    from typing import cast

    from bridgehead.desk.replaying import replay as replayed
    from bridgehead.storage.queries_decisions import DecisionQueries

    async with opening.opened() as app:
        queries = DecisionQueries(app.database, app.vault)
        past = queries.past(other.name, since_s=since_s)
        return await replayed(past, await queries.manifests(other.name), other, level=cast("Level | None", level))


def _as_json(other: Deployment, since_s: float, level: str | None, found: Replayed) -> dict[str, object]:
    from bridgehead.desk.replaying import CANNOT, CHANGES, sums

    told: dict[str, object] = {}
    for change in CHANGES:
        calls = found.of(change)
        money, minutes, cost = sums(calls)
        cases = len({one.case for one in calls})
        told[change] = {"calls": len(calls), "cases": cases, "money": money, "minutes": round(minutes, 1), "cost": cost}
    return {
        "deployment": other.name,
        "since_s": since_s,
        "level": level,
        "decisions": found.decisions,
        "same": dict(found.same),
        "follow_ups": found.follow_ups,
        "changes": told,
        "calls": found.changed,
        "unknown": [{"why": why, "calls": count} for why, count in found.unknown.items()],
        "left_out": sorted(found.left_out),
        "cannot_be_known": list(CANNOT),
    }


def _print(other: Deployment, since: str, found: Replayed) -> None:
    from bridgehead.desk.replaying import CANNOT, CHANGES, sums

    same = ", ".join(f"{count} {verdict}" for verdict, count in sorted(found.same.items())) or "none"
    print(f"{clean(other.name)}, {found.decisions} decisions of the last {since}: decided the same again: {same}.")
    if found.follow_ups:
        print(f"{found.follow_ups} more were made after a person's yes, and follow the call they belong to.")
    for change in CHANGES:
        calls = found.of(change)
        heading(_TITLES[change])
        if not calls:
            print("none")
            continue
        money, minutes, cost = sums(calls)
        said = [f"{len(calls)} calls of {len({one.case for one in calls})} cases"]
        said += [f"about {_amounts(money)}"] if money else []
        if any(one.minutes is not None for one in calls):
            said.append(f"{abs(minutes):.1f} minutes of people {'fewer' if minutes < 0 else 'more'}")
        said += [f"{_amounts({unit: abs(amount) for unit, amount in cost.items()})} of their time"] if cost else []
        print("; ".join(said) + ".")
        table(("decision", "case", "tool", "was", "about", "why"), [_cells(one) for one in calls[:_SHOWN]], empty="")
        if len(calls) > _SHOWN:
            print(f"… and {len(calls) - _SHOWN} more: --json has all of them")
    heading("What cannot be known")
    for why, count in found.unknown.items():
        print(f"- {count} decisions cannot be made again: {why}.")
    for sentence in CANNOT:
        print(f"- {sentence}")
    if found.left_out:
        note(f"Rules for tools that a release did not have were left out there: {', '.join(sorted(found.left_out))}.")


def _cells(one: Changed) -> tuple[str, ...]:
    return one.decision, one.case, one.tool, one.before, _amounts(one.money) or "-", "; ".join(one.why)


def _amounts(money: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{amount:,.2f} {unit}" for unit, amount in money.items())
