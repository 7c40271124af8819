"""``documents``: reads business documents where they lie, by rules, and by a model where the rules are not certain."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridgehead.cli import opening
from bridgehead.cli.exits import Exit
from bridgehead.cli.output import clean, note

if TYPE_CHECKING:
    from bridgehead.documents.assisted.asking import Extraction
    from bridgehead.documents.isolated import Isolated, Rows
    from bridgehead.templates.purchase_orders.assist import ModelExtractor


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="Read business documents and see what was understood."
    )
    epilog = (
        "Example: bridgehead documents read order.pdf --pretty;"
        " bridgehead documents read mails/ --model http://127.0.0.1:8080/v1 --model-name small-instruct"
    )
    group.command(name="read", epilog=epilog)(read)
    app.add_typer(group, name="documents")


def read(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, or folders with files below them.")],
    pretty: Annotated[bool, typer.Option("--pretty", help="Indent the objects.")] = False,
    brief: Annotated[bool, typer.Option("--brief", help="One line of text per object instead of JSON.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, max=64, help="Files under way at once.")] = min(
        4, os.cpu_count() or 1
    ),
    model: Annotated[
        str | None, typer.Option("--model", metavar="URL", help="An OpenAI-compatible URL, or env:NAME.")
    ] = None,
    model_name: Annotated[
        str | None, typer.Option("--model-name", metavar="NAME", help="The model's id there, or env:NAME.")
    ] = None,
    model_key: Annotated[
        str | None, typer.Option("--model-key", metavar="env:NAME", help="Where the key is; never the key itself.")
    ] = None,
    model_timeout: Annotated[
        float, typer.Option("--model-timeout", metavar="SECONDS", min=1, help="The most one answer may take.")
    ] = 60.0,
) -> None:
    """Print one JSON object per order, or per document that holds none.

    Each has file, format, status (order, refused, not_an_order), kind, reason, order. Every file is read in a process
    with limits of time and memory; no network is used, unless --model names one.

    With --model, a model is asked about mails and PDFs that the rules are not certain of, and only about these. It sees
    the visible text, and can only point at words of it: what it reads alone, or otherwise than the rules, is doubted
    and is for a person. What was asked and spent is told on standard error.

    Exits with 0 when all were read or told what they are, with 1 when one was refused.
    """
    from bridgehead.documents.listing import files_of
    from bridgehead.errors import UserError

    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:
        raise UserError(f"no such file or folder: {missing}", code="input.path")
    if model is None and (model_name is not None or model_key is not None):
        raise UserError("--model-name and --model-key are of no use without --model", code="input.use")
    if model is not None and model_name is None:
        raise UserError("--model says where, not which", code="input.use", hint="Add --model-name NAME.")
    wanted = None if model is None or model_name is None else _Model(model, model_name, model_key, model_timeout)
    refused = opening.run(_read_all([*files_of(paths)], jobs, wanted, _Printer(pretty=pretty, brief=brief)))
    if refused:
        raise typer.Exit(Exit.FAILED)


@dataclass(frozen=True, slots=True)
class _Model:
    url: str
    name: str
    key: str | None
    timeout_s: float

    @contextlib.asynccontextmanager
    async def asked(self) -> AsyncIterator[ModelExtractor]:
        """Gives what asks it; raises UserError for settings that are wrong, before anything is read."""
        from bridgehead.models import OpenAICompatible, SecretReference
        from bridgehead.spec.deployment import ModelSpec
        from bridgehead.templates.purchase_orders.assist import ModelExtractor

        if self.key is not None:
            SecretReference(self.key).reveal()
        spec = ModelSpec(self.url, self.name, self.key, timeout_s=self.timeout_s)
        async with OpenAICompatible.from_spec(spec) as client:
            yield ModelExtractor(client)


@dataclass(frozen=True, slots=True)
class _Printer:
    pretty: bool
    brief: bool

    def show(self, rows: Rows) -> None:
        """Prints the objects of one file. JSON is ASCII, so no document acts on a terminal."""
        from bridgehead.documents.listing import brief

        for row in rows:
            print(brief(row) if self.brief else json.dumps(row, indent=1 if self.pretty else None), flush=True)


@dataclass(slots=True)
class _Tally:
    """What asking came to; ``unknown`` counts documents whose tokens no server told."""

    asked: int = 0
    failed: int = 0
    helped: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    unknown: int = 0

    def add(self, extraction: Extraction, *, helped: bool) -> None:
        """Counts one document that the model was asked about."""
        self.asked += 1
        self.failed += extraction.answer is None
        self.helped += helped
        if extraction.input_tokens is None or extraction.output_tokens is None:
            self.unknown += 1
        else:
            self.input_tokens += extraction.input_tokens
            self.output_tokens += extraction.output_tokens

    def told(self, documents: int) -> str:
        """One line about it."""
        unknown = f" and those of {self.unknown} that are unknown" if self.unknown else ""
        return (
            f"The model was asked about {self.asked} of {documents} documents: it changed {self.helped} readings,"
            f" {self.failed} times it gave no answer; {self.input_tokens} tokens in,"
            f" {self.output_tokens} out{unknown}."
        )


async def _read_all(files: Sequence[Path], jobs: int, model: _Model | None, printer: _Printer) -> bool:
    """Reads and prints in the order of the files; tells whether one was refused."""
    from bridgehead.documents.isolated import Isolated

    tally = _Tally()
    idle: asyncio.Queue[Isolated] = asyncio.Queue()
    readers = [Isolated() for _ in range(max(min(jobs, len(files)), 1))]
    for reader in readers:
        idle.put_nowait(reader)
    refused = False
    async with contextlib.AsyncExitStack() as stack:
        extractor = None if model is None else await stack.enter_async_context(model.asked())
        for reader in readers:
            stack.callback(reader.close)
        tasks = [asyncio.create_task(_read_one(file, idle, extractor, tally)) for file in files]
        try:
            for task in tasks:
                rows = await task
                printer.show(rows)
                refused |= any(row["status"] == "refused" for row in rows)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    if extractor is not None:
        note(tally.told(len(files)))
    return refused


async def _read_one(file: Path, idle: asyncio.Queue[Isolated], extractor: ModelExtractor | None, tally: _Tally) -> Rows:
    from bridgehead.documents.listing import load

    reader = await idle.get()
    try:
        document = await asyncio.to_thread(load, file)
        if not isinstance(document, bytes):
            return document
        rows = await asyncio.to_thread(reader.read, document, str(file))
        return rows if extractor is None else await _assisted(rows, document, file, reader, extractor, tally)
    finally:
        idle.put_nowait(reader)


async def _assisted(
    rows: Rows, document: bytes, file: Path, reader: Isolated, extractor: ModelExtractor, tally: _Tally
) -> Rows:
    """The rows with the help of a model; the rows as they were where it is not asked or does not help."""
    from bridgehead.documents.assisted.assist import assist, reading_of, wants_model
    from bridgehead.documents.telling import tell

    reading = reading_of(rows)
    if reading is None or not wants_model(reading):
        return rows
    seen = await asyncio.to_thread(reader.see, document, str(file))
    helped = await assist(reading, seen, extractor)
    changed = helped.reading != reading
    if helped.extraction is not None:
        tally.add(helped.extraction, helped=changed)
    if not changed:
        note(clean(f"{file}: read by rules alone: {helped.why_not}"))
        return rows
    return tell(str(file), str(rows[0]["format"]), helped.reading)
