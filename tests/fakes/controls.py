"""Accounts in memory: found by name, opened, changed."""

from collections.abc import Collection, Mapping

import msgspec

from application.ports.controls import AccountBook, AccountChange, NewAccount
from application.ports.journal import Answer, Claim, Resume
from application.ports.ledger import AccountFinder, AccountName, FoundAccount
from domain.accounts import Account, AccountState
from domain.audit import AuditRecord
from domain.errors import LEDGER_ACCOUNT_CLOSED, LEDGER_ACCOUNT_EXISTS, NOT_FOUND, STATE_CONFLICT, MediatorError
from domain.ids import LedgerAccountId, Prefix, TenantId, public_id
from tests.fakes.journal import claimed, recalled
from tests.fakes.tables import MemoryDatabase


class MemoryAccountFinder(AccountFinder):
    """Looks every name up, each time."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Look into this database."""
        self._database = database

    async def find(self, tenant_id: TenantId, names: Collection[AccountName]) -> Mapping[AccountName, FoundAccount]:
        """Find accounts by id or code path."""
        accounts = self._database.tables(tenant_id).books.ledger.accounts.values()
        found: dict[AccountName, FoundAccount] = {}
        for name, currency in names:
            by_id = [one for one in accounts if public_id(Prefix.LEDGER_ACCOUNT, one.id) == name]
            by_code = [one for one in accounts if one.code == name and currency in (None, one.currency)]
            if len(by_id or by_code) == 1:
                (account,) = by_id or by_code
                found[name, currency] = FoundAccount(account.id, account.currency)
        return found


class MemoryAccountBook(AccountBook):
    """Keeps accounts among those of the reference ledger."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Keep them in this database."""
        self._database = database

    async def open(
        self, tenant_id: TenantId, account: NewAccount, *, audit: AuditRecord, claim: Claim | None
    ) -> Account | Resume | Answer:
        """Open an account."""
        tables, now = self._database.tables(tenant_id), self._database.clock()
        if claim is not None:
            earlier = recalled(tables, claim.key, claim.lease_seconds, now)
            if earlier is not None:
                return earlier
        accounts = tables.books.ledger.accounts
        if any((one.code, one.currency) == (account.code, account.currency) for one in accounts.values()):
            raise MediatorError(LEDGER_ACCOUNT_EXISTS, "There is an account with this code and currency.")
        if claim is not None:
            claimed(tables, claim, now)
        opened = Account(**msgspec.structs.asdict(account), created_at=now)
        accounts[opened.id] = opened
        tables.audit.append(audit)
        return opened

    async def change(self, tenant_id: TenantId, change: AccountChange, *, audit: AuditRecord) -> Account:
        """Change an account."""
        account = await self.get(tenant_id, change.id)
        if change.version not in (None, account.version):
            raise MediatorError(STATE_CONFLICT, "The account is not at that version.")
        if account.state is AccountState.CLOSED:
            if change.state is AccountState.CLOSED:
                return account
            raise MediatorError(LEDGER_ACCOUNT_CLOSED, "The account is closed.")
        held = account.pending_debits or account.pending_credits
        if change.state is AccountState.CLOSED and (account.posted or held):
            raise MediatorError(STATE_CONFLICT, "The account is not empty.")
        changed = msgspec.structs.replace(
            account,
            state=change.state or account.state,
            overdraft_limit=change.overdraft_limit if change.sets_overdraft else account.overdraft_limit,
            metadata=account.metadata if change.metadata is None else change.metadata,
        )
        tables = self._database.tables(tenant_id)
        tables.books.ledger.accounts[change.id] = changed
        tables.audit.append(audit)
        return changed

    async def get(self, tenant_id: TenantId, account_id: LedgerAccountId) -> Account:
        """Read an account."""
        account = self._database.tables(tenant_id).books.ledger.accounts.get(account_id)
        if account is None:
            raise MediatorError(NOT_FOUND, "There is no such account.")
        return account
