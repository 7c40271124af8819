"""``submit``: hands documents over, and says of each whether it is safe."""

from __future__ import annotations

import asyncio
import glob
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bridgehead.cli import opening
from bridgehead.cli.exits import Exit, complain, exit_code
from bridgehead.cli.options import AsJson, FolderArgument
from bridgehead.cli.output import clean, note, print_json
from bridgehead.cli.signing_in import PasswordFile, check_rights, local, of_issuer, password_of, secret_of

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.errors import BridgeheadError
    from bridgehead.gate.grants import Principal
    from bridgehead.spec.deployment import Deployment
    from bridgehead.storage.queries import Unsettled
    from bridgehead.storage.reopening import CameTo

_POLL_S: Final = 0.2
_SAY_AFTER_S: Final = 3.0
_STDIN: Final = "-"
_NAMED: Final = 20
_READ_S: Final = 1.0
_READ_AGAIN_S: Final = 30.0
"""How long a worker that serves the deployment has to say what came of documents, with ``--again`` and without."""


@dataclass(slots=True)
class _Sent:
    """What became of the documents so far."""

    arrivals: list[tuple[str, int, bool]] = field(default_factory=list)
    refused: list[tuple[str, BridgeheadError]] = field(default_factory=list)
    left: int = 0
    came_to: list[CameTo] = field(default_factory=list)
    """What those that were read came to."""
    redo: str = ""
    """How something is done again, in words."""

    def known(self, number: int, *, again: bool) -> list[CameTo]:
        """Returns which cases an arrival was attached to, or was to do again; all of one that was stored before."""
        return [
            one
            for one in self.came_to
            if one.arrival == number and (again or one.relation == "resend" or one.again is not None)
        ]


@dataclass(frozen=True, slots=True)
class _Shown:
    """How somebody shows who they are, as far as the command line says it."""

    user: str | None
    password_file: Path | None
    token_file: Path | None
    again: str | None = None

    def check(self, files: Sequence[str]) -> None:
        """Raises UserError where two people are meant, or standard input would be two things."""
        from bridgehead.errors import UserError

        if self.user is not None and self.token_file is not None:
            raise UserError(
                "--as and --token-file are two people", code="user.name", hint="Submit once for each of them."
            )
        if self.user is None and self.password_file is not None:
            raise UserError("--password-file goes with --as", code="user.name", hint="Name the user: --as USER.")
        if self.again is not None and self.user is None and self.token_file is None:
            raise UserError(
                "--again goes with --as or --token-file",
                code="submit.again",
                hint="Say for whom it is done. What acted for nobody is given back with its review:"
                ' bridgehead review R-1 answer "why" --again',
            )
        if self.again is not None and not self.again.strip():
            raise UserError(
                "--again says nothing", code="submit.again", hint="Say why it is done again, for the record."
            )
        secret = self.password_file or self.token_file
        if _STDIN in files and secret is not None and str(secret) == _STDIN:
            raise UserError(
                "standard input cannot be a document and a secret", code="user.password", hint="Name a file for one."
            )


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: bridgehead submit orders samples/*.eml --wait")(submit)


def submit(
    deployment: FolderArgument,
    files: Annotated[list[str], typer.Argument(metavar="FILES", help="Documents; - reads one from standard input.")],
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What the document from standard input is called.")
    ] = None,
    as_user: Annotated[
        str | None, typer.Option("--as", metavar="USER", help="For this user, whose password is asked.")
    ] = None,
    password_file: PasswordFile = None,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", metavar="FILE", help="For whom a token of the issuer shows; - is standard input."),
    ] = None,
    again: Annotated[
        str | None,
        typer.Option("--again", metavar="WHY", help="Have it done again, where nothing of the earlier case stands."),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until each is read and its cases are done or with a person.")
    ] = False,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Wait no longer than this: 90s, 15m, 1h.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Submit documents to a deployment.

    Each is stored durably before it is acknowledged.
    A file that was submitted before, under the same name and with the same content, is the
    same arrival: submitting again is always safe. When the database cannot be reached, nothing
    is acknowledged and the exit code is 4. A file that is refused (empty, too large, a folder,
    missing, unreadable) is named with the reason, the others are submitted, and the exit code is 2.
    With --as or --token-file the cases act for that person, with their rights, checked at each call.
    What that person writes to standard input (-) then counts as their own word, unless `case.labels`
    says otherwise; what stands in a file may have come from anybody, and does not.
    The same order in another file is attached to the case that has it, and nothing more is done.
    With --again it is done again by another case, with the rights of who submits it; refused
    (exit code 2) while the earlier case is under way, and where something it did stands or may stand.
    """
    shown = _Shown(as_user, password_file, token_file, again)
    raise typer.Exit(opening.run(_submit(deployment, files, name, timeout, shown, wait=wait, as_json=as_json)))


async def _submit(
    folder: Path,
    files: Sequence[str],
    name: str | None,
    limit: str | None,
    shown: _Shown,
    *,
    wait: bool,
    as_json: bool,
) -> int:
    from bridgehead.errors import Unavailable
    from bridgehead.spec.tool import parse_duration

    limit_s = None if limit is None else parse_duration(limit)
    spec = opening.load_spec(folder)
    shown.check(files)
    password = None if shown.user is None else password_of(shown.password_file, shown.user)
    token = None if shown.token_file is None else secret_of(shown.token_file, "token", "auth.token")
    chosen = opening.settings()
    sent = _Sent(redo=_redo(spec, folder))
    code = Exit.OK
    settled: dict[str, object] | None = None
    names = list(_expanded(files))
    sent.left = len(names)
    try:
        async with opening.opened(chosen, makes=True) as app:
            who = await _principal(app, spec, shown.user, password, token)
            await _store_all(app, spec, names, name, sent, who, shown.again, as_json=as_json)
            await _told(app, sent, shown.again, as_json=as_json)
            if wait and sent.arrivals:
                settled = await _wait(app, folder, [number for _, number, _ in sent.arrivals], limit_s)
                await _told(app, sent, shown.again, as_json=as_json)
    except Unavailable as error:
        complain(error)
        note(
            f"{len(sent.arrivals)} acknowledged, {sent.left} not."
            " Submit all of them again: what is known already is not taken twice."
        )
        code = Exit.UNAVAILABLE
    if as_json:
        print_json(_as_json(spec, sent, settled))
    if code is Exit.OK and settled is not None and settled["unsettled"]:
        code = Exit.FAILED
    if code is Exit.OK and any(one.refused for one in sent.came_to):
        code = Exit.REFUSED
    if code is Exit.OK and sent.refused:
        code = Exit(max(exit_code(error) for _, error in sent.refused))
    return code


async def _principal(
    app: App, spec: Deployment, user: str | None, password: str | None, token: str | None
) -> Principal | None:
    """Returns for whom the cases will act: nobody, a local user, or whom a token shows; raises UserError."""
    if user is not None and password is not None:
        who = await local(app, user, password)
    elif token is not None:
        who = await of_issuer(app, token)
    else:
        return None
    check_rights(spec, who)
    return who


async def _store_all(
    app: App,
    spec: Deployment,
    files: Sequence[str],
    name: str | None,
    sent: _Sent,
    who: Principal | None,
    again: str | None,
    *,
    as_json: bool,
) -> None:
    from bridgehead.connectors.files import document_name, read_bounded, read_document
    from bridgehead.errors import UserError
    from bridgehead.ids import show

    limit = app.settings.max_document_mb
    for file in files:
        called = document_name((name or "stdin") if file == _STDIN else Path(file).name)
        try:
            if file == _STDIN:
                document = await asyncio.to_thread(read_bounded, sys.stdin.buffer, called, max_mb=limit)
            else:
                document = await asyncio.to_thread(read_document, Path(file), max_mb=limit)
        except UserError as error:
            sent.refused.append((file, error))
            sent.left -= 1
            note(f"refused: {error.message}" + (f". {error.hint}" if error.hint else ""))
            continue
        # What stands in a file may have come from anybody; on standard input it is the user's own word.
        principal = replace(who, wrote=True) if who is not None and file == _STDIN else who
        stored = await app.arrivals.store(
            spec.name,
            source="file",
            source_id=called,
            document=document,
            name=called,
            actor="submit",
            principal=principal,
            again=again,
        )
        sent.arrivals.append((file, stored.id, stored.again))
        sent.left -= 1
        if not as_json:
            told = "already known as" if stored.again else "arrival"
            print(f"{clean(called)}: {told} {show('A', stored.id)}", flush=True)


async def _told(app: App, sent: _Sent, again: str | None, *, as_json: bool) -> None:
    """Says of what was known already what it was attached to, as soon as a worker has read it.

    Nothing is waited for where no worker serves the deployment.
    """
    from bridgehead.clock import boot_s
    from bridgehead.storage.queries import Queries
    from bridgehead.storage.reopening import came_to

    numbers = [number for _, number, _ in sent.arrivals]
    if not numbers:
        return
    queries, until_s = Queries(app.database, app.vault), boot_s() + (_READ_S if again is None else _READ_AGAIN_S)
    said = {(one.arrival, one.case) for one in sent.came_to}
    while True:
        unread = [one for one in (await queries.unsettled(numbers)).arrivals if not one[2]]
        if all(unserved for _, unserved, _ in unread) or boot_s() >= until_s:
            break
        await asyncio.sleep(_POLL_S / 4)
    sent.came_to = await came_to(app.database, numbers)
    if as_json:
        return
    for file, number, stored in sent.arrivals:
        for one in sent.known(number, again=stored):
            if (number, one.case) not in said:
                print(f"{clean(file)}: {_attached(one, sent.redo)}", flush=True)
    if again is not None and not said:
        for arrival, _, _ in unread:
            note(f"{arrival} was not read so far: 'bridgehead explain {arrival}' says then what came of it")


def _redo(spec: Deployment, folder: Path) -> str:
    """Returns how an order is done again that was known already."""
    if spec.rights:
        return f'bridgehead submit {shlex.quote(str(folder))} FILE --as USER --again "why"'
    return 'while a person has it, bridgehead review R-… answer "why" --again'


def _attached(one: CameTo, redo: str) -> str:
    """Returns in words what became of an order that was known already."""
    from bridgehead.ids import show

    case = show("C", one.case)
    if one.refused:
        return f"not done again: {one.refused}"
    if one.again is not None:
        return f"{case} does again what {show('C', one.again)} was to do"
    how = f"attached to {case} as the same order" if one.relation == "resend" else f"it is {case} already"
    return f"{how}; nothing more is done. What became of it: bridgehead explain {case}. To have it done again: {redo}"


def _expanded(files: Sequence[str]) -> Iterator[str]:
    """Yields the files; a pattern that the shell left alone is expanded, unless a file has that very name."""
    for file in files:
        if file != _STDIN and glob.has_magic(file) and not Path(file).exists():
            matches = sorted(found for found in glob.glob(file, recursive=True) if Path(found).is_file())  # noqa: PTH207  # absolute patterns too
            yield from matches or [file]
        else:
            yield file


async def _wait(app: App, folder: Path, arrivals: Sequence[int], limit_s: float | None) -> dict[str, object]:
    """Waits until the arrivals are settled, or the time is up; says what hinders as soon as it lasts."""
    from bridgehead.clock import boot_s
    from bridgehead.storage.queries import Queries
    from bridgehead.storage.queries_cases import CaseQueries

    queries = Queries(app.database, app.vault)
    started = boot_s()
    said: tuple[str, ...] = ()
    live = sys.stderr.isatty()
    while True:
        found = await queries.unsettled(arrivals)
        settled, busy, hindered = found.settled, len(found.arrivals), found.hindered
        waited = boot_s() - started
        if live:
            sys.stderr.write(f"\r\x1b[K{settled} done or with a person, {busy} to go")
            sys.stderr.flush()
        over = limit_s is not None and waited >= limit_s
        if not busy or over:
            if live:
                sys.stderr.write("\r\x1b[K")
            break
        if hindered != said and waited >= _SAY_AFTER_S:
            said = hindered
            if hindered:
                note(f"waiting: {'; '.join(hindered)}. Start one: bridgehead serve {folder}")
        await asyncio.sleep(_POLL_S)
    waits = await CaseQueries(app.database, app.vault).waits([case for _, _, cases in found.arrivals for case in cases])
    waiting = list(_waiting(found, waits))
    note(f"{settled} done or with a person, {busy} not" + (f": {'; '.join(hindered)}" if hindered else ""))
    for one in waiting[:_NAMED]:
        note(f"  {', '.join(name for name in (one['arrival'], one['case']) if name)}: {one['waits']}")
    if len(waiting) > _NAMED:
        note(f"  and {len(waiting) - _NAMED} more: 'bridgehead cases' and 'bridgehead arrivals' list them")
    return {"settled": settled, "unsettled": busy, "hindered": list(hindered), "waiting": waiting}


def _waiting(found: Unsettled, waits: Mapping[str, str]) -> Iterator[dict[str, str | None]]:
    """Yields what each unsettled arrival, or each of its cases, waits for."""
    from bridgehead.ids import show

    for arrival, unread, cases in found.arrivals:
        if not cases:
            why = "it is stored and not read: no worker serves it" if unread else "a worker is to read it"
            yield {"arrival": arrival, "case": None, "waits": why}
        for number in cases:
            case = show("C", number)
            text = waits.get(case, "it is gone")
            if text == "running":
                text = "a worker runs it"
            elif not text.startswith("until "):
                text = f"it waits for {text}"
            else:
                text = f"it waits {text} (UTC)"
            yield {"arrival": arrival, "case": case, "waits": text}


def _as_json(spec: Deployment, sent: _Sent, settled: dict[str, object] | None) -> dict[str, object]:
    from bridgehead.ids import show

    return {
        "deployment": spec.name,
        "arrivals": [
            {
                "file": file,
                "arrival": show("A", number),
                "again": again,
                "attached": [
                    {
                        "case": show("C", one.case),
                        "instead_of": None if one.again is None else show("C", one.again),
                        "not_done_again": one.refused or None,
                        "means": _attached(one, sent.redo),
                    }
                    for one in sent.known(number, again=again)
                ],
            }
            for file, number, again in sent.arrivals
        ],
        "refused": [{"file": file, "code": error.code, "reason": error.message} for file, error in sent.refused],
        "not_acknowledged": sent.left,
        "waited": settled,
    }
