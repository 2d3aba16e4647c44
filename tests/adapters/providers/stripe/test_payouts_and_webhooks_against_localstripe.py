"""Payouts, and webhooks as they really arrive, against a Stripe that nobody here wrote."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
import stripe
from aiohttp import web

from domain.errors import MediatorError
from domain.money import amount_of
from domain.providers import AcceptedPending, Comeback, Decline, Missing, OperationKind, Rejected, Succeeded, Unreadable
from tests.adapters.providers.stripe.examples import CREDENTIALS, authorize, payout
from tests.adapters.providers.stripe.world import World, fresh, on

Delivery = tuple[dict[str, str], bytes]


@asynccontextmanager
async def inbox() -> AsyncIterator[tuple[str, "asyncio.Queue[Delivery]"]]:
    """A door for webhooks: its address, and what came in, as it came."""
    deliveries: asyncio.Queue[Delivery] = asyncio.Queue()

    async def receive(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        deliveries.put_nowait((headers, await request.read()))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/", deliveries
    finally:
        await runner.cleanup()


async def test_payout_is_pending_until_the_bank_has_it(world: World) -> None:
    instruction = fresh(payout())
    assert isinstance(await world.provider.look_up(instruction), Missing)

    outcome = await world.provider.perform(instruction)

    assert isinstance(outcome, AcceptedPending)
    reference = outcome.provider_reference
    assert await world.provider.look_up(instruction) == outcome
    await world.ask("POST", f"/v1/payouts/{reference}", status="paid")
    assert await world.provider.look_up(instruction) == Succeeded(reference, amount_of(2000, "EUR"))
    await world.ask("POST", f"/v1/payouts/{reference}", status="failed", failure_code="could_not_process")
    back = Rejected("could_not_process", Decline.HARD, "", reference, Comeback.RETURNED)
    assert await world.provider.look_up(instruction) == back


async def test_payout_in_a_currency_that_is_not_held_there_is_invalid(world: World) -> None:
    outcome = await world.provider.perform(fresh(payout(amount=amount_of(2000, "USD"))))

    assert outcome == Rejected("invalid_request_error", Decline.INVALID, "Bad request")


async def test_webhook_is_believed_with_its_signature_only_and_names_the_operation(world: World) -> None:
    secret = CREDENTIALS.callback_secrets[1]
    instruction = fresh(authorize(capture=True))
    async with inbox() as (url, deliveries):
        await world.ask("POST", f"/_config/webhooks/{uuid4().hex}", url=url, secret=secret)
        outcome = await world.provider.perform(instruction)
        async with asyncio.timeout(20):
            while True:
                headers, raw = await deliveries.get()
                if instruction.key.encode() in raw:
                    break

    world.provider.verify_callback(raw, headers, now_seconds=time.time())
    stripe.Webhook.construct_event(raw, headers["stripe-signature"], secret)
    with pytest.raises(MediatorError):
        world.provider.verify_callback(raw + b" ", headers, now_seconds=time.time())
    said = world.provider.parse_callback(raw)
    assert not isinstance(said, Unreadable)
    (event,) = said
    assert isinstance(outcome, Succeeded)
    assert (event.kind, event.operation_key) == ("payment_intent.succeeded", instruction.key)
    assert event.provider_reference == outcome.provider_reference
    assert event.operation_kind is OperationKind.AUTHORIZE


async def test_more_is_refunded_there_than_was_taken_so_that_the_guard_must_be_ours(world: World) -> None:
    reference = await world.paid(capture=True)
    await world.provider.perform(on(reference, OperationKind.REFUND))

    outcome = await world.provider.perform(on(reference, OperationKind.REFUND, amount=amount_of(10, "EUR")))

    assert isinstance(outcome, Succeeded)
    assert (await world.intent(reference))["latest_charge"]["amount_refunded"] == 2010


async def test_same_key_has_two_effects_there_so_that_nothing_may_be_sent_twice(world: World) -> None:
    instruction = fresh(authorize())

    first = await world.provider.perform(instruction)
    second = await world.provider.perform(instruction)

    assert isinstance(first, Succeeded)
    assert isinstance(second, Succeeded)
    assert first.provider_reference != second.provider_reference
