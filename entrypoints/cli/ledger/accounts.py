"""`mediator ledger accounts`."""

from functools import partial
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from application.ledger.change_account import ChangeAccountHandler
from application.ledger.get_account import GetAccount, GetAccountHandler
from application.ledger.list_accounts import ListAccounts, ListAccountsHandler
from application.ledger.open_account import OpenAccount, OpenAccountHandler
from application.ports.controls import AccountChange
from application.ports.journal import Answer
from application.ports.ledger import AccountView
from domain.accounts import Account, AccountState
from domain.ids import LedgerAccountId
from domain.ledger import Direction
from entrypoints.cli.ledger.accounts_shown import (
    AccountShown,
    account_card,
    account_of_view,
    account_shown,
    account_table,
)
from entrypoints.cli.ledger.desk import Desk, at_desk, confirm
from entrypoints.cli.ledger.names import account_named
from entrypoints.cli.ledger.options import (
    HERE,
    ROWS,
    AllOption,
    Asking,
    CurrencyOption,
    KeyOption,
    MetadataOption,
    RowsOption,
    YesOption,
)
from entrypoints.cli.ledger.pages import rows
from entrypoints.cli.ledger.reading import currency_in, minor_in, pairs_in
from entrypoints.cli.ledger.showing import note_replay, tell, tell_rows
from entrypoints.cli.trouble import USAGE, Trouble

AccountArgument = Annotated[str, Parameter(help="The account: its id (acc_...) or its code path.")]

accounts = App(name="accounts", help="List, open and change the accounts of the ledger.", version_flags=())


@accounts.command(name="list")
def list_(
    *,
    code: Annotated[str, Parameter(help="Only those with this code path.")] = "",
    currency: Annotated[str, Parameter(help="Only those kept in this currency.")] = "",
    limit: RowsOption = ROWS,
    every: AllOption = False,
    asking: Asking = HERE,
) -> None:
    """List accounts with their balances, in the order in which they were opened.

    For example:

    - `mediator ledger accounts list --currency EUR`
    - `mediator ledger accounts list --all --json`
    """
    wanted = ListAccounts(code=code or None, currency=currency_in(currency) if currency else None)
    found, has_more = at_desk(asking, partial(_list, wanted=wanted, limit=limit, every=every))
    shown = tuple(account_shown(account_of_view(one)) for one in found)
    tell_rows(shown, account_table(shown), as_json=asking.json, none="There is no such account.", has_more=has_more)


async def _list(desk: Desk, *, wanted: ListAccounts, limit: int, every: bool) -> tuple[tuple[AccountView, ...], bool]:
    handler = await desk.get(ListAccountsHandler)

    async def read(last: AccountView | None, count: int) -> tuple[tuple[AccountView, ...], bool]:
        after = None if last is None else LedgerAccountId(last.id)
        page = await handler(msgspec.structs.replace(wanted, after=after, limit=count), desk.call())
        return page.accounts, page.has_more

    return await rows(read, limit=limit, every=every)


@accounts.command
def show(account: AccountArgument, *, currency: CurrencyOption = "", asking: Asking = HERE) -> None:
    """Show one account with its balances.

    For example:

    - `mediator ledger accounts show customer:42:payable --currency EUR`
    """
    shown = account_shown(at_desk(asking, partial(_show, account=account, currency=currency)))
    tell(shown, account_card(shown), as_json=asking.json)


async def _show(desk: Desk, *, account: str, currency: str) -> Account:
    handler = await desk.get(GetAccountHandler)
    return await handler(GetAccount(await account_named(desk, account, currency)), desk.call())


@accounts.command(name="open")
def open_(
    code: Annotated[str, Parameter(help="Code path: segments of A-Z a-z 0-9 _ . - joined by colons.")],
    *,
    currency: Annotated[str, Parameter(help="ISO 4217 code, fixed for life.")],
    normal: Annotated[Direction, Parameter(help="The side on which the account grows.")],
    overdraft: Annotated[str, Parameter(help="none, unlimited, or minor units that may be missing.")] = "none",
    metadata: MetadataOption = (),
    key: KeyOption = "",
    asking: Asking = HERE,
) -> None:
    """Open an account.

    For example:

    - `mediator ledger accounts open customer:42:payable --currency EUR --normal credit`
    - `mediator ledger accounts open bank:cash --currency EUR --normal debit --overdraft unlimited`
    """
    command = OpenAccount(
        code=code,
        currency=currency_in(currency),
        normal_balance=normal,
        overdraft_limit=_overdraft_in(overdraft),
        metadata=pairs_in(metadata, "--metadata"),
    )
    answer = at_desk(asking, partial(_open, command=command, key=key))
    note_replay(replayed=answer.replayed)
    shown = msgspec.json.decode(answer.body, type=AccountShown)
    tell(shown, account_card(shown), as_json=asking.json)


async def _open(desk: Desk, *, command: OpenAccount, key: str) -> Answer:
    handler = await desk.get(OpenAccountHandler)
    return await handler(command, desk.keyed_call("ledger accounts open", key, command))


@accounts.command
def freeze(account: AccountArgument, *, currency: CurrencyOption = "", asking: Asking = HERE) -> None:
    """Freeze an account: it takes no postings; what is held on it stays held."""
    _change(asking, account, currency, state=AccountState.FROZEN)


@accounts.command
def unfreeze(account: AccountArgument, *, currency: CurrencyOption = "", asking: Asking = HERE) -> None:
    """Let a frozen account take postings again."""
    _change(asking, account, currency, state=AccountState.ACTIVE)


@accounts.command
def close(
    account: AccountArgument, *, currency: CurrencyOption = "", yes: YesOption = False, asking: Asking = HERE
) -> None:
    """Close an account for good. Its posted and pending balances must be zero."""
    confirm(f"Close {account} for good?", yes=yes)
    _change(asking, account, currency, state=AccountState.CLOSED)


@accounts.command
def overdraft(
    account: AccountArgument,
    limit: Annotated[str, Parameter(help="none, unlimited, or minor units that may be missing.")],
    *,
    currency: CurrencyOption = "",
    asking: Asking = HERE,
) -> None:
    """Say how far an account's available balance may fall below zero.

    For example:

    - `mediator ledger accounts overdraft customer:42:payable 5000`
    """
    _change(asking, account, currency, sets_overdraft=True, overdraft_limit=_overdraft_in(limit))


def _change(
    asking: Asking,
    account: str,
    currency: str,
    *,
    state: AccountState | None = None,
    sets_overdraft: bool = False,
    overdraft_limit: int | None = None,
) -> None:
    async def change(desk: Desk) -> Account:
        handler = await desk.get(ChangeAccountHandler)
        command = AccountChange(
            id=await account_named(desk, account, currency),
            state=state,
            sets_overdraft=sets_overdraft,
            overdraft_limit=overdraft_limit,
        )
        return await handler(command, desk.call())

    shown = account_shown(at_desk(asking, change))
    tell(shown, account_card(shown), as_json=asking.json)


def _overdraft_in(text: str) -> int | None:
    if text == "unlimited":
        return None
    try:
        return 0 if text == "none" else minor_in(text)
    except ValueError as fault:
        raise Trouble(f"The overdraft is none, unlimited, or a number: {fault}.", exit_code=USAGE) from fault
