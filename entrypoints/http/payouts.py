"""The door to payouts: send money out, decide about it, and tell what happened to it."""

from datetime import datetime
from typing import Annotated

from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from application.payouts.approve_payout import ApprovePayout, ApprovePayoutHandler
from application.payouts.cancel_payout import CancelPayout, CancelPayoutHandler
from application.payouts.create_payout import CreatePayout, CreatePayoutHandler
from application.payouts.deny_payout import DenyPayout, DenyPayoutHandler
from application.payouts.get_payout import GetPayout, GetPayoutHandler
from application.payouts.list_payouts import ListPayouts, ListPayoutsHandler
from application.ports.payouts import PayoutFilter
from domain.errors import VAL_FIELD, FieldError, MediatorError
from domain.ids import BeneficiaryId, PayoutId, Prefix, ProviderAccountId, find_id
from domain.money import amount_of, currency_of
from domain.payouts import PayoutState
from entrypoints.http.auth import AnyRequest, call_of
from entrypoints.http.idempotency import answered, idempotent_call
from entrypoints.http.paging import LIMIT_MAX, cursor_id, id_in_path, id_in_query, moment_in_query
from entrypoints.http.payout_shapes import (
    CreatePayoutIn,
    PayoutDetailOut,
    PayoutOut,
    PayoutPageOut,
    payout_detail_out,
    payout_summary_out,
)
from entrypoints.http.words import Nothing

FUNDS_ERRORS = ("LEDGER_ACCOUNT_CLOSED", "LEDGER_ACCOUNT_FROZEN", "LEDGER_INSUFFICIENT_FUNDS", "LEDGER_OVERFLOW")
DECISION_ERRORS = ("BACKPRESSURE", "STATE_CONFLICT")


@post(
    "/v1/payouts",
    status_code=201,
    tags=["Payouts"],
    idempotent=True,
    errors=("BACKPRESSURE", "NOT_FOUND", "ROUTE_NO_PROVIDER", "STATE_CONFLICT", "VAL_CURRENCY", *FUNDS_ERRORS),
)
@inject
async def create_payout(
    data: JSONBody[CreatePayoutIn], request: AnyRequest, handler: FromDishka[CreatePayoutHandler]
) -> Response[PayoutOut]:
    """Create a payout.

    Its amount is held out of what is available at once; a worker sends it, after its approval where one is required.
    Poll it: `sent` says that the provider has it, `completed` that it arrived, `returned` that it came back.
    """
    call, account = idempotent_call(request), data.provider_account_id
    command = CreatePayout(
        amount=amount_of(data.amount, data.currency),
        beneficiary_id=BeneficiaryId(id_in_path(Prefix.BENEFICIARY, data.beneficiary_id)),
        requires_approval=data.requires_approval,
        provider_account_id=None if account is None else _account_in_body(account),
        reference=data.reference,
        description=data.description,
        metadata=data.metadata,
    )
    return answered(await handler(command, call))  # type: ignore[return-value]  # bytes of that shape


@post("/v1/payouts/{payout_id:str}/approve", status_code=200, tags=["Payouts"], idempotent=True, errors=DECISION_ERRORS)
@inject
async def approve_payout(
    payout_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[ApprovePayoutHandler],
    data: JSONBody[Nothing | None] = None,  # noqa: ARG001 -- nothing needs to be said, but it is checked
) -> Response[PayoutOut]:
    """Approve a payout that waits for it; who did is recorded, and a worker sends it."""
    command = ApprovePayout(PayoutId(id_in_path(Prefix.PAYOUT, payout_id)))
    return answered(await handler(command, idempotent_call(request)))  # type: ignore[return-value]  # bytes of that shape


@post("/v1/payouts/{payout_id:str}/deny", status_code=200, tags=["Payouts"], idempotent=True, errors=DECISION_ERRORS)
@inject
async def deny_payout(
    payout_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[DenyPayoutHandler],
    data: JSONBody[Nothing | None] = None,  # noqa: ARG001 -- nothing needs to be said, but it is checked
) -> Response[PayoutOut]:
    """Deny a payout that waits for approval; who did is recorded, and its amount is available again."""
    command = DenyPayout(PayoutId(id_in_path(Prefix.PAYOUT, payout_id)))
    return answered(await handler(command, idempotent_call(request)))  # type: ignore[return-value]  # bytes of that shape


@post("/v1/payouts/{payout_id:str}/cancel", status_code=200, tags=["Payouts"], idempotent=True, errors=DECISION_ERRORS)
@inject
async def cancel_payout(
    payout_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[CancelPayoutHandler],
    data: JSONBody[Nothing | None] = None,  # noqa: ARG001 -- nothing needs to be said, but it is checked
) -> Response[PayoutOut]:
    """Cancel a payout before it is sent, or while it is proved that nothing was; its amount is available again."""
    command = CancelPayout(PayoutId(id_in_path(Prefix.PAYOUT, payout_id)))
    return answered(await handler(command, idempotent_call(request)))  # type: ignore[return-value]  # bytes of that shape


@get("/v1/payouts/{payout_id:str}", tags=["Payouts"], errors=("BACKPRESSURE",), never=("VAL_FIELD",))
@inject
async def get_payout(
    payout_id: FromPath[str], request: AnyRequest, handler: FromDishka[GetPayoutHandler]
) -> PayoutDetailOut:
    """Tell a payout: its call to the provider, its postings, and a timeline of what happened to the money."""
    command = GetPayout(PayoutId(id_in_path(Prefix.PAYOUT, payout_id)))
    return payout_detail_out(await handler(command, call_of(request)))


@get("/v1/payouts", tags=["Payouts"], errors=("VAL_CURRENCY", "VAL_CURSOR", "BACKPRESSURE"))
@inject
async def list_payouts(
    *,
    request: AnyRequest,
    handler: FromDishka[ListPayoutsHandler],
    payout_state: Annotated[PayoutState | None, QueryParameter(name="state")] = None,
    currency: Annotated[str | None, QueryParameter(pattern=r"^[A-Z]{3}\Z")] = None,
    beneficiary_id: Annotated[str | None, QueryParameter(pattern=r"^ben_[0-9a-f]{32}\Z")] = None,
    reference: Annotated[str | None, QueryParameter(min_length=1, max_length=255)] = None,
    created_from: Annotated[datetime | None, QueryParameter(description="From this moment on.")] = None,
    created_before: Annotated[datetime | None, QueryParameter(description="Before this moment.")] = None,
    cursor: Annotated[str | None, QueryParameter(max_length=64)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 20,
) -> PayoutPageOut:
    """List payouts, newest first. Give `next_cursor` back as `cursor` to go on."""
    before = cursor_id(Prefix.PAYOUT, cursor)
    beneficiary = id_in_query(Prefix.BENEFICIARY, "beneficiary_id", beneficiary_id)
    command = ListPayouts(
        wanted=PayoutFilter(
            state=payout_state,
            currency=None if currency is None else currency_of(currency, pointer="query/currency"),
            beneficiary_id=None if beneficiary is None else BeneficiaryId(beneficiary),
            reference=reference,
            created_from=moment_in_query("created_from", created_from),
            created_before=moment_in_query("created_before", created_before),
        ),
        before=None if before is None else PayoutId(before),
        limit=limit,
    )
    page = await handler(command, call_of(request))
    data = tuple(payout_summary_out(payout) for payout in page.payouts)
    return PayoutPageOut(data, data[-1].id if page.has_more else None)


def _account_in_body(text: str) -> ProviderAccountId:
    """Read the account that is insisted on. Raises VAL_FIELD when it is not one."""
    found = find_id(Prefix.PROVIDER_ACCOUNT, text)
    if found is None:
        detail = "must look like pac_ and 32 hexadecimal digits"
        pointer = "/provider_account_id"
        raise MediatorError(VAL_FIELD, f"{pointer}: {detail}", errors=(FieldError(pointer, detail),))
    return ProviderAccountId(found)


PAYOUT_ROUTES = (create_payout, approve_payout, deny_payout, cancel_payout, get_payout, list_payouts)
