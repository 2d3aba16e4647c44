"""Limits: how much, and how often, may go out of an account, of a tenant, or by an API key, per window of time."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from domain.ids import LimitId
from domain.money import Currency
from domain.posting import BOUND

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LimitScope(StrEnum):
    """What a limit watches: `subject_id` is the account, the API key, or the tenant itself."""

    TENANT = "tenant"
    ACCOUNT = "account"
    API_KEY = "api_key"


class LimitUsage(msgspec.Struct, frozen=True):
    """What was counted in one window: minor units of the limit's currency, and how often."""

    amount_minor: int = 0
    count: int = 0


class LimitPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """At most so many minor units (`amount_max`), and so often (`count_max`), in each window; None: without bound.

    Windows begin at the multiples of their length since 1970-01-01T00:00:00Z.
    """

    id: LimitId
    scope: LimitScope
    subject_id: UUID
    currency: Currency
    window_seconds: int
    amount_max: int | None
    count_max: int | None
    created_at: datetime
    ended_at: datetime | None = None

    def window_start(self, now: datetime) -> datetime:
        """Give the beginning of the window that is open now."""
        length = timedelta(seconds=self.window_seconds)
        return EPOCH + (now - EPOCH) // length * length

    def allows(self, usage: LimitUsage) -> bool:
        """Say whether so much may be counted in one window; never more than an account can hold."""
        amount_max = BOUND if self.amount_max is None else min(BOUND, self.amount_max)
        return usage.amount_minor <= amount_max and (self.count_max is None or usage.count <= self.count_max)
