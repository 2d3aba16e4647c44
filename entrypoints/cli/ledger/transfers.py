"""`mediator ledger transfers`."""

from functools import partial
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from application.ledger.get_transaction import GetTransaction, GetTransactionHandler
from application.ledger.list_transactions import ListTransactions, ListTransactionsHandler
from application.ledger.reverse_transaction import ReverseTransaction, ReverseTransactionHandler
from application.ports.bookings import BookedTransaction, TransactionFilter
from domain.ids import LedgerTransactionId, Prefix
from domain.posting import Refusal
from entrypoints.cli.ledger.desk import Desk, at_desk, confirm
from entrypoints.cli.ledger.names import account_named, codes_of, id_in, refused
from entrypoints.cli.ledger.options import (
    HERE,
    ROWS,
    AllOption,
    Asking,
    CurrencyOption,
    DescriptionOption,
    FromOption,
    KeyOption,
    MetadataOption,
    RowsOption,
    ToOption,
    YesOption,
)
from entrypoints.cli.ledger.pages import rows
from entrypoints.cli.ledger.reading import pairs_in
from entrypoints.cli.ledger.showing import note_replay, tell, tell_rows
from entrypoints.cli.ledger.transfers_shown import (
    TransferShown,
    reversal_shown,
    transaction_shown,
    transfer_list,
    transfer_tables,
)

TransactionArgument = Annotated[str, Parameter(help="The transaction: ltx_...")]

transfers = App(name="transfers", help="List, show and reverse the transactions of the ledger.", version_flags=())


@transfers.command(name="list")
def list_(
    *,
    account: Annotated[str, Parameter(help="Only those of this account: its id or its code path.")] = "",
    currency: CurrencyOption = "",
    reference: Annotated[str, Parameter(help="Only the one with this reference.")] = "",
    kind: Annotated[str, Parameter(help="Only those of this kind: transfer, reversal, hold_posting, fx, ...")] = "",
    since: FromOption = None,
    until: ToOption = None,
    limit: RowsOption = ROWS,
    every: AllOption = False,
    asking: Asking = HERE,
) -> None:
    """List transactions, newest first.

    For example:

    - `mediator ledger transfers list --account customer:42:payable --kind transfer`
    """
    wanted = TransactionFilter(
        reference=reference or None, kind=kind or None, recorded_from=since, recorded_before=until
    )
    reading = partial(_list, wanted=wanted, account=account, currency=currency, limit=limit, every=every)
    found, has_more = at_desk(asking, reading)
    shown = tuple(transaction_shown(one, {}) for one in found)
    tell_rows(shown, transfer_list(shown), as_json=asking.json, none="There is no such transaction.", has_more=has_more)


async def _list(
    desk: Desk, *, wanted: TransactionFilter, account: str, currency: str, limit: int, every: bool
) -> tuple[tuple[BookedTransaction, ...], bool]:
    handler = await desk.get(ListTransactionsHandler)
    if account:
        account_id = await account_named(desk, account, currency)
        wanted = msgspec.structs.replace(wanted, account_id=account_id)

    async def read(last: BookedTransaction | None, count: int) -> tuple[tuple[BookedTransaction, ...], bool]:
        before = None if last is None else last.id
        page = await handler(ListTransactions(wanted=wanted, before=before, limit=count), desk.call())
        return page.transactions, page.has_more

    return await rows(read, limit=limit, every=every)


@transfers.command
def show(transaction: TransactionArgument, *, asking: Asking = HERE) -> None:
    """Show one transaction with its entries."""
    transaction_id = LedgerTransactionId(id_in(Prefix.LEDGER_TRANSACTION, transaction))
    shown = at_desk(asking, partial(_show, transaction_id=transaction_id))
    tell(shown, *transfer_tables(shown), as_json=asking.json)


async def _show(desk: Desk, *, transaction_id: LedgerTransactionId) -> TransferShown:
    handler = await desk.get(GetTransactionHandler)
    found = await handler(GetTransaction(transaction_id), desk.call())
    return transaction_shown(found, await codes_of(desk, (leg.account_id for leg in found.entries)))


@transfers.command
def reverse(
    transaction: TransactionArgument,
    *,
    description: DescriptionOption = "",
    metadata: MetadataOption = (),
    key: KeyOption = "",
    yes: YesOption = False,
    asking: Asking = HERE,
) -> None:
    """Book the opposite of a transaction, which can happen once.

    For example:

    - `mediator ledger transfers reverse ltx_0198c5a0b1c27d3e8f00112233445566 --description "Booked twice" --yes`
    """
    command = ReverseTransaction(
        transaction_id=LedgerTransactionId(id_in(Prefix.LEDGER_TRANSACTION, transaction)),
        description=description or None,
        metadata=pairs_in(metadata, "--metadata"),
    )
    confirm(f"Book the opposite of {transaction}?", yes=yes)
    shown = at_desk(asking, partial(_reverse, command=command, key=key))
    tell(shown, *transfer_tables(shown), as_json=asking.json)


async def _reverse(desk: Desk, *, command: ReverseTransaction, key: str) -> TransferShown:
    handler = await desk.get(ReverseTransactionHandler)
    booked = await handler(command, desk.keyed_call("ledger transfers reverse", key, command))
    if isinstance(booked, Refusal):
        raise refused(booked, await _accounts(desk, command.transaction_id) if booked.leg else ())
    note_replay(replayed=booked.posting.replayed)
    return reversal_shown(booked, await codes_of(desk, (leg.account_id for leg in booked.posting.entries)))


async def _accounts(desk: Desk, transaction_id: LedgerTransactionId) -> tuple[str, ...]:
    """Name the accounts of a transaction, leg by leg: its reversal has them in the same order."""
    found = await (await desk.get(GetTransactionHandler))(GetTransaction(transaction_id), desk.call())
    codes = await codes_of(desk, (leg.account_id for leg in found.entries))
    return tuple(codes[leg.account_id] for leg in found.entries)
