"""Bridgehead: takes one narrow AI agent from demo to production."""

from bridgehead.cases.context import Case, Context
from bridgehead.cases.declare import irreversible, outbound_read, read, reversible
from bridgehead.cases.intake import NewCase, NoCase, ToReview
from bridgehead.cases.tools import effect_key
from bridgehead.errors import Failed, Mismatch, Refused, UserError

__all__ = [
    "Case",
    "Context",
    "Failed",
    "Mismatch",
    "NewCase",
    "NoCase",
    "Refused",
    "ToReview",
    "UserError",
    "effect_key",
    "irreversible",
    "outbound_read",
    "read",
    "reversible",
]
