"""Payouts over HTTP, sent by a worker to the sandbox: what becomes of the money, as the caller sees it."""

import asyncio
import io
import time
from typing import Any

import msgspec
import pytest
from uuid_utils.compat import uuid7

from application.callbacks.apply_callback import ApplyCallback, ApplyCallbackHandler
from application.payouts.carry_out_payout import CarryOutPayout, CarryOutPayoutHandler
from application.ports.callbacks import CallbackFilter, CallbackQueries
from domain.ids import PayoutId, Prefix, find_id
from entrypoints.simulator.callbacks import signature_of
from tests.entrypoints.http.edge.asking import Answer
from tests.entrypoints.http.service import Service, system_call
from tests.entrypoints.http.shop import Shop
from tests.entrypoints.simulator.merchant import CALLBACK_SECRET, Merchant

IBAN = "DE89 3704 0044 0532 0130 00"
PATIENCE_SECONDS = 20.0


class Treasury:
    """Pays out in the name of a shop, and does a worker's steps."""

    def __init__(self, service: Service, shop: Shop, sandbox: Merchant) -> None:
        self.service = service
        self.shop = shop
        self.sandbox = sandbox

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

    async def told_of(self, payout_id: str, state: str) -> Any:
        """Have the bank call back until the payout is in that state."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (payout := await self.payout(payout_id))["state"] != state:
            assert time.monotonic() < deadline, payout
            await self.call_back(payout["operations"][0]["key"])
            await asyncio.sleep(0.05)
        return payout

    async def call_back(self, key: str) -> None:
        """Have the bank say that something became of a payout, and a worker react."""
        event_id = f"evt_{uuid7().hex}"
        raw = msgspec.json.encode({"id": event_id, "type": "payout.paid", "operation_key": key, "payout": {}})
        headers = [("sandbox-signature", signature_of(raw, CALLBACK_SECRET, at=int(time.time())))]
        answer = await self.shop.line("POST", f"/v1/callbacks/sandbox/{self.shop.account}", raw, headers)
        assert answer.status == 204, answer
        queries = await self.service.worker.get(CallbackQueries)
        [newest] = await queries.page(self.shop.tenant_id, CallbackFilter(), before=None, limit=1)
        handler = await self.service.worker.get(ApplyCallbackHandler)
        await handler(ApplyCallback(newest.id), system_call(self.shop.tenant_id))

    async def at_the_bank(self, payout_id: str) -> list[Any]:
        """Give what the bank knows of a payout."""
        answer = await self.sandbox.get(f"/v1/payouts?account={self.shop.account}")
        return [one for one in answer.json["payouts"] if one["payout"] == payout_id]

    async def available(self, account: str = "merchant:main:payable") -> int:
        found = [one for one in await self.shop.all("/v1/ledger/balances") if one["account"] == account]
        return int(found[0]["available"]) if found else 0


@pytest.fixture
async def treasury(service: Service, shop: Shop, sandbox: Merchant) -> Treasury:
    """A shop that has taken 10.00 EUR."""
    await shop.paid()
    return Treasury(service, shop, sandbox)


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


@pytest.mark.parametrize(
    ("name", "ends", "available"),
    [
        ("Anna Instant", "completed", 600),
        ("Anna Rejected", "failed", 1000),
        ("Anna Failed", "failed", 1000),
        ("Anna Cut", "completed", 600),
        ("Anna Garbage", "completed", 600),
        ("Anna Silent", "completed", 600),
        ("Anna Returned", "returned", 1000),
        ("Anna Surplus", "needs_review", 600),
    ],
)
async def test_a_payout_ends_as_it_ends_at_the_bank(treasury: Treasury, name: str, ends: str, available: int) -> None:
    created = await treasury.ordered(name)

    await treasury.until(created["id"], "completed", ends)
    done = await treasury.told_of(created["id"], ends)

    assert (done["state"], await treasury.available()) == (ends, available)
    assert len({one["key"] for one in done["operations"]}) == 1
    assert len(await treasury.at_the_bank(created["id"])) == (0 if name == "Anna Rejected" else 1)
    assert (await treasury.service.prove(treasury.shop.tenant_id)).holds


async def test_a_payout_whose_connection_broke_before_it_arrived_is_sent_again_after_the_horizon(
    treasury: Treasury,
) -> None:
    created = await treasury.ordered("Anna Drop")
    doubtful = await treasury.step(created["id"])
    assert (doubtful["state"], doubtful["money_state"]) == ("processing", "unknown")

    done = await treasury.until(created["id"], "completed")

    assert (done["operations"][0]["sends"], len(await treasury.at_the_bank(created["id"]))) == (2, 1)


async def test_a_payout_waits_for_its_approval_and_tells_who_gave_it(treasury: Treasury) -> None:
    created = await treasury.ordered(requires_approval=True)
    assert created["state"] == "requires_approval"
    assert (await treasury.step(created["id"]))["state"] == "requires_approval"

    approved = await treasury.shop.post(f"/v1/payouts/{created['id']}/approve", key="yes")
    again = await treasury.shop.post(f"/v1/payouts/{created['id']}/approve", key="yes")

    assert (approved.status, approved.json()["state"]) == (200, "approved")
    assert approved.json()["decided_by"] == approved.json()["created_by"]
    assert (again.body, again.headers["idempotency-replayed"]) == (approved.body, "true")
    assert (await treasury.until(created["id"], "completed"))["decided_by"] is not None


@pytest.mark.parametrize("verb", ["deny", "cancel"])
async def test_a_payout_that_is_stopped_in_time_gives_its_money_back(treasury: Treasury, verb: str) -> None:
    created = await treasury.ordered(requires_approval=True)

    stopped = await treasury.shop.post(f"/v1/payouts/{created['id']}/{verb}")
    refused = await treasury.shop.post(f"/v1/payouts/{created['id']}/approve")

    assert (stopped.status, await treasury.available()) == (200, 1000)
    assert (refused.status, refused.json()["code"]) == (409, "STATE_CONFLICT")
    assert await treasury.at_the_bank(created["id"]) == []


async def test_a_payout_beyond_what_is_available_is_refused(treasury: Treasury) -> None:
    answer = await treasury.order(amount=1001)

    assert (answer.status, answer.json()["code"]) == (422, "LEDGER_INSUFFICIENT_FUNDS")
    assert answer.json()["money_state"] == "none"


async def test_one_key_makes_one_payout_and_tells_it_to_the_byte(treasury: Treasury) -> None:
    beneficiary = await treasury.beneficiary()
    body = {"amount": 400, "currency": "EUR", "beneficiary_id": beneficiary["id"]}

    first = await treasury.shop.post("/v1/payouts", body, key="once")
    await treasury.until(first.json()["id"], "completed")
    again = await treasury.shop.post("/v1/payouts", body, key="once")

    assert (again.status, again.body, again.headers["idempotency-replayed"]) == (201, first.body, "true")
    assert again.headers["location"] == f"/v1/payouts/{first.json()['id']}"
    assert await treasury.available() == 600


async def test_an_account_that_cannot_send_it_is_named_with_its_reason(treasury: Treasury) -> None:
    nobody = await treasury.order(provider_account_id=f"pac_{'0' * 32}")
    nonsense = await treasury.order(provider_account_id=f"pay_{'0' * 32}")
    mine = await treasury.order(provider_account_id=treasury.shop.account)

    assert (nobody.status, nobody.json()["code"]) == (422, "ROUTE_NO_PROVIDER")
    assert (nonsense.status, nonsense.json()["errors"][0]["pointer"]) == (422, "/provider_account_id")
    assert (mine.status, mine.json()["provider_account_id"]) == (201, treasury.shop.account)


async def test_payouts_are_listed_by_state_and_page_by_page(treasury: Treasury) -> None:
    made = [await treasury.ordered(amount=100 + number, requires_approval=number == 1) for number in range(3)]
    ids = [one["id"] for one in reversed(made)]

    assert [one["id"] for one in await treasury.shop.all("/v1/payouts", limit=2)] == ids
    waiting = await treasury.shop.all("/v1/payouts", state="requires_approval", currency="EUR")
    assert [one["id"] for one in waiting] == [made[1]["id"]]


async def test_a_payout_of_another_tenant_is_not_found(treasury: Treasury, other_shop: Shop) -> None:
    created = await treasury.ordered()

    for verb in ("", "/approve", "/deny", "/cancel"):
        path = f"/v1/payouts/{created['id']}{verb}"
        answer = await (other_shop.post(path) if verb else other_shop.get(path))
        assert (answer.status, answer.json()["code"]) == (404, "NOT_FOUND")
    stranger = await other_shop.post(
        "/v1/payouts", {"amount": 1, "currency": "EUR", "beneficiary_id": created["beneficiary_id"]}
    )
    assert stranger.status == 404


class TestBeneficiaries:
    """Whom payouts are for."""

    async def test_an_iban_is_kept_in_full_with_its_bank(self, treasury: Treasury) -> None:
        kept = await treasury.beneficiary()

        assert (kept["iban"], kept["bic"], kept["country"]) == ("DE89370400440532013000", "COBADEFFXXX", "DE")
        assert kept["account"] == "*" * 18 + "3000"

    async def test_in_nepal_a_bank_and_a_number_name_an_account(self, treasury: Treasury) -> None:
        body = {"type": "account", "name": "Sita Example", "currency": "NPR", "country": "NP"}
        numbers = {"bank_code": "NARBNPKA", "account_number": "0123456789012345"}

        kept = await treasury.shop.post("/v1/beneficiaries", {**body, **numbers})
        bankless = await treasury.shop.post("/v1/beneficiaries", {**body, "account_number": "0123"})

        assert (kept.status, kept.json()["iban"], kept.json()["account"]) == (201, None, "*" * 12 + "2345")
        assert (bankless.status, bankless.json()["errors"][0]["pointer"]) == (422, "/bank_code")

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"iban": "DE89 3704 0044 0532 0130 01"}, "/iban"),
            ({"iban": "DE89 3704 0044 0532 0130"}, "/iban"),
            ({"iban": "NP89 3704 0044 0532 0130 00"}, "/iban"),
            ({"iban": None}, "/iban"),
            ({"bic": "COBA"}, "/bic"),
            ({"country": "FR"}, "/country"),
            ({"account_number": "1"}, "/account_number"),
            ({"type": "wallet"}, "/iban"),
            ({"name": " "}, "/name"),
        ],
    )
    async def test_what_is_wrong_is_named_and_never_repeated(
        self, treasury: Treasury, changes: dict[str, Any], pointer: str
    ) -> None:
        body = {"type": "iban", "name": "Anna Example", "currency": "EUR", "iban": IBAN, **changes}

        answer = await treasury.shop.post("/v1/beneficiaries", body)

        assert (answer.status, answer.json()["errors"][0]["pointer"]) == (422, pointer)
        assert b"3704" not in answer.body

    async def test_lists_show_the_last_four_characters_only(self, treasury: Treasury, log: io.BytesIO) -> None:
        kept = await treasury.beneficiary(reference="anna")

        answer = await treasury.shop.get("/v1/beneficiaries", reference="anna")

        assert [one["id"] for one in answer.json()["data"]] == [kept["id"]]
        assert b"370400440532" not in answer.body
        assert b"370400440532" not in log.getvalue()

    async def test_nothing_goes_to_an_archived_one_and_archiving_again_is_the_same(self, treasury: Treasury) -> None:
        kept = await treasury.beneficiary()
        path = f"/v1/beneficiaries/{kept['id']}"

        archived = [await treasury.shop.post(f"{path}/archive") for _ in range(2)]
        body = {"amount": 1, "currency": "EUR", "beneficiary_id": kept["id"]}
        refused = await treasury.shop.post("/v1/payouts", body)

        assert [one.json()["state"] for one in archived] == ["archived", "archived"]
        assert archived[0].body == archived[1].body == (await treasury.shop.get(path)).body
        assert (refused.status, refused.json()["code"]) == (409, "STATE_CONFLICT")

    async def test_one_key_adds_one(self, treasury: Treasury) -> None:
        body = {"type": "iban", "name": "Anna Example", "currency": "EUR", "iban": IBAN}

        answers = [await treasury.shop.post("/v1/beneficiaries", body, key="anna") for _ in range(2)]

        assert answers[0].body == answers[1].body
        assert len(await treasury.shop.all("/v1/beneficiaries")) == 1
