"""`GET /v1/payments`: filters that mean what they say, and pages that neither skip nor double."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.entrypoints.http.shop import Shop

PATH = "/v1/payments"


async def test_an_empty_list_is_a_page(shop: Shop) -> None:
    answer = await shop.get(PATH)

    assert (answer.status, answer.json()) == (200, {"data": [], "next_cursor": None})


async def test_payments_come_newest_first(shop: Shop) -> None:
    made = [(await shop.paid())["id"] for _ in range(5)]

    assert [one["id"] for one in await shop.all(PATH)] == made[::-1]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 100])
async def test_a_walk_gives_every_payment_once_whatever_the_size_of_its_pages(shop: Shop, limit: int) -> None:
    made = [(await shop.paid())["id"] for _ in range(6)]

    pages = [page async for page in shop.pages(PATH, limit=limit)]

    assert [one["id"] for page in pages for one in page] == made[::-1]
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert 1 <= len(pages[-1]) <= limit


async def test_a_walk_neither_skips_nor_doubles_while_payments_arrive(shop: Shop) -> None:
    before = [(await shop.paid())["id"] for _ in range(12)]
    arriving = asyncio.create_task(_arrive(shop, 30))

    seen = [one["id"] async for page in shop.pages(PATH, limit=2) for one in page]
    arrived = await arriving

    assert len(seen) == len(set(seen))
    assert [one for one in seen if one in set(before)] == before[::-1]
    assert set(seen) <= set(before) | set(arrived)


async def _arrive(shop: Shop, count: int) -> list[str]:
    return [(await shop.paid())["id"] for _ in range(count)]


async def test_a_page_shows_what_a_payment_is(shop: Shop) -> None:
    payment = await shop.paid(reference="r", capture_mode="manual")

    (summary,) = await shop.all(PATH)

    shown = {name: payment[name] for name in summary}
    assert summary == shown
    assert summary.keys() >= {"id", "state", "amount", "currency", "reference", "created_at", "version"}


@pytest.fixture
async def mixed(shop: Shop) -> dict[str, Any]:
    return {
        "taken": await shop.paid(reference="order 1"),
        "reserved": await shop.paid(reference="order 1", currency="JPY", capture_mode="manual"),
        "action": await shop.paid("tok_action", reference="Ärger & Söhne = 100% +1?#", currency="KWD"),
        "bare": await shop.paid(currency="JPY"),
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"state": "succeeded"}, ["bare", "taken"]),
        ({"state": "requires_action"}, ["action"]),
        ({"state": "expired"}, []),
        ({"currency": "JPY"}, ["bare", "reserved"]),
        ({"currency": "USD"}, []),
        ({"reference": "order 1"}, ["reserved", "taken"]),
        ({"reference": "Order 1"}, []),
        ({"reference": "order%"}, []),
        ({"reference": "order_1"}, []),
        ({"reference": "Ärger & Söhne = 100% +1?#"}, ["action"]),
        ({"reference": "' or 1=1 --"}, []),
        ({"provider": "sandbox"}, ["bare", "action", "reserved", "taken"]),
        ({"provider": "nobody"}, []),
        ({"currency": "JPY", "reference": "order 1", "state": "authorized"}, ["reserved"]),
        ({"currency": "EUR", "state": "authorized"}, []),
    ],
)
async def test_every_filter_holds_alone_and_together(
    shop: Shop, mixed: dict[str, Any], query: dict[str, str], expected: list[str]
) -> None:
    found = await shop.all(PATH, limit=1, **query)

    assert [one["id"] for one in found] == [mixed[name]["id"] for name in expected]


async def test_times_bound_a_list_from_inclusive_to_exclusive(shop: Shop) -> None:
    first, second = await shop.paid(), await shop.paid()

    since = await shop.all(PATH, created_from=second["created_at"])
    before = await shop.all(PATH, created_before=second["created_at"])
    between = await shop.all(PATH, created_from=first["created_at"], created_before=second["created_at"])

    assert [[one["id"] for one in found] for found in (since, before, between)] == [
        [second["id"]],
        [first["id"]],
        [first["id"]],
    ]


@pytest.mark.parametrize("hours", [-12, 0, 5.75, 14])
async def test_a_time_means_the_same_in_every_zone(shop: Shop, hours: float) -> None:
    payment = await shop.paid()
    made = datetime.fromisoformat(payment["created_at"])
    offset = timedelta(hours=hours)
    local = (made.astimezone(UTC) + offset).replace(tzinfo=None).isoformat(timespec="microseconds")
    sign, minutes = ("-" if hours < 0 else "+"), int(abs(offset).total_seconds()) // 60
    written = f"{local}{sign}{minutes // 60:02}:{minutes % 60:02}"

    assert [one["id"] for one in await shop.all(PATH, created_from=written)] == [payment["id"]]
    assert await shop.all(PATH, created_before=written) == []


@pytest.mark.parametrize(
    ("moment", "long_ago"),
    [
        *[("0001-01-01T00:00:00Z", True), ("0001-01-01T00:00:00-14:00", True), ("1969-12-31T23:59:59Z", True)],
        *[("1970-01-01T00:00:00Z", True), ("2024-02-29T00:00:00Z", True), ("2026-03-29T02:30:00+01:00", True)],
        *[("2026-11-23T12:00:00.123456789Z", True), ("9999-12-31T23:59:59Z", False)],
        *[("9999-12-31T23:59:59.999999Z", False), ("9999-12-31T23:59:59+14:00", False)],
    ],
)
async def test_every_moment_that_there_is_can_be_asked_for(shop: Shop, moment: str, *, long_ago: bool) -> None:
    payment = await shop.paid()

    since, before = await shop.get(PATH, created_from=moment), await shop.get(PATH, created_before=moment)

    assert (since.status, before.status) == (200, 200)
    assert [one["id"] for one in since.json()["data"]] == ([payment["id"]] if long_ago else [])
    assert [one["id"] for one in before.json()["data"]] == ([] if long_ago else [payment["id"]])


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("name", ["created_from", "created_before"])
async def test_a_moment_outside_of_the_calendar_is_refused(visitor: Shop, name: str, moment: str) -> None:
    answer = await visitor.get(PATH, **{name: moment})

    assert (answer.status, answer.code) == (422, "VAL_FIELD")
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"query/{name}"]


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        *[
            (f"limit={value}", "VAL_FIELD", "query/limit")
            for value in ("0", "101", "-1", "x", "", "1.0", "1e1", "%2B1")
        ],
        *[(f"limit={value}", "VAL_FIELD", "query/limit") for value in ("99999999999999999999", "true", "null", "01")],
        *[
            (f"state={value}", "VAL_FIELD", "query/state")
            for value in ("lost", "SUCCEEDED", "", "null", "succeeded,failed")
        ],
        *[
            (f"currency={value}", "VAL_FIELD", "query/currency")
            for value in ("eur", "EURO", "EU", "", "978", "EU%D0%A0")
        ],
        *[
            (f"currency={value}", "VAL_CURRENCY", "query/currency")
            for value in ("XXX", "XTS", "XAU", "HRK", "DEM", "ZZZ")
        ],
        ("reference=", "VAL_FIELD", "query/reference"),
        (f"reference={'x' * 256}", "VAL_FIELD", "query/reference"),
        ("provider=", "VAL_FIELD", "query/provider"),
        (f"provider={'x' * 65}", "VAL_FIELD", "query/provider"),
        *[
            (f"cursor={value}", "VAL_CURSOR", "query/cursor")
            for value in ("x", "", "pay_1", "0", "null", "ref_" + "0" * 32)
        ],
        *[(f"cursor={value}", "VAL_CURSOR", "query/cursor") for value in ("PAY_" + "0" * 32, "pay_" + "F" * 32)],
        (f"cursor={'x' * 65}", "VAL_FIELD", "query/cursor"),
        *[
            (f"created_from={value}", "VAL_FIELD", "query/created_from")
            for value in (
                *("2026-11-23T12:00:00", "2026-11-23", "0000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "now", ""),
                *("2026-11-23T25:00:00Z", "2026-11-23T12:00:60Z", "2026-13-01T00:00:00Z", "1700000000", "10000-01-01"),
                *("2026-11-23T12:00:00%2B25:00", "2026-11-23T12:00:00Z%20", "20261123T120000Z", "null", "P1D"),
            )
        ],
    ],
)
async def test_a_query_that_means_nothing_is_refused_and_pointed_at(
    visitor: Shop, query: str, code: str, pointer: str
) -> None:
    answer = await visitor.get(f"{PATH}?{query}")

    assert (answer.status, answer.code) == (422, code)
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("cursor", ["pay_" + "0" * 32, "pay_" + "f" * 32])
async def test_a_cursor_need_not_be_a_payment_that_exists(shop: Shop, cursor: str) -> None:
    payment = await shop.paid()

    answer = await shop.get(PATH, cursor=cursor)

    assert answer.status == 200
    assert [one["id"] for one in answer.json()["data"]] == ([payment["id"]] if "f" in cursor else [])
