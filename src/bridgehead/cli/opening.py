"""How commands reach the system: settings that explain themselves, and the app over a database that answers."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from pydantic import ValidationError

    from bridgehead.app import App, LoadedDeployment
    from bridgehead.settings import Settings
    from bridgehead.spec.deployment import Deployment

T = TypeVar("T")
NO_DATABASE: Final = "db.none"
_OF_TESTS: Final = frozenset(
    {"BRIDGEHEAD_TEST_GGUF", "BRIDGEHEAD_TEST_SERVER", "BRIDGEHEAD_CRASH_POINT", "BRIDGEHEAD_CRASH_TESTS"}
)
"""Read by the project's own tests, not by a setting."""


def run(work: Coroutine[object, object, T]) -> T:
    """Runs a command's work to its end; raises KeyboardInterrupt when it was cut short."""
    quiet()
    try:
        return asyncio.run(work)
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def run_list(work: Coroutine[object, object, Sequence[T]]) -> Sequence[T]:
    """Runs a command that lists; where there is no database, says so and gives the empty list."""
    from bridgehead.cli.output import note
    from bridgehead.errors import UserError

    try:
        return run(work)
    except UserError as error:
        if error.code != NO_DATABASE:
            raise
        note(f"{error.message}: {error.hint}")
        return ()


def quiet() -> None:
    """Keeps libraries from writing to the terminal; commands say themselves what happened."""
    for name in ("psycopg.pool", "psycopg", "procrastinate", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def settings(
    *, concurrency: int | None = None, webhook_port: int | None = None, http_port: int | None = None
) -> Settings:
    """Returns the settings from the environment; raises UserError naming the one that is wrong, without its value."""
    from pydantic import ValidationError

    from bridgehead.errors import UserError
    from bridgehead.settings import Settings

    try:
        found = Settings()
        given = {"concurrency": concurrency, "webhook_port": webhook_port, "http_port": http_port}
        if said := {name: value for name, value in given.items() if value is not None}:
            found = Settings.model_validate({**found.model_dump(), **said})
    except ValidationError as error:
        raise UserError(_wrong(error), code="settings.value", hint="See docs/reference/settings.md.") from None
    return found


def sound_settings() -> tuple[Settings, list[str]]:
    """Returns the settings with the default in the place of each that is wrong, and a sentence for each of these."""
    from pydantic import ValidationError

    from bridgehead.settings import Settings

    defaults: dict[str, Any] = {}
    said: list[str] = []
    while True:
        try:
            return Settings(**defaults), said
        except ValidationError as error:
            said.append(_wrong(error))
            # One is wrong, or several do not go together: those that are named.
            named = {
                field for field in Settings.model_fields if f"BRIDGEHEAD_{field.upper()}" in re.split(r"\W", said[-1])
            }
            if not named - set(defaults):
                return Settings.model_construct(), said
            defaults |= {field: Settings.model_fields[field].default for field in named}


def _wrong(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    name = "_".join(str(part) for part in first["loc"]).upper()
    return f"BRIDGEHEAD_{name}: {first['msg'].lower()}" if name else first["msg"].removeprefix("Value error, ")


def unknown_settings() -> list[str]:
    """Returns a sentence for each variable of the environment that looks like a setting and is none."""
    given = sorted(name for name in os.environ if name.upper().startswith("BRIDGEHEAD_"))
    if not given:
        return []
    from bridgehead.settings import Settings
    from bridgehead.spec.problem import nearest

    known = [f"BRIDGEHEAD_{field.upper()}" for field in Settings.model_fields]
    unknown = [name for name in given if name.upper() not in known and name not in _OF_TESTS]
    return [f"{name} is no setting and changes nothing: {nearest(name.upper(), known)}" for name in unknown]


@asynccontextmanager
async def opened(chosen: Settings | None = None, *, makes: bool = False) -> AsyncIterator[App]:
    """Gives the app over an open, migrated database; raises Unavailable within seconds when none answers.

    An embedded database that exists is started where it does not run; a new one is made for a
    command that ``makes`` something to keep. Others raise UserError with the code ``db.none``.
    """
    from bridgehead.app import App
    from bridgehead.errors import UserError
    from bridgehead.storage import embedded
    from bridgehead.storage.queries_system import described, probe

    found = chosen or settings()
    if found.database_url is None and not makes and not embedded.exists(found.home):
        raise UserError(
            f"there is no database in {found.home.absolute()}",
            code="db.none",
            hint="'bridgehead submit' or 'serve' makes one. Are you in the right folder? See BRIDGEHEAD_HOME.",
        )
    if found.database_url is not None:
        url = found.database_url.get_secret_value()
        described(url)
        # The pool would keep trying; a command says at once that nothing answers.
        await probe(url)
    async with App.opened(found) as app:
        yield app


def load(path: Path) -> LoadedDeployment:
    """Loads a deployment with its code."""
    from bridgehead.app import load_deployment

    return load_deployment(path)


def load_all(paths: Sequence[Path]) -> list[LoadedDeployment]:
    """Loads several deployments; raises UserError when two have one name."""
    from bridgehead.errors import UserError

    found: dict[str, LoadedDeployment] = {}
    for path in paths:
        loaded = load(path)
        name = loaded.deployment.name
        if name in found:
            raise UserError(
                f"{path} and {found[name].deployment.folder} are both deployment {name!r}",
                code="deployment.twice",
                hint="Name each deployment once; another one needs another name.",
            )
        found[name] = loaded
    return list(found.values())


def load_spec(path: Path) -> Deployment:
    """Loads what ``bridgehead.yaml`` says, without running any of the deployment's code."""
    from bridgehead.spec.load import load as load_yaml

    return load_yaml(path)
