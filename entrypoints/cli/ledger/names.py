"""Finds accounts by what people call them, and what people call accounts."""

from collections.abc import Iterable
from uuid import UUID

from application.ledger.get_account import GetAccount, GetAccountHandler
from application.ledger.list_accounts import ListAccounts, ListAccountsHandler
from application.ledger.orders import account_id_of
from application.ports.ledger import AccountFinder
from domain.errors import LEDGER_ACCOUNT_UNKNOWN, MediatorError
from domain.ids import LedgerAccountId, Prefix, find_id
from domain.posting import CODES, Refusal
from entrypoints.cli.ledger.desk import Desk
from entrypoints.cli.ledger.reading import find_currency
from entrypoints.cli.trouble import USAGE, Trouble

KINDS = {
    Prefix.LEDGER_TRANSACTION: "transaction",
    Prefix.HOLD: "hold",
    Prefix.LIMIT_POLICY: "limit",
    Prefix.BALANCE_MONITOR: "monitor",
    Prefix.FX_QUOTE: "quote",
    Prefix.API_KEY: "API key",
    Prefix.PAYMENT: "payment",
    Prefix.PROVIDER_ACCOUNT: "provider account",
}


def id_in(prefix: Prefix, text: str) -> UUID:
    """Read an identifier. Raises Trouble."""
    found = find_id(prefix, text)
    if found is None:
        raise Trouble(
            f"{text!r} is no {KINDS[prefix]}: they are called {prefix.value}_ and 32 hexadecimal digits.",
            exit_code=USAGE,
        )
    return found


async def account_named(desk: Desk, account: str, currency: str) -> LedgerAccountId:
    """Find an account by its id, or by its code path with its currency where that is needed.

    Raises LEDGER_ACCOUNT_UNKNOWN, which names the currencies to choose from, and VAL_CURRENCY.
    """
    known = account_id_of(account)
    if known is not None:
        return known
    name = (account, find_currency(currency))
    finder: AccountFinder = await desk.container.get(AccountFinder)
    found = (await finder.find(desk.tenant_id, [name])).get(name)
    if found is not None:
        return found.id
    raise MediatorError(LEDGER_ACCOUNT_UNKNOWN, await _why_not(desk, account, currency))


async def _why_not(desk: Desk, account: str, currency: str) -> str:
    handler = await desk.get(ListAccountsHandler)
    page = await handler(ListAccounts(code=account, limit=200), desk.call())
    kept = ", ".join(sorted(one.currency for one in page.accounts))
    if not kept:
        return f"There is no account {account!r}."
    if currency:
        return f"There is no account {account!r} in {currency}; there is in {kept}."
    return f"There are several accounts {account!r}: choose with --currency, of {kept}."


async def codes_of(desk: Desk, accounts: Iterable[UUID]) -> dict[UUID, str]:
    """Give the code paths of accounts."""
    handler = await desk.get(GetAccountHandler)
    wanted = dict.fromkeys(accounts)
    return {one: (await handler(GetAccount(LedgerAccountId(one)), desk.call())).code for one in wanted}


def refused(refusal: Refusal, accounts: tuple[str, ...]) -> MediatorError:
    """Give a refusal as an error that names the account of the leg that is at fault."""
    entry, detail = CODES[refusal.reason]
    if 1 <= refusal.leg <= len(accounts):
        detail = f"{accounts[refusal.leg - 1]}: {detail} (leg {refusal.leg})"
    if refusal.replayed:
        detail = f"{detail} The key was used before, and so it was refused then; use a new key to try again."
    return MediatorError(entry, detail)
