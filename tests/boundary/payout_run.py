"""One run: a client orders payouts and thinks better of them while everything breaks; then all is finished."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from application.ports.journal import Answer
from application.ports.payouts import PayoutFilter
from domain.errors import MediatorError
from domain.ids import BeneficiaryId, PayoutId, ProviderAccountId
from domain.payouts import Payout, PayoutState
from domain.providers import CallbackEvent
from tests.boundary.judging import Judged
from tests.boundary.payout_judging import judge_payouts
from tests.boundary.run import PATIENCE, TRIES
from tests.boundary.setting import SOUND, Bugs, Setting, setting_of
from tests.boundary.steps import Died
from tests.fakes.payout_desk import PayoutDesk

BROUGHT = 1_000
PART = 300
ORDERS_MAX = 3


@dataclass(frozen=True)
class Life:
    """A run's world, with the desk at which payouts are ordered, and what the client was answered."""

    setting: Setting
    desk: PayoutDesk
    beneficiary: BeneficiaryId
    ordered: dict[str, Answer | None] = field(default_factory=dict)

    async def payouts(self) -> tuple[Payout, ...]:
        """Give all payouts, newest first."""
        house = self.setting.house
        return await house.payout_queries.page(house.tenant_id, PayoutFilter(), before=None, limit=100)


async def pay_out(seed: int, bugs: Bugs = SOUND) -> Judged:
    """Play one run and judge how it ended."""
    life = await life_of(seed, bugs)
    setting, chance = life.setting, life.setting.chance
    for wire in setting.wires:
        wire.meanwhile = partial(_meanwhile, life)
    for number in range(chance.randint(1, ORDERS_MAX)):
        account = chance.choice(setting.accounts)
        await order(life, f"key-{number}", account=account, tries=chance.randint(1, TRIES))
        await _background(life)
    await finish(life)
    return await judge_payouts(setting, await life.payouts(), orders=life.ordered, brought=BROUGHT)


async def life_of(seed: int, bugs: Bugs = SOUND) -> Life:
    """Lay out a run in which a payment has brought money and a beneficiary is known."""
    setting = setting_of(seed, bugs)
    desk = PayoutDesk(setting.house, setting.world, providers=setting.desk.providers)
    await desk.bring(BROUGHT)
    beneficiary = await desk.beneficiary()
    return Life(setting, desk.with_journal(setting.desk.step.journal), beneficiary)


async def order(life: Life, key: str, *, account: ProviderAccountId | None = None, tries: int) -> None:
    """Order a payout as a careful client does: the same request with the same key, until something is heard."""
    life.ordered.setdefault(key, None)
    for _ in range(tries):
        try:
            life.ordered[key] = await life.desk.order(
                key, beneficiary_id=life.beneficiary, amount_minor=PART, account=account
            )
        except Died:
            life.setting.heard.append("died")
        except MediatorError:
            life.setting.heard.append("refused")
        else:
            return
        life.setting.world.wait(PATIENCE if life.setting.chance.random() < 0.8 else timedelta(seconds=1))


async def finish(life: Life) -> None:
    """End the trouble: the workers work to the end, and each provider tells once more of everything it has."""
    setting = life.setting
    setting.calm_down()
    for wire in setting.wires:
        wire.arrive(everything=True)
    for key, answer in list(life.ordered.items()):
        if answer is None and setting.chance.random() < 0.5:
            setting.world.wait(PATIENCE)
            await order(life, key, tries=1)
    for _ in range(2):
        await _settle(life)
        for gateway in setting.gateways:
            gateway.think_of_payouts(now_seconds=setting.world.now.timestamp())
    await _settle(life)
    for number, gateway in enumerate(setting.gateways):
        for key in gateway.paying.payouts:
            await _hear(life, setting.accounts[number], key)


async def _settle(life: Life) -> None:
    for payout in await life.payouts():
        if payout.state is not PayoutState.CANCELLED:
            await life.desk.settle(payout.id)


async def _background(life: Life) -> None:
    """Let time pass, workers work, callbacks come and the client cancel; a worker that dies has done what it has."""
    setting, chance = life.setting, life.setting.chance
    for _ in range(chance.randint(1, 3)):
        setting.world.wait(timedelta(seconds=chance.choice((0, 1, 4, 20, 400))))
        for wire in setting.wires:
            wire.arrive()
        if chance.random() < 0.3:
            for gateway in setting.gateways:
                gateway.think_of_payouts(now_seconds=setting.world.now.timestamp())
        try:
            await _work(life)
        except (Died, MediatorError):
            setting.heard.append("a worker died")


async def _work(life: Life) -> None:
    """Take the next step of each payout, cancel one perhaps, and take in some callbacks: late, twice, in any order."""
    setting, chance = life.setting, life.setting.chance
    for payout in await life.payouts():
        if chance.random() < 0.1:
            await _cancel(life, payout.id)
        await life.desk.carry_out(payout.id)
    for number, gateway in enumerate(setting.gateways):
        for raw, signature in chance.sample(gateway.callbacks, k=min(len(gateway.callbacks), 2)):
            await _call_back(life, number, raw, signature)


async def _cancel(life: Life, payout_id: PayoutId) -> None:
    try:
        await life.desk.cancel(payout_id)
    except MediatorError:
        life.setting.heard.append("too late to cancel")


async def _call_back(life: Life, number: int, raw: bytes, signature: str) -> None:
    setting = life.setting
    account, name = setting.accounts[number], setting.gateways[number].name
    try:
        await setting.desk.receive_raw(raw, {"sandbox-signature": signature}, account, provider=name)
    except MediatorError:
        return  # Too old by now: a callback that comes too late is refused.
    await _hear(life, account, json.loads(raw)["operation_key"])


async def _hear(life: Life, account: ProviderAccountId, key: str) -> None:
    await life.desk.hear(account, CallbackEvent(event_id="ev", kind="payout.changed", operation_key=key))


async def _meanwhile(life: Life) -> None:
    """Be another worker, or the client, while an answer is on its way."""
    setting = life.setting
    if setting.interfering or setting.chance.random() > 0.15:
        return
    setting.interfering.append(1)
    try:
        setting.world.wait(timedelta(seconds=setting.chance.choice((0, 3, 15, 60))))
        for wire in setting.wires:
            wire.arrive()
        for payout in await life.payouts():
            await _cancel(life, payout.id)
            await life.desk.carry_out(payout.id)
    except MediatorError:
        setting.heard.append("somebody else was refused")
    finally:
        setting.interfering.clear()
