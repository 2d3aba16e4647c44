"""The wire to a gateway, cut at any byte: the gateway does what it got, and we read what we got of its answer."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.messages import HttpRequest, HttpResponse
from domain.providers import NotSent, Unknown
from tests.boundary.gateway import Gateway
from tests.boundary.steps import Steps
from tests.fakes.world import SettableWorld

Answered = HttpResponse | NotSent | Unknown

LATE_MAX_SECONDS = 4.9
"""Less than deadline and horizon together: later effects would make "not found" a lie of the gateway's."""

_HEAD_BYTES = 17
"""Of the status line; what is cut within it is no answer at all."""


class CutWire(ProviderHttp):
    """One wire to one gateway, with a fate for every exchange."""

    def __init__(self, gateway: Gateway, world: SettableWorld, steps: Steps, chance: random.Random) -> None:
        """Connect. `cut_at`, once set, cuts the next exchange after so many bytes of both directions together."""
        super().__init__()
        self.gateway = gateway
        self.calm = False
        self.cut_at: int | None = None
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self._world = world
        self._steps = steps
        self._chance = chance
        self._late: list[tuple[float, HttpRequest]] = []

    async def exchange(self, request: HttpRequest, *, deadline_seconds: float) -> Answered:
        """Send a request into its fate, as `ProviderHttp.exchange` promises."""
        self._steps.take()
        self.arrive()
        if self.cut_at is not None:
            at, self.cut_at = self.cut_at, None
            answered: Answered = self._cut(request, at)
        elif self.calm:
            answered = self._arrived(request)
        else:
            answered = self._by_chance(request, deadline_seconds)
        if self.meanwhile is not None and not self.calm:
            await self.meanwhile()
        self._steps.take()
        return answered

    def arrive(self, *, everything: bool = False) -> None:
        """Let what was under way arrive, as far as its time has come."""
        now = self._world.now.timestamp()
        due = [one for one in self._late if everything or one[0] <= now]
        self._late = [one for one in self._late if one not in due]
        for _, request in due:
            self._arrived(request)

    def _by_chance(self, request: HttpRequest, deadline_seconds: float) -> Answered:
        roll = self._chance.random()
        if roll < 0.42:
            return self._arrived(request)
        if roll < 0.5:
            return NotSent("connection refused")
        if roll < 0.73:
            return self._cut(request, self._chance.randint(0, _size(request) + 700))
        if roll < 0.83:
            self._world.wait(timedelta(seconds=deadline_seconds))
            if self._chance.random() < 0.7:
                sent_at = self._world.now.timestamp() - deadline_seconds
                delay = self._chance.choice((LATE_MAX_SECONDS, self._chance.uniform(0, LATE_MAX_SECONDS)))
                self._late.append((sent_at + delay, request))
            return Unknown("no whole answer in time")
        if roll < 0.86:
            self._arrived(request)
            return self._arrived(request)
        return self._strange(request, roll)

    def _strange(self, request: HttpRequest, roll: float) -> Answered:
        """Answer what is none, with or without the effect: faults and garbage; or refuse before anything was done."""
        if roll < 0.89:
            return HttpResponse(status=429, body=b'{"error":{"code":"rate_limited"}}')
        if self._chance.random() < 0.5:
            self._arrived(request)
        if roll < 0.95:
            return HttpResponse(status=500, body=b'{"error":{"code":"internal","kind":"hard"}}')
        bodies = (b"", b"{}", b"null", b"<html>Bad Gateway</html>", b'{"id":"ch_1","status":"captured"}')
        return HttpResponse(status=self._chance.choice((200, 201, 402, 404, 502)), body=self._chance.choice(bodies))

    def _cut(self, request: HttpRequest, at: int) -> Answered:
        """Cut after so many bytes of both directions together.

        A request that did not arrive as a whole has no effect. Of an answer without a stated length nobody sees that
        its end is missing, so half of the time what came of its body is all.
        """
        size = _size(request)
        if at < size:
            return Unknown(f"cut after {at} of {size} bytes")
        whole = self._arrived(request)
        came = at - size - _HEAD_BYTES
        if came >= len(whole.body):
            return whole
        if came < 0 or at % 2:
            return Unknown("cut within the answer")
        return HttpResponse(status=whole.status, headers=whole.headers, body=whole.body[:came])

    def _arrived(self, request: HttpRequest) -> HttpResponse:
        return self.gateway.answer(request, now_seconds=self._world.now.timestamp())


def _size(request: HttpRequest) -> int:
    headers = sum(len(name) + len(value) + 4 for name, value in request.headers.items())
    return len(request.method) + len(request.url) + 12 + headers + len(request.body)
