"""What ``govern`` of every framework takes: checked when it is declared, used when the case runs."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NoReturn, TypeVar

from bridgehead.adapters import prompt as prompts
from bridgehead.adapters.named import find
from bridgehead.cases.context import Case, Context
from bridgehead.cases.tools import Declaration
from bridgehead.errors import Failed, UserError
from bridgehead.spec.problem import nearest

T = TypeVar("T")
Deps = Callable[[Case[Any]], object]
Entry = Callable[[object], object]


def checked(
    tools: Mapping[str, Declaration] | None, *, prompt: object, run: str | None, deps: object, model: object
) -> dict[str, Declaration]:
    """Returns the declared tools; raises UserError for a declaration, prompt or option that is wrong in itself."""
    declared = dict(tools or {})
    for name, declaration in declared.items():
        if not isinstance(declaration, Declaration):
            raise UserError(
                f"the tool {name!r} is declared with {declaration!r}",
                code="adapter.declaration",
                hint="Write read(), outbound_read(), reversible(…) or irreversible(…), with the parentheses.",
            )
    if isinstance(prompt, str):
        prompts.check(prompt)
    if run is not None and (deps is not None or model is not None):
        raise UserError(
            "govern(run=…) leaves dependencies and model to the application's own function",
            code="adapter.run",
            hint="Leave out deps and model, or leave out run.",
        )
    return declared


def check_names(agent: str, named: Sequence[str], known: Sequence[str]) -> None:
    """Raises UserError for a declared tool that the agent does not have, with the nearest one that it has."""
    for name in named:
        if name not in known:
            raise UserError(
                f"{agent} has no tool {name!r}",
                code="adapter.tool",
                hint=nearest(name, list(known)) or "It has no tools.",
            )


def declared_twice(name: str) -> UserError:
    """Returns the error for a tool that its own function and ``govern`` both declare."""
    return UserError(
        f"{name} is declared twice: by the decorator on its function, and in govern(tools=…)",
        code="adapter.declaration",
        hint="Leave it out of govern(tools=…).",
    )


def entry(name: str, *, synchronous: bool = False) -> Entry:
    """Returns the application's function that runs its agent.

    Raises UserError for one that does not take the prompt alone, and for a plain ``def``
    unless the framework runs synchronously too.
    """
    found = find(name, "function")
    kind = "a 'def' or an 'async def'" if synchronous else "an 'async def'"
    if not (inspect.isfunction(found) and (synchronous or inspect.iscoroutinefunction(found))):
        raise UserError(
            f"{name} is no {'' if synchronous else 'async '}function, and govern(run=…) needs one that runs the agent",
            code="adapter.run",
            hint=f"Name {kind} that takes the prompt and returns the outcome.",
        )
    needed = [
        parameter
        for parameter in inspect.signature(found).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if len(needed) != 1:
        raise UserError(
            f"{name} takes {len(needed)} arguments, and govern(run=…) gives it one, the prompt",
            code="adapter.run",
            hint="Name a function of the prompt alone.",
        )
    return found


@asynccontextmanager
async def provided(make: Deps | None, case: Case[Any]) -> AsyncGenerator[object, None]:
    """Gives what ``govern(deps=…)`` makes for one run, and lets it clean up afterwards."""
    if make is None:
        yield None
    elif inspect.isasyncgenfunction(make):
        async with asynccontextmanager(make)(case) as made:
            yield made
    else:
        value = make(case)
        yield await value if inspect.isawaitable(value) else value


def filled(prompt: str | Callable[[Case[Any]], T], case: Case[Any]) -> str | T:
    """Returns what a run of the agent begins with: the template filled in, or what the function makes of the case."""
    return prompts.fill(prompt, case) if isinstance(prompt, str) else prompt(case)


@asynccontextmanager
async def running(
    ctx: Context, name: str, classified: Callable[[BaseException], BaseException]
) -> AsyncGenerator[None, None]:
    """Runs the block as the agent: what the framework raises goes on as ``classified`` says it.

    A failure is met as a turn of its own first (``met_as_turn``).
    """
    try:
        yield
    except BaseException as error:
        found = classified(error)
        if isinstance(found, Failed):
            await met_as_turn(ctx, name, found)
        if found is error:
            raise
        raise found from error


async def met_as_turn(ctx: Context, name: str, failed: Failed) -> None:
    """Lets the case meet a failure as a turn of its own: a passing one makes it wait.

    A stream breaks off at its reader, past the hook of the turn that was streamed. Raises the
    failure again when waiting does not help, or did not.
    """

    async def fail() -> NoReturn:
        raise failed

    with ctx.branch("failed"):
        await ctx.turn(name, fed=None, request=None, run=fail)
