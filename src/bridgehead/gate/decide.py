"""Decides one call: pure, without a model, and everything that is not clearly allowed is denied."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import cedarpy
import rfc8785

from bridgehead.gate.compile import UNDO, Compiled, Note, ToolShapes, compile_policies
from bridgehead.gate.evaluate import misses
from bridgehead.gate.model import Approval, Call, Decision, Reason, Verdict, View
from bridgehead.gate.shape import UnfitError, to_cedar, unknown_path
from bridgehead.spec.deployment import Deployment, Otherwise
from bridgehead.spec.problem import nearest, shown
from bridgehead.spec.tool import Tool

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


_PROBE: Final = Approval(review_id=0, args_digest=b"", by="", valid_until_passed=False, used=False)
"""Stands for an approval that does not exist yet: a call is held when one would let it through."""


class Gate:
    """The policies of one deployment over its tools, parsed once and asked for every call.

    Raises DeploymentError when a rule or a policy does not fit. ``policies_text`` is the Cedar
    text that decides, ``rule_texts`` the part that each tool's rule compiled to; ``digest``
    (SHA-256) covers the text, its schema, the limits and whom calls are held for, so that a
    recorded decision can be made again.
    """

    def __init__(self, deployment: Deployment, tools: Mapping[str, Tool]) -> None:
        self._deployment = deployment
        self._tools = dict(tools)
        self._compiled: Compiled = compile_policies(deployment, tools)
        self.policies_text = self._compiled.policies_text
        self.rule_texts = self._compiled.rules
        self.digest = _digest(deployment, self._compiled)

    def decide(self, call: Call, view: View) -> Decision:
        """Returns what may happen with the call, with every reason.

        Order: tool, arguments, kill switch, limits, then Cedar, then the level. An approval is
        an input to the policies: it can turn a hold into allow, never a denial. In shadow the
        decision is the one a deployment that acts by itself would get; nothing is sent there
        because the caller makes effects virtual.
        """
        refusal = self._refusal(call, view)
        if refusal is not None:
            return self._decision("deny", (refusal,))
        shapes = self._compiled.shapes[call.tool.name]
        try:
            arguments = to_cedar(shapes.ruled, call.args)
        except UnfitError as error:
            return self._decision("deny", (_unfit(error),))
        return self._by_policy(call, view, arguments if isinstance(arguments, dict) else {})

    def decide_undo(self, call: Call, view: View, *, by: str) -> Decision:
        """Returns whether an operator may take the effect of a call back: allow or deny, never hold.

        The action is ``undo:TOOL``, the principal the operator. Operators may unless the tool's rule or
        a policy says otherwise; a tool that was killed is not undone either. Limits of cases do not count.
        """
        name = call.tool.name
        refusal = self._unlike(call, view)
        if refusal is not None:
            return self._decision("deny", (refusal,))
        if UNDO + name not in self._compiled.policies:
            return self._decision("deny", (_no_undo(name),))
        try:
            arguments = to_cedar(self._compiled.shapes[name].ruled, call.args)
        except UnfitError as error:
            return self._decision("deny", (_unfit(error),))
        plain = arguments if isinstance(arguments, dict) else {}
        answer = self._ask(call, view, plain, None, operator=by)
        if isinstance(answer, Reason):
            return self._decision("deny", (answer,))
        allowed, forbidden = answer
        if allowed:
            return self._decision("allow", self._grounds(call, allowed))
        notes = self._compiled.notes
        if forbidden:
            return self._decision("deny", tuple(_forbidden(one, notes.get(one, Note())) for one in forbidden))
        term = self._compiled.terms.get(UNDO + name)
        missed = () if term is None else tuple(
            Reason(f"tools.{name}.undo", f"an undo of {name} needs {miss.condition}", miss.condition, miss.argument,
                   miss.found, f"{miss.condition}")
            for miss in misses(term, plain)
        )  # fmt: skip
        return self._decision("deny", missed or (_no_decision("no policy allows the undo"),))

    def _by_policy(self, call: Call, view: View, arguments: dict[str, object]) -> Decision:
        approval, stale = _usable(view.approval, call)
        first = self._ask(call, view, arguments, approval)
        if isinstance(first, Reason):
            return self._decision("deny", (first,))
        allowed, forbidden = first
        if allowed:
            if view.level == "approve" and call.tool.is_effect and approval is None:
                return self._hold(call, (_by_level(call), *stale))
            return self._decision("allow", self._grounds(call, allowed))
        if approval is None and self._would_be_allowed(call, view, arguments, forbidden):
            return self._hold(call, (*self._why(call, arguments, forbidden), *stale))
        return self._decision("deny", (*self._why(call, arguments, forbidden), *stale))

    def _would_be_allowed(self, call: Call, view: View, arguments: dict[str, object], forbidden: list[str]) -> bool:
        """Tells whether an approval would let a denied call through.

        Where no Cedar file reads the approval, it changes one thing only: the rule's own permit
        under ``context.approved``. That answer needs no second evaluation.
        """
        if self._compiled.heed_approval:
            approved = self._ask(call, view, arguments, _PROBE)
            return isinstance(approved, tuple) and bool(approved[0])
        rule = self._deployment.tools.get(call.tool.name)
        return not forbidden and rule is not None and rule.otherwise is not None

    def _ask(
        self,
        call: Call,
        view: View,
        arguments: dict[str, object],
        approval: Approval | None,
        *,
        operator: str = "",
    ) -> tuple[list[str], list[str]] | Reason:
        """Returns (ids that permit, ids that forbid), one of them empty, or why Cedar could not decide."""
        context: dict[str, object] = {
            "args": arguments,
            "approved": approval is not None,
            "level": view.level,
            "release": view.release,
            "steps": view.steps_so_far,
            "repeats": view.repeats,
        }
        if approval is not None and approval.by:
            context["approver"] = approval.by
        action = UNDO + call.tool.name if operator else call.tool.name
        principal = {"type": "Operator", "id": operator} if operator else {"type": "Agent", "id": self._deployment.name}
        request = {
            "principal": principal,
            "action": {"type": "Action", "id": action},
            "resource": {"type": "Deployment", "id": self._deployment.name},
            "context": context,
        }
        compiled = self._compiled
        try:
            policies = compiled.policies[action]
            answer = cedarpy.is_authorized(request, policies, compiled.entities, schema=compiled.schema)
            verdict, diagnostics = answer.decision, answer.diagnostics
            errors = [str(error) for error in diagnostics.errors]
            named = diagnostics.id_annotations_by_reason
            ids = sorted(str(named.get(policy, policy)) for policy in diagnostics.reasons)
        except _CEDAR_FAULTS as error:
            return _no_decision(f"{type(error).__name__}: {error}")
        if errors or verdict not in (cedarpy.Decision.Allow, cedarpy.Decision.Deny):
            return _no_decision("; ".join(errors) or "no decision")
        if verdict == cedarpy.Decision.Allow:
            return (ids, []) if ids else _no_decision("an Allow that names no policy")
        return [], ids

    def _refusal(self, call: Call, view: View) -> Reason | None:
        """What no policy and no approval can lift: tool, argument, kill switch, limits."""
        return self._unlike(call, view) or self._limit(call, view)

    def _unlike(self, call: Call, view: View) -> Reason | None:
        name, tool = call.tool.name, self._tools.get(call.tool.name)
        if tool is None:
            return Reason(
                "tools.unknown", f"{name} is no tool of this deployment", "the tool is declared", "", name,
                nearest(name, self._tools) or "declare the tool",
            )  # fmt: skip
        if call.tool is not tool and call.tool != tool:
            return Reason(
                "tools.changed", f"{name} is not described as in this release", "the descriptor is the release's",
                "", "another descriptor", "make a new release",
            )  # fmt: skip
        shapes = self._compiled.shapes[name]
        path = unknown_path(shapes.declared, call.args)
        if path is not None:
            return Reason(
                "gate.argument", f"{path} is no argument of {name}", "every argument is declared", path,
                "an undeclared argument", _nearest_argument(path, shapes),
            )  # fmt: skip
        if name in view.suspended_tools:
            return Reason(
                "gate.suspended", f"an operator stopped {name}", "the tool is not stopped", "", "stopped",
                "an operator resumes the tool",
            )  # fmt: skip
        return None

    def _limit(self, call: Call, view: View) -> Reason | None:
        limits = self._deployment.limits
        if view.steps_so_far >= limits.steps:
            return _exceeded("steps", "the case used all its steps", f"{view.steps_so_far} steps")
        if view.repeats >= limits.repeats:
            return _exceeded(
                "repeats", f"{call.tool.name} was called with these arguments too often", f"{view.repeats}"
            )
        if limits.cost is None:
            return None
        parts = [part for part in (view.cost_so_far, call.tool.cost) if part is not None]
        if any(part.currency != limits.cost.currency for part in parts):
            return Reason(
                "limits.cost", "the spend of the case is in another currency than its limit",
                "one currency", "", ", ".join(map(str, parts)), "give prices and limits in one currency",
            )  # fmt: skip
        spent = sum(part.amount for part in parts)
        used_up = view.cost_so_far is not None and view.cost_so_far.amount >= limits.cost.amount
        if used_up or spent > limits.cost.amount:
            return _exceeded("cost", "the call would spend more than the case may", " + ".join(map(str, parts)))
        return None

    def _why(self, call: Call, arguments: Mapping[str, object], forbidden: list[str]) -> tuple[Reason, ...]:
        """Explains a denial: by the policies that forbid, else by the nearest miss of the tool's rule."""
        name = call.tool.name
        if forbidden:
            return tuple(_forbidden(policy, self._compiled.notes.get(policy, Note())) for policy in forbidden)
        rule, policy = self._deployment.tools.get(name), f"tools.{name}"
        if rule is None:
            return (
                Reason(
                    "gate.default", f"{name} is not listed under `tools`, and what is not listed is denied",
                    "a policy allows the call", "", "none", f"an operator adds a rule for {name}",
                ),
            )  # fmt: skip
        term = self._compiled.terms.get(name)
        if rule.allow is True:
            return (_no_decision("Cedar did not find the rule"),)
        if term is None:
            return (Reason(policy, f"every call of {name} needs a person", "an approval", "", "none", "an approval"),)
        return tuple(
            Reason(policy, f"{name} needs {miss.condition}", miss.condition, miss.argument, miss.found,
                   f"{miss.condition}")
            for miss in misses(term, arguments)
        ) or (_no_decision("Cedar and the explanation disagree"),)  # fmt: skip

    def _grounds(self, call: Call, permits: list[str]) -> tuple[Reason, ...]:
        notes = self._compiled.notes
        return tuple(
            Reason(policy, notes.get(policy, Note()).reason or f"{policy} allows {call.tool.name}")
            for policy in permits
        )

    def _hold(self, call: Call, reasons: tuple[Reason, ...]) -> Decision:
        rule = self._deployment.tools.get(call.tool.name)
        otherwise = None if rule is None else rule.otherwise
        if otherwise is None:
            otherwise = Otherwise(_catcher(self._deployment))
        return self._decision("hold", reasons, otherwise)

    def _decision(self, verdict: Verdict, reasons: tuple[Reason, ...], held: Otherwise | None = None) -> Decision:
        if held is None:
            return Decision(verdict, reasons, policy_digest=self.digest)
        return Decision(verdict, reasons, held.hold, held.within_s, held.valid_for_s, self.digest)


def _usable(approval: Approval | None, call: Call) -> tuple[Approval | None, tuple[Reason, ...]]:
    """Returns the approval if it covers this call, else why it does not."""
    if approval is None:
        return None, ()
    if approval.args_digest != call.args_digest:
        why, remedy = "was given for other arguments", "the same person approves these arguments"
    elif approval.used:
        why, remedy = "was used already", "a new approval"
    elif approval.valid_until_passed:
        why, remedy = "is no longer valid", "a new approval"
    else:
        return approval, ()
    text = f"the approval R-{approval.review_id} by {approval.by} {why}"
    return None, (Reason("gate.approval", text, "an approval of these arguments, unused and valid", "", why, remedy),)


def _by_level(call: Call) -> Reason:
    return Reason(
        "levels.approve", f"at level approve a person decides about every {call.tool.name}",
        "an approval", "", "none", "an approval",
    )  # fmt: skip


def _forbidden(policy: str, note: Note) -> Reason:
    return Reason(
        policy, note.reason or f"{policy} forbids this call", f"{policy} does not forbid", "", "forbidden",
        note.remedy or (f"ask {note.owner}" if note.owner else "ask the owner of the policy"),
    )  # fmt: skip


def _no_undo(name: str) -> Reason:
    return Reason(
        "gate.undo", f"{name} declares no undo", "the tool declares how it is undone", "", "none",
        "a person puts it right in the target system",
    )  # fmt: skip


def _no_decision(found: str) -> Reason:
    return Reason(
        "gate.error", "the policies could not be evaluated, and so the call is denied", "an evaluation without error",
        "", shown(found, 300), "an operator corrects the policies",
    )  # fmt: skip


def _unfit(error: UnfitError) -> Reason:
    found = "nothing" if error.found is None else shown(error.found)
    return Reason(
        "gate.argument", f"{error.path or 'the arguments'} should be {error.expected}",
        f"{error.path} is {error.expected}", error.path, found, f"send {error.expected}",
    )  # fmt: skip


def _exceeded(limit: str, text: str, found: str) -> Reason:
    return Reason(
        f"limits.{limit}", text, f"within limits.{limit}", "", found,
        f"a person takes the case, or an operator raises limits.{limit}",
    )  # fmt: skip


def _nearest_argument(path: str, shapes: ToolShapes) -> str:
    return nearest(path, shapes.declared.fields) if "." not in path else "leave it out"


def _catcher(deployment: Deployment) -> str:
    """The role a call is held for when its rule names none."""
    return deployment.fallback.default or deployment.fallback.role_for("policy_denied")


def _digest(deployment: Deployment, compiled: Compiled) -> bytes:
    holds = {
        name: [rule.otherwise.hold, rule.otherwise.within_s, rule.otherwise.valid_for_s]
        for name, rule in deployment.tools.items()
        if rule.otherwise is not None
    }
    limits = deployment.limits
    parts: dict[str, object] = {
        "policies": compiled.policies_text,
        "schema": compiled.schema_text,
        "holds": holds,
        "fallback": _catcher(deployment),
        "limits": [limits.steps, None if limits.cost is None else str(limits.cost), limits.repeats],
    }
    return hashlib.sha256(rfc8785.dumps(parts)).digest()  # type: ignore[arg-type]
