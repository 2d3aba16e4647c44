"""Options that the commands of the ledger and of exchange have in common."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from entrypoints.cli.commands.options import FolderOption, JsonOption
from entrypoints.cli.ledger.reading import read_balance, read_count, read_minor, read_moment
from entrypoints.cli.supervision.folder import DEFAULT


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Asking:
    """Whose ledger, on which database, and how to answer."""

    tenant: Annotated[str, Parameter(name="--tenant", help="Whose ledger (ten_...); needed if there are several.")] = ""
    folder: FolderOption = DEFAULT
    json: JsonOption = False


HERE = Asking()
"""The only tenant's ledger, in tables."""

KeyOption = Annotated[
    str,
    Parameter(
        name="--key",
        help="Idempotency key: repeated with the same key, a command acts once. If left out, one is made and printed.",
    ),
]
YesOption = Annotated[bool, Parameter(name="--yes", negative="", help="Do not ask whether it is meant.")]
CurrencyOption = Annotated[
    str, Parameter(name="--currency", help="ISO 4217 code; needed if several accounts have the code path.")
]
MoneyCurrencyOption = Annotated[str, Parameter(name="--currency", help="ISO 4217 code of the amount.")]
AmountOption = Annotated[
    int | None,
    Parameter(name="--amount", converter=read_minor, n_tokens=1, help="Minor units: 1250 is 12.50 EUR, 1250 JPY."),
]
MajorOption = Annotated[str, Parameter(name="--major", help="The same in major units, exact: 12.50.")]
ThresholdOption = Annotated[
    int | None, Parameter(name="--amount", converter=read_balance, n_tokens=1, help="Minor units; may be below zero.")
]
RowsOption = Annotated[
    int, Parameter(name="--limit", converter=read_count, n_tokens=1, help="At most so many; --all for every one.")
]
AllOption = Annotated[bool, Parameter(name="--all", negative="", help="Every one that there is.")]
FromOption = Annotated[
    datetime | None,
    Parameter(name="--from", converter=read_moment, n_tokens=1, help="Recorded at or after: 2026-11-01 (UTC) or ISO."),
]
ToOption = Annotated[
    datetime | None, Parameter(name="--to", converter=read_moment, n_tokens=1, help="Recorded before this moment.")
]
ReferenceOption = Annotated[str, Parameter(name="--reference", help="Your own reference, used once.")]
DescriptionOption = Annotated[str, Parameter(name="--description", help="For people: one line.")]
MetadataOption = Annotated[
    tuple[str, ...], Parameter(name="--metadata", negative="", help="NAME=VALUE; may be said again.")
]
OutputOption = Annotated[Path | None, Parameter(name="--output", help="Write to this file, not to standard output.")]
ForceOption = Annotated[bool, Parameter(name="--force", negative="", help="Replace a file that is there.")]

ROWS = 50
"""Rows of a list, unless more are asked for."""
