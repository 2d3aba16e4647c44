"""One payout, cut at every single byte and killed at every single step: it arrives once, and we know it."""

from contextlib import suppress

from domain.errors import MediatorError
from tests.boundary.judging import Judged
from tests.boundary.payout_judging import judge_payouts
from tests.boundary.payout_run import BROUGHT, Life, finish, life_of, order
from tests.boundary.steps import Died
from tests.boundary.test_every_boundary import Approving

BYTES = 1_000
STEPS = 30
TRIES = 3


async def _quiet_life() -> Life:
    life = await life_of(1)
    life.setting.calm_down()
    for gateway in life.setting.gateways:
        gateway.chance = gateway.paying.chance = Approving(1)
    return life


async def _judged(life: Life) -> Judged:
    await finish(life)
    return await judge_payouts(life.setting, await life.payouts(), orders=life.ordered, brought=BROUGHT)


async def test_cut_at_every_byte_is_paid_once() -> None:
    sends = []
    for at in range(BYTES):
        life = await _quiet_life()
        await order(life, "key", tries=1)
        (payout,) = await life.payouts()
        for wire in life.setting.wires:
            wire.cut_at = at

        await life.desk.carry_out(payout.id)

        judged = await _judged(life)
        assert (at, judged.faults, judged.effects) == (at, (), ("payout paid",))
        sends.append((await life.desk.payout(payout.id)).sent_operation.sends)
    assert sends == sorted(sends, reverse=True), "up to one byte it is sent again, under its key, and never after"
    assert {sends[0], sends[-1]} == {2, 1}


async def test_killed_at_every_step_is_paid_once() -> None:
    deaths = []
    for step in range(1, STEPS):
        life = await _quiet_life()
        life.setting.steps.calm, life.setting.steps.left = False, step

        await order(life, "key", tries=TRIES)
        for payout in await life.payouts():
            with suppress(Died, MediatorError):
                await life.desk.carry_out(payout.id)

        judged = await _judged(life)
        assert (step, judged.faults, judged.effects) == (step, (), ("payout paid",))
        deaths.append(judged.deaths)
    assert deaths[0] >= 1, "there is a first step"
    assert deaths[-1] == 0, "there are more steps than were tried"
