"""What a provider declares of itself: data that the kernel enforces, the router reads, and tests hold it to."""

import re
from enum import StrEnum

import msgspec

from domain.providers import OperationKind


class Ability(StrEnum):
    """What an adapter can do, one word for each optional Protocol of the provider kit."""

    COLLECTS = "collects"
    PAYS_OUT = "pays_out"
    LOOKS_UP = "looks_up"
    CALLS_BACK = "calls_back"
    REPORTS = "reports"
    QUOTES = "quotes"
    VERIFIES_IDENTITY = "verifies_identity"
    VERIFIES_CREDENTIALS = "verifies_credentials"


class Feature(StrEnum):
    """What a provider offers within its operations."""

    DIRECT = "direct"
    REDIRECT = "redirect"
    FORM_POST = "form_post"
    MANUAL_CAPTURE = "manual_capture"
    PARTIAL_CAPTURE = "partial_capture"
    MULTIPLE_CAPTURES = "multiple_captures"
    PARTIAL_REFUND = "partial_refund"
    MULTIPLE_REFUNDS = "multiple_refunds"
    PAYOUT_BATCH = "payout_batch"
    STATEMENTS = "statements"


class AmountFormat(StrEnum):
    """How a provider writes an amount."""

    MINOR_INTEGER = "minor_integer"
    DECIMAL_STRING = "decimal_string"
    DECIMAL_NUMBER = "decimal_number"
    DECIMAL_NO_TRAILING_ZERO = "decimal_no_trailing_zero"


class CurrencyRule(msgspec.Struct, frozen=True, kw_only=True):
    """One currency at one provider. `exponent` is the provider's own, which may differ from ISO 4217.

    `minimum_minor` and `maximum_minor` (None: no bound is published) are ISO minor units; an amount must be a whole
    multiple of `multiple_minor` ISO minor units.
    """

    currency: str
    exponent: int
    amount_format: AmountFormat = AmountFormat.MINOR_INTEGER
    minimum_minor: int = 1
    maximum_minor: int | None = None
    multiple_minor: int = 1

    def admits(self, minor: int) -> bool:
        """Whether an amount of ISO minor units is within the bounds and a whole multiple."""
        above = self.maximum_minor is not None and minor > self.maximum_minor
        return minor >= self.minimum_minor and not above and minor % self.multiple_minor == 0


class KeyPlace(StrEnum):
    """Where the outbound idempotency key goes; `none` forbids every blind resend."""

    HEADER = "header"
    FIELD = "field"
    MESSAGE_ID = "message_id"
    NONE = "none"


class IdempotencyRule(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider keeps a repeated request from having a second effect.

    `name` is the header or field; `pattern` what the key must match as a whole; `lifetime_seconds` how long the
    provider remembers it (None: for good). `replays_errors`: a remembered failure is given again as well.
    """

    place: KeyPlace
    name: str | None = None
    length_max: int = 255
    pattern: str = r"[!-~]+"
    lifetime_seconds: float | None = None
    replays_errors: bool = False

    def takes(self, key: str) -> bool:
        """Whether the provider would take this key as it is."""
        return len(key) <= self.length_max and re.fullmatch(self.pattern, key) is not None


class LookUp(StrEnum):
    """By what a provider can be asked about an operation."""

    BY_PROVIDER_REFERENCE = "by_provider_reference"
    BY_OUR_REFERENCE = "by_our_reference"


class CallbackTransport(StrEnum):
    """How a provider tells us something by itself."""

    HTTP_POST = "http_post"
    HTTP_PUT = "http_put"
    REDIRECT = "redirect"
    FILE = "file"


class CallbackRule(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's callbacks. `signature` names the scheme in words, None: unsigned, so never more than a hint.

    `is_authoritative`: what it says is applied as it stands, as there is nothing better to ask; otherwise the provider
    is asked. `tolerance_seconds`: how old a signed callback may be (None: the scheme has no time in it).
    """

    transport: CallbackTransport
    signature: str | None
    is_authoritative: bool = False
    tolerance_seconds: int | None = None


class OperationClass(StrEnum):
    """What is limited and guarded together; in this order when not all can go at once."""

    FINISHING = "finishing"
    MONEY = "money"
    ASKING = "asking"


CLASS_OF = {
    OperationKind.CAPTURE: OperationClass.FINISHING,
    OperationKind.VOID: OperationClass.FINISHING,
    OperationKind.REFUND: OperationClass.FINISHING,
    OperationKind.AUTHORIZE: OperationClass.MONEY,
    OperationKind.PAYOUT: OperationClass.MONEY,
}
"""Captures and voids come before new money, and new money before questions."""


class RateLimitRule(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests of a class a provider account may send: a token bucket."""

    operation_class: OperationClass
    per_second: float
    burst: int


class ProviderManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider's adapter declares and the kernel enforces.

    `visibility_horizon_seconds` is how long after a send the provider may still not show it to a look-up: "not found"
    proves nothing before, and None means that it never proves anything. `deadline_seconds` bounds one whole call, from
    connect to last byte. `time_zone` (IANA) is that of times which it writes without one. No `currencies`: any.
    """

    name: str
    title: str = ""
    operations: frozenset[OperationKind]
    abilities: frozenset[Ability] = frozenset()
    features: frozenset[Feature] = frozenset()
    methods: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    currencies: tuple[CurrencyRule, ...] = ()
    idempotency: IdempotencyRule
    look_ups: frozenset[LookUp] = frozenset()
    visibility_horizon_seconds: float | None
    deadline_seconds: float
    callbacks: CallbackRule | None = None
    rate_limits: tuple[RateLimitRule, ...] = ()
    time_zone: str = "UTC"

    @property
    def is_idempotent(self) -> bool:
        """Whether a repeated key has one effect."""
        return self.idempotency.place is not KeyPlace.NONE

    def rule_for(self, currency: str) -> CurrencyRule | None:
        """Give the rule of a currency; None when the provider does not take it, or states no list at all."""
        return next((rule for rule in self.currencies if rule.currency == currency), None)

    def takes(self, currency: str) -> bool:
        """Whether the provider takes that currency."""
        return not self.currencies or self.rule_for(currency) is not None
