"""Whole payments by our own use cases, with localstripe as the provider: what it does not guard, we do."""

import msgspec
import pytest
from uuid_utils.compat import uuid7

from adapters.providerkit.kernel import KernelProvider
from domain.errors import REFUND_EXCEEDS_CAPTURE, MediatorError
from domain.ids import ProviderAccountId
from domain.payments import CaptureMode, PaymentState
from domain.providers import Finding, Instruction, OperationKind, Outcome, Unknown
from tests.adapters.providers.stripe.world import World
from tests.fakes.desk import Desk, paid
from tests.fakes.house import memory_house
from tests.fakes.identity import a_tenant
from tests.fakes.providers import ScriptedProvider
from tests.fakes.world import SettableWorld


class Through(ScriptedProvider):
    """A seat for a real provider at the desk; its first answer to a payment may get lost on the way."""

    def __init__(self, provider: KernelProvider) -> None:
        super().__init__(provider.manifest.name)
        self._manifest = provider.manifest
        self._provider = provider
        self.loses_answers = False

    async def perform(self, instruction: Instruction) -> Outcome:
        if instruction.kind is OperationKind.AUTHORIZE:
            instruction = msgspec.structs.replace(instruction, payment_method="pm_card_visa")
        outcome = await self._provider.perform(instruction)
        return Unknown("the answer was lost") if self.loses_answers else outcome

    async def look_up(self, instruction: Instruction) -> Finding:
        return await self._provider.look_up(instruction)


@pytest.fixture
def desk(world: World) -> Desk:
    clock = SettableWorld()
    tenant = a_tenant(uuid7(), ((ProviderAccountId(uuid7()), "stripe"),), at=clock.now)
    return Desk(memory_house(tenant, clock=lambda: clock.now), clock, Through(world.provider))


async def test_part_is_captured_and_no_more_than_that_is_given_back(desk: Desk, world: World) -> None:
    payment_id = paid(await desk.create(amount_minor=2000, capture_mode=CaptureMode.MANUAL))
    await desk.capture(payment_id, amount_minor=500, final=True)
    await desk.refund(payment_id, amount_minor=300)

    with pytest.raises(MediatorError) as refusal:
        await desk.refund(payment_id, amount_minor=201)

    assert refusal.value.entry is REFUND_EXCEEDS_CAPTURE
    dossier = await desk.dossier(payment_id)
    payment = dossier.payment
    assert (payment.state, payment.captured_minor, payment.refunded_minor) == (PaymentState.SUCCEEDED, 500, 300)
    shown = await world.intent(dossier.attempt.provider_reference or "")
    assert shown["latest_charge"]["amount_refunded"] == 1500 + 300


async def test_lost_answer_is_found_again_and_the_customer_is_charged_once(desk: Desk, world: World) -> None:
    await world.ask("DELETE", "/_config/data")
    assert isinstance(desk.provider, Through)
    desk.provider.loses_answers = True
    payment_id = paid(await desk.create(amount_minor=2000))
    before = await desk.dossier(payment_id)

    after = await desk.resolve(before.operations[-1].id)

    assert before.payment.state is PaymentState.PROCESSING
    assert (after.payment.state, after.payment.captured_minor) == (PaymentState.SUCCEEDED, 2000)
    intents = await world.ask("GET", "/v1/payment_intents")
    assert [one["id"] for one in intents["data"]] == [after.attempt.provider_reference]


async def test_authorization_is_cancelled_here_and_there(desk: Desk, world: World) -> None:
    payment_id = paid(await desk.create(amount_minor=2000, capture_mode=CaptureMode.MANUAL))

    await desk.cancel(payment_id)

    dossier = await desk.dossier(payment_id)
    assert dossier.payment.state is PaymentState.CANCELLED
    assert (await world.intent(dossier.attempt.provider_reference or ""))["status"] == "canceled"
