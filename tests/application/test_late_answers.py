"""An answer tells of the moment at which was asked, however long it was on its way."""

from datetime import timedelta

from domain.payments import OperationState
from domain.providers import Instruction, OperationKind
from tests.fakes.desk import Desk
from tests.fakes.providers import Reply
from tests.fakes.story import MISSING, UNKNOWN


async def test_absence_that_was_seen_before_the_horizon_and_heard_after_it_proves_nothing(desk: Desk) -> None:
    desk.provider.script(OperationKind.AUTHORIZE, Reply(told=UNKNOWN, truth=MISSING))
    await desk.create("key")
    operation = (await desk.dossier()).operations[-1]

    async def dawdle(_: Instruction) -> None:
        desk.world.wait(timedelta(hours=1))

    desk.provider.before_look_up = dawdle
    dossier = await desk.resolve(operation.id)
    assert dossier.operations[-1].state is OperationState.UNKNOWN

    desk.provider.before_look_up = None
    dossier = await desk.resolve(operation.id)
    assert dossier.operations[-1].state is OperationState.MISSING
