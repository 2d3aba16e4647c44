"""Plain transfers go a short way: with the same rules, words and answers as the ordinary one, to the byte."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from domain.posting import BOUND
from entrypoints.http.plain_transfers import PlainTransfers
from tests.entrypoints.http.edge.asking import Answer
from tests.entrypoints.http.service import Service
from tests.entrypoints.http.shop import Shop, new_key

TRANSFERS = "/v1/transfers"
CHANGING = re.compile(rb"ltx_[0-9a-f]{32}|req_[0-9a-f]{32}|\d{4}-\d\d-\d\dT[0-9:.]+Z")
"""What differs between two requests that ask for the same."""

ORDINARY = ("content-type", "application/json; charset=utf-8")
SHORT = ("content-type", "application/json")


@pytest.fixture
def ordinary(service: Service) -> Iterator[list[str]]:
    """Which requests went the ordinary way."""
    assert isinstance(service.app, PlainTransfers)
    app, seen = service.app._app, []

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        await app(scope, receive, send)

    service.app._app = counted
    yield seen
    service.app._app = app


async def asked(shop: Shop, raw: bytes, kind: tuple[str, str], key: str | None = None, **headers: str) -> Answer:
    """Send a transfer as a server would hand it over."""
    given = {
        "authorization": f"Bearer {shop.api_key}",
        "idempotency-key": key or new_key(),
        "content-length": str(len(raw)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return await shop.line("POST", TRANSFERS, raw, [kind, *given.items()])


def plain(debit: str, credit: str, amount: object = 5, currency: str = "EUR") -> bytes:
    return (
        f'{{"debit_account": "{debit}", "credit_account": "{credit}", "amount": {amount}, "currency": "{currency}"}}'
    ).encode()


def told(answer: Answer) -> tuple[int, bytes, set[str]]:
    """Give what two answers to the same must have in common."""
    return answer.status, CHANGING.sub(b"*", answer.body), set(answer.headers)


async def accounts(shop: Shop, **changes: Any) -> tuple[str, str]:
    return tuple([(await shop.open(f"{uuid4().hex}:{name}", **changes))["id"] for name in "ab"])


async def test_what_is_booked_is_told_alike(shop: Shop, ordinary: list[str]) -> None:
    one, other = await accounts(shop)
    third, fourth = await accounts(shop)
    ordinary.clear()

    short = await asked(shop, plain(one, other), SHORT)
    assert ordinary == []
    long = await asked(shop, plain(third, fourth), ORDINARY)
    assert ordinary == [TRANSFERS]

    assert short.status == 201
    same = CHANGING.sub(b"*", short.body).replace(one.encode(), third.encode()).replace(other.encode(), fourth.encode())
    assert (short.status, same, set(short.headers)) == told(long)
    assert short.headers["location"] == f"{TRANSFERS}/{short.json()['id']}"
    assert (await shop.get(short.headers["location"])).json() == short.json()


@pytest.mark.parametrize(
    ("first", "second"), [(SHORT, ORDINARY), (ORDINARY, SHORT), (SHORT, SHORT), (ORDINARY, ORDINARY)]
)
async def test_what_was_answered_on_one_way_is_answered_again_on_both(
    shop: Shop, first: tuple[str, str], second: tuple[str, str]
) -> None:
    one, other = await accounts(shop)
    key, raw = new_key(), plain(one, other)

    answer, again = await asked(shop, raw, first, key), await asked(shop, raw, second, key)

    assert (again.status, again.body) == (answer.status, answer.body) == (201, answer.body)
    assert "idempotency-replayed" not in answer.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == answer.headers["location"]


@pytest.mark.parametrize(
    ("first", "second"), [(SHORT, ORDINARY), (ORDINARY, SHORT), (SHORT, SHORT), (ORDINARY, ORDINARY)]
)
async def test_a_refusal_is_final_and_told_again_to_the_byte(
    shop: Shop, first: tuple[str, str], second: tuple[str, str]
) -> None:
    one, other = await accounts(shop, overdraft={"policy": "none"})
    key, raw = new_key(), plain(one, other)

    answer, again = await asked(shop, raw, first, key), await asked(shop, raw, second, key)

    assert (answer.status, answer.code) == (422, "LEDGER_INSUFFICIENT_FUNDS")
    assert (again.status, again.body) == (answer.status, answer.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["x-request-id"] != answer.headers["x-request-id"]
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def refused_alike(shop: Shop, raw: bytes, **headers: str) -> Answer:
    """Ask both ways, and see that both refuse alike."""
    short, long = await asked(shop, raw, SHORT, **headers), await asked(shop, raw, ORDINARY, **headers)
    assert told(short) == told(long)
    assert 400 <= short.status < 500
    return short


async def test_refusals_of_the_ledger_are_told_alike(shop: Shop, ordinary: list[str]) -> None:
    poor, other = await accounts(shop, overdraft={"policy": "none"})
    frozen, closed = await accounts(shop)
    await shop.patch(f"/v1/ledger/accounts/{frozen}", {"state": "frozen"})
    await shop.patch(f"/v1/ledger/accounts/{closed}", {"state": "closed"})
    nobody = f"acc_{uuid4().hex}"
    ordinary.clear()

    codes = [
        (await refused_alike(shop, raw)).code
        for raw in (
            plain(poor, other),
            plain(nobody, other),
            plain(other, nobody),
            plain(poor, other, currency="USD"),
            plain(frozen, other),
            plain(other, closed),
        )
    ]

    assert codes == [
        "LEDGER_INSUFFICIENT_FUNDS",
        "LEDGER_ACCOUNT_UNKNOWN",
        "LEDGER_ACCOUNT_UNKNOWN",
        "LEDGER_CURRENCY_MISMATCH",
        "LEDGER_ACCOUNT_FROZEN",
        "LEDGER_ACCOUNT_CLOSED",
    ]
    assert len(ordinary) == len(codes)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'{"debit_account": "A", "credit_account": "B", "amount": 1, "currency": "EUR"}'.replace(b"EUR", b"E\\u0000R"),
        b'{"debit_account": "A", "credit_account": "B", "amount": 1, "amount": 2, "currency": "EUR"}',
        b'{"debit_account": "A", "credit_account": "B", "amount": 1.5, "currency": "EUR"}',
        b'{"debit_account": "A", "credit_account": "B", "amount": true, "currency": "EUR"}',
        b'{"debit_account": "A", "credit_account": "B", "amount": 0, "currency": "EUR"}',
        b'{"debit_account": "A", "credit_account": "B", "amount": -1, "currency": "EUR"}',
        b'{"debit_account": "A", "credit_account": "B", "amount": 9000000000000000001, "currency": "EUR"}',
        b'{"debit_account": "A", "credit_account": "B", "amount": 1, "currency": "XXX"}',
        b'{"debit_account": "A", "credit_account": "B", "amount": 1, "currency": "eur"}',
        b'{"debit_account": "A", "credit_account": "B", "amount": 1}',
        b'{"debit_account": "A", "credit_account": "B", "amount": 1, "currency": "EUR", "surprise": 1}',
        b'{"debit_account": "a\xff", "credit_account": "B", "amount": 1, "currency": "EUR"}',
        b'{"debit_account": "A", "credit_account": "B", "amount": 1, "currency": "EUR"} x',
    ],
)
async def test_what_cannot_be_read_is_refused_alike(shop: Shop, raw: bytes) -> None:
    one, other = await accounts(shop)

    await refused_alike(shop, raw.replace(b'"A"', f'"{one}"'.encode()).replace(b'"B"', f'"{other}"'.encode()))


async def test_who_may_not_come_in_is_refused_alike(shop: Shop) -> None:
    one, other = await accounts(shop)
    raw = plain(one, other)

    assert (await refused_alike(shop, raw, authorization="Bearer nonsense")).code == "AUTH_INVALID"
    assert (await refused_alike(shop, raw, host="evil.example.org")).code == "REQUEST_MALFORMED"
    assert (await refused_alike(shop, raw, idempotency_key="with a space")).code == "IDEM_KEY_REQUIRED"
    assert (await refused_alike(shop, raw, content_encoding="gzip")).code == "MEDIA_TYPE_UNSUPPORTED"


async def test_a_key_that_was_used_for_something_else_is_refused_alike(shop: Shop) -> None:
    one, other = await accounts(shop)
    key = new_key()
    await asked(shop, plain(one, other), SHORT, key)

    answers = [await asked(shop, plain(one, other, 6), kind, key) for kind in (SHORT, ORDINARY)]

    assert [(answer.status, answer.code) for answer in answers] == [(422, "IDEM_MISMATCH")] * 2
    assert told(answers[0]) == told(answers[1])


async def test_amounts_that_not_every_reader_keeps_are_strings_on_both_ways(shop: Shop) -> None:
    one, other = await accounts(shop)

    for kind in (SHORT, ORDINARY):
        entries = (await asked(shop, plain(one, other, BOUND // 4), kind)).json()["entries"]
        assert all(entry["amount"] == str(BOUND // 4) and isinstance(entry["balance"], str) for entry in entries)


async def test_an_account_that_somebody_watches_is_looked_at_with_care(shop: Shop, ordinary: list[str]) -> None:
    one, other = await accounts(shop)
    limit = {"scope": "account", "account": one, "currency": "EUR", "window_seconds": 86_400, "amount_max": 7}
    assert (await shop.post("/v1/ledger/limits", limit)).status == 201
    ordinary.clear()

    answers = [await asked(shop, plain(one, other), SHORT) for _ in range(2)]

    assert [answer.status for answer in answers] == [201, 422]
    assert answers[1].code == "GATE_LIMIT_EXCEEDED"
    assert ordinary == []


async def test_the_short_way_writes_the_same_access_line(shop: Shop, service: Service, log: Any) -> None:
    one, other = await accounts(shop)
    assert isinstance(service.app, PlainTransfers)

    await asked(shop, plain(one, other), SHORT, x_request_id="mine-1")
    await asked(shop, plain(one, other), ORDINARY, x_request_id="mine-2")
    assert service.app._lines is not None
    service.app._lines.flush()

    lines = [line for line in _lines(log) if str(line["request_id"]).startswith("mine-")]
    assert len(lines) == 2
    for line in lines:
        line["details"].pop("duration_ms")
        line.pop("timestamp")
        line.pop("request_id")
    assert lines[0] == lines[1]
    assert lines[0]["details"]["route"] == TRANSFERS


def _lines(log: Any) -> list[Any]:
    return [json.loads(line) for line in log.getvalue().splitlines()]
