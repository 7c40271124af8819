"""The OpenAPI 3.1 document, made of the declared routes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Final, TypeAlias, cast

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from bridgehead.api.declared import NUMBERED, PREFIX, Route, pattern_of
from bridgehead.api.problems import MEDIA, Problem
from bridgehead.spec.tool import JSON

_Refs: TypeAlias = "Mapping[tuple[type[BaseModel], JsonSchemaMode], Mapping[str, JSON]]"
_REF: Final = "#/components/schemas/{model}"
_ABOUT: Final = (
    "The verbs of the command line as JSON over HTTP. Every request carries a token (`Authorization: Bearer bh_…`),"
    " which does no more than its owner and its scopes. Lists come in pages: hand `next` in as `cursor`. A POST may"
    " carry `Idempotency-Key`: sent again within a day it is answered as the first time and does nothing."
)
_MEANS: Final[Mapping[int, str]] = {
    400: "The request cannot be read.",
    401: "There is no token, or it opens nothing.",
    403: "The token may not do this, or the rules do not allow it.",
    404: "There is no such thing.",
    409: "Somebody else was first, or what is there does not allow it any more.",
    412: "It is not what was shown any more.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    422: "Something in the request is wrong, or the same key came with another request.",
    428: "`If-Match` has to name what was shown.",
    503: "The database does not answer; nothing was acknowledged.",
}
_PATHS: Final[Mapping[str, str]] = {
    "case": "The case: C-17.",
    "review": "The review: R-3.",
    "effect": "The effect: E-5.",
    "arrival": "The arrival: A-2.",
    "undo": "The plan of undoing: U-1.",
    "deployment": "The deployment's name.",
    "token": "The token's number.",
    "delegation": "The delegation's number.",
    "user": "The user's name.",
}


def document(routes: Sequence[Route]) -> dict[str, JSON]:
    """Returns the document of these routes as JSON values."""
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Problem, "serialization")]
    for route in routes:
        models += [(route.answer, "serialization")] if route.answer is not None else []
        models += [(route.body, "validation")] if route.body is not None else []
    found_refs, defined = models_json_schema(list(dict.fromkeys(models)), ref_template=_REF)
    refs = cast("_Refs", found_refs)
    paths: dict[str, JSON] = {}
    for route in routes:
        operations = paths.setdefault(route.path, {})
        if isinstance(operations, dict):
            operations[route.method.lower()] = _operation(route, refs)
    found: dict[str, JSON] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Bridgehead",
            "version": version("bridgehead"),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": PREFIX}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "A token of the API."}},
            "responses": {str(one): _problem(one) for one in _MEANS},
            "schemas": defined.get("$defs", {}),
        },
    }
    # Docstrings are reStructuredText; descriptions are CommonMark (OpenAPI 3.1, section 3.5).
    plain: dict[str, JSON] = json.loads(json.dumps(found).replace("``", "`"))
    return plain


def _operation(route: Route, refs: _Refs) -> JSON:
    parameters: list[JSON] = [_in_path(name) for name in route.parameters]
    parameters += [] if route.query is None else _in_query(route.query)
    if route.method == "POST":
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "Makes the request count once, however often it is sent within a day.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
            }
        )
    if route.guarded:
        parameters.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": False,
                "description": "The ETag of what the person was shown; it may stand in the body as shown_digest.",
                "schema": {"type": "string", "pattern": '^"[0-9a-f]{0,128}"$'},
            }
        )
    found: dict[str, JSON] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "description": f"Takes the right `{route.right}`.",
        "x-right": route.right,
        "parameters": parameters,
        "responses": {
            **{str(one): _answer(route, refs) for one in (route.status, *route.also)},
            **{str(one): {"$ref": f"#/components/responses/{one}"} for one in route.statuses},
        },
    }
    if route.document:
        content: JSON = {"application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1}}}
        found["requestBody"] = {"required": True, "content": content}
    elif route.body is not None:
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": refs[route.body, "validation"]}},
        }
    return found


def _answer(route: Route, refs: _Refs) -> JSON:
    if route.answer is None:
        return {
            "description": "The document as it came.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    found: dict[str, JSON] = {
        "description": HTTPStatus(route.status).phrase,
        "content": {"application/json": {"schema": refs[route.answer, "serialization"]}},
    }
    if route.etag:
        found["headers"] = {
            "ETag": {"description": "Names what is shown, for `If-Match`.", "schema": {"type": "string"}}
        }
    return found


def _problem(status: int) -> JSON:
    return {
        "description": _MEANS[status],
        "content": {MEDIA: {"schema": {"$ref": _REF.format(model="Problem")}}},
    }


def _in_path(name: str) -> JSON:
    example = {"example": f"{NUMBERED[name]}-17"} if name in NUMBERED else {}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": _PATHS[name],
        "schema": {"type": "string", "pattern": pattern_of(name)},
        **example,
    }


def _in_query(model: type[BaseModel]) -> list[JSON]:
    schema = model.model_json_schema(mode="validation")
    found: list[JSON] = []
    for name, part in schema.get("properties", {}).items():
        rest = {key: value for key, value in part.items() if key not in ("description", "title")}
        choices = rest.pop("anyOf", None)
        if choices is not None:  # an absent parameter is null; in an address nothing else is
            kept = [one for one in choices if one.get("type") != "null"]
            rest |= kept[0] if len(kept) == 1 else {"anyOf": kept}
        if rest.get("default", 0) is None:
            rest.pop("default")
        found.append(
            {
                "name": name,
                "in": "query",
                "required": name in schema.get("required", []),
                "description": part.get("description", ""),
                "schema": rest,
            }
        )
    return found
