"""The pages of the console: one module each; what a module names in ``PAGES`` is served."""

from __future__ import annotations

import importlib
import pkgutil

from bridgehead.console.page import Page


def all_pages() -> tuple[Page, ...]:
    """Returns the pages of every module of this package, in the order of the modules' names."""
    found: list[Page] = []
    for module in sorted(one.name for one in pkgutil.iter_modules(__path__)):
        found.extend(getattr(importlib.import_module(f"{__name__}.{module}"), "PAGES", ()))
    return tuple(found)
