"""The table of reactions names every event, and every name in it reacts."""

from typing import get_args

import pytest

from application.callbacks.apply_callback import ApplyCallbackHandler
from application.callbacks.event_line import EventLine
from application.payments.hear_callback import PaymentCallbacks
from application.payments.provider_step import ProviderStep
from application.payments.rerouting import Rerouting
from application.payouts.carry_out_payout import CarryOutPayoutHandler
from application.payouts.payout_step import PayoutStep
from application.ports.addresses import CallbackAddress
from application.subscriptions import SUBSCRIPTIONS, Reactions
from domain.errors import MediatorError
from domain.events import CallbackReceived, Event, PayoutApproved
from domain.ids import PayoutId
from domain.payments import PaymentState
from domain.providers import Succeeded
from tests.application.operations.background import CALL, Background
from tests.fakes.answers import PlainAnswers
from tests.fakes.providers import ProviderSet, ScriptedProvider
from tests.fakes.story import UNKNOWN, Story


@pytest.fixture
def provider() -> ScriptedProvider:
    return ScriptedProvider()


@pytest.fixture
def reactions(background: Background, provider: ScriptedProvider) -> Reactions:
    house = background.house
    address = CallbackAddress("https://api.example")
    providers = ProviderSet(provider, tenants=house.tenants)
    rerouting = Rerouting(providers, house.routes)
    step = ProviderStep(house.journal, house.payments, providers, PlainAnswers(), background.world, address, rerouting)
    line = EventLine(house.inbox, PaymentCallbacks(step), background.world)
    payouts = PayoutStep(house.journal, house.payouts, providers, background.world, address)
    return Reactions(ApplyCallbackHandler(providers, line), CarryOutPayoutHandler(payouts))


def test_every_event_is_subscribed_or_named_as_having_no_reaction() -> None:
    tags = {str(kind.__struct_config__.tag) for kind in get_args(Event)}

    assert set(SUBSCRIPTIONS.table) == tags


async def test_callback_is_applied_by_asking_the_provider(
    background: Background, provider: ScriptedProvider, reactions: Reactions
) -> None:
    story = await background.commit(Story(world=background.world).settle(UNKNOWN))
    operation = story.operation()
    event_id = await background.receive_callback(operation_key=operation.key)
    event = await background.house.events.get(CALL.tenant_id, event_id)
    provider.truth[operation.key] = Succeeded("ch_1", operation.amount)

    await reactions("apply_callback", event, CALL)

    settled = await background.house.payments.get(CALL.tenant_id, story.payment.id)
    assert settled.payment.state is PaymentState.SUCCEEDED


async def test_name_that_reacts_to_nothing_is_refused(background: Background, reactions: Reactions) -> None:
    event = await background.house.events.get(CALL.tenant_id, await background.receive_callback())
    assert isinstance(event, CallbackReceived)

    with pytest.raises(LookupError, match="deliver_webhook"):
        await reactions("deliver_webhook", event, CALL)


async def test_every_name_in_the_table_reacts(background: Background, reactions: Reactions) -> None:
    subscribed = {tag: names for tag, names in SUBSCRIPTIONS.table.items() if names}
    event = await background.house.events.get(CALL.tenant_id, await background.receive_callback())

    assert subscribed == {
        "callback.received": ("apply_callback",),
        "payout.created": ("carry_out_payout",),
        "payout.approved": ("carry_out_payout",),
    }
    await reactions("apply_callback", event, CALL)
    approved = PayoutApproved(
        event_id=event.event_id, payout_id=PayoutId(event.event_id), at=event.at, approved_by="prn_test"
    )
    with pytest.raises(MediatorError, match="NOT_FOUND"):
        await reactions("carry_out_payout", approved, CALL)
