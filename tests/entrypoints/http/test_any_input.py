"""Whatever comes, the service answers in its own words, never with a failure, and the books stay right."""

import string
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.entrypoints.http.edge.asking import Answer, Header
from tests.entrypoints.http.service import Service, TheseProviders, serving, settings_for
from tests.entrypoints.http.shop import Shop, new_key
from tests.fakes.providers import ProviderSet, ScriptedProvider
from tests.fakes.stores import Database

NUMBERS = (
    st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0, -1, 2**53, 2**63, 2**64])
)
TEXT = st.text(max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "amount": st.integers(1, 2**53 - 1),
    "currency": st.sampled_from(["EUR", "JPY", "KWD", "CLF", "HRK", "eur"]),
    "payment_method": st.from_regex(r"[A-Za-z0-9_.:-]{1,128}", fullmatch=True),
    "capture_mode": st.sampled_from(["automatic", "manual"]),
    "provider": st.sampled_from(["sandbox", "nobody"]) | TEXT,
    "reference": TEXT,
    "description": TEXT,
    "return_url": st.from_regex(r"https?://[!-~]{1,50}", fullmatch=True),
    "metadata": st.dictionaries(TEXT, TEXT, max_size=3),
}
NEARLY_PAYMENTS = st.fixed_dictionaries(
    {name: FIELDS[name] for name in ("amount", "currency", "payment_method")},
    optional={
        name: field | VALUES for name, field in FIELDS.items() if name not in {"amount", "currency", "payment_method"}
    },
)
BODIES = st.dictionaries(st.sampled_from(sorted(FIELDS)) | TEXT, VALUES, max_size=5) | VALUES
ACTIONS = st.sampled_from(["capture", "cancel", "refunds"])
ACTION_BODIES = st.fixed_dictionaries(
    {}, optional={"amount": st.integers(-1, 2000) | VALUES, "final": st.booleans() | VALUES, "reason": TEXT}
)
QUERY_NAMES = st.sampled_from(
    [
        *("state", "provider", "currency", "reference", "created_from", "created_before", "cursor", "limit", "code"),
        *("account_id", "payment_id", "recorded_from", "recorded_before", "unknown", ""),
    ]
)
MOMENTS = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | st.datetimes().map(str)
IDS = st.sampled_from(["pay", "acc", "ltx", "ref", ""]).flatmap(
    lambda prefix: st.text("0123456789abcdefABCDEF_", max_size=40).map(lambda digits: f"{prefix}_{digits}")
)
QUERY_VALUES = TEXT | MOMENTS | IDS | NUMBERS.map(str) | st.sampled_from(["EUR", "succeeded", "null", "", "100"])
LISTS = st.sampled_from(["/v1/payments", "/v1/ledger/accounts", "/v1/ledger/balances", "/v1/ledger/entries"])
HEADER_NAMES = st.text(string.ascii_lowercase + "-", min_size=1, max_size=20)
LATIN = st.text(st.characters(max_codepoint=255), max_size=60)


@pytest.fixture(scope="session")
async def playground(database: Database) -> AsyncIterator[Service]:
    """A service whose provider says yes to everything, without a network."""
    async with serving(settings_for(database), TheseProviders(ProviderSet(ScriptedProvider()))) as service:
        yield service


@pytest.fixture(scope="session")
async def player(playground: Service) -> Shop:
    return await playground.open_shop()


def assert_in_our_words(answer: Answer) -> None:
    assert 200 <= answer.status < 500, answer
    if answer.status >= 400:
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert (problem["status"], problem["type"]) == (answer.status, f"/problems/{problem['code']}")
        assert problem["request_id"] == answer.headers["x-request-id"]


@given(NEARLY_PAYMENTS)
async def test_any_body_that_is_nearly_a_payment(player: Shop, body: Any) -> None:
    answer = await player.post("/v1/payments", body)

    assert_in_our_words(answer)
    if answer.status == 201:
        made = answer.json()
        shown = {name: value for name, value in body.items() if name not in {"payment_method", "provider"}}
        assert {name: made[name] for name in shown} == shown


@given(BODIES)
async def test_any_json_as_a_payment(player: Shop, body: Any) -> None:
    answer = await player.post("/v1/payments", body)

    assert answer.status in {201, 400, 422}
    assert_in_our_words(answer)


@given(ACTIONS, ACTION_BODIES | VALUES, st.sampled_from(["automatic", "manual"]))
async def test_any_json_as_an_action_on_a_payment(player: Shop, action: str, body: Any, mode: str) -> None:
    payment_id = (await player.paid(amount=1000, capture_mode=mode))["id"]

    answer = await player.post(f"/v1/payments/{payment_id}/{action}", body)

    assert_in_our_words(answer)
    payment = await player.payment(payment_id)
    assert 0 <= payment["amount_refunded"] <= payment["amount_captured"] <= 1000


@given(LISTS, st.dictionaries(QUERY_NAMES, QUERY_VALUES, max_size=4))
async def test_any_query(player: Shop, path: str, query: dict[str, str]) -> None:
    target = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query.items())

    answer = await player.get(f"{path}?{target}")

    assert answer.status in {200, 400, 422}
    assert_in_our_words(answer)


@given(LISTS, st.binary(max_size=60))
async def test_any_bytes_as_a_query(player: Shop, path: str, query: bytes) -> None:
    answer = await player.get(f"{path}?{quote(query)}")

    assert_in_our_words(answer)


@given(st.sampled_from(["GET", "POST"]), st.text(max_size=30), ACTIONS | st.just(""))
async def test_any_path(player: Shop, method: str, name: str, action: str) -> None:
    target = f"/v1/payments/{quote(name, safe='')}/{action}".rstrip("/")
    credential: Header = ("authorization", f"Bearer {player.api_key}")

    answer = await player.line(method, target, b"", [credential, ("idempotency-key", new_key())])

    assert_in_our_words(answer)


@given(LATIN, LATIN, st.dictionaries(HEADER_NAMES, LATIN, max_size=5))
async def test_any_headers(player: Shop, key: str, credential: str, more: dict[str, str]) -> None:
    headers = {**more, "authorization": credential, "idempotency-key": key, "content-type": "application/json"}

    answer = await player.line("POST", "/v1/payments", b"{}", headers.items())

    assert_in_our_words(answer)


@given(LATIN, st.binary(max_size=100))
async def test_any_callback(visitor: Shop, signature: str, raw: bytes) -> None:
    headers = [("sandbox-signature", signature), ("x-odd", signature)]

    answer = await visitor.line("POST", f"/v1/callbacks/sandbox/{visitor.account}", raw, headers)

    assert answer.status in {400, 401}
    assert_in_our_words(answer)


@given(st.lists(st.tuples(ACTIONS, st.integers(1, 600)), max_size=6), st.sampled_from(["automatic", "manual"]))
async def test_any_sequence_of_actions_keeps_the_books_right(
    player: Shop, steps: list[tuple[str, int]], mode: str
) -> None:
    payment_id = (await player.paid(amount=1000, capture_mode=mode))["id"]
    for action, amount in steps:
        body = {} if action == "cancel" else {"amount": amount}
        assert_in_our_words(await player.post(f"/v1/payments/{payment_id}/{action}", body))

    payment = await player.payment(payment_id)
    booked = {"capture": 0, "refund": 0}
    for entry in payment["entries"]:
        booked[entry["kind"]] += entry["amount"] if entry["direction"] == "debit" else 0
    assert (payment["amount_captured"], payment["amount_refunded"]) == (booked["capture"], booked["refund"])
    assert 0 <= booked["refund"] <= booked["capture"] <= 1000
