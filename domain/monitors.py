"""Balance monitors: a condition on one account's balance that fires when it begins to hold."""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.ids import LedgerAccountId, MonitorId


class Measure(StrEnum):
    """Which balance is watched, on the account's normal side."""

    POSTED = "posted"
    PENDING = "pending"
    AVAILABLE = "available"


class Comparison(StrEnum):
    """How the balance must stand to the threshold."""

    LESS = "lt"
    LESS_OR_EQUAL = "lte"
    GREATER = "gt"
    GREATER_OR_EQUAL = "gte"
    EQUAL = "eq"


class Monitor(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor as it stands. `is_met`: the condition holds now; it fires again only after it ceased to hold."""

    id: MonitorId
    account_id: LedgerAccountId
    measure: Measure
    comparison: Comparison
    threshold_minor: int
    description: str | None
    is_met: bool
    fired_count: int = 0
    last_fired_at: datetime | None = None
    created_at: datetime
    ended_at: datetime | None = None
