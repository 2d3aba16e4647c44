"""What the bank file channel can do, whatever its configuration."""

from adapters.providers.iso20022.references import KEY_PATTERN, REFERENCE_MAX
from domain.currencies import EXPONENTS
from domain.manifests import (
    Ability,
    AmountFormat,
    CallbackRule,
    CallbackTransport,
    CurrencyRule,
    Feature,
    IdempotencyRule,
    KeyPlace,
    ProviderManifest,
)
from domain.money import AMOUNT_MAX
from domain.providers import OperationKind

NAME = "iso20022"
SEPA_MAXIMUM_MINOR = 99_999_999_999
"""999 999 999.99 euros: the most that one SEPA credit transfer carries (EPC132-08, AT-T002)."""


def currency_rule(currency: str, *, maximum_minor: int = AMOUNT_MAX) -> CurrencyRule:
    """Give the rule of a currency: a decimal string with exactly the decimals of ISO 4217."""
    return CurrencyRule(
        currency=currency,
        exponent=EXPONENTS[currency],
        amount_format=AmountFormat.DECIMAL_STRING,
        maximum_minor=maximum_minor,
    )


MANIFEST = ProviderManifest(
    name=NAME,
    title="Bank files (ISO 20022)",
    operations=frozenset({OperationKind.PAYOUT}),
    abilities=frozenset({Ability.PAYS_OUT, Ability.CALLS_BACK}),
    features=frozenset({Feature.STATEMENTS}),
    methods=frozenset({"bank_transfer"}),
    currencies=tuple(currency_rule(currency) for currency in sorted(EXPONENTS)),
    # One file, one payment: a bank takes a message id once. The key is one character too long, and goes without its
    # underscore.
    idempotency=IdempotencyRule(
        place=KeyPlace.MESSAGE_ID, name="MsgId", length_max=REFERENCE_MAX + 1, pattern=KEY_PATTERN
    ),
    # That a file is not in its folder says nothing: the bank takes it away when it has read it.
    visibility_horizon_seconds=None,
    deadline_seconds=30.0,
    # There is nobody to ask, so the bank's files are the truth; only the bank can have put them there.
    callbacks=CallbackRule(
        transport=CallbackTransport.FILE,
        signature="none in the file: the folder's access rights, and over SFTP the pinned host key",
        is_authoritative=True,
    ),
)
