"""Turns whatever a route raises into a refusal from the catalogue: routes never catch."""

import re
from collections.abc import Mapping
from typing import Any, Final

from litestar import Request, Response
from litestar.enums import ParamType
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import ParameterKwarg
from litestar.types import ExceptionHandlersMap

from adapters.telemetry.logging import get_logger
from domain.errors import (
    AUTH_INVALID,
    MEDIA_TYPE_UNSUPPORTED,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    REQUEST_MALFORMED,
    REQUEST_TOO_LARGE,
    SERVICE_UNAVAILABLE,
    VAL_FIELD,
    ErrorCode,
    FieldError,
    MediatorError,
)
from entrypoints.http.edge.pointers import pointed
from entrypoints.http.edge.problems import rendered
from entrypoints.http.edge.refusals import internal_error

AnyRequest = Request[Any, Any, Any]

# What the framework raises by itself. A status that is not here is our own mistake and is answered as such.
_ENTRY_OF_STATUS: Final[Mapping[int, ErrorCode]] = {
    400: REQUEST_MALFORMED,
    401: AUTH_INVALID,
    404: NOT_FOUND,
    405: METHOD_NOT_ALLOWED,
    413: REQUEST_TOO_LARGE,
    415: MEDIA_TYPE_UNSUPPORTED,
    503: SERVICE_UNAVAILABLE,
}

_DETAIL_OF_STATUS: Final[Mapping[int, str]] = {
    400: "The request could not be read.",
    401: "No valid credential came with the request.",
    404: "There is nothing at this path.",
    405: "This resource does not know the method.",
    413: "The request body is too large.",
    415: "The media type of the request is not supported.",
    503: "The service cannot answer now.",
}

_MISSING_PARAMETER: Final = re.compile(r"^Missing required (?P<place>\w+) parameter '(?P<name>[^']+)'")


def answer(request: AnyRequest, error: MediatorError, *, allow: str | None = None) -> Response[bytes]:
    """Answer a refused request; `allow` is the value of the `Allow` header that a 405 must carry."""
    headers = (("allow", allow),) if allow else ()
    made = rendered(error, request.scope, headers=headers)
    others = {name: value for name, value in made.headers if name not in {"content-type", "content-length"}}
    return Response(made.body, status_code=made.status, headers=others, media_type=dict(made.headers)["content-type"])


def on_refusal(request: AnyRequest, error: MediatorError) -> Response[bytes]:
    """Answer what the domain, a use case or the edge refused."""
    return answer(request, error)


def on_invalid_input(request: AnyRequest, fault: ValidationException) -> Response[bytes]:
    """Answer VAL_FIELD with a pointer for each fault that the framework found in parameters or the body."""
    errors = invalid_fields(fault, _public_names(request))
    detail = "; ".join(f"{error.pointer or 'the body'}: {error.detail}" for error in errors)
    return answer(request, MediatorError(VAL_FIELD, detail or "The request is not valid.", errors=errors))


def on_framework_refusal(request: AnyRequest, fault: HTTPException) -> Response[bytes]:
    """Answer the framework's own refusals (no such route, method, credential, too large) in our words."""
    entry = _ENTRY_OF_STATUS.get(fault.status_code)
    if entry is None:
        return on_fault(request, fault)
    allow = (fault.headers or {}).get("allow")
    return answer(request, MediatorError(entry, _DETAIL_OF_STATUS[fault.status_code]), allow=allow)


def on_fault(request: AnyRequest, fault: Exception) -> Response[bytes]:
    """Answer INTERNAL_ERROR without a word of the cause, and log the cause with its traceback."""
    get_logger().error("request.failed", exc_info=fault)
    return answer(request, internal_error(request.scope["method"]))


def invalid_fields(fault: ValidationException, public_names: Mapping[str, str]) -> tuple[FieldError, ...]:
    """Read the framework's list of faults: each with a JSON pointer, or `query/<name>`, `path/<name>`, ...

    The framework names a parameter as the route's function does; `public_names` says how callers know it.
    """
    if missing := _MISSING_PARAMETER.match(fault.detail):
        return (FieldError(f"{missing['place']}/{missing['name']}", "is required"),)
    faults = fault.extra if isinstance(fault.extra, list) else []
    return tuple(_invalid_field(one, public_names) for one in faults)


def _invalid_field(fault: Mapping[str, str], public_names: Mapping[str, str]) -> FieldError:
    message, name, place = fault["message"], fault.get("key", ""), fault.get("source", "body")
    if isinstance(place, ParamType):
        return FieldError(f"{place.value}/{public_names.get(name, name)}", message)
    if name == "data" and message == "'data'":
        return FieldError("", "a JSON body is required")
    return pointed(message, path="$" if name == "data" else f"$.{name}")


def _public_names(request: AnyRequest) -> dict[str, str]:
    fields = request.route_handler.parsed_fn_signature.parameters
    kwargs = {name: field.kwarg_definition for name, field in fields.items()}
    return {name: kwarg.name for name, kwarg in kwargs.items() if isinstance(kwarg, ParameterKwarg) and kwarg.name}


EXCEPTION_HANDLERS: Final[ExceptionHandlersMap] = {
    MediatorError: on_refusal,
    ValidationException: on_invalid_input,
    HTTPException: on_framework_refusal,
    Exception: on_fault,
}
"""For `Litestar(exception_handlers=...)`: together they leave nothing to the framework's own error form."""
