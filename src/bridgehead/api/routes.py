"""All routes of the API, each with the right it takes: the router, the document and the tests are made of this."""

from __future__ import annotations

from typing import Final

from bridgehead.api import cases, effects, operating, overview, people, reviews
from bridgehead.api.declared import Route

ROUTES: Final[tuple[Route, ...]] = (
    *operating.ROUTES,
    *overview.ROUTES,
    *cases.ROUTES,
    *reviews.ROUTES,
    *effects.ROUTES,
    *people.ROUTES,
)
