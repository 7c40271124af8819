"""A value of a foreign system that is not what its field says."""

from __future__ import annotations


class UnfitError(Exception):
    """A value that is not what its field says. Where it stands is added on the way out, by who knows it.

    ``fields`` and ``path`` name the way to it in the record and in what was sent, ``found`` is the
    value, ``hidden`` tells that a label forbids to show it. ``aside`` is the path of a companion
    that is wrong instead, such as the currency of an amount.
    """

    def __init__(self, expected: str, hint: str = "") -> None:
        super().__init__(expected)
        self.expected, self.hint = expected, hint
        self.fields: tuple[str, ...] = ()
        self.path: tuple[str, ...] = ()
        self.found: object = None
        self.has_found = False
        self.hidden = False
        self.aside = ""
