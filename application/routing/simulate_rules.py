"""Replay past payments under a draft of the rules, and show what would have gone elsewhere. Nothing is changed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.providers import Providers
from application.ports.routing import RouteBook, RoutedPayment
from application.routing.rules import require_sound
from domain.ids import PaymentId, ProviderAccountId
from domain.routing import RankedCandidate, RouteRule, RuleSet, choose

PAYMENTS_MAX = 100_000
PAGE = 1_000
CHANGES_SHOWN = 100


class SimulateRules(msgspec.Struct, frozen=True, kw_only=True):
    """The draft, and over how many of the latest payments."""

    rules: tuple[RouteRule, ...]
    last: int = 1_000


class MovedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment whose first choice would have been another (None: no account at all)."""

    payment_id: PaymentId
    rule: str
    before: ProviderAccountId | None
    after: ProviderAccountId | None


class AccountShare(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the payments chose an account first, before and under the draft."""

    provider_account_id: ProviderAccountId
    provider: str
    before: int
    after: int


class CostChange(msgspec.Struct, frozen=True, kw_only=True):
    """What first choices cost by the rules' own figures, before and under the draft, in minor units of a currency."""

    currency: str
    before_minor: int
    after_minor: int


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft would change. `unroutable` payments would have found no account; `moves` shows the first of them."""

    payments: int
    changed: int
    unroutable: int
    shares: tuple[AccountShare, ...]
    costs: tuple[CostChange, ...]
    moves: tuple[MovedPayment, ...]


@dataclass(frozen=True, slots=True)
class SimulateRulesHandler:
    """The policy: the same facts and candidates as then, with the draft in place of the rules of then."""

    routes: RouteBook
    providers: Providers

    async def __call__(
        self, command: SimulateRules, call: Call, *, on_page: Callable[[int], None] | None = None
    ) -> Simulation:
        """Replay; `on_page` hears how many payments were looked at. Raises ROUTE_RULES_UNSOUND for an unsound draft."""
        await require_sound(self.providers, call.tenant_id, command.rules)
        draft = RuleSet(rules=command.rules)
        tally = _Tally()
        before: PaymentId | None = None
        wanted = min(command.last, PAYMENTS_MAX)
        while tally.payments < wanted:
            limit = min(PAGE, wanted - tally.payments)
            page = await self.routes.past(call.tenant_id, before=before, limit=limit)
            for routed in page:
                tally.count(routed, draft)
            if on_page is not None:
                on_page(tally.payments)
            if len(page) < limit:
                break
            before = page[-1].decision.facts.payment_id
        return tally.simulation()


class _Tally:
    """Adds up what changes."""

    def __init__(self) -> None:
        self.payments = 0
        self._changed = 0
        self._unroutable = 0
        self._names: dict[ProviderAccountId, str] = {}
        self._firsts: tuple[Counter[ProviderAccountId], Counter[ProviderAccountId]] = (Counter(), Counter())
        self._costs: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self._moves: list[MovedPayment] = []

    def count(self, routed: RoutedPayment, draft: RuleSet) -> None:
        """Replay one payment."""
        then = routed.decision
        now = choose(draft, then.facts, then.candidates_again())
        firsts = (then.after(frozenset()), now.after(frozenset()))
        self.payments += 1
        for which, first in enumerate(firsts):
            self._add(which, first, then.facts.amount.currency)
        before, after = (None if one is None else one.provider_account_id for one in firsts)
        self._unroutable += after is None
        if before != after:
            self._changed += 1
            if len(self._moves) < CHANGES_SHOWN:
                payment_id = then.facts.payment_id
                self._moves.append(MovedPayment(payment_id=payment_id, rule=now.rule, before=before, after=after))

    def simulation(self) -> Simulation:
        """Say what was added up."""
        before, after = self._firsts
        accounts = sorted(self._names, key=lambda account: (-before[account], account))
        return Simulation(
            payments=self.payments,
            changed=self._changed,
            unroutable=self._unroutable,
            shares=tuple(
                AccountShare(provider_account_id=one, provider=self._names[one], before=before[one], after=after[one])
                for one in accounts
            ),
            costs=tuple(
                CostChange(currency=one, before_minor=self._costs[0][one], after_minor=self._costs[1][one])
                for one in sorted({*self._costs[0], *self._costs[1]})
            ),
            moves=tuple(self._moves),
        )

    def _add(self, which: int, first: RankedCandidate | None, currency: str) -> None:
        if first is None:
            return
        self._names[first.provider_account_id] = first.provider
        self._firsts[which][first.provider_account_id] += 1
        self._costs[which][currency] += first.cost_minor or 0
