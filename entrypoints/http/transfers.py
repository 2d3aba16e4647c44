"""The door to transfers: move money between accounts of the ledger, look at it, reverse it."""

from datetime import datetime
from typing import Annotated

from dishka import FromDishka
from dishka.integrations.litestar import inject
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from application.ledger.get_transaction import GetTransaction, GetTransactionHandler
from application.ledger.list_transactions import ListTransactions, ListTransactionsHandler
from application.ledger.make_transfer import MakeTransferHandler
from application.ledger.reverse_transaction import ReverseTransaction, ReverseTransactionHandler
from application.ports.bookings import TransactionFilter
from domain.ids import LedgerAccountId, LedgerTransactionId, Prefix
from domain.posting import Refusal
from entrypoints.http.auth import AnyRequest, call_of
from entrypoints.http.idempotency import answered, idempotent_call, told_refusal
from entrypoints.http.paging import LIMIT_MAX, cursor_id, id_in_path, id_in_query, moment_in_query
from entrypoints.http.transfer_requests import OneTransferIn, ReverseIn, wanted_of
from entrypoints.http.transfer_shapes import (
    TransferOut,
    TransferPageOut,
    booked_answer,
    booked_out,
    pointers_of,
    reversal_out,
    transfer_out,
)

POSTING_ERRORS = (
    "BACKPRESSURE",
    "GATE_LIMIT_EXCEEDED",
    "LEDGER_ACCOUNT_CLOSED",
    "LEDGER_ACCOUNT_FROZEN",
    "LEDGER_INSUFFICIENT_FUNDS",
    "LEDGER_OVERFLOW",
)
NAMING_ERRORS = ("LEDGER_ACCOUNT_UNKNOWN", "LEDGER_CURRENCY_MISMATCH", "LEDGER_REFERENCE_USED", "VAL_CURRENCY")


@post(
    "/v1/transfers",
    status_code=201,
    responses={200: ResponseSpec(TransferOut, description="A dry run: nothing was booked.", generate_examples=False)},
    tags=["Transfers"],
    idempotent=True,
    errors=("LEDGER_CONDITION_FAILED", "LEDGER_UNBALANCED", "VAL_AMOUNT", *NAMING_ERRORS, *POSTING_ERRORS),
    never=("IDEM_IN_FLIGHT",),
)
@inject
async def create_transfer(
    data: JSONBody[OneTransferIn], request: AnyRequest, handler: FromDishka[MakeTransferHandler]
) -> Response[TransferOut]:
    """Move money between accounts of the ledger.

    Name two accounts, or any number of legs, or a split. All of it is booked in one transaction, or nothing is. With
    `dry_run`, 200 and the entries that would be made: nothing is booked, and the idempotency key is not used up.
    """
    wanted = wanted_of(data)
    booked = await handler(wanted, idempotent_call(request))
    if isinstance(booked, Refusal):
        raise told_refusal(request, booked, pointers_of(wanted))
    out = transfer_out(booked, dry_run=wanted.dry_run)
    answer = booked_answer(out, replayed=booked.posting.replayed)
    return answered(answer)  # type: ignore[return-value]  # bytes of that shape


@post(
    "/v1/transfers/{transfer_id:str}/reverse",
    status_code=201,
    tags=["Transfers"],
    idempotent=True,
    errors=("LEDGER_ALREADY_REVERSED", *POSTING_ERRORS),
    never=("IDEM_IN_FLIGHT",),
)
@inject
async def reverse_transfer(
    transfer_id: FromPath[str],
    request: AnyRequest,
    handler: FromDishka[ReverseTransactionHandler],
    data: JSONBody[ReverseIn | None] = None,
) -> Response[TransferOut]:
    """Book the opposite of a transfer.

    Once, whoever asks; a reversal is not reversed. It obeys every rule of a transfer at the time when it is booked.
    What was booked for a payment is given back by a refund.
    """
    said = data or ReverseIn()
    command = ReverseTransaction(
        transaction_id=LedgerTransactionId(id_in_path(Prefix.LEDGER_TRANSACTION, transfer_id)),
        description=said.description,
        metadata=said.metadata,
    )
    booked = await handler(command, idempotent_call(request))
    if isinstance(booked, Refusal):
        raise told_refusal(request, booked)
    answer = booked_answer(reversal_out(booked), replayed=booked.posting.replayed)
    return answered(answer)  # type: ignore[return-value]  # bytes of that shape


@get("/v1/transfers/{transfer_id:str}", tags=["Transfers"], errors=("BACKPRESSURE",), never=("VAL_FIELD",))
@inject
async def get_transfer(
    transfer_id: FromPath[str], request: AnyRequest, handler: FromDishka[GetTransactionHandler]
) -> TransferOut:
    """Tell a transfer with its entries, and what reversed it.

    Every transaction of the ledger is told, also what was booked for payments, holds and exchanges.
    """
    command = GetTransaction(LedgerTransactionId(id_in_path(Prefix.LEDGER_TRANSACTION, transfer_id)))
    return booked_out(await handler(command, call_of(request)))


@get("/v1/transfers", tags=["Transfers"], errors=("VAL_CURSOR", "BACKPRESSURE"))
@inject
async def list_transfers(
    *,
    request: AnyRequest,
    handler: FromDishka[ListTransactionsHandler],
    reference: Annotated[str | None, QueryParameter(min_length=1, max_length=255)] = None,
    account_id: Annotated[str | None, QueryParameter(pattern=r"^acc_[0-9a-f]{32}\Z")] = None,
    kind: Annotated[str | None, QueryParameter(pattern=r"^[a-z_]{1,40}\Z", description="As in the answers.")] = None,
    recorded_from: Annotated[datetime | None, QueryParameter(description="From this moment on.")] = None,
    recorded_before: Annotated[datetime | None, QueryParameter(description="Before this moment.")] = None,
    cursor: Annotated[str | None, QueryParameter(max_length=64)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 20,
) -> TransferPageOut:
    """List transfers, newest first. Give `next_cursor` back as `cursor` to go on, with the same filters."""
    account = id_in_query(Prefix.LEDGER_ACCOUNT, "account_id", account_id)
    before = cursor_id(Prefix.LEDGER_TRANSACTION, cursor)
    command = ListTransactions(
        wanted=TransactionFilter(
            reference=reference,
            account_id=None if account is None else LedgerAccountId(account),
            kind=kind,
            recorded_from=moment_in_query("recorded_from", recorded_from),
            recorded_before=moment_in_query("recorded_before", recorded_before),
        ),
        before=None if before is None else LedgerTransactionId(before),
        limit=limit,
    )
    page = await handler(command, call_of(request))
    data = tuple(booked_out(one) for one in page.transactions)
    return TransferPageOut(data, data[-1].id if page.has_more else None)


TRANSFER_ROUTES = (create_transfer, reverse_transfer, get_transfer, list_transfers)
