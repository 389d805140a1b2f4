"""The doors of the check in OpenAPI; they are raw ASGI, which no framework describes."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from edge.check.asks import Ask, Settlement
from edge.check.doors import CHECK, ENVOY, NGINX, SETTLE, TRAEFIK
from edge.problems import MEDIA_TYPE
from edge.replies import OPEN

_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "violated-policies": {"type": "array", "items": {"type": "string"}},
        "requirements": {"type": "array", "items": {"type": "string"}},
    },
}
_PASSED: Final = {
    "type": "object",
    "required": ["action", "restrictions"],
    "properties": {
        "action": {"enum": ["allow", "restrict", "rate_limit"]},
        "restrictions": {"type": "array", "items": {"type": "string"}},
    },
}
_MEANINGS: Final = {
    "400": "Not an ask: the gateway must mend it.",
    "401": "No valid token.",
    "403": "The account is blocked or must prove more; or the token lacks the scope `act`.",
    "408": "The body took too long.",
    "413": "The body is too large.",
    "429": "A quota is used up, or the token is too fast: wait for `Retry-After` seconds.",
}
# What the front answers for every route, then what some routes answer: those say which.
_FRONT: Final = {
    "401": "No valid token.",
    "408": "The body took too long.",
    "413": "The body is too large.",
    "429": "The token is too fast: wait for `Retry-After` seconds.",
}
_ROUTES: Final = {
    "400": "The body cannot be read.",
    "403": "The token lacks the scope.",
    "404": "There is no such thing.",
    "409": "It is not in a state in which that can be done.",
    "422": "The request is not valid.",
    "503": "The store or the broker is away.",
}


def described(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the doors, the schemas and the security scheme added."""
    _, bodies = msgspec.json.schema_components(
        (Ask, Settlement), ref_template="#/components/schemas/{name}"
    )
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(bodies | {"Problem": _PROBLEM, "Passed": _PASSED})
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}]
    for path, item in document["paths"].items():
        for operation in item.values():
            if path in OPEN:
                operation["security"] = []
            else:
                told = {s: _ROUTES[s] for s in operation["responses"] if s in _ROUTES}
                operation["responses"] |= _problems(_FRONT | told)
    document["paths"] |= _paths()
    return document


def _paths() -> dict[str, Any]:
    path = {"name": "path", "in": "path", "required": True, "schema": {"type": "string"}}
    ask = _operation("check", "Ask in JSON.")
    return {
        CHECK: {"post": ask | _body("Ask")},
        SETTLE: {"post": _settle() | _body("Settlement")},
        NGINX: {"get": _operation("nginx", "NGINX auth_request: 429 is a 403 with a header.")},
        TRAEFIK: {"get": _operation("traefik", "Traefik forwardAuth.")},
        f"{ENVOY}/{{path}}": {
            "parameters": [path],
            "get": _operation("envoy", "Envoy ext_authz over HTTP; any method."),
        },
    }


def _body(name: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    return {"requestBody": {"required": True, "content": content}}


def _settle() -> dict[str, Any]:
    counted = {"application/json": {"schema": {"type": "object"}}}
    answers = {"400": _MEANINGS["400"], "403": _ROUTES["403"], "503": _ROUTES["503"]}
    return {
        "operationId": "settle",
        "summary": "What a request used, where that is another number than it asked for.",
        "responses": {"200": {"description": "It is counted.", "content": counted}}
        | _problems(_FRONT | answers),
    }


def _operation(name: str, summary: str) -> dict[str, Any]:
    passed = {"application/json": {"schema": {"$ref": "#/components/schemas/Passed"}}}
    responses = {"200": {"description": "It may pass.", "content": passed}}
    return {
        "operationId": name,
        "summary": summary,
        "responses": responses | _problems(_MEANINGS),
    }


def _problems(meanings: Mapping[str, str]) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": text, "content": content} for status, text in meanings.items()}
