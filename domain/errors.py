"""The error catalogue: every refusal of the product, with its stable code and what it means for the money."""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What sort of trouble an error is; doors map it to a status, workers to retry or not."""

    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    DECLINED = "declined"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA = "unsupported_media"
    INVALID = "invalid"
    INTERNAL = "internal"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"


class MoneyState(StrEnum):
    """What happened to the money, as far as it is known."""

    NONE = "none"
    HELD = "held"
    MOVED = "moved"
    UNKNOWN = "unknown"


class ErrorCode(msgspec.Struct, frozen=True):
    """One entry of the catalogue (RFC 9457 problem type). `money_state` is None where only the resource can tell."""

    code: str
    kind: Kind
    title: str
    remedy: str
    retryable: bool = False
    money_state: MoneyState | None = MoneyState.NONE
    safe_to_failover: bool = False


class FieldError(msgspec.Struct, frozen=True):
    """One fault in the caller's input: `pointer` is an RFC 6901 JSON pointer or `query/<name>`, `header/<name>`."""

    pointer: str
    detail: str


class ProviderFault(msgspec.Struct, frozen=True):
    """What the provider said, kept apart from our own words."""

    id: str
    code: str
    message: str


class MediatorError(Exception):
    """A refusal from the catalogue. `detail` is for people; facts for programs are the other attributes."""

    def __init__(
        self,
        entry: ErrorCode,
        detail: str,
        *,
        errors: tuple[FieldError, ...] = (),
        retry_after_seconds: int | None = None,
        money_state: MoneyState | None = None,
        provider: ProviderFault | None = None,
    ) -> None:
        """Keep the entry and the facts; `money_state` overrides the catalogue's where the resource knows better."""
        super().__init__(f"{entry.code}: {detail}")
        self.entry = entry
        self.detail = detail
        self.errors = errors
        self.retry_after_seconds = retry_after_seconds
        self.money_state = money_state or entry.money_state
        self.provider = provider


CATALOGUE: dict[str, ErrorCode] = {}


def _entry(
    code: str,
    kind: Kind,
    title: str,
    *,
    remedy: str,
    retryable: bool = False,
    money_state: MoneyState | None = MoneyState.NONE,
    safe_to_failover: bool = False,
) -> ErrorCode:
    entry = ErrorCode(code, kind, title, remedy, retryable, money_state, safe_to_failover)
    CATALOGUE[code] = entry
    return entry


REQUEST_MALFORMED = _entry(
    "REQUEST_MALFORMED",
    Kind.MALFORMED,
    "The request could not be read",
    remedy="Send well-formed UTF-8 JSON without duplicate names, NUL characters or deep nesting.",
)
REQUEST_TOO_LARGE = _entry(
    "REQUEST_TOO_LARGE",
    Kind.TOO_LARGE,
    "The request body is too large",
    remedy="Send a smaller body; the limit is in the detail.",
)
MEDIA_TYPE_UNSUPPORTED = _entry(
    "MEDIA_TYPE_UNSUPPORTED",
    Kind.UNSUPPORTED_MEDIA,
    "The media type is not supported",
    remedy="Send `Content-Type: application/json` and no content encoding.",
)
NOT_FOUND = _entry(
    "NOT_FOUND",
    Kind.NOT_FOUND,
    "There is no such resource",
    remedy="Check the identifier and the path; another tenant's resources are not visible.",
)
METHOD_NOT_ALLOWED = _entry(
    "METHOD_NOT_ALLOWED",
    Kind.METHOD_NOT_ALLOWED,
    "The method is not allowed on this resource",
    remedy="Use one of the methods that the `Allow` header names.",
)
INTERNAL_ERROR = _entry(
    "INTERNAL_ERROR",
    Kind.INTERNAL,
    "The service failed",
    remedy="Repeat the request with the same idempotency key; quote the request id to support.",
    retryable=True,
    money_state=MoneyState.UNKNOWN,
)
SERVICE_UNAVAILABLE = _entry(
    "SERVICE_UNAVAILABLE",
    Kind.UNAVAILABLE,
    "The service cannot answer now",
    remedy="Repeat the request with the same idempotency key after the time in `Retry-After`.",
    retryable=True,
    money_state=MoneyState.UNKNOWN,
)
BACKPRESSURE = _entry(
    "BACKPRESSURE",
    Kind.UNAVAILABLE,
    "The service is shedding load",
    remedy="Repeat the request with the same idempotency key after the time in `Retry-After`.",
    retryable=True,
)
IDEM_KEY_REQUIRED = _entry(
    "IDEM_KEY_REQUIRED",
    Kind.MALFORMED,
    "An idempotency key is required",
    remedy="Send an `Idempotency-Key` header of 1 to 255 visible ASCII characters, new for each intended effect.",
)
IDEM_IN_FLIGHT = _entry(
    "IDEM_IN_FLIGHT",
    Kind.CONFLICT,
    "The first request with this idempotency key is still running",
    remedy="Repeat the same request after the time in `Retry-After`.",
    retryable=True,
    money_state=MoneyState.UNKNOWN,
)
IDEM_MISMATCH = _entry(
    "IDEM_MISMATCH",
    Kind.INVALID,
    "This idempotency key was used for another request",
    remedy="Use a new key for a new request; repeat a request with exactly the same path and body.",
)
AUTH_INVALID = _entry(
    "AUTH_INVALID",
    Kind.UNAUTHENTICATED,
    "The credential is missing or not valid",
    remedy="Send `Authorization: Bearer <API key>`.",
)
CALLBACK_REFUSED = _entry(
    "CALLBACK_REFUSED",
    Kind.UNAUTHENTICATED,
    "The callback is not authentic",
    remedy="Sign the raw body with the callback secret of this provider account and a current timestamp.",
)
VAL_FIELD = _entry(
    "VAL_FIELD",
    Kind.INVALID,
    "A field is not valid",
    remedy="Correct the fields that `errors` names.",
)
VAL_AMOUNT = _entry(
    "VAL_AMOUNT",
    Kind.INVALID,
    "The amount is not valid",
    remedy="Send a positive integer of minor units within the limit that the detail names.",
)
VAL_CURRENCY = _entry(
    "VAL_CURRENCY",
    Kind.INVALID,
    "The currency is not supported",
    remedy="Send a current ISO 4217 alphabetic code of a currency with minor units.",
)
VAL_CURSOR = _entry(
    "VAL_CURSOR",
    Kind.INVALID,
    "The cursor is not valid",
    remedy="Send a `next_cursor` of an earlier page unchanged, or none to begin.",
)
VAL_PERIOD = _entry(
    "VAL_PERIOD",
    Kind.INVALID,
    "The period is not valid",
    remedy="Send `from` and a later `to`, or neither for the last calendar month in UTC.",
)
STATE_CONFLICT = _entry(
    "STATE_CONFLICT",
    Kind.CONFLICT,
    "The resource's state does not allow this",
    remedy="Read the resource again and decide anew.",
    money_state=None,
)
REFUND_EXCEEDS_CAPTURE = _entry(
    "REFUND_EXCEEDS_CAPTURE",
    Kind.INVALID,
    "The refund is more than what is left of the capture",
    remedy="Refund at most `amount_refundable` of the payment.",
    money_state=MoneyState.MOVED,
)
CAPTURE_EXCEEDS_AUTHORIZATION = _entry(
    "CAPTURE_EXCEEDS_AUTHORIZATION",
    Kind.INVALID,
    "The capture is more than what is left of the authorization",
    remedy="Capture at most `amount_capturable` of the payment.",
    money_state=MoneyState.HELD,
)
LEDGER_INSUFFICIENT_FUNDS = _entry(
    "LEDGER_INSUFFICIENT_FUNDS",
    Kind.INVALID,
    "The account has not that much available",
    remedy="Read the account's `available`; transfer less, or fund it first. Repeat with a new idempotency key.",
)
LEDGER_CONDITION_FAILED = _entry(
    "LEDGER_CONDITION_FAILED",
    Kind.INVALID,
    "A balance condition is not met",
    remedy="Read the account's `available`; change the condition or the amount, and use a new idempotency key.",
)
LEDGER_ACCOUNT_UNKNOWN = _entry(
    "LEDGER_ACCOUNT_UNKNOWN",
    Kind.INVALID,
    "A ledger account does not exist",
    remedy="Open the account first, or correct the id or code path that `errors` names.",
)
LEDGER_ACCOUNT_EXISTS = _entry(
    "LEDGER_ACCOUNT_EXISTS",
    Kind.CONFLICT,
    "There is an account with this code and currency",
    remedy="Use that account, or choose another code path.",
)
LEDGER_ACCOUNT_FROZEN = _entry(
    "LEDGER_ACCOUNT_FROZEN",
    Kind.INVALID,
    "The account is frozen",
    remedy="Unfreeze the account first.",
)
LEDGER_ACCOUNT_CLOSED = _entry(
    "LEDGER_ACCOUNT_CLOSED",
    Kind.INVALID,
    "The account is closed",
    remedy="Use another account; a closed account stays closed.",
)
LEDGER_CURRENCY_MISMATCH = _entry(
    "LEDGER_CURRENCY_MISMATCH",
    Kind.INVALID,
    "The account is kept in another currency",
    remedy="An account's currency is fixed for life: use an account of the leg's currency.",
)
LEDGER_REFERENCE_USED = _entry(
    "LEDGER_REFERENCE_USED",
    Kind.CONFLICT,
    "The reference is used already",
    remedy="A reference names one transaction of a tenant: choose another.",
)
LEDGER_ALREADY_REVERSED = _entry(
    "LEDGER_ALREADY_REVERSED",
    Kind.CONFLICT,
    "The transaction was reversed already",
    remedy="Nothing is left to do; read the transaction to find its reversal.",
)
LEDGER_STATEMENT_TOO_LARGE = _entry(
    "LEDGER_STATEMENT_TOO_LARGE",
    Kind.INVALID,
    "The statement does not fit",
    remedy="Ask for a shorter period, or for a format that takes as much; the limit is in the detail.",
)
LEDGER_BATCH_REFUSED = _entry(
    "LEDGER_BATCH_REFUSED",
    Kind.INVALID,
    "The atomic batch was refused",
    remedy="Correct the item that has another code; nothing of the batch was booked.",
)
HOLD_CLOSED = _entry(
    "HOLD_CLOSED",
    Kind.CONFLICT,
    "The hold is not open any more",
    remedy="Read the hold; place a new one.",
)
HOLD_EXPIRED = _entry(
    "HOLD_EXPIRED",
    Kind.CONFLICT,
    "The hold's time is over",
    remedy="Place a new hold.",
)
GATE_LIMIT_EXCEEDED = _entry(
    "GATE_LIMIT_EXCEEDED",
    Kind.INVALID,
    "A limit would be exceeded",
    remedy="Wait for the limit's next window, transfer less, or have the limit raised.",
)
FX_RATE_UNAVAILABLE = _entry(
    "FX_RATE_UNAVAILABLE",
    Kind.INVALID,
    "There is no rate that may be used",
    remedy="Load newer rates, or ask for a pair and a date that the source publishes.",
)
FX_QUOTE_EXPIRED = _entry(
    "FX_QUOTE_EXPIRED",
    Kind.CONFLICT,
    "The quote has expired",
    remedy="Ask for a new quote.",
)
FX_QUOTE_USED = _entry(
    "FX_QUOTE_USED",
    Kind.CONFLICT,
    "The quote was used already",
    remedy="Ask for a new quote.",
)
RATE_LIMITED = _entry(
    "RATE_LIMITED",
    Kind.LIMITED,
    "Too many requests",
    remedy="Repeat the request after the time in `Retry-After`.",
    retryable=True,
)
LEDGER_UNBALANCED = _entry(
    "LEDGER_UNBALANCED",
    Kind.INVALID,
    "The entries do not sum to zero per currency",
    remedy="Report this with the request id; nothing was booked.",
)
LEDGER_OVERFLOW = _entry(
    "LEDGER_OVERFLOW",
    Kind.INVALID,
    "An account cannot hold that much",
    remedy="The sum of an account may not pass 9,000,000,000,000,000,000 minor units.",
)
HOLD_EXCEEDED = _entry(
    "HOLD_EXCEEDED",
    Kind.INVALID,
    "More would be posted than the hold has left",
    remedy="Read the resource again and decide anew.",
    money_state=MoneyState.HELD,
)
ROUTE_NO_PROVIDER = _entry(
    "ROUTE_NO_PROVIDER",
    Kind.INVALID,
    "No provider can take this payment",
    remedy="Name a provider that is connected, or connect one.",
)
ROUTE_RULES_UNSOUND = _entry(
    "ROUTE_RULES_UNSOUND",
    Kind.INVALID,
    "The routing rules cannot mean what they say",
    remedy="Correct what `errors` names; nothing was changed.",
)
PROV_CREDENTIALS_SEALED = _entry(
    "PROV_CREDENTIALS_SEALED",
    Kind.CONFLICT,
    "The account's credentials do not open",
    remedy="Give the SECRET_KEY under which they were sealed as SECRET_KEY_PREVIOUS, or give the credentials anew.",
)
PROV_DECLINED_SOFT = _entry(
    "PROV_DECLINED_SOFT",
    Kind.DECLINED,
    "The provider declined for now",
    remedy="Ask for another payment method, or try again later with a new idempotency key.",
    safe_to_failover=True,
)
PROV_DECLINED_HARD = _entry(
    "PROV_DECLINED_HARD",
    Kind.DECLINED,
    "The provider declined for good",
    remedy="Ask for another payment method; do not repeat with this one.",
)
PROV_UNREACHABLE = _entry(
    "PROV_UNREACHABLE",
    Kind.UNAVAILABLE,
    "The provider could not be reached; nothing was sent",
    remedy="Repeat the request with the same idempotency key.",
    retryable=True,
    safe_to_failover=True,
)
PROV_REFUSED = _entry(
    "PROV_REFUSED",
    Kind.INVALID,
    "The provider refused the operation",
    remedy="Read the resource and the provider's code; decide anew.",
    money_state=None,
)
PROV_INTEGRITY_MISMATCH = _entry(
    "PROV_INTEGRITY_MISMATCH",
    Kind.CONFLICT,
    "The provider's answer does not agree with what was asked",
    remedy="An operator must review the payment.",
    money_state=MoneyState.MOVED,
)
