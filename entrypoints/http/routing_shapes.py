"""What callers say and are told of routing: rules, decisions, and what a draft would change."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.ports.routing import StoredRuleSet
from application.routing.list_rules import RuleVersions
from application.routing.simulate_rules import PAYMENTS_MAX, Simulation
from domain.errors import VAL_CURSOR, VAL_FIELD, FieldError, MediatorError
from domain.ids import Prefix, ProviderAccountId, find_id, public_id
from domain.payments import CaptureMode
from domain.posting import BOUND
from domain.routing import (
    RULES_MAX,
    TARGETS_MAX,
    Exclusion,
    RankedCandidate,
    RouteDecision,
    RouteRule,
    RouteTarget,
    Strategy,
)
from entrypoints.http.shapes import CurrencyCode, Instant, MinorUnits, utc
from entrypoints.http.words import Line

VERSION_MAX: Final = 2**31 - 1
VERSION_DIGITS_MAX: Final = 10
WEIGHT_MAX: Final = 1_000_000
BASIS_POINTS_MAX: Final = 10_000
CONDITIONS_MAX: Final = 300

AccountIdIn = Annotated[
    str,
    Meta(
        pattern=r"^pac_[0-9a-f]{32}\Z",
        description="Identifier of a provider account.",
        examples=["pac_0198c5a0b1c27d3e8f00112233445566"],
    ),
]
CountryIn = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z", description="ISO 3166-1 alpha-2 code.", examples=["NP"])]
MethodIn = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z", examples=["card", "wallet"])]
BoundIn = Annotated[int, Meta(ge=1, le=BOUND, description="Minor units, inclusive.")]
ExpectedVersion = Annotated[
    int, Meta(ge=0, le=VERSION_MAX, description="The latest version that you have seen; 0 before there are any.")
]


class RouteTargetIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider account that a rule names. Its cost is what the rule's author says that a payment costs there."""

    provider_account_id: AccountIdIn
    weight: Annotated[int, Meta(ge=0, le=WEIGHT_MAX, description="Share among the targets of a weighted rule.")] = 1
    cost_fixed: Annotated[int, Meta(ge=0, le=BOUND, description="Minor units of the payment's currency.")] = 0
    cost_basis_points: Annotated[int, Meta(ge=0, le=BASIS_POINTS_MAX)] = 0


class RouteRuleIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which payments it is for, and who takes them. Every condition that is given must hold."""

    name: Line
    targets: Annotated[tuple[RouteTargetIn, ...], Meta(min_length=1, max_length=TARGETS_MAX)]
    strategy: Annotated[
        Strategy, Meta(description="priority: in this order; weighted: in proportion; cheapest: by stated cost.")
    ] = Strategy.PRIORITY
    currencies: Annotated[tuple[str, ...], Meta(max_length=CONDITIONS_MAX)] = ()
    countries: Annotated[tuple[CountryIn, ...], Meta(max_length=CONDITIONS_MAX)] = ()
    methods: Annotated[tuple[MethodIn, ...], Meta(max_length=CONDITIONS_MAX)] = ()
    amount_min: BoundIn | UnsetType = UNSET
    amount_max: BoundIn | UnsetType = UNSET


Rules = Annotated[
    tuple[RouteRuleIn, ...], Meta(max_length=RULES_MAX, description="The first that is for a payment decides.")
]


class SetRulesIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All rules, as they shall be."""

    rules: Rules
    expected_version: ExpectedVersion
    note: Line | UnsetType = UNSET
    effective_from: (
        Annotated[datetime, Meta(tz=True, description="In force from then on; at once when left out or past.")]
        | UnsetType
    ) = UNSET


class RollBackRulesIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version to go back to; 0 is without rules."""

    version: Annotated[int, Meta(ge=0, le=VERSION_MAX)]
    expected_version: ExpectedVersion
    note: Line | UnsetType = UNSET


class SimulateRulesIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft, and over how many of the latest payments it is tried."""

    rules: Rules
    last: Annotated[int, Meta(ge=1, le=PAYMENTS_MAX)] = 1_000


class RouteTargetOut(msgspec.Struct, frozen=True, kw_only=True):
    """A provider account that a rule names."""

    provider_account_id: str
    weight: int
    cost_fixed: MinorUnits
    cost_basis_points: int


class RouteRuleOut(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments it is for, and who takes them."""

    name: str
    targets: tuple[RouteTargetOut, ...]
    strategy: Strategy
    currencies: tuple[str, ...]
    countries: tuple[str, ...]
    methods: tuple[str, ...]
    amount_min: MinorUnits | None
    amount_max: MinorUnits | None


class RuleSetOut(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the rules; it is never changed."""

    version: int
    rules: tuple[RouteRuleOut, ...]
    note: str | None
    actor: Annotated[str, Meta(description="Who made it.")]
    rolled_back_from: Annotated[int | None, Meta(description="The version that it goes back to, if it does.")]
    effective_from: Instant
    created_at: Instant


class RuleSetPageOut(msgspec.Struct, frozen=True):
    """A page of versions, newest first. `in_force` is the one that decides now; 0: every account, in its order."""

    in_force: int
    data: tuple[RuleSetOut, ...]
    next_cursor: str | None


class RouteCandidateOut(msgspec.Struct, frozen=True, kw_only=True):
    """A provider account as it stood when the route was chosen."""

    provider_account_id: str
    provider: str
    config_version: int
    is_healthy: Annotated[bool, Meta(description="Whether its circuit breaker would have let the payment through.")]
    excluded: Annotated[Exclusion | None, Meta(description="Why it could not take the payment.")]
    score: float | None
    cost: Annotated[MinorUnits | None, Meta(description="What the payment would cost there, as the rule says.")]
    rank: Annotated[int | None, Meta(description="1 is tried first; further ones only after proof that it may be.")]


class RouteDecisionOut(msgspec.Struct, frozen=True, kw_only=True):
    """Why a payment went where it went."""

    payment_id: str
    ruleset_version: int
    rule: str
    strategy: Strategy
    amount: MinorUnits
    currency: CurrencyCode
    capture_mode: CaptureMode
    method: str | None
    country: str | None
    provider: Annotated[str | None, Meta(description="The provider that the caller insisted on.")]
    candidates: tuple[RouteCandidateOut, ...]


class AccountShareOut(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the payments chose an account first, before and under the draft."""

    provider_account_id: str
    provider: str
    before: int
    after: int


class CostChangeOut(msgspec.Struct, frozen=True, kw_only=True):
    """What first choices cost by the rules' own figures."""

    currency: CurrencyCode
    before: MinorUnits
    after: MinorUnits


class MovedPaymentOut(msgspec.Struct, frozen=True, kw_only=True):
    """A payment whose first choice would have been another; null: no account at all."""

    payment_id: str
    rule: str
    before: str | None
    after: str | None


class SimulationOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft would change."""

    payments: int
    changed: int
    unroutable: int
    shares: tuple[AccountShareOut, ...]
    costs: tuple[CostChangeOut, ...]
    moves: tuple[MovedPaymentOut, ...]


def rules_of(rules: tuple[RouteRuleIn, ...]) -> tuple[RouteRule, ...]:
    """Read rules. Raises VAL_FIELD for an identifier that cannot be one."""
    return tuple(_rule(rule, number) for number, rule in enumerate(rules))


def _rule(rule: RouteRuleIn, number: int) -> RouteRule:
    return RouteRule(
        name=rule.name,
        strategy=rule.strategy,
        targets=tuple(
            RouteTarget(
                provider_account_id=_account(target.provider_account_id, f"/rules/{number}/targets/{index}"),
                weight=target.weight,
                cost_fixed_minor=target.cost_fixed,
                cost_basis_points=target.cost_basis_points,
            )
            for index, target in enumerate(rule.targets)
        ),
        currencies=rule.currencies,
        countries=rule.countries,
        methods=rule.methods,
        amount_min_minor=None if rule.amount_min is UNSET else rule.amount_min,
        amount_max_minor=None if rule.amount_max is UNSET else rule.amount_max,
    )


def _account(text: str, place: str) -> ProviderAccountId:
    found = find_id(Prefix.PROVIDER_ACCOUNT, text)
    if found is None:
        pointer = f"{place}/provider_account_id"
        raise MediatorError(VAL_FIELD, f"{pointer}: unknown", errors=(FieldError(pointer, "unknown"),))
    return ProviderAccountId(found)


def rule_out(rule: RouteRule) -> RouteRuleOut:
    """Tell a rule."""
    return RouteRuleOut(
        name=rule.name,
        strategy=rule.strategy,
        targets=tuple(
            RouteTargetOut(
                provider_account_id=_public(target.provider_account_id) or "",
                weight=target.weight,
                cost_fixed=target.cost_fixed_minor,
                cost_basis_points=target.cost_basis_points,
            )
            for target in rule.targets
        ),
        currencies=rule.currencies,
        countries=rule.countries,
        methods=rule.methods,
        amount_min=rule.amount_min_minor,
        amount_max=rule.amount_max_minor,
    )


def ruleset_out(stored: StoredRuleSet) -> RuleSetOut:
    """Tell one version."""
    return RuleSetOut(
        version=stored.version,
        rules=tuple(rule_out(rule) for rule in stored.rules),
        note=stored.note,
        actor=stored.actor,
        rolled_back_from=stored.rolled_back_from,
        effective_from=utc(stored.effective_from),
        created_at=utc(stored.created_at),
    )


def page_out(found: RuleVersions, limit: int) -> RuleSetPageOut:
    """Tell a page of versions."""
    shown = found.versions[:limit]
    cursor = str(shown[-1].version) if len(found.versions) > limit else None
    return RuleSetPageOut(found.in_force, tuple(ruleset_out(one) for one in shown), cursor)


def version_cursor(cursor: str | None) -> int | None:
    """Read a cursor that is a version's number. Raises VAL_CURSOR."""
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= VERSION_DIGITS_MAX):
        raise MediatorError(
            VAL_CURSOR, "The cursor is not one of ours.", errors=(FieldError("query/cursor", "unknown"),)
        )
    return int(cursor)


def decision_out(decision: RouteDecision) -> RouteDecisionOut:
    """Tell why a payment went where it went."""
    facts = decision.facts
    return RouteDecisionOut(
        payment_id=public_id(Prefix.PAYMENT, facts.payment_id),
        ruleset_version=decision.ruleset_version,
        rule=decision.rule,
        strategy=decision.strategy,
        amount=facts.amount.minor,
        currency=facts.amount.currency,
        capture_mode=facts.capture_mode,
        method=facts.method,
        country=facts.country,
        provider=facts.provider,
        candidates=tuple(_candidate(one) for one in decision.candidates),
    )


def _candidate(one: RankedCandidate) -> RouteCandidateOut:
    return RouteCandidateOut(
        provider_account_id=_public(one.provider_account_id) or "",
        provider=one.provider,
        config_version=one.config_version,
        is_healthy=one.is_healthy,
        excluded=one.excluded,
        score=one.score,
        cost=one.cost_minor,
        rank=one.rank,
    )


def simulation_out(found: Simulation) -> SimulationOut:
    """Tell what a draft would change."""
    return SimulationOut(
        payments=found.payments,
        changed=found.changed,
        unroutable=found.unroutable,
        shares=tuple(
            AccountShareOut(
                provider_account_id=_public(one.provider_account_id) or "",
                provider=one.provider,
                before=one.before,
                after=one.after,
            )
            for one in found.shares
        ),
        costs=tuple(
            CostChangeOut(currency=one.currency, before=one.before_minor, after=one.after_minor) for one in found.costs
        ),
        moves=tuple(
            MovedPaymentOut(
                payment_id=public_id(Prefix.PAYMENT, one.payment_id),
                rule=one.rule,
                before=_public(one.before),
                after=_public(one.after),
            )
            for one in found.moves
        ),
    )


def _public(account: UUID | None) -> str | None:
    return None if account is None else public_id(Prefix.PROVIDER_ACCOUNT, account)
