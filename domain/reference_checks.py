"""What the reference ledger asks of accounts, in the order in which the posting functions ask it. Pure."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace as replaced

from domain.accounts import Account, AccountState
from domain.ids import LedgerAccountId
from domain.ledger import Direction
from domain.limits import LimitPolicy, LimitScope
from domain.posting import BOUND, BookedLeg, Leg, Placed, Reason, Refusal
from domain.reference_rows import Hold

Accounts = Mapping[LedgerAccountId, Account]


def opposite(direction: Direction) -> Direction:
    """Give the other side."""
    match direction:
        case Direction.DEBIT:
            return Direction.CREDIT
        case Direction.CREDIT:
            return Direction.DEBIT


def closed_to(account: Account, *, leg: int) -> Refusal | None:
    """Refuse an account that takes no postings."""
    match account.state:
        case AccountState.CLOSED:
            return Refusal(Reason.ACCOUNT_CLOSED, leg)
        case AccountState.FROZEN:
            return Refusal(Reason.ACCOUNT_FROZEN, leg)
        case AccountState.ACTIVE:
            return None


def unusable(accounts: Accounts, legs: Iterable[Leg]) -> Refusal | None:
    """Refuse the first leg whose account is unknown, of another currency, closed or frozen."""
    for number, leg in enumerate(legs, start=1):
        account = accounts.get(leg.account_id)
        if account is None:
            return Refusal(Reason.UNKNOWN_ACCOUNT, number)
        if account.currency != leg.currency:
            return Refusal(Reason.CURRENCY_MISMATCH, number)
        refusal = closed_to(account, leg=number)
        if refusal is not None:
            return refusal
    return None


def booked(accounts: Accounts, legs: Iterable[Leg]) -> tuple[dict[LedgerAccountId, Account], tuple[BookedLeg, ...]]:
    """Book legs: give the accounts as they stand afterwards, by their first leg, and the entries that were made."""
    after: dict[LedgerAccountId, Account] = {}
    entries: list[BookedLeg] = []
    for line, leg in enumerate(legs, start=1):
        account = _posted(after.get(leg.account_id, accounts[leg.account_id]), leg.direction, leg.amount_minor)
        after[account.id] = account
        entries.append(
            BookedLeg(
                line=line,
                account_id=account.id,
                direction=leg.direction,
                amount_minor=leg.amount_minor,
                currency=account.currency,
                balance_minor=account.posted,
                account_version=account.version,
            )
        )
    return after, tuple(entries)


def held(accounts: Accounts, hold: Hold, added_minor: int) -> dict[LedgerAccountId, Account]:
    """Give a hold's two accounts with so much more pending (less, when negative), each one version later."""
    debited = accounts[hold.debit_account_id]
    pending = debited.pending_debits + added_minor
    after = {debited.id: replaced(debited, pending_debits=pending, version=debited.version + 1)}
    credited = after.get(hold.credit_account_id, accounts[hold.credit_account_id])
    pending = credited.pending_credits + added_minor
    return after | {credited.id: replaced(credited, pending_credits=pending, version=credited.version + 1)}


def overflowing(after: Accounts, legs: tuple[Leg, ...]) -> Refusal | None:
    """Refuse when an account's debits or credits, posted and pending, pass the bound."""
    for account_id, number in _first_legs(legs).items():
        account = after[account_id]
        debits = account.posted_debits + account.pending_debits
        if max(debits, account.posted_credits + account.pending_credits) > BOUND:
            return Refusal(Reason.OVERFLOW, number)
    return None


def overdrawn(before: Accounts, after: Accounts, legs: tuple[Leg, ...]) -> Refusal | None:
    """Refuse when an account has less available than before, and less than its overdraft allows."""
    for account_id, number in _first_legs(legs).items():
        account = after[account_id]
        fell = account.available < before[account_id].available
        if fell and account.floor is not None and account.available < account.floor:
            return Refusal(Reason.INSUFFICIENT_FUNDS, number)
    return None


def unmet(after: Accounts, legs: tuple[Leg, ...]) -> Refusal | None:
    """Refuse the first leg that demands more to be available after the whole transfer than there is."""
    for number, leg in enumerate(legs, start=1):
        if leg.available_min is not None and after[leg.account_id].available < leg.available_min:
            return Refusal(Reason.CONDITION_FAILED, number)
    return None


def counted(policy: LimitPolicy, placed: Placed, accounts: Accounts, legs: tuple[Leg, ...]) -> int:
    """Say how much of an order counts against a limit, in minor units of the limit's currency."""
    matching = [leg for leg in legs if leg.currency == policy.currency]
    match policy.scope:
        case LimitScope.ACCOUNT:
            mine = [leg for leg in matching if leg.account_id == policy.subject_id]
            return max(0, -sum(_increase(accounts[leg.account_id], leg) for leg in mine))
        case LimitScope.API_KEY if placed.api_key_id != policy.subject_id:
            return 0
        case LimitScope.TENANT | LimitScope.API_KEY:
            return sum(leg.amount_minor for leg in matching if leg.direction is Direction.DEBIT)


def _posted(account: Account, direction: Direction, amount_minor: int) -> Account:
    counted_up = replaced(account, version=account.version + 1)
    match direction:
        case Direction.DEBIT:
            return replaced(counted_up, posted_debits=account.posted_debits + amount_minor)
        case Direction.CREDIT:
            return replaced(counted_up, posted_credits=account.posted_credits + amount_minor)


def _increase(account: Account, leg: Leg) -> int:
    return leg.amount_minor if leg.direction is account.normal_balance else -leg.amount_minor


def _first_legs(legs: tuple[Leg, ...]) -> dict[LedgerAccountId, int]:
    """Give each account its first leg, counted from 1, in the order of these."""
    first: dict[LedgerAccountId, int] = {}
    for number, leg in enumerate(legs, start=1):
        first.setdefault(leg.account_id, number)
    return first
