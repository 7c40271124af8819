"""What the policies say of one request: asked of Cedar, or known from the same request before."""

from __future__ import annotations

import json
from typing import Final

import cedarpy

from bridgehead.gate import provenance
from bridgehead.gate.compile import Compiled
from bridgehead.gate.model import Approval, Call, Reason, View
from bridgehead.gate.reasons import no_decision
from bridgehead.gate.request import UNDO, context

_CEDAR_FAULTS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a broken handle or a broken request raises; whatever else is raised ends the call as well, undecided."""

ANSWERS: Final = 1_024
"""So many answers of the policies are kept, the oldest of them the first to go."""
_LONGEST: Final = 1_000
"""Only requests of so many characters: what they hold is kept in memory with the answer."""


class Answers:
    """The answers of one set of policies; ``most`` of them are kept. ``name`` is of the deployment."""

    def __init__(self, compiled: Compiled, name: str, most: int) -> None:
        self._compiled, self._name, self._most = compiled, name, most
        self._answers: dict[tuple[str, str, str], tuple[list[str], list[str]]] = {}

    def ask(
        self,
        call: Call,
        view: View,
        arguments: dict[str, object],
        approval: Approval | None,
        *,
        operator: str = "",
    ) -> tuple[list[str], list[str]] | Reason:
        """Returns (ids that permit, ids that forbid), one of them empty, or why Cedar could not decide.

        Their answer depends on the request and on nothing else: Cedar has no clock, and the entities are fixed. So an
        answer is known again by its request, which holds only what some policy over the action reads.
        """
        action = UNDO + call.tool.name if operator else call.tool.name
        compiled = self._compiled
        told_of = context(compiled.heeded[action], arguments, view, approval)
        if not operator:
            told_of |= provenance.context(compiled.watches[call.tool.name], view.facts, view.read)
        try:
            text = json.dumps(told_of)
        except (TypeError, ValueError, RecursionError) as error:
            return no_decision(f"{type(error).__name__}: {error}")
        known = (action, operator, text)
        if known in self._answers:
            return self._answers[known]
        principal = {"type": "Operator", "id": operator} if operator else {"type": "Agent", "id": self._name}
        request = {
            "principal": principal,
            "action": {"type": "Action", "id": action},
            "resource": {"type": "Deployment", "id": self._name},
            "context": text,
        }
        try:
            policies = compiled.policies[action]
            answer = cedarpy.is_authorized(request, policies, compiled.entities, schema=compiled.schema)
            verdict, diagnostics = answer.decision, answer.diagnostics
            errors = [str(error) for error in diagnostics.errors]
            named = diagnostics.id_annotations_by_reason
            ids = sorted(str(named.get(policy, policy)) for policy in diagnostics.reasons)
        except _CEDAR_FAULTS as error:
            return no_decision(f"{type(error).__name__}: {error}")
        if errors or verdict not in (cedarpy.Decision.Allow, cedarpy.Decision.Deny):
            return no_decision("; ".join(errors) or "no decision")
        if verdict == cedarpy.Decision.Allow and not ids:
            return no_decision("an Allow that names no policy")
        found: tuple[list[str], list[str]] = (ids, []) if verdict == cedarpy.Decision.Allow else ([], ids)
        if self._most and len(text) <= _LONGEST:
            if len(self._answers) >= self._most:
                del self._answers[next(iter(self._answers))]
            self._answers[known] = found
        return found
