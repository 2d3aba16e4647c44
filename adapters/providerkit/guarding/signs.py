"""What an answer says about the provider's health, never about the operation, and when it wants to be asked again."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from adapters.providerkit.guard import Answer
from adapters.providerkit.messages import HttpResponse
from domain.providers import NotSent

TOO_MANY_REQUESTS = 429
SERVICE_UNAVAILABLE = 503
SERVER_FAULT = 500

PAUSE_SECONDS_MAX = 900.0
"""A provider that asks for more is asked again after this: a slip in a header must not shut an account for days."""

PAUSE_SECONDS_UNSAID = 1.0
"""How long to pause after a 429 that does not say."""

EPOCH_SECONDS_MIN = 1_000_000_000
EPOCH_MILLISECONDS_MIN = 100_000_000_000
"""A reset above these is a point in time, not a duration."""

_NUMBER = re.compile(r"\A[0-9]{1,18}(?:\.[0-9]{1,9})?\Z", re.ASCII)
_RESET = re.compile(r"(?:\A|[;,\s])t=([0-9]{1,18})", re.ASCII)


class Sign(StrEnum):
    """How an exchange ended, as far as health goes. A decline is a well-formed answer, and so a sign of health."""

    ANSWERED = "answered"
    THROTTLED = "throttled"
    BROKEN = "broken"
    LOST = "lost"
    UNREACHED = "unreached"

    @property
    def is_failure(self) -> bool:
        """Whether it is a technical failure."""
        return self in {Sign.BROKEN, Sign.LOST, Sign.UNREACHED}

    @property
    def is_overload(self) -> bool:
        """Whether fewer requests at a time might have gone better."""
        return self in {Sign.THROTTLED, Sign.BROKEN, Sign.LOST}


def sign_of(answer: Answer) -> Sign:
    """Read an answer to a request that was fit to be sent."""
    if isinstance(answer, HttpResponse):
        if answer.status == TOO_MANY_REQUESTS:
            return Sign.THROTTLED
        return Sign.BROKEN if answer.status >= SERVER_FAULT else Sign.ANSWERED
    return Sign.UNREACHED if isinstance(answer, NotSent) else Sign.LOST


def pause_of(answer: Answer, *, now: datetime) -> float | None:
    """Give the seconds for which a 429 or 503 wants nothing more; None when it does not say so.

    Retry-After (RFC 9110 §10.2.3) comes before RateLimit (the IETF draft in both of its forms) and X-RateLimit-Reset.
    `now` (UTC) is used for dates, unless the answer states its own.
    """
    if not isinstance(answer, HttpResponse) or answer.status not in {TOO_MANY_REQUESTS, SERVICE_UNAVAILABLE}:
        return None
    now = _date(answer.headers.get("date", "")) or now
    for read in (_retry_after, _rate_limit, _reset):
        seconds = read(answer.headers, now)
        if seconds is not None:
            return min(max(0.0, seconds), PAUSE_SECONDS_MAX)
    return PAUSE_SECONDS_UNSAID if answer.status == TOO_MANY_REQUESTS else None


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    said = headers.get("retry-after", "").strip()
    if _NUMBER.match(said):
        return float(said)
    until = _date(said)
    return None if until is None else (until - now).total_seconds()


def _rate_limit(headers: Mapping[str, str], now: datetime) -> float | None:  # noqa: ARG001 -- one form for all readers
    resets = [float(one) for one in _RESET.findall(headers.get("ratelimit", ""))]
    return max(resets) if resets else None


def _reset(headers: Mapping[str, str], now: datetime) -> float | None:
    for name in ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"):
        said = headers.get(name, "").strip()
        if _NUMBER.match(said):
            return _from_now(float(said), now)
    return None


def _from_now(said: float, now: datetime) -> float:
    if said >= EPOCH_MILLISECONDS_MIN:
        said /= 1000
    return said - now.timestamp() if said >= EPOCH_SECONDS_MIN else said


def _date(text: str) -> datetime | None:
    """Read an HTTP date; None for anything else, and for one that no calendar has."""
    try:
        read = parsedate_to_datetime(text)
        read = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return read if math.isfinite(read.timestamp()) else None
