"""One run: a client pays, captures, cancels and refunds while everything breaks; then all is finished."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from application.call import LEASE_SECONDS
from application.ports.journal import Answer
from domain.errors import MediatorError
from domain.ids import PaymentId
from domain.payments import CaptureMode, ProviderOperation
from tests.boundary.judging import Judged, judge
from tests.boundary.setting import SOUND, Bugs, Setting, setting_of
from tests.boundary.steps import Died
from tests.fakes.desk import Desk

AMOUNT = 1_000
TRIES = 4
ACTS_MAX = 3
PATIENCE = timedelta(seconds=LEASE_SECONDS + 1)


@dataclass
class Act:
    """One request of the client, repeated with its key until it is answered, or given up."""

    kind: str
    ask: Callable[[], Awaitable[Answer]]
    answer: Answer | None = None
    refusal: MediatorError | None = None


async def run(seed: int, bugs: Bugs = SOUND) -> Judged:
    """Play one run and judge how it ended."""
    setting = setting_of(seed, bugs)
    for wire in setting.wires:
        wire.meanwhile = partial(_meanwhile, setting)
    acts: list[Act] = []
    for number in range(1 + setting.chance.randint(0, ACTS_MAX)):
        act = await _next_act(setting, number)
        if act is not None:
            acts.append(act)
            await _insist(setting, act, tries=setting.chance.randint(1, TRIES))
            await _background(setting)
    await _finish(setting, acts)
    return await judge(setting, [act.kind for act in acts])


async def _next_act(setting: Setting, number: int) -> Act | None:
    """Choose what the client asks for next; None when there is nothing to act on."""
    desk, chance = setting.desk, setting.chance
    key = f"key-{number}"
    if number == 0:
        mode = chance.choice((CaptureMode.AUTOMATIC, CaptureMode.MANUAL))
        return Act("authorize", lambda: desk.create(key, amount_minor=AMOUNT, capture_mode=mode))
    payments = await desk.payments()
    if not payments:
        return None
    payment = payments[0].id
    part = chance.choice((None, chance.randint(1, AMOUNT)))
    match chance.choice(("capture", "capture", "refund", "refund", "void")):
        case "capture":
            return _capture(desk, payment, key, amount_minor=part, final=chance.random() < 0.3)
        case "refund":
            return Act("refund", lambda: desk.refund(payment, key, amount_minor=part))
        case _:
            return Act("void", lambda: desk.cancel(payment, key))


def _capture(desk: Desk, payment: PaymentId, key: str, *, amount_minor: int | None, final: bool) -> Act:
    return Act("capture", lambda: desk.capture(payment, key, amount_minor=amount_minor, final=final))


async def _insist(setting: Setting, act: Act, *, tries: int) -> None:
    """Ask as a careful client does: the same request with the same key, until something is heard."""
    for _ in range(tries):
        try:
            act.answer = await act.ask()
        except Died:
            setting.heard.append("died")
        except MediatorError as refusal:
            act.refusal = refusal
        else:
            return
        setting.world.wait(PATIENCE if setting.chance.random() < 0.8 else timedelta(seconds=1))


async def _background(setting: Setting) -> None:
    """Let time pass, workers work and callbacks come; a worker that dies has done what it has done."""
    chance = setting.chance
    for _ in range(chance.randint(0, 2)):
        if chance.random() < 0.5:
            await _wait_until_due(setting)
        else:
            setting.world.wait(timedelta(seconds=chance.choice((0, 1, 4, 20, 400))))
        _let_arrive(setting)
        if chance.random() < 0.3:
            for gateway in setting.gateways:
                gateway.think(now_seconds=setting.world.now.timestamp())
        try:
            await _work(setting)
        except (Died, MediatorError):
            setting.heard.append("a worker died")


async def _wait_until_due(setting: Setting) -> None:
    """Let the time pass until the first question is due, as the scheduler does, and not a moment longer."""
    due = [one.next_query_at for one in await _open(setting) if one.next_query_at is not None]
    if due:
        setting.world.now = max(setting.world.now, min(due))


async def _meanwhile(setting: Setting) -> None:
    """Be somebody else while an answer is on its way: another worker, or the client who lost patience."""
    if setting.interfering or setting.chance.random() > 0.15:
        return
    setting.interfering.append(1)
    try:
        setting.world.wait(timedelta(seconds=setting.chance.choice((0, 3, 15, 60))))
        _let_arrive(setting)
        for operation in await _open(setting):
            await setting.desk.resolve(operation.id)
    except MediatorError:
        setting.heard.append("somebody else was refused")
    finally:
        setting.interfering.clear()


async def _work(setting: Setting) -> None:
    """Ask about what is due, and take in some callbacks: late, twice, in any order, or never."""
    for operation in await _open(setting):
        if operation.next_query_at is not None and operation.next_query_at <= setting.world.now:
            await setting.desk.resolve(operation.id)
    for number, gateway in enumerate(setting.gateways):
        for raw, signature in setting.chance.sample(gateway.callbacks, k=min(len(gateway.callbacks), 2)):
            await _call_back(setting, number, raw, signature)


async def _call_back(setting: Setting, number: int, raw: bytes, signature: str) -> None:
    desk, account = setting.desk, setting.accounts[number]
    try:
        await desk.receive_raw(raw, {"sandbox-signature": signature}, account, provider=setting.gateways[number].name)
    except MediatorError:
        return  # Too old by now: a callback that comes too late is refused.
    operation_id = await desk.step.payments.find_operation(setting.house.tenant_id, json.loads(raw)["operation_key"])
    if operation_id is not None:
        await desk.resolve(operation_id)


async def _open(setting: Setting) -> list[ProviderOperation]:
    found = [await setting.desk.dossier(payment.id) for payment in await setting.desk.payments()]
    return [one for dossier in found for one in dossier.operations if one.is_open]


def _let_arrive(setting: Setting, *, everything: bool = False) -> None:
    for wire in setting.wires:
        wire.arrive(everything=everything)


async def _finish(setting: Setting, acts: list[Act]) -> None:
    """End the trouble; the client hears an answer to everything it has not given up, and the worker asks to the end."""
    setting.calm_down()
    _let_arrive(setting, everything=True)
    for act in acts:
        if act.answer is None and setting.chance.random() < 0.8:
            setting.world.wait(PATIENCE)
            await _insist(setting, act, tries=TRIES)
    for gateway in setting.gateways:
        gateway.think(now_seconds=setting.world.now.timestamp())
    await setting.desk.settle_everything()
    for gateway in setting.gateways:
        gateway.think(now_seconds=setting.world.now.timestamp())
    await setting.desk.settle_everything()
