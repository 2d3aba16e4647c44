"""The words that requests of several doors have in common, with the forms that are taken."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.allocation import PERCENT_PATTERN
from domain.posting import BOUND

CurrencyIn = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z", description="ISO 4217 alphabetic code.", examples=["EUR"])]
Line = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]{1,255}\Z", description="One line of 1 to 255 characters.")]
Word = Annotated[str, Meta(min_length=1, max_length=64)]
Metadata = Annotated[dict[Word, Annotated[str, Meta(max_length=500)]], Meta(max_length=50)]
Moment = Annotated[datetime, Meta(tz=True, description="ISO 8601 with its offset.")]

AmountIn = (
    Annotated[
        int,
        Meta(ge=1, le=BOUND, description="Minor units: 100 is 1.00 EUR, 100 JPY, 0.100 KWD.", examples=[1250]),
    ]
    | Annotated[
        str,
        Meta(pattern=r"^(?:[1-9][0-9]{0,17}|[1-8][0-9]{18}|90{18})\Z", description="The same as a string of digits."),
    ]
)
"""An amount of the ledger: exact in every JSON reader as a string of digits, above 2**53 - 1 better only so."""

BalanceIn = (
    Annotated[int, Meta(ge=-BOUND, le=BOUND, description="Minor units; may be below zero.")]
    | Annotated[
        str,
        Meta(
            pattern=r"^(?:0|-?(?:[1-9][0-9]{0,17}|[1-8][0-9]{18}|90{18}))\Z",
            description="The same as a string of digits.",
        ),
    ]
)
AccountIn = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_.:-]{1,200}\Z",
        description="An account: its id (`acc_...`) or its code path.",
        examples=["customer:42:payable"],
    ),
]
PercentIn = Annotated[
    str,
    Meta(
        pattern=rf"^(?:{PERCENT_PATTERN.pattern})\Z",
        description="Of the whole amount, as decimal digits with at most 12 decimals: exact, never a float.",
        examples=["2.9"],
    ),
]


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing needs to be said."""
