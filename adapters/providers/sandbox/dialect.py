"""The sandbox gateway as the kernel knows it: its manifest, its requests, its answers."""

from collections.abc import Mapping
from http import HTTPStatus

from adapters.providerkit.dialect import BooksPage, Dialect
from adapters.providerkit.messages import HttpRequest, HttpResponse
from adapters.providers.sandbox import callbacks, payments
from adapters.providers.sandbox.client import Page, SandboxConfig, find_read, get
from domain.providers import (
    BookLine,
    CallbackNotice,
    Finding,
    Instruction,
    OperationKind,
    Outcome,
    ProviderManifest,
)

NAME = "sandbox"

_VISIBILITY_HORIZON_SECONDS = 3.0
_CALLBACK_TOLERANCE_SECONDS = 300
_PAGE_LINES = 200


class SandboxDialect(Dialect):
    """A card gateway: authorize, capture in parts, void, refund in parts, each with a key that has one effect."""

    def __init__(self, config: SandboxConfig) -> None:
        """Keep the settings of one account at the gateway."""
        self._config = config
        self._manifest = ProviderManifest(
            name=NAME,
            operations=frozenset(OperationKind),
            idempotent=True,
            visibility_horizon_seconds=_VISIBILITY_HORIZON_SECONDS,
            deadline_seconds=config.deadline_seconds,
            callback_tolerance_seconds=_CALLBACK_TOLERANCE_SECONDS,
        )

    @property
    def manifest(self) -> ProviderManifest:
        """What the gateway can do, and how it may be treated."""
        return self._manifest

    def build_request(self, instruction: Instruction) -> HttpRequest:
        """Say the operation in the gateway's words. Raises CannotBuildError."""
        return payments.build_request(self._config, instruction)

    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        """Read the answer to an operation."""
        return payments.parse_response(instruction, response)

    def build_look_up(self, instruction: Instruction) -> HttpRequest:
        """Ask what became of the operation."""
        return payments.build_look_up(self._config, instruction)

    def parse_look_up(self, instruction: Instruction, response: HttpResponse) -> Finding:
        """Read what became of the operation."""
        return payments.parse_look_up(instruction, response)

    def read_callback(self, raw: bytes, headers: Mapping[str, str], *, now_seconds: float) -> CallbackNotice:
        """Verify, then read. Raises CALLBACK_REFUSED or REQUEST_MALFORMED."""
        return callbacks.read_callback(
            raw,
            headers,
            now_seconds=now_seconds,
            secrets=self._config.callback_secrets,
            tolerance_seconds=_CALLBACK_TOLERANCE_SECONDS,
        )

    def build_books_page(self, account: str, cursor: str | None) -> HttpRequest:
        """Ask for a page of the books."""
        after = {} if cursor is None else {"after": cursor}
        return get(self._config, "/v1/books", account=account, limit=str(_PAGE_LINES), **after)

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
