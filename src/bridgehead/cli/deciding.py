"""What a person typed, as a decision of the desk: files, an editor, standard input, and where the deployment lies."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from bridgehead.auth.actor import Actor
from bridgehead.cli.output import note
from bridgehead.connectors.files import read_bounded, read_document
from bridgehead.desk import reviewing
from bridgehead.desk.reviewing import Decision
from bridgehead.desk.reviewing_answers import check_edited, check_fits, parameters, set_path
from bridgehead.desk.reviewing_together import decide_with
from bridgehead.errors import UserError
from bridgehead.ids import ReviewId, show
from bridgehead.reviews.model import Review, Verb, check_verb
from bridgehead.spec.tool import JSON

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.spec.deployment import Deployment

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
    also: tuple[int, ...] = ()
    """Other held calls of the case, decided with it."""


def actor_of(by: str) -> Actor:
    """Returns who acts at a terminal: whoever reaches the database, held to the roles that users are declared for."""
    return Actor(by, frozenset(), frozenset({"reviewer", "operator", "auditor"}), channel="cli")


async def decide(app: App, review_id: int, choice: Choice) -> tuple[str, Review, Sequence[Review]]:
    """Makes one decision, bound to the arguments that were loaded.

    Returns the deployment, the decided review, and those that were decided with it.

    Raises UserError for a choice that does not fit the review, before anything is written.
    """
    review, deployment = await app.reviews.find(ReviewId(review_id))
    described(app, deployment, choice.folder)
    check_verb(review.kind, cast("Verb", choice.verb))
    check_fits(review, _decision(choice, None if choice.args is None else {}))
    digest = choice.digest or (None if review.args_digest is None else review.args_digest.hex())
    args = await _args(app, review, deployment, choice) if choice.verb == "edit" else None
    value = await asyncio.to_thread(_text, choice.value)
    if (await reviewing.terms(app, deployment, review.role))[0] is None and deployment not in app.described:
        note(
            f"bridgehead.yaml of {deployment} is not here: minutes are counted, their price is unknown (see --folder)."
        )
    also = {number: await _digest(app, number) for number in choice.also}
    if len(also) < len(choice.also):
        raise UserError("a review is named twice", code="review.together", hint="Name each review once.")
    decision = _decision(choice, args, value, digest)
    decided, *rest = await decide_with(app, actor_of(choice.by), review.id, decision, also)
    had = None if decided.decided_at is None else decided.claimant(decided.decided_at)
    if had is not None and had != choice.by:
        note(f"{had} had {show('R', review.id)} before them: tell them that it is decided.")
    return deployment, decided, rest


async def _digest(app: App, number: int) -> str:
    """Returns the digest of a held call's arguments; raises UserError (``review.together``) for what holds none."""
    review, _ = await app.reviews.find(ReviewId(number))
    if review.args_digest is None:
        raise UserError(
            f"{show('R', number)} holds no call",
            code="review.together",
            hint="Calls that wait for approval are decided together; whatever else is asked, apart.",
        )
    return review.args_digest.hex()


def _decision(
    choice: Choice, args: Mapping[str, JSON] | None, value: JSON = None, digest: str | None = None
) -> Decision:
    return Decision(
        cast("Verb", choice.verb),
        value=choice.value if value is None else value,
        args=args,
        changes=choice.settings if args is None else (),
        happened=choice.happened,
        shown_digest=digest,
        minutes=choice.minutes,
        again=choice.again,
    )


async def _args(app: App, review: Review, deployment: str, choice: Choice) -> Mapping[str, JSON]:
    """Returns all arguments of an edit: from a file, by single settings, or from the user's editor."""
    before, tool = review.shown.get("args"), str(review.shown.get("tool", ""))
    schema = await parameters(app, review, deployment)
    if choice.args is not None:
        after = _parsed(read_document(choice.args, max_mb=_MAX_MB).decode("utf-8", "replace"), str(choice.args))
    elif choice.settings:
        after = before
    else:
        after = await asyncio.to_thread(_in_editor, before, schema, tool)
    for setting in choice.settings:
        after = set_path(after, setting)
    check_edited(before, after, schema, tool)
    return cast("Mapping[str, JSON]", after)


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
        check_edited(before, after, schema, tool)
    except UserError as error:
        if error.code == "review.unchanged":
            raise
        kept = Path(tempfile.mkstemp(prefix="bridgehead-", suffix=".json")[1])
        kept.write_text(text, encoding="utf-8")
        raise UserError(
            error.message, code=error.code, hint=f"Your text is kept in {kept}; correct it and give it with --args."
        ) from None
    return after


def _text(value: str | None) -> str | None:
    if value != "-":
        return value
    return read_bounded(sys.stdin.buffer, "standard input", max_mb=_MAX_MB).decode("utf-8", "replace").strip()


def _parsed(text: str, name: str) -> JSON:
    try:
        found: JSON = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{name} is no JSON: {error}", code="review.arguments", hint="Nothing was decided.") from None
    return found


def described(app: App, deployment: str, folder: Path | None) -> None:
    """Lets the app know the file of a deployment, which is looked for here and below, or in the folder named.

    Raises UserError (``review.folder``) for a folder of another deployment.
    """
    found = _spec(deployment, folder)
    if found is not None:
        app.described[deployment] = found


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
