"""The refusals that the edge makes by itself, before or after any route."""

from typing import Final

from domain.errors import INTERNAL_ERROR, REQUEST_MALFORMED, MediatorError, MoneyState

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that ask for no effect (RFC 9110 §9.2.1): a fault in one of them moved no money."""


def malformed(detail: str) -> MediatorError:
    """Make the refusal of what cannot be read in exactly one way."""
    return MediatorError(REQUEST_MALFORMED, detail)


def internal_error(method: str) -> MediatorError:
    """Make the refusal that stands for a fault of ours: without a word of its cause, which is in the log."""
    money_state = MoneyState.NONE if method in SAFE_METHODS else None
    detail = "The service failed; support finds the cause by the request id."
    return MediatorError(INTERNAL_ERROR, detail, money_state=money_state)
