"""`mediator ledger transfer`."""

from datetime import datetime
from functools import partial
from typing import Annotated

from cyclopts import Parameter

from application.ledger.make_transfer import MakeTransferHandler
from application.ledger.orders import MakeTransfer
from domain.posting import Refusal
from entrypoints.cli.ledger.desk import Desk, at_desk
from entrypoints.cli.ledger.legs import Wanted, legs_of
from entrypoints.cli.ledger.names import codes_of, refused
from entrypoints.cli.ledger.options import (
    HERE,
    AmountOption,
    Asking,
    DescriptionOption,
    KeyOption,
    MajorOption,
    MetadataOption,
    MoneyCurrencyOption,
    ReferenceOption,
)
from entrypoints.cli.ledger.reading import pairs_in, read_moment
from entrypoints.cli.ledger.showing import note_replay, tell
from entrypoints.cli.ledger.transfers_shown import TransferShown, transfer_shown, transfer_tables


def transfer(
    *,
    source: Annotated[str, Parameter(name="--from", help="The account that is debited: id or code path.")] = "",
    target: Annotated[str, Parameter(name="--to", help="The account that is credited.")] = "",
    amount: AmountOption = None,
    major: MajorOption = "",
    currency: MoneyCurrencyOption = "",
    legs: Annotated[
        tuple[str, ...],
        Parameter(
            name="--leg",
            negative="",
            help="debit=ACCOUNT,amount=1250 or credit=...; also major=, currency=, available_min=. One for each leg.",
        ),
    ] = (),
    splits: Annotated[
        tuple[str, ...],
        Parameter(
            name="--split",
            negative="",
            help="to=ACCOUNT,percent=2.9 or fixed=30 or remainder=yes. One for each part of --from's amount.",
        ),
    ] = (),
    effective_at: Annotated[
        datetime | None,
        Parameter(converter=read_moment, n_tokens=1, help="When it counts; when it is recorded if left out."),
    ] = None,
    reference: ReferenceOption = "",
    description: DescriptionOption = "",
    metadata: MetadataOption = (),
    dry_run: Annotated[bool, Parameter(negative="", help="Only tell what would be booked.")] = False,
    key: KeyOption = "",
    asking: Asking = HERE,
) -> None:
    """Move money between accounts, in one ledger transaction.

    Amounts are minor units (--amount 1250) or exact major units (--major 12.50); nothing passes through a float.

    For example:

    - `mediator ledger transfer --from bank:cash --to customer:42:payable --major 12.50 --currency EUR`
    - `mediator ledger transfer --from customer:42 --amount 999 --currency EUR --split to=fees,percent=2.9
      --split to=shop,remainder=yes --dry-run`
    - `mediator ledger transfer --leg debit=a,amount=5,currency=EUR --leg credit=b,amount=5,currency=EUR`
    """
    wanted = Wanted(
        source=source, target=target, amount=amount, major=major, currency=currency, legs=legs, splits=splits
    )
    command = MakeTransfer(
        legs=legs_of(wanted),
        effective_at=effective_at,
        reference=reference or None,
        description=description or None,
        metadata=pairs_in(metadata, "--metadata"),
        dry_run=dry_run,
    )
    shown = at_desk(asking, partial(_transfer, command=command, key=key))
    tell(shown, *transfer_tables(shown), as_json=asking.json)


async def _transfer(desk: Desk, *, command: MakeTransfer, key: str) -> TransferShown:
    handler = await desk.get(MakeTransferHandler)
    call = desk.call() if command.dry_run else desk.keyed_call("ledger transfer", key, command)
    booked = await handler(command, call)
    if isinstance(booked, Refusal):
        raise refused(booked, tuple(leg.account for leg in command.legs))
    note_replay(replayed=booked.posting.replayed)
    codes = await codes_of(desk, (leg.account_id for leg in booked.posting.entries))
    return transfer_shown(booked, codes, dry_run=command.dry_run)
