"""The door to payments: take money, capture, cancel, refund, and tell what happened to it."""

from datetime import datetime
from typing import Annotated

import msgspec
from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from application.payments.cancel_payment import CancelPayment, CancelPaymentHandler
from application.payments.capture_payment import CapturePayment, CapturePaymentHandler
from application.payments.create_payment import CreatePayment, CreatePaymentHandler
from application.payments.get_payment import GetPayment, GetPaymentHandler
from application.payments.list_payments import ListPayments, ListPaymentsHandler
from application.payments.refund_payment import RefundPayment, RefundPaymentHandler
from application.ports.payments import PaymentFilter
from domain.ids import PaymentId, Prefix
from domain.money import AMOUNT_MAX, amount_of, currency_of
from domain.payments import CaptureMode, PaymentState
from entrypoints.http.auth import AnyRequest, call_of
from entrypoints.http.idempotency import answered, idempotent_call
from entrypoints.http.paging import LIMIT_MAX, cursor_id, id_in_path, moment_in_query
from entrypoints.http.routing_shapes import CountryIn, MethodIn
from entrypoints.http.shapes import (
    PaymentDetailOut,
    PaymentOut,
    PaymentPageOut,
    RefundOut,
    payment_detail_out,
    payment_summary_out,
)
from entrypoints.http.words import CurrencyIn, Line, Metadata, Nothing, Word

Amount = Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="Minor units: 100 is 1.00 EUR, 100 JPY, 0.100 KWD.")]
Token = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_.:-]{1,128}\Z",
        description="The provider's token of a payment method; never a card number.",
        examples=["tok_success"],
    ),
]
WebAddress = Annotated[str, Meta(pattern=r"^https?://[!-~]{1,1000}\Z", description="An http(s) address.")]

PROVIDER_ERRORS = (
    "BACKPRESSURE",
    "PROV_DECLINED_HARD",
    "PROV_DECLINED_SOFT",
    "PROV_REFUSED",
    "PROV_UNREACHABLE",
    "ROUTE_NO_PROVIDER",
    "STATE_CONFLICT",
)


class CreatePaymentIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to take, from which payment method, and when."""

    amount: Amount
    currency: CurrencyIn
    payment_method: Token
    payment_methods: Annotated[
        dict[Word, Token],
        Meta(
            max_length=20,
            description="Tokens of single providers, by their names: with them a payment that one provider provably "
            "did not take can go on to the next.",
        ),
    ] = {}
    method: Annotated[MethodIn | None, Meta(description="Kind of payment method, for choosing the route.")] = None
    country: Annotated[CountryIn | None, Meta(description="The customer's, for choosing the route.")] = None
    capture_mode: Annotated[
        CaptureMode, Meta(description="automatic: take the money at once; manual: reserve it and capture later.")
    ] = CaptureMode.AUTOMATIC
    provider: Annotated[Word | None, Meta(description="Insist on this provider; the routing rules choose if null.")] = (
        None
    )
    reference: Annotated[Line | None, Meta(description="Your own reference; payments can be listed by it.")] = None
    description: Line | None = None
    return_url: Annotated[WebAddress | None, Meta(description="Where the customer returns to after an action.")] = None
    metadata: Metadata = {}


class CapturePaymentIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much to capture, and whether anything more will follow."""

    amount: Annotated[Amount | None, Meta(description="All that is left when null.")] = None
    final: Annotated[bool, Meta(description="Let go of what is not captured.")] = False


class RefundPaymentIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much to give back, and why."""

    amount: Annotated[Amount | None, Meta(description="All that is left when null.")] = None
    reason: Line | None = None


@post(
    "/v1/payments",
    status_code=201,
    responses={202: ResponseSpec(PaymentOut, description="Accepted; the outcome is open.", generate_examples=False)},
    tags=["Payments"],
    idempotent=True,
    errors=("LEDGER_OVERFLOW", "VAL_CURRENCY", *PROVIDER_ERRORS),
)
@inject
async def create_payment(
    data: JSONBody[CreatePaymentIn], request: AnyRequest, handler: FromDishka[CreatePaymentHandler]
) -> Response[PaymentOut]:
    """Create a payment.

    One idempotency key makes one payment, however often it is sent. 201: the money was taken or reserved. 202: the
    customer must act, or the outcome is not known yet; `money_state` tells, and the payment settles by itself.
    402: the provider declined.
    """
    call = idempotent_call(request)
    command = CreatePayment(
        amount=amount_of(data.amount, data.currency),
        payment_method=data.payment_method,
        payment_methods=data.payment_methods,
        method=data.method,
        country=data.country,
        capture_mode=data.capture_mode,
        provider=data.provider,
        reference=data.reference,
        description=data.description,
        return_url=data.return_url,
        metadata=data.metadata,
    )
    return answered(await handler(command, call))  # type: ignore[return-value]  # bytes of that shape


@post(
    "/v1/payments/{payment_id:str}/capture",
    status_code=200,
    responses={202: ResponseSpec(PaymentOut, description="Accepted; the outcome is open.", generate_examples=False)},
    tags=["Payments"],
    idempotent=True,
    errors=("CAPTURE_EXCEEDS_AUTHORIZATION", *PROVIDER_ERRORS),
)
@inject
async def capture_payment(
    payment_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[CapturePaymentHandler],
    data: JSONBody[CapturePaymentIn | None] = None,
) -> Response[PaymentOut]:
    """Capture part or all of an authorized payment.

    Without `amount`, all that is left. A part leaves the rest authorized unless `final` lets it go.
    """
    payment = PaymentId(id_in_path(Prefix.PAYMENT, payment_id))
    wanted = data or CapturePaymentIn()
    command = CapturePayment(payment_id=payment, amount_minor=wanted.amount, final=wanted.final)
    return answered(await handler(command, idempotent_call(request)))  # type: ignore[return-value]  # bytes of that shape


@post(
    "/v1/payments/{payment_id:str}/cancel",
    status_code=200,
    responses={202: ResponseSpec(PaymentOut, description="Accepted; the outcome is open.", generate_examples=False)},
    tags=["Payments"],
    idempotent=True,
    errors=PROVIDER_ERRORS,
)
@inject
async def cancel_payment(
    payment_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[CancelPaymentHandler],
    data: JSONBody[Nothing | None] = None,  # noqa: ARG001 -- nothing needs to be said, but it is checked
) -> Response[PaymentOut]:
    """Cancel a payment: whatever of it is not captured is released.

    What was captured stays captured; give it back with a refund.
    """
    command = CancelPayment(PaymentId(id_in_path(Prefix.PAYMENT, payment_id)))
    return answered(await handler(command, idempotent_call(request)))  # type: ignore[return-value]  # bytes of that shape


@post(
    "/v1/payments/{payment_id:str}/refunds",
    status_code=201,
    responses={202: ResponseSpec(RefundOut, description="Accepted; the outcome is open.", generate_examples=False)},
    tags=["Refunds"],
    idempotent=True,
    errors=("LEDGER_OVERFLOW", "REFUND_EXCEEDS_CAPTURE", *PROVIDER_ERRORS),
)
@inject
async def refund_payment(
    payment_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[RefundPaymentHandler],
    data: JSONBody[RefundPaymentIn | None] = None,
) -> Response[RefundOut]:
    """Give captured money back.

    Without `amount`, all that is left. Pending and succeeded refunds together never exceed what was captured.
    """
    payment = PaymentId(id_in_path(Prefix.PAYMENT, payment_id))
    wanted = data or RefundPaymentIn()
    command = RefundPayment(payment_id=payment, amount_minor=wanted.amount, reason=wanted.reason)
    return answered(await handler(command, idempotent_call(request)))  # type: ignore[return-value]  # bytes of that shape


@get("/v1/payments/{payment_id:str}", tags=["Payments"], errors=("BACKPRESSURE",), never=("VAL_FIELD",))
@inject
async def get_payment(
    payment_id: FromPath[str], request: AnyRequest, handler: FromDishka[GetPaymentHandler]
) -> PaymentDetailOut:
    """Tell a payment: its attempts, its refunds, its postings, and a timeline of what happened to the money."""
    command = GetPayment(PaymentId(id_in_path(Prefix.PAYMENT, payment_id)))
    return payment_detail_out(await handler(command, call_of(request)))


@get("/v1/payments", tags=["Payments"], errors=("VAL_CURRENCY", "VAL_CURSOR", "BACKPRESSURE"))
@inject
async def list_payments(
    *,
    request: AnyRequest,
    handler: FromDishka[ListPaymentsHandler],
    payment_state: Annotated[PaymentState | None, QueryParameter(name="state")] = None,
    provider: Annotated[str | None, QueryParameter(min_length=1, max_length=64)] = None,
    currency: Annotated[str | None, QueryParameter(pattern=r"^[A-Z]{3}\Z")] = None,
    reference: Annotated[str | None, QueryParameter(min_length=1, max_length=255)] = None,
    created_from: Annotated[datetime | None, QueryParameter(description="From this moment on.")] = None,
    created_before: Annotated[datetime | None, QueryParameter(description="Before this moment.")] = None,
    cursor: Annotated[str | None, QueryParameter(max_length=64)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 20,
) -> PaymentPageOut:
    """List payments, newest first. Give `next_cursor` back as `cursor` to go on."""
    before = cursor_id(Prefix.PAYMENT, cursor)
    command = ListPayments(
        wanted=PaymentFilter(
            state=payment_state,
            provider=provider,
            currency=None if currency is None else currency_of(currency, pointer="query/currency"),
            reference=reference,
            created_from=moment_in_query("created_from", created_from),
            created_before=moment_in_query("created_before", created_before),
        ),
        before=None if before is None else PaymentId(before),
        limit=limit,
    )
    page = await handler(command, call_of(request))
    data = tuple(payment_summary_out(payment) for payment in page.payments)
    return PaymentPageOut(data, data[-1].id if page.has_more else None)


PAYMENT_ROUTES = (create_payment, capture_payment, cancel_payment, refund_payment, get_payment, list_payments)
