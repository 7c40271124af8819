"""Deployments, failures and policies over HTTP."""

from __future__ import annotations

import json
from typing import Final

from bridgehead.api.declared import Call, Route
from bridgehead.api.models_overview import (
    CallExplainedOut,
    CallIn,
    DeploymentOut,
    DeploymentsOut,
    FailuresOut,
    FailuresQuery,
    PeriodQuery,
    PoliciesOut,
)
from bridgehead.desk import failures as failing
from bridgehead.desk import overview, policies


async def deployments(call: Call) -> DeploymentsOut:
    """Lists deployments with their numbers."""
    period = call.query(PeriodQuery).period
    found = await overview.deployments(call.app, call.actor, period=period)
    return DeploymentsOut.model_validate({"items": found})


async def deployment(call: Call) -> DeploymentOut:
    """Shows one deployment with its numbers."""
    period = call.query(PeriodQuery).period
    (found,) = await overview.deployments(call.app, call.actor, period=period, name=call.path["deployment"])
    return DeploymentOut.model_validate(found)


async def failures(call: Call) -> FailuresOut:
    """Counts failures."""
    asked = call.query(FailuresQuery)
    found = await failing.failures(
        call.app, call.actor, period=asked.period, deployment=asked.deployment, error_class=asked.error_class
    )
    shown = await failing.examples(
        call.app, call.actor, period=asked.period, deployment=asked.deployment, error_class=asked.error_class
    )
    fields = [name for name in type(found).__dataclass_fields__ if name not in ("trend", "bucket")]
    return FailuresOut.model_validate({**{name: getattr(found, name) for name in fields}, "examples": shown})


async def rules(call: Call) -> PoliciesOut:
    """Shows the policies of a deployment."""
    return PoliciesOut.model_validate(policies.policies(call.app, call.actor, call.path["deployment"]))


async def explained(call: Call) -> CallExplainedOut:
    """Says what the gate says of a call that nobody makes."""
    sent = call.body(CallIn)
    found = policies.explain(
        call.app,
        call.actor,
        call.path["deployment"],
        tool=sent.tool,
        args=json.dumps(sent.args),
        level=sent.level,
    )
    decision = found.decision
    return CallExplainedOut.model_validate(
        {
            "tool": found.tool,
            "level": found.level,
            "args": found.args,
            "verdict": decision.verdict,
            "role": decision.role,
            "reasons": list(decision.reasons),
        }
    )


ROUTES: Final = (
    Route(
        "GET", "/deployments", "listDeployments", "read", "deployments",
        "Each deployment over a period: handled, touchless, right at once, deadline kept, costs, queue", deployments,
        DeploymentsOut, query=PeriodQuery,
    ),
    Route(
        "GET", "/deployments/{deployment}", "getDeployment", "read", "deployments", "One deployment over a period",
        deployment, DeploymentOut, query=PeriodQuery,
    ),
    Route(
        "GET", "/failures", "listFailures", "read", "failures",
        "What went wrong over a period, by class, release, tool and dependency, with the latest cases", failures,
        FailuresOut, query=FailuresQuery,
    ),
    Route(
        "GET", "/deployments/{deployment}/policies", "getPolicies", "read", "policies",
        "The rules of a deployment that this server has loaded, and the Cedar that they become", rules, PoliciesOut,
    ),
    Route(
        "POST", "/deployments/{deployment}/policies/explain", "explainCall", "read", "policies",
        "What the gate says of a call that nobody makes; nothing is called and nothing is recorded", explained,
        CallExplainedOut, body=CallIn,
    ),
)  # fmt: skip
