"""Renders every refusal as `application/problem+json` (RFC 9457): the only place where an error becomes bytes."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final
from urllib.parse import quote

import msgspec
from litestar.types import HTTPScope, Send
from msgspec import UNSET, Meta, UnsetType

from adapters.telemetry import metrics
from domain.errors import FieldError, Kind, MediatorError, MoneyState, ProviderFault

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"

STATUS_OF: Final[Mapping[Kind, int]] = {
    Kind.MALFORMED: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.DECLINED: 402,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.METHOD_NOT_ALLOWED: 405,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.LIMITED: 429,
    Kind.UNSUPPORTED_MEDIA: 415,
    Kind.INVALID: 422,
    Kind.INTERNAL: 500,
    Kind.UNAVAILABLE: 503,
}
"""The one table from a kind of error to its status."""

INSTANCE_MAX: Final = 512

Headers = Iterable[tuple[str, str]]


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Why a request was refused (RFC 9457), what happened to the money, and what to do next."""

    type: Annotated[str, Meta(pattern=r"^/problems/[A-Z][A-Z_]*\Z", description="Where this problem is explained.")]
    title: Annotated[str, Meta(description="The same words for every problem of this code.")]
    status: Annotated[int, Meta(ge=400, le=599, description="The HTTP status, repeated.")]
    detail: Annotated[str, Meta(description="What was wrong this time, for people.")]
    instance: Annotated[str, Meta(description="The path that was asked for.")]
    code: Annotated[str, Meta(pattern=r"^[A-Z][A-Z_]*\Z", description="The stable code, for programs.")]
    request_id: Annotated[str, Meta(description="Quote it to support; the same as the `X-Request-ID` header.")]
    retryable: Annotated[bool, Meta(description="Whether the same request with the same idempotency key may succeed.")]
    safe_to_failover: Annotated[bool, Meta(description="Whether it is safe to pay through another provider.")]
    remedy: Annotated[str, Meta(description="What to do about it.")]
    retry_after: (
        Annotated[int, Meta(ge=0, description="Seconds to wait; the same as the `Retry-After` header.")] | UnsetType
    ) = UNSET
    money_state: MoneyState | UnsetType = UNSET
    provider: ProviderFault | UnsetType = UNSET
    errors: tuple[FieldError, ...] = ()


class Rendered(msgspec.Struct, frozen=True):
    """A problem as it goes over the wire: status, headers with lower-case names, body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def problem_of(error: MediatorError, scope: HTTPScope) -> Problem:
    """Put a refusal of this request into the form that callers read."""
    entry = error.entry
    return Problem(
        type=problem_type(entry.code),
        title=entry.title,
        status=STATUS_OF[entry.kind],
        detail=error.detail,
        instance=quote(scope["path"][:INSTANCE_MAX], errors="replace"),
        code=entry.code,
        request_id=request_id_of(scope),
        retryable=entry.retryable,
        safe_to_failover=entry.safe_to_failover,
        remedy=entry.remedy,
        retry_after=UNSET if error.retry_after_seconds is None else error.retry_after_seconds,
        money_state=error.money_state or UNSET,
        provider=error.provider or UNSET,
        errors=error.errors,
    )


def problem_type(code: str) -> str:
    """Give the relative URI reference that explains a code; this service answers there."""
    return f"/problems/{code}"


def request_id_of(scope: HTTPScope) -> str:
    """Give the id of this request (of a refusal told again: of the first one); empty where the edge is not in front."""
    state = scope.get("state", {})
    return str(state.get("told_request_id") or state.get("request_id", ""))


_encode: Final = msgspec.json.Encoder().encode


def rendered(error: MediatorError, scope: HTTPScope, *, headers: Headers = ()) -> Rendered:
    """Make the whole answer to a refused request; `headers` are added, with lower-case names."""
    problem = problem_of(error, scope)
    metrics.problem(problem.code)
    body = _encode(problem)
    own = [("content-type", PROBLEM_MEDIA_TYPE), ("content-length", str(len(body)))]
    if error.retry_after_seconds is not None:
        own.append(("retry-after", str(error.retry_after_seconds)))
    if error.entry.kind is Kind.UNAUTHENTICATED:
        # RFC 9110 §11.6.1: a 401 without a challenge is not allowed.
        own.append(("www-authenticate", "Bearer"))
    return Rendered(problem.status, (*own, *headers), body)


async def send_problem(scope: HTTPScope, send: Send, error: MediatorError, *, headers: Headers = ()) -> None:
    """Answer with a problem from below the framework: middleware that refuses before any route is known."""
    answer = rendered(error, scope, headers=headers)
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})
