"""Forms of single values that files of this product share, and the base of every mapping of fields in them."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from bridgehead.errors import UserError
from bridgehead.spec.egress import FORM as HOST_FORM
from bridgehead.spec.egress import listed
from bridgehead.spec.tool import parse_duration

NAME: Final = r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$"
REFERENCES: Final = ("env:", "file:", "keyring:", "vault:")
"""How a reference to a secret begins; what stands behind it is read where the secret is used."""


def wrong(expected: str) -> PydanticCustomError:
    """Returns the error of a value that is not what was expected, in an operator's words."""
    return PydanticCustomError("expected", "{expected}", {"expected": expected})


def _duration(value: object) -> object:
    if isinstance(value, str):
        try:
            seconds = parse_duration(value)
        except UserError as error:
            raise wrong("a duration such as 20s, 15m, 1h30m or 2d") from error
        if seconds > 0:
            return seconds
    raise wrong("a duration such as 20s, 15m, 1h30m or 2d")


def _listed_host(value: object) -> str:
    found = listed(value) if isinstance(value, str) else None
    if found is None:
        raise wrong(HOST_FORM)
    return found


def _reference(value: object) -> object:
    if isinstance(value, str) and value.startswith(REFERENCES) and value.partition(":")[2].strip():
        return value
    raise wrong("a reference such as env:NAME or file:PATH, because a secret never stands in this file")


_DURATION_SCHEMA: Final = {"type": "string", "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+(\.\d+)?s)?$", "minLength": 2}
_REFERENCE_SCHEMA: Final = {"type": "string", "pattern": "^(env|file|keyring|vault):.+"}

Duration = Annotated[float, BeforeValidator(_duration), WithJsonSchema(_DURATION_SCHEMA)]
Name = Annotated[str, Field(pattern=NAME)]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Region = Annotated[str, Field(pattern=r"^[a-z]{2,4}(-[a-z0-9]{1,12}){0,3}$")]
Host = Annotated[
    str, BeforeValidator(_listed_host), WithJsonSchema({"type": "string", "pattern": r"^[!-~]+$", "maxLength": 260})
]
Reference = Annotated[str, BeforeValidator(_reference), WithJsonSchema(_REFERENCE_SCHEMA)]


class Part(BaseModel):
    """A mapping of known fields; a field that is not known is a mistake, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True)
