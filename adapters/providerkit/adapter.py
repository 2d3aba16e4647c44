"""What the kernel asks of an adapter: how one provider is spoken to, without a socket.

An adapter implements `Adapter` and as many of the small Protocols below as the provider has abilities; implementing one
is the opt-in. All are pure: the kernel owns the network, the clock, retries, limits, redaction and recording. Whatever
parses is total: any status, headers and bytes give a value; what cannot be read, and what the provider does not say for
sure, is `Unknown`. Amounts and currencies are given as the provider states them, in ISO minor units.
"""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import msgspec

from adapters.providerkit.messages import FileDrop, HttpRequest, HttpResponse
from domain.manifests import Ability, ProviderManifest
from domain.money import Money
from domain.providers import (
    BookLine,
    CallbackEvent,
    Finding,
    Instruction,
    Outcome,
    Unreadable,
    Verification,
)


class Adapter(Protocol):
    """One configured provider."""

    @property
    def manifest(self) -> ProviderManifest:
        """What this provider can do, and how it may be treated."""
        ...


@runtime_checkable
class Collects(Adapter, Protocol):
    """Takes and gives back money: authorize, capture, void, refund."""

    def build_request(self, instruction: Instruction) -> HttpRequest | Outcome:
        """Say the operation in the provider's words, or give its outcome at once where nothing needs to be sent.

        Raises CannotBuildError when something that it needs is missing.
        """
        ...

    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        """Read the answer to `build_request`."""
        ...


@runtime_checkable
class PaysOut(Adapter, Protocol):
    """Sends money to beneficiaries, by a request or by a file that the bank fetches."""

    def build_payout(self, instruction: Instruction) -> HttpRequest | FileDrop:
        """Say the payout in the provider's words. Raises CannotBuildError."""
        ...

    def parse_payout(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        """Read the answer to a payout that went by HTTP; a file that was dropped is `AcceptedPending` by itself."""
        ...


@runtime_checkable
class LooksUp(Adapter, Protocol):
    """Can be asked what became of an operation."""

    def build_look_up(self, instruction: Instruction) -> HttpRequest | Finding:
        """Ask what became of the operation, or say it where there is nobody to ask; nothing may change by it.

        Raises CannotBuildError.
        """
        ...

    def parse_look_up(self, instruction: Instruction, response: HttpResponse) -> Finding | HttpRequest:
        """Read the answer, or ask on (the next page of a list); `Missing` only when the provider says just that."""
        ...


@runtime_checkable
class CallsBack(Adapter, Protocol):
    """Tells us something by itself: by HTTP, by the customer's browser, or by files."""

    def verify_callback(
        self, raw: bytes, headers: Mapping[str, str], *, secrets: tuple[str, ...], now_seconds: float
    ) -> None:
        """Verify over the raw bytes, before anything is made of them, with any of the live secrets.

        `raw` is the body, the query string of a redirect, or the content of a file; header names are in lower case.
        Raises CALLBACK_REFUSED, the same whatever is wrong. An unsigned scheme passes everything: it is a hint.
        """
        ...

    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        """Read everything that it says, in its order."""
        ...


class BooksPage(msgspec.Struct, frozen=True):
    """Some lines of a provider's books; `next_cursor` asks for those after them, None when there are no more."""

    lines: tuple[BookLine, ...]
    next_cursor: str | None


@runtime_checkable
class Reports(Adapter, Protocol):
    """Shows its own books of one account."""

    def build_books_page(self, account: str, cursor: str | None) -> HttpRequest:
        """Ask for the page of an account's books that begins after the cursor, or for the first."""
        ...

    def parse_books_page(self, response: HttpResponse) -> BooksPage | None:
        """Read the answer to `build_books_page`; None when it is not a page of books."""
        ...


@runtime_checkable
class VerifiesCredentials(Adapter, Protocol):
    """Can say whether our credentials work, by a question that moves no money; also the breaker's probe."""

    def build_verification(self) -> HttpRequest:
        """Ask something that only a holder of the credentials may ask."""
        ...

    def parse_verification(self, response: HttpResponse) -> Verification:
        """Read the answer."""
        ...


@runtime_checkable
class Quotes(Adapter, Protocol):
    """Gives rates for conversions."""

    def build_quote(self, source: Money, target_currency: str) -> HttpRequest:
        """Ask what an amount is worth in another currency."""
        ...

    def parse_quote(self, response: HttpResponse) -> Money | None:
        """Read the amount in the other currency; None when there is no rate."""
        ...


@runtime_checkable
class VerifiesIdentity(Adapter, Protocol):
    """Verifies who a person is."""

    def build_identity_check(self, subject_id: str, document_ids: tuple[str, ...]) -> HttpRequest:
        """Ask for a check of a person by documents that the provider has."""
        ...

    def parse_identity_check(self, response: HttpResponse) -> str | None:
        """Give the provider's reference of the check; None when there is none."""
        ...


PROTOCOLS: dict[Ability, type] = {
    Ability.COLLECTS: Collects,
    Ability.PAYS_OUT: PaysOut,
    Ability.LOOKS_UP: LooksUp,
    Ability.CALLS_BACK: CallsBack,
    Ability.REPORTS: Reports,
    Ability.QUOTES: Quotes,
    Ability.VERIFIES_IDENTITY: VerifiesIdentity,
    Ability.VERIFIES_CREDENTIALS: VerifiesCredentials,
}
"""Which Protocol stands for which ability."""


def abilities_of(adapter: Adapter) -> frozenset[Ability]:
    """Give what an adapter really implements; its manifest must say the same."""
    return frozenset(ability for ability, protocol in PROTOCOLS.items() if isinstance(adapter, protocol))
