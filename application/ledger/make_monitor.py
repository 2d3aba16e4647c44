"""Watch a balance: a condition that fires when it begins to hold."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from application.call import Call
from application.ledger.orders import NOBODY, account_id_of
from application.ports.answers import ControlAnswers
from application.ports.controls import MonitorBook, NewMonitor
from application.ports.journal import Answer, Journal
from application.ports.ledger import AccountFinder
from application.ports.world import World
from application.telling import told
from domain.ids import LedgerAccountId, MonitorId, Prefix, public_id
from domain.money import Currency
from domain.monitors import Comparison, Measure, Monitor


class MakeMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """Which balance of which account (an id, or a code path with its currency) is compared with what."""

    account: str
    currency: Currency | None
    measure: Measure
    comparison: Comparison
    threshold_minor: int
    description: str | None = None


@dataclass(frozen=True, slots=True)
class MakeMonitorHandler:
    """The policy: it fires once when the condition begins to hold, and again only after it ceased to.

    What holds when the monitor begins has begun before, and does not fire.
    """

    monitors: MonitorBook
    finder: AccountFinder
    journal: Journal
    answers: ControlAnswers
    world: World

    async def __call__(self, command: MakeMonitor, call: Call) -> Answer:
        """Begin it, or give the earlier answer of the call's key. Raises as `MonitorBook.make`."""
        moment = self.world.moment()
        monitor = NewMonitor(
            id=MonitorId(moment.new_id()),
            account_id=await self._account(command, call),
            measure=command.measure,
            comparison=command.comparison,
            threshold_minor=command.threshold_minor,
            description=command.description,
        )
        account = public_id(Prefix.LEDGER_ACCOUNT, monitor.account_id)
        audit = call.audit("monitor.made", public_id(Prefix.BALANCE_MONITOR, monitor.id), moment, account=account)
        made = await self.monitors.make(call.tenant_id, monitor, audit=audit, claim=call.claim(monitor.id))

        async def get(monitor_id: UUID) -> Monitor:
            return await self.monitors.get(call.tenant_id, MonitorId(monitor_id))

        return await told(self.journal, call, made, get=get, tell=self.answers.monitor)

    async def _account(self, command: MakeMonitor, call: Call) -> LedgerAccountId:
        """Find the account; an unknown one is refused where the monitor is made."""
        known = account_id_of(command.account)
        if known is not None:
            return known
        name = (command.account, command.currency)
        found = (await self.finder.find(call.tenant_id, [name])).get(name)
        return NOBODY if found is None else found.id
