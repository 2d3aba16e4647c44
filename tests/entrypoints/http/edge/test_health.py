"""Alive says that the process answers; ready says that everything it needs does."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from entrypoints.http.edge.health import Readiness, ReadinessChecks
from tests.entrypoints.http.edge.asking import ask
from tests.entrypoints.http.edge.sample import make_framework, make_service


async def fine() -> None:
    return


async def broken() -> None:
    raise ConnectionError("postgresql://mediator:hunter2@127.0.0.1/db refused")


async def silent() -> None:
    await asyncio.Event().wait()


async def impatient() -> None:
    raise TimeoutError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Counted:
    def __init__(self, fault: Exception | None = None) -> None:
        self.calls = 0
        self.fault = fault

    async def __call__(self) -> None:
        self.calls += 1
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault


async def test_alive_needs_nothing_and_no_credential() -> None:
    service = make_service(make_framework(ReadinessChecks({"database": broken})))

    answer = await ask(service, "GET", "/health/live", headers=[])

    assert (answer.status, answer.json()) == (200, {"status": "alive"})


async def test_ready_when_every_check_passes() -> None:
    service = make_service(make_framework(ReadinessChecks({"database": fine, "broker": fine})))

    answer = await ask(service, "GET", "/health/ready", headers=[])

    expected = {"status": "ready", "checks": {"database": "ok", "broker": "ok"}}
    assert (answer.status, answer.json()) == (200, expected)


async def test_not_ready_names_what_is_away_without_saying_more(logged: Callable[[], list[dict[str, Any]]]) -> None:
    checks = ReadinessChecks({"database": broken, "broker": fine, "disk": silent}, timeout_seconds=0.02)

    answer = await ask(make_service(make_framework(checks)), "GET", "/health/ready", headers=[])

    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "SERVICE_UNAVAILABLE", "1")
    assert answer.json()["money_state"] == "none"
    assert answer.json()["errors"] == [
        {"pointer": "checks/database", "detail": "failed"},
        {"pointer": "checks/disk", "detail": "no answer within 0.02 s"},
    ]
    assert b"hunter2" not in answer.body
    refused = [line for line in logged() if line["message"] == "readiness.refused"]
    assert {line["details"]["check"] for line in refused} == {"database", "disk"}
    assert "ConnectionError" in str(refused)
    assert "hunter2" not in str(refused)


async def test_checks_are_asked_at_the_same_time() -> None:
    meeting = asyncio.Barrier(3)

    async def meet() -> None:
        await meeting.wait()

    faults = await Readiness(ReadinessChecks({"a": meet, "b": meet, "c": meet})).faults()

    assert faults == {}


async def test_an_answer_stays_true_for_a_while_and_no_longer() -> None:
    clock, check = Clock(), Counted()
    readiness = Readiness(ReadinessChecks({"database": check}, cached_seconds=1.0), clock=clock)

    calls = []
    for moment in (100.0, 100.99, 101.0, 101.5, 102.5):
        clock.now = moment
        await readiness.faults()
        calls.append(check.calls)

    assert calls == [1, 1, 2, 2, 3]


async def test_many_who_ask_at_once_ask_once() -> None:
    check = Counted()
    readiness = Readiness(ReadinessChecks({"database": check}))

    await asyncio.gather(*(readiness.faults() for _ in range(50)))

    assert check.calls == 1


async def test_a_dependency_that_comes_back_is_seen() -> None:
    clock, check = Clock(), Counted(ConnectionError())
    readiness = Readiness(ReadinessChecks({"database": check}), clock=clock)

    before = await readiness.faults()
    check.fault = None
    clock.now += 2

    assert (before, await readiness.faults()) == ({"database": "failed"}, {})


@pytest.mark.parametrize(("check", "words"), [(broken, "failed"), (impatient, "no answer within 1 s")])
async def test_a_timeout_inside_a_check_counts_as_no_answer(check: Any, words: str) -> None:
    assert await Readiness(ReadinessChecks({"x": check})).faults() == {"x": words}
