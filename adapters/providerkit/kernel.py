"""Joins a provider's adapter with the network: the provider as the application knows it."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from time import perf_counter
from typing import TypeVar

from adapters.providerkit.adapter import (
    Adapter,
    BooksPage,
    CallsBack,
    Collects,
    LooksUp,
    PaysOut,
    Reports,
    VerifiesCredentials,
)
from adapters.providerkit.guard import Errand, Guard, NoGuard
from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.messages import CannotBuildError, FileDrop, HttpRequest, HttpResponse
from adapters.telemetry.provider_span import provider_span
from application.ports.drop_folders import Delivered, DropFolder, ExchangesFiles
from application.ports.providers import Provider
from domain.errors import CALLBACK_REFUSED, PROV_UNREACHABLE, MediatorError
from domain.manifests import CLASS_OF, OperationClass, ProviderManifest
from domain.providers import (
    AcceptedPending,
    BookLine,
    CallbackEvent,
    Finding,
    Instruction,
    Missing,
    NotSent,
    OperationKind,
    Outcome,
    Unknown,
    Unreadable,
    Verification,
)

Read = TypeVar("Read")

LOOK_UP_PAGES_MAX = 20
"""How many further questions one look-up may take."""

LOOK_UP = "look_up"
"""What a question is counted as, beside the kinds of operations."""

_log = logging.getLogger(__name__)


class KernelProvider(Provider, ExchangesFiles):
    """One provider: its adapter says what to send and what an answer means, the kernel sends and keeps the deadline."""

    def __init__(
        self,
        adapter: Adapter,
        http: ProviderHttp,
        *,
        callback_secrets: tuple[str, ...] = (),
        guard: Guard | None = None,
        drops: DropFolder | None = None,
    ) -> None:
        """Join the two; `http` may be shared with other providers, `guard` and `drops` are this account's."""
        self._adapter = adapter
        self._http = http
        self._callback_secrets = callback_secrets
        self._guard = guard or NoGuard()
        self._drops = drops

    @property
    def manifest(self) -> ProviderManifest:
        """What this provider can do, and how it may be treated."""
        return self._adapter.manifest

    @property
    def folder(self) -> DropFolder | None:
        """Where files are exchanged with this provider."""
        return self._drops

    async def perform(self, instruction: Instruction) -> Outcome:
        """Carry the operation out once, within the manifest's deadline. Never raises for what a provider does."""
        with provider_span(self.manifest.name, instruction.kind) as call:
            outcome = await self._performed(instruction)
            call.ended(word_of(outcome))
        return outcome

    async def _performed(self, instruction: Instruction) -> Outcome:
        if instruction.kind not in self.manifest.operations:
            return NotSent(f"{self.manifest.name} does not offer {instruction.kind}")
        try:
            request = self._built(instruction)
        except CannotBuildError as fault:
            return NotSent(f"not built: {fault.reason}")
        if isinstance(request, FileDrop):
            return await self._dropped(request)
        if not isinstance(request, HttpRequest):
            return request
        answer = await self._exchange(request, CLASS_OF[instruction.kind])
        if not isinstance(answer, HttpResponse):
            return answer
        return _read(lambda: self._parsed(instruction, answer), answer)

    async def look_up(self, instruction: Instruction) -> Finding:
        """Ask what became of an operation, by its key.

        That the question was not sent says nothing about the operation: it is `Unknown`, never `NotSent`.
        """
        with provider_span(self.manifest.name, LOOK_UP) as call:
            finding = await self._found(instruction)
            call.ended(word_of(finding))
        return finding

    async def _found(self, instruction: Instruction) -> Finding:
        adapter = self._adapter
        if not isinstance(adapter, LooksUp):
            return await self._looked_for(instruction)
        try:
            question = adapter.build_look_up(instruction)
        except CannotBuildError as fault:
            return Unknown(f"could not be asked: {fault.reason}")
        if not isinstance(question, HttpRequest):
            return question
        for _ in range(LOOK_UP_PAGES_MAX):
            answer = await self._exchange(question)
            if not isinstance(answer, HttpResponse):
                return Unknown(f"could not be asked: {answer.reason}")
            finding = _read(lambda: adapter.parse_look_up(instruction, answer), answer)  # noqa: B023 -- called at once
            if isinstance(finding, NotSent):
                return Unknown(f"could not be asked: {finding.reason}")
            if not isinstance(finding, HttpRequest):
                return finding
            question = finding
        return Unknown(f"no answer within {LOOK_UP_PAGES_MAX} questions")

    def verify_callback(self, raw: bytes, headers: Mapping[str, str], *, now_seconds: float) -> None:
        """Verify over the raw bytes with every live secret. Raises CALLBACK_REFUSED."""
        if not isinstance(self._adapter, CallsBack):
            raise MediatorError(CALLBACK_REFUSED, "This provider sends no callbacks.")
        self._adapter.verify_callback(raw, headers, secrets=self._callback_secrets, now_seconds=now_seconds)

    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        """Read everything that authentic bytes say; never raises."""
        if not isinstance(self._adapter, CallsBack):
            return Unreadable("this provider sends no callbacks")
        try:
            return self._adapter.parse_callback(raw)
        except Exception:  # noqa: BLE001 -- a stored callback must survive an adapter that breaks its promise
            _log.exception("provider.callback_unreadable %d bytes", len(raw))
            return Unreadable("the adapter broke on it")

    async def verify_credentials(self) -> Verification:
        """Ask the provider whether it takes our credentials; `unknown` when it cannot be asked, or cannot tell."""
        adapter = self._adapter
        if not isinstance(adapter, VerifiesCredentials):
            return Verification.UNKNOWN
        try:
            answer = await self._exchange(adapter.build_verification(), insists=True)
        except CannotBuildError:
            return Verification.UNKNOWN
        if not isinstance(answer, HttpResponse):
            return Verification.UNKNOWN
        said = _read(lambda: adapter.parse_verification(answer), answer)
        return said if isinstance(said, Verification) else Verification.UNKNOWN

    async def books(self, account: str) -> AsyncIterator[BookLine]:
        """Give each charge of one provider account, page by page. Raises PROV_UNREACHABLE."""
        adapter = self._adapter
        if not isinstance(adapter, Reports):
            return
        cursor: str | None = None
        asked: set[str | None] = set()
        while cursor not in asked:
            asked.add(cursor)
            page = await self._books_page(adapter, account, cursor)
            for line in page.lines:
                yield line
            if page.next_cursor is None:
                return
            cursor = page.next_cursor
        raise self._unreachable("its books go round in a circle")

    def _built(self, instruction: Instruction) -> HttpRequest | FileDrop | Outcome:
        adapter = self._adapter
        if instruction.kind is OperationKind.PAYOUT:
            if isinstance(adapter, PaysOut):
                return adapter.build_payout(instruction)
        elif isinstance(adapter, Collects):
            return adapter.build_request(instruction)
        raise CannotBuildError(f"{self.manifest.name} declares {instruction.kind} and cannot do it")

    def _parsed(self, instruction: Instruction, answer: HttpResponse) -> Outcome:
        adapter = self._adapter
        if instruction.kind is OperationKind.PAYOUT and isinstance(adapter, PaysOut):
            return adapter.parse_payout(instruction, answer)
        if isinstance(adapter, Collects):
            return adapter.parse_response(instruction, answer)
        return Unknown("the answer could not be read")

    async def _dropped(self, file: FileDrop) -> Outcome:
        if self._drops is None:
            return NotSent("no drop folder is connected")
        done = await self._drops.drop(file.name, file.content, deadline_seconds=self.manifest.deadline_seconds)
        return AcceptedPending(file.provider_reference) if isinstance(done, Delivered) else done

    async def _looked_for(self, instruction: Instruction) -> Finding:
        """Look whether the file of an operation still waits for the bank, where there is nobody to ask.

        Missing it proves nothing: the bank takes away what it has read.
        """
        if (
            self._drops is None
            or not isinstance(self._adapter, PaysOut)
            or instruction.kind is not OperationKind.PAYOUT
        ):
            return Unknown(f"{self.manifest.name} cannot be asked")
        try:
            file = self._adapter.build_payout(instruction)
            if not isinstance(file, FileDrop):
                return Unknown(f"{self.manifest.name} cannot be asked")
            deadline_seconds = self.manifest.deadline_seconds
            waits = await self._drops.holds(file.name, file.content, deadline_seconds=deadline_seconds)
        except CannotBuildError as fault:
            return Unknown(f"could not be looked for: {fault.reason}")
        except MediatorError as trouble:
            return Unknown(f"could not be looked for: {trouble.detail}")
        return AcceptedPending(file.provider_reference) if waits else Missing("its file is not in the folder")

    async def _books_page(self, adapter: Reports, account: str, cursor: str | None) -> BooksPage:
        answer = await self._exchange(adapter.build_books_page(account, cursor), insists=True)
        if not isinstance(answer, HttpResponse):
            raise self._unreachable(answer.reason)
        page = adapter.parse_books_page(answer)
        if page is None:
            raise self._unreachable(f"status {answer.status} is no page of books")
        return page

    async def _exchange(
        self,
        request: HttpRequest,
        operation_class: OperationClass = OperationClass.ASKING,
        *,
        insists: bool = False,
    ) -> HttpResponse | NotSent | Unknown:
        """Send through the guard; `insists`: a person asks. What went and what came is logged without its contents."""
        errand = Errand(operation_class, request, self._harmless, insists)
        began = perf_counter()
        answer = await self._guard.exchange(
            errand, self._http.exchange, deadline_seconds=self.manifest.deadline_seconds
        )
        milliseconds = round((perf_counter() - began) * 1_000)
        _log.info("provider.exchanged %s %r: %r in %d ms", self.manifest.name, request, answer, milliseconds)
        return answer

    def _harmless(self) -> HttpRequest | None:
        """Build a question that moves no money, if the provider has one."""
        if not isinstance(self._adapter, VerifiesCredentials):
            return None
        try:
            return self._adapter.build_verification()
        except CannotBuildError:
            return None

    def _unreachable(self, reason: str) -> MediatorError:
        return MediatorError(PROV_UNREACHABLE, f"The books of {self.manifest.name} cannot be had: {reason}.")


def word_of(finding: Finding) -> str:
    """Give the word for an outcome, as it is stored and counted."""
    return str(finding.__struct_config__.tag)


def _read(parse: Callable[[], Read], response: HttpResponse) -> Read | Unknown:
    """Read an answer; a dialect that breaks on it, against its promise, leaves doubt and a traceback, not a crash."""
    try:
        return parse()
    except Exception:  # noqa: BLE001 -- see the docstring: the caller has sent money and must be told of the doubt
        _log.exception("provider.answer_unreadable %r", response)
        return Unknown("the answer could not be read")
