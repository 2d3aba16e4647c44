"""What callers say and are told of accounts, limits and monitors."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.ports.answers import ControlAnswers
from application.ports.controls import LimitNow
from application.ports.journal import Answer
from application.ports.ledger import AccountView
from domain.accounts import CODE_LENGTH_MAX, CODE_PATTERN, IDENTIFIER_PATTERN, Account, AccountState
from domain.errors import VAL_FIELD, FieldError, MediatorError
from domain.ids import Prefix, public_id
from domain.ledger import Direction
from domain.limits import LimitScope
from domain.monitors import Comparison, Measure, Monitor
from domain.posting import BOUND
from entrypoints.http.shapes import BigMinorUnits, CurrencyCode, Instant, exact, utc
from entrypoints.http.transfer_shapes import CREATED, JSON, encode
from entrypoints.http.words import AccountIn, AmountIn, BalanceIn, CurrencyIn, Line, Metadata

WINDOW_SECONDS_MAX: Final = 31_622_400
"""A leap year."""


class OverdraftPolicy(StrEnum):
    """How far an account's `available` may fall below zero."""

    NONE = "none"
    LIMIT = "limit"
    UNLIMITED = "unlimited"


class OverdraftIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far `available` may fall below zero: not at all, by `limit` minor units, or without limit."""

    policy: OverdraftPolicy
    limit: AmountIn | UnsetType = UNSET


ONE_POLICY: Final = {
    "oneOf": [
        {"properties": {"policy": {"enum": ["none", "unlimited"]}, "limit": False}},
        {"properties": {"policy": {"const": "limit"}}, "required": ["limit"]},
    ]
}
OneOverdraftIn = Annotated[OverdraftIn, Meta(extra_json_schema=ONE_POLICY)]
CodeIn = Annotated[
    str,
    Meta(
        pattern=rf"^(?!{IDENTIFIER_PATTERN.pattern}\Z)(?:{CODE_PATTERN.pattern})\Z",
        max_length=CODE_LENGTH_MAX,
        description="Segments joined by colons; with the currency it names one account. No `acc_` identifier.",
        examples=["customer:42:payable"],
    ),
]


class OpenAccountIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account to open."""

    code: CodeIn
    currency: Annotated[CurrencyIn, Meta(description="ISO 4217 alphabetic code, fixed for life.")]
    normal_balance: Annotated[Direction, Meta(description="The side on which the account grows.")]
    overdraft: OneOverdraftIn = OverdraftIn(policy=OverdraftPolicy.NONE)
    metadata: Metadata = {}


class ChangeAccountIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; whatever is left out stays."""

    state: (
        Annotated[AccountState, Meta(description="active, frozen (takes no postings) or closed (for good).")]
        | UnsetType
    ) = UNSET
    overdraft: OneOverdraftIn | UnsetType = UNSET
    metadata: Annotated[Metadata, Meta(description="Takes the place of all that was there.")] | UnsetType = UNSET
    version: (
        Annotated[int, Meta(ge=0, le=2**62, description="Refuse unless the account is still at this version.")]
        | UnsetType
    ) = UNSET


class OverdraftOut(msgspec.Struct, frozen=True, kw_only=True):
    """How far `available` may fall below zero; `limit` is null unless the policy is `limit`."""

    policy: OverdraftPolicy
    limit: BigMinorUnits | None


class AccountOut(msgspec.Struct, frozen=True, kw_only=True):
    """An account of the ledger."""

    id: Annotated[str, Meta(examples=["acc_0198c5a0b1c27d3e8f00112233445566"])]
    code: Annotated[str, Meta(description="Code path of the account.", examples=["merchant:main:payable"])]
    currency: CurrencyCode
    normal_balance: Direction
    state: AccountState
    overdraft: OverdraftOut
    metadata: dict[str, str]
    version: Annotated[int, Meta(description="Grows with each entry and each change of a hold on the account.")]
    created_at: Instant


class AccountPageOut(msgspec.Struct, frozen=True):
    """A page of accounts in the order in which they were opened. `next_cursor` is null on the last page."""

    data: tuple[AccountOut, ...]
    next_cursor: str | None


class MakeLimitIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much, and how often, may go out of an account, of all your accounts, or by an API key, in each window.

    Windows begin at the multiples of their length since 1970-01-01T00:00:00Z: 86400 is a day in UTC.
    """

    scope: LimitScope
    currency: CurrencyIn
    window_seconds: Annotated[int, Meta(ge=1, le=WINDOW_SECONDS_MAX)]
    amount_max: Annotated[int, Meta(ge=0, le=BOUND, description="Minor units.")] | UnsetType = UNSET
    count_max: Annotated[int, Meta(ge=0, le=BOUND)] | UnsetType = UNSET
    account: Annotated[AccountIn, Meta(description="For scope account.")] | UnsetType = UNSET
    api_key_id: (
        Annotated[
            str, Meta(pattern=r"^key_[0-9a-f]{32}\Z", description="For scope api_key; the key that asks if left out.")
        ]
        | UnsetType
    ) = UNSET


ONE_SUBJECT: Final = {
    "oneOf": [
        {"properties": {"scope": {"const": "tenant"}, "account": False, "api_key_id": False}},
        {"properties": {"scope": {"const": "account"}, "api_key_id": False}, "required": ["account"]},
        {"properties": {"scope": {"const": "api_key"}, "account": False}},
    ],
    "anyOf": [{"required": ["amount_max"]}, {"required": ["count_max"]}],
}
OneLimitIn = Annotated[MakeLimitIn, Meta(extra_json_schema=ONE_SUBJECT)]


class LimitOut(msgspec.Struct, frozen=True, kw_only=True):
    """A limit, and what is used of it in the window that is open now."""

    id: Annotated[str, Meta(examples=["lim_0198c5a0b1c27d3e8f00112233445566"])]
    scope: LimitScope
    account_id: str | None
    api_key_id: str | None
    currency: CurrencyCode
    window_seconds: int
    amount_max: BigMinorUnits | None
    count_max: BigMinorUnits | None
    window_start: Instant
    amount_used: BigMinorUnits
    count_used: BigMinorUnits
    created_at: Instant
    ended_at: Instant | None


class LimitPageOut(msgspec.Struct, frozen=True):
    """A page of limits, newest first. `next_cursor` is null on the last page."""

    data: tuple[LimitOut, ...]
    next_cursor: str | None


class MakeMonitorIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition on a balance, which fires when it begins to hold: `available lt 1000`."""

    account: AccountIn
    currency: (
        Annotated[CurrencyIn, Meta(description="Needed with a code path that several currencies have.")] | UnsetType
    ) = UNSET
    measure: Annotated[Measure, Meta(description="On the account's normal side.")]
    comparison: Comparison
    threshold: BalanceIn
    description: Line | None = None


class MonitorOut(msgspec.Struct, frozen=True, kw_only=True):
    """A balance monitor: it fires when `is_met` becomes true, and again only after it was false."""

    id: Annotated[str, Meta(examples=["mon_0198c5a0b1c27d3e8f00112233445566"])]
    account_id: str
    measure: Measure
    comparison: Comparison
    threshold: BigMinorUnits
    description: str | None
    is_met: bool
    fired_count: int
    last_fired_at: Instant | None
    created_at: Instant
    ended_at: Instant | None


class MonitorPageOut(msgspec.Struct, frozen=True):
    """A page of monitors, newest first. `next_cursor` is null on the last page."""

    data: tuple[MonitorOut, ...]
    next_cursor: str | None


def overdraft_of(overdraft: OverdraftIn) -> int | None:
    """Give the limit in minor units; None is without limit. Raises VAL_FIELD for a limit too many or too few."""
    match overdraft.policy, overdraft.limit:
        case OverdraftPolicy.NONE, UnsetType():
            return 0
        case OverdraftPolicy.UNLIMITED, UnsetType():
            return None
        case OverdraftPolicy.LIMIT, int() | str() as limit:
            return int(limit)
        case _:
            detail = "is needed for policy limit, and only there"
            errors = (FieldError("/overdraft/limit", detail),)
            raise MediatorError(VAL_FIELD, f"/overdraft/limit: {detail}", errors=errors)


def account_out(account: Account | AccountView) -> AccountOut:
    """Show an account."""
    return AccountOut(
        id=public_id(Prefix.LEDGER_ACCOUNT, account.id),
        code=account.code,
        currency=account.currency,
        normal_balance=Direction(account.normal_balance),
        state=account.state,
        overdraft=_overdraft_out(account.overdraft_limit),
        metadata=account.metadata,
        version=account.version,
        created_at=utc(account.created_at),
    )


def _overdraft_out(limit: int | None) -> OverdraftOut:
    if limit is None:
        return OverdraftOut(policy=OverdraftPolicy.UNLIMITED, limit=None)
    if limit == 0:
        return OverdraftOut(policy=OverdraftPolicy.NONE, limit=None)
    return OverdraftOut(policy=OverdraftPolicy.LIMIT, limit=exact(limit))


def limit_out(limit: LimitNow) -> LimitOut:
    """Show a limit."""
    policy = limit.policy
    by_account, by_key = policy.scope is LimitScope.ACCOUNT, policy.scope is LimitScope.API_KEY
    return LimitOut(
        id=public_id(Prefix.LIMIT_POLICY, policy.id),
        scope=policy.scope,
        account_id=public_id(Prefix.LEDGER_ACCOUNT, policy.subject_id) if by_account else None,
        api_key_id=public_id(Prefix.API_KEY, policy.subject_id) if by_key else None,
        currency=policy.currency,
        window_seconds=policy.window_seconds,
        amount_max=None if policy.amount_max is None else exact(policy.amount_max),
        count_max=None if policy.count_max is None else exact(policy.count_max),
        window_start=utc(limit.window_start),
        amount_used=exact(limit.usage.amount_minor),
        count_used=exact(limit.usage.count),
        created_at=utc(policy.created_at),
        ended_at=None if policy.ended_at is None else utc(policy.ended_at),
    )


def monitor_out(monitor: Monitor) -> MonitorOut:
    """Show a monitor."""
    return MonitorOut(
        id=public_id(Prefix.BALANCE_MONITOR, monitor.id),
        account_id=public_id(Prefix.LEDGER_ACCOUNT, monitor.account_id),
        measure=monitor.measure,
        comparison=monitor.comparison,
        threshold=exact(monitor.threshold_minor),
        description=monitor.description,
        is_met=monitor.is_met,
        fired_count=monitor.fired_count,
        last_fired_at=None if monitor.last_fired_at is None else utc(monitor.last_fired_at),
        created_at=utc(monitor.created_at),
        ended_at=None if monitor.ended_at is None else utc(monitor.ended_at),
    )


class JsonControlAnswers(ControlAnswers):
    """Accounts, limits and monitors as JSON."""

    def account(self, account: Account) -> Answer:
        """Tell an account that was opened."""
        out = account_out(account)
        return Answer(CREATED, JSON, encode(out), f"/v1/ledger/accounts/{out.id}")

    def limit(self, limit: LimitNow) -> Answer:
        """Tell a limit that began."""
        return Answer(CREATED, JSON, encode(limit_out(limit)))

    def monitor(self, monitor: Monitor) -> Answer:
        """Tell a monitor that began."""
        return Answer(CREATED, JSON, encode(monitor_out(monitor)))
