"""A machine that leads a ledger and the reference ledger through one history, and compares them after every step."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from uuid_utils.compat import uuid7

from application.ports.journal import Journal
from domain.accounts import AccountState
from domain.errors import MediatorError
from domain.ids import LimitId, TenantId
from domain.ledger import Direction
from domain.limits import LimitPolicy, LimitScope
from domain.reference_ledger import ReferenceLedger
from tests.fakes.clerk import YEAR_SECONDS
from tests.fakes.histories import BATCHES, DRAFTS, EPOCH, KEYS, Call, Draft, Ends, Stage, given, in_some_order, told
from tests.fakes.ledger_windows import LedgerWindows

T = TypeVar("T")

LIMITS_MAX = 2
STATES = (AccountState.ACTIVE, AccountState.ACTIVE, AccountState.FROZEN, AccountState.CLOSED)
AT_ONCE = st.lists(
    st.one_of(st.tuples(st.lists(st.tuples(DRAFTS, KEYS), min_size=1, max_size=3), st.booleans())),
    min_size=2,
    max_size=5,
)


class Arena(Protocol):
    """Where the ledger under test lives."""

    journals: Sequence[Journal]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something where the journals run."""
        ...

    def tenant(self) -> tuple[TenantId, LedgerWindows]:
        """Open a fresh tenant, and windows into its ledger."""
        ...


class LedgerMachine(RuleBasedStateMachine):
    """One history. Subclasses say in which arena."""

    arena: Arena

    def __init__(self) -> None:
        """Open a tenant with the accounts of every history, in both ledgers."""
        super().__init__()
        self.tenant_id, self.windows = self.arena.tenant()
        self.reference = ReferenceLedger()
        self.stage = Stage()
        for account in self.stage.accounts:
            self.reference.accounts[account.id] = account
            self.arena.run(self.windows.open(account))

    @rule(draft=DRAFTS, key=KEYS)
    def one_order(self, draft: Draft, key: int | None) -> None:
        """One order alone."""
        self._each_alone(Call((self.stage.item(draft, key),)))

    @rule(draft=DRAFTS, key=st.integers(0, 60))
    def one_order_twice(self, draft: Draft, key: int) -> None:
        """One order under a key, and again as the caller would word it then."""
        self._each_alone(Call((self.stage.item(draft, key),)))
        self._each_alone(Call((self.stage.item(draft, key),)))

    @rule(draft=DRAFTS)
    def a_dry_run(self, draft: Draft) -> None:
        """What would happen, and that nothing does."""
        ((order, _),) = items = (self.stage.item(draft, None),)
        journal = self.arena.journals[0]

        end = self.arena.run(journal.post(self.tenant_id, order, dry_run=True))

        _agree(Call(items), (end,), given(self.reference.copy(), Call(items), now=_now()))

    @rule(batch=BATCHES, atomic=st.booleans())
    def a_batch(self, batch: list[tuple[Draft, int | None]], *, atomic: bool) -> None:
        """A batch, whole or each for itself."""
        call = Call(tuple(self.stage.item(draft, key) for draft, key in batch), atomic)

        ends = self.arena.run(
            self.arena.journals[0].post_batch(self.tenant_id, call.items, atomic=atomic),
        )

        _agree(call, ends, given(self.reference, call, now=_now()))

    @rule(wanted=AT_ONCE)
    def many_at_once(self, wanted: list[tuple[list[tuple[Draft, int | None]], bool]]) -> None:
        """Orders and atomic batches from several processes at once: as if one after the other, in some order."""
        calls = [
            Call(tuple(self.stage.item(draft, key) for draft, key in (batch if whole else batch[:1])), whole)
            for batch, whole in wanted
        ]

        ends = self.arena.run(self._at_once(calls))

        found = in_some_order(self.reference, calls, ends, now=_now())
        assert found is not None, (calls, ends)
        self.reference = found

    @rule(number=st.integers(0, 7), state=st.sampled_from(STATES))
    def an_account_changes_state(self, number: int, state: AccountState) -> None:
        """Freeze, thaw, or (for the sake of the test, not for ever) close."""
        account_id = self.stage.accounts[number].id
        self.arena.run(self.windows.set_state(account_id, state))
        account = self.reference.accounts[account_id]
        self.reference.accounts[account_id] = msgspec.structs.replace(account, state=state)

    @rule()
    def all_accounts_thaw(self) -> None:
        """Let postings go on."""
        for number in range(len(self.stage.accounts)):
            if self.reference.accounts[self.stage.accounts[number].id].state is not AccountState.ACTIVE:
                self.an_account_changes_state(number, AccountState.ACTIVE)

    @rule(back=st.integers(0, 3))
    def the_time_of_a_hold_ends(self, back: int) -> None:
        """Let a hold's time be over."""
        hold = self.reference.holds.get(self.stage.hold(back))
        if hold is not None:
            self.arena.run(self.windows.end_time_of(hold.id))
            self.reference.holds[hold.id] = msgspec.structs.replace(hold, expires_at=EPOCH)

    @precondition(lambda self: len(self.reference.limits) < LIMITS_MAX)
    @rule(
        scope=st.sampled_from([LimitScope.ACCOUNT, LimitScope.ACCOUNT, LimitScope.ACCOUNT, LimitScope.TENANT]),
        number=st.integers(0, 7),
        amount_max=st.one_of(st.none(), st.integers(5, 120)),
        count_max=st.integers(3, 40),
    )
    def a_limit_is_made(self, scope: LimitScope, number: int, amount_max: int | None, count_max: int) -> None:
        """Limit an account, or the whole tenant."""
        account = self.stage.accounts[number]
        policy = LimitPolicy(
            id=LimitId(uuid7()),
            scope=scope,
            subject_id=account.id if scope is LimitScope.ACCOUNT else self.tenant_id,
            currency=account.currency,
            window_seconds=YEAR_SECONDS,
            amount_max=amount_max,
            count_max=count_max,
            created_at=_now(),
        )
        self.arena.run(self.windows.add_limit(policy))
        self.reference.limits[policy.id] = policy

    @rule()
    def windows_turn(self) -> None:
        """Begin the limits' next window."""
        self.arena.run(self.windows.turn_windows())
        self.reference.usage.clear()

    @invariant()
    def accounts_are_equal(self) -> None:
        """Balances, pending sums, versions and states."""
        self.stage.forget(self.reference)
        assert self.arena.run(self.windows.accounts()) == self.reference.accounts

    def teardown(self) -> None:
        """Compare everything that was ever booked, and add it up; a step that failed said enough."""
        if self.arena.run(self.windows.accounts()) != self.reference.accounts:
            return
        entries = self.arena.run(self.windows.entries())
        expected = [leg for one in self.reference.transactions.values() for leg in one.entries]
        assert entries == sorted(expected, key=lambda leg: (leg.account_id, leg.account_version))
        sums: dict[str, int] = {}
        for leg in entries:
            signed = leg.amount_minor if leg.direction is Direction.DEBIT else -leg.amount_minor
            sums[leg.currency] = sums.get(leg.currency, 0) + signed
        assert not any(sums.values())
        kept = self.arena.run(self.windows.transactions())
        assert {one.id for one in kept} == set(self.reference.transactions)

    def _each_alone(self, call: Call) -> None:
        ends = self.arena.run(_posted(self.arena.journals[0], self.tenant_id, call))
        _agree(call, ends, given(self.reference, call, now=_now()))

    async def _at_once(self, calls: Sequence[Call]) -> list[Ends]:
        journals = self.arena.journals
        return await asyncio.gather(
            *(_posted(journals[number % len(journals)], self.tenant_id, call) for number, call in enumerate(calls))
        )


async def _posted(journal: Journal, tenant_id: TenantId, call: Call) -> Ends:
    """Give a call to a journal."""
    if call.atomic:
        return await journal.post_batch(tenant_id, call.items, atomic=True)
    ((order, key),) = call.items
    try:
        return (await journal.post(tenant_id, order, idempotency=key),)
    except MediatorError as error:
        return (error,)


def _agree(call: Call, ends: Ends, expected: Ends) -> None:
    """Check that both ledgers say the same."""
    assert told(ends) == told(expected), f"{call}\nsaid {told(ends)}\nnot  {told(expected)}"


def _now() -> datetime:
    return datetime.now(UTC)
