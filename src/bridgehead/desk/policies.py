"""The rules that decide, as they are written, what they say of a call that nobody made, and of the past."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bridgehead.auth.actor import Actor
from bridgehead.desk.overview import period_s
from bridgehead.desk.remembering import Counted, Remembering
from bridgehead.desk.replaying import CHANGES, Replayed, replay
from bridgehead.errors import UserError
from bridgehead.gate.compile import about
from bridgehead.gate.history import History
from bridgehead.gate.model import Call, Decision, Level, View
from bridgehead.gate.workbench import Annotated, Finding, annotated, findings
from bridgehead.spec.deployment import Otherwise
from bridgehead.spec.problem import nearest
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_decisions import DecisionQueries

if TYPE_CHECKING:
    from bridgehead.app import App, LoadedDeployment

LEVELS: Final[tuple[Level, ...]] = ("shadow", "approve", "canary", "autonomous")
_DIGEST: Final = b"\x00" * 32
__all__ = ["CHANGES", "LEVELS", "Explained", "Policies", "PolicyText", "explain", "known", "policies", "replayed"]


@dataclass(frozen=True, slots=True)
class PolicyText:
    """One file of policies: its text, and what each policy in it says about itself."""

    file: str
    policies: tuple[Annotated, ...]
    text: str


@dataclass(frozen=True, slots=True)
class RuleText:
    """The rule of one tool as its file says it, the Cedar that it becomes, and what that says about itself."""

    tool: str
    line: int
    allow: str
    otherwise: Otherwise | None
    undo: str
    caps: tuple[str, ...]
    cedar: str
    policies: tuple[Annotated, ...]


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies of one deployment. ``findings`` are what can be told of them without a call."""

    deployment: str
    digest: str
    rules: tuple[RuleText, ...]
    files: tuple[PolicyText, ...]
    built_in: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """What the gate says of a call that nobody made, resting on nothing but its arguments."""

    tool: str
    level: Level
    args: Mapping[str, JSON]
    decision: Decision = field(repr=False)


_REPLAYED: Final[Remembering[Replayed]] = Remembering()


def known(app: App, actor: Actor) -> Sequence[str]:
    """Returns the deployments whose policies this process has."""
    actor.need("read")
    return sorted(app.loaded)


def policies(app: App, actor: Actor, name: str) -> Policies:
    """Returns the policies of a deployment; raises UserError (``input.choice``) for one that is not loaded here."""
    actor.need("read")
    loaded = _loaded(app, name)
    texts = {rule: text for rule, text in loaded.gate.rule_texts.items() if text.strip()}
    tools = {tool: bound.tool for tool, bound in loaded.tools.items()}
    return Policies(
        deployment=name,
        digest=loaded.gate.digest.hex(),
        rules=tuple(
            RuleText(
                tool,
                rule.line,
                rule.allow if isinstance(rule.allow, str) else "always" if rule.allow else "never",
                rule.otherwise,
                rule.undo if isinstance(rule.undo, str) else "yes" if rule.undo else "no",
                tuple(f"at most {cap}" for cap in rule.caps),
                texts.get(tool, ""),
                annotated(texts.get(tool, "")),
            )
            for tool, rule in loaded.deployment.tools.items()
        ),
        files=tuple(PolicyText(file, annotated(text), text) for file, text in loaded.deployment.policies.items()),
        built_in=tuple((rule, text) for rule, text in texts.items() if about(rule) != rule),
        findings=findings(loaded.deployment, tools),
        tools=tuple(sorted(tools)),
    )


def explain(app: App, actor: Actor, name: str, *, tool: str, args: str, level: str) -> Explained:
    """Returns what the gate says of a call with these arguments (JSON); nothing is called and nothing is recorded.

    It rests on the arguments alone: nothing read, nothing spent, nobody's yes, each cap whole. Raises UserError:
    ``input.choice``, ``input.json``.
    """
    actor.need("read")
    loaded = _loaded(app, name)
    if tool not in loaded.tools:
        raise UserError(f"{name} has no tool {tool[:60]!r}", code="input.choice", hint=nearest(tool, loaded.tools))
    if level not in LEVELS:
        raise UserError(f"there is no level {level[:20]!r}", code="input.choice", hint=nearest(level, LEVELS))
    try:
        given = json.loads(args or "{}", parse_float=str)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"the arguments are no JSON: {error}", code="input.json", hint='Write {"name": "value"}.'
        ) from None
    if not isinstance(given, dict):
        raise UserError("the arguments are no JSON object", code="input.json", hint='Write {"name": "value"}.')
    bound = loaded.tools[tool]
    try:
        dumped: Mapping[str, JSON] = bound.dump(given)
    except UserError:  # the gate denies what does not fit, and says so
        dumped = given
    rule = loaded.deployment.tools.get(tool)
    left = {str(cap): cap.limit for cap in rule.caps} if rule is not None else {}
    view = View(level=level, deployment=name, history=History(left=left))
    return Explained(tool, level, dumped, loaded.gate.decide(Call(bound.tool, dumped, _DIGEST), view))


async def replayed(app: App, actor: Actor, name: str, *, period: str, level: str | None) -> Counted[Replayed] | None:
    """Returns what the policies that are loaded say of the decisions of a period; None while it is worked out.

    The first look begins the work, a later one finds it. Nothing is called and nothing is written. Raises
    UserError (``input.choice``).
    """
    actor.need("read")
    loaded, since_s = _loaded(app, name), period_s(period)
    if level is not None and level not in LEVELS:
        raise UserError(f"there is no level {level[:20]!r}", code="input.choice", hint=nearest(level, LEVELS))

    async def work() -> Replayed:
        queries = DecisionQueries(app.database, app.vault)
        past = queries.past(name, since_s=since_s)
        return await replay(past, await queries.manifests(name), loaded.deployment, level=level)

    return await _REPLAYED.glimpse(app, (name, since_s, level, loaded.gate.digest), work)


def _loaded(app: App, name: str) -> LoadedDeployment:
    found = app.loaded.get(name)
    if found is None:
        raise UserError(
            f"this process has not loaded {name[:60]!r}",
            code="input.choice",
            hint=nearest(name, app.loaded) or "Start it with the deployment's folder.",
        )
    return found
