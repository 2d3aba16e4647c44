"""`mediator fx exposure`."""

from application.fx.report_exposure import ReportExposureHandler
from domain.fx.conversion import Exposure
from entrypoints.cli.fx.quotes_shown import exposure_shown, exposure_table
from entrypoints.cli.ledger.desk import Desk, at_desk
from entrypoints.cli.ledger.options import HERE, Asking
from entrypoints.cli.ledger.showing import tell_rows


def exposure(*, asking: Asking = HERE) -> None:
    """Report what is at stake in each currency: booked positions, and what reserved quotes will add to them."""
    shown = tuple(exposure_shown(one) for one in at_desk(asking, _exposure))
    tell_rows(shown, exposure_table(shown), as_json=asking.json, none="Nothing is at stake.", has_more=False)


async def _exposure(desk: Desk) -> tuple[Exposure, ...]:
    return await (await desk.get(ReportExposureHandler))(desk.call())
