"""The door to holds: keep an amount for later, book it in parts, let it go."""

from typing import Annotated

from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from application.ledger.get_hold import GetHold, GetHoldHandler
from application.ledger.list_holds import ListHolds, ListHoldsHandler
from application.ledger.place_hold import PlaceHoldHandler, PlaceNamedHold
from application.ledger.post_hold import PostHoldHandler, PostNamedHold
from application.ledger.release_hold import ReleaseHoldHandler, ReleaseNamedHold
from application.ports.bookings import HoldFilter
from application.ports.journal import Answer
from domain.ids import HoldId, LedgerAccountId, Prefix
from domain.ledger import HoldState
from domain.money import currency_of
from domain.posting import Refusal
from entrypoints.http.auth import AnyRequest, call_of
from entrypoints.http.hold_shapes import HoldOut, HoldPageOut, PlaceHoldIn, PostHoldIn, hold_out, placed_out
from entrypoints.http.idempotency import answered, idempotent_call, told_refusal
from entrypoints.http.paging import LIMIT_MAX, cursor_id, id_in_path, id_in_query
from entrypoints.http.transfer_requests import in_utc
from entrypoints.http.transfer_shapes import CREATED, JSON, OK, TransferOut, booked_answer, encode, hold_posting_out
from entrypoints.http.transfers import NAMING_ERRORS, POSTING_ERRORS
from entrypoints.http.words import Nothing

SIDES = ("/debit_account", "/credit_account")


@post(
    "/v1/holds",
    status_code=201,
    tags=["Holds"],
    idempotent=True,
    errors=("HOLD_EXPIRED", *NAMING_ERRORS, *POSTING_ERRORS),
    never=("IDEM_IN_FLIGHT",),
)
@inject
async def place_hold(
    data: JSONBody[PlaceHoldIn], request: AnyRequest, handler: FromDishka[PlaceHoldHandler]
) -> Response[HoldOut]:
    """Keep an amount for a later posting.

    It counts against what is available on the debited account at once, and moves nothing. Post it, in parts if you
    like, or release it; at `expires_at` it is let go by itself.
    """
    command = PlaceNamedHold(
        debit_account=data.debit_account,
        credit_account=data.credit_account,
        amount_minor=int(data.amount),
        currency=currency_of(data.currency),
        expires_at=None if data.expires_at is None else in_utc(data.expires_at, pointer="/expires_at"),
        reference=data.reference,
        description=data.description,
        metadata=data.metadata,
    )
    placed = await handler(command, idempotent_call(request))
    if isinstance(placed, Refusal):
        raise told_refusal(request, placed, SIDES)
    out = placed_out(placed)
    answer = Answer(CREATED, JSON, encode(out), f"/v1/holds/{out.id}", placed.posting.replayed)
    return answered(answer)  # type: ignore[return-value]  # bytes of that shape


@post(
    "/v1/holds/{hold_id:str}/post",
    status_code=201,
    tags=["Holds"],
    idempotent=True,
    errors=("BACKPRESSURE", "HOLD_CLOSED", "HOLD_EXCEEDED", "HOLD_EXPIRED", "LEDGER_ACCOUNT_FROZEN"),
    never=("IDEM_IN_FLIGHT",),
)
@inject
async def post_hold(
    hold_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[PostHoldHandler],
    data: JSONBody[PostHoldIn | None] = None,
) -> Response[TransferOut]:
    """Book a hold, or a part of it.

    Without `amount`, all that is left. A part leaves the rest held unless `final` lets it go. Holds of payments are
    booked by their payments only.
    """
    said = data or PostHoldIn()
    command = PostNamedHold(
        hold_id=HoldId(id_in_path(Prefix.HOLD, hold_id)),
        amount_minor=None if said.amount is None else int(said.amount),
        final=said.final,
    )
    posted = await handler(command, idempotent_call(request))
    if isinstance(posted, Refusal):
        raise told_refusal(request, posted)
    answer = booked_answer(hold_posting_out(posted), replayed=posted.posting.replayed)
    return answered(answer)  # type: ignore[return-value]  # bytes of that shape


@post(
    "/v1/holds/{hold_id:str}/release",
    status_code=200,
    tags=["Holds"],
    idempotent=True,
    errors=("BACKPRESSURE", "HOLD_CLOSED"),
    never=("IDEM_IN_FLIGHT",),
)
@inject
async def release_hold(
    hold_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[ReleaseHoldHandler],
    data: JSONBody[Nothing | None] = None,  # noqa: ARG001 -- nothing needs to be said, but it is checked
) -> Response[HoldOut]:
    """Let what is left of a hold go. What was booked of it stays booked."""
    command = ReleaseNamedHold(HoldId(id_in_path(Prefix.HOLD, hold_id)))
    released = await handler(command, idempotent_call(request))
    if isinstance(released, Refusal):
        raise told_refusal(request, released)
    answer = Answer(OK, JSON, encode(hold_out(released.hold)), replayed=released.replayed)
    return answered(answer)  # type: ignore[return-value]  # bytes of that shape


@get("/v1/holds/{hold_id:str}", tags=["Holds"], errors=("BACKPRESSURE",), never=("VAL_FIELD",))
@inject
async def get_hold(hold_id: FromPath[str], request: AnyRequest, handler: FromDishka[GetHoldHandler]) -> HoldOut:
    """Tell a hold as it stands."""
    command = GetHold(HoldId(id_in_path(Prefix.HOLD, hold_id)))
    return hold_out(await handler(command, call_of(request)))


@get("/v1/holds", tags=["Holds"], errors=("VAL_CURSOR", "BACKPRESSURE"))
@inject
async def list_holds(
    *,
    request: AnyRequest,
    handler: FromDishka[ListHoldsHandler],
    account_id: Annotated[
        str | None, QueryParameter(pattern=r"^acc_[0-9a-f]{32}\Z", description="Either side.")
    ] = None,
    hold_state: Annotated[HoldState | None, QueryParameter(name="state")] = None,
    reference: Annotated[str | None, QueryParameter(min_length=1, max_length=255)] = None,
    cursor: Annotated[str | None, QueryParameter(max_length=64)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 20,
) -> HoldPageOut:
    """List holds, newest first. Give `next_cursor` back as `cursor` to go on."""
    account = id_in_query(Prefix.LEDGER_ACCOUNT, "account_id", account_id)
    before = cursor_id(Prefix.HOLD, cursor)
    command = ListHolds(
        wanted=HoldFilter(
            account_id=None if account is None else LedgerAccountId(account), state=hold_state, reference=reference
        ),
        before=None if before is None else HoldId(before),
        limit=limit,
    )
    page = await handler(command, call_of(request))
    data = tuple(hold_out(one) for one in page.holds)
    return HoldPageOut(data, data[-1].id if page.has_more else None)


HOLD_ROUTES = (place_hold, post_hold, release_hold, get_hold, list_holds)
