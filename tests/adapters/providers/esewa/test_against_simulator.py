"""Our eSewa adapter and a wallet that was written from eSewa's documentation, over real HTTP."""

import pytest

from domain.errors import MediatorError
from domain.money import amount_of
from domain.providers import AcceptedPending, CallbackEvent, Missing, Rejected, Succeeded, Unknown
from tests.adapters.providers.esewa.examples import NPR_100, pay
from tests.adapters.providers.esewa.world import World


async def test_customer_pays_and_the_status_confirms_it(world: World) -> None:
    instruction = await world.opened()
    before = await world.provider.look_up(instruction)
    assert await world.posted(instruction) == 200
    waiting = await world.provider.look_up(instruction)

    query = await world.answered(instruction, "pay")
    world.provider.verify_callback(query, {}, now_seconds=0)
    said = world.provider.parse_callback(query)

    assert isinstance(before, Missing)
    assert waiting == AcceptedPending("opn-1", instruction.action_url, instruction.action_fields)
    assert isinstance(said, tuple)
    assert isinstance(said[0], CallbackEvent)
    assert said[0].operation_key == instruction.key
    assert await world.provider.look_up(instruction) == Succeeded("opn-1", NPR_100)


@pytest.mark.parametrize("paisa", [1, 1_050, 100_000, 123_456_789])
async def test_amount_is_verified_and_read_in_each_way_that_it_is_written(world: World, paisa: int) -> None:
    amount = amount_of(paisa, "NPR")
    for number in range(3):
        instruction, query = await world.paid(key=f"opn_{number}", amount=amount)
        world.provider.verify_callback(query, {}, now_seconds=0)

        assert await world.provider.look_up(instruction) == Succeeded(f"opn-{number}", amount)


async def test_way_back_that_another_key_signed_is_refused(world: World) -> None:
    _, query = await world.paid()

    with pytest.raises(MediatorError):
        world.connect(secret_key="another").verify_callback(query, {}, now_seconds=0)


async def test_form_that_another_key_signed_is_refused_by_the_wallet(world: World) -> None:
    outcome = await world.connect(secret_key="another").perform(pay())
    assert isinstance(outcome, AcceptedPending)
    assert outcome.action_url is not None

    async with world.merchant.session.post(outcome.action_url, data=outcome.action_fields) as page:
        assert page.status == 400

    assert isinstance(await world.provider.look_up(pay()), Missing)


async def test_customer_who_leaves_ends_the_payment(world: World) -> None:
    instruction = await world.opened()
    await world.posted(instruction)

    query = await world.answered(instruction, "cancel")
    world.provider.verify_callback(query, {}, now_seconds=0)
    said = world.provider.parse_callback(query)

    assert isinstance(said, tuple)
    assert said[0].operation_key == instruction.key
    assert isinstance(await world.provider.look_up(instruction), Rejected)


async def test_transaction_is_paid_once_however_often_the_form_is_posted(world: World) -> None:
    instruction = await world.opened()

    posted = [await world.posted(instruction) for _ in range(2)]
    await world.answered(instruction, "pay")
    late = await world.posted(instruction)

    assert (posted, late) == ([200, 200], 400)
    [line] = (await world.merchant.get("/control/books/esewa")).json["lines"]
    assert (line["payment"], line["captured"]) == ("opn-1", 10_000)


@pytest.mark.parametrize(("state", "kind"), [("ambiguous", Unknown), ("expired", Missing), ("canceled", Rejected)])
async def test_words_of_the_status(world: World, state: str, kind: type) -> None:
    instruction = await world.opened()
    await world.posted(instruction)

    await world.merchant.post("/control/wallets/esewa/opn-1", {"state": state})

    assert isinstance(await world.provider.look_up(instruction), kind)


async def test_status_out_of_service_leaves_doubt(world: World) -> None:
    instruction, _ = await world.paid()
    await world.merchant.post("/control/wallets/esewa", {"is_out": True})

    out = await world.provider.look_up(instruction)
    await world.merchant.post("/control/wallets/esewa", {})

    assert isinstance(out, Unknown)
    assert isinstance(await world.provider.look_up(instruction), Succeeded)


async def test_question_with_another_amount_finds_nothing(world: World) -> None:
    await world.paid()

    assert isinstance(await world.provider.look_up(pay(amount=amount_of(9_999, "NPR"))), Missing)


async def test_refund_in_the_portal_leaves_the_payment_paid(world: World) -> None:
    instruction, _ = await world.paid()

    await world.merchant.post("/control/wallets/esewa/opn-1", {"state": "refunded"})

    assert isinstance(await world.provider.look_up(instruction), Succeeded)
