"""The promise of those who find, open and change accounts."""

from typing import Any

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres.accounts import PostgresAccountBook, PostgresAccountFinder
from application.call import Call
from application.ports.controls import AccountBook, AccountChange, NewAccount
from application.ports.journal import Answer, Claim, Keep, Resume
from application.ports.ledger import AccountFinder
from domain.accounts import Account, AccountState
from domain.errors import MediatorError
from domain.ids import LedgerAccountId, Prefix, TenantId, public_id
from domain.ledger import Direction
from domain.money import Currency
from tests.fakes.controls import MemoryAccountBook, MemoryAccountFinder
from tests.fakes.house import House
from tests.fakes.journal import MemoryJournal
from tests.fakes.keeping import a_key, a_world, an_answer

EUR, JPY = Currency("EUR"), Currency("JPY")
ROUTE = "POST /v1/ledger/accounts"


@pytest.fixture
def book(house: House, request: pytest.FixtureRequest) -> AccountBook:
    """The book of accounts of the house."""
    if isinstance(house.journal, MemoryJournal):
        return MemoryAccountBook(house.journal.database)
    engine: AsyncEngine = request.getfixturevalue("engine")
    return PostgresAccountBook(engine)


@pytest.fixture
def finder(house: House, request: pytest.FixtureRequest) -> AccountFinder:
    """The finder of accounts of the house."""
    if isinstance(house.journal, MemoryJournal):
        return MemoryAccountFinder(house.journal.database)
    engine: AsyncEngine = request.getfixturevalue("engine")
    return PostgresAccountFinder(engine)


def new_account(code: str = "a", currency: Currency = EUR, **changes: Any) -> NewAccount:
    account = NewAccount(
        id=LedgerAccountId(uuid7()),
        code=code,
        currency=currency,
        normal_balance=Direction.CREDIT,
        overdraft_limit=0,
        metadata={},
    )
    return msgspec.structs.replace(account, **changes)


async def opened(
    book: AccountBook, house: House, account: NewAccount, claim: Claim | None = None
) -> Account | Resume | Answer:
    call = Call(tenant_id=house.tenant_id, actor="test", request_id="req_test")
    audit = call.audit("account.opened", "acc", a_world().moment())
    return await book.open(house.tenant_id, account, audit=audit, claim=claim)


async def changed(book: AccountBook, house: House, account_id: LedgerAccountId, **changes: Any) -> Account:
    call = Call(tenant_id=house.tenant_id, actor="test", request_id="req_test")
    audit = call.audit("account.changed", "acc", a_world().moment())
    return await book.change(house.tenant_id, AccountChange(id=account_id, **changes), audit=audit)


class TestFinding:
    """Names lead to accounts."""

    async def test_an_account_is_found_by_its_id_and_by_its_code_in_its_currency(
        self, house: House, book: AccountBook, finder: AccountFinder
    ) -> None:
        euro, yen = new_account(), new_account(currency=JPY)
        await opened(book, house, euro)
        await opened(book, house, yen)
        by_id = public_id(Prefix.LEDGER_ACCOUNT, euro.id)

        for _ in range(2):
            found = await finder.find(house.tenant_id, [(by_id, None), ("a", EUR), ("a", JPY), (by_id, JPY)])

            assert {name: (one.id, one.currency) for name, one in found.items()} == {
                (by_id, None): (euro.id, EUR),
                ("a", EUR): (euro.id, EUR),
                ("a", JPY): (yen.id, JPY),
                (by_id, JPY): (euro.id, EUR),
            }

    async def test_what_is_not_there_is_missing_until_it_is_opened(
        self, house: House, book: AccountBook, finder: AccountFinder
    ) -> None:
        names = [("a", EUR), ("a", None), (public_id(Prefix.LEDGER_ACCOUNT, uuid7()), None), ("", None)]
        before = await finder.find(house.tenant_id, names)

        await opened(book, house, new_account())

        assert before == {}
        assert (await finder.find(house.tenant_id, names)).keys() == {("a", EUR), ("a", None)}

    async def test_a_code_alone_is_the_name_of_nothing_once_there_are_two(
        self, house: House, book: AccountBook, finder: AccountFinder
    ) -> None:
        await opened(book, house, new_account())
        first = await finder.find(house.tenant_id, [("a", None)])

        await opened(book, house, new_account(currency=JPY))

        assert len(first) == 1
        assert await finder.find(house.tenant_id, [("a", None)]) == {}

    async def test_another_tenant_finds_nothing(self, house: House, book: AccountBook, finder: AccountFinder) -> None:
        account = new_account()
        await opened(book, house, account)
        names = [("a", EUR), (public_id(Prefix.LEDGER_ACCOUNT, account.id), None)]

        assert len(await finder.find(house.tenant_id, names)) == 2
        assert await finder.find(TenantId(uuid7()), names) == {}


class TestOpening:
    """Once."""

    async def test_an_account_is_as_it_was_opened(self, house: House, book: AccountBook) -> None:
        made = await opened(book, house, new_account(overdraft_limit=None, metadata={"k": "v"}))

        assert isinstance(made, Account)
        assert (made.state, made.overdraft_limit, made.metadata, made.version) == ("active", None, {"k": "v"}, 0)
        assert await book.get(house.tenant_id, made.id) == made
        assert "account.opened" in await house.windows.audit_actions()

    async def test_a_code_and_currency_are_used_once_and_a_refusal_leaves_the_key_unused(
        self, house: House, book: AccountBook
    ) -> None:
        await opened(book, house, new_account())
        key = a_key(route=ROUTE)
        again = new_account()

        with pytest.raises(MediatorError, match="LEDGER_ACCOUNT_EXISTS"):
            await opened(book, house, again, Claim(key, again.id, 30.0))

        assert await house.windows.key_state(key) is None

    async def test_a_key_leads_to_the_account_that_was_opened_with_it(self, house: House, book: AccountBook) -> None:
        key, account = a_key(route=ROUTE), new_account()
        await opened(book, house, account, Claim(key, account.id, 0.0))

        resumed = await opened(book, house, new_account("b"), Claim(key, uuid7(), 30.0))
        await house.journal.keep_answer(house.tenant_id, Keep(key, an_answer()))
        answered = await opened(book, house, new_account("c"), Claim(key, uuid7(), 30.0))

        assert resumed == Resume(account.id)
        assert isinstance(answered, Answer)
        assert (answered.body, answered.replayed) == (an_answer().body, True)

    async def test_while_its_first_request_runs_a_key_is_in_flight(self, house: House, book: AccountBook) -> None:
        key, account = a_key(route=ROUTE), new_account()
        await opened(book, house, account, Claim(key, account.id, 30.0))

        with pytest.raises(MediatorError, match="IDEM_IN_FLIGHT"):
            await opened(book, house, new_account("b"), Claim(key, uuid7(), 30.0))
        with pytest.raises(MediatorError, match="IDEM_MISMATCH"):
            await opened(book, house, new_account("b"), Claim(a_key(body=b"x", route=ROUTE), uuid7(), 30.0))


class TestChanging:
    """Under the account's lock."""

    async def test_only_what_is_said_changes(self, house: House, book: AccountBook) -> None:
        account = new_account(metadata={"k": "v"})
        await opened(book, house, account)

        frozen = await changed(book, house, account.id, state=AccountState.FROZEN)
        loose = await changed(book, house, account.id, sets_overdraft=True, overdraft_limit=None)
        emptied = await changed(book, house, account.id, metadata={})

        assert (frozen.state, frozen.overdraft_limit, frozen.metadata) == ("frozen", 0, {"k": "v"})
        assert (loose.state, loose.overdraft_limit, loose.metadata) == ("frozen", None, {"k": "v"})
        assert (emptied.state, emptied.overdraft_limit, emptied.metadata) == ("frozen", None, {})
        assert await book.get(house.tenant_id, account.id) == emptied

    async def test_a_closed_account_stays_as_it_is(self, house: House, book: AccountBook) -> None:
        account = new_account()
        await opened(book, house, account)

        first, again = [await changed(book, house, account.id, state=AccountState.CLOSED) for _ in range(2)]

        assert first == again
        with pytest.raises(MediatorError, match="LEDGER_ACCOUNT_CLOSED"):
            await changed(book, house, account.id, metadata={"k": "v"})

    async def test_another_version_refuses(self, house: House, book: AccountBook) -> None:
        account = new_account()
        await opened(book, house, account)

        with pytest.raises(MediatorError, match="STATE_CONFLICT"):
            await changed(book, house, account.id, state=AccountState.FROZEN, version=1)

        assert (await book.get(house.tenant_id, account.id)).state == "active"

    async def test_what_is_not_there_is_not_found(self, house: House, book: AccountBook) -> None:
        with pytest.raises(MediatorError, match="NOT_FOUND"):
            await changed(book, house, LedgerAccountId(uuid7()), state=AccountState.FROZEN)
        with pytest.raises(MediatorError, match="NOT_FOUND"):
            await book.get(house.tenant_id, LedgerAccountId(uuid7()))
