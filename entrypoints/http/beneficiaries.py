"""The door to beneficiaries: whom payouts can be for."""

from typing import Annotated

from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from application.payouts.add_beneficiary import AddBeneficiary, AddBeneficiaryHandler
from application.payouts.archive_beneficiary import ArchiveBeneficiary, ArchiveBeneficiaryHandler
from application.payouts.get_beneficiary import GetBeneficiary, GetBeneficiaryHandler
from application.payouts.list_beneficiaries import ListBeneficiaries, ListBeneficiariesHandler
from application.ports.beneficiaries import BeneficiaryFilter
from domain.beneficiaries import BeneficiaryState
from domain.ids import BeneficiaryId, Prefix
from domain.money import currency_of
from entrypoints.http.auth import AnyRequest, call_of
from entrypoints.http.idempotency import answered, idempotent_call
from entrypoints.http.paging import LIMIT_MAX, cursor_id, id_in_path
from entrypoints.http.payout_shapes import (
    AddBeneficiaryIn,
    BeneficiaryOut,
    BeneficiaryPageOut,
    beneficiary_out,
    beneficiary_summary_out,
)
from entrypoints.http.words import Nothing


@post(
    "/v1/beneficiaries",
    status_code=201,
    tags=["Payouts"],
    idempotent=True,
    errors=("BACKPRESSURE", "VAL_CURRENCY"),
)
@inject
async def add_beneficiary(
    data: JSONBody[AddBeneficiaryIn], request: AnyRequest, handler: FromDishka[AddBeneficiaryHandler]
) -> Response[BeneficiaryOut]:
    """Add a beneficiary.

    An IBAN and a BIC are checked by their rules; whether the account exists only the bank knows. A beneficiary is
    never changed: add another one and archive this.
    """
    command = AddBeneficiary(
        type=data.type,
        name=data.name,
        currency=currency_of(data.currency),
        country=data.country,
        iban=data.iban,
        bic=data.bic,
        account_number=data.account_number,
        bank_code=data.bank_code,
        reference=data.reference,
        metadata=data.metadata,
    )
    return answered(await handler(command, idempotent_call(request)))  # type: ignore[return-value]  # bytes of that shape


@get("/v1/beneficiaries/{beneficiary_id:str}", tags=["Payouts"], errors=("BACKPRESSURE",), never=("VAL_FIELD",))
@inject
async def get_beneficiary(
    beneficiary_id: FromPath[str], request: AnyRequest, handler: FromDishka[GetBeneficiaryHandler]
) -> BeneficiaryOut:
    """Tell a beneficiary, with its account number in full."""
    command = GetBeneficiary(BeneficiaryId(id_in_path(Prefix.BENEFICIARY, beneficiary_id)))
    return beneficiary_out(await handler(command, call_of(request)))


@post("/v1/beneficiaries/{beneficiary_id:str}/archive", status_code=200, tags=["Payouts"], errors=("BACKPRESSURE",))
@inject
async def archive_beneficiary(
    beneficiary_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[ArchiveBeneficiaryHandler],
    data: JSONBody[Nothing | None] = None,  # noqa: ARG001 -- nothing needs to be said, but it is checked
) -> BeneficiaryOut:
    """Archive a beneficiary, so that no new payout goes there.

    Repeating it changes nothing more, so no idempotency key is needed.
    """
    command = ArchiveBeneficiary(BeneficiaryId(id_in_path(Prefix.BENEFICIARY, beneficiary_id)))
    return beneficiary_out(await handler(command, call_of(request)))


@get("/v1/beneficiaries", tags=["Payouts"], errors=("VAL_CURRENCY", "VAL_CURSOR", "BACKPRESSURE"))
@inject
async def list_beneficiaries(
    *,
    request: AnyRequest,
    handler: FromDishka[ListBeneficiariesHandler],
    beneficiary_state: Annotated[BeneficiaryState | None, QueryParameter(name="state")] = None,
    currency: Annotated[str | None, QueryParameter(pattern=r"^[A-Z]{3}\Z")] = None,
    reference: Annotated[str | None, QueryParameter(min_length=1, max_length=255)] = None,
    cursor: Annotated[str | None, QueryParameter(max_length=64)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 20,
) -> BeneficiaryPageOut:
    """List beneficiaries, newest first; account numbers show their last four characters."""
    before = cursor_id(Prefix.BENEFICIARY, cursor)
    command = ListBeneficiaries(
        wanted=BeneficiaryFilter(
            state=beneficiary_state,
            reference=reference,
            currency=None if currency is None else currency_of(currency, pointer="query/currency"),
        ),
        before=None if before is None else BeneficiaryId(before),
        limit=limit,
    )
    page = await handler(command, call_of(request))
    data = tuple(beneficiary_summary_out(one) for one in page.beneficiaries)
    return BeneficiaryPageOut(data, data[-1].id if page.has_more else None)


BENEFICIARY_ROUTES = (add_beneficiary, get_beneficiary, archive_beneficiary, list_beneficiaries)
