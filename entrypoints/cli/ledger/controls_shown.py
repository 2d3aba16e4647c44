"""How limits and monitors are printed."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from rich.table import Table

from application.ports.controls import LimitNow
from domain.ids import Prefix, public_id
from domain.limits import LimitScope
from domain.monitors import Monitor
from entrypoints.cli.ledger.showing import Exact, exact, grid, instant, money

SUBJECTS = {
    LimitScope.TENANT: Prefix.TENANT,
    LimitScope.ACCOUNT: Prefix.LEDGER_ACCOUNT,
    LimitScope.API_KEY: Prefix.API_KEY,
}


class LimitShown(msgspec.Struct, frozen=True, kw_only=True):
    """A limit with what is used of it in the window that is open now, in minor units."""

    id: str
    scope: str
    subject: str
    currency: str
    window_seconds: int
    amount_max: Exact | None
    count_max: Exact | None
    window_start: datetime
    amount_used: Exact
    count_used: Exact
    created_at: datetime
    ended_at: datetime | None


def limit_shown(limit: LimitNow) -> LimitShown:
    """Show a limit."""
    policy = limit.policy
    return LimitShown(
        id=public_id(Prefix.LIMIT_POLICY, policy.id),
        scope=policy.scope.value,
        subject=public_id(SUBJECTS[policy.scope], policy.subject_id),
        currency=policy.currency,
        window_seconds=policy.window_seconds,
        amount_max=None if policy.amount_max is None else exact(policy.amount_max),
        count_max=None if policy.count_max is None else exact(policy.count_max),
        window_start=limit.window_start,
        amount_used=exact(limit.usage.amount_minor),
        count_used=exact(limit.usage.count),
        created_at=policy.created_at,
        ended_at=policy.ended_at,
    )


def limit_table(found: Sequence[LimitShown]) -> Table:
    """Tell limits."""
    columns = ("limit", "of", "subject", "window", "since", "amount", "used", "times", "counted", "ended at")
    rows = (
        (
            one.id,
            one.scope,
            one.subject,
            f"{one.window_seconds} s",
            instant(one.window_start),
            money(one.amount_max, one.currency),
            money(one.amount_used, one.currency),
            "" if one.count_max is None else one.count_max,
            one.count_used,
            instant(one.ended_at),
        )
        for one in found
    )
    return grid("Limits", columns, rows, right=("window", "amount", "used", "times", "counted"))


class MonitorShown(msgspec.Struct, frozen=True, kw_only=True):
    """A balance monitor; the threshold is in minor units of its account's currency."""

    id: str
    account_id: str
    measure: str
    comparison: str
    threshold: Exact
    description: str | None
    is_met: bool
    fired_count: int
    last_fired_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


def monitor_shown(monitor: Monitor) -> MonitorShown:
    """Show a monitor."""
    return MonitorShown(
        id=public_id(Prefix.BALANCE_MONITOR, monitor.id),
        account_id=public_id(Prefix.LEDGER_ACCOUNT, monitor.account_id),
        measure=monitor.measure.value,
        comparison=monitor.comparison.value,
        threshold=exact(monitor.threshold_minor),
        description=monitor.description,
        is_met=monitor.is_met,
        fired_count=monitor.fired_count,
        last_fired_at=monitor.last_fired_at,
        created_at=monitor.created_at,
        ended_at=monitor.ended_at,
    )


def monitor_table(found: Sequence[MonitorShown]) -> Table:
    """Tell monitors; thresholds in minor units, for a monitor does not know its account's currency."""
    columns = ("monitor", "account", "condition", "met", "fired", "last at", "description", "ended at")
    rows = (
        (
            one.id,
            one.account_id,
            f"{one.measure} {one.comparison} {one.threshold}",
            "yes" if one.is_met else "no",
            one.fired_count,
            instant(one.last_fired_at),
            one.description or "",
            instant(one.ended_at),
        )
        for one in found
    )
    return grid("Balance monitors", columns, rows, right=("fired",))
