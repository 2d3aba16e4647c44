"""The shop of the scenario: a careful client."""

import time

import pytest

from entrypoints.cli.scenario.shop import Shop
from tests.entrypoints.cli.scenario.conftest import Script


async def test_request_in_flight_is_repeated_with_its_key_after_the_time_that_was_told(
    shop: Shop, script: Script
) -> None:
    script.answer(409, {"code": "IDEM_IN_FLIGHT"}, retry_after="1")
    script.answer(503, {"code": "BACKPRESSURE"}, retry_after="0")
    script.answer(201, {"state": "succeeded"})

    began = time.monotonic()
    answer = await shop.post_until_answered("/v1/payments", {"amount": 1}, key="one")

    assert answer.verdict == "201 succeeded"
    assert time.monotonic() - began >= 1
    assert script.asked == [("POST", "/v1/payments", "one", b'{"amount":1}')] * 3


@pytest.mark.parametrize("status", [429, 503])
async def test_request_that_came_at_a_busy_time_comes_again_with_its_key(
    shop: Shop, script: Script, status: int
) -> None:
    script.answer(status, {"code": "BACKPRESSURE"}, retry_after="0")
    script.answer(201, {"id": "pay_1"})

    answer = await shop.pay("tok_success", key="one")

    assert answer.payment_id == "pay_1"
    assert [key for _, _, key, _ in script.asked] == ["one", "one"]


async def test_refusal_that_names_no_time_to_come_again_is_taken_as_it_is(shop: Shop, script: Script) -> None:
    script.answer(503, {"code": "ROUTE_NO_PROVIDER"})

    with pytest.raises(ValueError, match="the API answered 503 ROUTE_NO_PROVIDER"):
        await shop.paid()


async def test_payment_that_cannot_be_read_says_so(shop: Shop, script: Script) -> None:
    script.answer(404, {"code": "NOT_FOUND"})

    with pytest.raises(ValueError, match="/v1/payments/pay_1 was to be read, but the API answered 404 NOT_FOUND"):
        await shop.payment("pay_1")


async def test_each_request_has_a_key_of_its_own(shop: Shop, script: Script) -> None:
    for _ in range(2):
        script.answer(201, {"id": "pay_1"})
        await shop.pay("tok_success")

    first, second = (key for _, _, key, _ in script.asked)
    assert first != second
    assert all(key is not None and len(key) == 36 for key in (first, second))


async def test_payment_that_was_needed_and_refused_says_so(shop: Shop, script: Script) -> None:
    script.answer(402, {"code": "PROV_DECLINED_HARD"})

    with pytest.raises(ValueError, match="the API answered 402 PROV_DECLINED_HARD"):
        await shop.paid()


async def test_payment_is_read_until_it_happened(shop: Shop, script: Script) -> None:
    for state in ("processing", "processing", "succeeded", "never read"):
        script.answer(200, {"state": state})

    payment = await shop.payment_once("pay_1", lambda found: found["state"] == "succeeded")

    assert payment == {"state": "succeeded"}
    assert [url for _, url, _, _ in script.asked] == ["/v1/payments/pay_1"] * 3


async def test_list_is_read_to_its_end(shop: Shop, script: Script) -> None:
    script.answer(200, {"data": [1, 2], "next_cursor": "two"})
    script.answer(200, {"data": [3], "next_cursor": None})

    assert await shop.list_all("/v1/payments?limit=2") == [1, 2, 3]
    assert [url for _, url, _, _ in script.asked] == ["/v1/payments?limit=2", "/v1/payments?limit=2&cursor=two"]


async def test_door_of_the_simulator_that_refuses_says_so(shop: Shop, script: Script) -> None:
    script.answer(409, {"error": {"code": "state_conflict"}})

    with pytest.raises(ValueError, match=r"the simulator refused charges/ch_1/settle: .*state_conflict"):
        await shop.at_the_provider("charges/ch_1/settle", {"approve": True})


def test_sentence_is_filled_with_amounts_of_exactly_the_currencys_decimals(shop: Shop) -> None:
    assert shop.filled("{price}, {part}, {rest}, {nothing}") == "19.99 EUR, 7.99 EUR, 12.00 EUR, 0.00 EUR"
    assert shop.shown(5) == "0.05 EUR"
