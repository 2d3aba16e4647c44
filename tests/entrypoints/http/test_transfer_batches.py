"""Batches of transfers: all or none, or each for itself, in order; sent again, they go on where they broke."""

from typing import Any

import msgspec
import pytest

from tests.entrypoints.http.edge.asking import Answer, Header
from tests.entrypoints.http.routes import document
from tests.entrypoints.http.shop import Shop, new_key

BATCH = "/v1/transfers/batch"
LINES: Header = ("content-type", "application/x-ndjson")
REPLAYED = "idempotency-replayed"


def a_transfer(amount: object = 1, **changes: Any) -> dict[str, Any]:
    return {"debit_account": "a", "credit_account": "b", "amount": amount, "currency": "EUR", **changes}


async def send(shop: Shop, mode: str, transfers: list[Any], *, key: str | None = None) -> Answer:
    return await shop.post(BATCH, {"mode": mode, "transfers": transfers}, key=key)


async def send_lines(shop: Shop, mode: str, lines: list[bytes], *, key: str | None = None) -> Answer:
    headers = [
        ("authorization", f"Bearer {shop.api_key}"),
        ("idempotency-key", key or new_key()),
        LINES,
    ]
    return await shop.line("POST", f"{BATCH}?mode={mode}", b"\n".join(lines), headers)


def told_lines(answer: Answer) -> list[Any]:
    return [msgspec.json.decode(line) for line in answer.body.splitlines()]


@pytest.fixture
async def accounts(shop: Shop) -> tuple[str, str]:
    """Two accounts; of the first 1,000 may be taken."""
    first = await shop.open("a", overdraft={"policy": "limit", "limit": 1000})
    return first["id"], (await shop.open("b"))["id"]


class TestEach:
    """Every transfer for itself."""

    async def test_each_is_told_in_order_and_one_refusal_stops_nothing(
        self, shop: Shop, accounts: tuple[str, str]
    ) -> None:
        transfers = [
            a_transfer(600),
            a_transfer(600),
            a_transfer(400, reference="r"),
            {"legs": [{"account": "a", "direction": "debit", "amount": 1}] * 2},
            a_transfer(1, credit_account="nobody"),
            {"debit_account": "a", "amount": 1, "currency": "EUR", "splits": [{"account": "b", "percent": "99"}]},
        ]

        answer = await send(shop, "each", transfers)
        told = answer.json()["data"]

        assert (answer.status, [one["index"] for one in told]) == (200, list(range(6)))
        assert [(one["status"], one.get("problem", {}).get("code")) for one in told] == [
            (201, None),
            (422, "LEDGER_INSUFFICIENT_FUNDS"),
            (201, None),
            (422, "LEDGER_UNBALANCED"),
            (422, "LEDGER_ACCOUNT_UNKNOWN"),
            (422, "VAL_AMOUNT"),
        ]
        assert told[1]["problem"]["errors"][0]["pointer"] == "/debit_account"
        assert told[1]["problem"]["money_state"] == "none"
        assert (await shop.get(f"/v1/transfers/{told[2]['transfer']['id']}")).json() == told[2]["transfer"]
        assert await shop.standing(accounts[0]) == (-1000, -1000, -1000)

    async def test_more_than_one_chunk_is_made_in_sequence(self, shop: Shop, accounts: tuple[str, str]) -> None:
        answer = await send(shop, "each", [a_transfer(1) for _ in range(1_201)])
        told = answer.json()["data"]

        assert [one["status"] for one in told] == [201] * 1000 + [422] * 201
        assert [one["transfer"]["entries"][0]["balance"] for one in told[:1000]] == list(range(-1, -1001, -1))

    async def test_a_batch_that_is_sent_again_books_nothing_twice_and_is_answered_as_before(
        self, shop: Shop, accounts: tuple[str, str]
    ) -> None:
        key = new_key()
        transfers = [a_transfer(100), a_transfer(2000), a_transfer(100, idempotency_key="mine")]
        first = await send(shop, "each", transfers, key=key)

        again = await send(shop, "each", transfers, key=key)

        assert again.headers.get(REPLAYED) == "true"
        assert [one.get("transfer") for one in again.json()["data"]] == [
            one.get("transfer") for one in first.json()["data"]
        ]
        assert [one["status"] for one in again.json()["data"]] == [201, 422, 201]
        assert await shop.standing(accounts[0]) == (-200, -200, -200)

    async def test_other_bytes_under_the_key_of_a_batch_make_nothing(
        self, shop: Shop, accounts: tuple[str, str]
    ) -> None:
        key = new_key()
        await send(shop, "each", [a_transfer(1)], key=key)

        refused = await send(shop, "each", [a_transfer(1), a_transfer(1)], key=key)

        assert (refused.status, refused.code) == (422, "IDEM_MISMATCH")
        assert await shop.standing(accounts[0]) == (-1, -1, -1)

    async def test_an_item_with_a_key_of_its_own_is_made_once_in_whatever_batch_it_comes(
        self, shop: Shop, accounts: tuple[str, str]
    ) -> None:
        mine = a_transfer(5, idempotency_key="mine")
        first = await send(shop, "each", [mine])

        again = await send(shop, "each", [a_transfer(1), mine, a_transfer(6, idempotency_key="mine")])
        told = again.json()["data"]

        assert told[1]["transfer"] == first.json()["data"][0]["transfer"]
        assert (told[2]["status"], told[2]["problem"]["code"]) == (422, "IDEM_MISMATCH")
        assert await shop.standing(accounts[0]) == (-6, -6, -6)

    async def test_the_longest_key_leaves_room_for_every_index(self, shop: Shop, accounts: tuple[str, str]) -> None:
        key = new_key().ljust(255, "x")

        first, again = [await send(shop, "each", [a_transfer(1)] * 11, key=key) for _ in range(2)]

        assert first.status == again.status == 200
        assert await shop.standing(accounts[0]) == (-11, -11, -11)


class TestAtomic:
    """All of it, or nothing."""

    async def test_all_of_it_is_booked(self, shop: Shop, accounts: tuple[str, str]) -> None:
        answer = await send(shop, "atomic", [a_transfer(1) for _ in range(1_000)])

        assert (answer.status, len(answer.json()["data"])) == (201, 1_000)
        assert await shop.standing(accounts[0]) == (-1000, -1000, -1000)

    @pytest.mark.parametrize(
        ("bad", "pointer", "code"),
        [
            (a_transfer(2_000), "/transfers/1/debit_account", "LEDGER_INSUFFICIENT_FUNDS"),
            (a_transfer(1, credit_account="nobody"), "/transfers/1/credit_account", "LEDGER_ACCOUNT_UNKNOWN"),
            (a_transfer(1, currency="HRK"), "/transfers/1/currency", "VAL_CURRENCY"),
        ],
    )
    async def test_what_stands_in_the_way_of_one_keeps_all_from_being_booked(
        self, shop: Shop, accounts: tuple[str, str], bad: Any, pointer: str, code: str
    ) -> None:
        refused = await send(shop, "atomic", [a_transfer(1), bad, a_transfer(1)])

        assert (refused.status, refused.code, refused.json()["money_state"]) == (422, "LEDGER_BATCH_REFUSED", "none")
        (fault,) = refused.json()["errors"]
        assert fault["pointer"] == pointer
        assert fault["detail"].startswith(code)
        assert await shop.standing(accounts[0]) == (0, 0, 0)

    async def test_it_is_answered_again(self, shop: Shop, accounts: tuple[str, str]) -> None:
        key = new_key()

        first, again = [await send(shop, "atomic", [a_transfer(1)] * 3, key=key) for _ in range(2)]

        assert (again.status, again.body, again.headers[REPLAYED]) == (201, first.body, "true")
        assert await shop.standing(accounts[0]) == (-3, -3, -3)


class TestLines:
    """The same, line by line."""

    async def test_each_line_is_answered_by_one(self, shop: Shop, accounts: tuple[str, str]) -> None:
        lines = [
            msgspec.json.encode(a_transfer(600)),
            b"",
            b"{",
            b'{"amount": 1, "amount": 2}',
            msgspec.json.encode(a_transfer(600)),
            b'{"unknown": 1}',
            msgspec.json.encode(a_transfer(400)),
            b"",
        ]

        answer = await send_lines(shop, "each", lines)
        told = told_lines(answer)

        assert (answer.status, answer.headers["content-type"]) == (200, "application/x-ndjson")
        assert [(one["index"], one["status"]) for one in told] == [
            (0, 201),
            (1, 400),
            (2, 400),
            (3, 422),
            (4, 422),
            (5, 201),
        ]
        assert await shop.standing(accounts[0]) == (-1000, -1000, -1000)

    async def test_a_stream_that_is_sent_again_goes_on_where_it_broke(
        self, shop: Shop, accounts: tuple[str, str]
    ) -> None:
        key = new_key()
        lines = [msgspec.json.encode(a_transfer(1)) for _ in range(700)]
        first = await send_lines(shop, "each", lines[:600], key=key)

        again = await send_lines(shop, "each", lines, key=key)

        assert again.body.splitlines()[:600] == first.body.splitlines()
        assert await shop.standing(accounts[0]) == (-700, -700, -700)

    async def test_all_lines_or_none(self, shop: Shop, accounts: tuple[str, str]) -> None:
        good, bad = msgspec.json.encode(a_transfer(1)), msgspec.json.encode(a_transfer(5000))

        refused = await send_lines(shop, "atomic", [good, bad])
        taken = await send_lines(shop, "atomic", [good, good])

        assert (refused.status, refused.code) == (422, "LEDGER_BATCH_REFUSED")
        assert (taken.status, len(told_lines(taken))) == (201, 2)
        assert await shop.standing(accounts[0]) == (-2, -2, -2)

    async def test_the_mode_has_to_be_said(self, visitor: Shop) -> None:
        headers = [("authorization", f"Bearer {visitor.api_key}"), ("idempotency-key", new_key()), LINES]

        refused = await visitor.line("POST", BATCH, b"{}", headers)

        assert (refused.status, refused.code) == (422, "VAL_FIELD")


async def test_a_batch_has_at_most_ten_thousand_transfers(shop: Shop, accounts: tuple[str, str]) -> None:
    transfers = [a_transfer(5000)] * 10_001

    refused = await send(shop, "each", transfers)
    lines = await send_lines(shop, "each", [msgspec.json.encode(one) for one in transfers])
    told = told_lines(lines)

    assert (refused.status, refused.code) == (422, "VAL_FIELD")
    assert (len(told), told[-1]["index"], told[-1]["problem"]["code"]) == (10_001, 10_000, "REQUEST_TOO_LARGE")
    assert {one["status"] for one in told[:-1]} == {422}


async def test_a_batch_may_be_larger_than_other_bodies_but_not_boundless(shop: Shop, accounts: tuple[str, str]) -> None:
    metadata = {f"{number:02}": "v" * 400 for number in range(10)}
    large = await send(shop, "each", [a_transfer(1, metadata=metadata) for _ in range(200)])
    headers = [("authorization", f"Bearer {shop.api_key}"), ("content-type", "application/json")]

    too_large = await shop.line("POST", BATCH, b" " * (16 * 1024 * 1024 + 1), [*headers, ("idempotency-key", "k")])

    assert large.status == 200
    assert (too_large.status, too_large.code) == (413, "REQUEST_TOO_LARGE")


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 400, "REQUEST_MALFORMED"),
        (b"{", 400, "REQUEST_MALFORMED"),
        (b'{"mode": "each", "mode": "atomic"}', 400, "REQUEST_MALFORMED"),
        (b'{"mode": "each"}', 422, "VAL_FIELD"),
        (b'{"transfers": []}', 422, "VAL_FIELD"),
        (b'{"mode": "each", "transfers": []}', 422, "VAL_FIELD"),
        (b'{"mode": "some", "transfers": [{}]}', 422, "VAL_FIELD"),
        (b'{"mode": "each", "transfers": [{"amount": 1.5}]}', 422, "VAL_FIELD"),
        (b'{"mode": "each", "transfers": [{"amount": 1}]}', 422, "VAL_FIELD"),
    ],
)
async def test_what_is_no_batch_is_refused(visitor: Shop, raw: bytes, status: int, code: str) -> None:
    headers = [("authorization", f"Bearer {visitor.api_key}"), ("content-type", "application/json")]

    refused = await visitor.line("POST", BATCH, raw, [*headers, ("idempotency-key", new_key())])

    assert (refused.status, refused.code) == (status, code)


async def test_no_body_is_read_before_it_is_known_who_asks(visitor: Shop) -> None:
    refused = await visitor.line("POST", BATCH, b" " * 200_000, [("content-type", "application/json")])

    assert (refused.status, refused.code) == (401, "AUTH_INVALID")


async def test_the_document_tells_of_documents_and_of_lines(visitor: Shop) -> None:
    told = (await document(visitor))["paths"][BATCH]["post"]
    taken, given = told["requestBody"]["content"], told["responses"]["201"]["content"]

    assert taken["application/json"]["schema"]["$ref"].endswith("/TransferBatchIn")
    assert taken[LINES[1]]["schema"]["$ref"].endswith("/BatchTransferIn")
    assert given["application/json"]["schema"]["$ref"].endswith("/TransferBatchOut")
    assert given[LINES[1]]["schema"]["$ref"].endswith("/BatchItemOut")
