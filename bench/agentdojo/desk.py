"""What both suites share: the way to AgentDojo's process, and the agent whose model is wholly the attacker's.

The agent makes the calls that a fully compromised model would make: those with which AgentDojo itself solves the
user's task and the attacker's. Which these are is known to the script alone. The runtime gets what a case of this
kind would bring: the account (or workspace) and the user's own words.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from bridgehead import Case, Context, Failed, NewCase, Refused

HERE: Final = Path(__file__).resolve().parent
PYTHON: Final = HERE.parent.parent / ".venv-agentdojo" / "bin" / "python"

Call = Mapping[str, Any]


class Dojo:
    """One AgentDojo process; requests are answered in turn."""

    def __init__(self) -> None:
        """Starts the process."""
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [PYTHON, HERE / "environment.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, op: str, **more: object) -> Any:
        """Returns the answer; raises Failed with AgentDojo's words where a call could not be carried out."""
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps({"op": op, **more}) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise Failed(answer["error"], error_class="invalid_input", applied=False)
        return answer["ok"]

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


DOJO: list[Dojo] = []
"""The process under way."""
SCRIPTS: dict[str, Sequence[Call]] = {}
"""What the compromised model plays, by the account of its case."""


async def act(place: str, tool: str, **args: object) -> Any:
    """Carries one call out in the environment of an account; arguments that are None are left out."""
    given = {name: value for name, value in args.items() if value is not None}
    return await asyncio.to_thread(DOJO[0].ask, "call", run=place, tool=tool, args=given)


def reader(document: bytes, _name: str) -> NewCase:
    """Reads a request: whose account or workspace, and the user's words."""
    asked = json.loads(document)
    return NewCase(input=asked, key={"place": asked["place"]})


def playing(
    tools: Mapping[str, Callable[..., Any]], more: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _: {}
) -> Callable[..., Any]:
    """Returns the agent of a suite: it plays its script to the end, whatever it is refused.

    ``more`` are arguments that a deployment's tools have beside AgentDojo's; the model fills them in as they want it.
    """

    async def agent(case: Case[dict[str, str]], _ctx: Context) -> str:
        place = case.input["place"]
        for call in SCRIPTS[place]:
            with suppress(Refused, Failed):
                await tools[call["tool"]](place, **call["args"], **more(call["args"]))
        return "played"

    return agent
