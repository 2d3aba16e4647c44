"""`mediator ledger limits`."""

from functools import partial
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from application.ledger.end_limit import EndLimit, EndLimitHandler
from application.ledger.list_limits import ListLimits, ListLimitsHandler
from application.ledger.make_limit import MakeLimit, MakeLimitHandler
from application.ports.controls import LimitNow
from application.ports.journal import Answer
from domain.ids import ApiKeyId, LimitId, Prefix
from domain.limits import LimitScope
from entrypoints.cli.ledger.controls_shown import LimitShown, limit_shown, limit_table
from entrypoints.cli.ledger.desk import Desk, at_desk, confirm
from entrypoints.cli.ledger.names import id_in
from entrypoints.cli.ledger.options import HERE, ROWS, AllOption, Asking, KeyOption, RowsOption, YesOption
from entrypoints.cli.ledger.pages import rows
from entrypoints.cli.ledger.reading import currency_in, major_in, read_minor, read_window
from entrypoints.cli.ledger.showing import note_replay, tell, tell_rows
from entrypoints.cli.trouble import USAGE, Trouble

limits = App(name="limits", help="List, add and end limits on what may go out.", version_flags=())


@limits.command(name="list")
def list_(
    *,
    scope: Annotated[LimitScope | None, Parameter(help="Only those of this scope.")] = None,
    ended: Annotated[bool, Parameter(negative="", help="Also those that ended.")] = False,
    limit: RowsOption = ROWS,
    every: AllOption = False,
    asking: Asking = HERE,
) -> None:
    """List limits, with what is used of each in the window that is open now."""
    wanted = ListLimits(scope=scope, ended=ended, before=None, limit=ROWS)
    found, has_more = at_desk(asking, partial(_list, wanted=wanted, limit=limit, every=every))
    shown = tuple(limit_shown(one) for one in found)
    tell_rows(shown, limit_table(shown), as_json=asking.json, none="There is no such limit.", has_more=has_more)


async def _list(desk: Desk, *, wanted: ListLimits, limit: int, every: bool) -> tuple[tuple[LimitNow, ...], bool]:
    handler = await desk.get(ListLimitsHandler)

    async def read(last: LimitNow | None, count: int) -> tuple[tuple[LimitNow, ...], bool]:
        before = None if last is None else last.policy.id
        page = await handler(msgspec.structs.replace(wanted, before=before, limit=count), desk.call())
        return page.limits, page.has_more

    return await rows(read, limit=limit, every=every)


@limits.command
def add(
    *,
    scope: Annotated[LimitScope, Parameter(help="What it watches.")],
    currency: Annotated[str, Parameter(help="ISO 4217 code of what is counted.")],
    window: Annotated[
        int, Parameter(converter=read_window, n_tokens=1, help="Length in seconds, or 15m, 1h, 1d; days are UTC days.")
    ],
    amount_max: Annotated[
        int | None, Parameter(converter=read_minor, n_tokens=1, help="Most minor units in a window.")
    ] = None,
    major_max: Annotated[str, Parameter(help="The same in major units, exact.")] = "",
    count_max: Annotated[int | None, Parameter(converter=read_minor, n_tokens=1, help="Most times.")] = None,
    account: Annotated[str, Parameter(help="Of scope account: its id or its code path.")] = "",
    api_key: Annotated[str, Parameter(help="Of scope api-key: key_...")] = "",
    key: KeyOption = "",
    asking: Asking = HERE,
) -> None:
    """Limit how much, and how often, may go out of an account, of the tenant, or by an API key, in each window.

    For example:

    - `mediator ledger limits add --scope account --account customer:42:payable --currency EUR --window 1d
      --major-max 500.00`
    - `mediator ledger limits add --scope tenant --currency EUR --window 1h --count-max 1000`
    """
    counted_in = currency_in(currency)
    if amount_max is not None and major_max:
        raise Trouble("Say --amount-max or --major-max, not both.", exit_code=USAGE)
    command = MakeLimit(
        scope=scope,
        currency=counted_in,
        window_seconds=window,
        amount_max=major_in(major_max, counted_in) if major_max else amount_max,
        count_max=count_max,
        account=account or None,
        api_key_id=ApiKeyId(id_in(Prefix.API_KEY, api_key)) if api_key else None,
    )
    answer = at_desk(asking, partial(_add, command=command, key=key))
    note_replay(replayed=answer.replayed)
    shown = msgspec.json.decode(answer.body, type=LimitShown)
    tell(shown, limit_table([shown]), as_json=asking.json)


async def _add(desk: Desk, *, command: MakeLimit, key: str) -> Answer:
    handler = await desk.get(MakeLimitHandler)
    return await handler(command, desk.keyed_call("ledger limits add", key, command))


@limits.command
def end(
    limit: Annotated[str, Parameter(help="The limit: lim_...")], *, yes: YesOption = False, asking: Asking = HERE
) -> None:
    """End a limit; it stays to be read."""
    command = EndLimit(LimitId(id_in(Prefix.LIMIT_POLICY, limit)))
    confirm(f"End {limit}?", yes=yes)
    shown = limit_shown(at_desk(asking, partial(_end, command=command)))
    tell(shown, limit_table([shown]), as_json=asking.json)


async def _end(desk: Desk, *, command: EndLimit) -> LimitNow:
    return await (await desk.get(EndLimitHandler))(command, desk.call())
