"""One operation of each kind, cut at every single byte and killed at every single step; nothing is left to chance."""

import random
from collections.abc import Awaitable, Callable

import pytest

from application.ports.journal import Answer
from domain.errors import MediatorError
from domain.payments import CaptureMode
from tests.boundary.judging import judge
from tests.boundary.setting import Setting, setting_of
from tests.boundary.steps import Died
from tests.fakes.desk import paid

BYTES = 1_000
"""More than request and answer of any exchange have together; the test sees that the last cut cuts nothing."""

STEPS = 24
ASKING_TWICE = 3

Ask = Callable[[], Awaitable[Answer]]


class Approving(random.Random):
    """A gateway's chance that approves of everything."""

    def random(self) -> float:
        """Roll high."""
        return 0.99


async def _authorize(setting: Setting) -> Ask:
    return lambda: setting.desk.create("key", capture_mode=CaptureMode.MANUAL)


async def _purchase(setting: Setting) -> Ask:
    return lambda: setting.desk.create("key")


async def _capture(setting: Setting) -> Ask:
    payment = paid(await setting.desk.create("first", capture_mode=CaptureMode.MANUAL))
    return lambda: setting.desk.capture(payment, "key", amount_minor=400)


async def _void(setting: Setting) -> Ask:
    payment = paid(await setting.desk.create("first", capture_mode=CaptureMode.MANUAL))
    return lambda: setting.desk.cancel(payment, "key")


async def _refund(setting: Setting) -> Ask:
    payment = paid(await setting.desk.create("first"))
    return lambda: setting.desk.refund(payment, "key", amount_minor=300)


ACTS = {
    "authorize": (_authorize, ["authorize"]),
    "purchase": (_purchase, ["authorize"]),
    "capture": (_capture, ["authorize", "capture"]),
    "void": (_void, ["authorize", "void"]),
    "refund": (_refund, ["authorize", "refund"]),
}


def _quiet_setting() -> Setting:
    setting = setting_of(1)
    setting.calm_down()
    for gateway in setting.gateways:
        gateway.chance = Approving(1)
    return setting


async def _ask_on(setting: Setting, ask: Ask) -> Answer | None:
    """Ask until there is an answer, as a careful client does, and let the worker ask to the end."""
    answer = None
    for _ in range(ASKING_TWICE):
        try:
            answer = await ask()
            break
        except (Died, MediatorError):
            setting.desk.let_the_lease_end()
    await setting.desk.settle_everything()
    return answer


@pytest.mark.parametrize("name", ACTS)
async def test_cut_at_every_byte_ends_in_the_truth(name: str) -> None:
    begin, kinds = ACTS[name]
    done = []
    answer = None
    for at in range(BYTES):
        setting = _quiet_setting()
        ask = await begin(setting)
        for wire in setting.wires:
            wire.cut_at = at

        answer = await _ask_on(setting, ask)

        judged = await judge(setting, kinds)
        assert (at, judged.faults, judged.doubles, judged.lost) == (at, (), 0, 0)
        done.append(judged.effects.count(kinds[-1]))
    assert done == sorted(done), "from one byte on the operation is done, and before it never"
    assert {done[0], done[-1]} == {0, 1}
    assert answer is not None
    assert answer.status == 201, "the last cut cut nothing"


@pytest.mark.parametrize("name", ACTS)
async def test_killed_at_every_step_ends_in_the_truth(name: str) -> None:
    begin, kinds = ACTS[name]
    deaths = []
    for step in range(1, STEPS):
        setting = _quiet_setting()
        ask = await begin(setting)
        setting.steps.calm, setting.steps.left = False, step

        await _ask_on(setting, ask)

        judged = await judge(setting, kinds)
        assert (step, judged.faults, judged.doubles, judged.lost) == (step, (), 0, 0)
        deaths.append(judged.deaths)
    assert deaths[0] >= 1, "there is a first step"
    assert deaths[-1] == 0, "there are more steps than were tried"
