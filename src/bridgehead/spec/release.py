"""The digest that names a release: equal inputs give the same 32 bytes on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import rfc8785

from bridgehead.errors import UserError
from bridgehead.spec.deployment import Deployment, Otherwise
from bridgehead.spec.tool import Tool


@dataclass(frozen=True, slots=True)
class Release:
    """An immutable version of a deployment: ``digest`` is the SHA-256 of ``manifest`` (RFC 8785 JSON)."""

    digest: bytes
    manifest: bytes

    @property
    def hex(self) -> str:
        """The digest as people and policies see it: lower-case hex."""
        return self.digest.hex()


def release_digest(
    deployment: Deployment,
    tools: Mapping[str, Tool],
    *,
    code: bytes,
    prompts: Mapping[str, str],
    models: Mapping[str, str],
    connectors: Mapping[str, str] | None = None,
) -> Release:
    """Returns the release made of what decides how a case goes.

    In it: agent, reader, business key, tool rules with their caps and what may leave by a tool or
    model, sequences, labels, limits, policy files, tool descriptors, ``code`` (a digest), prompts,
    model ids and ``connectors`` (a digest of each specification). What is left at its default adds
    nothing, so that a release keeps its name.
    Not in it, so that changing them strands no waiting case: people and their ``rights``, which
    count at each call as they are at that moment, rates, hours, deadlines, intake, the starting
    level, line numbers.
    Raises UserError for a tool schema that RFC 8785 cannot carry (whole numbers past 2^53).
    """
    manifest: dict[str, object] = {
        "format": 1,
        "deployment": deployment.name,
        "agent": deployment.agent,
        "reader": deployment.reader,
        "case_key": list(deployment.case.key),
        "rules": {
            name: {
                "allow": rule.allow,
                "otherwise": _otherwise(rule.otherwise),
                **({} if rule.undo is True else {"undo": rule.undo}),
                **({"hosts": {path: list(hosts) for path, hosts in rule.hosts.items()}} if rule.hosts else {}),
                **({"caps": [str(cap) for cap in rule.caps]} if rule.caps else {}),
                **_sink(rule.clearance, rule.region, rule.redact),
            }
            for name, rule in deployment.tools.items()
        },
        "limits": {
            "steps": deployment.limits.steps,
            "cost": None if deployment.limits.cost is None else str(deployment.limits.cost),
            "repeats": deployment.limits.repeats,
            **({} if deployment.limits.time_s is None else {"time_s": deployment.limits.time_s}),
        },
        "policies": dict(deployment.policies),
        **_labelled(deployment),
        **({} if deployment.egress is None else {"egress": list(deployment.egress)}),
        **({} if deployment.outcome is None else {"outcome": [deployment.outcome.check, deployment.outcome.repair]}),
        "tools": {name: tool.descriptor() for name, tool in tools.items()},
        "code": code.hex(),
        "prompts": dict(prompts),
        "models": dict(models),
        **({"connectors": dict(connectors)} if connectors else {}),
    }
    try:
        text = rfc8785.dumps(manifest)  # type: ignore[arg-type]
    except rfc8785.CanonicalizationError as error:
        raise UserError(
            f"the release cannot be written as canonical JSON: {error}",
            code="release.manifest",
            hint="Write numbers past 2^53 in a tool's schema as text.",
        ) from error
    return Release(hashlib.sha256(text).digest(), text)


def code_digest(folder: Path, *, without: Collection[Path] = ()) -> bytes:
    """Returns the SHA-256 over the folder's own ``.py`` files (path and content) and Bridgehead's version.

    Hidden folders, caches, virtual environments and the folders ``without`` are no part of a
    deployment: a document that is called ``x.py`` makes no new release. Each entry is
    length-prefixed, so that no two different folders give the same stream.
    """
    try:
        own = version("bridgehead")
    except PackageNotFoundError:
        own = "unpackaged"
    total = hashlib.sha256(f"bridgehead {own}\n".encode())
    skipped = {path.resolve() for path in without}
    for file in sorted(_sources(folder, skipped), key=lambda entry: entry.relative_to(folder).as_posix()):
        name, data = file.relative_to(folder).as_posix().encode("utf-8", "surrogateescape"), file.read_bytes()
        total.update(b"%d:%b%d:" % (len(name), name, len(data)))
        total.update(data)
    return total.digest()


def _sources(folder: Path, skipped: Collection[Path]) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name.startswith(".") or entry.name == "__pycache__" or (entry / "pyvenv.cfg").exists():
            continue
        if entry.is_dir() and not entry.is_symlink():
            if entry.resolve() not in skipped:
                yield from _sources(entry, skipped)
        elif entry.suffix == ".py" and entry.is_file():
            yield entry


def _otherwise(otherwise: Otherwise | None) -> dict[str, object] | None:
    if otherwise is None:
        return None
    second = otherwise.second
    return {
        "hold": otherwise.hold,
        "within_s": otherwise.within_s,
        "valid_for_s": otherwise.valid_for_s,
        **({} if second is None else {"second": [second.role, None if second.above is None else str(second.above)]}),
    }


def _sink(clearance: str | None, region: str | None, redact: Sequence[str]) -> dict[str, object]:
    """Returns what may leave by a tool or a model, where that was said."""
    if clearance is None and region is None and not redact:
        return {}
    return {"sink": [clearance, region, list(redact)]}


def _labelled(deployment: Deployment) -> dict[str, object]:
    """Returns the rules about what was read, where there are any: order of secrecy, labels, sequences, models."""
    order = Deployment.__dataclass_fields__["confidentiality"].default
    models = {
        name: _sink(model.clearance, model.region, ("*",) if model.redact else ())
        for name, model in deployment.models.items()
    }
    told: dict[str, object] = {
        "labels": dict(deployment.case.labels),
        "sequences": [
            [rule.id, rule.after, rule.reads, rule.never, rule.reason, rule.remedy] for rule in deployment.sequences
        ],
        "sinks": {name: sink["sink"] for name, sink in models.items() if sink},
        "confidentiality": [] if deployment.confidentiality == order else list(deployment.confidentiality),
    }
    return {name: value for name, value in told.items() if value}
