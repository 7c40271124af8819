"""``connector record`` and ``connector test``: what a system answered is kept, and its failures are played."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from bridgehead.cli.exits import Exit
from bridgehead.cli.options import AsJson
from bridgehead.cli.output import clean, note, one_line, print_json, table

if TYPE_CHECKING:
    from bridgehead.connectors.proving.verdict import Proof, Verdict
    from bridgehead.spec.tool import JSON

_AT_ONCE: Final = 5
_MARKS: Final[Mapping[str, str]] = {"proved": "proved", "not proved": "NOT PROVED", "not applicable": "-", "": ""}


def register(connector: typer.Typer) -> None:
    """Adds the commands."""
    connector.command(epilog="Example: bridgehead connector record erp.yaml find_orders customer=K-17")(record)
    connector.command(name="test", epilog="Example: bridgehead connector test erp.yaml")(prove)


def record(
    specification: Annotated[Path, typer.Argument(metavar="SPEC", help="The connector's YAML file.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The read or action.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="ARGUMENT=VALUE", help="Lists: the argument again, or JSON; objects: JSON."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--arguments", metavar="FILE", help="A JSON object with the arguments.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Carry out an action: it changes the system.")] = False,
    as_json: AsJson = False,
) -> None:
    """Carry out a read (or, with --write, an action) and keep what was asked and answered.

    The recording stands beside the specification, as NAME.recorded.yaml, for your version control.
    Secrets never reach it; labelled fields and what no field maps are replaced by stand-ins of the
    same shape. An action is read back before and after it. A call with the same arguments is
    recorded anew.
    """
    from bridgehead.connectors.load import load_specification
    from bridgehead.connectors.proving.record import check_callable
    from bridgehead.connectors.proving.record import record as carry_out

    given = given_arguments(arguments or (), file)
    spec = load_specification(specification)
    check_callable(spec, name, write=write)
    if name in spec.actions:
        effect = spec.actions[name].effect
        note(f"warning: {name} is carried out for real on {clean(spec.connector)} ({effect}): {one_line(given, 200)}")
    done = asyncio.run(carry_out(specification, name, given, write=write))
    asked = [*done.call.before, *done.call.exchanges, *done.call.after]
    if as_json:
        print_json(
            {"file": done.path, "name": name, "arguments": done.call.arguments, "exchanges": len(asked),
             "stand_ins": done.hidden, "result": done.call.result}
        )  # fmt: skip
        return
    found = done.call.result
    brought = f"{len(found)} records" if isinstance(found, list) else "one result"
    print(f"Recorded {clean(name)} in {clean(str(done.path))}: {len(asked)} exchanges, {brought}.")
    print(f"Labelled values replaced by stand-ins: {done.hidden}. Look at the file before you commit it.")


def prove(
    specifications: Annotated[list[Path], typer.Argument(metavar="SPEC", help="Connectors' YAML files.")],
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", metavar="[NAME:]BEHAVIOUR", help="Accept this gap; may be given several times."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Replay what was recorded, and put every failure into the way of every read and action.

    Nothing is sent to the system, and no secret is read. Ends with 0 only when everything that
    applies is proved. What is not proved is named with what to add.
    """
    from bridgehead.connectors.proving.prove import prove as put_to_the_test

    found = [(path, asyncio.run(put_to_the_test(path, allow=allow or ()))) for path in specifications]
    if as_json:
        print_json([_as_json(path, proof) for path, proof in found])
    else:
        for path, proof in found:
            _show(path, proof)
    if not all(proof.proved for _, proof in found):
        raise typer.Exit(Exit.FAILED)


def given_arguments(texts: Sequence[str], file: Path | None) -> dict[str, JSON]:
    """Returns arguments as they were typed, over those of a file; raises UserError ``input.argument``."""
    from bridgehead.errors import UserError

    found: dict[str, JSON] = {}
    typed: dict[str, list[JSON]] = {}
    if file is not None:
        from bridgehead.connectors.files import read_document

        try:
            loaded = json.loads(read_document(file, max_mb=16))
        except ValueError:
            loaded = None
        if not isinstance(loaded, dict):
            raise UserError(f"{file} holds no JSON object", code="input.argument", hint='Write {"NAME": VALUE, …}.')
        found |= loaded
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UserError(
                f"{text!r} is no argument", code="input.argument", hint="Write NAME=VALUE, such as customer=K-17."
            )
        typed.setdefault(name, []).append(_value(name, value))
    return found | {name: values if len(values) > 1 else values[0] for name, values in typed.items()}


def _value(name: str, text: str) -> JSON:
    from bridgehead.errors import UserError

    if not text.startswith(("[", "{")):
        return text
    try:
        return cast("JSON", json.loads(text))
    except ValueError as error:
        raise UserError(f"{name}: {str(error)[:80]}", code="input.argument", hint="Write it as JSON.") from error


def _show(path: Path, proof: Proof) -> None:
    counts = {state: sum(one.state == state for one in proof.verdicts) for state in _MARKS}
    print(
        f"{clean(proof.connector)} ({clean(path.name)}): {counts['proved']} proved, {counts['not proved']} not proved, "
        f"{counts['not applicable']} not applicable"
    )
    for tools in (proof.reads, proof.actions):
        for start in range(0, len(tools), _AT_ONCE):
            _grid(proof.verdicts, tools[start : start + _AT_ONCE])
    for one in proof.verdicts:
        if one.state == "not proved":
            accepted = " (allowed)" if one.allowed else ""
            print(f"\n{clean(one.tool)}: {one.behaviour} is not proved{accepted}: {clean(one.why)}")
            if one.hint:
                print(f"  {clean(one.hint)}")
    print()


def _grid(verdicts: Sequence[Verdict], tools: Sequence[str]) -> None:
    states = {(one.tool, one.behaviour): _MARKS[one.state] for one in verdicts}
    shown = list(dict.fromkeys(one.behaviour for one in verdicts if one.tool in tools))
    print()
    rows = [[name, *(states.get((tool, name), "") for tool in tools)] for name in shown]
    table(["BEHAVIOUR", *tools], rows, empty="Nothing is declared.")


def _as_json(path: Path, proof: Proof) -> dict[str, object]:
    from bridgehead.connectors.proving.verdict import BEHAVIOURS

    return {
        "connector": proof.connector,
        "file": path,
        "proved": proof.proved,
        "verdicts": [
            {"name": one.tool, "behaviour": one.behaviour, "promise": BEHAVIOURS[one.behaviour], "state": one.state,
             "why": one.why, "hint": one.hint, "allowed": one.allowed}
            for one in proof.verdicts
        ],
    }  # fmt: skip
