"""Which provider account takes a payment, and why: rules are data, a choice is pure, and every choice is explained."""

import hashlib
import math
from enum import StrEnum
from typing import assert_never

import msgspec

from domain.ids import PaymentId, ProviderAccountId
from domain.manifests import Feature, ProviderManifest
from domain.money import Money
from domain.payments import CaptureMode
from domain.providers import OperationKind

RULES_MAX = 200
TARGETS_MAX = 50
DEFAULT_RULE = "default"
"""Name of the rule that holds when no other does: every account, in the order in which they were connected."""


class Strategy(StrEnum):
    """How a rule ranks its targets.

    `priority`: by their order; `weighted`: by chance, each in proportion to its weight, the chance drawn from the
    payment's own id; `cheapest`: by what each would cost, as the rule states it.
    """

    PRIORITY = "priority"
    WEIGHTED = "weighted"
    CHEAPEST = "cheapest"


class Exclusion(StrEnum):
    """Why an account cannot take a payment."""

    NOT_ASKED_FOR = "not_asked_for"
    NOT_IN_RULE = "not_in_rule"
    OPERATION_UNSUPPORTED = "operation_unsupported"
    CURRENCY_UNSUPPORTED = "currency_unsupported"
    AMOUNT_OUT_OF_BOUNDS = "amount_out_of_bounds"
    METHOD_UNSUPPORTED = "method_unsupported"
    COUNTRY_UNSUPPORTED = "country_unsupported"
    CAPTURE_MODE_UNSUPPORTED = "capture_mode_unsupported"


class RouteTarget(msgspec.Struct, frozen=True, kw_only=True):
    """One account that a rule names. Its cost is a fixed amount in minor units and a share in basis points."""

    provider_account_id: ProviderAccountId
    weight: int = 1
    cost_fixed_minor: int = 0
    cost_basis_points: int = 0

    def cost_minor(self, amount: Money) -> int:
        """What a payment of that amount would cost here, in minor units, rounded up."""
        return self.cost_fixed_minor - (-amount.minor * self.cost_basis_points // 10_000)


class RouteRule(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments it is for (every condition that is given must hold), and who takes them.

    Amount bounds are inclusive minor units of the payment's own currency: state them with `currencies`.
    """

    name: str
    targets: tuple[RouteTarget, ...]
    strategy: Strategy = Strategy.PRIORITY
    currencies: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    amount_min_minor: int | None = None
    amount_max_minor: int | None = None

    def is_for(self, facts: "RouteFacts") -> bool:
        """Whether it is for that payment."""
        return (
            _among(facts.amount.currency, self.currencies)
            and _among(facts.country, self.countries)
            and _among(facts.method, self.methods)
            and (self.amount_min_minor is None or facts.amount.minor >= self.amount_min_minor)
            and (self.amount_max_minor is None or facts.amount.minor <= self.amount_max_minor)
        )


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a tenant's rules: the first that is for a payment decides. Version 0 is the empty beginning."""

    version: int = 0
    rules: tuple[RouteRule, ...] = ()


class RouteFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a payment when its route is chosen. `provider` is the one that the caller insists on."""

    payment_id: PaymentId
    amount: Money
    capture_mode: CaptureMode
    method: str | None = None
    country: str | None = None
    provider: str | None = None


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it stood when the route was chosen.

    `excluded` is what its manifest says against this payment, None when nothing; `is_healthy` whether its breaker
    would let the payment through.
    """

    provider_account_id: ProviderAccountId
    provider: str
    config_version: int
    excluded: Exclusion | None = None
    is_healthy: bool = True


class RankedCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate with what became of it: excluded with the reason, or its rank (from 1) by its score (more is better).

    An unhealthy one is ranked behind all healthy ones, never dropped: it may be the only one.
    """

    provider_account_id: ProviderAccountId
    provider: str
    config_version: int
    is_healthy: bool
    excluded: Exclusion | None = None
    score: float | None = None
    cost_minor: int | None = None
    rank: int | None = None


class RouteDecision(msgspec.Struct, frozen=True, kw_only=True):
    """The choice with everything that led to it: the same facts, candidates and rules give the same, to the byte."""

    ruleset_version: int
    rule: str
    strategy: Strategy
    facts: RouteFacts
    candidates: tuple[RankedCandidate, ...]

    @property
    def order(self) -> tuple[RankedCandidate, ...]:
        """The accounts to try, best first."""
        return tuple(sorted((one for one in self.candidates if one.rank is not None), key=lambda one: one.rank or 0))

    def after(self, tried: frozenset[ProviderAccountId]) -> RankedCandidate | None:
        """Give the best account that was not tried yet; None when all were."""
        return next((one for one in self.order if one.provider_account_id not in tried), None)

    def candidates_again(self) -> tuple[Candidate, ...]:
        """Give the candidates as they stood before this choice, to choose again under other rules.

        What the manifest said stays; what a rule left out may come in again.
        """
        return tuple(
            Candidate(
                provider_account_id=one.provider_account_id,
                provider=one.provider,
                config_version=one.config_version,
                excluded=None if one.excluded in _OF_RULES else one.excluded,
                is_healthy=one.is_healthy,
            )
            for one in self.candidates
        )


_OF_RULES = frozenset({Exclusion.NOT_ASKED_FOR, Exclusion.NOT_IN_RULE})


def choose(ruleset: RuleSet, facts: RouteFacts, candidates: tuple[Candidate, ...]) -> RouteDecision:
    """Rank the candidates for a payment: the first rule that is for it decides; without one, the order of connecting.

    A caller who insists on a provider gets that one alone, whatever the rules say of others.
    """
    rule = next((rule for rule in ruleset.rules if rule.is_for(facts)), None)
    if rule is None or facts.provider is not None:
        targets = tuple(RouteTarget(provider_account_id=one.provider_account_id) for one in candidates)
        known = {} if rule is None else {one.provider_account_id: one for one in rule.targets}
        targets = tuple(known.get(one.provider_account_id, one) for one in targets)
        rule = RouteRule(name=DEFAULT_RULE if rule is None else rule.name, targets=targets)
    places = {target.provider_account_id: (place, target) for place, target in enumerate(rule.targets)}
    judged = tuple(_judged(one, places, rule.strategy, facts) for one in candidates)
    fit = sorted(
        (one for one in judged if one.excluded is None),
        key=lambda one: (not one.is_healthy, -(one.score or 0.0), places[one.provider_account_id][0]),
    )
    ranks = {one.provider_account_id: rank for rank, one in enumerate(fit, start=1)}
    return RouteDecision(
        ruleset_version=ruleset.version,
        rule=rule.name,
        strategy=rule.strategy,
        facts=facts,
        candidates=tuple(msgspec.structs.replace(one, rank=ranks.get(one.provider_account_id)) for one in judged),
    )


def exclusion_of(manifest: ProviderManifest, facts: RouteFacts) -> Exclusion | None:
    """Say what a provider's manifest has against a payment; None when nothing."""
    rule = manifest.rule_for(facts.amount.currency)
    if OperationKind.AUTHORIZE not in manifest.operations:
        return Exclusion.OPERATION_UNSUPPORTED
    if not manifest.takes(facts.amount.currency):
        return Exclusion.CURRENCY_UNSUPPORTED
    if rule is not None and not rule.admits(facts.amount.minor):
        return Exclusion.AMOUNT_OUT_OF_BOUNDS
    if not _among(facts.method, tuple(manifest.methods), unknown=True):
        return Exclusion.METHOD_UNSUPPORTED
    if not _among(facts.country, tuple(manifest.countries), unknown=True):
        return Exclusion.COUNTRY_UNSUPPORTED
    if facts.capture_mode is CaptureMode.MANUAL and Feature.MANUAL_CAPTURE not in manifest.features:
        return Exclusion.CAPTURE_MODE_UNSUPPORTED
    return None


def _judged(
    candidate: Candidate,
    places: dict[ProviderAccountId, tuple[int, RouteTarget]],
    strategy: Strategy,
    facts: RouteFacts,
) -> RankedCandidate:
    known = places.get(candidate.provider_account_id)
    excluded = candidate.excluded
    if facts.provider is not None and candidate.provider != facts.provider:
        excluded = Exclusion.NOT_ASKED_FOR
    elif known is None:
        excluded = excluded or Exclusion.NOT_IN_RULE
    ranked = RankedCandidate(
        provider_account_id=candidate.provider_account_id,
        provider=candidate.provider,
        config_version=candidate.config_version,
        is_healthy=candidate.is_healthy,
        excluded=excluded,
    )
    if excluded is not None or known is None:
        return ranked
    place, target = known
    cost = target.cost_minor(facts.amount)
    match strategy:
        case Strategy.PRIORITY:
            score = float(-place)
        case Strategy.WEIGHTED:
            score = _drawn(facts.payment_id, target)
        case Strategy.CHEAPEST:
            score = float(-cost)
        case _:
            assert_never(strategy)
    return msgspec.structs.replace(ranked, score=score, cost_minor=cost)


def _drawn(payment_id: PaymentId, target: RouteTarget) -> float:
    """Draw a score from the payment's id, so that targets come first in proportion to their weights.

    Weighted rendezvous hashing (Schindelhauer and Schomaker, 2005): a change of one weight moves no more payments
    than it must.
    """
    if target.weight <= 0:
        return -math.inf
    digest = hashlib.sha256(payment_id.bytes + target.provider_account_id.bytes).digest()
    chance = (int.from_bytes(digest[:6], "big") + 0.5) / 2**48
    return -target.weight / math.log(chance)


def _among(value: str | None, allowed: tuple[str, ...], *, unknown: bool = False) -> bool:
    """Whether a value is one of those; no list allows any. What is not known fits only where `unknown` says so."""
    if not allowed:
        return True
    return unknown if value is None else value in allowed
