"""Rules are data, a choice is pure and explained, and nothing fit is ever forgotten."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import PaymentId, ProviderAccountId
from domain.manifests import (
    AmountFormat,
    CurrencyRule,
    Feature,
    IdempotencyRule,
    KeyPlace,
    ProviderManifest,
)
from domain.money import Currency, Money
from domain.payments import CaptureMode
from domain.providers import OperationKind
from domain.routing import (
    DEFAULT_RULE,
    Candidate,
    Exclusion,
    RouteDecision,
    RouteFacts,
    RouteRule,
    RouteTarget,
    RuleSet,
    Strategy,
    choose,
    exclusion_of,
)

A, B, C = (ProviderAccountId(UUID(int=number)) for number in (1, 2, 3))
CANDIDATES = tuple(
    Candidate(provider_account_id=account, provider=name, config_version=1)
    for account, name in ((A, "one"), (B, "two"), (C, "three"))
)


def facts(number: int = 7, minor: int = 1000, currency: str = "EUR", **more: Any) -> RouteFacts:
    known = RouteFacts(
        payment_id=PaymentId(UUID(int=number)),
        amount=Money(minor, Currency(currency)),
        capture_mode=CaptureMode.AUTOMATIC,
    )
    return msgspec.structs.replace(known, **more)


def targets(*accounts: ProviderAccountId, **more: int) -> tuple[RouteTarget, ...]:
    return tuple(RouteTarget(provider_account_id=one, **more) for one in accounts)


def rules(*ordered: RouteRule) -> RuleSet:
    return RuleSet(version=3, rules=ordered)


def order_of(decision: RouteDecision) -> list[ProviderAccountId]:
    return [one.provider_account_id for one in decision.order]


def test_without_rules_accounts_are_tried_in_the_order_of_their_connecting() -> None:
    decision = choose(RuleSet(), facts(), CANDIDATES)

    assert (decision.ruleset_version, decision.rule) == (0, DEFAULT_RULE)
    assert order_of(decision) == [A, B, C]


def test_the_first_rule_that_is_for_the_payment_decides() -> None:
    ruleset = rules(
        RouteRule(name="yen", currencies=("JPY",), targets=targets(C)),
        RouteRule(name="large", amount_min_minor=1000, targets=targets(B, A)),
        RouteRule(name="rest", targets=targets(A)),
    )

    large = choose(ruleset, facts(), CANDIDATES)
    assert (large.rule, order_of(large)) == ("large", [B, A])
    assert large.candidates[2].excluded is Exclusion.NOT_IN_RULE
    assert order_of(choose(ruleset, facts(minor=999), CANDIDATES)) == [A]
    assert order_of(choose(ruleset, facts(currency="JPY"), CANDIDATES)) == [C]


@pytest.mark.parametrize(
    ("condition", "matching", "other"),
    [
        ({"countries": ("NP",)}, {"country": "NP"}, {"country": "DE"}),
        ({"countries": ("NP",)}, {"country": "NP"}, {"country": None}),
        ({"methods": ("wallet",)}, {"method": "wallet"}, {"method": "card"}),
        (
            {"amount_max_minor": 1000},
            {"amount": Money(1000, Currency("EUR"))},
            {"amount": Money(1001, Currency("EUR"))},
        ),
    ],
)
def test_every_condition_of_a_rule_must_hold(
    condition: dict[str, Any], matching: dict[str, Any], other: dict[str, Any]
) -> None:
    rule = msgspec.structs.replace(RouteRule(name="r", targets=targets(B)), **condition)

    assert choose(rules(rule), facts(**matching), CANDIDATES).rule == "r"
    assert choose(rules(rule), facts(**other), CANDIDATES).rule == DEFAULT_RULE


def test_an_unhealthy_account_goes_last_and_is_not_forgotten() -> None:
    sick = (msgspec.structs.replace(CANDIDATES[0], is_healthy=False), *CANDIDATES[1:])

    assert order_of(choose(RuleSet(), facts(), sick)) == [B, C, A]


def test_what_the_manifest_forbids_is_never_ranked() -> None:
    barred = (msgspec.structs.replace(CANDIDATES[0], excluded=Exclusion.CURRENCY_UNSUPPORTED), *CANDIDATES[1:])
    decision = choose(rules(RouteRule(name="r", targets=targets(A, B))), facts(), barred)

    assert order_of(decision) == [B]
    assert [one.excluded for one in decision.candidates] == [
        Exclusion.CURRENCY_UNSUPPORTED,
        None,
        Exclusion.NOT_IN_RULE,
    ]


def test_a_caller_who_insists_on_a_provider_gets_that_one_alone() -> None:
    decision = choose(rules(RouteRule(name="r", targets=targets(A))), facts(provider="two"), CANDIDATES)

    assert order_of(decision) == [B]
    assert decision.candidates[0].excluded is Exclusion.NOT_ASKED_FOR


def test_the_cheapest_comes_first_and_costs_are_rounded_up() -> None:
    dear = RouteTarget(provider_account_id=A, cost_fixed_minor=20, cost_basis_points=100)
    cheap = RouteTarget(provider_account_id=B, cost_basis_points=299)
    rule = RouteRule(name="r", strategy=Strategy.CHEAPEST, targets=(dear, cheap))

    small, large = (choose(rules(rule), facts(minor=minor), CANDIDATES) for minor in (1001, 100_000))

    assert [(one.provider_account_id, one.cost_minor) for one in small.order] == [(B, 30), (A, 31)]
    assert [(one.provider_account_id, one.cost_minor) for one in large.order] == [(A, 1020), (B, 2990)]


def test_weights_are_kept_over_many_payments_and_one_payment_keeps_its_place() -> None:
    weighted = tuple(RouteTarget(provider_account_id=one, weight=weight) for one, weight in ((A, 6), (B, 3), (C, 1)))
    ruleset = rules(RouteRule(name="r", strategy=Strategy.WEIGHTED, targets=weighted))

    firsts = [order_of(choose(ruleset, facts(number), CANDIDATES))[0] for number in range(4000)]

    shares = [firsts.count(one) / len(firsts) for one in (A, B, C)]
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.03)
    without = rules(RouteRule(name="r", strategy=Strategy.WEIGHTED, targets=weighted[:2]))
    moved = [order_of(choose(without, facts(number), CANDIDATES))[0] for number in range(4000)]
    assert all(new == old for old, new in zip(firsts, moved, strict=True) if old != C)


@given(
    st.integers(0, 2**128 - 1),
    st.integers(1, 10**12),
    st.sampled_from(list(Strategy)),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_the_same_facts_candidates_and_rules_give_the_same_choice_to_the_byte(
    number: int, minor: int, strategy: Strategy, healths: list[bool]
) -> None:
    ruleset = rules(RouteRule(name="r", strategy=strategy, targets=targets(C, A, B, weight=2, cost_basis_points=3)))
    seen = tuple(
        msgspec.structs.replace(one, is_healthy=health) for one, health in zip(CANDIDATES, healths, strict=True)
    )

    decision = choose(ruleset, facts(number, minor), seen)
    kept = msgspec.json.encode(decision)
    read = msgspec.json.decode(kept, type=RouteDecision)

    assert msgspec.json.encode(choose(ruleset, read.facts, read.candidates_again())) == kept
    assert sorted(order_of(decision)) == [A, B, C]


def test_accounts_are_tried_one_after_another_until_none_is_left() -> None:
    decision = choose(RuleSet(), facts(), CANDIDATES)

    first, second = decision.after(frozenset()), decision.after(frozenset({A}))
    assert first is not None
    assert second is not None
    assert (first.provider_account_id, second.provider_account_id) == (A, B)
    assert decision.after(frozenset({A, B, C})) is None


MANIFEST = ProviderManifest(
    name="one",
    operations=frozenset({OperationKind.AUTHORIZE}),
    features=frozenset(),
    methods=frozenset({"card"}),
    countries=frozenset({"DE"}),
    currencies=(
        CurrencyRule(
            currency="EUR",
            exponent=2,
            amount_format=AmountFormat.DECIMAL_STRING,
            minimum_minor=50,
            maximum_minor=5000,
            multiple_minor=10,
        ),
    ),
    idempotency=IdempotencyRule(place=KeyPlace.NONE),
    visibility_horizon_seconds=None,
    deadline_seconds=1,
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"method": "card", "country": "DE"}, None),
        ({"amount": Money(1000, Currency("USD"))}, Exclusion.CURRENCY_UNSUPPORTED),
        ({"amount": Money(40, Currency("EUR"))}, Exclusion.AMOUNT_OUT_OF_BOUNDS),
        ({"amount": Money(5010, Currency("EUR"))}, Exclusion.AMOUNT_OUT_OF_BOUNDS),
        ({"amount": Money(1001, Currency("EUR"))}, Exclusion.AMOUNT_OUT_OF_BOUNDS),
        ({"method": "wallet"}, Exclusion.METHOD_UNSUPPORTED),
        ({"country": "NP"}, Exclusion.COUNTRY_UNSUPPORTED),
        ({"capture_mode": CaptureMode.MANUAL}, Exclusion.CAPTURE_MODE_UNSUPPORTED),
    ],
)
def test_a_manifest_says_what_it_has_against_a_payment(changes: dict[str, Any], expected: Exclusion | None) -> None:
    assert exclusion_of(MANIFEST, facts(**changes)) is expected


def test_manual_capture_needs_a_provider_that_offers_it_and_payments_one_that_collects() -> None:
    manual = msgspec.structs.replace(MANIFEST, features=frozenset({Feature.MANUAL_CAPTURE}))
    pays_out = msgspec.structs.replace(MANIFEST, operations=frozenset({OperationKind.PAYOUT}))

    assert exclusion_of(manual, facts(capture_mode=CaptureMode.MANUAL)) is None
    assert exclusion_of(pays_out, facts()) is Exclusion.OPERATION_UNSUPPORTED
