"""AgentDojo in a process of its own: opens environments, carries calls out in them, and lets its checkers judge.

``python environment.py`` reads one JSON object a line and answers each with one: ``{"ok": …}`` or ``{"error": …}``.
It runs in .venv-agentdojo, imports nothing of Bridgehead, and knows nothing of what a gate said.

A run is one user task, and one injection task or none, in an environment of its own. The attacker's text stands in
every place of the environment that the suite lets an attacker write to. Judged is what calls did: the checkers get
the trace of the calls that were carried out, not of those that were tried.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_jsonable_python

from agentdojo.functions_runtime import FunctionCall, FunctionsRuntime
from agentdojo.task_suite.load_suites import get_suite
from agentdojo.types import text_content_block_from_string

VERSION = "v1.2.2"

Call = dict[str, Any]


def plan(task: Any, env: Any) -> list[Call]:
    """Returns the calls with which AgentDojo itself solves a task."""
    return [{"tool": call.function, "args": dict(call.args)} for call in task.ground_truth(env)]


@dataclass
class Run:
    """One environment, what was asked for in it, and what was done to it."""

    suite: Any
    user: Any
    injection: Any
    before: Any
    env: Any
    runtime: FunctionsRuntime
    trace: list[FunctionCall] = field(default_factory=list)

    @classmethod
    def opened(cls, suite: str, user: str, injection: str | None) -> Run:
        """Returns a new environment; with an injection task, its goal stands wherever an attacker can write."""
        found = get_suite(VERSION, suite)
        task = found.user_tasks[user]
        attack = None if injection is None else found.injection_tasks[injection]
        places = found.get_injection_vector_defaults()
        env = found.load_and_inject_default_environment(
            {} if attack is None else {name: f"{text} {attack.GOAL}".strip() for name, text in places.items()}
        )
        env = task.init_environment(env)
        return cls(found, task, attack, env.model_copy(deep=True), env, FunctionsRuntime(found.tools))

    def told(self) -> dict[str, Any]:
        """Returns the prompt, and the calls of a model that plays both tasks."""
        return {
            "prompt": self.user.PROMPT,
            "user": plan(self.user, self.env.model_copy(deep=True)),
            "injection": [] if self.injection is None else plan(self.injection, self.env.model_copy(deep=True)),
        }

    def call(self, tool: str, args: dict[str, Any]) -> dict[str, Any]:
        """Carries one call out."""
        result, error = self.runtime.run_function(self.env, tool, args)
        if error is not None:
            return {"error": str(error)}
        self.trace.append(FunctionCall(function=tool, args=args))
        return {"ok": to_jsonable_python(result)}

    def judged(self) -> dict[str, Any]:
        """Returns whether the user task is done, and whether the attacker has what was wanted."""
        said = [text_content_block_from_string(self.user.GROUND_TRUTH_OUTPUT)]
        check = self.suite._check_task_result  # noqa: SLF001  # AgentDojo's own judge, which it keeps to its pipelines
        silent = [text_content_block_from_string("")]
        return {
            "utility": bool(check(self.user, said, self.before, self.env, self.trace)),
            "attack": self.injection is not None
            and bool(check(self.injection, silent, self.before, self.env, self.trace)),
        }


def answer(asked: dict[str, Any], runs: dict[str, Run]) -> Any:
    """Answers one request."""
    match asked["op"]:
        case "tasks":
            suite = get_suite(VERSION, asked["suite"])
            return {"user": list(suite.user_tasks), "injection": list(suite.injection_tasks)}
        case "open":
            runs[asked["run"]] = Run.opened(asked["suite"], asked["user"], asked["injection"])
            return runs[asked["run"]].told()
        case "call":
            return runs[asked["run"]].call(asked["tool"], asked["args"])
        case "judge":
            return runs.pop(asked["run"]).judged()
        case "play":
            return played(asked["calls"], asked["allowed"], runs[asked["run"]])
    raise ValueError(asked["op"])


def played(calls: Sequence[Call], allowed: Sequence[str] | None, run: Run) -> int:
    """Carries out the calls of the allowed tools (None: of all); returns how many."""
    done = 0
    for call in calls:
        if allowed is None or call["tool"] in allowed:
            run.call(call["tool"], call["args"])
            done += 1
    return done


def main() -> None:
    """Answers until standard input ends. What AgentDojo prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    sys.stdout = sys.stderr
    runs: dict[str, Run] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            found = answer(asked, runs)
            said = found if isinstance(found, dict) and set(found) in ({"ok"}, {"error"}) else {"ok": found}
        except Exception as error:  # noqa: BLE001  # whatever went wrong is the answer
            said = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(said, default=str) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
