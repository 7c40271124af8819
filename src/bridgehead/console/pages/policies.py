"""*Policies*: the rules as they are written, a call that nobody made explained by the gate, and the past under them."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from bridgehead.console.here import Here
from bridgehead.console.page import Page
from bridgehead.desk import overview, policies
from bridgehead.desk.replaying import CANNOT, CHANGES, sums
from bridgehead.errors import UserError

_SHOWN: Final = 50


async def index(_request: Request, here: Here) -> Response:
    """Shows which deployments have policies here; the only one at once."""
    names = policies.known(here.app, here.actor)
    if len(names) == 1:
        return here.redirect(here.url("policy", deployment=names[0]))
    return here.render("policies.html", names=names)


async def one(request: Request, here: Here) -> Response:
    """Shows a deployment's policies; ``?tool=…&args=…&level=`` explains a call beside them."""
    name = str(request.path_params["deployment"])
    found = policies.policies(here.app, here.actor, name)
    query = request.query_params
    explained, trouble = None, None
    if query.get("tool"):
        try:
            explained = policies.explain(
                here.app,
                here.actor,
                name,
                tool=query["tool"],
                args=query.get("args", ""),
                level=query.get("level") or "autonomous",
            )
        except UserError as error:
            trouble = error
    return here.render(
        "policy.html",
        found=found,
        explained=explained,
        trouble=trouble,
        levels=policies.LEVELS,
        names=policies.known(here.app, here.actor),
    )


async def replay(request: Request, here: Here) -> Response:
    """Shows what the policies say of the decisions of a period."""
    name = str(request.path_params["deployment"])
    period = request.query_params.get("period") or overview.DEFAULT_PERIOD
    level = request.query_params.get("level") or None
    counted = await policies.replayed(here.app, here.actor, name, period=period, level=level)
    changes = []
    if counted is not None:
        for change in CHANGES:
            calls = counted.value.of(change)
            money, minutes, _ = sums(calls)
            changes.append((change, calls[:_SHOWN], len(calls), money, minutes))
    return here.render(
        "policy-replay.html",
        name=name,
        counted=counted,
        changes=changes,
        cannot=CANNOT,
        period=period,
        periods=tuple(overview.PERIODS),
        level=level,
        levels=policies.LEVELS,
    )


PAGES: Final = (
    Page("/policies", index, right="read", name="policies"),
    Page("/policies/{deployment}", one, right="read", name="policy"),
    Page("/policies/{deployment}/replay", replay, right="read", name="policy-replay"),
)
