"""Decides one call: pure, without a model, and everything that is not clearly allowed is denied."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import rfc8785

from bridgehead.gate import egress, limiting, provenance, rights
from bridgehead.gate.asking import ANSWERS, Answers
from bridgehead.gate.compile import Compiled, Note, ToolShapes, compile_policies
from bridgehead.gate.evaluate import misses, told
from bridgehead.gate.labels import Labels
from bridgehead.gate.model import Approval, Call, Decision, Reason, Verdict, View
from bridgehead.gate.provenance import FACTS, Watch
from bridgehead.gate.reasons import above, by_level, forbids, no_decision, no_undo, nobody_vouches, unfit
from bridgehead.gate.request import UNDO
from bridgehead.gate.shape import UnfitError, to_cedar, unknown_path
from bridgehead.spec.deployment import Deployment, Otherwise
from bridgehead.spec.problem import nearest
from bridgehead.spec.tool import Tool

_PROBE: Final = Approval(review_id=0, args_digest=b"", by="", valid_until_passed=False, used=False, second="?")
"""Stands for an approval that does not exist yet: a call is held when one would let it through."""


class Gate:
    """The policies of one deployment over its tools, parsed once and asked for every call.

    Raises DeploymentError when a rule or a policy does not fit. ``policies_text`` is the Cedar
    text that decides, ``rule_texts`` the part that each tool's rule compiled to; ``digest``
    (SHA-256) covers the text, its schema, the limits and whom calls are held for, so that a
    recorded decision can be made again. ``answers``: so many answers of the policies are kept.
    """

    def __init__(self, deployment: Deployment, tools: Mapping[str, Tool], *, answers: int = ANSWERS) -> None:
        self._deployment = deployment
        self._tools = dict(tools)
        self._compiled: Compiled = compile_policies(deployment, tools)
        self.policies_text = self._compiled.policies_text
        self.rule_texts = self._compiled.rules
        declared = deployment.case.labels
        self._case_labels = Labels(declared, deployment.confidentiality)
        self._written_labels = Labels(
            {**({} if "" in declared else {"*": "user"}), **declared}, deployment.confidentiality
        )
        watches = self._compiled.watches.values()
        self._heeds_facts = self._case_labels.marks or any(
            one.guarded or one.words or one.reads or one.labels.marks for one in watches
        )
        self._blackening = {name: note.redact for name, note in self._compiled.notes.items() if note.redact}
        self.digest = _digest(deployment, self._compiled)
        self._answers = Answers(self._compiled, deployment.name, answers)

    def decide(self, call: Call, view: View) -> Decision:
        """Returns what may happen with the call, with every reason.

        Order: tool, arguments, kill switch, the grant, limits, then Cedar, then the level. An approval is
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
            return self._decision("deny", (unfit(error),))
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
            return self._decision("deny", (no_undo(name),))
        try:
            arguments = to_cedar(self._compiled.shapes[name].ruled, call.args)
        except UnfitError as error:
            return self._decision("deny", (unfit(error),))
        plain = arguments if isinstance(arguments, dict) else {}
        answer = self._answers.ask(call, view, plain, None, operator=by)
        if isinstance(answer, Reason):
            return self._decision("deny", (answer,))
        allowed, forbidden = answer
        if allowed:
            return self._decision("allow", self._grounds(call, allowed))
        notes = self._compiled.notes
        if forbidden:
            return self._decision("deny", tuple(forbids(one, notes.get(one, Note())) for one in forbidden))
        term = self._compiled.terms.get(UNDO + name)
        missed = () if term is None else tuple(
            Reason(f"tools.{name}.undo", f"an undo of {name} needs {miss.condition}", miss.condition, miss.argument,
                   miss.found, f"{miss.condition}")
            for miss in misses(term, plain)
        )  # fmt: skip
        return self._decision("deny", missed or (no_decision("no policy allows the undo"),))

    def _by_policy(self, call: Call, view: View, arguments: dict[str, object]) -> Decision:
        approval, stale = _usable(view.approval, call)
        sunk = self._sunk(call, view)
        if sunk:
            return self._decision("deny", sunk)
        first = self._answers.ask(call, view, arguments, approval)
        if isinstance(first, Reason):
            return self._decision("deny", (first,))
        allowed, forbidden = first
        if allowed:
            if view.level == "approve" and call.tool.is_effect and approval is None:
                return self._hold(call, (by_level(call), *stale))
            owed = () if approval is None else self._owed(call, view, arguments)
            return self._decision("allow", self._grounds(call, allowed), redact=owed)
        if approval is None and self._would_be_allowed(call, view, arguments, forbidden):
            return self._hold(call, (*self._why(call, view, arguments, forbidden), *stale), forbidden)
        if approval is not None and not approval.second:
            seconded = self._answers.ask(call, view, arguments, replace(approval, second="?"))
            if isinstance(seconded, tuple) and seconded[0]:
                return self._hold_again(call, approval, forbidden)
        return self._decision("deny", (*self._why(call, view, arguments, forbidden), *stale))

    def _owed(self, call: Call, view: View, arguments: dict[str, object]) -> tuple[str, ...]:
        """Returns what forbids that an approval let through want blacked out, whatever that approval was given for."""
        if not self._blackening:
            return ()
        bare = self._answers.ask(call, view, arguments, None)
        forbidden = bare[1] if isinstance(bare, tuple) else ()
        return tuple(path for one in forbidden if one in self._blackening for path in self._blackening[one])

    def _would_be_allowed(self, call: Call, view: View, arguments: dict[str, object], forbidden: list[str]) -> bool:
        """Tells whether an approval would let a denied call through.

        Where no Cedar file reads the approval, it changes one thing only: the rule's own permit
        under ``context.approved``. That answer needs no second evaluation.
        """
        if self._compiled.heed_approval:
            approved = self._answers.ask(call, view, arguments, _PROBE)
            return isinstance(approved, tuple) and bool(approved[0])
        rule = self._deployment.tools.get(call.tool.name)
        lifted = all(policy.startswith(FACTS) for policy in forbidden)
        return lifted and rule is not None and rule.otherwise is not None

    def _refusal(self, call: Call, view: View) -> Reason | None:
        """What no policy and no approval can lift: tool, argument, kill switch, grant, limits."""
        return (
            self._unlike(call, view)
            or rights.refusal(view.grant, call, view.history.moved, declared=bool(self._deployment.rights))
            or limiting.limit(self._deployment, call, view)
            or limiting.cap(self._deployment, call, view)
        )

    @property
    def heeds_facts(self) -> bool:
        """Whether any decision rests on what was read: an argument that is traced, a label that bars the way."""
        return self._heeds_facts

    @property
    def case_labels(self) -> Labels:
        """What the fields of a case's input are worth."""
        return self._case_labels

    @property
    def written_labels(self) -> Labels:
        """The same where a signed-in user wrote the input: theirs is what no label is about."""
        return self._written_labels

    def watch(self, tool: str) -> Watch:
        """Returns what is traced for the calls of a tool; an unknown tool is not watched."""
        return self._compiled.watches.get(tool, Watch())

    def _sunk(self, call: Call, view: View) -> tuple[Reason, ...]:
        """Returns why the call may not be made though somebody approves it: what it carries, what it rests on."""
        found = [
            Reason(
                provenance.STALE, f"{path} of {call.tool.name} rests on what was read too long ago",
                f"{path} is fresh", path, told(trace), "the source is read again",
            )
            for path, trace in (view.facts.items() if call.tool.is_effect else ())
            if trace.stale
        ]  # fmt: skip
        sink = self.watch(call.tool.name).sink
        if sink is not None:
            found += [
                above(self._deployment.confidentiality, call.tool.name, sink, path, carried)
                for path, carried in view.carried.items()
                if sink.refuses(carried.confidentiality, carried.regions)
            ]
        found += egress.refusals(self._deployment, call)
        return tuple(found)

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

    def _why(self, call: Call, view: View, arguments: Mapping[str, object], forbidden: list[str]) -> tuple[Reason, ...]:
        """Explains a denial: by the policies that forbid, else by the nearest miss of the tool's rule."""
        name = call.tool.name
        unvouched: tuple[Reason, ...] = ()
        if any(policy.startswith(FACTS) for policy in forbidden):
            paths = provenance.unvouched(self.watch(name), view.facts)
            unvouched = tuple(nobody_vouches(call, view, path) for path in paths)
        others = [policy for policy in forbidden if not policy.startswith(FACTS)]
        if others:
            return (
                *(
                    reason
                    for policy in others
                    for reason in self._missing_right(call, view, arguments, policy)
                    or (forbids(policy, self._compiled.notes.get(policy, Note())),)
                ),
                *unvouched,
            )
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
            return unvouched or (no_decision("Cedar did not find the rule"),)
        if term is None:
            return (Reason(policy, f"every call of {name} needs a person", "an approval", "", "none", "an approval"),)
        missed = tuple(
            Reason(policy, f"{name} needs {miss.condition}", miss.condition, miss.argument, miss.found,
                   f"{miss.condition}")
            for miss in misses(term, arguments, view.facts)
        )  # fmt: skip
        return (*unvouched, *missed) or (no_decision("Cedar and the explanation disagree"),)

    def _missing_right(
        self, call: Call, view: View, arguments: Mapping[str, object], policy: str
    ) -> tuple[Reason, ...]:
        """Explains a forbid for want of a right by the nearest miss of the rights that there are."""
        grant = view.grant or rights.NOBODY
        if policy != rights.PREFIX + call.tool.name:
            return ()
        terms = [one.term for one in self._compiled.rights.get(call.tool.name, ()) if one.by(grant)]
        nearest_ones = min((misses(term, arguments) for term in terms if term is not None), key=len, default=())
        who = grant.subject or "the deployment"
        note = self._compiled.notes.get(policy, Note())
        return tuple(
            Reason(policy, f"{who} may have {call.tool.name} called only when {miss.condition}", miss.condition,
                   miss.argument, miss.found, f"{miss.condition}; or {note.remedy}")
            for miss in nearest_ones
        )  # fmt: skip

    def _grounds(self, call: Call, permits: list[str]) -> tuple[Reason, ...]:
        notes = self._compiled.notes
        return tuple(
            Reason(policy, notes.get(policy, Note()).reason or f"{policy} allows {call.tool.name}")
            for policy in permits
        )

    def _hold_again(self, call: Call, approval: Approval, forbidden: list[str]) -> Decision:
        """Holds an approved call for the second of two persons."""
        rule, notes = self._deployment.tools.get(call.tool.name), self._compiled.notes
        held = None if rule is None else rule.otherwise
        role = next((notes[one].second for one in forbidden if one in notes and notes[one].second), "")
        if not role and held is not None and held.second is not None:
            role = held.second.role
        reason = Reason(
            f"tools.{call.tool.name}.second",
            f"{approval.by} approved it in R-{approval.review_id}; a second person has to as well",
            "two different persons approve", "", f"{approval.by} alone", f"somebody else of {role} approves it",
        )  # fmt: skip
        within_s, valid_for_s = (None, None) if held is None else (held.within_s, held.valid_for_s)
        return self._decision("hold", (reason,), Otherwise(role or _catcher(self._deployment), within_s, valid_for_s))

    def _hold(self, call: Call, reasons: tuple[Reason, ...], forbidden: Sequence[str] = ()) -> Decision:
        rule = self._deployment.tools.get(call.tool.name)
        otherwise = None if rule is None else rule.otherwise
        notes = self._compiled.notes
        asked = (notes[one] for one in forbidden if one in notes)
        role = next((note.hold or note.second for note in asked if note.hold or note.second), "")
        if role:
            otherwise = Otherwise(role) if otherwise is None else replace(otherwise, hold=role)
        if otherwise is None:
            otherwise = Otherwise(_catcher(self._deployment))
        return self._decision("hold", reasons, otherwise)

    def _decision(
        self,
        verdict: Verdict,
        reasons: tuple[Reason, ...],
        held: Otherwise | None = None,
        redact: tuple[str, ...] = (),
    ) -> Decision:
        named = (path for one in reasons for path in self._blackening.get(one.policy_id, ()))
        redact = tuple(dict.fromkeys((*named, *redact)))
        if held is None:
            return Decision(verdict, reasons, policy_digest=self.digest, redact=redact)
        return Decision(verdict, reasons, held.hold, held.within_s, held.valid_for_s, self.digest, redact)

    @property
    def heeds_history(self) -> bool:
        """Whether a policy reads what the case has done so far."""
        return self._compiled.heed_history

    @property
    def heeds_windows(self) -> frozenset[str]:
        """What a policy reads of a tool's last day or minute, over all cases: ``calls_day``."""
        return self._compiled.heed_windows


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


def _nearest_argument(path: str, shapes: ToolShapes) -> str:
    return nearest(path, shapes.declared.fields) if "." not in path else "leave it out"


def _catcher(deployment: Deployment) -> str:
    """The role a call is held for when its rule names none."""
    return deployment.fallback.default or deployment.fallback.role_for("policy_denied")


def _digest(deployment: Deployment, compiled: Compiled) -> bytes:
    holds = {
        name: [rule.otherwise.hold, rule.otherwise.within_s, rule.otherwise.valid_for_s]
        + ([] if rule.otherwise.second is None else [rule.otherwise.second.role])
        for name, rule in deployment.tools.items()
        if rule.otherwise is not None
    }
    limits = deployment.limits
    parts: dict[str, object] = {
        "policies": compiled.policies_text,
        "schema": compiled.schema_text,
        "holds": holds,
        "fallback": _catcher(deployment),
        "caps": {name: [str(cap) for cap in rule.caps] for name, rule in deployment.tools.items() if rule.caps},
        "limits": [limits.steps, None if limits.cost is None else str(limits.cost), limits.repeats],
    }
    hosts = {name: dict(rule.hosts) for name, rule in deployment.tools.items() if rule.hosts}
    if hosts or deployment.egress is not None:
        parts["egress"] = [hosts, deployment.egress]
    return hashlib.sha256(rfc8785.dumps(parts)).digest()  # type: ignore[arg-type]
