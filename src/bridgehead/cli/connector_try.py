"""``connector try``: what a read brings, mapped, beside what was sent; what an action would send, and its sending."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bridgehead.cli import opening
from bridgehead.cli.exits import Exit, complain, exit_code
from bridgehead.cli.options import AsJson
from bridgehead.cli.output import brief, clean, facts, heading, note, print_json, table

if TYPE_CHECKING:
    from bridgehead.connectors.connector import Connector
    from bridgehead.connectors.document import Specification
    from bridgehead.connectors.document_entity import FieldPart
    from bridgehead.connectors.reading import Reading
    from bridgehead.connectors.trying import Watched
    from bridgehead.errors import BridgeheadError

SpecArgument = Annotated[Path, typer.Argument(metavar="SPEC", help="The connector's YAML file.")]
_RECORDS: Final = 5
_CELL: Final = 70


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("try", epilog="Example: bridgehead connector try erp.yaml get_order number=4500017")(try_)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a person wants it shown."""

    as_json: bool
    all_records: bool
    show_personal: bool


def try_(
    spec: SpecArgument,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A read or an action; without it, all are listed.")
    ] = None,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE", help="Its arguments. A list: the key again, or JSON; an object: JSON."),
    ] = None,
    all_records: Annotated[
        bool, typer.Option("--all", help="Show every record and entry, not the first ones.")
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Of an action: show what would be sent; send nothing.")
    ] = False,
    send: Annotated[
        bool, typer.Option("--send", help="Of an action: send it for real, under a key made up for it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Send without being asked.")] = False,
    show_personal: Annotated[
        bool, typer.Option("--show-personal", help="Show fields that carry a label, such as personal.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Try a connector's read or action on the system it connects.

    A read shows every field beside what the system sent, how it was mapped, how old it is and how many
    requests it took. A field that does not fit is named with its path, its value and its record; the exit
    code is then 1. An action sends nothing without --send.
    """  # fmt: skip
    way = _Way(as_json, all_records, show_personal)
    if name is None:
        _list(spec, as_json=as_json)
        return
    code = opening.run(_tried(spec, name, _pairs(arguments or []), way, preview=preview, send=send, yes=yes))
    if code:
        raise typer.Exit(code)


def _list(path: Path, *, as_json: bool) -> None:
    from bridgehead.connectors.load import load_specification
    from bridgehead.connectors.trying import offers

    spec = load_specification(path)
    found = offers(spec)
    if as_json:
        print_json({"connector": spec.connector, "kind": spec.kind, "offers": found})
        return
    rows = [(one.name, f"{one.kind}, {one.of}", ", ".join(f"{key}: {form}" for key, form in one.arguments.items()))
            for one in found]  # fmt: skip
    table(("name", "what it is", "arguments"), rows, empty=f"{spec.connector} has no reads and no actions")


def _pairs(texts: Sequence[str]) -> dict[str, list[str]]:
    from bridgehead.errors import UserError

    found: dict[str, list[str]] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise UserError(f"{text!r} is no argument", code="input.argument", hint="Write KEY=VALUE.")
        found.setdefault(key.strip(), []).append(value)
    return found


def _given(shape: Mapping[str, object], pairs: Mapping[str, list[str]]) -> dict[str, object]:
    """Returns arguments as JSON values: a text, or what a text of JSON holds where a list or object is taken."""
    from bridgehead.errors import UserError

    found: dict[str, object] = {}
    for key, texts in pairs.items():
        form = shape.get(key)
        listed = isinstance(form, Sequence) and not isinstance(form, str)
        entry = form[0] if isinstance(form, Sequence) and listed else None
        if listed and not (len(texts) == 1 and texts[0].lstrip().startswith("[")):
            found[key] = [_json(key, text) if isinstance(entry, Mapping) else text for text in texts]
        elif len(texts) > 1:
            raise UserError(f"{key} is given twice", code="input.argument", hint="Only a list is given several times.")
        elif listed or isinstance(form, Mapping) or form in {"json", "json?"}:
            found[key] = _json(key, texts[0])
        else:
            found[key] = texts[0]
    return found


def _json(key: str, text: str) -> object:
    from bridgehead.errors import UserError

    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        raise UserError(f"{key} is no JSON", code="input.argument", hint=f"Write {key}='{{\"a\": 1}}'.") from None
    return found


async def _tried(
    path: Path, name: str, pairs: Mapping[str, list[str]], way: _Way, *, preview: bool, send: bool, yes: bool
) -> int:
    from bridgehead.connectors.opening import open_connector
    from bridgehead.connectors.trying import Watched, part_of, typed
    from bridgehead.errors import Failed, UserError

    connector = open_connector(path)
    watched = Watched(connector.wire)
    try:
        part = part_of(connector, name)
        values = typed(part[2].params if isinstance(part, tuple) else part.params, _given(
            part[2].params if isinstance(part, tuple) else part.params, pairs), owner=name)  # fmt: skip
        if isinstance(part, tuple):
            if preview or send:
                raise UserError(f"{name} is a read", code="input.use", hint="--preview and --send are for actions.")
            return await _read(connector, watched, name, values, way)
        if preview == send:
            raise UserError(
                f"{name} changes {connector.name}",
                code="input.use",
                hint="Say --preview to see what would be sent, or --send to send it.",
            )
        if preview:
            await _preview(connector, name, values, way)
            return Exit.OK
        return await _send(connector, name, values, way, yes=yes)
    except Failed as failed:
        if (status := failed.attributes.get("status")) is not None:
            note(f"{connector.name} answered with status {status}.")
        raise
    finally:
        await connector.aclose()


async def _read(
    connector: Connector, watched: Watched, name: str, values: Mapping[str, object], way: _Way
) -> int:  # fmt: skip
    from bridgehead.clock import perf_s
    from bridgehead.connectors.connector import Connector as Again
    from bridgehead.errors import Failed

    trial = Again(connector.spec, watched, limits=connector.limits)
    began = perf_s()
    reading: Reading | None = None
    failed: BridgeheadError | None = None
    try:
        reading = await trial.read(name, values)
    except Failed as error:
        failed = error
    took_ms = (perf_s() - began) * 1000
    of, entity, read = connector.reads[name]
    answer = watched.answers.get(id(read))
    if answer is None and failed is not None:
        raise failed
    rows = list(answer.rows) if answer else []
    report = _Report(of, entity.fields, rows, way)
    told = {
        "source": f"{connector.name}.{name}",
        "records": len(rows),
        "requests": trial.counters.requests or (answer.asked if answer else 0),
        "took_ms": round(took_ms, 1),
        **_freshness(reading),
    }
    if way.as_json:
        found: dict[str, object] = {"ok": failed is None, **told, "entity": of, "shown": report.shown()}
        if reading is not None:
            found["filled"] = report.filled(connector.spec, reading)
        if failed is not None:
            found["error"] = {"code": failed.code, "message": failed.message, "hint": failed.hint, **failed.attributes}
        print_json(found)
    else:
        report.print(connector.spec, reading)
        print()
        facts([(key.replace("_", " "), str(value)) for key, value in told.items() if value is not None])
    if failed is not None:
        if not way.as_json:
            complain(failed)
        return exit_code(failed)
    return Exit.OK


def _freshness(reading: Reading | None) -> dict[str, object]:
    if reading is None:
        return {}
    from bridgehead.clock import utc_now

    age_s = max(0.0, (utc_now() - reading.as_of).total_seconds())
    return {
        "known_at": f"{reading.as_of:%Y-%m-%dT%H:%M:%SZ}",
        "age_s": round(age_s, 1),
        "version": reading.version,
        "copy": True if reading.copy else None,
        "asked_again": True if reading.again else None,
    }


class _Report:
    """The records of a read beside what was sent; those that do not fit come first."""

    def __init__(
        self, of: str, fields: Mapping[str, FieldPart], rows: Sequence[Mapping[str, object]], way: _Way
    ) -> None:
        from bridgehead.connectors.trying import lines, unmapped

        self._of, self._fields, self._rows, self._way = of, fields, rows, way
        entries = None if way.all_records else 3
        each = [
            (number, lines(fields, row, show=way.show_personal, entries=entries), unmapped(fields, row))
            for number, row in enumerate(rows, 1)
        ]
        each.sort(key=lambda one: not any(line.wrong for line in one[1]))
        self._each = each if way.all_records else each[:_RECORDS]

    def shown(self) -> list[dict[str, object]]:
        """Returns it for programs."""
        from bridgehead.connectors.trying import shown

        return [
            {
                "record": number,
                "fields": [
                    {"field": line.field, "from": line.path, "raw": shown(line.raw), "mapped": shown(line.mapped),
                     "how": line.how, "wrong": line.wrong or None, "hint": line.hint or None}
                    for line in found
                ],
                "not_mapped": rest,
            }
            for number, found, rest in self._each
        ]  # fmt: skip

    def filled(self, spec: Specification, reading: Reading) -> dict[str, list[object]]:
        """Returns what other reads filled, by field; the first records alone unless all are wanted."""
        from bridgehead.connectors.mapping import HIDDEN
        from bridgehead.connectors.trying import concealed

        bound = None if self._way.all_records else _RECORDS
        show = self._way.show_personal
        found: dict[str, list[object]] = {}
        for name, part in self._fields.items():
            if part.read is None:
                continue
            hidden = part.hides and not show
            found[name] = [
                HIDDEN if hidden else concealed(spec, part.read, getattr(one, name, None), show=show)
                for one in reading.records[:bound]
            ]
        return found

    def print(self, spec: Specification, reading: Reading | None) -> None:
        """Prints it for people."""
        from bridgehead.connectors.trying import shown

        if not self._rows:
            print(f"no {self._of} was found")
        for number, found, rest in self._each:
            if len(self._rows) > 1:
                heading(f"{self._of}, record {number} of {len(self._rows)}")
            rows = [
                (line.field, line.path if line.path != line.field else "", _cell(shown(line.raw)),
                 f"✗ {line.wrong}" if line.wrong else _cell(shown(line.mapped)), line.how)
                for line in found
            ]  # fmt: skip
            table(("field", "from", "raw", "mapped", "how"), rows, empty="no fields")
            if rest:
                print(clean(f"not mapped: {', '.join(rest)}"))
        if reading is not None:
            for name, values in self.filled(spec, reading).items():
                for number, value in enumerate(values, 1):
                    print(clean(f"{name} of record {number}, by another read: {brief(value)}"))
        left = len(self._rows) - len(self._each)
        if left:
            print(f"… {left} more records: --all shows them")


def _cell(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)[:_CELL]
    return "-" if value is None else brief(value, _CELL)


async def _preview(connector: Connector, name: str, values: Mapping[str, object], way: _Way) -> None:
    from bridgehead.connectors.trying import labelled_texts, outgoing, shown, without

    action = connector.spec.actions[name]
    filled = {**values, **await connector.asked_first(name, values), "effect_key": "(effect key)"}
    hidden = set() if way.show_personal else labelled_texts(connector.spec, action.let, filled)
    sent = [(what, without(shown(value), hidden)) for what, value in outgoing(action, filled)]
    answer = shown(connector.preview(name, values)) if action.preview else None
    if way.as_json:
        print_json({"action": name, "effect": action.effect, "would_send": dict(sent), "answer": answer, "sent": False})
        return
    facts([("action", f"{name}, {action.effect}"), *((what, _text(value)) for what, value in sent)])
    if action.let:
        reads = dict.fromkeys(part.read for part in action.let.values())
        print(clean(f"read first: {', '.join(action.let)} by {', '.join(reads)}"))
    if answer is not None:
        print(clean(f"shadow would answer: {brief(answer)}"))
    note("Nothing was sent.")


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


async def _send(connector: Connector, name: str, values: Mapping[str, object], way: _Way, *, yes: bool) -> int:
    from bridgehead import ids
    from bridgehead.connectors.trying import shown
    from bridgehead.errors import Failed, UserError

    action = connector.spec.actions[name]
    if not yes:
        if not sys.stdin.isatty():
            raise UserError(
                f"{name} changes {connector.name}, and nobody can be asked here", code="input.use",
                hint="Say --yes to send it without being asked.",
            )  # fmt: skip
        note(f"{name} changes {connector.name} for real ({action.effect}).")
        if typer.prompt(f"Type {name} to send it", default="", show_default=False) != name:
            note("Nothing was sent.")
            return Exit.FAILED
    key = f"try-{ids.random_hex(12)}"
    note(f"effect key: {key}")
    try:
        result = await connector.act(name, values, key=key)
    except Failed as failed:
        happened = (
            "Surely nothing happened."
            if failed.applied is False
            else "It may have happened: look before you try again."
        )
        note(happened)
        raise
    again, due = connector.counters.actions == 0, connector.counters.finished
    sent = not again or due > 0
    if way.as_json:
        print_json({"action": name, "key": key, "sent": sent, "there_already": again, "result": shown(result)})
        return Exit.OK
    there = (
        "it was there already, unfinished; what was due was sent" if due else "it was there already; nothing was sent"
    )
    print(there if again else "sent, and answered:")
    found = shown(result)
    facts([(str(field), _text(value)) for field, value in found.items()] if isinstance(found, Mapping) else [])
    if action.undo is not None:
        note(f"{action.undo.action} takes it back.")
    return Exit.OK
