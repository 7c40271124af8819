"""Checks what the parts of a specification say of each other: kinds, names, arguments, conditions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_entity import EntityPart, FieldPart, ReadPart
from bridgehead.connectors.findings import Findings, Path
from bridgehead.connectors.load_actions import check_actions
from bridgehead.connectors.load_fields import check_fields
from bridgehead.connectors.load_intake import check_intake
from bridgehead.connectors.load_lets import Lets
from bridgehead.connectors.load_names import Names
from bridgehead.connectors.load_templates import check_request, check_template
from bridgehead.connectors.shapes import WORDS, unknown_form
from bridgehead.spec.problem import nearest, shown

CARRIERS: Final[Mapping[str, str]] = {"http": "request", "sql": "sql", "files": "file", "mail": "mail"}
"""By which part each kind of connector carries a read or an action."""

_ONLY: Final[Mapping[str, tuple[str, ...]]] = {
    "headers": ("http",), "replica": ("sql",), "smtp": ("mail",), "proxy": ("http",),
}  # fmt: skip
_ERROR_ONLY: Final[Mapping[str, str]] = {
    "status": "http", "header": "http", "body": "http", "sqlstate": "sql", "code": "sql",
}  # fmt: skip
_HOST: Final = re.compile(r"^(?:\*\.)?[A-Za-z0-9_.-]+(?::\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](?::\d{1,5})?$")
_HEADER_VERSION: Final = re.compile(r"^header [A-Za-z0-9-]+$", re.IGNORECASE)


def check(spec: Specification, findings: Findings) -> None:
    """Notes every mistake that the shape of the file does not show.

    Names are looked up in the file itself, so that a part which was left out for a mistake of its
    own is not missed elsewhere.
    """
    names = Names(spec, findings)
    names.check_unique()
    _connection(spec, findings)
    _auth(spec, findings)
    _errors(spec, findings)
    for name, entity in spec.entities.items():
        _entity(spec, name, entity, names, findings)
    check_actions(spec, names, findings)
    check_intake(spec, names, findings)
    if spec.health is not None:
        _one_carrier(spec, ("health",), ("request", "sql"), findings)
        if spec.health.request is not None:
            check_request(spec.health.request, ("health", "request"), (), findings)


def exactly_one(path: Path, options: Sequence[str], findings: Findings) -> None:
    """Notes a part that holds none, or several, of the options."""
    given = [name for name in options if findings.has(*path, name)]
    if len(given) != 1:
        expected = f"exactly one of {', '.join(options)}"
        findings.add(path, expected, " and ".join(given) or "none", key=True)


def _one_carrier(spec: Specification, path: Path, options: Iterable[str], findings: Findings) -> None:
    """Notes a read, action or health check that is not carried as the connector's kind carries it."""
    wanted = CARRIERS[spec.kind]
    for name in options:
        if name != wanted and findings.has(*path, name):
            findings.add((*path, name), f"`{wanted}`, because the connector is of kind {spec.kind}", name, key=True)
    if wanted in options and not findings.has(*path, wanted):
        findings.add(path, f"the field {wanted}", "nothing", f"a connector of kind {spec.kind} needs it", key=True)


def _connection(spec: Specification, findings: Findings) -> None:
    for option, kinds in _ONLY.items():
        if spec.kind not in kinds and findings.has("connection", option):
            findings.add(
                ("connection", option), f"no `{option}` beside kind {spec.kind}", option, f"it belongs to {kinds[0]}",
                key=True,
            )  # fmt: skip
    url = spec.connection.url
    if spec.kind == "http" and not url.startswith(("env:", "file:", "http://", "https://")):
        findings.add(("connection", "url"), "an address such as https://erp.example.com, or env:NAME")
    several = isinstance(findings.top.at(("connection", "hosts")).value, list)
    for place, host in enumerate(spec.connection.hosts):
        if not host.startswith(("env:", "file:")) and _HOST.match(host) is None:
            path = ("connection", "hosts", place) if several else ("connection", "hosts")
            findings.add(path, "a host such as erp.example.com or erp.example.com:8443")
    if spec.limits.burst > 1 and spec.limits.rate is None and not findings.has("limits", "rate"):
        findings.add(("limits", "burst"), "a `rate` beside it", "burst alone", key=True)


def _auth(spec: Specification, findings: Findings) -> None:
    auth = spec.auth
    if auth is None:
        return
    exactly_one(("auth",), ("basic", "api_key", "bearer", "oauth2", "login", "hook"), findings)
    if auth.secrets and not findings.has("auth", "hook"):
        findings.add(("auth", "secrets"), "a `hook` that is given them", "secrets alone", key=True)
    if auth.api_key is not None:
        exactly_one(("auth", "api_key"), ("header", "query"), findings)
    if auth.oauth2 is not None:
        needed = "refresh_token" if auth.oauth2.grant == "refresh_token" else "client_secret"
        if not findings.has("auth", "oauth2", needed):
            findings.add(
                ("auth", "oauth2"), f"the field {needed}", "nothing", f"the grant {auth.oauth2.grant} needs it",
                key=True,
            )  # fmt: skip
    if auth.login is not None:
        check_request(auth.login.request, ("auth", "login", "request"), ("user", "password"), findings)
        known = ("user", "password", *auth.login.take)
        check_template(auth.login.value, ("auth", "login", "value"), known, findings)
    for option in ("login", "api_key", "bearer"):
        if spec.kind != "http" and findings.has("auth", option):
            findings.add(
                ("auth", option), "a way of signing in to " + spec.kind, option, "it belongs to http", key=True
            )


def _errors(spec: Specification, findings: Findings) -> None:
    for place, rule in enumerate(spec.errors):
        path = ("errors", place)
        if not any(findings.has(*path, one) for one in (*_ERROR_ONLY, "text")):
            findings.add(path, "a condition: status, header, body, sqlstate, code or text", "none")
        for option, kind in _ERROR_ONLY.items():
            if spec.kind != kind and findings.has(*path, option):
                findings.add((*path, option), f"no `{option}` beside kind {spec.kind}", option, key=True)
        patterns: list[tuple[Path, str | None]] = [((*path, "text"), rule.text)]
        patterns += [((*path, "header", name), text) for name, text in rule.header.items()]
        patterns += [((*path, "body", "matches"), rule.body.matches)] if rule.body is not None else []
        for where, pattern in patterns:
            if pattern is not None and (wrong := _pattern(pattern)):
                findings.add(where, "a regular expression", f"{shown(pattern)} ({wrong})")


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        return str(error)
    return ""


def _entity(spec: Specification, name: str, entity: EntityPart, names: Names, findings: Findings) -> None:
    path: Path = ("entities", name)
    check_fields(entity.fields, (*path, "fields"), findings)
    fields = names.fields(name)
    for field in entity.key:
        names.known(field, (*path, "key"), "a field of this entity", fields)
        part = entity.fields.get(field)
        if part is not None and (part.optional or part.none or part.read is not None):
            findings.add((*path, "key"), "fields that every record holds itself", field)
    for option, named in (("source_time", entity.source_time), ("changed", entity.changed)):
        if named is not None:
            names.known(named, (*path, option), "a field of this entity", fields)
    at = entity.fields.get(entity.source_time or "")
    if at is not None and at.type != "datetime":
        findings.add((*path, "source_time"), "a field of type datetime", f"{entity.source_time}, a {at.type}")
    if entity.version is not None and _HEADER_VERSION.match(entity.version) is None:
        names.known(entity.version, (*path, "version"), "a field of this entity, or header etag", fields)
    for field, part in entity.fields.items():
        if part.read is not None:
            _filled(part, (*path, "fields", field), name, names, findings)
    for read_name, read in entity.reads.items():
        _read(spec, name, read, (*path, "reads", read_name), names, findings)


def _filled(part: FieldPart, path: Path, entity: str, names: Names, findings: Findings) -> None:
    names.call(part.read or "", part.with_, path, findings)
    fields = names.fields(entity)
    for argument, source in part.with_.items():
        place = (*path, "with", argument)
        if not isinstance(source, str):
            findings.add(place, "a field of this record")
        else:
            names.known(source.split(".")[0], place, "a field of this record", fields)


def check_shape(shape: Mapping[str, object], path: Path, findings: Findings) -> None:
    """Notes what is no form of an argument, and names that no argument may have."""
    for name, form in shape.items():
        here = (*path, name)
        if not name.isidentifier() or not name.islower() or not Names.free(name):
            findings.add(here, "a name of lower-case letters, digits and _ that is free", name, key=True)
        wrong = unknown_form(form)
        if wrong is not None:
            place, found = wrong
            words = ", ".join(WORDS)
            hint = nearest(found.removesuffix("?"), WORDS) if isinstance(found, str) else ""
            findings.add((*here, *place), f"one of {words} (with ? for one that may be left out)", hint=hint)


def _read(spec: Specification, of: str, read: ReadPart, path: Path, names: Names, findings: Findings) -> None:
    check_shape(read.params, (*path, "params"), findings)
    _one_carrier(spec, path, ("request", "sql", "file"), findings)
    params = names.params("read", path[-1])
    for name in read.any_of:
        names.known(name, (*path, "any_of"), "an argument of this read", params)
    if read.each is not None:
        names.known(read.each, (*path, "each"), "an argument of this read", params)
        if isinstance(read.params.get(read.each), str | dict):
            findings.add((*path, "each"), "an argument that is a list, such as numbers: [code]", read.each)
    lets = Lets(read.let, (*path, "let"), params, names, findings)
    lets.check()
    lets.check_ends()
    if read.request is not None:
        asked = (*params, *findings.names(*path, "let"))
        check_request(read.request, (*path, "request"), asked, findings)
    if read.file is not None:
        check_template(read.file.path, (*path, "file", "path"), params, findings)
    fields = names.fields(of)
    for field, template in read.where.items():
        names.known(field, (*path, "where", field), "a field of this entity", fields, key=True)
        check_template(template, (*path, "where", field), params, findings)
    if read.paging is not None:
        exactly_one((*path, "paging"), ("cursor", "page", "offset", "link", "keyset"), findings)
        if read.paging.keyset is not None:
            names.known(
                read.paging.keyset.field, (*path, "paging", "keyset", "field"), "a field of this entity", fields
            )
    if read.complete is not None and not any(
        findings.has(*path, "complete", one) for one in ("count", "count_header", "end", "more", "whole")
    ):
        findings.add((*path, "complete"), "count, count_header, end, more or whole", "none", key=True)
    if read.complete is not None and read.complete.whole is not None and read.paging is not None:
        findings.add(
            (*path, "complete", "whole"), "no paging beside it: one answer holds everything", "paging", key=True
        )
