"""The guard of one provider account: circuit, bucket and bulkhead before a request, and what its answer teaches.

The order is: the circuit refuses at once; a token is taken and its time waited for; a slot is waited for. Waiting ends
after half of the deadline, so that what is sent has time for an answer: an operation that was sent with none left would
be in doubt for nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from adapters.providerkit.guard import Answer, Errand, Guard, Send
from adapters.providerkit.guarding.breaker import BreakerRule, Window
from adapters.providerkit.guarding.concurrency import ConcurrencyRule
from adapters.providerkit.guarding.falling_back import FallingBack
from adapters.providerkit.guarding.queueing import Crowd
from adapters.providerkit.guarding.records import MICROSECONDS, Standing
from adapters.providerkit.guarding.sharing import Place
from adapters.providerkit.guarding.signs import Sign, pause_of, sign_of
from adapters.providerkit.guarding.watching import GuardedAccount, GuardObserver, Refusal
from adapters.providerkit.messages import HttpRequest
from application.ports.provider_health import BreakerSetting, CircuitState
from domain.manifests import OperationClass, RateLimitRule
from domain.providers import NotSent

WAIT_SHARE = 0.5
"""How much of the deadline may be spent on waiting, and how much of what is left on a probe."""

PROBE_SECONDS_MAX = 2.0
"""How long a probe may take: a customer waits behind it, and may still go elsewhere."""

PAUSE_SLACK = MICROSECONDS // 10
"""A pause that ends so soon is waited for with a slot in hand: no two clocks tell its end alike."""


class GuardRules(msgspec.Struct, frozen=True, kw_only=True):
    """How accounts are guarded; the rates are the manifest's."""

    breaker: BreakerRule = BreakerRule()
    concurrency: ConcurrencyRule = ConcurrencyRule()
    waiting_max: int = 64


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a guard cannot know by itself: time, chance, and who watches. `clock` counts seconds, `now` is UTC."""

    clock: Callable[[], float]
    now: Callable[[], datetime]
    chance: Callable[[], float]
    observer: GuardObserver


class _Journey(msgspec.Struct):
    """One exchange on its way: until when it may wait, when it must have ended, and which circuits it is a probe of."""

    waits_until: float
    ends_at: float
    probed: dict[OperationClass, Standing]


class _Refused(Exception):
    """The request is not sent."""

    def __init__(self, why: Refusal, reason: str) -> None:
        super().__init__(reason)
        self.why = why
        self.reason = reason


class AccountGuard(Guard):
    """One for each account in a process, however often the account is opened."""

    def __init__(
        self,
        account: GuardedAccount,
        records: FallingBack,
        setting: Callable[[], Awaitable[BreakerSetting]],
        *,
        rules: GuardRules,
        around: Surroundings,
    ) -> None:
        """Guard this account; `setting` gives what was decided by hand, as of a second ago at most."""
        self.account = account
        self.rates: Mapping[OperationClass, RateLimitRule] = {}
        self._records = records
        self._setting = setting
        self._rules = rules
        self._around = around
        self._windows = dict.fromkeys(OperationClass, Window())
        self.crowd = Crowd(rules.concurrency, waiting_max=rules.waiting_max, clock=around.clock)

    async def exchange(self, errand: Errand, send: Send, *, deadline_seconds: float) -> Answer:
        """Send the request within the deadline, or give the proof that it was not sent."""
        if errand.request.fault() is not None:
            return await send(errand.request, deadline_seconds=deadline_seconds)
        began = self._around.clock()
        journey = _Journey(began + deadline_seconds * WAIT_SHARE, began + deadline_seconds, {})
        try:
            await self._let_through(errand, send, journey)
        except _Refused as refused:
            self._around.observer.refused(self.account, errand.operation_class, refused.why)
            return NotSent(refused.reason)
        try:
            self._around.observer.waited(self.account, errand.operation_class, seconds=self._around.clock() - began)
            self._tell_crowd()
            answer = await self._sent(errand.operation_class, errand.request, send, ends_at=journey.ends_at)
        finally:
            self.crowd.leave()
            self._tell_crowd()
        for operation_class, claim in journey.probed.items():
            await self._end_probe(operation_class, claim, sign_of(answer))
        return answer

    def window(self, operation_class: OperationClass) -> tuple[int, int]:
        """Give how many calls ended lately in this process, and how many of them failed technically."""
        window, now = self._windows[operation_class], self._around.clock()
        return window.calls(self._rules.breaker, now=now), window.failures(self._rules.breaker, now=now)

    async def _let_through(self, errand: Errand, send: Send, journey: _Journey) -> None:
        """Come back when the request may be sent, with a slot. Raises _Refused."""
        setting = await self._setting()
        await self._pass_circuit(errand, send, journey, setting)
        place = self._place(errand.operation_class)
        await self._take_token(place, journey, setting)
        if not await self.crowd.enter(errand.operation_class, wait_seconds=journey.waits_until - self._around.clock()):
            raise _Refused(Refusal.QUEUE, "too many requests to this provider account wait already")
        try:
            await self._heed_news(place, journey, setting)
        except BaseException:
            self.crowd.leave()
            raise

    async def _pass_circuit(self, errand: Errand, send: Send, journey: _Journey, setting: BreakerSetting) -> None:
        is_money = errand.operation_class is OperationClass.MONEY
        if setting is BreakerSetting.OPEN and is_money:
            raise _Refused(Refusal.BY_HAND, "circuit opened by hand: no new money goes to this provider account")
        if setting is BreakerSetting.CLOSED:
            return
        if errand.operation_class is OperationClass.ASKING and errand.insists:
            journey.probed = self._all_open()
            return
        claim = await self._claim_probe(errand.operation_class)
        if errand.operation_class is OperationClass.ASKING:
            journey.probed = {} if claim is None else {errand.operation_class: claim}
            for other in (OperationClass.FINISHING, OperationClass.MONEY):
                await self._offer_as_probe(other, journey)
        elif claim is not None:
            await self._probe(errand, send, journey, claim)

    def _all_open(self) -> dict[OperationClass, Standing]:
        """Give every circuit that is open, as a person's question finds out about all of them at once."""
        known = {each: self._records.known(self._place(each)) for each in OperationClass}
        return {each: standing for each, standing in known.items() if standing.is_open}

    async def _claim_probe(self, operation_class: OperationClass) -> Standing | None:
        """Give None when the circuit is closed, and the claim when this request may find out. Raises _Refused."""
        place = self._place(operation_class)
        known = self._records.known(place)
        if not known.is_open:
            return None
        if known.opens_in:
            raise _open(operation_class, known)
        claim = await self._records.claim(place, turn=known.turn, lease=self._lease())
        if claim.granted:
            return claim
        if claim.is_open:
            raise _open(operation_class, claim)
        return None

    async def _offer_as_probe(self, operation_class: OperationClass, journey: _Journey) -> None:
        """Let a question that was due anyway find out about another circuit, if nobody does yet."""
        known = self._records.known(self._place(operation_class))
        if known.is_open and not known.opens_in and not known.probing:
            claim = await self._records.claim(self._place(operation_class), turn=known.turn, lease=self._lease())
            if claim.granted:
                journey.probed[operation_class] = claim

    async def _probe(self, errand: Errand, send: Send, journey: _Journey, claim: Standing) -> None:
        """Ask something harmless first; never with a customer's money. Raises _Refused unless it went well."""
        asking = OperationClass.ASKING
        token = await self._records.draw(self._place(asking), self.rates.get(asking), wait_max=0)
        if not token.granted:
            raise _Refused(Refusal.RATE, "circuit half open, and no question may be asked now")
        question = errand.harmless() or _knock(errand.request)
        now = self._around.clock()
        seconds = min((journey.ends_at - now) * WAIT_SHARE, PROBE_SECONDS_MAX)
        answer = await self._sent(asking, question, send, ends_at=now + seconds)
        sign = sign_of(answer)
        await self._end_probe(errand.operation_class, claim, sign)
        if sign.is_failure:
            raise _Refused(Refusal.CIRCUIT, f"circuit open: a harmless question was {sign.value}")

    async def _end_probe(self, operation_class: OperationClass, claim: Standing, sign: Sign) -> None:
        if sign.is_failure:
            await self._open(operation_class, claim, level=claim.level + 1)
            return
        self._windows[operation_class] = Window()
        await self._records.close(self._place(operation_class), turn=claim.turn)
        self._around.observer.circuit_moved(self.account, operation_class, CircuitState.CLOSED)

    async def _take_token(self, place: Place, journey: _Journey, setting: BreakerSetting) -> None:
        left = journey.waits_until - self._around.clock()
        wait_max = max(0, int(left * MICROSECONDS))
        token = await self._records.draw(place, self.rates.get(place.operation_class), wait_max=wait_max)
        self._heed_circuit(place, token, journey, setting)
        if token.granted:
            if token.wait:
                await asyncio.sleep(token.wait / MICROSECONDS)
        elif token.paused > wait_max:
            raise _paused(token)
        else:
            raise _Refused(Refusal.RATE, f"the rate limit of {place.operation_class.value} requests is reached")

    async def _heed_news(self, place: Place, journey: _Journey, setting: BreakerSetting) -> None:
        """Look again at what was learned while this request waited."""
        known = self._records.known(place)
        self._heed_circuit(place, known, journey, setting)
        if known.paused > PAUSE_SLACK:
            raise _paused(known)
        if known.paused:
            await asyncio.sleep(known.paused / MICROSECONDS)

    def _heed_circuit(self, place: Place, seen: Standing, journey: _Journey, setting: BreakerSetting) -> None:
        is_probe = place.operation_class in journey.probed
        if seen.is_open and not is_probe and setting is not BreakerSetting.CLOSED:
            raise _open(place.operation_class, seen)

    async def _sent(
        self, operation_class: OperationClass, request: HttpRequest, send: Send, *, ends_at: float
    ) -> Answer:
        """Send, and learn from what comes."""
        began = self._around.clock()
        answer = await send(request, deadline_seconds=max(0.0, ends_at - began))
        sign = sign_of(answer)
        self._around.observer.exchanged(self.account, operation_class, sign, seconds=self._around.clock() - began)
        self.crowd.learn(sign)
        pause = pause_of(answer, now=self._around.now())
        if pause:
            await self._records.pause(self._place(operation_class), pause=int(pause * MICROSECONDS))
        await self._count(operation_class, sign)
        return answer

    async def _count(self, operation_class: OperationClass, sign: Sign) -> None:
        """Open the circuit when too many calls failed technically."""
        rule, now = self._rules.breaker, self._around.clock()
        window = self._windows[operation_class].after(rule, failed=sign.is_failure, now=now)
        self._windows[operation_class] = window
        known = self._records.known(self._place(operation_class))
        if known.is_open or not sign.is_failure or not window.trips(rule, now=now):
            return
        was_calm = known.turn == 0 or known.calm > rule.calm_seconds * MICROSECONDS
        await self._open(operation_class, known, level=0 if was_calm else known.level + 1)

    async def _open(self, operation_class: OperationClass, seen: Standing, *, level: int) -> None:
        self._windows[operation_class] = Window()
        seconds = self._rules.breaker.open_for(level, chance=self._around.chance())
        opens_in = int(seconds * MICROSECONDS)
        await self._records.open(self._place(operation_class), turn=seen.turn, level=level, opens_in=opens_in)
        self._around.observer.circuit_moved(self.account, operation_class, CircuitState.OPEN)

    def _place(self, operation_class: OperationClass) -> Place:
        return Place(self.account.id, operation_class)

    def _lease(self) -> int:
        return int(self._rules.breaker.open_seconds * MICROSECONDS)

    def _tell_crowd(self) -> None:
        crowd = self.crowd
        self._around.observer.crowd_moved(
            self.account, under_way=crowd.under_way, waiting=crowd.waiting, limit=crowd.limit
        )


def _open(operation_class: OperationClass, seen: Standing) -> _Refused:
    said = f"it is tried again in {seen.opens_in / MICROSECONDS:.1f} s" if seen.opens_in else "it is being probed"
    return _Refused(Refusal.CIRCUIT, f"circuit open for {operation_class.value} requests: {said}")


def _paused(seen: Standing) -> _Refused:
    return _Refused(Refusal.PAUSE, f"the provider asked for a pause of {seen.paused / MICROSECONDS:.1f} s more")


def _knock(request: HttpRequest) -> HttpRequest:
    """Ask at the provider's door whether anybody is there, with nothing that would name us or a customer."""
    parts = urlsplit(request.url)
    return HttpRequest(method="GET", url=f"{parts.scheme}://{parts.netloc}/")
