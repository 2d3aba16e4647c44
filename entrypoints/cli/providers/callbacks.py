"""`mediator providers callbacks`."""

from datetime import datetime
from functools import partial
from typing import Annotated

from cyclopts import App, Parameter

from application.callbacks.get_callback import GetCallback, GetCallbackHandler
from application.callbacks.list_callbacks import ListCallbacks, ListCallbacksHandler
from application.callbacks.replay_callbacks import ReplayCallbacks, ReplayCallbacksHandler, Replayed
from application.ports.callbacks import CallbackFilter, CallbackSummary, StoredCallback
from domain.callbacks import CallbackState
from domain.ids import CallbackId, Prefix, ProviderAccountId
from entrypoints.cli.ledger.desk import Desk, at_desk, confirm
from entrypoints.cli.ledger.names import id_in
from entrypoints.cli.ledger.options import HERE, ROWS, AllOption, Asking, RowsOption, YesOption
from entrypoints.cli.ledger.pages import rows
from entrypoints.cli.ledger.reading import read_moment
from entrypoints.cli.ledger.showing import tell, tell_rows
from entrypoints.cli.providers.callbacks_shown import (
    callback_shown,
    callback_table,
    detail_shown,
    detail_tables,
    replay_tables,
    replayed_shown,
)
from entrypoints.cli.trouble import USAGE, Trouble

AccountOption = Annotated[str, Parameter(name="--account", help="Only those of this provider account (pac_...).")]
IdsOption = Annotated[tuple[str, ...], Parameter(name="--id", negative="", help="This callback (cbk_...); repeatable.")]

SinceOption = Annotated[
    datetime | None,
    Parameter(name="--since", converter=read_moment, n_tokens=1, help="Received at or after: 2026-11-01 (UTC) or ISO."),
]
BeforeOption = Annotated[
    datetime | None,
    Parameter(name="--before", converter=read_moment, n_tokens=1, help="Received before this moment."),
]

callbacks = App(name="callbacks", help="What providers sent to us: list, show, replay.", version_flags=())


@callbacks.command(name="list")
def list_(
    *,
    account: AccountOption = "",
    provider: Annotated[str, Parameter(help="Only those of this provider.")] = "",
    state: Annotated[CallbackState | None, Parameter(help="Only those in this state.")] = None,
    since: SinceOption = None,
    before: BeforeOption = None,
    limit: RowsOption = ROWS,
    every: AllOption = False,
    asking: Asking = HERE,
) -> None:
    """List callbacks, newest first."""
    wanted = _filter(account, since, before, provider=provider or None, state=state)
    found, has_more = at_desk(asking, partial(_list, wanted=wanted, limit=limit, every=every))
    shown = tuple(callback_shown(one) for one in found)
    tell_rows(shown, callback_table(shown), as_json=asking.json, none="There is no such callback.", has_more=has_more)


async def _list(
    desk: Desk, *, wanted: CallbackFilter, limit: int, every: bool
) -> tuple[tuple[CallbackSummary, ...], bool]:
    handler = await desk.get(ListCallbacksHandler)

    async def read(last: CallbackSummary | None, count: int) -> tuple[tuple[CallbackSummary, ...], bool]:
        command = ListCallbacks(wanted=wanted, before=None if last is None else last.id, limit=count)
        page = await handler(command, desk.call())
        return page.callbacks, page.has_more

    return await rows(read, limit=limit, every=every)


@callbacks.command
def show(
    callback: Annotated[str, Parameter(help="Which callback (cbk_...).")],
    *,
    asking: Asking = HERE,
) -> None:
    """Show one callback with its bytes, and what was read from it."""
    shown = detail_shown(at_desk(asking, partial(_show, callback_id=CallbackId(id_in(Prefix.CALLBACK, callback)))))
    tell(shown, *detail_tables(shown), as_json=asking.json)


async def _show(desk: Desk, *, callback_id: CallbackId) -> StoredCallback:
    return await (await desk.get(GetCallbackHandler))(GetCallback(callback_id), desk.call())


@callbacks.command
def replay(
    *,
    ids: IdsOption = (),
    account: AccountOption = "",
    since: SinceOption = None,
    before: BeforeOption = None,
    state: Annotated[CallbackState | None, Parameter(help="Only those in this state.")] = None,
    dry_run: Annotated[bool, Parameter(name="--dry-run", negative="", help="Only tell what would change.")] = False,
    yes: YesOption = False,
    asking: Asking = HERE,
) -> None:
    """Read stored callbacks as the present adapter does, and act on them again, the oldest first."""
    if not (ids or account):
        raise Trouble("Say which: --id, or --account with --since.", exit_code=USAGE)
    if not dry_run:
        confirm("Act on these callbacks again? (--dry-run only tells what would change.)", yes=yes)
    command = ReplayCallbacks(
        callback_ids=tuple(CallbackId(id_in(Prefix.CALLBACK, one)) for one in ids),
        wanted=_filter(account, since, before, state=state),
        dry_run=dry_run,
    )
    shown = tuple(replayed_shown(one) for one in at_desk(asking, partial(_replay, command=command)))
    tell(shown, *replay_tables(shown, dry_run=dry_run), as_json=asking.json)


async def _replay(desk: Desk, *, command: ReplayCallbacks) -> tuple[Replayed, ...]:
    return await (await desk.get(ReplayCallbacksHandler))(command, desk.call())


def _filter(
    account: str,
    since: datetime | None,
    before: datetime | None,
    *,
    provider: str | None = None,
    state: CallbackState | None = None,
) -> CallbackFilter:
    return CallbackFilter(
        provider_account_id=ProviderAccountId(id_in(Prefix.PROVIDER_ACCOUNT, account)) if account else None,
        provider=provider,
        state=state,
        received_from=since,
        received_before=before,
    )
