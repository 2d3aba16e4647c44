"""The kernel sends what a dialect says, keeps the deadline, and never lets a question's failure pass for an answer."""

import asyncio
import time
from collections.abc import Mapping

import msgspec
import pytest

from adapters.providerkit.adapter import BooksPage, CallsBack, Collects, LooksUp, Reports
from adapters.providerkit.http import ProviderHttp
from adapters.providerkit.kernel import LOOK_UP_PAGES_MAX, KernelProvider
from adapters.providerkit.messages import CannotBuildError, HttpRequest, HttpResponse
from domain.errors import CALLBACK_REFUSED, PROV_UNREACHABLE, MediatorError
from domain.manifests import IdempotencyRule, KeyPlace, ProviderManifest
from domain.money import amount_of
from domain.providers import (
    BookLine,
    CallbackEvent,
    Finding,
    Instruction,
    Missing,
    NotSent,
    OperationKind,
    Outcome,
    Succeeded,
    Unknown,
    Unreadable,
    Verification,
)
from tests.adapters.providerkit.hostile import Conversation, hostile, unused_port

AUTHORIZE = Instruction(
    kind=OperationKind.AUTHORIZE, key="op_1", amount=amount_of(100, "EUR"), payment_id="pay_1", account="acct_1"
)
VOID = msgspec.structs.replace(AUTHORIZE, kind=OperationKind.VOID)
DONE = Succeeded("ch_1", amount_of(100, "EUR"))
MISSING = Missing("not_found")


class PlainAdapter(Collects, LooksUp, CallsBack, Reports):
    """Asks one URL for everything; `answers` is what it makes of every answer."""

    def __init__(self, url: str, answers: Outcome | Missing = DONE, *, buildable: bool = True) -> None:
        self.url = url
        self.answers = answers
        self.buildable = buildable

    @property
    def manifest(self) -> ProviderManifest:
        return ProviderManifest(
            name="plain",
            operations=frozenset({OperationKind.AUTHORIZE}),
            idempotency=IdempotencyRule(place=KeyPlace.NONE),
            visibility_horizon_seconds=1,
            deadline_seconds=0.2,
        )

    def build_request(self, instruction: Instruction) -> HttpRequest:
        if not self.buildable:
            raise CannotBuildError("it lacks a word")
        return HttpRequest(method="POST", url=f"{self.url}/do/{instruction.key}")

    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        if response.body == b"poison":
            raise ZeroDivisionError
        assert not isinstance(self.answers, Missing)
        return self.answers

    def build_look_up(self, instruction: Instruction) -> HttpRequest:
        if not self.buildable:
            raise CannotBuildError("it lacks a word")
        return HttpRequest(method="GET", url=f"{self.url}/ask/{instruction.key}")

    def parse_look_up(self, instruction: Instruction, response: HttpResponse) -> Finding | HttpRequest:
        if response.body == b"poison":
            raise ZeroDivisionError
        return self.answers

    def verify_callback(
        self, raw: bytes, headers: Mapping[str, str], *, secrets: tuple[str, ...], now_seconds: float
    ) -> None:
        if headers != {"signed": f"{raw.decode()} by {secrets} at {now_seconds:g}"}:
            raise MediatorError(CALLBACK_REFUSED, "No.")

    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        if raw == b"poison":
            raise ZeroDivisionError
        return (CallbackEvent(event_id=raw.decode(), kind="told"),)

    def build_books_page(self, account: str, cursor: str | None) -> HttpRequest:
        return HttpRequest(method="GET", url=f"{self.url}/books/{account}/{cursor or 'begin'}")

    def parse_books_page(self, response: HttpResponse) -> BooksPage | None:
        if response.status != 200:
            return None
        name, _, cursor = response.body.decode().partition(" ")
        line = BookLine(provider_reference=name, payment_id="p", currency="EUR", captured_minor=1, refunded_minor=0)
        return BooksPage((line,), cursor or None)


async def say_ok(talk: Conversation) -> None:
    while True:
        await talk.hear()
        await talk.answer()


async def say_poison(talk: Conversation) -> None:
    await talk.hear()
    await talk.answer(b"poison")


async def test_answer_means_what_the_dialect_says(http: ProviderHttp) -> None:
    async with hostile(say_ok) as server:
        provider = KernelProvider(PlainAdapter(server.url), http)

        assert await provider.perform(AUTHORIZE) == DONE
        assert await provider.look_up(AUTHORIZE) == DONE

    assert [request.split(b" ")[1] for request in server.requests] == [b"/do/op_1", b"/ask/op_1"]


async def test_operation_that_is_not_offered_or_cannot_be_said_is_not_sent(http: ProviderHttp) -> None:
    async with hostile(say_ok) as server:
        speechless = KernelProvider(PlainAdapter(server.url, buildable=False), http)

        assert isinstance(await KernelProvider(PlainAdapter(server.url), http).perform(VOID), NotSent)
        assert isinstance(await speechless.perform(AUTHORIZE), NotSent)

    assert server.connections == 0


async def test_failures_of_an_operation_keep_their_meaning(http: ProviderHttp) -> None:
    unreachable = KernelProvider(PlainAdapter(f"http://127.0.0.1:{unused_port()}"), http)
    assert isinstance(await unreachable.perform(AUTHORIZE), NotSent)

    async def hang(talk: Conversation) -> None:
        await talk.hear()
        await asyncio.sleep(5)

    async with hostile(hang) as server:
        began = time.monotonic()
        outcome = await KernelProvider(PlainAdapter(server.url), http).perform(AUTHORIZE)

    assert isinstance(outcome, Unknown)
    assert 0.15 < time.monotonic() - began < 3


async def test_dialect_that_breaks_on_an_answer_leaves_doubt(
    http: ProviderHttp, caplog: pytest.LogCaptureFixture
) -> None:
    async with hostile(say_poison) as server:
        provider = KernelProvider(PlainAdapter(server.url), http)

        assert isinstance(await provider.perform(AUTHORIZE), Unknown)
        assert isinstance(await provider.look_up(AUTHORIZE), Unknown)

    assert "ZeroDivisionError" in caplog.text


async def test_question_that_was_not_sent_says_nothing_about_the_operation(http: ProviderHttp) -> None:
    unreachable = f"http://127.0.0.1:{unused_port()}"

    assert isinstance(await KernelProvider(PlainAdapter(unreachable), http).look_up(AUTHORIZE), Unknown)
    assert isinstance(await KernelProvider(PlainAdapter("", buildable=False), http).look_up(AUTHORIZE), Unknown)
    async with hostile(say_ok) as server:
        throttled = KernelProvider(PlainAdapter(server.url, NotSent("throttled")), http)
        assert await throttled.look_up(AUTHORIZE) == Unknown("could not be asked: throttled")


async def test_missing_is_handed_on(http: ProviderHttp) -> None:
    async with hostile(say_ok) as server:
        assert await KernelProvider(PlainAdapter(server.url, MISSING), http).look_up(AUTHORIZE) == MISSING


async def test_callback_is_verified_with_every_live_secret_and_read_by_the_adapter(http: ProviderHttp) -> None:
    provider = KernelProvider(PlainAdapter(""), http, callback_secrets=("new", "old"))

    provider.verify_callback(b"evt_1", {"signed": "evt_1 by ('new', 'old') at 5"}, now_seconds=5)
    with pytest.raises(MediatorError) as refusal:
        provider.verify_callback(b"evt_1", {"signed": "evt_1 by ('new',) at 5"}, now_seconds=5)

    assert refusal.value.entry is CALLBACK_REFUSED
    assert provider.parse_callback(b"evt_1") == (CallbackEvent(event_id="evt_1", kind="told"),)


async def test_a_callback_that_breaks_its_adapter_is_unreadable_and_no_crash(http: ProviderHttp) -> None:
    assert isinstance(KernelProvider(PlainAdapter(""), http).parse_callback(b"poison"), Unreadable)


class Mute(Collects):
    """Takes money and can do nothing else."""

    manifest = msgspec.structs.replace(PlainAdapter("").manifest, name="mute")

    def build_request(self, instruction: Instruction) -> HttpRequest | Outcome:
        return DONE

    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        raise NotImplementedError


async def test_an_outcome_that_needs_no_request_is_given_at_once(http: ProviderHttp) -> None:
    assert await KernelProvider(Mute(), http).perform(AUTHORIZE) == DONE


async def test_what_an_adapter_cannot_do_is_said_and_nothing_is_guessed(http: ProviderHttp) -> None:
    mute = KernelProvider(Mute(), http, callback_secrets=("s",))

    assert isinstance(await mute.look_up(AUTHORIZE), Unknown)
    assert isinstance(mute.parse_callback(b"x"), Unreadable)
    assert await mute.verify_credentials() is Verification.UNKNOWN
    assert [line async for line in mute.books("acct_1")] == []
    with pytest.raises(MediatorError) as refusal:
        mute.verify_callback(b"x", {}, now_seconds=1)
    assert refusal.value.entry is CALLBACK_REFUSED


class Paged(PlainAdapter):
    """Asks on until the answer is short."""

    def parse_look_up(self, instruction: Instruction, response: HttpResponse) -> Finding | HttpRequest:
        if response.body == b"more":
            return HttpRequest(method="GET", url=f"{self.url}/next")
        return DONE


async def test_a_look_up_asks_on_page_by_page_but_not_for_ever(http: ProviderHttp) -> None:
    asked: list[bytes] = []

    async def list_pages(talk: Conversation) -> None:
        while True:
            asked.append(await talk.hear())
            await talk.answer(b"more" if len(asked) < 3 or len(asked) > 3 else b"end")

    async with hostile(list_pages) as server:
        provider = KernelProvider(Paged(server.url), http)
        assert await provider.look_up(AUTHORIZE) == DONE
        assert len(asked) == 3
        assert await provider.look_up(AUTHORIZE) == Unknown(f"no answer within {LOOK_UP_PAGES_MAX} questions")
    assert len(asked) == 3 + LOOK_UP_PAGES_MAX


async def test_books_are_read_page_by_page_to_the_end(http: ProviderHttp) -> None:
    pages = [b"ch_1 second", b"ch_2 third", b"ch_3"]

    async def show(talk: Conversation) -> None:
        while True:
            await talk.hear()
            await talk.answer(pages.pop(0))

    async with hostile(show) as server:
        lines = [line async for line in KernelProvider(PlainAdapter(server.url), http).books("acct_1")]

    assert [line.provider_reference for line in lines] == ["ch_1", "ch_2", "ch_3"]
    assert [request.split(b" ")[1].split(b"/")[-1] for request in server.requests] == [b"begin", b"second", b"third"]


async def test_books_that_go_round_in_a_circle_are_refused(http: ProviderHttp) -> None:
    async def show(talk: Conversation) -> None:
        while True:
            request = await talk.hear()
            await talk.answer(b"ch_2 first" if b"/second" in request else b"ch_1 second")

    async with hostile(show) as server, asyncio.timeout(5):
        with pytest.raises(MediatorError) as refusal:
            _ = [line async for line in KernelProvider(PlainAdapter(server.url), http).books("acct_1")]

    assert refusal.value.entry is PROV_UNREACHABLE
    assert len(server.requests) == 3


@pytest.mark.parametrize("second", [("500 No", b"ch_2"), ("302 Found", b"")])
async def test_books_that_end_badly_are_not_taken_for_whole(http: ProviderHttp, second: tuple[str, bytes]) -> None:
    answers = [("200 OK", b"ch_1 second"), second]

    async def show(talk: Conversation) -> None:
        while answers:
            await talk.hear()
            status, body = answers.pop(0)
            await talk.answer(body, status)

    async with hostile(show) as server:
        with pytest.raises(MediatorError) as refusal:
            _ = [line async for line in KernelProvider(PlainAdapter(server.url), http).books("acct_1")]

    assert refusal.value.entry is PROV_UNREACHABLE


async def test_books_of_an_unreachable_provider_are_refused(http: ProviderHttp) -> None:
    provider = KernelProvider(PlainAdapter(f"http://127.0.0.1:{unused_port()}"), http)

    with pytest.raises(MediatorError) as refusal:
        _ = [line async for line in provider.books("acct_1")]

    assert refusal.value.entry is PROV_UNREACHABLE
