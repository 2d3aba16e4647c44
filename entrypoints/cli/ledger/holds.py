"""`mediator ledger holds`."""

from datetime import datetime
from functools import partial
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from application.ledger.get_hold import GetHold, GetHoldHandler
from application.ledger.list_holds import ListHolds, ListHoldsHandler
from application.ledger.place_hold import PlaceHoldHandler, PlaceNamedHold
from application.ledger.post_hold import PostHoldHandler, PostNamedHold
from application.ledger.release_hold import ReleaseHoldHandler, ReleaseNamedHold
from application.ports.bookings import HeldAmount, HoldFilter
from domain.ids import HoldId, Prefix
from domain.ledger import HoldState
from domain.money import Currency
from domain.posting import Refusal
from entrypoints.cli.ledger.desk import Desk, at_desk, confirm
from entrypoints.cli.ledger.holds_shown import HoldShown, hold_card, hold_shown, hold_table, placed_shown
from entrypoints.cli.ledger.names import account_named, codes_of, id_in, refused
from entrypoints.cli.ledger.options import (
    HERE,
    ROWS,
    AllOption,
    AmountOption,
    Asking,
    CurrencyOption,
    DescriptionOption,
    KeyOption,
    MajorOption,
    MetadataOption,
    MoneyCurrencyOption,
    ReferenceOption,
    RowsOption,
    YesOption,
)
from entrypoints.cli.ledger.pages import rows
from entrypoints.cli.ledger.reading import amount_in, currency_in, pairs_in, read_moment
from entrypoints.cli.ledger.showing import note_replay, tell, tell_rows
from entrypoints.cli.ledger.transfers_shown import TransferShown, hold_posting_shown, transfer_tables

HoldArgument = Annotated[str, Parameter(help="The hold: hld_...")]

holds = App(name="holds", help="List, place, post and release holds.", version_flags=())


@holds.command(name="list")
def list_(
    *,
    account: Annotated[str, Parameter(help="Only those on this account: its id or its code path.")] = "",
    currency: CurrencyOption = "",
    state: Annotated[HoldState | None, Parameter(help="Only those in this state.")] = None,
    reference: Annotated[str, Parameter(help="Only the one with this reference.")] = "",
    limit: RowsOption = ROWS,
    every: AllOption = False,
    asking: Asking = HERE,
) -> None:
    """List holds, newest first.

    For example:

    - `mediator ledger holds list --account customer:42:payable --state pending`
    """
    wanted = HoldFilter(state=state, reference=reference or None)
    reading = partial(_list, wanted=wanted, account=account, currency=currency, limit=limit, every=every)
    found, has_more = at_desk(asking, reading)
    shown = tuple(hold_shown(one) for one in found)
    tell_rows(shown, hold_table(shown), as_json=asking.json, none="There is no such hold.", has_more=has_more)


async def _list(
    desk: Desk, *, wanted: HoldFilter, account: str, currency: str, limit: int, every: bool
) -> tuple[tuple[HeldAmount, ...], bool]:
    handler = await desk.get(ListHoldsHandler)
    if account:
        account_id = await account_named(desk, account, currency)
        wanted = msgspec.structs.replace(wanted, account_id=account_id)

    async def read(last: HeldAmount | None, count: int) -> tuple[tuple[HeldAmount, ...], bool]:
        before = None if last is None else last.id
        page = await handler(ListHolds(wanted=wanted, before=before, limit=count), desk.call())
        return page.holds, page.has_more

    return await rows(read, limit=limit, every=every)


@holds.command
def show(hold: HoldArgument, *, asking: Asking = HERE) -> None:
    """Show one hold."""
    shown = at_desk(asking, partial(_show, hold_id=HoldId(id_in(Prefix.HOLD, hold))))
    tell(shown, hold_card(shown), as_json=asking.json)


async def _show(desk: Desk, *, hold_id: HoldId) -> HoldShown:
    handler = await desk.get(GetHoldHandler)
    return hold_shown(await handler(GetHold(hold_id), desk.call()))


@holds.command
def place(
    *,
    source: Annotated[str, Parameter(name="--from", help="The account that will be debited: id or code path.")],
    target: Annotated[str, Parameter(name="--to", help="The account that will be credited.")],
    currency: MoneyCurrencyOption,
    amount: AmountOption = None,
    major: MajorOption = "",
    expires_at: Annotated[
        datetime | None, Parameter(converter=read_moment, n_tokens=1, help="When it is let go by itself.")
    ] = None,
    reference: ReferenceOption = "",
    description: DescriptionOption = "",
    metadata: MetadataOption = (),
    key: KeyOption = "",
    asking: Asking = HERE,
) -> None:
    """Keep an amount for a later posting: it counts against what is available.

    For example:

    - `mediator ledger holds place --from customer:42:payable --to shop:payable --major 20.00 --currency EUR
      --expires-at 2026-12-01`
    """
    kept_in = currency_in(currency)
    command = PlaceNamedHold(
        debit_account=source,
        credit_account=target,
        amount_minor=amount_in(amount, major, kept_in),
        currency=kept_in,
        expires_at=expires_at,
        reference=reference or None,
        description=description or None,
        metadata=pairs_in(metadata, "--metadata"),
    )
    shown = at_desk(asking, partial(_place, command=command, key=key))
    tell(shown, hold_card(shown), as_json=asking.json)


async def _place(desk: Desk, *, command: PlaceNamedHold, key: str) -> HoldShown:
    handler = await desk.get(PlaceHoldHandler)
    placed = await handler(command, desk.keyed_call("ledger holds place", key, command))
    if isinstance(placed, Refusal):
        raise refused(placed, (command.debit_account, command.credit_account))
    note_replay(replayed=placed.posting.replayed)
    return placed_shown(placed)


@holds.command
def post(
    hold: HoldArgument,
    *,
    amount: AmountOption = None,
    major: MajorOption = "",
    final: Annotated[bool, Parameter(negative="", help="Let go of what is not booked.")] = False,
    key: KeyOption = "",
    asking: Asking = HERE,
) -> None:
    """Book a hold, or a part of it: all that is left, unless an amount is said.

    For example:

    - `mediator ledger holds post hld_0198c5a0b1c27d3e8f00112233445566 --major 12.50 --final`
    """
    hold_id = HoldId(id_in(Prefix.HOLD, hold))
    posting = partial(_post, hold_id=hold_id, amount=amount, major=major, final=final, key=key)
    shown = at_desk(asking, posting)
    tell(shown, *transfer_tables(shown), as_json=asking.json)


async def _post(desk: Desk, *, hold_id: HoldId, amount: int | None, major: str, final: bool, key: str) -> TransferShown:
    if major:
        held = await (await desk.get(GetHoldHandler))(GetHold(hold_id), desk.call())
        amount = amount_in(amount, major, Currency(held.currency))
    command = PostNamedHold(hold_id=hold_id, amount_minor=amount, final=final)
    handler = await desk.get(PostHoldHandler)
    posted = await handler(command, desk.keyed_call("ledger holds post", key, command))
    if isinstance(posted, Refusal):
        raise refused(posted, await _accounts(desk, hold_id) if posted.leg else ())
    note_replay(replayed=posted.posting.replayed)
    return hold_posting_shown(posted, await codes_of(desk, (leg.account_id for leg in posted.posting.entries)))


async def _accounts(desk: Desk, hold_id: HoldId) -> tuple[str, ...]:
    """Name the accounts of a hold: the debited, then the credited one."""
    held = await (await desk.get(GetHoldHandler))(GetHold(hold_id), desk.call())
    codes = await codes_of(desk, (held.debit_account_id, held.credit_account_id))
    return codes[held.debit_account_id], codes[held.credit_account_id]


@holds.command
def release(hold: HoldArgument, *, key: KeyOption = "", yes: YesOption = False, asking: Asking = HERE) -> None:
    """Let what is left of a hold go. What was booked of it stays booked."""
    hold_id = HoldId(id_in(Prefix.HOLD, hold))
    confirm(f"Let go of what is left of {hold}?", yes=yes)
    shown = at_desk(asking, partial(_release, command=ReleaseNamedHold(hold_id), key=key))
    tell(shown, hold_card(shown), as_json=asking.json)


async def _release(desk: Desk, *, command: ReleaseNamedHold, key: str) -> HoldShown:
    handler = await desk.get(ReleaseHoldHandler)
    released = await handler(command, desk.keyed_call("ledger holds release", key, command))
    if isinstance(released, Refusal):
        raise refused(released, ())
    note_replay(replayed=released.replayed)
    return hold_shown(released.hold)
