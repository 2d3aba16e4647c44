"""Races, wrong credentials and faults on order at the gateway, its books, and its callbacks."""

import asyncio

import pytest

from domain.errors import CALLBACK_REFUSED, MediatorError
from domain.money import amount_of
from domain.providers import (
    CallbackEvent,
    Finding,
    Missing,
    NotSent,
    OperationKind,
    Outcome,
    Succeeded,
    Unknown,
    Unreadable,
)
from tests.adapters.providerkit.hostile import unused_port
from tests.adapters.providers.sandbox.examples import authorize, later
from tests.adapters.providers.sandbox.world import World
from tests.entrypoints.simulator.merchant import (
    Callback,
    Receiver,
)

EUR_10 = amount_of(1000, "EUR")
EUR_4 = amount_of(400, "EUR")


async def test_same_key_for_another_amount_is_never_guessed(world: World) -> None:
    await world.charged()

    outcome = await world.provider.perform(authorize(amount=EUR_4))

    assert isinstance(outcome, Unknown)
    assert len(await world.charges()) == 1


async def test_fifty_at_once_with_one_key_make_one_charge(world: World) -> None:
    outcomes = await asyncio.gather(*(world.provider.perform(authorize()) for _ in range(50)))

    assert len(set(map(repr, outcomes))) == 1
    assert isinstance(outcomes[0], Succeeded)
    assert len(await world.charges()) == 1


async def test_wrong_credential_was_not_processed(world: World) -> None:
    stranger = world.connect(api_key="wrong")

    assert isinstance(await stranger.perform(authorize()), NotSent)
    assert isinstance(await stranger.look_up(authorize()), Unknown)
    with pytest.raises(MediatorError):
        _ = [line async for line in stranger.books("acct_1")]
    assert await world.charges() == []


async def test_gateway_that_is_down_was_not_sent_to(world: World) -> None:
    nobody = world.connect(base_url=f"http://127.0.0.1:{unused_port()}")

    assert isinstance(await nobody.perform(authorize()), NotSent)
    assert isinstance(await nobody.look_up(authorize()), Unknown)


@pytest.mark.parametrize(
    ("kind", "outcome", "finding"),
    [
        ("rate_limit", NotSent, Missing),
        ("error_before", Unknown, Missing),
        ("cut_before", Unknown, Missing),
        ("error_after", Unknown, Succeeded),
        ("garbage", Unknown, Succeeded),
        ("cut", Unknown, Succeeded),
    ],
)
async def test_ordered_faults(world: World, kind: str, outcome: type[Outcome], finding: type[Finding]) -> None:
    await world.merchant.post("/control/faults", {"kind": kind, "on": "authorize"})

    assert isinstance(await world.provider.perform(authorize()), outcome)

    assert isinstance(await world.provider.look_up(authorize()), finding)


@pytest.mark.parametrize("kind", ["rate_limit", "error_before", "garbage"])
async def test_look_up_that_fails_says_nothing(world: World, kind: str) -> None:
    await world.charged()
    await world.merchant.post("/control/faults", {"kind": kind, "on": "look_up"})

    assert isinstance(await world.provider.look_up(authorize()), Unknown)
    assert isinstance(await world.provider.look_up(authorize()), Succeeded)


async def test_books_of_many_charges_come_whole(world: World) -> None:
    for number in range(205):
        await world.charged(key=f"op_{number}", payment_id=f"pay_{number}", capture=True)

    lines = await world.charges()

    assert [line.payment_id for line in lines] == [f"pay_{number}" for number in range(205)]


async def test_callbacks_are_believed_and_forged_ones_are_not(world: World, receiver: Receiver) -> None:
    charge = await world.charged(callback_url=receiver.url)
    [genuine] = list(await receiver.wait_for(1))
    for flaw in ("foreign_key", "unsigned", "stale", "altered"):
        await world.merchant.post("/control/callbacks/forge", {"charge": charge, "flaw": flaw})

    notice = read(world, genuine)

    assert notice.event_id.startswith("evt_")
    assert (notice.kind, notice.operation_key, notice.provider_reference) == ("charge.authorized", "op_1", charge)
    forged = receiver.taken[1:]
    assert len(forged) == 4
    for callback in forged:
        with pytest.raises(MediatorError) as refusal:
            world.provider.verify_callback(callback.raw, headers_of(callback), now_seconds=time_of(genuine))
        assert refusal.value.entry is CALLBACK_REFUSED


async def test_every_kind_of_callback_can_be_read(world: World, receiver: Receiver) -> None:
    for number, (source, kind) in enumerate(
        [
            ("tok_declined", None),
            ("tok_action", None),
            ("tok_pending", None),
            ("tok_success", OperationKind.CAPTURE),
            ("tok_success", OperationKind.VOID),
            ("tok_capture_declined", OperationKind.CAPTURE),
        ]
    ):
        outcome = await world.provider.perform(
            authorize(key=f"a{number}", payment_method=source, callback_url=receiver.url)
        )
        if kind is not None and isinstance(outcome, Succeeded):
            reference = outcome.provider_reference
            await world.provider.perform(later(kind, key=f"b{number}", provider_reference=reference, amount=EUR_4))
    for number, source in enumerate(["tok_success", "tok_refund_declined", "tok_refund_pending"]):
        charge = await world.charged(source, key=f"c{number}", capture=True, callback_url=receiver.url)
        refund = later(OperationKind.REFUND, key=f"d{number}", provider_reference=charge, amount=EUR_4)
        await world.provider.perform(refund)

    taken = await receiver.wait_for(17)
    kinds = {read(world, one).kind for one in taken}

    assert kinds == {
        "charge.authorized",
        "charge.captured",
        "charge.partially_captured",
        "charge.capture_declined",
        "charge.declined",
        "charge.pending",
        "charge.requires_action",
        "charge.voided",
        "refund.failed",
        "refund.pending",
        "refund.succeeded",
    }


def read(world: World, callback: Callback) -> CallbackEvent:
    world.provider.verify_callback(callback.raw, headers_of(callback), now_seconds=time_of(callback))
    said = world.provider.parse_callback(callback.raw)
    assert not isinstance(said, Unreadable), said
    (event,) = said
    return event


def headers_of(callback: Callback) -> dict[str, str]:
    return {} if callback.signature is None else {"sandbox-signature": callback.signature}


def time_of(callback: Callback) -> float:
    return float((callback.signature or "t=0,").split(",")[0].removeprefix("t="))
