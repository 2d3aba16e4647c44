"""How this house deals in currencies, as its operator has set it."""

from datetime import timedelta

import msgspec

from domain.fx.rates import DayRule, Source


class DealingRules(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a quote that says nothing else: source, missing days, age, margin, and for how long it is open."""

    source: Source = Source.ECB
    day_rule: DayRule = DayRule()
    age_max: timedelta = timedelta(days=6)
    margin_basis_points: int = 0
    lifetime: timedelta = timedelta(seconds=60)
