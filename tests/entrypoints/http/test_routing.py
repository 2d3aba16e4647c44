"""The door to routing: rules as versions, decisions with their reasons, drafts that are tried on the past."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.providers import Decline, NotSent, OperationKind, Rejected
from tests.entrypoints.http.service import Service, TheseProviders, serving, settings_for
from tests.entrypoints.http.shop import Shop
from tests.fakes.providers import ProviderSet, ScriptedProvider
from tests.fakes.stores import Database

RULES = "/v1/routing/rules"
REFUSED = NotSent("connection refused")


class Pair:
    """A service with two providers, and a shop that has an account at each."""

    def __init__(self, service: Service, first: ScriptedProvider, second: ScriptedProvider) -> None:
        self.service, self.first, self.second = service, first, second

    async def open_shop(self) -> tuple[Shop, dict[str, str]]:
        """Open a shop, and learn its accounts by the names of their providers."""
        shop = await self.service.open_shop()
        paid = await shop.paid()
        route = (await shop.get(f"/v1/payments/{paid['id']}/route")).json()
        return shop, {one["provider"]: one["provider_account_id"] for one in route["candidates"]}


@pytest.fixture
async def pair(database: Database) -> AsyncIterator[Pair]:
    first, second = ScriptedProvider("primary"), ScriptedProvider("secondary")
    async with serving(settings_for(database), TheseProviders(ProviderSet(first, second))) as service:
        yield Pair(service, first, second)


def rule(*accounts: str, **changes: Any) -> dict[str, Any]:
    return {"name": "preferred", "targets": [{"provider_account_id": one} for one in accounts], **changes}


def ruleset(*rules: dict[str, Any], seen: int = 0, **changes: Any) -> dict[str, Any]:
    return {"rules": list(rules), "expected_version": seen, **changes}


async def test_before_there_are_rules_accounts_are_tried_in_their_order_and_that_is_told(pair: Pair) -> None:
    shop, accounts = await pair.open_shop()
    paid = await shop.paid()

    route = (await shop.get(f"/v1/payments/{paid['id']}/route")).json()

    assert (route["payment_id"], route["ruleset_version"], route["rule"]) == (paid["id"], 0, "default")
    assert [(one["provider"], one["rank"], one["excluded"]) for one in route["candidates"]] == [
        ("primary", 1, None),
        ("secondary", 2, None),
    ]
    assert set(accounts) == {"primary", "secondary"}
    assert (await shop.get(RULES)).json() == {"in_force": 0, "data": [], "next_cursor": None}


async def test_rules_decide_from_their_next_payment_on_and_can_be_rolled_back(pair: Pair) -> None:
    shop, accounts = await pair.open_shop()

    made = await shop.put(RULES, ruleset(rule(accounts["secondary"], currencies=["EUR"]), note="cheaper"))
    euros, yen = await shop.paid(currency="EUR"), await shop.paid(currency="JPY")
    back = await shop.post(f"{RULES}/rollback", {"version": 0, "expected_version": 1})
    again = await shop.paid(currency="EUR")

    assert (made.status, made.json()["version"], made.json()["note"]) == (200, 1, "cheaper")
    assert (back.status, back.json()["version"], back.json()["rolled_back_from"], back.json()["rules"]) == (
        200,
        2,
        0,
        [],
    )
    assert [one["provider"] for one in (euros, yen, again)] == ["secondary", "primary", "primary"]
    listed = (await shop.get(RULES)).json()
    assert (listed["in_force"], [one["version"] for one in listed["data"]]) == (2, [2, 1])


async def test_a_version_that_is_not_there_cannot_be_gone_back_to_nor_read_from(pair: Pair) -> None:
    shop, _ = await pair.open_shop()

    missing = await shop.post(f"{RULES}/rollback", {"version": 3, "expected_version": 0})
    late = await shop.post(f"{RULES}/rollback", {"version": 0, "expected_version": 3})

    assert (missing.status, missing.json()["code"]) == (404, "NOT_FOUND")
    assert (late.status, late.json()["code"]) == (409, "STATE_CONFLICT")
    assert [(await shop.get(RULES, cursor=one)).json()["code"] for one in ("x", "1" * 11)] == ["VAL_CURSOR"] * 2


async def test_an_unsound_draft_is_refused_like_unsound_rules(pair: Pair) -> None:
    shop, _ = await pair.open_shop()
    _, foreign = await pair.open_shop()

    refused = await shop.post("/v1/routing/simulate", {"rules": [rule(foreign["primary"])]})
    far = await shop.put(RULES, ruleset(effective_from="2099-01-01T00:00:00Z"))

    assert [(one.status, one.json()["code"]) for one in (refused, far)] == [(422, "ROUTE_RULES_UNSOUND")] * 2


async def test_rules_of_a_later_time_are_not_in_force_yet(pair: Pair) -> None:
    shop, accounts = await pair.open_shop()

    later = await shop.put(RULES, ruleset(rule(accounts["secondary"]), effective_from="2027-06-01T00:00:00Z"))

    assert later.status == 200
    assert (await shop.get(RULES)).json()["in_force"] == 0
    assert (await shop.paid())["provider"] == "primary"


async def test_whoever_has_not_seen_the_latest_version_is_refused(pair: Pair) -> None:
    shop, accounts = await pair.open_shop()
    await shop.put(RULES, ruleset(rule(accounts["primary"])))

    refused = await shop.put(RULES, ruleset(rule(accounts["secondary"])))

    assert (refused.status, refused.json()["code"]) == (409, "STATE_CONFLICT")
    assert len((await shop.get(RULES)).json()["data"]) == 1


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"amount_min": 5}, "/rules/0/currencies"),
        ({"currencies": ["EUR"], "amount_min": 5, "amount_max": 4}, "/rules/0/amount_max_minor"),
        ({"currencies": ["XXX"]}, "/rules/0/currencies/0"),
        ({"name": "default"}, "/rules/0/name"),
    ],
)
async def test_rules_that_contradict_themselves_are_refused_with_the_place(
    pair: Pair, changes: dict[str, Any], pointer: str
) -> None:
    shop, accounts = await pair.open_shop()

    refused = await shop.put(RULES, ruleset(rule(accounts["primary"], **changes)))

    assert (refused.status, refused.json()["code"]) == (422, "ROUTE_RULES_UNSOUND")
    assert pointer in [one["pointer"] for one in refused.json()["errors"]]


async def test_accounts_of_others_cannot_be_named(pair: Pair) -> None:
    shop, _ = await pair.open_shop()
    _, foreign = await pair.open_shop()

    refused = await shop.put(RULES, ruleset(rule(foreign["primary"])))

    assert refused.json()["errors"] == [
        {"pointer": "/rules/0/targets/0/provider_account_id", "detail": "is not an enabled provider account"}
    ]


async def test_a_payment_that_goes_on_elsewhere_tells_its_whole_story(pair: Pair) -> None:
    shop, _ = await pair.open_shop()
    pair.first.script(OperationKind.AUTHORIZE, Rejected("do_not_honor", Decline.SOFT, "No"))

    paid = await shop.paid()
    told = (await shop.get(f"/v1/payments/{paid['id']}")).json()

    assert (paid["state"], paid["provider"], paid["money_state"]) == ("succeeded", "secondary", "moved")
    assert [(one["provider"], one["state"]) for one in told["attempts"]] == [
        ("primary", "declined"),
        ("secondary", "succeeded"),
    ]
    assert [one["event"] for one in told["timeline"]] == [
        "payment.created",
        "payment.attempt_started",
        "payment.attempt_declined",
        "payment.rerouted",
        "payment.attempt_started",
        "payment.captured",
    ]
    report = await pair.service.prove(shop.tenant_id)
    assert report.holds, [one for one in report.results if one.faults]


async def test_each_provider_gets_its_own_token(pair: Pair) -> None:
    shop, _ = await pair.open_shop()
    pair.first.script(OperationKind.AUTHORIZE, REFUSED)

    await shop.paid(token="tok_a", payment_methods={"secondary": "tok_b"})

    assert pair.first.performed[-1].payment_method == "tok_a"
    assert pair.second.performed[-1].payment_method == "tok_b"


async def test_method_and_country_choose_the_route(pair: Pair) -> None:
    shop, accounts = await pair.open_shop()
    wallets = rule(accounts["secondary"], methods=["wallet"], countries=["NP"])
    await shop.put(RULES, ruleset(wallets))

    assert (await shop.paid(method="wallet", country="NP"))["provider"] == "secondary"
    assert (await shop.paid(method="card", country="NP"))["provider"] == "primary"


async def test_a_draft_is_tried_on_past_payments_and_changes_nothing(pair: Pair) -> None:
    shop, accounts = await pair.open_shop()
    for minor in (1000, 2000):
        await shop.paid(amount=minor)
    costly = [{"provider_account_id": accounts["secondary"], "cost_basis_points": 100}]

    found = (
        await shop.post("/v1/routing/simulate", {"rules": [{"name": "draft", "targets": costly}], "last": 2})
    ).json()

    assert (found["payments"], found["changed"], found["unroutable"]) == (2, 2, 0)
    assert {one["provider"]: (one["before"], one["after"]) for one in found["shares"]} == {
        "primary": (2, 0),
        "secondary": (0, 2),
    }
    assert found["costs"] == [{"currency": "EUR", "before": 0, "after": 30}]
    assert {one["after"] for one in found["moves"]} == {accounts["secondary"]}
    assert (await shop.get(RULES)).json()["in_force"] == 0


async def test_nobody_can_see_the_route_of_anothers_payment(pair: Pair) -> None:
    shop, _ = await pair.open_shop()
    stranger, _ = await pair.open_shop()
    paid = await shop.paid()

    assert (await stranger.get(f"/v1/payments/{paid['id']}/route")).status == 404
