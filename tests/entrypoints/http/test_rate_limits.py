"""Whoever asks too often is told so and when to come again: each key by itself, and each address without a key."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from litestar import Litestar

from adapters.security.api_keys import HmacApiKeys
from entrypoints.http.auth import require_api_key
from entrypoints.http.door import Door, network_of
from entrypoints.wiring.limits import STRANGERS_MIN
from tests.entrypoints.http.edge.asking import Answer
from tests.entrypoints.http.routes import operations
from tests.entrypoints.http.service import SECRET_KEY, Service, TheseProviders, serving, settings_for
from tests.entrypoints.http.shop import InProcess, Shop
from tests.fakes.providers import ProviderSet, ScriptedProvider
from tests.fakes.stores import Database

NAMES = {"payment_id": f"pay_{'0' * 32}", "provider": "sandbox", "account_id": f"pac_{'0' * 32}", "code": "NOBODY"}
POLICY = re.compile(r'"[a-z-]+";q=[0-9]+;w=[0-9]+')
LEFT = re.compile(r'"([a-z-]+)";r=([0-9]+);t=([0-9]+)')
UNLIMITED = {"/health/live", "/health/ready"}

Limited = Callable[..., AbstractAsyncContextManager[Service]]


@pytest.fixture
def limited(database: Database, redis_url: str, provider: ScriptedProvider) -> Limited:
    """Lend services of one Redis with these limits."""

    @asynccontextmanager
    async def lend(count: int, window: int = 3_600) -> AsyncIterator[Service]:
        settings = settings_for(
            database, redis_url=redis_url, rate_limit_count=count, rate_limit_window=window, api_workers=1
        )
        async with serving(settings, TheseProviders(ProviderSet(provider))) as service:
            yield service

    return lend


def left(answer: Answer) -> tuple[str, int, int]:
    """Read the RateLimit field of an answer."""
    assert POLICY.fullmatch(answer.headers["ratelimit-policy"])
    found = LEFT.fullmatch(answer.headers["ratelimit"])
    assert found is not None
    return found[1], int(found[2]), int(found[3])


def names_for(path: str) -> dict[str, str]:
    """Give a value for every parameter of a path, also for those of routes that come later."""
    return {name: NAMES.get(name, "0" * 32) for name in re.findall(r"{(\w+)}", path)}


async def test_the_request_beyond_the_limit_is_refused_with_all_that_a_client_needs(limited: Limited) -> None:
    async with limited(3) as service:
        shop = await service.open_shop()
        answers = [await shop.get("/v1/payments") for _ in range(4)]

    *allowed, refused = answers
    assert [(answer.status, left(answer)[:2]) for answer in allowed] == [
        (200, ("api-key", 2)),
        (200, ("api-key", 1)),
        (200, ("api-key", 0)),
    ]
    assert (refused.status, refused.code) == (429, "RATE_LIMITED")
    assert refused.headers["ratelimit-policy"] == '"api-key";q=3;w=3600'
    assert refused.headers["content-type"] == "application/problem+json"
    wait = int(refused.headers["retry-after"])
    assert left(refused) == ("api-key", 0, wait)
    assert 1_190 <= wait <= 1_200
    told = refused.json()
    assert (told["retry_after"], told["retryable"], told["money_state"]) == (wait, True, "none")


async def test_two_services_of_one_redis_share_a_limit_and_two_keys_do_not(limited: Limited) -> None:
    async with limited(4) as one, limited(4) as other:
        shop, second = await one.open_shop(), await one.open_shop()
        also = Shop(InProcess(other.app), shop.tenant_id, shop.api_key, shop.account)

        statuses = [(await each.get("/v1/payments")).status for _ in range(3) for each in (shop, also)]
        untouched = await second.get("/v1/payments")

    assert statuses == [200] * 4 + [429] * 2
    assert untouched.status == 200


async def test_a_payment_that_is_refused_for_its_rate_is_made_by_the_same_request_later(limited: Limited) -> None:
    async with limited(1) as strict, limited(100) as generous:
        shop = await strict.open_shop()
        await shop.get("/v1/payments")
        refused = await shop.pay(key="the-same")
        later = Shop(InProcess(generous.app), shop.tenant_id, shop.api_key, shop.account)

        answer = await later.pay(key="the-same")

    assert refused.status == 429
    assert (answer.status, answer.json()["state"]) == (201, "succeeded")


async def test_every_route_that_is_not_public_is_limited_by_key_and_every_other_by_address(limited: Limited) -> None:
    async with limited(100_000) as service:
        shop = await service.open_shop()
        for operation in await operations(shop):
            target = operation.path.format(**names_for(operation.path))
            headers = [("authorization", f"Bearer {shop.api_key}")]

            answer = await shop.line(operation.method, target, b"", headers)

            if operation.path in UNLIMITED:
                assert "ratelimit" not in answer.headers, operation
            elif operation.is_public:
                expected = "callbacks" if "callbacks" in operation.path else "address"
                assert left(answer)[0] == expected, operation
                assert "RATE_LIMITED" in str(operation.told["responses"]["429"])
            else:
                assert left(answer)[0] == "api-key", operation
                assert "RATE_LIMITED" in str(operation.told["responses"]["429"])


async def test_every_route_that_is_not_public_refuses_at_the_limit(limited: Limited) -> None:
    async with limited(1) as service:
        shop = await service.open_shop()
        assert (await shop.get("/v1/payments")).status == 200

        asked = [one for one in await operations_of(limited) if not one.is_public]
        for operation in asked:
            target = operation.path.format(**names_for(operation.path))
            answer = await shop.line(
                operation.method, target, b"", [("authorization", f"Bearer {shop.api_key}"), ("idempotency-key", "k")]
            )
            assert (answer.status, answer.code) == (429, "RATE_LIMITED"), operation

    assert len(asked) >= 9


async def operations_of(limited: Limited) -> tuple[Any, ...]:
    """Ask a service that does not refuse to tell its document."""
    async with limited(0) as service:
        return await operations(await service.open_shop())


async def test_no_handler_goes_without_the_guard(service: Service) -> None:
    app: Any = service.app
    while not isinstance(app, Litestar):
        app = app._app

    unlimited = set()
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            assert require_api_key in handler.resolve_guards(), handler
            if handler.opt.get("limit") == "none":
                unlimited.add(route.path)

    assert unlimited == UNLIMITED


async def test_keys_can_be_tried_from_one_address_only_so_often_and_nobody_is_asked_beyond(limited: Limited) -> None:
    async with limited(100) as service:
        shop = await service.open_shop()
        keys, good = HmacApiKeys(SECRET_KEY), shop.api_key
        answers = []
        for _ in range(STRANGERS_MIN + 3):
            shop.api_key = keys.mint()[0]
            answers.append(await shop.get("/v1/payments"))
        shop.api_key = good
        never_seen = await shop.get("/v1/payments")

    assert [answer.status for answer in answers] == [401] * STRANGERS_MIN + [429] * 3
    assert {left(answer)[0] for answer in answers} == {"address"}
    assert never_seen.status == 429  # Else a key that is tried beyond the limit would be found when it is a good one.


async def test_who_holds_a_good_key_is_not_locked_out_by_a_neighbour_who_tries_keys(limited: Limited) -> None:
    async with limited(1_000) as service:
        shop, guesser = await service.open_shop(), await service.open_shop()
        assert (await shop.get("/v1/payments")).status == 200
        guesser.api_key = "nobody"
        statuses = {(await guesser.get("/v1/payments")).status for _ in range(STRANGERS_MIN + 5)}
        _door(service)._callers._clock = lambda: 10.0**12  # What was remembered is old now.

        answer = await shop.get("/v1/payments")

    assert statuses == {401, 429}
    assert answer.status == 200


async def test_a_good_key_costs_its_address_nothing(limited: Limited) -> None:
    async with limited(1_000) as service:
        shops = [await service.open_shop() for _ in range(STRANGERS_MIN + 2)]

        answers = [await shop.get("/v1/payments") for shop in shops]

    assert {answer.status for answer in answers} == {200}


async def test_health_is_told_to_whoever_asks_however_often(limited: Limited) -> None:
    async with limited(1) as service:
        shop = await service.open_shop()
        statuses = {(await shop.line("GET", path, b"", [])).status for path in UNLIMITED for _ in range(20)}

    assert statuses == {200}


async def test_without_limits_nothing_is_told_of_any(limited: Limited) -> None:
    async with limited(0) as service:
        shop = await service.open_shop()
        answers = [await shop.get("/v1/payments") for _ in range(20)]

    assert {answer.status for answer in answers} == {200}
    assert not any("ratelimit" in answer.headers for answer in answers)


async def test_without_redis_everybody_is_served_within_this_process_own_limit(database: Database) -> None:
    away = settings_for(database, redis_url="redis://127.0.0.1:1/0", rate_limit_count=10, rate_limit_window=3_600)
    async with serving(away) as service:
        shop = await service.open_shop()
        statuses = [(await shop.get("/v1/payments")).status for _ in range(12)]

    share = -(-10 // away.api_processes)
    assert statuses == [200] * share + [429] * (12 - share)


async def test_the_hot_way_through_the_door_decides_as_the_ordinary_one(limited: Limited) -> None:
    async with limited(100) as service:
        shop = await service.open_shop()
        door, header = _door(service), f"Bearer {shop.api_key}".encode()
        unknown = door.admit_now(header)
        first = await door.admit(header, "192.0.2.1")

        known = door.peek(header)
        second = door.admit_now(header) or await door.admit(header, "192.0.2.1")

    assert unknown is None
    assert first.caller == second.caller == known
    assert known is not None
    assert known.tenant_id == shop.tenant_id
    assert (first.refusal(), second.refusal()) == (None, None)
    assert [one.verdict.remaining for one in (first, second)] == [99, 98]


def _door(service: Service) -> Door:
    app: Any = service.app
    while not isinstance(app, Litestar):
        app = app._app
    door: Door = app.state.door
    return door


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_addresses_of_one_customer_are_counted_as_one(address: str, network: str) -> None:
    assert network_of(address) == network
