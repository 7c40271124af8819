"""What a decision consists of: arguments held to the tool's schema, answers held to the question's."""

from __future__ import annotations

import contextlib
import copy
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from bridgehead.desk.typed_json import parsed
from bridgehead.errors import UserError
from bridgehead.ids import show
from bridgehead.reviews.model import FENCING, Review
from bridgehead.spec.problem import nearest
from bridgehead.spec.tool import JSON

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.desk.reviewing import Decision

_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def check_fits(review: Review, decision: Decision) -> None:
    """Refuses what the verb has no use for: a value that would be dropped silently. Raises UserError."""
    name, verb = show("R", review.id), decision.verb
    if (decision.changes or decision.args is not None) and verb != "edit":
        raise UserError(
            f"--set and --args go with edit, not with {verb}", code="review.flag", hint="Use the verb edit."
        )
    if decision.happened is not None and (verb != "answer" or review.kind != "unknown_effect"):
        raise UserError(
            "--happened goes with the answer to an unknown effect",
            code="review.flag",
            hint=f"{name} is of kind {review.seen_as()}.",
        )
    if decision.again and (verb != "answer" or review.kind not in FENCING):
        raise UserError(
            "--again goes with the answer to a case that has left the agent's hands",
            code="review.flag",
            hint=f"{name} is of kind {review.seen_as()}.",
        )
    if decision.value is not None and verb in ("approve", "edit", "take"):
        raise UserError(
            f"{verb} takes no value", code="review.flag", hint="A reason goes with reject, a value with answer."
        )


async def parameters(app: App, review: Review, deployment: str) -> JSON:
    """Returns the JSON Schema of the arguments of a review's call; None where the tool has none."""
    from bridgehead.storage.queries import Queries

    return await Queries(app.database, app.vault).parameters(
        deployment, str(review.shown.get("tool", "")), review.case_id
    )


async def edited(
    app: App, review: Review, deployment: str, args: Mapping[str, JSON] | None, changes: Sequence[str]
) -> JSON:
    """Returns the arguments as somebody changed them; raises UserError for what does not fit or changes nothing."""
    before = review.shown.get("args")
    after: JSON = copy.deepcopy(before) if args is None else dict(args)
    for change in changes:
        after = set_path(after, change)
    check_edited(before, after, await parameters(app, review, deployment), str(review.shown.get("tool", "")))
    return after


def check_edited(before: JSON, after: JSON, schema: JSON, tool: str) -> None:
    """Raises UserError for edited arguments that do not fit a tool's schema, or that are those from before."""
    problem = mismatch(after, schema)
    if problem:
        raise UserError(
            f"the edited arguments do not fit {tool}: {problem}", code="review.arguments", hint="Nothing was decided."
        )
    if after == before:
        raise UserError(
            "nothing was changed", code="review.unchanged", hint="Use the verb approve, or --set PATH=VALUE."
        )


def answer_of(review: Review, value: JSON, *, happened: bool | None) -> JSON:
    """Returns an answer as it is recorded; a text is read as JSON where that is what the question asks for.

    Raises UserError (``review.answer``) where there is none, or it is not of the form that was asked for.
    """
    if review.kind == "unknown_effect":
        if happened is None:
            raise UserError(
                "say whether it happened",
                code="review.answer",
                hint="Look in the other system, then: --happened, with what the call returned as the value, "
                "or --did-not-happen.",
            )
        return {"happened": happened, "result": _loose(value)}
    if value is None:
        raise UserError(
            "there is no answer", code="review.answer", hint=f"bridgehead review {show('R', review.id)} answer VALUE"
        )
    schema = review.shown.get("schema")
    if review.kind != "question" or not isinstance(schema, Mapping):
        return _loose(value)
    candidates: list[JSON] = [value]
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            candidates.insert(0, parsed(value))
    problems = [mismatch(candidate, cast("JSON", schema)) for candidate in candidates]
    for candidate, problem in zip(candidates, problems, strict=True):
        if not problem:
            return candidate
    raise UserError(
        f"the answer is not what the agent asked for: {problems[0]}",
        code="review.answer",
        hint=f"It takes: {json.dumps(schema, ensure_ascii=False)[:500]}",
    )


def set_path(value: JSON, setting: str) -> JSON:
    """Returns a JSON value with ``path=value`` applied: ``order.total=950.00``, ``lines[0].quantity=5``.

    The new value is JSON where it is JSON and the old one is no text; otherwise it is a text.
    Raises UserError for a path that leads nowhere, naming the nearest field.
    """
    path, equals, text = setting.partition("=")
    steps: list[str | int] = [name or int(index) for name, index in _STEP.findall(path)]
    if not equals or not steps or _STEP.sub("", path).strip("."):
        raise UserError(f"{setting!r} sets nothing", code="review.set", hint="Write --set order.total=950.00")
    changed: Any = copy.deepcopy(value)
    inner = changed
    for number, step in enumerate(steps):
        _reachable(inner, step, path)
        if number < len(steps) - 1:
            inner = inner[step]
    inner[steps[-1]] = _typed(text, inner[steps[-1]])
    return cast("JSON", changed)


def mismatch(value: JSON, schema: JSON) -> str:
    """Returns where a value does not fit a JSON Schema (2020-12), or an empty text."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    if not isinstance(schema, Mapping):
        return "" if isinstance(value, Mapping) else "arguments are an object"
    found = best_match(Draft202012Validator(dict(schema)).iter_errors(value))
    if found is None:
        return ""
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in found.absolute_path)
    return f"{where.lstrip('.')}: {found.message[:200]}" if where else str(found.message[:200])


def _reachable(inner: object, step: str | int, path: str) -> None:
    if isinstance(inner, list) and isinstance(step, int) and step < len(inner):
        return
    if isinstance(inner, dict) and step in inner:
        return
    known = [str(name) for name in inner] if isinstance(inner, dict) else []
    hint = nearest(str(step), known)
    if isinstance(inner, list):
        hint = f"it has entries [0] to [{len(inner) - 1}]" if inner else "it is empty"
    raise UserError(f"there is no {path!r}: nothing at {step!r}", code="review.set", hint=hint)


def _typed(text: str, before: JSON) -> JSON:
    return text if isinstance(before, str) else _loose(text)


def _loose(value: JSON) -> JSON:
    """Returns a text as the JSON that it is, and anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return parsed(value)
    except ValueError:
        return value
