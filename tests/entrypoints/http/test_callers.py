"""Callers are remembered for a few seconds: quickly found, asked about once, forgotten when their key is revoked."""

import asyncio
from uuid import UUID

import pytest

from application.identity.authenticate import Caller
from domain.errors import AUTH_INVALID, SERVICE_UNAVAILABLE, MediatorError
from domain.ids import ApiKeyId, PrincipalId, TenantId
from entrypoints.http.callers import KEYS_MAX, REFUSED_SECONDS, REMEMBERED_SECONDS, KnownCallers

CALLER = Caller(TenantId(UUID(int=1)), PrincipalId(UUID(int=2)), ApiKeyId(UUID(int=3)))
HEADER = b"Bearer fmk_live_good"
BAD = b"Bearer fmk_live_bad"


class Desk:
    """Knows one key, and notes how often it is asked; its clock goes when it is told."""

    def __init__(self) -> None:
        self.good = {"fmk_live_good"}
        self.asked: list[str] = []
        self.fault: Exception | None = None
        self.takes_seconds = 0.0
        self.now = 100.0
        self.callers = KnownCallers(self.authenticate, clock=lambda: self.now)

    async def authenticate(self, key: str) -> Caller:
        self.asked.append(key)
        await asyncio.sleep(0)
        self.now += self.takes_seconds
        if self.fault is not None:
            raise self.fault
        if key not in self.good:
            raise MediatorError(AUTH_INVALID, "The API key is not valid.")
        return CALLER

    async def refused(self, header: bytes = BAD) -> MediatorError:
        with pytest.raises(MediatorError) as refused:
            await self.callers.authenticate(header)
        return refused.value


async def test_a_caller_is_known_without_waiting_after_the_first_time() -> None:
    desk = Desk()
    before = desk.callers.peek(HEADER)

    asked = await desk.callers.authenticate(HEADER)

    assert (before, asked, desk.callers.peek(HEADER)) == (None, CALLER, CALLER)
    assert desk.callers.peek(b"bearer   fmk_live_good") == CALLER
    assert await desk.callers.authenticate(HEADER) == CALLER
    assert desk.asked == ["fmk_live_good"]


async def test_a_revoked_key_is_forgotten_in_time_though_it_is_used_all_the_while() -> None:
    desk = Desk()
    await desk.callers.authenticate(HEADER)
    desk.good.clear()
    began = desk.now

    while desk.callers.peek(HEADER) is not None:
        desk.now += 0.25

    assert desk.now - began <= REMEMBERED_SECONDS == 5
    assert (await desk.refused(HEADER)).entry is AUTH_INVALID
    assert not desk.callers.was_known(HEADER)


async def test_the_time_that_a_look_up_takes_counts() -> None:
    desk = Desk()
    desk.takes_seconds = REMEMBERED_SECONDS

    assert await desk.callers.authenticate(HEADER) == CALLER

    assert desk.callers.peek(HEADER) is None
    assert desk.callers.was_known(HEADER)


async def test_many_who_ask_at_once_ask_the_store_once() -> None:
    desk = Desk()

    found = await asyncio.gather(*(desk.callers.authenticate(HEADER) for _ in range(100)))

    assert found == [CALLER] * 100
    assert desk.asked == ["fmk_live_good"]


async def test_one_who_gives_up_does_not_stop_the_others() -> None:
    desk = Desk()
    first, second = (asyncio.ensure_future(desk.callers.authenticate(HEADER)) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()

    assert await second == CALLER


async def test_a_refused_key_is_refused_unasked_for_a_shorter_while() -> None:
    desk = Desk()

    refusals = [await desk.refused() for _ in range(3)]
    desk.now += REFUSED_SECONDS
    desk.good.add("fmk_live_bad")

    assert {one.entry for one in refusals} == {AUTH_INVALID}
    assert desk.asked == ["fmk_live_bad"]
    assert await desk.callers.authenticate(BAD) == CALLER
    assert REFUSED_SECONDS < REMEMBERED_SECONDS


async def test_a_fault_is_told_and_not_remembered() -> None:
    desk = Desk()
    desk.fault = MediatorError(SERVICE_UNAVAILABLE, "The database is away.")
    fault = await desk.refused(HEADER)
    desk.fault = None

    assert fault.entry is SERVICE_UNAVAILABLE
    assert await desk.callers.authenticate(HEADER) == CALLER


@pytest.mark.parametrize("header", [b"", b"Bearer", b"Bearer ", b"Basic x", b"Bearer a b", b"Bearer " + b"x" * 201])
async def test_what_is_no_bearer_token_is_refused_without_asking(header: bytes) -> None:
    desk = Desk()

    assert desk.callers.peek(header) is None
    assert (await desk.refused(header)).entry is AUTH_INVALID
    assert desk.asked == []


async def test_who_tries_many_keys_drives_no_caller_out_and_fills_no_memory() -> None:
    desk = Desk()
    await desk.callers.authenticate(HEADER)

    for number in range(KEYS_MAX + 10):
        await desk.refused(b"Bearer %d" % number)

    assert desk.callers.peek(HEADER) == CALLER
    assert len(desk.callers._refused) == KEYS_MAX


async def test_no_key_is_kept() -> None:
    desk = Desk()
    await desk.callers.authenticate(HEADER)
    await desk.refused()

    assert b"fmk_live" not in b"".join((*desk.callers._known, *desk.callers._refused))
