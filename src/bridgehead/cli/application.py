"""The application that the ``bridgehead`` command runs, and the boundary where every error becomes a message."""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from bridgehead.cli import (
    api,
    authority,
    breakers,
    cases,
    check,
    checks,
    connector,
    control,
    crosswalk,
    database,
    doctor,
    documents,
    drill,
    errors,
    explain,
    grant,
    init,
    ledger,
    notifications,
    opening,
    policy,
    promote,
    report,
    reviews,
    serve,
    submit,
    token,
    undo,
    user,
)
from bridgehead.cli.exits import Exit, complain, exit_code
from bridgehead.cli.output import clean, note

app = typer.Typer(
    name="bridgehead",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="Takes one narrow AI agent from demo to production.\n\n"
    "Start with 'bridgehead init NAME', then 'check', 'submit', 'serve', 'cases' and 'explain'.\n\n"
    "Exit codes: 0 ok, 1 failed, 2 wrong use, 3 refused by policy, 4 the system is unavailable.",
)


def _version(asked: bool) -> None:
    if not asked:
        return
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as of

    try:
        print(f"bridgehead {of('bridgehead')}")
    except PackageNotFoundError:
        print("bridgehead (not installed as a package)")
    raise typer.Exit


@app.callback()
def root(
    version: Annotated[  # noqa: ARG001  # done by its callback, also where no command follows
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Takes one narrow AI agent from demo to production."""
    for warning in opening.unknown_settings():
        note(f"warning: {clean(warning)}")


for module in (
    init, check, doctor, serve, submit, cases, explain, breakers, reviews, notifications, report, checks, promote,
    undo, control, user, token, grant, ledger, policy, authority, connector, crosswalk, documents, database, errors,
    drill, api,
):  # fmt: skip
    module.register(app)


def main(arguments: list[str] | None = None) -> None:
    """Runs one command and exits with its code; an error is a message and a hint, never a traceback."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    from bridgehead.cases.hiding import SECRETS
    from bridgehead.errors import BridgeheadError, UserError

    SECRETS.keep_environment(os.environ)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a letter is no failure
    try:
        app(args=arguments, prog_name="bridgehead")
    except SystemExit as ending:
        return _flushed(ending.code if isinstance(ending.code, int) else int(ending.code is not None))
    except BridgeheadError as error:
        complain(error)
        return _flushed(exit_code(error))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        return _closed_pipe()
    except UnicodeEncodeError as error:
        if not any("\udc80" <= letter <= "\udcff" for one in arguments or sys.argv[1:] for letter in one):
            return _failed(error)
        hint = "Names and reasons are kept as Unicode. Does the terminal's encoding fit its locale?"
        complain(UserError("what was typed is not UTF-8", code="input.encoding", hint=hint))
        return _flushed(Exit.WRONG_USE)
    except Exception as error:  # noqa: BLE001  # the CLI's boundary: a bug is named, its data is not shown
        return _failed(error)
    return _flushed(Exit.OK)


def _failed(error: Exception) -> int:
    print(f"error: Bridgehead failed: {type(error).__name__} at {_place(error)}", file=sys.stderr)
    print("  This is a fault of Bridgehead or of a deployment's code, not of what you typed.", file=sys.stderr)
    return Exit.FAILED


def _flushed(code: int) -> int:
    """Returns the code once everything is written; a reader that has gone is no failure."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _closed_pipe()
    return code


def _closed_pipe() -> int:
    # The interpreter flushes once more at its end; that must not complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.OK


def _place(error: BaseException) -> str:
    """Returns file, line and function where an exception was raised."""
    trace = error.__traceback__
    if trace is None:
        return "an unknown place"
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f"{os.path.basename(code.co_filename)}:{trace.tb_lineno} in {code.co_name}"  # noqa: PTH119  # no path needed
