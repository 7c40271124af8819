"""How commands reach the system: settings that explain themselves, and the app over a database that answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from bridgehead.app import App, LoadedDeployment
    from bridgehead.settings import Settings
    from bridgehead.spec.deployment import Deployment

T = TypeVar("T")


def run(work: Coroutine[object, object, T]) -> T:
    """Runs a command's work to its end; raises KeyboardInterrupt when it was cut short."""
    quiet()
    try:
        return asyncio.run(work)
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def quiet() -> None:
    """Keeps libraries from writing to the terminal; commands say themselves what happened."""
    for name in ("psycopg.pool", "psycopg", "procrastinate", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def settings(*, concurrency: int | None = None) -> Settings:
    """Returns the settings from the environment; raises UserError naming the one that is wrong, without its value."""
    from pydantic import ValidationError

    from bridgehead.errors import UserError
    from bridgehead.settings import Settings

    try:
        found = Settings()
        if concurrency is not None:
            found = Settings.model_validate({**found.model_dump(), "concurrency": concurrency})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise UserError(
            f"BRIDGEHEAD_{name}: {first['msg'].lower()}",
            code="settings.value",
            hint="See docs/reference/settings.md.",
        ) from None
    return found


@asynccontextmanager
async def opened(chosen: Settings | None = None) -> AsyncIterator[App]:
    """Gives the app over an open, migrated database; raises Unavailable within seconds when there is none."""
    from bridgehead.app import App
    from bridgehead.storage.queries_system import described, probe

    found = chosen or settings()
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
