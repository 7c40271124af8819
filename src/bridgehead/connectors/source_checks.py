"""Checks that the connectors of a deployment provide the sources that its file names under ``intake``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridgehead.connectors.toolset import Connected
from bridgehead.spec.deployment import Deployment, Intake
from bridgehead.spec.problem import DeploymentError, Problem, nearest, shown

PARTS: Final[Mapping[str, str]] = {
    "mail": "mail", "webhook": "webhook", "poll": "poll", "queue": "queue", "files": "folder",
}  # fmt: skip
"""The part of a specification that each kind of intake needs."""

EXAMPLES: Final[Mapping[str, str]] = {
    "mail": "intake: {mail: {move_to: Stored}}",
    "webhook": "intake: {webhook: {secret: env:NAME}}",
    "poll": "intake: {poll: {read: NAME, cursor: FIELD}}",
    "queue": "intake: {queue: {next: SELECT …, key: id, document: COLUMN, done: UPDATE …}}",
    "files": "intake: {folder: {path: in}}",
}


def check_sources(deployment: Deployment, systems: Mapping[str, Connected]) -> None:
    """Raises DeploymentError naming every source under ``intake`` that no connector provides as it says."""
    problems: list[Problem] = []
    file = "bridgehead.yaml" if deployment.file is None else deployment.file.name
    seen: set[tuple[str, str, str]] = set()
    for place, intake in enumerate(deployment.intake):
        if intake.kind not in PARTS:
            continue

        def add(expected: str, found: str, hint: str = "", *, of: Intake = intake, at: int = place) -> None:
            problems.append(Problem(file, of.line, of.column, f"intake.{at}.{of.kind}", expected, found, hint))

        system = systems.get(intake.source)
        if system is None:
            hint = nearest(intake.source, systems) or "list its file there: connect: [NAME.yaml]"
            add("a connector under `connect`", shown(intake.source), hint)
            continue
        part = system.connector.spec.intake
        if part is None or getattr(part, PARTS[intake.kind]) is None:
            given = [kind for kind, name in PARTS.items() if part is not None and getattr(part, name) is not None]
            hint = f"write {{{given[0]}: {intake.source}}}" if given else f"add {EXAMPLES[intake.kind]} to it"
            found = f"{system.path.name} with {PARTS[given[0]]}" if given else f"{system.path.name} without it"
            add(f"a connector whose file has intake.{PARTS[intake.kind]}", found, hint)
            continue
        if intake.kind == "poll" and part.poll is not None:
            named = intake.options.get("read", part.poll.read)
            _of, entity, read = system.connector.reads.get(named, (None, None, None))
            if entity is None or read is None:
                add(
                    "a read of the connector", shown(f"{intake.source}.{named}"), nearest(named, system.connector.reads)
                )
            elif not str(read.params.get("since", "")).endswith("?"):
                add("a read that takes since and can do without (since: datetime?)", shown(named))
            elif part.poll.cursor not in entity.fields:
                add(f"a read whose records have the cursor {part.poll.cursor}", shown(named))
        key = (intake.kind, intake.source, intake.options.get("folder", ""))
        if key in seen:
            add("each source once", "a second one")
        seen.add(key)
    if problems:
        raise DeploymentError(problems)
