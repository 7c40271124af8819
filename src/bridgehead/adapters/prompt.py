"""A prompt as a template over the case: checked when it is declared, filled in when the case runs."""

from __future__ import annotations

import string
from dataclasses import fields

from bridgehead.cases.context import Case
from bridgehead.errors import UserError
from bridgehead.spec.problem import nearest

_FIELDS = tuple(field.name for field in fields(Case))


def check(template: str) -> str:
    """Returns the template; raises UserError for a field that is not ``{case.…}`` or does not exist.

    Fields are those of ``str.format``: ``{case.text}``, ``{case.id}``, ``{case.input.po_number}``,
    ``{case.input[po_number]}``. A brace that belongs to the text is written twice.
    """
    try:
        parsed = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise UserError(
            f"the prompt is no template: {error}", code="adapter.prompt", hint="Write {{ and }} for braces in the text."
        ) from error
    for name in parsed:
        head, _, rest = name.partition(".")
        attribute = rest.partition(".")[0].partition("[")[0]
        if head != "case":
            raise UserError(
                f"the prompt names {{{name}}}, and only {{case.…}} is known",
                code="adapter.prompt",
                hint="Write {case.text}, or {{ and }} for braces in the text.",
            )
        if attribute not in _FIELDS:
            raise UserError(
                f"the prompt names {{{name}}}, and a case has no {attribute!r}",
                code="adapter.prompt",
                hint=nearest(attribute, _FIELDS),
            )
    return template


def fill(template: str, case: Case[object]) -> str:
    """Returns the template with the case's values; raises UserError when the input has no such field."""
    try:
        return template.format(case=case)
    except (AttributeError, KeyError, IndexError, TypeError) as error:
        raise UserError(
            f"the prompt could not be filled in: {type(error).__name__}: {error}",
            code="adapter.prompt",
            hint="Give govern(input=…) the type of the reader's input, or name fields that it has.",
        ) from error
