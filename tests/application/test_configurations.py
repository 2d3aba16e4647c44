"""An operation runs and is asked about under the configuration that was in force when it was decided."""

import pytest

from domain.errors import ROUTE_NO_PROVIDER, MediatorError
from domain.payments import CaptureMode, OperationState, PaymentState
from domain.providers import OperationKind, Succeeded
from tests.fakes.desk import Desk, paid
from tests.fakes.story import UNKNOWN


async def test_a_payment_and_its_operation_state_the_version_that_was_in_force(desk: Desk) -> None:
    desk.providers.configure(desk.house.account, 7)
    await desk.create("key")

    dossier = await desk.dossier()
    assert dossier.attempt.config_version == 7
    assert [one.config_version for one in dossier.operations] == [7]


async def test_an_operation_in_doubt_is_asked_about_under_its_own_version(desk: Desk) -> None:
    desk.provider.script(OperationKind.AUTHORIZE, UNKNOWN)
    await desk.create("key")
    (operation,) = (await desk.dossier()).operations
    desk.provider.truth[operation.key] = Succeeded("ch_1", operation.amount)
    desk.providers.configure(desk.house.account, 2)
    desk.providers.opened.clear()

    await desk.resolve(operation.id)

    assert desk.providers.opened == [(desk.house.account, 1)]
    assert (await desk.dossier()).payment.state is PaymentState.SUCCEEDED


async def test_a_further_operation_of_a_payment_runs_under_the_version_in_force_then(desk: Desk) -> None:
    payment_id = paid(await desk.create(capture_mode=CaptureMode.MANUAL))
    desk.providers.configure(desk.house.account, 2)
    await desk.capture(payment_id)

    dossier = await desk.dossier(payment_id)
    assert dossier.attempt.config_version == 1
    assert [one.config_version for one in dossier.operations] == [1, 2]
    assert desk.providers.opened[-1] == (desk.house.account, 2)


async def test_a_disabled_account_takes_no_new_payment_and_finishes_those_that_it_has(desk: Desk) -> None:
    payment_id = paid(await desk.create(capture_mode=CaptureMode.MANUAL))
    desk.providers.disable(desk.house.account)

    with pytest.raises(MediatorError) as refusal:
        await desk.create("another")
    await desk.capture(payment_id)
    await desk.refund(payment_id)

    assert refusal.value.entry is ROUTE_NO_PROVIDER
    dossier = await desk.dossier(payment_id)
    assert [one.state for one in dossier.operations] == [OperationState.SUCCEEDED] * 3


async def test_an_account_that_cannot_be_opened_any_more_has_certainly_taken_nothing(desk: Desk) -> None:
    payment_id = paid(await desk.create(capture_mode=CaptureMode.MANUAL))
    provider_name = desk.provider.manifest.name

    async def vanish() -> None:
        desk.providers.switch_off(provider_name)

    desk.providers.before_open = vanish
    answer = await desk.capture(payment_id)

    assert answer.status == 503
    dossier = await desk.dossier(payment_id)
    assert dossier.operations[-1].state is OperationState.NOT_SENT
    assert dossier.payment.state is PaymentState.AUTHORIZED
