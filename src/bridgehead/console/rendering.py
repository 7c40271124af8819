"""Templates become pages: everything is escaped, a name that is not there is an error, and times have a zone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from pydantic_core import PydanticSerializationError, to_json
from starlette.requests import Request
from starlette.routing import NoMatchFound

from bridgehead.clock import utc_now
from bridgehead.console.assets import Assets
from bridgehead.console.viewing import theme_of, zone_of

if TYPE_CHECKING:
    from bridgehead.console.here import Here, Tone

NAVIGATION: Final = (
    ("/", "Overview"),
    ("/desk", "Desk"),
    ("/cases", "Cases"),
    ("/effects", "Effects"),
    ("/failures", "Failures"),
    ("/connections", "Connections"),
    ("/policies", "Policies"),
    ("/admin", "Admin"),
    ("/admin/roles", "Roles"),
)
_COMMAND: Final = re.compile(r"(?: As it came| All about it| The original)?: bridgehead [a-z]+ [^.]*(?=\.|$)")
_CELL: Final = re.compile(
    r"(?P<row><tr\b[^>]*>)|<(?P<cell>t[dh])\b(?P<given>[^>]*)>(?P<inner>.*?)</(?P=cell)>", re.DOTALL
)
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400


class Rendering:
    """The console's templates, with what all of them use."""

    def __init__(self, assets: Assets, rights: Mapping[str, str | None]) -> None:
        self._rights = rights
        self._assets = assets
        self._environment = Environment(
            loader=PackageLoader("bridgehead.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,  # they are files of the package: nothing changes them while it runs
        )
        self._environment.globals |= {"asset": assets.url}
        self._environment.filters |= {
            "clock": _clock,
            "span": span,
            "ago": _ago,
            "json": _json,
            "number": number,
            "money": money,
            "percent": percent,
            "plain": without_commands,
            "labelled": labelled,
        }

    def page(self, template: str, *, here: Here, flash: tuple[Tone, str] | None, values: Mapping[str, object]) -> str:
        """Returns a template's page; every template has the names that are put in here."""
        request = here.request
        found: dict[str, object] = {
            "here": here,
            "actor": here.visitor,
            "request": request,
            "path": request.url.path,
            "query": request.query_params,
            "csrf": here.csrf,
            "url": here.url,
            "again": here.again,
            "flash": flash,
            "theme": theme_of(request),
            "zone": zone_of(request),
            "now": utc_now(),
            "navigation": self._navigation(here),
        }
        return self._environment.get_template(template).render(found | dict(values))

    def url(self, request: Request, name: str, params: Mapping[str, object]) -> str:
        """Returns the path of a page with a query of what the path does not name."""
        given = {key: str(value) for key, value in params.items() if value is not None and value != ""}
        for route in request.app.routes:
            if getattr(route, "name", None) != name:
                continue
            wanted = set(getattr(route, "param_convertors", {}))
            if not wanted <= set(given):
                continue
            path = route.url_path_for(name, **{key: given[key] for key in wanted})
            query = {key: value for key, value in given.items() if key not in wanted}
            return f"{path}?{urlencode(query)}" if query else str(path)
        raise NoMatchFound(name, dict(given))

    def _navigation(self, here: Here) -> list[tuple[str, str, bool]]:
        """Returns the pages that the visitor may open: path, name, and whether it is this one."""
        if here.visitor is None:
            return []
        rights = {str(right) for right in here.visitor.rights}
        path = here.request.url.path
        return [
            (where, name, path == where or (where != "/" and path.startswith(f"{where}/")))
            for where, name in NAVIGATION
            if where in self._rights
            and (self._rights[where] is None or self._rights[where] in rights)
            and not (where == "/admin/roles" and "admin" in rights)  # an admin has it as a part of Admin
        ]


def span(value: timedelta | float | None) -> str:
    """Returns a duration as people say it: ``40 s``, ``12 min``, ``3 h 5 min``, ``2 d``; a dash for none."""
    if value is None:
        return "–"
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    if seconds < _MINUTE:
        return f"{sign}{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{sign}{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        hours, rest = divmod(round(seconds / _MINUTE), _MINUTE)
        return f"{sign}{hours} h {rest} min" if rest else f"{sign}{hours} h"
    return f"{sign}{seconds / _DAY:.0f} d"


def number(value: float | None, digits: int = 0) -> str:
    """Returns a number with thin spaces between thousands; a dash for none."""
    return "–" if value is None else f"{value:,.{digits}f}".replace(",", "\u202f")


def money(value: str | Decimal) -> str:
    """Returns an amount with thin spaces between thousands, and two decimals or as many as it has."""
    amount = Decimal(value).normalize()
    exponent = amount.as_tuple().exponent
    return f"{amount:,.{max(2, -exponent) if isinstance(exponent, int) else 2}f}".replace(",", "\u202f")


def without_commands(text: str) -> str:
    """Returns a sentence of an account without what it says to type at a command line: a page has buttons."""
    return _COMMAND.sub("", text)


def labelled(rows: Markup, heads: Sequence[str | tuple[str, str]]) -> Markup:
    """Returns rows of a table in which each cell but the first tells its column, for a screen too narrow for columns.

    A cell without anything in it is marked as such. ``rows`` come from a template, where what documents say is escaped.
    """
    names = [head if isinstance(head, str) else head[0] for head in heads]
    at = 0

    def told(found: re.Match[str]) -> str:
        nonlocal at
        if found["row"]:
            at = 0
            return found[0]
        name, at = (names[at] if at < len(names) else ""), at + 1
        label = f' data-label="{escape(name)}"' if at > 1 and name else ""
        empty = " data-empty" if at > 1 and _is_empty(found["inner"]) else ""
        return f"<{found['cell']}{found['given']}{label}{empty}>{found['inner']}</{found['cell']}>"

    return Markup(_CELL.sub(told, rows))  # noqa: S704  # what a template escaped, with names of ours added


def _is_empty(cell: str) -> bool:
    """Tells whether a cell holds nothing but blanks, dashes and commas, in time that grows with its length alone."""
    said = cell.strip().removeprefix('<span class="quiet">').removesuffix("</span>")
    return not said.replace("–", "").replace(",", "").strip()


def percent(value: float | None) -> str:
    """Returns a share as a percentage; a dash for none. It never rounds up to all, nor down to nothing."""
    if value is None:
        return "–"
    shown = 100 * value
    if (shown > 99 and value < 1) or (0 < shown < 1):  # noqa: PLR2004  # percent
        return f"{min(shown, 99.9):.1f} %"
    return f"{shown:.0f} %"


def _json(value: object) -> str:
    """Returns a value line by line; half a surrogate pair, which no page can hold, stands as its escape."""
    try:
        return to_json(value, indent=2, fallback=str).decode()
    except PydanticSerializationError:
        return json.dumps(value, indent=2, default=str)


def _clock(value: datetime, zone: ZoneInfo) -> str:
    shown = value.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return f"{shown} UTC" if zone.key == "UTC" else shown  # else it is the zone that the viewer chose


def _ago(value: datetime, now: datetime) -> str:
    seconds = (now - value).total_seconds()
    return f"{span(seconds)} ago" if seconds >= 0 else f"in {span(-seconds)}"
