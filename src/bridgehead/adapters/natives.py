"""Tools that a model's provider executes: no hook sees their calls, so they are declared or refused."""

from __future__ import annotations

from bridgehead.cases.tools import BoundTool, Declaration
from bridgehead.errors import UserError


def undeclared(agent: str, kind: str) -> UserError:
    """Returns the error for a provider-executed tool that nobody declared."""
    return UserError(
        f"{agent} lets the model's provider execute {kind!r}, which no hook can see",
        code="adapter.native",
        hint=f'Take it off the agent, or declare it: tools={{"{kind}": outbound_read()}}, and allow it in '
        "bridgehead.yaml. Each request that offers it is then one decision.",
    )


async def _offered(request: int) -> None:
    """Stands for the offer of a provider-executed tool in one request."""
    del request


def native_tool(declaration: Declaration, kind: str) -> BoundTool:
    """Returns the tool that stands for a provider-executed one: a read, made once for each request.

    Raises UserError for a declared write: nobody could say whether it happened.
    """
    if declaration.effect_class not in ("read", "outbound_read"):
        raise UserError(
            f"{kind!r} is executed by the model's provider and cannot be declared as {declaration.effect_class}",
            code="adapter.native",
            hint="Only reads can be given to a provider: declare it with outbound_read().",
        )
    return declaration.bind(_offered, name=kind, description=f"{kind}, executed by the model's provider")
