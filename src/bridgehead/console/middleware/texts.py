"""What no text of the database holds is refused by itself, before a page looks for it or keeps it."""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from bridgehead.errors import UserError

_UNFIT: Final = re.compile("[\0\ud800-\udfff]")
"""NUL and halves of a surrogate pair: PostgreSQL takes neither (manual, 8.3 and 24.3)."""


def check_asked(request: Request) -> None:
    """Raises UserError (``input.text``) for a query that holds a character of no text; nothing has such a path."""
    if any(_UNFIT.search(str(value)) for value in request.path_params.values()):
        raise HTTPException(404)
    for name, value in request.query_params.multi_items():
        _check(name, value)


async def check_sent(request: Request) -> None:
    """Raises UserError (``input.text``) for a form that holds a character of no text, names of files included."""
    for name, value in (await request.form()).multi_items():
        _check(name, value.filename or "" if isinstance(value, UploadFile) else value)


def _check(name: str, value: str) -> None:
    if _UNFIT.search(name) or _UNFIT.search(value):
        raise UserError(
            f"{name[:60]!r} holds a character that no text holds",
            code="input.text",
            hint="Take it out, then try again.",
        )
