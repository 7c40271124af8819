"""Objects named as ``module:object``, found with errors that say what is wrong with the name."""

from __future__ import annotations

import hashlib
import importlib
import inspect
from collections.abc import Callable
from pathlib import Path

from bridgehead.errors import UserError
from bridgehead.spec.problem import nearest


def find(name: str, what: str = "agent") -> object:
    """Returns what ``module:object`` names. ``what`` is the word for it in errors.

    Raises UserError when the name is not of that form, the module is missing or does not
    load, or holds nothing of that name.
    """
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise UserError(
            f"{name!r} names no {what}", code="adapter.name", hint=f"Write module:object, such as my_agent:{what}."
        )
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and (module == error.name or module.startswith(f"{error.name}.")):
            raise UserError(
                f"{what} {name!r}: there is no module {module!r}",
                code="adapter.name",
                hint="It is looked for beside bridgehead.yaml and in the environment.",
            ) from error
        raise UserError(
            f"{what} {name!r} imports {error.name!r}, which is not installed",
            code="adapter.name",
            hint="Install it into the environment that runs Bridgehead.",
        ) from error
    except Exception as error:  # whatever a stranger's module raises while it loads is the user's to see
        raise UserError(
            f"{what} {name!r}: loading {module} raised {type(error).__name__}: {error}",
            code="adapter.load",
            hint="Load it once by hand: python -c 'import " + module + "'.",
        ) from error
    value = getattr(found, attribute, None)
    if value is None:
        raise UserError(
            f"{what} {name!r}: {module} has no {attribute!r}",
            code="adapter.name",
            hint=nearest(attribute, [word for word in vars(found) if not word.startswith("_")]),
        )
    return value


def source_digest(name: str) -> str:
    """Returns the SHA-256 of the file behind ``module:object``, in hex, or an empty text where there is no file."""
    module = importlib.import_module(name.partition(":")[0])
    file = getattr(module, "__file__", None)
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file and Path(file).is_file() else ""


def function_digest(function: Callable[..., object]) -> str:
    """Returns what a function adds to a release: its name, and the SHA-256 of its source where there is one."""
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        source = ""
    named = f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', repr(type(function)))}"
    return f"{named} {hashlib.sha256(source.encode()).hexdigest()}"
