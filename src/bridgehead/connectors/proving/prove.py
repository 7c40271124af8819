"""Proves a connector: every recorded call replayed, and every failure put into every read and action."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from bridgehead.connectors.document import Specification
from bridgehead.connectors.load import load_specification
from bridgehead.connectors.proving.action_proofs import ActionProofs
from bridgehead.connectors.proving.findings import Finding, Prove, open_, verdict
from bridgehead.connectors.proving.read_proofs import ReadProofs
from bridgehead.connectors.proving.recording import Recording, load_recording, recording_path
from bridgehead.connectors.proving.sql_proofs import SqlActionProofs, SqlReadProofs
from bridgehead.connectors.proving.stage import short_trace
from bridgehead.connectors.proving.verdict import BEHAVIOURS, Proof, Verdict
from bridgehead.errors import UserError
from bridgehead.spec.problem import nearest

_SIDE_BY_SIDE: Final = 16


async def prove(path: Path, *, allow: Iterable[str] = (), only: Collection[str] = ()) -> Proof:
    """Returns what is proved of the connector that a file specifies, over its recordings.

    ``only`` names the reads and actions to prove (default: all). ``allow`` names gaps that are accepted:
    ``BEHAVIOUR`` for all, ``TOOL:BEHAVIOUR`` for one. Nothing is sent to the system. Raises UserError
    when the file or its recordings cannot be read, or a gap has no such name.
    """
    spec = load_specification(path)
    if spec.kind not in {"http", "sql"}:
        raise UserError(f"kind {spec.kind} cannot be tested yet", code="connector.kind")
    recording = load_recording(recording_path(path))
    if recording is not None and recording.connector != spec.connector:
        raise UserError(
            f"{recording_path(path).name} was recorded of {recording.connector}, not of {spec.connector}",
            code="connector.recording", hint="Name the connector as it was, or record it again.",
        )  # fmt: skip
    held = recording or Recording(spec.connector, spec.kind, "http://nothing.invalid")
    tools = _proofs(spec, held)
    allowed = _allowed(allow, tools)
    tools = {name: provers for name, provers in tools.items() if not only or name in only}
    places = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def one(tool: str, behaviour: str, prover: Prove) -> Verdict:
        async with places:
            found = verdict(tool, behaviour, await _found(path, spec, held, tool, prover))
        accepted = found.state == "not proved" and (tool, behaviour) in allowed
        return replace(found, allowed=accepted)

    verdicts = await asyncio.gather(
        *(one(tool, name, prover) for tool, provers in tools.items() for name, prover in provers.items())
    )
    order = list(BEHAVIOURS)
    ranked = sorted(verdicts, key=lambda one: (list(tools).index(one.tool), order.index(one.behaviour)))
    reads = [name for name in tools if name not in spec.actions]
    return Proof(spec.connector, reads, [name for name in tools if name in spec.actions], ranked)


def _proofs(spec: Specification, recording: Recording) -> dict[str, Mapping[str, Prove]]:
    of_reads, of_actions = (ReadProofs, ActionProofs) if spec.kind == "http" else (SqlReadProofs, SqlActionProofs)
    found: dict[str, Mapping[str, Prove]] = {}
    for of, entity in spec.entities.items():
        for name, read in entity.reads.items():
            found[name] = of_reads(spec, recording, name, of, entity, read).proofs()
    for name, action in spec.actions.items():
        found[name] = of_actions(spec, recording, name, action).proofs()
    return found


async def _found(path: Path, spec: Specification, recording: Recording, tool: str, prover: Prove) -> Finding:
    if not recording.of(tool):
        write = " --write" if tool in spec.actions else ""
        return open_(
            "no recording", f"Run: bridgehead connector record {path.name} {tool} NAME=VALUE …{write}"
        )  # fmt: skip
    try:
        return await prover()
    except Exception as error:  # noqa: BLE001  # a call that ends in anything but a result or a failure is a finding
        return open_(f"it ended with {type(error).__name__} at {short_trace(error)}")


def _allowed(allow: Iterable[str], tools: Mapping[str, Mapping[str, Prove]]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for text in allow:
        tool, _, behaviour = text.rpartition(":")
        if behaviour not in BEHAVIOURS or (tool and tool not in tools):
            known = [f"{one}:{name}" for one, provers in tools.items() for name in provers] if tool else BEHAVIOURS
            raise UserError(
                f"--allow {text}: there is no such behaviour", code="connector.allow", hint=nearest(text, known)
            )
        found |= {(one, behaviour) for one in ([tool] if tool else tools)}
    return found
