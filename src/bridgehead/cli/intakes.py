"""The sources that ``serve`` and ``worker`` watch beside the worker: all that the deployments name under `intake`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridgehead.app import App, LoadedDeployment
    from bridgehead.connectors.folder import FolderIntake
    from bridgehead.connectors.watching import Arrived, Keep, Source
    from bridgehead.connectors.webhook import Hook


@dataclass(frozen=True, slots=True)
class Sources:
    """Every source, prepared, and where webhooks are taken."""

    all: Sequence[Source]
    addresses: Sequence[str] = ()


def open_sources(app: App, loaded: Sequence[LoadedDeployment]) -> Sources:
    """Returns the sources of the deployments, ready to be watched; raises UserError for one that cannot be used.

    ``intake.folder``: a folder that holds a deployment, whose own files would be taken as arrivals,
    or one that two deployments would take from each other. ``intake.twice``: the same for a
    mailbox, a table or a place of files.
    """
    found: list[Source] = [*_folders(app, loaded)]
    hooks: dict[tuple[str, str], Hook] = {}
    for one in loaded:
        spec = one.deployment
        if all(intake.kind == "folder" for intake in spec.intake):
            continue  # loads nothing of what other sources need
        from bridgehead.connectors.sources import Opener

        opener = Opener(
            spec.name, partial(_keep, app, spec.name), app.cursors, app.turns.turn, app.settings.max_document_mb
        )
        for intake in spec.intake:
            if intake.kind == "folder":
                continue
            system = one.systems[intake.source]
            if intake.kind == "webhook":
                hooks[spec.name, intake.source] = opener.hook(intake, system)
            else:
                found.append(opener.source(intake, system))
    _alone(loaded)
    addresses: Sequence[str] = ()
    for source in found:
        source.prepare()
    if hooks:
        from bridgehead.connectors.webhook import Webhooks

        chosen = app.settings
        server = Webhooks(hooks, host=chosen.webhook_host, port=chosen.webhook_port, max_mb=chosen.max_document_mb)
        server.prepare()
        found.append(server)
        addresses = server.addresses()
    return Sources(found, addresses)


def _folders(app: App, loaded: Sequence[LoadedDeployment]) -> list[FolderIntake]:
    from bridgehead.connectors.folder import FolderIntake
    from bridgehead.errors import UserError

    found: dict[Path, FolderIntake] = {}
    homes = [one.deployment.folder.resolve() for one in loaded]
    for one in loaded:
        spec = one.deployment
        for folder in spec.intake_folders:
            place = folder.resolve()
            holds = any(home == place or place in home.parents for home in homes)
            if holds or place in found:
                why = "holds a deployment's own files" if holds else "is watched for another deployment already"
                raise UserError(
                    f"the intake folder {folder} {why}",
                    code="intake.folder",
                    hint="Give each deployment a folder of its own for arrivals, such as ./in.",
                )
            found[place] = FolderIntake(folder, partial(_file, app, spec.name), max_mb=app.settings.max_document_mb)
    return list(found.values())


def _alone(loaded: Sequence[LoadedDeployment]) -> None:
    """Raises UserError for a source that two deployments would take from each other."""
    from bridgehead.errors import UserError

    taken: dict[tuple[str, Path, str], str] = {}
    for one in loaded:
        for intake in one.deployment.intake:
            if intake.kind not in {"mail", "queue", "files"}:
                continue
            key = (intake.kind, one.systems[intake.source].path, intake.options.get("folder", ""))
            other = taken.setdefault(key, one.deployment.name)
            if other != one.deployment.name:
                raise UserError(
                    f"{intake.kind} {intake.source} is an intake of {other} and of {one.deployment.name}",
                    code="intake.twice",
                    hint="What one of them takes the other never sees: give each a mailbox, a table or a folder.",
                )


def _keep(app: App, deployment: str, source: str) -> Keep:
    """Returns what stores the arrivals of one kind of source."""
    from bridgehead.ids import show

    async def keep(one: Arrived) -> str:
        stored = await app.arrivals.store(
            deployment, source=source, source_id=one.source_id, document=one.document, name=one.name,
            actor="intake", unfit=one.unfit, by_id=one.by_id,
        )  # fmt: skip
        return show("A", stored.id)

    return keep


async def _file(app: App, deployment: str, name: str, document: bytes) -> str:
    from bridgehead.ids import show

    stored = await app.arrivals.store(
        deployment, source="file", source_id=name, document=document, name=name, actor="intake"
    )
    return show("A", stored.id)
