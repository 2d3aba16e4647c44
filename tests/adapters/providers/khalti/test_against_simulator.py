"""Our Khalti adapter and a wallet that was written from Khalti's documentation, over real HTTP."""

import pytest

from domain.money import amount_of
from domain.providers import (
    AcceptedPending,
    CallbackEvent,
    Missing,
    NotSent,
    Rejected,
    Succeeded,
    Unknown,
    Verification,
)
from tests.adapters.providerkit.hostile import unused_port
from tests.adapters.providers.khalti.examples import NPR_40, NPR_100, pay, refund
from tests.adapters.providers.khalti.world import World


async def test_customer_pays_and_only_the_look_up_is_believed(world: World) -> None:
    instruction = await world.opened()
    before = await world.provider.look_up(instruction)

    query = await world.answered(instruction, "pay")
    world.provider.verify_callback(query, {}, now_seconds=0)
    said = world.provider.parse_callback(query)
    after = await world.provider.look_up(instruction)

    assert before == AcceptedPending(instruction.provider_reference or "", instruction.action_url)
    assert isinstance(said, tuple)
    assert isinstance(said[0], CallbackEvent)
    assert (said[0].operation_key, said[0].provider_reference) == (instruction.key, instruction.provider_reference)
    assert isinstance(after, Succeeded)
    assert after.amount == NPR_100
    assert after.provider_reference.startswith(f"{instruction.provider_reference}/")


async def test_customer_who_leaves_ends_the_payment(world: World) -> None:
    instruction = await world.opened()

    await world.answered(instruction, "cancel")

    finding = await world.provider.look_up(instruction)
    assert isinstance(finding, Rejected)
    assert finding.code == "user_canceled"


@pytest.mark.parametrize(("state", "kind"), [("expired", Rejected), ("pending", AcceptedPending)])
async def test_link_runs_out_and_payments_are_held(world: World, state: str, kind: type) -> None:
    instruction = await world.opened()

    await world.merchant.post(f"/control/wallets/khalti/{instruction.provider_reference}", {"state": state})

    assert isinstance(await world.provider.look_up(instruction), kind)


async def test_forged_way_back_moves_nothing(world: World) -> None:
    instruction = await world.opened()
    forged = f"pidx={instruction.provider_reference}&status=Completed&purchase_order_id={instruction.key}".encode()

    world.provider.verify_callback(forged, {}, now_seconds=0)

    assert isinstance(await world.provider.look_up(instruction), AcceptedPending)


async def test_whole_refund_and_a_second_one(world: World) -> None:
    reference = (await world.paid()).provider_reference
    instruction = refund(provider_reference=reference)
    before = await world.provider.look_up(instruction)

    first = await world.provider.perform(instruction)
    found = await world.provider.look_up(instruction)
    second = await world.provider.perform(instruction)

    assert isinstance(before, Missing)
    assert first == found == Succeeded(reference, NPR_100)
    assert isinstance(second, Rejected)
    assert isinstance(await world.provider.look_up(pay(provider_reference=reference)), Succeeded)


async def test_parts_are_given_back_until_nothing_is_left(world: World) -> None:
    reference = (await world.paid()).provider_reference
    parts = [
        await world.provider.perform(refund(key=f"r{number}", provider_reference=reference, amount=amount))
        for number, amount in enumerate([NPR_40, amount_of(6_000, "NPR"), NPR_40])
    ]

    assert [type(part) for part in parts] == [Succeeded, Succeeded, Rejected]
    books = (await world.merchant.get("/control/books/khalti")).json["lines"]
    assert [(line["captured"], line["refunded"]) for line in books] == [(10_000, 10_000)]


async def test_repeated_initiation_is_a_second_payment_which_is_why_nobody_repeats_one(world: World) -> None:
    first = await world.opened()
    second = await world.opened()

    assert first.provider_reference != second.provider_reference
    assert len((await world.merchant.get("/control/books/khalti")).json["lines"]) == 2


@pytest.mark.parametrize("wire", [{"kind": "cut", "after_bytes": 0}, {"kind": "cut", "after_bytes": 200}])
async def test_initiation_whose_answer_is_lost_ends_as_missing_and_nobody_can_pay_it(
    world: World, wire: dict[str, object]
) -> None:
    await world.merchant.post("/control/wire", {"on": "khalti.initiate", **wire})

    outcome = await world.provider.perform(pay())

    assert isinstance(outcome, Unknown)
    assert isinstance(await world.provider.look_up(pay()), Missing)
    assert len((await world.merchant.get("/control/books/khalti")).json["lines"]) == 1


async def test_refund_whose_answer_is_lost_is_found(world: World) -> None:
    reference = (await world.paid()).provider_reference
    await world.merchant.post("/control/wire", {"on": "khalti.refund", "kind": "cut", "after_bytes": 30})

    assert isinstance(await world.provider.perform(refund(provider_reference=reference)), Unknown)

    assert await world.provider.look_up(refund(provider_reference=reference)) == Succeeded(reference, NPR_100)


async def test_status_that_lags_behind_the_way_back_is_never_taken_for_an_end(world: World) -> None:
    instruction = await world.opened()
    await world.merchant.post("/control/wallets/khalti", {"lag_seconds": 3600})
    await world.answered(instruction, "pay")

    lagging = await world.provider.look_up(instruction)
    await world.merchant.post("/control/wallets/khalti", {"lag_seconds": 0})

    assert isinstance(lagging, AcceptedPending)
    assert isinstance(await world.provider.look_up(instruction), Succeeded)


async def test_key_is_verified_and_a_wrong_one_did_nothing(world: World) -> None:
    stranger = world.connect(secret_key="wrong")

    assert await world.provider.verify_credentials() is Verification.VALID
    assert await stranger.verify_credentials() is Verification.REFUSED
    assert isinstance(await stranger.perform(pay()), NotSent)
    assert isinstance(await stranger.look_up(await world.opened()), Unknown)


async def test_wallet_that_is_down_was_not_sent_to(world: World) -> None:
    nobody = world.connect(base_url=f"http://127.0.0.1:{unused_port()}")

    assert isinstance(await nobody.perform(pay()), NotSent)
    assert await nobody.verify_credentials() is Verification.UNKNOWN


async def test_wallet_itself_refuses_less_than_ten_rupees(world: World) -> None:
    body = {
        "return_url": "https://shop.example",
        "website_url": "https://shop.example",
        "amount": 999,
        "purchase_order_id": "x",
        "purchase_order_name": "x",
    }
    headers = {"Authorization": "Key sk_test_merchant"}
    address = f"{world.merchant.url}/khalti/api/v2/epayment/initiate/"
    async with world.merchant.session.post(address, json=body, headers=headers) as response:
        said = await response.json()

    assert (response.status, said["error_key"]) == (400, "validation_error")
