"""Answers what each problem code means: the pages that the `type` of a problem points to."""

from typing import Annotated, Final

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Meta

from domain.errors import CATALOGUE, NOT_FOUND, VAL_FIELD, ErrorCode, MediatorError, MoneyState
from entrypoints.http.edge.problems import STATUS_OF, problem_type


class ProblemKind(msgspec.Struct, frozen=True):
    """One code of the catalogue: what it means and what to do about it."""

    type: Annotated[str, Meta(description="The `type` of such a problem, relative to this service.")]
    code: Annotated[str, Meta(description="The stable code.")]
    status: Annotated[int, Meta(description="The HTTP status that comes with it.")]
    title: Annotated[str, Meta(description="What it says.")]
    remedy: Annotated[str, Meta(description="What to do about it.")]
    retryable: Annotated[bool, Meta(description="Whether the same request with the same idempotency key may succeed.")]
    safe_to_failover: Annotated[bool, Meta(description="Whether it is safe to pay through another provider.")]
    money_state: Annotated[MoneyState | None, Meta(description="Null where only the resource can tell.")]


class ProblemKinds(msgspec.Struct, frozen=True):
    """The whole catalogue, by code."""

    data: tuple[ProblemKind, ...]


def explained(entry: ErrorCode) -> ProblemKind:
    """Show an entry of the catalogue to callers."""
    return ProblemKind(
        type=problem_type(entry.code),
        code=entry.code,
        status=STATUS_OF[entry.kind],
        title=entry.title,
        remedy=entry.remedy,
        retryable=entry.retryable,
        safe_to_failover=entry.safe_to_failover,
        money_state=entry.money_state,
    )


@get("/problems", operation_id="list_problems", summary="List all problem codes", tags=["Problems"], public=True)
async def list_problems() -> ProblemKinds:
    """List every code that this service may answer with."""
    return ProblemKinds(tuple(explained(CATALOGUE[code]) for code in sorted(CATALOGUE)))


@get(
    "/problems/{code:str}",
    operation_id="get_problem",
    summary="Explain a problem code",
    tags=["Problems"],
    public=True,
    never=(VAL_FIELD.code,),
)
async def get_problem(code: FromPath[str]) -> ProblemKind:
    """Explain one code. Raises NOT_FOUND for a code that this service does not know."""
    entry = CATALOGUE.get(code)
    if entry is None:
        raise MediatorError(NOT_FOUND, "There is no problem of this code.")
    return explained(entry)


CATALOGUE_ROUTES: Final[tuple[HTTPRouteHandler, ...]] = (list_problems, get_problem)
