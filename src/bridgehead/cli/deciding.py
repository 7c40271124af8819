"""What a person's decision consists of: arguments held to the tool's schema, answers to the question's."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from bridgehead.auth.people import check_decider
from bridgehead.cli.deciding_grant import check_grant
from bridgehead.cli.output import note
from bridgehead.connectors.files import read_bounded, read_document
from bridgehead.errors import UserError
from bridgehead.gate.grants import granted
from bridgehead.ids import ReviewId, show
from bridgehead.reviews.model import FENCING, Review, Verb, check_verb
from bridgehead.spec.problem import nearest
from bridgehead.spec.tool import JSON

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.money import Money
    from bridgehead.spec.deployment import Deployment

_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_MAX_MB: Final = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person typed."""

    verb: str
    by: str
    value: str | None = None
    settings: tuple[str, ...] = ()
    args: Path | None = None
    happened: bool | None = None
    digest: str | None = None
    minutes: float | None = None
    folder: Path | None = None
    again: bool = False


async def decide(app: App, review_id: int, choice: Choice) -> tuple[str, Review]:
    """Makes one decision, bound to the arguments that were loaded; returns the deployment and the decided review.

    Raises UserError for a choice that does not fit the review, before anything is written.
    """
    review, deployment = await app.reviews.find(ReviewId(review_id))
    verb = cast("Verb", choice.verb)
    check_verb(review.kind, verb)
    _fits(review, choice)
    _same(review, choice.digest)
    await _not_killed(app, review, deployment, verb)
    answer: JSON = None
    if verb == "edit":
        answer = {"args": await _edited(app, review, deployment, choice)}
    elif verb == "answer":
        answer = await asyncio.to_thread(_answer, review, choice)
    elif verb == "reject" and choice.value is not None:
        answer = await asyncio.to_thread(_text, choice.value)
    spec = _spec(deployment, choice.folder)
    if verb in ("approve", "edit"):
        args = answer["args"] if isinstance(answer, Mapping) else review.shown.get("args")
        await check_grant(app, review, args, deployment, spec)
    role = None if spec is None else spec.roles.get(review.role)
    await check_decider(app.users, choice.by, [] if role is None else [role], show("R", review.id))
    rate, idle_cap, resume_s = _terms(deployment, review.role, spec)
    decided = await app.reviews.decide(
        review.id,
        verb,
        by=choice.by,
        answer=answer,
        shown_digest=review.args_digest,
        resume_s=resume_s,
        rate=rate,
        idle_cap_minutes=idle_cap,
        minutes=choice.minutes,
        again=choice.again,
        granting=None
        if spec is None
        else partial(granted, spec.rights, audience=spec.name, release="", scope=frozenset(spec.tools)),
    )
    return deployment, decided


async def _not_killed(app: App, review: Review, deployment: str, verb: Verb) -> None:
    """Refuses to let a call through that a kill will deny: the review stays open, so that nothing is lost."""
    tool = review.shown.get("tool")
    if verb not in ("approve", "edit") or not isinstance(tool, str):
        return
    for one in await app.controls.standing():
        if one.action == "kill" and one.covers("tool", tool, deployment):
            raise UserError(
                f"{one.what} was killed by {one.by}: {one.reason}; the call would be denied",
                code="review.killed",
                hint=f"{show('R', review.id)} stays open. '{one.lifted_by}' lets it go on; then decide again.",
            )


def _fits(review: Review, choice: Choice) -> None:
    """Refuses what the verb has no use for: a value that would be dropped silently."""
    edits = bool(choice.settings) or choice.args is not None
    if edits and choice.verb != "edit":
        raise UserError(
            f"--set and --args go with edit, not with {choice.verb}", code="review.flag", hint="Use the verb edit."
        )
    if choice.happened is not None and (choice.verb != "answer" or review.kind != "unknown_effect"):
        raise UserError(
            "--happened goes with the answer to an unknown effect",
            code="review.flag",
            hint=f"{show('R', review.id)} is of kind {review.kind}.",
        )
    if choice.again and (choice.verb != "answer" or review.kind not in FENCING):
        raise UserError(
            "--again goes with the answer to a case that has left the agent's hands",
            code="review.flag",
            hint=f"{show('R', review.id)} is of kind {review.kind}.",
        )
    if choice.value is not None and choice.verb in ("approve", "edit", "take"):
        raise UserError(
            f"{choice.verb} takes no value", code="review.flag", hint="A reason goes with reject, a value with answer."
        )


def _same(review: Review, digest: str | None) -> None:
    """Holds a decision to the arguments somebody has seen; the first 8 hex digits are enough."""
    if digest is None:
        return
    found = "" if review.args_digest is None else review.args_digest.hex()
    if len(digest) < 8 or not found.startswith(digest.lower()):  # noqa: PLR2004  # 32 bits of a digest
        raise UserError(
            f"{show('R', review.id)} is about other arguments than those with digest {digest}",
            code="review.changed",
            hint="Look at it again before you decide.",
        )


async def _edited(app: App, review: Review, deployment: str, choice: Choice) -> JSON:
    from bridgehead.storage.queries import Queries

    before = review.shown.get("args")
    tool = str(review.shown.get("tool", ""))
    schema = await Queries(app.database, app.vault).parameters(deployment, tool, review.case_id)
    if choice.args is not None:
        after = _parsed(read_document(choice.args, max_mb=_MAX_MB).decode("utf-8", "replace"), str(choice.args))
    elif choice.settings:
        after = copy.deepcopy(before)
    else:
        return await asyncio.to_thread(_in_editor, before, schema, tool)
    for setting in choice.settings:
        after = set_path(after, setting)
    _check_edited(before, after, schema, tool)
    return after


def _check_edited(before: JSON, after: JSON, schema: JSON, tool: str) -> None:
    problem = mismatch(after, schema)
    if problem:
        raise UserError(
            f"the edited arguments do not fit {tool}: {problem}", code="review.arguments", hint="Nothing was decided."
        )
    if after == before:
        raise UserError(
            "nothing was changed", code="review.unchanged", hint="Use the verb approve, or --set PATH=VALUE."
        )


def _in_editor(before: JSON, schema: JSON, tool: str) -> JSON:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise UserError(
            "no editor is set", code="review.editor", hint="Set EDITOR, or use --set PATH=VALUE or --args FILE."
        )
    with tempfile.TemporaryDirectory(prefix="bridgehead-") as folder:
        file = Path(folder) / f"{re.sub(r'[^A-Za-z0-9_-]', '_', tool) or 'arguments'}.json"
        file.write_text(json.dumps(before, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        done = subprocess.run([*shlex.split(editor), str(file)], check=False)  # noqa: S603  # the user's own editor
        if done.returncode != 0:
            raise UserError(f"{editor} ended with {done.returncode}", code="review.editor", hint="Nothing was decided.")
        text = file.read_text(encoding="utf-8")
    try:
        after = _parsed(text, "what you wrote")
        _check_edited(before, after, schema, tool)
    except UserError as error:
        if error.code == "review.unchanged":
            raise
        kept = Path(tempfile.mkstemp(prefix="bridgehead-", suffix=".json")[1])
        kept.write_text(text, encoding="utf-8")
        raise UserError(
            error.message, code=error.code, hint=f"Your text is kept in {kept}; correct it and give it with --args."
        ) from None
    return after


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
    if isinstance(before, str):
        return text
    try:
        found: JSON = json.loads(text)
    except ValueError:
        return text
    return found


def _answer(review: Review, choice: Choice) -> JSON:
    if review.kind == "unknown_effect":
        if choice.happened is None:
            raise UserError(
                "say whether it happened",
                code="review.answer",
                hint="Look in the other system, then: --happened, with what the call returned as the value, "
                "or --did-not-happen.",
            )
        result = None if choice.value is None else _loose(_text(choice.value))
        return {"happened": choice.happened, "result": result}
    if choice.value is None:
        raise UserError(
            "there is no answer", code="review.answer", hint=f"bridgehead review {show('R', review.id)} answer VALUE"
        )
    text = _text(choice.value)
    schema = review.shown.get("schema")
    if review.kind != "question" or not isinstance(schema, Mapping):
        return _loose(text)
    candidates: list[JSON] = [text]
    with contextlib.suppress(ValueError):
        candidates.insert(0, json.loads(text))
    problems = [mismatch(candidate, cast("JSON", schema)) for candidate in candidates]
    for candidate, problem in zip(candidates, problems, strict=True):
        if not problem:
            return candidate
    raise UserError(
        f"the answer is not what the agent asked for: {problems[0]}",
        code="review.answer",
        hint=f"It takes: {json.dumps(schema, ensure_ascii=False)[:500]}",
    )


def _text(value: str) -> str:
    if value != "-":
        return value
    return read_bounded(sys.stdin.buffer, "standard input", max_mb=_MAX_MB).decode("utf-8", "replace").strip()


def _loose(text: str) -> JSON:
    try:
        found: JSON = json.loads(text)
    except ValueError:
        return text
    return found


def _parsed(text: str, name: str) -> JSON:
    try:
        found: JSON = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{name} is no JSON: {error}", code="review.arguments", hint="Nothing was decided.") from None
    return found


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


def _terms(deployment: str, role: str, spec: Deployment | None) -> tuple[Money | None, float | None, float]:
    """Returns the role's rate, the longest pause that is paid, and the time a case has left after a decision.

    They stand in the deployment's file, which is looked for here and below; without it minutes are
    counted and their price is unknown.
    """
    if spec is None:
        note(
            f"bridgehead.yaml of {deployment} is not here: minutes are counted, their price is unknown (see --folder)."
        )
        return None, None, 300.0
    who = spec.roles.get(role)
    return (None, None, spec.case.resume_s) if who is None else (who.rate, who.idle_cap_minutes, spec.case.resume_s)


def _spec(deployment: str, folder: Path | None) -> Deployment | None:
    from bridgehead.spec.load import load

    if folder is not None:
        named = load(folder)
        if named.name != deployment:
            raise UserError(
                f"{folder} is deployment {named.name!r}, and the review is one of {deployment!r}",
                code="review.folder",
                hint="Name the folder of that deployment.",
            )
        return named
    places: Sequence[Path] = [Path(), *sorted(path.parent for path in Path().glob("*/bridgehead.yaml"))]
    for place in places:
        if (place / "bridgehead.yaml").is_file():
            try:
                found = load(place)
            except UserError:
                continue
            if found.name == deployment:
                return found
    return None
