"""The doors to limits and balance monitors: made, counted, ended; what is watched goes the careful way."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.entrypoints.http.shop import Shop, new_key

LIMITS, MONITORS = "/v1/ledger/limits", "/v1/ledger/monitors"


async def accounts(shop: Shop) -> tuple[str, str]:
    return (await shop.open("a"))["id"], (await shop.open("b"))["id"]


def a_limit(scope: str = "account", **changes: Any) -> dict[str, Any]:
    subject = {"account": "a"} if scope == "account" else {}
    return {"scope": scope, "currency": "EUR", "window_seconds": 31_622_400, **subject, **changes}


async def flags(owner_url: str, shop: Shop) -> tuple[bool, bool]:
    """Say whether account `a` is watched, and whether the tenant is limited."""
    connection = await asyncpg.connect(owner_url)
    try:
        watched = "select watched from fm.ledger_accounts where tenant_id = $1 and code = 'a'"
        limited = "select limited from fm.tenants where tenant_id = $1"
        return await connection.fetchval(watched, shop.tenant_id), await connection.fetchval(limited, shop.tenant_id)
    finally:
        await connection.close()


class TestLimits:
    """What may go out in a window."""

    @pytest.mark.parametrize("scope", ["account", "tenant", "api_key"])
    async def test_what_is_used_is_told_and_more_is_refused(self, shop: Shop, scope: str) -> None:
        await accounts(shop)
        made = await shop.post(LIMITS, a_limit(scope, amount_max=100))
        first = await shop.transfer("a", "b", 60)

        refused = await shop.transfer("a", "b", 41)
        taken = await shop.transfer("a", "b", 40)
        (told,) = await shop.all(LIMITS, scope=scope)

        assert (made.status, made.json()["amount_used"]) == (201, 0)
        assert (first.status, taken.status) == (201, 201)
        assert (refused.status, refused.code, refused.json()["money_state"]) == (422, "GATE_LIMIT_EXCEEDED", "none")
        assert (told["id"], told["amount_used"], told["count_used"], told["amount_max"], told["count_max"]) == (
            *(made.json()["id"], 100, 2, 100, None),
        )

    async def test_a_count_is_a_limit_too_and_holds_count_like_transfers(self, shop: Shop) -> None:
        await accounts(shop)
        await shop.post(LIMITS, a_limit(count_max=2))
        hold = {"debit_account": "a", "credit_account": "b", "amount": 1, "currency": "EUR"}

        answers = [await shop.transfer("a", "b"), await shop.post("/v1/holds", hold), await shop.transfer("a", "b")]
        back = await shop.transfer("b", "a")

        assert [answer.status for answer in answers] == [201, 201, 422]
        assert back.status == 201

    async def test_many_at_once_cannot_exceed_a_limit_together(self, shop: Shop) -> None:
        one, _ = await accounts(shop)
        await shop.post(LIMITS, a_limit(amount_max=1000))

        answers = await asyncio.gather(*(shop.transfer("a", "b", 100) for _ in range(30)))

        assert sorted(answer.status for answer in answers) == [201] * 10 + [422] * 20
        assert await shop.standing(one) == (-1000, -1000, -1000)

    @pytest.mark.parametrize("scope", ["account", "tenant", "api_key"])
    async def test_a_limit_that_ended_is_kept_and_refuses_nothing(self, shop: Shop, scope: str, owner_url: str) -> None:
        await accounts(shop)
        limit = (await shop.post(LIMITS, a_limit(scope, count_max=0))).json()["id"]
        before = await flags(owner_url, shop)
        refused = await shop.transfer("a", "b")

        ended, again = [await shop.delete(f"{LIMITS}/{limit}") for _ in range(2)]

        assert refused.code == "GATE_LIMIT_EXCEEDED"
        assert before == ((True, False) if scope == "account" else (False, True))
        assert ended.json() == again.json()
        assert ended.json()["ended_at"] is not None
        assert (await shop.transfer("a", "b")).status == 201
        assert await shop.all(LIMITS) == []
        assert [one["id"] for one in await shop.all(LIMITS, ended="true")] == [limit]
        assert await flags(owner_url, shop) == (False, False)

    async def test_the_last_of_several_lets_the_account_go(self, shop: Shop, owner_url: str) -> None:
        await accounts(shop)
        limits = [(await shop.post(LIMITS, a_limit(count_max=9))).json()["id"] for _ in range(2)]
        monitor = (await shop.post(MONITORS, a_monitor())).json()["id"]

        watched = []
        for path in (f"{LIMITS}/{limits[0]}", f"{MONITORS}/{monitor}", f"{LIMITS}/{limits[1]}"):
            await shop.delete(path)
            watched.append((await flags(owner_url, shop))[0])

        assert watched == [True, True, False]

    async def test_the_first_answer_is_given_again(self, shop: Shop) -> None:
        await accounts(shop)
        key = new_key()
        first = await shop.post(LIMITS, a_limit(amount_max=100), key=key)
        await shop.transfer("a", "b", 60)

        again = await shop.post(LIMITS, a_limit(amount_max=100), key=key)

        assert (again.status, again.body, again.headers["idempotency-replayed"]) == (201, first.body, "true")
        assert len(await shop.all(LIMITS)) == 1

    @pytest.mark.parametrize(
        ("body", "code", "pointer"),
        [
            (a_limit(count_max=1, account="nobody"), "LEDGER_ACCOUNT_UNKNOWN", "/account"),
            (a_limit(count_max=1, account=f"acc_{'0' * 32}"), "LEDGER_ACCOUNT_UNKNOWN", "/account"),
            (a_limit(), "VAL_FIELD", ""),
            (a_limit(count_max=-1), "VAL_FIELD", "/count_max"),
            (a_limit(count_max=1, window_seconds=0), "VAL_FIELD", "/window_seconds"),
            (a_limit("tenant", count_max=1, account="a"), "VAL_FIELD", "/account"),
            (a_limit("account", count_max=1, api_key_id=f"key_{'0' * 32}"), "VAL_FIELD", "/api_key_id"),
            ({"scope": "account", "currency": "EUR", "window_seconds": 1, "count_max": 1}, "VAL_FIELD", "/account"),
            (a_limit(count_max=1, currency="HRK"), "VAL_CURRENCY", "/currency"),
        ],
    )
    async def test_what_is_no_limit_is_refused(self, shop: Shop, body: Any, code: str, pointer: str) -> None:
        refused = await shop.post(LIMITS, body)

        assert (refused.status, refused.code, refused.json()["errors"][0]["pointer"]) == (422, code, pointer)

    async def test_a_limit_is_of_a_key_of_the_tenant(self, shop: Shop, other_shop: Shop) -> None:
        theirs = (await other_shop.post(LIMITS, a_limit("api_key", count_max=1))).json()["api_key_id"]

        refused = await shop.post(LIMITS, a_limit("api_key", count_max=1, api_key_id=theirs))

        assert (refused.status, refused.code, refused.json()["errors"][0]["pointer"]) == (
            404,
            "NOT_FOUND",
            "/api_key_id",
        )

    async def test_a_limit_has_the_currency_of_its_account(self, shop: Shop) -> None:
        account, _ = await accounts(shop)

        refused = await shop.post(LIMITS, a_limit(count_max=1, account=account, currency="JPY"))

        assert (refused.status, refused.code) == (422, "LEDGER_CURRENCY_MISMATCH")


def a_monitor(**changes: Any) -> dict[str, Any]:
    return {
        "account": "a",
        "currency": "EUR",
        "measure": "available",
        "comparison": "lt",
        "threshold": -100,
        **changes,
    }


class TestMonitors:
    """Conditions that fire when they begin to hold."""

    async def test_a_monitor_fires_once_on_crossing_and_again_only_after_it_ceased(self, shop: Shop) -> None:
        await accounts(shop)
        made = await shop.post(MONITORS, a_monitor(description="low"))
        told = []
        for debit, credit, amount in (("a", "b", 100), ("a", "b", 1), ("a", "b", 5), ("b", "a", 6), ("a", "b", 1)):
            assert (await shop.transfer(debit, credit, amount)).status == 201
            (now,) = await shop.all(MONITORS)
            told.append((now["is_met"], now["fired_count"]))

        assert (made.status, made.json()["is_met"], made.json()["fired_count"]) == (201, False, 0)
        assert told == [(False, 0), (True, 1), (True, 1), (False, 1), (True, 2)]

    @pytest.mark.parametrize(
        ("measure", "comparison", "threshold", "met"),
        [
            ("posted", "eq", -30, True),
            ("posted", "lt", -30, False),
            ("posted", "lte", "-30", True),
            ("pending", "eq", -37, True),
            ("available", "gt", -37, False),
            ("available", "gte", -37, True),
            ("available", "lt", 0, True),
        ],
    )
    async def test_what_holds_at_the_beginning_is_told(
        self, shop: Shop, measure: str, comparison: str, threshold: object, met: object
    ) -> None:
        await accounts(shop)
        await shop.transfer("a", "b", 30)
        hold = {"debit_account": "a", "credit_account": "b", "amount": 7, "currency": "EUR"}
        await shop.post("/v1/holds", hold)

        made = await shop.post(MONITORS, a_monitor(measure=measure, comparison=comparison, threshold=threshold))

        assert (made.status, made.json()["is_met"], made.json()["fired_count"]) == (201, met, 0)

    async def test_a_monitor_that_ended_is_kept_and_fires_no_more(self, shop: Shop, owner_url: str) -> None:
        account, _ = await accounts(shop)
        monitor = (await shop.post(MONITORS, a_monitor(account=account))).json()["id"]
        before = await flags(owner_url, shop)

        ended, again = [await shop.delete(f"{MONITORS}/{monitor}") for _ in range(2)]
        await shop.transfer("a", "b", 500)

        assert (before, await flags(owner_url, shop)) == ((True, False), (False, False))
        assert ended.json() == again.json()
        assert await shop.all(MONITORS, account_id=account) == []
        (told,) = await shop.all(MONITORS, account_id=account, ended="true")
        assert told == ended.json()
        assert told["ended_at"] is not None

    async def test_the_first_answer_is_given_again(self, shop: Shop) -> None:
        await accounts(shop)
        key = new_key()

        first, again = [await shop.post(MONITORS, a_monitor(), key=key) for _ in range(2)]

        assert (again.status, again.body, again.headers["idempotency-replayed"]) == (201, first.body, "true")
        assert len(await shop.all(MONITORS)) == 1

    @pytest.mark.parametrize("name", ["nobody", f"acc_{'0' * 32}"])
    async def test_an_unknown_account_has_no_monitor(self, shop: Shop, name: str) -> None:
        refused = await shop.post(MONITORS, a_monitor(account=name))

        assert (refused.status, refused.code) == (422, "LEDGER_ACCOUNT_UNKNOWN")

    @pytest.mark.parametrize("limit", [1, 3])
    async def test_pages_of_any_size_show_each_once(self, shop: Shop, limit: int) -> None:
        await accounts(shop)
        monitors = [(await shop.post(MONITORS, a_monitor())).json()["id"] for _ in range(3)]
        limits = [(await shop.post(LIMITS, a_limit(count_max=1))).json()["id"] for _ in range(3)]

        assert [one["id"] for one in await shop.all(MONITORS, limit=limit)] == monitors[::-1]
        assert [one["id"] for one in await shop.all(LIMITS, limit=limit)] == limits[::-1]
