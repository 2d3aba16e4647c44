"""Holds requests back until there is a slot for them: the bulkhead of one account, with tasks that wait."""

import asyncio
from collections.abc import Callable

from adapters.providerkit.guarding.bulkhead import Bulkhead
from adapters.providerkit.guarding.concurrency import Concurrency, ConcurrencyRule
from adapters.providerkit.guarding.signs import Sign
from domain.manifests import OperationClass


class Crowd:
    """The requests of this process to one account. Another account's have nothing to do with them."""

    def __init__(self, rule: ConcurrencyRule, *, waiting_max: int, clock: Callable[[], float]) -> None:
        """Begin empty."""
        self._rule = rule
        self._clock = clock
        self._concurrency = Concurrency(float(rule.first))
        self._bulkhead: Bulkhead[asyncio.Future[bool]] = Bulkhead(slots=rule.first, waiting_max=waiting_max)

    @property
    def under_way(self) -> int:
        """Give how many have a slot."""
        return self._bulkhead.under_way

    @property
    def waiting(self) -> int:
        """Give how many wait for one."""
        return self._bulkhead.waiting

    @property
    def limit(self) -> int:
        """Give how many may have one."""
        return self._concurrency.slots

    async def enter(self, operation_class: OperationClass, *, wait_seconds: float) -> bool:
        """Take a slot, waiting for it at most so long; False when there is none. Who has one must `leave`."""
        if self._bulkhead.enter(operation_class):
            return True
        ticket: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        pushed_out = self._bulkhead.queue(operation_class, ticket)
        if pushed_out is not None and not pushed_out.done():
            pushed_out.set_result(False)
        try:
            async with asyncio.timeout(max(0.0, wait_seconds)):
                return await ticket
        except TimeoutError:
            self._withdraw(operation_class, ticket)
            return False
        except asyncio.CancelledError:
            self._withdraw(operation_class, ticket)
            raise

    def leave(self) -> None:
        """Give the slot to the next one."""
        self._bulkhead.leave()
        self._call_next()

    def learn(self, sign: Sign) -> None:
        """Let more or fewer under way."""
        if sign is Sign.ANSWERED:
            self._concurrency = self._concurrency.grown(self._rule, under_way=self.under_way)
        elif sign.is_overload:
            self._concurrency = self._concurrency.cut(self._rule, now=self._clock())
        self._bulkhead.slots = self.limit
        self._call_next()

    def _withdraw(self, operation_class: OperationClass, ticket: asyncio.Future[bool]) -> None:
        """Leave the queue; a slot that came at the very moment of giving up goes to the next one."""
        if self._bulkhead.abandon(operation_class, ticket):
            return
        if ticket.done() and not ticket.cancelled() and ticket.result():
            self.leave()

    def _call_next(self) -> None:
        for ticket in self._bulkhead.next():
            if ticket.done():
                self._bulkhead.leave()
            else:
                ticket.set_result(True)
