"""Makes the OpenAPI document say what is true: the framework's own misses errors, headers, constraints and security."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from itertools import groupby
from typing import Final

import msgspec
from litestar import Litestar

from domain.errors import ErrorCode, Kind
from entrypoints.http.edge.problems import PROBLEM_MEDIA_TYPE, STATUS_OF, Problem
from entrypoints.http.edge.routes import Route, documented_routes
from entrypoints.http.edge.schemas import (
    REFERENCE,
    JsonObject,
    forbid_controls,
    referred,
    schema_of,
    speak_ecma,
    type_choices,
    whole_numbers,
    without_null,
)

API_KEY_SCHEME: Final = "api_key"

_HEADERS: Final[Mapping[str, JsonObject]] = {
    "X-Request-ID": {
        "description": "The id of this request, in every log line of it. A well-formed one that came with the request "
        "is kept.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the same request is worth repeating.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "RateLimit-Policy": {
        "description": "The quota that counts this request: its name, `q` requests, in a window of `w` seconds "
        "(draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "What is left of it: `r` requests now, and `t` seconds until it is whole again or, when it is "
        "used up, until the next request.",
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate (RFC 9110 §11.6.1).",
        "required": True,
        "schema": {"type": "string"},
    },
    "Location": {
        "description": "The address of what this is about.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Idempotency-Replayed": {
        "description": "`true` when this is the first answer again, byte for byte.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}

_FILE_NAME: Final[JsonObject] = {
    "description": "The name of the file, when the answer is one (RFC 6266).",
    "schema": {"type": "string"},
}

_IDEMPOTENCY_KEY: Final[JsonObject] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "1 to 255 visible ASCII characters, new for each intended effect. The same request with the same "
    "key gets the first answer again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]{1,255}$"},
}

_SECURITY_SCHEME: Final[JsonObject] = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "fmk_…",
    "description": "An API key of a tenant: `Authorization: Bearer fmk_…`.",
}

_REPLAYED_KINDS: Final = frozenset({Kind.DECLINED, Kind.NOT_FOUND, Kind.CONFLICT, Kind.INVALID})
"""Refusals that a use case may have given to the first request, so that a repetition gets them again."""

LOCATED: Final = frozenset({"201", "402", "422", "503"})
"""Statuses of money-moving routes whose answers may tell where the payment is."""

_NOISE: Final = ("deprecated", "allowEmptyValue", "allowReserved")


def truthful_openapi(app: Litestar) -> JsonObject:
    """Give the OpenAPI 3.1 document of the application, corrected. The application's own is not changed.

    Raises ValueError when a route declares an error code that the catalogue does not know.
    """
    document: JsonObject = app.openapi_schema.to_schema()
    components: dict[str, JsonObject] = document.setdefault("components", {}).setdefault("schemas", {})
    components.update(schema_of(Problem)[1])
    for route in documented_routes(app):
        _correct(document["paths"][route.path][route.method.lower()], route, components)
    _forbid_controls_in_requests(document, components)
    used = referred([document["paths"]], components)
    document["components"]["schemas"] = {name: components[name] for name in sorted(used)}
    document["components"]["headers"] = deepcopy(dict(_HEADERS))
    document["components"]["securitySchemes"] = {API_KEY_SCHEME: deepcopy(_SECURITY_SCHEME)}
    document["security"] = [{API_KEY_SCHEME: []}]
    speak_ecma(document)
    whole_numbers(document)
    type_choices(document)
    # Nothing but JSON: msgspec leaves tuples where a default is one.
    corrected: JsonObject = msgspec.json.decode(msgspec.json.encode(document))
    return corrected


def _correct(operation: JsonObject, route: Route, components: dict[str, JsonObject]) -> None:
    if operation.pop("deprecated", False):
        operation["deprecated"] = True
    if route.handler.summary is None:
        operation["summary"] = route.handler.handler_name.replace("_", " ").capitalize()
    if route.public:
        operation["security"] = []
    operation["parameters"] = _parameters(operation, route)
    _correct_bodies(operation, route, components)
    declared = {str(status) for status in route.response_types()}
    responses = {status: answer for status, answer in operation["responses"].items() if status in declared}
    takes_input = bool(operation["parameters"]) or route.body_type is not None
    for status, entries in _by_status(route.errors(takes_input=takes_input)):
        problem = _problem_response(entries, route)
        problem["content"].update(responses.get(status, {}).get("content", {}))
        responses[status] = problem
    for status, answer in responses.items():
        _add_success_headers(answer, route, status)
    operation["responses"] = dict(sorted(responses.items()))


def _parameters(operation: JsonObject, route: Route) -> list[JsonObject]:
    parameters = []
    for parameter in operation.get("parameters", ()):
        if parameter["name"].lower() == _IDEMPOTENCY_KEY["name"].lower():
            continue
        kept = {name: value for name, value in parameter.items() if name not in _NOISE or value}
        kept["schema"] = without_null(kept["schema"])
        parameters.append(kept)
    if route.idempotent:
        parameters.append(deepcopy(_IDEMPOTENCY_KEY))
    return parameters


def _correct_bodies(operation: JsonObject, route: Route, components: dict[str, JsonObject]) -> None:
    if route.raw_body:
        content: JsonObject = {media_type: {"schema": {}} for media_type in route.raw_body}
        operation["requestBody"] = {"required": True, "content": content}
    elif route.bodies:
        operation["requestBody"] = {"required": True, "content": _contents(route.bodies, components)}
    elif route.body_type is not None:
        operation["requestBody"]["required"] = route.body_required
        _replace_schema(operation["requestBody"], route.body_type, components)
    for status, declared in route.response_types().items():
        answer = operation["responses"].get(str(status), {})
        if answer.get("content"):
            _replace_schema(answer, declared, components)
        if route.answers_in_lines:
            answer["content"].update(_contents(route.answers_in_lines, components))
    answer = operation["responses"][str(route.handler.status_code)]
    for media_type in route.also_as:
        answer["content"][media_type] = {"schema": {}}
        answer.setdefault("headers", {})["Content-Disposition"] = deepcopy(_FILE_NAME)


def _contents(bodies: Mapping[str, object], components: dict[str, JsonObject]) -> JsonObject:
    """Give the schema of each media type; of one made of lines, that of a line."""
    content: JsonObject = {}
    for media_type, declared in bodies.items():
        schema, described = schema_of(declared)
        components.update(described)
        content[media_type] = {"schema": schema}
    return content


def _replace_schema(holder: JsonObject, declared: object, components: dict[str, JsonObject]) -> None:
    try:
        schema, described = schema_of(declared)
    except TypeError:
        # A type that msgspec does not know (the framework's own, say) keeps the framework's schema.
        return
    components.update(described)
    for media_type in holder["content"].values():
        media_type["schema"] = deepcopy(schema)


def _by_status(entries: Iterable[ErrorCode]) -> list[tuple[str, list[ErrorCode]]]:
    ordered = sorted(entries, key=lambda entry: (STATUS_OF[entry.kind], entry.code))
    return [(str(status), list(group)) for status, group in groupby(ordered, lambda entry: STATUS_OF[entry.kind])]


def _problem_response(entries: list[ErrorCode], route: Route) -> JsonObject:
    headers = []
    if any(entry.retryable for entry in entries):
        headers.append("Retry-After")
    if any(entry.kind is Kind.UNAUTHENTICATED for entry in entries):
        headers.append("WWW-Authenticate")
    if route.idempotent and any(entry.kind in _REPLAYED_KINDS for entry in entries):
        headers.append("Idempotency-Replayed")
    codes = {
        "properties": {
            "code": {"enum": [entry.code for entry in entries]},
            "status": {"const": STATUS_OF[entries[0].kind]},
        }
    }
    schema = {"allOf": [{"$ref": f"{REFERENCE}Problem"}, codes]}
    return {
        "description": "\n".join(f"- `{entry.code}`: {entry.title}." for entry in entries),
        "headers": {name: _header(name) for name in headers},
        "content": {PROBLEM_MEDIA_TYPE: {"schema": schema}},
    }


def _add_success_headers(answer: JsonObject, route: Route, status: str) -> None:
    headers = answer.setdefault("headers", {})
    headers["X-Request-ID"] = _header("X-Request-ID")
    if route.limited:
        headers["RateLimit-Policy"], headers["RateLimit"] = _header("RateLimit-Policy"), _header("RateLimit")
    if route.idempotent and status in LOCATED:
        headers["Location"] = _header("Location")
    if route.idempotent and status.startswith("2"):
        headers["Idempotency-Replayed"] = _header("Idempotency-Replayed")


def _header(name: str) -> JsonObject:
    return {"$ref": f"#/components/headers/{name}"}


def _forbid_controls_in_requests(document: JsonObject, components: dict[str, JsonObject]) -> None:
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    bodies = [operation["requestBody"] for operation in operations if "requestBody" in operation]
    for name in referred(bodies, components):
        forbid_controls(components[name], in_body=True)
    for operation in operations:
        forbid_controls(operation.get("parameters"), in_body=False)
    for body in bodies:
        forbid_controls(body, in_body=True)
