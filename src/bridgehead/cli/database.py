"""``db``: the database that everything is kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson
from bridgehead.cli.output import facts, print_json, size

if TYPE_CHECKING:
    from bridgehead.storage.queries_system import Probe


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    db = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="Look at the database, and stop the embedded one."
    )
    db.command(epilog="Example: bridgehead db status")(status)
    db.command(epilog="Example: bridgehead db stop")(stop)
    app.add_typer(db, name="db")


def status(as_json: AsJson = False) -> None:
    """Show where the database is and whether it answers.

    Starts nothing. Exits with 4 when it does not answer; an embedded one that is not running is started by the
    next command that needs it.
    """
    from bridgehead.errors import Unavailable
    from bridgehead.storage import embedded
    from bridgehead.storage.queries_system import described

    chosen = opening.settings()
    report: dict[str, object] = {"kind": "embedded" if chosen.database_url is None else "server"}
    if chosen.database_url is not None:
        url: str | None = chosen.database_url.get_secret_value()
        report |= {"where": described(chosen.database_url.get_secret_value()), "pid": None}
    else:
        found = embedded.status(chosen.home)
        url = found.url
        report |= {"where": str(found.folder), "pid": found.pid}
    try:
        probed = None if url is None else opening.run(_probe(url))
        report |= {"running": probed is not None, "error": None}
    except Unavailable as error:
        probed = None
        report |= {"running": False, "error": error.message}
    report["found"] = probed
    if as_json:
        print_json(report)
    else:
        _show(report, probed)
    if report["error"] is not None:
        raise typer.Exit(4)


async def _probe(url: str) -> Probe:
    from bridgehead.storage.queries_system import probe

    return await probe(url)


def _show(report: dict[str, object], probed: Probe | None) -> None:
    pairs = [("database", f"{report['kind']}, {report['where']}")]
    if probed is None:
        stands = "not running; the next command that needs it starts it"
        pairs.append(("state", stands if report["error"] is None else f"no answer: {report['error']}"))
    else:
        pid = report.get("pid")
        pairs += [
            ("state", "running" + (f", process {pid}" if pid else "")),
            ("version", f"PostgreSQL {probed.server_version // 10000}.{probed.server_version % 10000}"),
            (
                "schema",
                "none yet" if probed.schema is None else f"{probed.schema} (this version knows {probed.known_schema})",
            ),
            ("size", size(probed.size_bytes)),
            ("workers", str(probed.workers)),
            ("open cases", str(probed.open_cases)),
        ]
    facts(pairs)


def stop(
    force: Annotated[bool, typer.Option("--force", help="Stop it even while workers are connected.")] = False,
) -> None:
    """Stop the embedded database; its data stays.

    The next command that needs it starts it again. Workers must be stopped first.
    """
    from bridgehead.errors import Unavailable, UserError
    from bridgehead.storage import embedded

    chosen = opening.settings()
    if chosen.database_url is not None:
        raise UserError(
            "BRIDGEHEAD_DATABASE_URL is set: that server is not Bridgehead's to stop",
            code="db.foreign",
            hint="Unset it to stop the embedded database of this folder.",
        )
    found = embedded.status(chosen.home)
    if found.url is not None and not force:
        try:
            workers = opening.run(_probe(found.url)).workers
        except Unavailable:
            workers = 0  # a server that does not answer has nobody to take care of
        if workers:
            raise UserError(
                f"{workers} worker{'s' if workers > 1 else ''} of this database run{'' if workers > 1 else 's'}",
                code="db.in_use",
                hint="Stop the workers first (SIGTERM), or use --force.",
            )
    print("stopped" if embedded.stop(chosen.home) else "it was not running")
