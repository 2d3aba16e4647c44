"""What the kernel asks of an adapter: how one provider is spoken to, without a socket."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from adapters.providerkit.messages import HttpRequest, HttpResponse
from domain.providers import BookLine, CallbackNotice, Finding, Instruction, Outcome, ProviderManifest


class BooksPage(msgspec.Struct, frozen=True):
    """Some lines of a provider's books; `next_cursor` asks for those after them, None when there are no more."""

    lines: tuple[BookLine, ...]
    next_cursor: str | None


class Dialect(Protocol):
    """Builds a provider's requests and reads its answers. Pure: the kernel owns the network and the clock.

    Everything that parses is total: any status, headers and bytes give a value. What cannot be read, and what the
    provider does not say for sure, is `Unknown`. Amounts and currencies are given as the provider states them.
    """

    @property
    def manifest(self) -> ProviderManifest:
        """What this provider can do, and how it may be treated."""
        ...

    def build_request(self, instruction: Instruction) -> HttpRequest:
        """Say the operation in the provider's words. Raises CannotBuildError when something it needs is missing."""
        ...

    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        """Read the answer to `build_request`."""
        ...

    def build_look_up(self, instruction: Instruction) -> HttpRequest:
        """Ask what became of the operation. Raises CannotBuildError when something it needs is missing."""
        ...

    def parse_look_up(self, instruction: Instruction, response: HttpResponse) -> Finding:
        """Read the answer to `build_look_up`; `Missing` only when the provider says just that."""
        ...

    def read_callback(self, raw: bytes, headers: Mapping[str, str], *, now_seconds: float) -> CallbackNotice:
        """Verify, then read, as `CallsBack.read_callback` promises."""
        ...

    def build_books_page(self, account: str, cursor: str | None) -> HttpRequest:
        """Ask for the page of an account's books that begins after the cursor, or for the first."""
        ...

    def parse_books_page(self, response: HttpResponse) -> BooksPage | None:
        """Read the answer to `build_books_page`; None when it is not a page of books."""
        ...
