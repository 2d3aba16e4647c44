"""`mediator ledger monitors`."""

from functools import partial
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from application.ledger.end_monitor import EndMonitor, EndMonitorHandler
from application.ledger.get_account import GetAccount, GetAccountHandler
from application.ledger.list_monitors import ListMonitors, ListMonitorsHandler
from application.ledger.make_monitor import MakeMonitor, MakeMonitorHandler
from application.ports.journal import Answer
from domain.ids import MonitorId, Prefix
from domain.monitors import Comparison, Measure, Monitor
from entrypoints.cli.ledger.accounts import AccountArgument
from entrypoints.cli.ledger.controls_shown import MonitorShown, monitor_shown, monitor_table
from entrypoints.cli.ledger.desk import Desk, at_desk, confirm
from entrypoints.cli.ledger.names import account_named, id_in
from entrypoints.cli.ledger.options import (
    HERE,
    ROWS,
    AllOption,
    Asking,
    CurrencyOption,
    DescriptionOption,
    KeyOption,
    MajorOption,
    RowsOption,
    ThresholdOption,
    YesOption,
)
from entrypoints.cli.ledger.pages import rows
from entrypoints.cli.ledger.reading import amount_in, find_currency
from entrypoints.cli.ledger.showing import note_replay, tell, tell_rows

monitors = App(name="monitors", help="List, add and end conditions on balances.", version_flags=())


@monitors.command(name="list")
def list_(
    *,
    account: Annotated[str, Parameter(help="Only those of this account: its id or its code path.")] = "",
    currency: CurrencyOption = "",
    ended: Annotated[bool, Parameter(negative="", help="Also those that ended.")] = False,
    limit: RowsOption = ROWS,
    every: AllOption = False,
    asking: Asking = HERE,
) -> None:
    """List balance monitors, newest first, with how often each has fired."""
    reading = partial(_list, account=account, currency=currency, ended=ended, limit=limit, every=every)
    found, has_more = at_desk(asking, reading)
    shown = tuple(monitor_shown(one) for one in found)
    tell_rows(shown, monitor_table(shown), as_json=asking.json, none="There is no such monitor.", has_more=has_more)


async def _list(
    desk: Desk, *, account: str, currency: str, ended: bool, limit: int, every: bool
) -> tuple[tuple[Monitor, ...], bool]:
    handler = await desk.get(ListMonitorsHandler)
    account_id = await account_named(desk, account, currency) if account else None

    async def read(last: Monitor | None, count: int) -> tuple[tuple[Monitor, ...], bool]:
        before = None if last is None else last.id
        command = ListMonitors(account_id=account_id, ended=ended, before=before, limit=count)
        page = await handler(command, desk.call())
        return page.monitors, page.has_more

    return await rows(read, limit=limit, every=every)


@monitors.command
def add(
    account: AccountArgument,
    *,
    measure: Annotated[Measure, Parameter(help="Which balance, on the account's normal side.")],
    comparison: Annotated[Comparison, Parameter(help="How it must stand to the amount.")],
    amount: ThresholdOption = None,
    major: MajorOption = "",
    currency: CurrencyOption = "",
    description: DescriptionOption = "",
    key: KeyOption = "",
    asking: Asking = HERE,
) -> None:
    """Watch a balance: an event is told when the condition begins to hold, and again only after it ceased to.

    For example:

    - `mediator ledger monitors add customer:42:payable --measure available --comparison less --major 10.00`
    """
    adding = partial(
        _add,
        account=account,
        currency=currency,
        measure=measure,
        comparison=comparison,
        amount=amount,
        major=major,
        description=description,
        key=key,
    )
    answer = at_desk(asking, adding)
    note_replay(replayed=answer.replayed)
    shown = msgspec.json.decode(answer.body, type=MonitorShown)
    tell(shown, monitor_table([shown]), as_json=asking.json)


async def _add(
    desk: Desk,
    *,
    account: str,
    currency: str,
    measure: Measure,
    comparison: Comparison,
    amount: int | None,
    major: str,
    description: str,
    key: str,
) -> Answer:
    account_id = await account_named(desk, account, currency)
    watched = await (await desk.get(GetAccountHandler))(GetAccount(account_id), desk.call())
    command = MakeMonitor(
        account=account,
        currency=find_currency(currency),
        measure=measure,
        comparison=comparison,
        threshold_minor=amount_in(amount, major, watched.currency),
        description=description or None,
    )
    handler = await desk.get(MakeMonitorHandler)
    return await handler(command, desk.keyed_call("ledger monitors add", key, command))


@monitors.command
def end(
    monitor: Annotated[str, Parameter(help="The monitor: mon_...")], *, yes: YesOption = False, asking: Asking = HERE
) -> None:
    """End a monitor; it stays to be read."""
    command = EndMonitor(MonitorId(id_in(Prefix.BALANCE_MONITOR, monitor)))
    confirm(f"End {monitor}?", yes=yes)
    shown = monitor_shown(at_desk(asking, partial(_end, command=command)))
    tell(shown, monitor_table([shown]), as_json=asking.json)


async def _end(desk: Desk, *, command: EndMonitor) -> Monitor:
    return await (await desk.get(EndMonitorHandler))(command, desk.call())
