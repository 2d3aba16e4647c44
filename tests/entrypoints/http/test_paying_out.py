"""Payouts over HTTP, sent by a worker to the sandbox: what becomes of the money, as the caller sees it."""

import asyncio
import time
from typing import Any

import pytest

from application.payouts.carry_out_payout import CarryOutPayout, CarryOutPayoutHandler
from domain.ids import PayoutId, Prefix, find_id
from tests.entrypoints.http.edge.asking import Answer
from tests.entrypoints.http.service import Service, system_call
from tests.entrypoints.http.shop import Shop

IBAN = "DE89 3704 0044 0532 0130 00"
PATIENCE_SECONDS = 20.0


class Treasury:
    """Pays out in the name of a shop, and does a worker's steps."""

    def __init__(self, service: Service, shop: Shop) -> None:
        self.service = service
        self.shop = shop

    async def beneficiary(self, name: str = "Anna Example", **changes: Any) -> Any:
        body = {"type": "iban", "name": name, "currency": "EUR", "iban": IBAN, **changes}
        answer = await self.shop.post("/v1/beneficiaries", body)
        assert answer.status == 201, answer
        return answer.json()

    async def order(self, name: str = "Anna Example", *, key: str | None = None, **changes: Any) -> Answer:
        beneficiary = await self.beneficiary(name)
        body = {"amount": 400, "currency": "EUR", "beneficiary_id": beneficiary["id"], **changes}
        return await self.shop.post("/v1/payouts", body, key=key)

    async def ordered(self, name: str = "Anna Example", **changes: Any) -> Any:
        answer = await self.order(name, **changes)
        assert answer.status == 201, answer
        return answer.json()

    async def payout(self, payout_id: str) -> Any:
        answer = await self.shop.get(f"/v1/payouts/{payout_id}")
        assert answer.status == 200, answer
        return answer.json()

    async def step(self, payout_id: str) -> Any:
        """Take the worker's next step."""
        found = find_id(Prefix.PAYOUT, payout_id)
        assert found is not None
        handler = await self.service.worker.get(CarryOutPayoutHandler)
        await handler(CarryOutPayout(PayoutId(found)), system_call(self.shop.tenant_id))
        return await self.payout(payout_id)

    async def until(self, payout_id: str, *states: str) -> Any:
        """Take steps until the payout is in one of these states."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (payout := await self.step(payout_id))["state"] not in states:
            assert time.monotonic() < deadline, payout
            await asyncio.sleep(0.05)
        return payout

    async def available(self, account: str = "merchant:main:payable") -> int:
        found = [one for one in await self.shop.all("/v1/ledger/balances") if one["account"] == account]
        return int(found[0]["available"]) if found else 0


@pytest.fixture
async def treasury(service: Service, shop: Shop) -> Treasury:
    """A shop that has taken 10.00 EUR."""
    await shop.paid()
    return Treasury(service, shop)


async def test_a_payout_is_sent_by_a_worker_arrives_and_is_booked(treasury: Treasury) -> None:
    created = await treasury.ordered()
    assert (created["state"], created["money_state"], await treasury.available()) == ("created", "held", 600)

    sent = await treasury.step(created["id"])
    assert (sent["state"], sent["completed_at"]) == ("sent", None)
    done = await treasury.until(created["id"], "completed")

    assert (done["money_state"], await treasury.available()) == ("moved", 600)
    assert [(one["kind"], one["account"].rpartition(":")[2], one["direction"]) for one in done["entries"]] == [
        ("payout", "payable", "debit"),
        ("payout", "in_transit", "credit"),
        ("payout_completed", "in_transit", "debit"),
        ("payout_completed", "clearing", "credit"),
    ]
    assert done["timeline"][-1]["description"] == "4.00 EUR arrived, as the provider says, and is booked."
    report = await treasury.service.prove(treasury.shop.tenant_id)
    assert report.holds, [one for one in report.results if one.faults]
