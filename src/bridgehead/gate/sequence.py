"""What never follows what, as Cedar forbids: ``after`` this tool, or having read such data, ``never`` that one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bridgehead.spec.deployment import Deployment, SequenceRule
from bridgehead.spec.problem import Problem, nearest
from bridgehead.spec.tool import EFFECT_CLASSES, Tool

SEQUENCES: Final = "sequences."
"""Prefix of the ids of these policies."""

CLASS: Final = "class:"
_CLASSES: Final = (*EFFECT_CLASSES, "effect")


def check(deployment: Deployment, tools: Mapping[str, Tool]) -> Iterator[Problem]:
    """Yields every sequence that names a tool, a class or a word that there is not, and every id used twice."""
    file = "bridgehead.yaml" if deployment.file is None else deployment.file.name
    seen: set[str] = set()
    for number, rule in enumerate(deployment.sequences):
        where = f"sequences.{number}"
        known = [*tools, *(f"{CLASS}{name}" for name in _CLASSES)]
        if rule.id in seen:
            yield Problem(file, rule.line, rule.column, f"{where}.id", "an id used once", rule.id)
        seen.add(rule.id)
        for field, word, words in (
            ("after", rule.after, [*known, *deployment.confidentiality]),
            ("never", rule.never, known),
            ("reads", rule.reads, list(deployment.confidentiality)),
        ):
            if word is not None and word not in words:
                expected = "a confidentiality" if field == "reads" else "a declared tool or class:CLASS"
                yield Problem(
                    file, rule.line, rule.column, f"{where}.{field}", expected, word, nearest(word, words)
                )  # fmt: skip


def conditions(deployment: Deployment, tools: Mapping[str, Tool], name: str) -> Iterator[tuple[SequenceRule, str]]:
    """Yields the sequences whose end is a call of this tool, each with the Cedar condition under which it is forbidden.

    A call of the very tool that begins a sequence counts from its decision on, so that calls made at once are in it.
    """
    for rule in deployment.sequences:
        if name not in _members(tools, rule.never):
            continue
        tests = []
        if rule.after in deployment.confidentiality:
            tests.append(f"context.read.confidentiality >= {deployment.confidentiality.index(rule.after)}")
        else:
            before = [one for one in _members(tools, rule.after) if one != name or rule.after == rule.never]
            listed = ", ".join(f'"{one}"' for one in before)
            tests.append(f"context.history.tools.containsAny([{listed}])" if before else "false")
        if rule.reads is not None:
            tests.append(f"context.read.confidentiality >= {deployment.confidentiality.index(rule.reads)}")
        yield rule, " && ".join(tests)


def _members(tools: Mapping[str, Tool], word: str) -> list[str]:
    if not word.startswith(CLASS):
        return [word]
    wanted = word.removeprefix(CLASS)
    return [name for name, one in tools.items() if wanted == one.effect_class or (wanted == "effect" and one.is_effect)]
