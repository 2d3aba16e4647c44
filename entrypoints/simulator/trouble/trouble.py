"""Trouble on the way of every request and every callback, as it was ordered at the doors for tests."""

import asyncio
import math
import time

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from entrypoints.simulator.bank.clerk import Sending
from entrypoints.simulator.callbacks import Posting
from entrypoints.simulator.doors import said
from entrypoints.simulator.logs import log
from entrypoints.simulator.store import Delivery
from entrypoints.simulator.trouble.drift import drifted, is_young
from entrypoints.simulator.trouble.kinds import kind_of
from entrypoints.simulator.trouble.plan import Fate, Mishap, Plan, Planner, Trial
from entrypoints.simulator.trouble.wire import WireFault, WireOrder, WireOrders, raw_answer, send_badly
from entrypoints.simulator.views import refused
from entrypoints.simulator.words import read_body

_SWAP_SECONDS = 0.25
_DRIP_SECONDS = 0.002
_GARBAGE = b'{"id": "\xff\xfe", "status": <html>'
_RESET = WireOrder(kind=WireFault.RESET, on="books")
_OTHER_DIALECT = "."  # the kinds of all dialects but the card gateway have a dot in them


class Trouble:
    """What is to go wrong, and the doors at which it is ordered."""

    def __init__(self, *, hang_seconds: float) -> None:
        """Begin without any; `hang_seconds` is how long a request hangs before it is cut."""
        self._hang_seconds = hang_seconds
        self._wire = WireOrders()
        self._planner = Planner(time.monotonic)
        self._met: set[int] = set()
        self._tally: dict[str, int] = {}

    def routes(self) -> list[web.RouteDef]:
        """List the doors."""
        return [web.post("/control/wire", self.order_wire), web.get("/control/faults", self.show_plan)]

    def follow(self, plan: Plan) -> None:
        """Let things go wrong by a plan, from its beginning."""
        self._planner.follow(plan)
        self._met.clear()
        self._tally.clear()

    async def order_wire(self, request: web.Request) -> web.StreamResponse:
        """Let the answers to the next requests of a kind suffer on their way."""
        self._wire.order(read_body(await request.read(), WireOrder))
        return said({"status": "ok"})

    async def show_plan(self, _request: web.Request) -> web.StreamResponse:
        """Show the plan in force, and what has gone wrong by it so far."""
        return said({"plan": self._planner.plan, "tally": self._tally})

    def posting(self, delivery: Delivery) -> Posting:
        """Say how an event goes out: what befalls it befalls its first delivery only."""
        fate = None if delivery.number in self._met else self._planner.fate(delivery.number)
        self._met.add(delivery.number)
        if fate is not None:
            self._count(f"callback.{fate}", number=delivery.number)
        match fate:
            case None:
                return Posting((delivery.body,))
            case Fate.TWICE:
                return Posting((delivery.body, delivery.body))
            case Fate.DRIFT:
                return Posting((drifted(delivery.body),))
            case Fate.MISSING:
                return Posting(())
            case Fate.LATE:
                return Posting((), self._planner.plan.late_seconds)
            case Fate.SWAPPED:
                return Posting((), _SWAP_SECONDS)

    def sending(self, number: int) -> Sending:
        """Say how the n-th file of the bank goes out; a bank says nothing that its books do not."""
        fate = self._planner.fate(-number)
        if fate is not None and fate is not Fate.DRIFT:
            self._count(f"file.{fate}", number=number)
        match fate:
            case None | Fate.DRIFT:
                return Sending()
            case Fate.TWICE:
                return Sending(copies=2)
            case Fate.MISSING:
                return Sending(copies=0)
            case Fate.LATE:
                return Sending(late_seconds=self._planner.plan.late_seconds)
            case Fate.SWAPPED:
                return Sending(late_seconds=_SWAP_SECONDS)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request through, or not, and its answer."""
        kind = kind_of(request)
        if kind is None:
            return await handler(request)
        trial = self._planner.trial(kind)
        instead = None if trial is None else await self._instead(request, kind, trial)
        if instead is not None:
            return instead
        response = await handler(request)
        if not isinstance(response, web.Response):
            return response
        response = self._lagging(kind, response)
        if (ordered := self._wire.take(kind)) is not None:
            return await send_badly(request, response, ordered)
        return response if trial is None else await self._afterwards(request, response, kind, trial)

    async def _instead(self, request: web.Request, kind: str, trial: Trial) -> web.StreamResponse | None:
        """Give what comes instead of the effect, if anything does."""
        if trial.is_out:
            self._count("out", number=trial.number)
            return _answer(503, b"<html>503 Service Unavailable</html>")
        if trial.retry_after_seconds is not None:
            self._count("limited", number=trial.number)
            return _limited(kind, trial.retry_after_seconds)
        if trial.is_reset:
            self._count("reset", number=trial.number)
            return await send_badly(request, web.Response(), _RESET)
        match trial.mishap:
            case Mishap.ERROR_BEFORE:
                self._count(trial.mishap, number=trial.number)
                return _answer(500, _failure(kind))
            case Mishap.CUT_BEFORE | Mishap.HANG_BEFORE:
                self._count(trial.mishap, number=trial.number)
                if trial.mishap is Mishap.HANG_BEFORE:
                    await asyncio.sleep(self._hang_seconds)
                return await send_badly(request, web.Response(), _RESET)
            case _:
                return None

    async def _afterwards(
        self, request: web.Request, response: web.Response, kind: str, trial: Trial
    ) -> web.StreamResponse:
        """Send the answer as the plan has it, after its latency; the effect is in the books."""
        if trial.latency_seconds > 0:
            await asyncio.sleep(trial.latency_seconds)
        if trial.mishap is not None:
            self._count(trial.mishap, number=trial.number)
        match trial.mishap:
            case Mishap.ERROR_AFTER:
                return _answer(500, _failure(kind))
            case Mishap.GARBAGE:
                return _answer(200, _GARBAGE)
            case Mishap.HANG:
                await asyncio.sleep(self._hang_seconds)
                return await send_badly(request, response, _RESET)
            case Mishap.CUT | Mishap.RESET:
                after = int(trial.share * len(raw_answer(response)))
                fault = WireOrder(kind=WireFault(trial.mishap), on=_RESET.on, after_bytes=after)
                return await send_badly(request, response, fault)
            case Mishap.DRIP:
                return await send_badly(
                    request, response, WireOrder(kind=WireFault.DRIP, on=_RESET.on, seconds=_DRIP_SECONDS)
                )
            case _:
                return response

    def _lagging(self, kind: str, response: web.Response) -> web.Response:
        """Let the card gateway's look-up know nothing yet of a young charge, where the plan says so."""
        lag = self._planner.plan.lag_seconds
        body = response.body
        if kind != "look_up" or lag <= 0 or not isinstance(body, bytes) or not is_young(body, time.time() - lag):
            return response
        self._count("lagging")
        return _answer(404, refused("operation_not_found", "Nothing is known of this key."))

    def _count(self, what: str, **details: object) -> None:
        self._tally[what] = self._tally.get(what, 0) + 1
        log("info", "trouble", what=what, **details)


TROUBLE = web.AppKey("TROUBLE", Trouble)


def _limited(kind: str, seconds: float) -> web.Response:
    message = "Too many requests; nothing was processed."
    body = msgspec.json.encode({"detail": message}) if _OTHER_DIALECT in kind else refused("rate_limited", message)
    response = _answer(429, body)
    response.headers["Retry-After"] = str(math.ceil(seconds))
    return response


def _failure(kind: str) -> bytes:
    if _OTHER_DIALECT in kind:
        return msgspec.json.encode({"detail": "A server error occurred."})
    return refused("internal_error", "Something went wrong.")


def _answer(status: int, body: bytes) -> web.Response:
    return web.Response(
        status=status, body=body, content_type="text/html" if b"<html>5" in body else "application/json"
    )
