"""`mediator ledger balance`, `entries` and `statement`."""

import sys
from datetime import datetime
from functools import partial
from typing import Annotated

from cyclopts import Parameter

from application.ledger.get_balance import GetBalance, GetBalanceHandler
from application.ledger.get_statement import ENTRIES_MAX, GetStatement, GetStatementHandler
from application.ledger.list_entries import ListEntries, ListEntriesHandler
from application.ports.balances import BalanceAt, Basis
from application.ports.ledger import EntryFilter
from application.ports.payments import BookedEntry
from application.ports.statements import StatementDocument, StatementForm
from domain.ids import LedgerTransactionId
from entrypoints.cli import output
from entrypoints.cli.ledger.accounts import AccountArgument
from entrypoints.cli.ledger.accounts_shown import balance_card, balance_shown, entry_shown, entry_table
from entrypoints.cli.ledger.desk import Desk, at_desk
from entrypoints.cli.ledger.files import write_whole
from entrypoints.cli.ledger.names import account_named
from entrypoints.cli.ledger.options import (
    HERE,
    ROWS,
    AllOption,
    Asking,
    CurrencyOption,
    ForceOption,
    FromOption,
    OutputOption,
    RowsOption,
    ToOption,
)
from entrypoints.cli.ledger.pages import rows
from entrypoints.cli.ledger.reading import read_count, read_moment
from entrypoints.cli.ledger.showing import tell, tell_rows
from entrypoints.cli.trouble import USAGE, Trouble


def balance(
    account: AccountArgument,
    *,
    as_of: Annotated[
        datetime | None,
        Parameter(converter=read_moment, n_tokens=1, help="With every entry until this moment; now if left out."),
    ] = None,
    by: Annotated[Basis, Parameter(help="Which time of the entries counts.")] = Basis.RECORDED,
    currency: CurrencyOption = "",
    asking: Asking = HERE,
) -> None:
    """Tell how an account stands, or stood at a time.

    By what is recorded, the past never changes again; by what is effective, it follows later bookings for that time.

    For example:

    - `mediator ledger balance customer:42:payable`
    - `mediator ledger balance customer:42:payable --as-of 2026-11-01 --by effective`
    """
    shown = balance_shown(at_desk(asking, partial(_balance, account=account, currency=currency, as_of=as_of, by=by)))
    tell(shown, balance_card(shown), as_json=asking.json)


async def _balance(desk: Desk, *, account: str, currency: str, as_of: datetime | None, by: Basis) -> BalanceAt:
    handler = await desk.get(GetBalanceHandler)
    account_id = await account_named(desk, account, currency)
    return await handler(GetBalance(account_id=account_id, as_of=as_of, basis=by), desk.call())


def entries(
    *,
    account: Annotated[str, Parameter(help="Only those of this account: its id or its code path.")] = "",
    currency: CurrencyOption = "",
    since: FromOption = None,
    until: ToOption = None,
    limit: RowsOption = ROWS,
    every: AllOption = False,
    asking: Asking = HERE,
) -> None:
    """List entries, newest first.

    For example:

    - `mediator ledger entries --account customer:42:payable --from 2026-11-01`
    """
    reading = partial(_entries, account=account, currency=currency, since=since, until=until, limit=limit, every=every)
    found, has_more = at_desk(asking, reading)
    shown = tuple(entry_shown(one) for one in found)
    tell_rows(shown, entry_table(shown), as_json=asking.json, none="There is no such entry.", has_more=has_more)


async def _entries(
    desk: Desk,
    *,
    account: str,
    currency: str,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    every: bool,
) -> tuple[tuple[BookedEntry, ...], bool]:
    handler = await desk.get(ListEntriesHandler)
    account_id = await account_named(desk, account, currency) if account else None
    wanted = EntryFilter(account_id=account_id, recorded_from=since, recorded_before=until)

    async def read(last: BookedEntry | None, count: int) -> tuple[tuple[BookedEntry, ...], bool]:
        before = None if last is None else (LedgerTransactionId(last.transaction_id), last.line)
        page = await handler(ListEntries(wanted=wanted, before=before, limit=count), desk.call())
        return page.entries, page.has_more

    return await rows(read, limit=limit, every=every)


def statement(
    account: AccountArgument,
    *,
    since: FromOption = None,
    until: ToOption = None,
    form: Annotated[StatementForm, Parameter(name="--format", help="How it is written down.")] = StatementForm.JSON,
    entries_max: Annotated[
        int, Parameter(converter=read_count, n_tokens=1, help="Most entries; a longer statement is refused, never cut.")
    ] = ENTRIES_MAX,
    currency: CurrencyOption = "",
    to_file: OutputOption = None,
    force: ForceOption = False,
    asking: Asking = HERE,
) -> None:
    """Write the statement of an account for a period: opening balance, entries, closing balance.

    Without --from and --to it is that of the last calendar month in UTC. camt053 is ISO 20022 camt.053.001.08.

    For example:

    - `mediator ledger statement customer:42:payable --from 2026-10-01 --to 2026-11-01 --format pdf
      --output october.pdf`
    """
    if to_file is None and form is StatementForm.PDF and sys.stdout.isatty():
        raise Trouble("A PDF is not for a terminal: say --output FILE.", exit_code=USAGE)
    writing = partial(
        _statement, account=account, currency=currency, since=since, until=until, form=form, entries_max=entries_max
    )
    document = at_desk(asking, writing)
    if to_file is None:
        sys.stdout.buffer.write(document.body)
        sys.stdout.buffer.flush()
    else:
        write_whole(to_file, document.body, force=force)
        output.news().print(f"{to_file}: {len(document.body)} bytes of {document.media_type}", markup=False)


async def _statement(
    desk: Desk,
    *,
    account: str,
    currency: str,
    since: datetime | None,
    until: datetime | None,
    form: StatementForm,
    entries_max: int,
) -> StatementDocument:
    handler = await desk.get(GetStatementHandler)
    command = GetStatement(
        account_id=await account_named(desk, account, currency),
        form=form,
        recorded_from=since,
        recorded_before=until,
        entries_max=entries_max,
    )
    return await handler(command, desk.call())
