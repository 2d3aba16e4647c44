"""The sandbox gateway as the kernel knows it: its manifest, its requests, its answers."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from adapters.providerkit.adapter import (
    BooksPage,
    CallsBack,
    Collects,
    LooksUp,
    PaysOut,
    Reports,
    VerifiesCredentials,
)
from adapters.providerkit.keys import taken
from adapters.providerkit.messages import HttpRequest, HttpResponse
from adapters.providerkit.reading import find_read
from adapters.providers.sandbox import callbacks, payments, payouts
from adapters.providers.sandbox.client import Access, Page, Refused, SandboxConfig, SandboxCredentials, get
from domain.currencies import EXPONENTS
from domain.manifests import (
    Ability,
    CallbackRule,
    CallbackTransport,
    CurrencyRule,
    Feature,
    IdempotencyRule,
    KeyPlace,
    LookUp,
    ProviderManifest,
)
from domain.money import AMOUNT_MAX
from domain.providers import (
    BookLine,
    CallbackEvent,
    Finding,
    Instruction,
    OperationKind,
    Outcome,
    Unreadable,
    Verification,
)

NAME = "sandbox"

_VISIBILITY_HORIZON_SECONDS = 3.0
_CALLBACK_TOLERANCE_SECONDS = 300
_PAGE_LINES = 200
_REFUSALS = {(401, "unauthorized"), (403, "forbidden")}

MANIFEST = ProviderManifest(
    name=NAME,
    title="Sandbox card gateway",
    operations=frozenset(
        {
            OperationKind.AUTHORIZE,
            OperationKind.CAPTURE,
            OperationKind.VOID,
            OperationKind.REFUND,
            OperationKind.PAYOUT,
        },
    ),
    abilities=frozenset(
        {
            Ability.COLLECTS,
            Ability.PAYS_OUT,
            Ability.LOOKS_UP,
            Ability.CALLS_BACK,
            Ability.REPORTS,
            Ability.VERIFIES_CREDENTIALS,
        },
    ),
    features=frozenset(
        {
            Feature.DIRECT,
            Feature.REDIRECT,
            Feature.MANUAL_CAPTURE,
            Feature.PARTIAL_CAPTURE,
            Feature.MULTIPLE_CAPTURES,
            Feature.PARTIAL_REFUND,
            Feature.MULTIPLE_REFUNDS,
        },
    ),
    methods=frozenset({"card"}),
    currencies=tuple(
        CurrencyRule(currency=currency, exponent=exponent, maximum_minor=AMOUNT_MAX)
        for currency, exponent in sorted(EXPONENTS.items())
    ),
    idempotency=IdempotencyRule(place=KeyPlace.HEADER, name="Idempotency-Key", length_max=255),
    look_ups=frozenset({LookUp.BY_OUR_REFERENCE}),
    visibility_horizon_seconds=_VISIBILITY_HORIZON_SECONDS,
    deadline_seconds=2.0,
    callbacks=CallbackRule(
        transport=CallbackTransport.HTTP_POST,
        signature="HMAC-SHA256 over time and body",
        tolerance_seconds=_CALLBACK_TOLERANCE_SECONDS,
    ),
)


class SandboxAdapter(Collects, PaysOut, LooksUp, CallsBack, Reports, VerifiesCredentials):
    """A card gateway: authorize, capture in parts, void, refund in parts, each with a key that has one effect."""

    def __init__(self, config: SandboxConfig, credentials: SandboxCredentials) -> None:
        """Keep the settings of one account at the gateway."""
        self._access = Access(config.base_url, credentials.api_key)
        self._manifest = msgspec.structs.replace(MANIFEST, deadline_seconds=config.deadline_seconds)

    @property
    def manifest(self) -> ProviderManifest:
        """What the gateway can do, and how it may be treated."""
        return self._manifest

    def build_request(self, instruction: Instruction) -> HttpRequest:
        """Say the operation in the gateway's words. Raises CannotBuildError."""
        taken(MANIFEST.idempotency, instruction.key)
        return payments.build_request(self._access, instruction)

    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        """Read the answer to an operation."""
        return payments.parse_response(instruction, response)

    def build_payout(self, instruction: Instruction) -> HttpRequest:
        """Say the payout in the gateway's words. Raises CannotBuildError."""
        taken(MANIFEST.idempotency, instruction.key)
        return payouts.build_payout(self._access, instruction)

    def parse_payout(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        """Read the answer to a payout."""
        return payouts.parse_payout(instruction, response)

    def build_look_up(self, instruction: Instruction) -> HttpRequest:
        """Ask what became of the operation."""
        if instruction.kind is OperationKind.PAYOUT:
            return payouts.build_look_up(self._access, instruction)
        return payments.build_look_up(self._access, instruction)

    def parse_look_up(self, instruction: Instruction, response: HttpResponse) -> Finding:
        """Read what became of the operation."""
        if instruction.kind is OperationKind.PAYOUT:
            return payouts.parse_look_up(instruction, response)
        return payments.parse_look_up(instruction, response)

    def verify_callback(
        self, raw: bytes, headers: Mapping[str, str], *, secrets: tuple[str, ...], now_seconds: float
    ) -> None:
        """Verify the signature and its age. Raises CALLBACK_REFUSED."""
        callbacks.verify_callback(
            raw, headers, now_seconds=now_seconds, secrets=secrets, tolerance_seconds=_CALLBACK_TOLERANCE_SECONDS
        )

    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        """Read the event that it brings."""
        return callbacks.parse_callback(raw)

    def build_verification(self) -> HttpRequest:
        """Ask for an empty page of the books of nobody."""
        return get(self._access, "/v1/books", account="none", limit="1")

    def parse_verification(self, response: HttpResponse) -> Verification:
        """Read whether the key was taken."""
        if response.status == HTTPStatus.OK and find_read(response.body, Page) is not None:
            return Verification.VALID
        refused = find_read(response.body, Refused)
        known = refused is not None and (response.status, refused.error.code) in _REFUSALS
        return Verification.REFUSED if known else Verification.UNKNOWN

    def build_books_page(self, account: str, cursor: str | None) -> HttpRequest:
        """Ask for a page of the books."""
        after = {} if cursor is None else {"after": cursor}
        return get(self._access, "/v1/books", account=account, limit=str(_PAGE_LINES), **after)

    def parse_books_page(self, response: HttpResponse) -> BooksPage | None:
        """Read a page of the books; None when it is not one."""
        page = find_read(response.body, Page) if response.status == HTTPStatus.OK else None
        if page is None:
            return None
        lines = (
            BookLine(
                provider_reference=line.charge,
                payment_id=line.payment,
                currency=line.currency,
                captured_minor=line.captured,
                refunded_minor=line.refunded,
            )
            for line in page.lines
        )
        return BooksPage(tuple(lines), page.next)
