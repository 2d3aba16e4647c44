"""Accounts in PostgreSQL: found by name and remembered, opened, changed."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.control_calls import called_control, made_of
from adapters.postgres.engine import tenant_reads
from application.ports.controls import AccountBook, AccountChange, NewAccount
from application.ports.journal import Answer, Claim, Resume
from application.ports.ledger import AccountFinder, AccountName, FoundAccount
from domain.accounts import Account
from domain.audit import AuditRecord
from domain.errors import LEDGER_ACCOUNT_CLOSED, NOT_FOUND, STATE_CONFLICT, MediatorError
from domain.ids import LedgerAccountId, Prefix, TenantId, find_id, public_id
from domain.money import Currency

REMEMBERED_MAX = 200_000
"""Most names that one process keeps in mind, some 50 MB; the oldest is forgotten first."""

FIND = text(
    """
    select id, code, currency from fm.ledger_accounts where tenant_id = :tenant and code = any(:codes)
    union all
    select id, code, currency from fm.ledger_accounts where tenant_id = :tenant and id = any(:ids)
    """
)
GET = text("select to_jsonb(a.*)::text from fm.ledger_accounts a where a.tenant_id = :tenant and a.id = :id")
OPEN = text("select fm.open_account(:tenant, cast(:document as jsonb))::text")
CHANGE = text("select fm.change_account(:tenant, cast(:document as jsonb))::text")


class PostgresAccountFinder(AccountFinder):
    """Asks once for a name and remembers it: an account keeps its id, its code and its currency for life."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine
        self._remembered: dict[tuple[TenantId, AccountName], FoundAccount] = {}

    async def find(self, tenant_id: TenantId, names: Collection[AccountName]) -> Mapping[AccountName, FoundAccount]:
        """Find accounts; ask the database, once, for all that are not remembered."""
        remembered = self._remembered
        found: dict[AccountName, FoundAccount] = {}
        unknown: list[AccountName] = []
        for name in names:
            account = remembered.get((tenant_id, name))
            if account is None:
                unknown.append(name)
            else:
                found[name] = account
        if unknown:
            found |= await self._asked(tenant_id, unknown)
        return found

    async def _asked(self, tenant_id: TenantId, names: list[AccountName]) -> dict[AccountName, FoundAccount]:
        ids = {name: LedgerAccountId(id_) for name in names if (id_ := find_id(Prefix.LEDGER_ACCOUNT, name[0]))}
        codes = [name[0] for name in names if name not in ids]
        async with tenant_reads(self._engine, tenant_id) as connection:
            values = {"tenant": tenant_id, "codes": codes, "ids": list(ids.values())}
            rows = [tuple(row) for row in await connection.execute(FIND, values)]
        by_id, by_code = _sorted(rows)
        found: dict[AccountName, FoundAccount] = {}
        for name in names:
            code, currency = name
            accounts = by_id.get(ids[name], {}) if name in ids else by_code.get(code, {})
            account = _chosen(accounts, None if name in ids else currency)
            if account is not None:
                found[name] = account
                # A code alone may become the name of two accounts, when it is opened in another currency.
                if name in ids or currency is not None:
                    self._remember((tenant_id, name), account)
        return found

    def _remember(self, key: tuple[TenantId, AccountName], account: FoundAccount) -> None:
        if len(self._remembered) >= REMEMBERED_MAX:
            self._remembered.pop(next(iter(self._remembered)))
        self._remembered[key] = account


_Accounts = dict[str, FoundAccount]
"""Accounts by currency."""


def _sorted(rows: Iterable[tuple[UUID, str, str]]) -> tuple[dict[UUID, _Accounts], dict[str, _Accounts]]:
    by_id: dict[UUID, _Accounts] = {}
    by_code: dict[str, _Accounts] = {}
    for id_, code, currency in rows:
        account = FoundAccount(LedgerAccountId(id_), Currency(currency))
        by_id[id_] = {currency: account}
        by_code.setdefault(code, {})[currency] = account
    return by_id, by_code


def _chosen(accounts: _Accounts, currency: str | None) -> FoundAccount | None:
    if currency is not None:
        return accounts.get(currency)
    return next(iter(accounts.values())) if len(accounts) == 1 else None


class PostgresAccountBook(AccountBook):
    """Keeps accounts through `fm.open_account` and `fm.change_account`."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def open(
        self, tenant_id: TenantId, account: NewAccount, *, audit: AuditRecord, claim: Claim | None
    ) -> Account | Resume | Answer:
        """Open an account."""
        reply = await called_control(self._engine, OPEN, tenant_id, account, audit=audit, claim=claim)
        return made_of(reply, Account)

    async def change(self, tenant_id: TenantId, change: AccountChange, *, audit: AuditRecord) -> Account:
        """Change an account; the function says why it did not."""
        reply = await called_control(self._engine, CHANGE, tenant_id, change, audit=audit, claim=None)
        if reply is None:
            raise _no_account(change.id)
        found = msgspec.json.decode(reply, type=_Changed)
        match found.verdict:
            case "changed":
                return found.row
            case "closed":
                raise MediatorError(LEDGER_ACCOUNT_CLOSED, "The account is closed, and stays as it is.")
            case "not_empty":
                raise MediatorError(STATE_CONFLICT, "Only an account without a posted or pending balance is closed.")
            case "moved_on":
                detail = f"The account is at version {found.row.version}, not at {change.version}."
                raise MediatorError(STATE_CONFLICT, detail)
            case unknown:
                message = f"fm.change_account gave the verdict {unknown!r}"
                raise ValueError(message)

    async def get(self, tenant_id: TenantId, account_id: LedgerAccountId) -> Account:
        """Read an account."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            row = (await connection.execute(GET, {"tenant": tenant_id, "id": account_id})).scalar_one_or_none()
        if row is None:
            raise _no_account(account_id)
        return msgspec.json.decode(row, type=Account)


class _Changed(msgspec.Struct):
    """What `fm.change_account` says."""

    verdict: str
    row: Account


def _no_account(account_id: LedgerAccountId) -> MediatorError:
    return MediatorError(NOT_FOUND, f"There is no account {public_id(Prefix.LEDGER_ACCOUNT, account_id)}.")
