"""Proposes a specification from an OpenAPI document: how to log in, what can be read, what can be done."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin, urlsplit, urlunsplit

from bridgehead.connectors.proposing.draft import Ask, Draft, Noted, nobody, one_line
from bridgehead.connectors.proposing.openapi_actions import Acting
from bridgehead.connectors.proposing.openapi_document import Api, Operation, Tree, tree
from bridgehead.connectors.proposing.openapi_reads import Reading, is_health, is_read, segments
from bridgehead.errors import UserError

_MOST_OPERATIONS: Final = 400
_TOKENS: Final = ("token", "revoke", "introspect", "authorize", "login", "logout")


def propose_openapi(
    document: Tree, *, name: str, source: str = "", ask: Ask = nobody, only: tuple[str, ...] = ()
) -> Draft:
    """Returns the draft of an http connector.

    ``source`` is where the document came from, for addresses that are relative to it; ``only`` keeps
    operations whose path begins so. Raises UserError ``connector.openapi`` when nothing of it can be read.
    """
    api = Api(document)
    draft = Draft(name, {}, ask)
    operations = [one for one in api.operations() if not only or one.path.startswith(only)]
    if len(operations) > _MOST_OPERATIONS:
        draft.gaps.append(
            f"{len(operations) - _MOST_OPERATIONS} operations after the first {_MOST_OPERATIONS}: use --path"
        )
        operations = operations[:_MOST_OPERATIONS]
    operations = [one for one in operations if not (segments(one.path) and segments(one.path)[-1] in _TOKENS)]
    reading = Reading(api, draft)
    for one in operations:
        if is_read(one):
            reading.add(one)
    reading.finish()
    entities = list(reading.entities.values())
    names = {read.name for entity in entities for read in entity.reads}
    acting = Acting(api, draft, entities, names)
    for one in operations:
        if not is_read(one):
            acting.add(one)
    if not entities:
        raise UserError(
            "the document describes nothing that can be read as records",
            code="connector.openapi",
            hint="Schemas of its answers are needed; is it complete?",
        )
    base = _base(api, draft, source)
    draft.tree["connector"] = name
    draft.tree["kind"] = "http"
    title = one_line(api.info.get("title", ""), 200)
    if title:
        draft.tree["about"] = title
    draft.tree["connection"] = {"url": base, "timeout": "10s"}
    auth = _auth(api, draft, operations, str(base.value) if isinstance(base, Noted) else str(base), source)
    if auth is not None:
        draft.tree["auth"] = auth
    rate, notes = draft.question("How many requests does the system bear?", (), "10/s")
    draft.tree["limits"] = Noted({"rate": rate, "burst": 10, "concurrency": 4}, notes)
    draft.tree["entities"] = {entity.name: reading.written(entity) for entity in entities}
    actions = acting.written()
    if actions:
        draft.tree["actions"] = actions
    health = next((one for one in operations if is_health(one)), None)
    if health is not None:
        draft.tree["health"] = {"request": {"path": health.path}}
    return draft


def _base(api: Api, draft: Draft, source: str) -> object:
    server = api.server or "/"
    found = urljoin(source, server) if source.startswith(("http://", "https://")) else server
    parts = urlsplit(found)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        draft.open_questions += 1
        return Noted(
            draft.variable("url", "where the system answers, such as https://erp.example.com/api"),
            ("ASK: where does the system answer? The document does not say.",),
        )
    host = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
    return Noted(
        urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", "")),
        (f"or env:{draft.name.upper()}_URL, so that one file serves test and production",),
    )


def _auth(api: Api, draft: Draft, operations: list[Operation], base: str, source: str) -> object:
    used: dict[str, list[str]] = {}
    for one in operations:
        for option in one.security:
            for scheme, scopes in option.items():
                known = used.setdefault(scheme, [])
                known += [str(scope) for scope in scopes if scope not in known] if isinstance(scopes, list) else []
    schemes = api.schemes
    for scheme in [*used, *(name for name in schemes if name not in used)]:
        found = _scheme(draft, tree(schemes.get(scheme)), used.get(scheme, []), base, source)
        if found is not None:
            others = [one_line(name, 60) for name in schemes if name != scheme]
            return Noted(found, (f"the document also knows: {', '.join(others)}",) if others else ())
    if schemes:
        draft.open_questions += 1
        kinds = ", ".join(one_line(tree(one).get("type", name), 40) for name, one in schemes.items())
        draft.gaps.append(f"ASK: how to log in; the document says {kinds}")
    return None


def _scheme(draft: Draft, scheme: Tree, scopes: list[str], base: str, source: str) -> dict[str, object] | None:
    kind, inner = str(scheme.get("type", "")).lower(), str(scheme.get("scheme", "")).lower()
    if kind == "http" and inner == "basic":
        return {
            "basic": {
                "user": draft.variable("user", "the user"),
                "password": draft.variable("password", "its password"),
            }
        }
    if kind == "http" and inner == "bearer":
        return {"bearer": {"token": draft.variable("token", "the token")}}
    if kind == "apikey" and scheme.get("in") in {"header", "query"}:
        place = str(scheme["in"])
        return {
            "api_key": {"value": draft.variable("key", "the API key"), place: one_line(scheme.get("name", ""), 100)}
        }
    if kind != "oauth2":
        return None
    flows = tree(scheme.get("flows"))
    for flow, grant in (("clientCredentials", "client_credentials"), ("authorizationCode", "refresh_token")):
        found = tree(flows.get(flow))
        if not found:
            continue
        url = _token_url(draft, str(found.get("tokenUrl", "")), base, source)
        client, notes = draft.question("By which name does the system know us (client_id)?", (), draft.name)
        part: dict[str, object] = {
            "token_url": url,
            "client_id": Noted(client, notes),
            "client_secret": draft.variable("secret", "the client's secret"),
        }
        if grant == "refresh_token":
            part |= {"grant": grant, "refresh_token": draft.variable("refresh_token", "a refresh token")}
        if scopes:
            part["scopes"] = sorted(scopes)
        return {"oauth2": part}
    return None


def _token_url(draft: Draft, told: str, base: str, source: str) -> str:
    """Returns the token's address: relative ones are below where the document came from, or the server."""
    root = source if source.startswith(("http://", "https://")) else base
    found = urljoin(root, told) if root.startswith(("http://", "https://")) else told
    return found if urlsplit(found).hostname else draft.variable("token_url", "where tokens are given")
