"""Laws of the reference ledger: nothing is made or lost, a reversal restores, a refusal changes nothing."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from domain.accounts import Account, AccountState, is_code
from domain.ids import LedgerAccountId, LedgerTransactionId, LimitId
from domain.ledger import Direction
from domain.limits import LimitPolicy, LimitScope, LimitUsage
from domain.money import Currency
from domain.posting import BOUND, Posting, Refusal
from domain.reference_ledger import ReferenceLedger
from tests.fakes.clerk import pair, placed, reverse
from tests.fakes.histories import DRAFTS, KEYS, Call, Draft, Stage
from tests.fakes.histories import given as told_to

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
HISTORY = st.lists(
    st.tuples(st.lists(st.tuples(DRAFTS, KEYS), min_size=1, max_size=4), st.booleans()), min_size=1, max_size=15
)


def after(history: list[tuple[list[tuple[Draft, int | None]], bool]]) -> ReferenceLedger:
    """Lead a ledger through a history."""
    ledger, stage = ReferenceLedger(), Stage()
    ledger.accounts |= {account.id: account for account in stage.accounts}
    for batch, atomic in history:
        told_to(ledger, Call(tuple(stage.item(draft, key) for draft, key in batch), atomic), now=NOW)
    return ledger


@given(HISTORY)
def test_in_every_history_each_currency_sums_to_zero_and_each_balance_is_its_entries(
    history: list[tuple[list[tuple[Draft, int | None]], bool]],
) -> None:
    ledger = after(history)

    sums: Counter[str] = Counter()
    posted: Counter[LedgerAccountId] = Counter()
    for leg in (leg for transaction in ledger.transactions.values() for leg in transaction.entries):
        signed = leg.amount_minor if leg.direction is Direction.DEBIT else -leg.amount_minor
        sums[leg.currency] += signed
        posted[leg.account_id] += signed * (
            1 if ledger.accounts[leg.account_id].normal_balance is Direction.DEBIT else -1
        )
    assert not any(sums.values())
    assert all(account.posted == posted[account.id] for account in ledger.accounts.values())


@given(HISTORY)
def test_in_every_history_pending_is_what_open_holds_have_left(
    history: list[tuple[list[tuple[Draft, int | None]], bool]],
) -> None:
    ledger = after(history)

    debits: Counter[LedgerAccountId] = Counter()
    credits_: Counter[LedgerAccountId] = Counter()
    for hold in ledger.holds.values():
        debits[hold.debit_account_id] += hold.rest_minor
        credits_[hold.credit_account_id] += hold.rest_minor
    for account in ledger.accounts.values():
        assert (account.pending_debits, account.pending_credits) == (debits[account.id], credits_[account.id])
        assert account.posted_debits + account.pending_debits <= BOUND
        assert account.posted_credits + account.pending_credits <= BOUND
        assert account.floor is None or account.available >= account.floor


@given(HISTORY)
def test_a_refused_order_leaves_the_books_as_they_were(
    history: list[tuple[list[tuple[Draft, int | None]], bool]],
) -> None:
    ledger, stage = ReferenceLedger(), Stage()
    ledger.accounts |= {account.id: account for account in stage.accounts}
    for draft, _ in (item for batch, _ in history for item in batch):
        before = vars(ledger.copy())

        outcome = ledger.apply(stage.item(draft, None)[0], now=NOW)

        assert isinstance(outcome, Posting) or vars(ledger) == before


@given(HISTORY)
def test_a_dry_run_and_a_refused_atomic_batch_change_nothing(
    history: list[tuple[list[tuple[Draft, int | None]], bool]],
) -> None:
    ledger, stage = ReferenceLedger(), Stage()
    ledger.accounts |= {account.id: account for account in stage.accounts}
    for batch, _ in history:
        before = vars(ledger.copy())
        call = Call(tuple(stage.item(draft, key) for draft, key in batch), atomic=True)

        ledger.apply(call.items[0][0], now=NOW, dry_run=True)
        assert vars(ledger) == before
        ends = told_to(ledger, call, now=NOW)

        assert all(isinstance(end, Posting) for end in ends) or vars(ledger) == before


@given(amount=st.integers(1, BOUND), code=st.sampled_from(["JPY", "EUR", "KWD", "CLF"]), turned=st.booleans())
def test_a_reversal_restores_every_balance(amount: int, code: str, *, turned: bool) -> None:
    ledger, currency = ReferenceLedger(), Currency(code)
    one, other = an_account(currency), an_account(currency, normal=Direction.DEBIT)
    ledger.accounts |= {one.id: one, other.id: other}
    order = pair(other.id, one.id, amount, currency) if turned else pair(one.id, other.id, amount, currency)

    booked = ledger.apply(placed(order), now=NOW)
    assert isinstance(booked, Posting)
    assert isinstance(ledger.apply(placed(reverse(booked.transaction_id)), now=NOW), Posting)

    stands = [ledger.accounts[account.id] for account in (one, other)]
    assert [(account.posted, account.pending, account.available) for account in stands] == [(0, 0, 0)] * 2


@given(amounts=st.lists(st.integers(1, BOUND), min_size=1, max_size=8))
def test_sums_never_pass_their_bound_and_overflow_is_a_refusal(amounts: list[int]) -> None:
    ledger, currency = ReferenceLedger(), Currency("EUR")
    one, other = an_account(currency), an_account(currency)
    ledger.accounts |= {one.id: one, other.id: other}
    booked = 0

    for amount in amounts:
        outcome = ledger.apply(placed(pair(one.id, other.id, amount)), now=NOW)
        assert isinstance(outcome, Posting) == (booked + amount <= BOUND)
        booked += amount if isinstance(outcome, Posting) else 0

    assert ledger.accounts[other.id].posted == booked


def test_a_payments_transaction_is_unknown_to_reversals() -> None:
    outcome = ReferenceLedger().apply(placed(reverse(LedgerTransactionId(uuid7()))), now=NOW)

    assert isinstance(outcome, Refusal)


@pytest.mark.parametrize(
    ("normal", "expected"), [(Direction.DEBIT, (60, 60 - 4, 60 - 9)), (Direction.CREDIT, (-60, -60 + 4, -60 - 5))]
)
def test_balances_follow_the_published_formula(normal: Direction, expected: tuple[int, int, int]) -> None:
    account = Account(
        id=LedgerAccountId(uuid7()),
        code="a",
        currency=Currency("EUR"),
        normal_balance=normal,
        created_at=NOW,
        state=AccountState.ACTIVE,
        posted_debits=100,
        posted_credits=40,
        pending_debits=5,
        pending_credits=9,
    )

    assert (account.posted, account.pending, account.available) == expected


@pytest.mark.parametrize("code", ["a", "customer:42:payable", "A.b-c_d:0", "x" * 200, "acc_1", f"acc_{'A' * 32}"])
def test_code_paths(code: str) -> None:
    assert is_code(code)


@pytest.mark.parametrize("code", ["", ":", "a:", ":a", "a::b", "a b", "ä", "a\n", "x" * 201, "a/b", f"acc_{'0' * 32}"])
def test_what_is_no_code_path(code: str) -> None:
    assert not is_code(code)


@pytest.mark.parametrize(
    ("seconds", "start"),
    [
        (1, NOW + timedelta(seconds=7)),
        (60, NOW),
        (86_400, datetime(2026, 1, 5, tzinfo=UTC)),
        (604_800, datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_windows_begin_at_multiples_of_their_length(seconds: int, start: datetime) -> None:
    policy = a_policy(window_seconds=seconds)

    assert policy.window_start(NOW + timedelta(seconds=7, microseconds=5)) == start


def test_a_limit_bounds_what_it_names() -> None:
    assert a_policy(amount_max=5).allows(LimitUsage(5, 99))
    assert not a_policy(amount_max=5).allows(LimitUsage(6, 1))
    assert a_policy(count_max=2).allows(LimitUsage(BOUND, 2))
    assert not a_policy(count_max=2).allows(LimitUsage(1, 3))
    assert not a_policy(count_max=2).allows(LimitUsage(BOUND + 1, 2))


def an_account(currency: Currency, *, normal: Direction = Direction.CREDIT) -> Account:
    """Make an account of unlimited overdraft."""
    account_id = LedgerAccountId(uuid7())
    return Account(id=account_id, code=account_id.hex, currency=currency, normal_balance=normal, created_at=NOW)


def a_policy(*, window_seconds: int = 60, amount_max: int | None = None, count_max: int | None = None) -> LimitPolicy:
    """Make a limit of one account."""
    return LimitPolicy(
        id=LimitId(uuid7()),
        scope=LimitScope.ACCOUNT,
        subject_id=uuid7(),
        currency=Currency("EUR"),
        window_seconds=window_seconds,
        amount_max=amount_max,
        count_max=count_max,
        created_at=NOW,
    )
