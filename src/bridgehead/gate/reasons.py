"""Why a call is denied or held, each in words that say what would allow it."""

from __future__ import annotations

from collections.abc import Sequence

from bridgehead.gate import provenance
from bridgehead.gate.compile import Note
from bridgehead.gate.evaluate import told
from bridgehead.gate.facts import Read
from bridgehead.gate.model import Call, Reason, View
from bridgehead.gate.provenance import FACTS, Sink
from bridgehead.gate.shape import UnfitError
from bridgehead.spec.problem import shown


def by_level(call: Call) -> Reason:
    """Explains that at this level a person decides about every effect."""
    return Reason(
        "levels.approve", f"at level approve a person decides about every {call.tool.name}",
        "an approval", "", "none", "an approval",
    )  # fmt: skip


def forbids(policy: str, note: Note) -> Reason:
    """Explains a forbid by what its policy says of itself."""
    return Reason(
        policy, note.reason or f"{policy} forbids this call", f"{policy} does not forbid", "", "forbidden",
        note.remedy or (f"ask {note.owner}" if note.owner else "ask the owner of the policy"),
    )  # fmt: skip


def nobody_vouches(call: Call, view: View, path: str) -> Reason:
    """Explains a built-in forbid: the argument, where its value was read, and what would allow it."""
    found = told(view.facts.get(path))
    return Reason(
        f"{FACTS}{call.tool.name}", f"{path} of {call.tool.name} comes from nobody who vouches for it: {found}",
        f"{path} from operator or user or system_of_record", path, found,
        f"{path} is read from a labelled source, a person approves the call, or the rule says `{path} from anything`",
    )  # fmt: skip


def no_undo(name: str) -> Reason:
    """Explains that a tool has nothing that takes its effect back."""
    return Reason(
        "gate.undo", f"{name} declares no undo", "the tool declares how it is undone", "", "none",
        "a person puts it right in the target system",
    )  # fmt: skip


def no_decision(found: str) -> Reason:
    """Explains a denial because the policies gave no answer."""
    return Reason(
        "gate.error", "the policies could not be evaluated, and so the call is denied", "an evaluation without error",
        "", shown(found, 300), "an operator corrects the policies",
    )  # fmt: skip


def unfit(error: UnfitError) -> Reason:
    """Explains an argument that the gate cannot read as its schema says."""
    found = "nothing" if error.found is None else shown(error.found)
    return Reason(
        "gate.argument", f"{error.path or 'the arguments'} should be {error.expected}",
        f"{error.path} is {error.expected}", error.path, found, f"send {error.expected}",
    )  # fmt: skip


def above(ranks: Sequence[str], name: str, sink: Sink, path: str, carried: Read) -> Reason:
    """Explains why an argument may not go where the tool sends it."""
    where = ", ".join(sorted(carried.regions - {sink.region}))
    if sink.refuses(carried.confidentiality, carried.regions) == provenance.REGION:
        return Reason(
            provenance.REGION, f"{path} holds what must stay in {where}, and {name} sends it elsewhere",
            f"{name} is in region {where}", path, f"region {sink.region or 'not declared'}",
            f"an operator sets tools.{name}.region where that is true, or lists {path} under its redact",
        )  # fmt: skip
    rank = ranks[min(carried.confidentiality, len(ranks) - 1)]
    return Reason(
        provenance.CLEARANCE, f"{path} may hold what is {rank}, and {name} is cleared for {ranks[sink.clearance]}",
        f"the clearance of {name} is {rank}", path, rank,
        f"an operator sets tools.{name}.clearance: {rank}, or lists {path} under its redact",
    )  # fmt: skip
