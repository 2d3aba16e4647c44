"""Trouble by seed: what befalls the n-th request, the same on every run with the same seed and the same order."""

import random
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec

from entrypoints.simulator.trouble.wire import KINDS

Word = TypeVar("Word", bound=StrEnum)
Rate = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=600)]


class Mishap(StrEnum):
    """What may befall a request: the first three instead of the effect, the others after it."""

    CUT_BEFORE = "cut_before"
    ERROR_BEFORE = "error_before"
    HANG_BEFORE = "hang_before"
    ERROR_AFTER = "error_after"
    GARBAGE = "garbage"
    CUT = "cut"
    RESET = "reset"
    DRIP = "drip"
    HANG = "hang"


class Fate(StrEnum):
    """What may befall the delivery of a callback, or of a file of the bank."""

    LATE = "late"
    TWICE = "twice"
    SWAPPED = "swapped"
    MISSING = "missing"
    DRIFT = "drift"


class Latency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long every answer takes: `least_seconds`, and on top of it exponentially `mean_seconds` on average.

    `spread` makes the part on top log-normal instead, with that sigma, which is the long tail of real providers.
    Nothing takes longer than `most_seconds`.
    """

    least_seconds: Seconds = 0.0
    mean_seconds: Seconds = 0.0
    spread: Annotated[float, msgspec.Meta(ge=0, le=5)] = 0.0
    most_seconds: Seconds = 60.0

    def drawn(self, chance: random.Random) -> float:
        """Draw one latency, in seconds."""
        top = 0.0
        if self.mean_seconds > 0 and self.spread > 0:
            # The mean of a log-normal is exp(mu + sigma^2/2): scaled so that it is the one that was asked for.
            top = self.mean_seconds * chance.lognormvariate(-(self.spread**2) / 2, self.spread)
        elif self.mean_seconds > 0:
            top = chance.expovariate(1 / self.mean_seconds)
        return min(self.least_seconds + top, self.most_seconds)


class HiddenLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A limit that nobody was told of: beyond it 429 with Retry-After, and nothing is processed."""

    per_second: Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]
    burst: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Outage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A time in which nothing works, counted in seconds from when the plan was ordered.

    `refuses`: 503 to everything; otherwise connections are reset.
    """

    begins: Annotated[float, msgspec.Meta(ge=0)]
    ends: Annotated[float, msgspec.Meta(ge=0)]
    refuses: bool = True


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /control/faults` with a seed: it replaces the plan before; without anything else it ends it.

    `rates` are the shares of requests that each mishap befalls (together at most 1), `callbacks` those of deliveries.
    `on` limits the plan to these kinds of requests; none: all. `late_seconds` is how late a late callback is, and
    `lag_seconds` for how long the card gateway's look-up still knows nothing of a charge that callbacks tell of.
    """

    seed: int
    rates: dict[Mishap, Rate] = {}
    callbacks: dict[Fate, Rate] = {}
    late_seconds: Seconds = 2.0
    lag_seconds: Seconds = 0.0
    latency: Latency = Latency()
    limit: HiddenLimit | None = None
    outages: tuple[Outage, ...] = ()
    on: frozenset[Annotated[str, msgspec.Meta(pattern=rf"\A({KINDS})\Z")]] = frozenset()

    def __post_init__(self) -> None:
        for rates in (self.rates, self.callbacks):
            if sum(rates.values()) > 1 + 1e-9:
                raise ValueError("the rates of what excludes each other add up to more than 1")


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What befalls one request: `share` (from 0 to 1) is how much of the answer comes before it is cut."""

    number: int
    latency_seconds: float = 0.0
    mishap: Mishap | None = None
    share: float = 0.0
    is_out: bool = False
    is_reset: bool = False
    retry_after_seconds: float | None = None


class Planner:
    """The plan in force, and how far it has come. `clock` gives seconds that only go forward."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin with a plan in which nothing goes wrong."""
        self._clock = clock
        self.follow(Plan(seed=0))

    def follow(self, plan: Plan) -> None:
        """Take up a plan from its beginning."""
        self.plan = plan
        self._began = self._clock()
        self._requests = 0
        self._tokens = float(plan.limit.burst) if plan.limit else 0.0
        self._filled_at = self._began

    def trial(self, kind: str) -> Trial | None:
        """Draw what befalls the next request; None for a kind that the plan leaves alone."""
        plan = self.plan
        if plan.on and kind not in plan.on:
            return None
        self._requests += 1
        number, now = self._requests, self._clock() - self._began
        for outage in plan.outages:
            if outage.begins <= now < outage.ends:
                return Trial(number=number, is_out=outage.refuses, is_reset=not outage.refuses)
        wait = self._wait_seconds()
        if wait is not None:
            return Trial(number=number, retry_after_seconds=wait)
        chance = random.Random(f"{plan.seed}/request/{number}")  # noqa: S311 -- trouble must be repeatable, not secret
        latency = plan.latency.drawn(chance)
        mishap = _picked(plan.rates, chance.random())
        return Trial(number=number, latency_seconds=latency, mishap=mishap, share=chance.random())

    def fate(self, delivery: int) -> Fate | None:
        """Draw what befalls the first delivery of the event of that number; files of the bank count below zero."""
        chance = random.Random(f"{self.plan.seed}/callback/{delivery}")  # noqa: S311 -- as above
        return _picked(self.plan.callbacks, chance.random())

    def _wait_seconds(self) -> float | None:
        """Take a token of the hidden limit; without one, say how long until the next."""
        limit = self.plan.limit
        if limit is None:
            return None
        now = self._clock()
        self._tokens = min(self._tokens + (now - self._filled_at) * limit.per_second, float(limit.burst))
        self._filled_at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return None
        return (1 - self._tokens) / limit.per_second


def names_a_seed(raw: bytes) -> bool:
    """Whether a body is that of a plan, rather than that of an order for the next requests."""
    try:
        return "seed" in msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def _picked(rates: dict[Word, float], drawn: float) -> Word | None:
    """Pick the word in whose share of the line from 0 to 1 the drawn number lies."""
    passed = 0.0
    for word, rate in sorted(rates.items()):
        passed += rate
        if drawn < passed:
            return word
    return None
