"""Joins a provider's dialect with the network: the provider as the application knows it."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TypeVar

from adapters.providerkit.dialect import BooksPage, Dialect
from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.messages import CannotBuildError, HttpRequest, HttpResponse
from application.ports.providers import Provider
from domain.errors import PROV_UNREACHABLE, MediatorError
from domain.providers import (
    BookLine,
    CallbackNotice,
    Finding,
    Instruction,
    NotSent,
    Outcome,
    ProviderManifest,
    Unknown,
)

Read = TypeVar("Read")

_log = logging.getLogger(__name__)


class KernelProvider(Provider):
    """One provider: its dialect says what to send and what an answer means, the kernel sends and keeps the deadline."""

    def __init__(self, dialect: Dialect, http: ProviderHttp) -> None:
        """Join the two; `http` may be shared with other providers or be this one's own."""
        self._dialect = dialect
        self._http = http

    @property
    def manifest(self) -> ProviderManifest:
        """What this provider can do, and how it may be treated."""
        return self._dialect.manifest

    async def perform(self, instruction: Instruction) -> Outcome:
        """Carry the operation out once, within the manifest's deadline. Never raises for what a provider does."""
        if instruction.kind not in self.manifest.operations:
            return NotSent(f"{self.manifest.name} does not offer {instruction.kind}")
        try:
            request = self._dialect.build_request(instruction)
        except CannotBuildError as fault:
            return NotSent(f"not built: {fault.reason}")
        answer = await self._exchange(request)
        if not isinstance(answer, HttpResponse):
            return answer
        return _read(lambda: self._dialect.parse_response(instruction, answer), answer)

    async def look_up(self, instruction: Instruction) -> Finding:
        """Ask what became of an operation, by its key.

        That the question was not sent says nothing about the operation: it is `Unknown`, never `NotSent`.
        """
        try:
            request = self._dialect.build_look_up(instruction)
        except CannotBuildError as fault:
            return Unknown(f"could not be asked: {fault.reason}")
        answer = await self._exchange(request)
        if not isinstance(answer, HttpResponse):
            return Unknown(f"could not be asked: {answer.reason}")
        finding = _read(lambda: self._dialect.parse_look_up(instruction, answer), answer)
        return Unknown(f"could not be asked: {finding.reason}") if isinstance(finding, NotSent) else finding

    def read_callback(self, raw: bytes, headers: Mapping[str, str], *, now_seconds: float) -> CallbackNotice:
        """Verify the signature over the raw bytes and its age, then read it. Raises CALLBACK_REFUSED."""
        return self._dialect.read_callback(raw, headers, now_seconds=now_seconds)

    async def books(self, account: str) -> AsyncIterator[BookLine]:
        """Give each charge of one provider account, page by page. Raises PROV_UNREACHABLE."""
        cursor: str | None = None
        asked: set[str | None] = set()
        while cursor not in asked:
            asked.add(cursor)
            page = await self._books_page(account, cursor)
            for line in page.lines:
                yield line
            if page.next_cursor is None:
                return
            cursor = page.next_cursor
        raise self._unreachable("its books go round in a circle")

    async def _books_page(self, account: str, cursor: str | None) -> BooksPage:
        answer = await self._exchange(self._dialect.build_books_page(account, cursor))
        if not isinstance(answer, HttpResponse):
            raise self._unreachable(answer.reason)
        page = self._dialect.parse_books_page(answer)
        if page is None:
            raise self._unreachable(f"status {answer.status} is no page of books")
        return page

    async def _exchange(self, request: HttpRequest) -> HttpResponse | NotSent | Unknown:
        return await self._http.exchange(request, deadline_seconds=self.manifest.deadline_seconds)

    def _unreachable(self, reason: str) -> MediatorError:
        return MediatorError(PROV_UNREACHABLE, f"The books of {self.manifest.name} cannot be had: {reason}.")


def _read(parse: Callable[[], Read], response: HttpResponse) -> Read | Unknown:
    """Read an answer; a dialect that breaks on it, against its promise, leaves doubt and a traceback, not a crash."""
    try:
        return parse()
    except Exception:  # noqa: BLE001 -- see the docstring: the caller has sent money and must be told of the doubt
        _log.exception("provider.answer_unreadable %r", response)
        return Unknown("the answer could not be read")
