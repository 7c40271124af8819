"""Arguments as the fields of a form, and back: what was not touched comes back as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

from bridgehead.desk.typed_json import DIGITS, parsed
from bridgehead.errors import UserError
from bridgehead.spec.tool import JSON

Form = Literal["text", "number", "choice", "json"]
PREFIX: Final = "arg:"
MOST: Final = 400
"""A form has at most so many fields; arguments with more are edited as JSON, or on the command line."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One field of a form: ``name`` is what the browser sends, ``path`` what people read, ``value`` what stands in it.

    ``form``: a text, a number, true or false, or JSON (null, an empty list, an empty part).
    """

    name: str
    path: str
    value: str
    form: Form


def leaves(args: JSON) -> tuple[Leaf, ...]:
    """Returns the fields of arguments in their order; raises UserError (``review.arguments``) beyond ``MOST``."""
    found: list[Leaf] = []
    for steps, value in _walk(args, ()):
        if len(found) == MOST:
            raise UserError(
                f"the arguments have more than {MOST} fields",
                code="review.arguments",
                hint="Edit them with 'bridgehead review R-… edit'.",
            )
        found.append(Leaf(f"{PREFIX}{json.dumps(steps, separators=(',', ':'))}", path_of(steps), *_shown(value)))
    return tuple(found)


def with_fields(args: JSON, fields: Mapping[str, str]) -> JSON:
    """Returns arguments with what a form holds put in; fields that the form lacks stay as they are.

    A text that reads as it did comes back as it was, so that a form that nobody touched changes nothing. Raises
    UserError (``review.arguments``) for what is no number, or no JSON, where one stood, and for fields of other
    arguments.
    """
    changed: JSON = json.loads(json.dumps(args))
    known = {_key(steps): (steps, value) for steps, value in _walk(args, ())}
    for name, text in fields.items():
        if not name.startswith(PREFIX):
            continue
        if name not in known:
            raise UserError(
                "the form is about other arguments than the call has by now",
                code="review.changed",
                hint="Look at it again before you decide.",
            )
        steps, before = known[name]
        shown, form = _shown(before)
        said = text.replace("\r\n", "\n")
        if said == shown.replace("\r\n", "\n"):
            continue
        changed = _put(changed, steps, _read(said, form, path_of(steps)))
    return changed


def path_of(steps: tuple[str | int, ...]) -> str:
    """Returns a path as people read it: ``lines[0].quantity``."""
    said = ""
    for step in steps:
        said += f"[{step}]" if isinstance(step, int) else f".{step}" if said else step
    return said or "value"


def _key(steps: tuple[str | int, ...]) -> str:
    return f"{PREFIX}{json.dumps(steps, separators=(',', ':'))}"


def _walk(value: JSON, steps: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], JSON]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _walk(inner, (*steps, name))
    elif isinstance(value, list) and value:
        for at, inner in enumerate(value):
            yield from _walk(inner, (*steps, at))
    else:
        yield steps, value


def _shown(value: JSON) -> tuple[str, Form]:
    if isinstance(value, bool):
        return ("true" if value else "false"), "choice"
    if isinstance(value, str):
        return value, "text"
    if isinstance(value, int | float):
        return json.dumps(value), "number"
    return json.dumps(value), "json"


def _read(text: str, form: Form, path: str) -> JSON:
    if form == "text":
        return text
    if form == "choice" and text in ("true", "false"):
        return text == "true"
    try:
        if form == "number":
            found: JSON = parsed(_plain(text))
            if isinstance(found, bool) or not isinstance(found, int | float):
                raise ValueError  # noqa: TRY301  # the same answer as for what is no JSON
            return found
        if form == "json":
            return _loose(text)
    except (ValueError, InvalidOperation):
        pass
    raise UserError(
        f"{path}: {text[:60]!r} is no {'number' if form == 'number' else 'value that fits here'}",
        code="review.arguments",
        hint="Nothing was decided; correct the field.",
    )


def _plain(text: str) -> str:
    """Returns a number as JSON writes it: ``+5``, ``05`` and ``1.50`` as people type them are numbers too."""
    said = text.strip()
    number = Decimal(said)
    # Checked before it is written out: 1e-999999999 would be a text of a gigabyte.
    if len(said) > DIGITS or not number.is_finite() or abs(number.adjusted()) > DIGITS:
        raise ValueError
    return said.lstrip("+").lstrip("0") if said.lstrip("+").lstrip("0")[:1].isdigit() else format(number, "f")


def _loose(text: str) -> JSON:
    """Returns JSON where it is JSON, and otherwise the text: where nothing stood, anything may come."""
    found: JSON
    try:
        found = parsed(text)
    except ValueError:
        return text
    return found


def _put(value: JSON, steps: tuple[str | int, ...], new: JSON) -> JSON:
    if not steps:
        return new
    step, rest = steps[0], steps[1:]
    if isinstance(value, dict) and isinstance(step, str):
        return {**value, step: _put(value[step], rest, new)}
    if isinstance(value, list) and isinstance(step, int):
        return [_put(inner, rest, new) if at == step else inner for at, inner in enumerate(value)]
    return value  # pragma: no cover - the steps come from a walk over this very value
