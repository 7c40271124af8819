"""From an arrival to cases: what a deployment's reader answers, and how a business key is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from pydantic import TypeAdapter

from bridgehead.cases.finding import Finding, finding
from bridgehead.effects.keys import Hmac, path_value, spelled
from bridgehead.errors import UserError
from bridgehead.ledger.canonical import canonical
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.tool import JSON


@dataclass(frozen=True, slots=True)
class NewCase:
    """One case an arrival asks for. ``input`` is typed as the agent takes it.

    ``content`` is what makes a resend exact (default: the whole input): leave out of it what
    differs between two sendings of the same order, such as positions in the document.
    ``key`` overrides the declared business key.
    """

    input: object
    content: JSON | None = None
    key: Mapping[str, JSON] | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class NoCase:
    """The arrival needs no work: it is kept, and nobody is asked. ``reason`` says why, for the record."""

    reason: str


@dataclass(frozen=True, slots=True)
class ToReview:
    """A person must look at the arrival. ``role`` None: the fallback role of the error class.

    Where nobody has decided within ``within_s``, the role's ``then`` is asked. ``details["cause"]`` is one word that
    reviews are grouped by.
    """

    reason: str
    role: str | None = None
    error_class: str = "invalid_input"
    details: Mapping[str, JSON] = field(default_factory=dict)
    within_s: float | None = None


ReadResult = NewCase | NoCase | ToReview | Sequence[NewCase | ToReview]
Reader = Callable[[bytes, str], ReadResult]
"""(document, name) → what it asks for. Pure: it runs in a process of its own, more than once if need be."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A case ready to be opened: digests instead of keys, the input as JSON."""

    business_key: bytes
    content: bytes
    input: JSON
    text: str
    found_by: Finding = field(default_factory=Finding)


def opening(deployment: Deployment, hmac: Hmac, adapter: TypeAdapter[object], new: NewCase, text: str) -> Opening:
    """Returns the opening of one case; raises UserError when a declared key field is missing in the input."""
    plain = cast("JSON", adapter.dump_python(adapter.validate_python(new.input), mode="json"))
    key: dict[str, JSON] = dict(new.key) if new.key is not None else {}
    if new.key is None:
        for path in deployment.case.key:
            found = path_value(plain, path)
            if found is None or found in ("", [], {}):
                raise UserError(
                    f"the case key {path!r} is empty in this arrival",
                    code="case.key",
                    hint="A case is found again by its key; a person must say what this belongs to.",
                )
            key[path] = found
    content = plain if new.content is None else new.content
    return Opening(
        business_key=hmac("case", canonical([deployment.name, spelled(key)])),
        content=hmac("content", canonical(content)),
        input=plain,
        text=new.text if new.text is not None else text,
        found_by=finding(hmac, deployment.case.search, key, plain),
    )


def plain_reader(document: bytes, name: str) -> ReadResult:
    """Reads any text arrival as one case whose input is the text itself; the default reader."""
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ToReview(f"{name} is not UTF-8 text, and the deployment declares no reader for it.")
    if not text.strip():
        return ToReview(f"{name} is empty.")
    return NewCase(input=text)
