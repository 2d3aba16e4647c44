"""Report what the house stands to win or lose in each currency."""

from dataclasses import dataclass

from application.call import Call
from application.ports.fx import FxAccounts
from domain.fx.conversion import Exposure


@dataclass(frozen=True, slots=True)
class ReportExposureHandler:
    """The policy: positions as they are booked, with what reserved quotes will add to them."""

    accounts: FxAccounts

    async def __call__(self, call: Call) -> tuple[Exposure, ...]:
        """Give the exposure in each currency that has any."""
        return await self.accounts.exposures(call.tenant_id)
