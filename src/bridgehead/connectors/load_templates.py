"""Checks the templates of a specification: their braces, formats and the names they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bridgehead.connectors.document_connection import RequestPart
from bridgehead.connectors.fill import mistake_in, names_in
from bridgehead.connectors.findings import Findings, Path
from bridgehead.connectors.paths import parts_of
from bridgehead.spec.problem import nearest, shown

IN_EACH = ("item", "number")
"""The names that ``{each: …, do: …}`` gives to what it repeats."""


def check_template(template: object, path: Path, known: Iterable[str], findings: Findings) -> None:
    """Notes what is wrong with a template (a text, or JSON with texts in it) that may ask for ``known`` names."""
    names = set(known)
    for place, text, inside in _texts(template, path, inside=False):
        wrong = mistake_in(text)
        if wrong is not None:
            findings.add(place, "a template such as {customer}", wrong)
        check_names(names_in(text), place, names | set(IN_EACH) if inside else names, findings)
    for place, name, inside in _conditions(template, path, inside=False):
        check_names({name}, place, names | set(IN_EACH) if inside else names, findings)


def check_names(asked: Iterable[str], path: Path, known: Iterable[str], findings: Findings) -> None:
    """Notes each path whose first step is not ``known``."""
    options = set(known)
    for name in sorted(set(asked)):
        if parts_of(name)[0] not in options:
            hint = nearest(parts_of(name)[0], options)
            findings.add(path, "an argument or another value that is there", shown(name), hint)


def check_request(part: RequestPart, path: Path, known: Iterable[str], findings: Findings) -> None:
    """Notes what is wrong with the templates of a request."""
    names = set(known)
    check_template(part.path, (*path, "path"), names, findings)
    for where, texts in (("query", part.query), ("headers", part.headers), ("form", part.form)):
        for name, text in texts.items():
            check_template(text, (*path, where, name), names, findings)
    if part.body is not None:
        check_template(part.body, (*path, "body"), names, findings)
        if part.form:
            findings.add((*path, "form"), "either `body` or `form`", "both", key=True)
    if part.method == "GET" and (part.body is not None or part.form):
        findings.add((*path, "method"), "a method that carries a body, such as POST", "GET")


def _is_each(template: Mapping[str, object]) -> bool:
    return {"each", "do"} <= set(template) <= {"each", "do", "join", "apart"}


def _texts(template: object, path: Path, *, inside: bool) -> Iterator[tuple[Path, str, bool]]:
    if isinstance(template, str):
        yield path, template, inside
    elif isinstance(template, Mapping):
        each, when = _is_each(template), set(template) == {"when", "do"}
        for name, value in template.items():
            if (each or when) and name != "do":
                continue
            if "{" in str(name):
                yield (*path, name), str(name), inside
            if "{" in str(name):
                yield (*path, name), str(name), inside
            yield from _texts(value, (*path, name), inside=inside or each)
    elif isinstance(template, Sequence):
        for place, value in enumerate(template):
            yield from _texts(value, (*path, place), inside=inside)


def _conditions(template: object, path: Path, *, inside: bool) -> Iterator[tuple[Path, str, bool]]:
    """Yields the paths under ``each`` and ``when``."""
    if isinstance(template, Mapping):
        each, when = _is_each(template), set(template) == {"when", "do"}
        if each or when:
            name = "each" if each else "when"
            yield (*path, name), str(template[name]), inside
            yield from _conditions(template["do"], (*path, "do"), inside=inside or each)
            return
        for name, value in template.items():
            yield from _conditions(value, (*path, name), inside=inside)
    elif isinstance(template, Sequence) and not isinstance(template, str):
        for place, value in enumerate(template):
            yield from _conditions(value, (*path, place), inside=inside)
