"""An entrance is a further way in: it can be shut alone, then refuses, and is found again at the same address."""

import aiohttp
import pytest

from tests.entrypoints.simulator.merchant import API_KEY, Merchant, new_charge

WAY = "/control/entrances/cards-a"


async def status_of(session: aiohttp.ClientSession, url: str) -> int:
    async with session.get(f"{url}/v1/health") as answer:
        await answer.read()
        return answer.status


async def test_entrance_leads_to_the_same_books(merchant: Merchant) -> None:
    url = (await merchant.post(WAY)).json["url"]
    headers = {"Authorization": f"Bearer {API_KEY}", "Idempotency-Key": "key-1"}

    async with merchant.session.post(
        f"{url}/v1/charges", json=new_charge(account="pac_1", payment="pay_1"), headers=headers
    ) as answer:
        assert answer.status == 201

    lines = (await merchant.get("/v1/books?account=pac_1")).json["lines"]
    assert url != merchant.url
    assert [one["payment"] for one in lines] == ["pay_1"]


async def test_shut_entrance_refuses_also_who_was_connected_and_is_found_again(merchant: Merchant) -> None:
    url = (await merchant.post(WAY)).json["url"]
    async with aiohttp.ClientSession() as session:
        assert await status_of(session, url) == 200

        shut = (await merchant.post(WAY, {"is_open": False})).json

        assert shut == {"name": "cards-a", "url": url, "is_open": False}
        with pytest.raises(aiohttp.ClientConnectorError):
            await status_of(session, url)
        assert await status_of(merchant.session, merchant.url) == 200
        assert (await merchant.post(WAY)).json == {"name": "cards-a", "url": url, "is_open": True}
        assert await status_of(session, url) == 200


async def test_shutting_one_entrance_leaves_the_other_and_repeating_it_changes_nothing(merchant: Merchant) -> None:
    first = (await merchant.post(WAY, {"is_open": False})).json["url"]
    other = (await merchant.post("/control/entrances/cards-b")).json["url"]

    assert (await merchant.post(WAY, {"is_open": False})).json["url"] == first
    assert await status_of(merchant.session, other) == 200
    with pytest.raises(aiohttp.ClientConnectorError):
        await status_of(merchant.session, first)


async def test_entrances_are_for_whoever_has_the_key(merchant: Merchant) -> None:
    async with merchant.session.post(f"{merchant.url}{WAY}", headers={"Authorization": "Bearer wrong"}) as answer:
        assert answer.status == 401
