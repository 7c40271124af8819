"""``check``: is the deployment sound, what is not covered, and what could happen at worst."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bridgehead.cli import opening
from bridgehead.cli.exits import complain, exit_code
from bridgehead.cli.options import AsJson, FolderArgument
from bridgehead.cli.output import clean, facts, heading, note, print_json, table

if TYPE_CHECKING:
    from bridgehead.app import LoadedDeployment
    from bridgehead.connectors.toolset import Connected
    from bridgehead.errors import UserError
    from bridgehead.gate.unattended import Bound
    from bridgehead.spec.deployment import Deployment, Intake
    from bridgehead.spec.tool import Tool
    from bridgehead.storage.queries_system import Standing

_ALONE = {"always": "every call", "when": "", "held": "no call", "denied": "no call"}


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: bridgehead check orders")(check)


def check(deployment: FolderArgument, as_json: AsJson = False) -> None:
    """Check a deployment; show what it could do alone.

    Loads bridgehead.yaml and the code it names; no model and no other system is reached. A database
    that runs is asked which level is in force, and none is made or started for that. Every mistake is named with
    file, line and field, what was expected and the nearest right word. Exits with 2 when there is one.
    """
    from bridgehead.cli import case_key, checked_models
    from bridgehead.errors import UserError
    from bridgehead.spec.problem import DeploymentError

    try:
        loaded = opening.load(deployment)
        lacking = list(case_key.missing(loaded))
        mistakes = [problem for problem, gives in lacking if gives == "never"]
        if mistakes:
            raise DeploymentError(mistakes)
    except UserError as error:
        _mistakes(deployment, error, as_json=as_json)
        raise typer.Exit(exit_code(error)) from None
    tools = known_tools(loaded)
    spec = loaded.deployment
    from bridgehead.gate.bound import bound, one_line
    from bridgehead.gate.unattended import sentences, unattended

    bounds = unattended(spec, tools)
    worst = sentences(spec, {name: tool for name, tool in tools.items() if name in loaded.tools})
    standing, stands = _standing(loaded)
    warnings = list(_warnings(loaded, tools, bounds))
    warnings += [f"{problem}, unless the reader gives the key itself (NewCase(key=…))." for problem, _ in lacking]
    if standing is not None and standing.level not in (None, "shadow") and standing.seen_in_shadow is False:
        warnings.append(
            f"This release was never seen in shadow, and the level in force is {standing.level}:"
            " set it to shadow first and compare."
        )
    warnings += checked_models.remarks(loaded)
    if as_json:
        print_json(_as_json(loaded, bounds, worst, warnings) | {"level_in_force": standing and standing.level})
        return
    where = spec.file or spec.folder
    facts(
        [
            ("deployment", f"{spec.name} in {where}"),
            ("agent", spec.agent + (f", reader {spec.reader}" if spec.reader else ", no reader: any text is a case")),
            ("release", loaded.release.digest.hex()[:12]),
            ("starts at", f"{spec.autonomy.level}; 'bridgehead promote' raises the level"),
            *([("in force", stands)] if stands else []),
            ("fallback", _fallback(spec)),
        ]
    )
    if loaded.systems:
        heading("Connectors")
        table(
            ("name", "file", "kind", "reads", "actions"),
            [_connector_row(name, system) for name, system in loaded.systems.items()],
            empty="",
        )
    if spec.intake:
        heading("Intake")
        table(("by", "from", "what becomes an arrival"), [_intake_row(loaded, one) for one in spec.intake], empty="")
    checked_models.show(loaded)
    heading("Tools")
    table(
        ("tool", "effect", "without a person", "otherwise"),
        [
            (bound.tool, bound.effect_class, bound.condition or _ALONE[bound.reach], _otherwise(bound))
            for bound in bounds
        ],
        empty="This deployment has no tools.",
    )
    heading("At worst, once it acts alone")
    for sentence in worst:
        print(f"- {clean(sentence)}")
    print(f"- {clean(one_line(bound(spec, {name: tool for name, tool in tools.items() if name in loaded.tools})))}")
    print("- At level shadow nothing is written; at level approve a person decides about every write.")
    if warnings:
        heading("Worth a look")
        for warning in warnings:
            print(f"- {clean(warning)}")
    print()
    print("No mistakes." + (f" {len(warnings)} remarks." if len(warnings) > 1 else ""))


def _standing(loaded: LoadedDeployment) -> tuple[Standing | None, str]:
    """Returns the level in force and how to say it; nothing where there is no database that knows one."""
    from bridgehead.errors import BridgeheadError
    from bridgehead.storage import embedded
    from bridgehead.storage.queries_system import standing

    try:
        chosen = opening.settings()
        if chosen.database_url is not None:
            url: str | None = chosen.database_url.get_secret_value()
        else:
            url = embedded.status(chosen.home).url
            if url is None and embedded.exists(chosen.home):
                return None, "unknown: the database does not run, and check starts none"
        if url is None:
            return None, ""
        found = opening.run(standing(url, loaded.deployment.name, loaded.release.digest))
    except BridgeheadError as error:
        return None, f"unknown: {error.message}"
    if found.level is None:
        return found, "no level yet: it was never served over this database"
    return found, f"level {found.level} in the database"


def _mistakes(path: Path, error: UserError, *, as_json: bool) -> None:
    from bridgehead.spec.problem import DeploymentError

    problems = error.problems if isinstance(error, DeploymentError) else ()
    if not as_json:
        complain(error)
        return
    print_json(
        {
            "ok": False,
            "deployment": None,
            "path": path,
            "problems": problems,
            "error": {"code": error.code, "message": error.message, "hint": error.hint},
        }
    )
    note("There are mistakes.")


def _as_json(
    loaded: LoadedDeployment, bounds: Sequence[Bound], worst: Sequence[str], warnings: Sequence[str]
) -> dict[str, object]:
    from bridgehead.cli import checked_models
    from bridgehead.errors import ERROR_CLASSES

    spec = loaded.deployment
    return {
        "ok": True,
        "deployment": spec.name,
        "path": spec.file or spec.folder,
        "agent": spec.agent,
        "reader": spec.reader,
        "release": loaded.release.digest,
        "level": spec.autonomy.level,
        "connectors": _systems(loaded),
        "intake": [{"kind": one.kind, "source": one.source, **one.options} for one in spec.intake],
        **checked_models.as_json(loaded),
        "tools": bounds,
        "fallback": {name: spec.fallback.role_for(name) for name in ERROR_CLASSES},
        "worst_case": worst,
        "remarks": warnings,
        "problems": [],
    }


def known_tools(loaded: LoadedDeployment) -> dict[str, Tool]:
    """Returns the tools of the deployment, and those its code declares beside them."""
    from bridgehead.cases.tools import DECLARED

    known = {name: bound.tool for name, bound in loaded.tools.items()}
    for name, declared in DECLARED.items():
        known.setdefault(name, declared[-1].tool)
    return known


def _otherwise(bound: Bound) -> str:
    if not bound.listed:
        return "denied: no rule covers it"
    if bound.reach == "always":
        return "-"
    return "denied" if bound.role is None else f"held for {bound.role}"


def _fallback(spec: Deployment) -> str:
    from bridgehead.errors import ERROR_CLASSES

    caught: dict[str, int] = {}
    for name in ERROR_CLASSES:
        caught[spec.fallback.role_for(name)] = caught.get(spec.fallback.role_for(name), 0) + 1
    if len(caught) == 1:
        return f"{next(iter(caught))} catches every error class"
    return ", ".join(f"{role} catches {count}" for role, count in caught.items()) + " error classes; none is uncovered"


def _warnings(loaded: LoadedDeployment, tools: dict[str, Tool], bounds: Sequence[Bound]) -> Iterator[str]:
    """Yields what is allowed and may still not be meant."""
    spec = loaded.deployment
    for name in loaded.agent.unlisted:
        if name not in tools:
            yield f"{name} is a tool of the agent that nobody declared: it counts as irreversible and is denied."
    for bound in bounds:
        if not bound.listed:
            yield f"{bound.tool} is declared and no rule covers it: virtual in shadow, denied elsewhere."
            continue
        yield from _of_tool(spec, tools[bound.tool], bound)
    yield from _unset(spec)
    for name, system in loaded.systems.items():
        yield from _of_system(name, system)
    yield from _of_channels(spec)
    if spec.baseline is None:
        yield "There is no `baseline`: a report cannot say what people's work would have taken."


def _of_tool(spec: Deployment, tool: Tool, bound: Bound) -> Iterator[str]:
    from bridgehead.gate.unattended import open_below

    if bound.reach == "always" and bound.effect_class == "irreversible":
        yield f"{bound.tool} cannot be undone and is allowed on every call."
    if bound.effect_class == "reversible" and bound.reach != "denied" and not tool.has_undo:
        yield f"{bound.tool} is reversible and declares no undo: only people can take it back."
    if tool.is_effect and bound.reach != "denied" and not tool.has_verify:
        yield f"{bound.tool} has no verify: after a lost reply a person must look whether it happened."
    if tool.is_effect and bound.reach != "denied" and not tool.has_preview:
        yield f"{bound.tool} has no preview: in shadow its result is a placeholder."
    rule = spec.tools[bound.tool]
    if tool.is_effect and isinstance(rule.allow, str):
        for path in open_below(rule.allow):
            yield f"{bound.tool} is allowed for any negative {path}: add '{path} >= 0' to its rule."
    if rule.otherwise is not None and rule.otherwise.within_s is None:
        yield f"{bound.tool} is held for {rule.otherwise.hold} without `within`: nobody is asked a second time."


def _of_system(name: str, system: Connected) -> Iterator[str]:
    from bridgehead.connectors.unset import unset_secrets

    spec = system.connector.spec
    for lacking in unset_secrets(spec, system.path.parent):
        yield f"{system.path.name}: {lacking}; a worker needs it."
    if spec.untried is not None:
        yield f"{name} was never run against the vendor's system: {spec.untried}"


def _of_channels(spec: Deployment) -> Iterator[str]:
    """Yields what a worker would lack to tell people of their work, and channels by which nobody is told."""
    if not spec.channels:
        return
    from bridgehead.app import means
    from bridgehead.errors import UserError

    reveal = means(spec).reveal
    for name, channel in spec.channels.items():
        for reference in (channel.address, *channel.secrets):
            if reference.startswith(("env:", "file:")):  # a store of secrets is not asked by a check
                try:
                    reveal(reference)
                except UserError as error:
                    yield f"channel {name}: {error.message}; a worker needs it."
        if spec.notify is None or not any(name in names for names in spec.notify.roles.values()):
            yield f"channel {name} is named for no role under `notify`: nobody is told by it."


def _intake_row(loaded: LoadedDeployment, one: Intake) -> tuple[str, str, str]:
    from bridgehead.connectors.telling_intake import told

    system = loaded.systems.get(one.source)
    part = None if system is None else system.connector.spec.intake
    return one.kind, one.source, "each file" if part is None else told(one, part)


def _connector_row(name: str, system: Connected) -> tuple[str, str, str, str, str]:
    found = system.connector
    return name, system.path.name, found.spec.kind, ", ".join(found.reads), ", ".join(found.spec.actions)


def _systems(loaded: LoadedDeployment) -> list[dict[str, object]]:
    """Returns each connector with its file, kind and tools, those of no rule included."""
    return [
        {"name": name, "file": system.path.name, "kind": system.connector.spec.kind, "tools": list(system.bound)}
        for name, system in loaded.systems.items()
    ]


def _unset(spec: Deployment) -> Iterator[str]:
    """Yields references to the environment that are not set here; never what one holds."""
    for name, model in spec.models.items():
        for field in ("url", "name", "key"):
            value = getattr(model, field)
            if isinstance(value, str) and value.startswith("env:") and not os.environ.get(value.removeprefix("env:")):
                yield f"models.{name}.{field}: {value} is not set here; a worker needs it."
