"""What belongs to one tenant does not exist for another: every route with every identifier, from the document."""

from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
import pytest

from application.ports.fx import RateRepository
from domain.fx.rates import Source, today_of
from tests.entrypoints.http.edge.asking import Answer
from tests.entrypoints.http.gateway_callbacks import event, signature
from tests.entrypoints.http.routes import Operation, operations
from tests.entrypoints.http.service import Service
from tests.entrypoints.http.shop import Shop, new_key
from tests.fakes.fx import ecb_sheet

REFERENCE = "the same reference at both"
FILTERS = frozenset(
    {
        *("state", "provider", "currency", "limit", "kind", "scope", "ended"),
        *("day", "source", "base", "quote"),
        *("created_from", "created_before", "recorded_from", "recorded_before", "from", "to"),
    }
)
"""Query parameters that name nothing of anybody."""

COUNTED = (
    *("payments", "payment_attempts", "provider_operations", "refunds", "holds", "entries", "events"),
    *("ledger_accounts", "limit_policies", "balance_monitors", "fx_quotes", "callbacks"),
)


SHARED = frozenset({"/v1/providers/{name}"})
"""What is installed is so for everybody."""

BODIES = {
    "execute": {"source_account": "a", "target_account": "b"},
    "reserve": {"reserved_for": "somebody"},
    "breaker": {"setting": "open"},
    "rollback": {"version": 1, "expected_version": 1},
}
"""What must be said to some routes, by their last word."""

QUERIES = {"diff": {"from": 1, "to": 1}}
"""The same in a query."""


@pytest.fixture(autouse=True)
async def rates(service: Service) -> None:
    """Publish rates of today, without which nobody has a quote."""
    await (await service.worker.get(RateRepository)).write([ecb_sheet(today_of(Source.ECB, datetime.now(UTC)))])


class Belongings(msgspec.Struct, frozen=True):
    """Everything that a tenant has a name for, by the parameter that takes such a name."""

    payment: str
    names: dict[str, tuple[str, ...]]

    @property
    def all(self) -> frozenset[str]:
        return frozenset(name for names in self.names.values() for name in names) - {REFERENCE}


async def belongings(shop: Shop) -> Belongings:
    """Let a tenant do one of everything, and note every identifier that it sees."""
    payment_id = (await shop.paid(capture_mode="manual", reference=REFERENCE))["id"]
    await shop.post(f"/v1/payments/{payment_id}/capture", {"amount": 600})
    await shop.post(f"/v1/payments/{payment_id}/refunds", {"amount": 100})
    payment = await shop.payment(payment_id)
    person = {"type": "wallet", "name": "Sita", "currency": "EUR", "country": "NP", "account_number": "9800000000"}
    beneficiary = (await shop.post("/v1/beneficiaries", {**person, "reference": REFERENCE})).json()["id"]
    order = {"amount": 1, "currency": "EUR", "beneficiary_id": beneficiary, "reference": REFERENCE}
    payout = (await shop.post("/v1/payouts", {**order, "requires_approval": True})).json()["id"]
    account = (await shop.open(f"own:{shop.public_id}:a"))["id"]
    sides = {"debit_account": account, "credit_account": (await shop.open("own:b"))["id"]}
    transfer = (await shop.transfer(*sides.values(), reference=REFERENCE)).json()["id"]
    await shop.post("/v1/holds", {**sides, "amount": 1, "currency": "EUR", "reference": REFERENCE})
    limit = {"scope": "account", "account": account, "currency": "EUR", "window_seconds": 60, "count_max": 9}
    await shop.post("/v1/ledger/limits", limit)
    monitor = {"account": account, "measure": "posted", "comparison": "lt", "threshold": 0}
    await shop.post("/v1/ledger/monitors", monitor)
    quote = await shop.post("/v1/fx/quotes", {"source_currency": "EUR", "target_currency": "USD", "amount": 10_000})
    assert quote.status == 201, quote
    raw = event(operation_key=f"opn_of_{shop.public_id}")
    signed = [("sandbox-signature", signature(raw))]
    sent = await shop.line("POST", f"/v1/callbacks/sandbox/{shop.account}", raw, signed)
    assert sent.status == 204, sent
    accounts = await shop.all("/v1/ledger/accounts")
    entries = await shop.all("/v1/ledger/entries")
    holds = tuple([one["id"] for one in await shop.all("/v1/holds")])
    names = {
        "payment_id": (payment_id,),
        "provider_account_id": (shop.account,),
        "payout_id": (payout,),
        "beneficiary_id": (beneficiary,),
        "account_id": tuple(one["id"] for one in accounts),
        "transfer_id": (transfer,),
        "hold_id": holds,
        "quote_id": (quote.json()["id"],),
        "callback_id": tuple([one["id"] for one in await shop.all("/v1/callbacks")]),
        "limit_id": tuple([one["id"] for one in await shop.all("/v1/ledger/limits")]),
        "monitor_id": tuple([one["id"] for one in await shop.all("/v1/ledger/monitors")]),
        "code": tuple({one["code"] for one in accounts if shop.account in one["code"]}),
        "reference": (REFERENCE,),
        "cursor": (payment_id, payout, beneficiary, transfer, *holds, *(one["id"] for one in (*accounts, *entries))),
        "": (
            *(one["transaction_id"] for one in entries),
            *(one["id"] for one in (*payment["refunds"], *payment["attempts"], *payment["timeline"])),
            *(one["id"] for attempt in payment["attempts"] for one in attempt["operations"]),
            shop.public_id,
        ),
    }
    return Belongings(payment_id, names)


async def rows(owner_url: str, shop: Shop) -> dict[str, int]:
    connection = await asyncpg.connect(owner_url)
    try:
        sql = "select count(*) from fm.{} where tenant_id = $1"
        return {name: await connection.fetchval(sql.format(name), shop.tenant_id) for name in COUNTED}
    finally:
        await connection.close()


async def ask(shop: Shop, operation: Operation, target: str) -> Answer:
    if operation.method == "GET":
        return await shop.get(target, **QUERIES.get(target.rpartition("/")[2], {}))
    if operation.method == "DELETE":
        return await shop.delete(target)
    if operation.method == "PATCH":
        named = "provider-accounts" in operation.path
        return await shop.patch(target, {"expected_version": 1, "config": {}} if named else {})
    if operation.method == "PUT":
        return await shop.put(target, BODIES.get(target.rpartition("/")[2], {}))
    assert operation.method == "POST", f"teach this test how {operation.method} is asked"
    return await shop.post(target, BODIES.get(target.rpartition("/")[2], {}))


async def test_no_route_shows_or_changes_what_belongs_to_another_by_its_path(
    shop: Shop, other_shop: Shop, owner_url: str
) -> None:
    theirs = await belongings(shop)
    told = await shop.payment(theirs.payment)
    before = await rows(owner_url, shop)
    asked = [one for one in await operations(shop) if one.parameters("path") and not one.is_public]
    asked = [one for one in asked if one.path not in SHARED]

    for operation in asked:
        for name in operation.parameters("path"):
            assert theirs.names.get(name), f"teach this test what {name} of {operation} names"
        (name,) = operation.parameters("path")
        for value in theirs.names[name]:
            answer = await ask(other_shop, operation, operation.filled({name: value}))
            assert (answer.status, answer.code) == (404, "NOT_FOUND"), (operation, answer)

    assert len(asked) >= 4
    assert await rows(owner_url, shop) == before
    assert await shop.payment(told["id"]) == told
    assert set((await rows(owner_url, other_shop)).values()) == {0}


async def test_no_list_shows_what_belongs_to_another_by_its_query(shop: Shop, other_shop: Shop) -> None:
    theirs, own = await belongings(shop), await belongings(other_shop)
    asked = [one for one in await operations(shop) if not one.parameters("path") and not one.is_public]
    lists = [one for one in asked if one.method == "GET"]

    for operation in lists:
        for name in set(operation.parameters("query")) - FILTERS:
            assert theirs.names.get(name), f"teach this test what {name} of {operation} names"
            for value in theirs.names[name]:
                answer = await other_shop.get(operation.path, **{name: value})
                _shows_nothing_of(answer, theirs, own, by_cursor=name == "cursor")
        _shows_nothing_of(await other_shop.get(operation.path), theirs, own, by_cursor=False)

    assert len(lists) >= 4


def _shows_nothing_of(answer: Answer, theirs: Belongings, own: Belongings, *, by_cursor: bool) -> None:
    assert answer.status == 200 or (by_cursor and answer.code == "VAL_CURSOR"), answer
    text = answer.body.decode()
    assert not [name for name in theirs.all if name in text]
    if answer.status == 200:
        # Rates belong to nobody; the exposure has no names but currencies.
        shown = answer.json().get("data", [])
        assert all(
            (one.get("id") or one["account_id"]) in own.all for one in shown if one.keys() & {"id", "account_id"}
        )


async def test_what_another_would_find_by_a_name_that_only_one_has_is_empty(shop: Shop, other_shop: Shop) -> None:
    theirs = await belongings(shop)
    await other_shop.paid()

    found: list[Any] = [
        await other_shop.all("/v1/payments", reference=REFERENCE),
        await other_shop.all("/v1/ledger/entries", payment_id=theirs.payment),
        *[await other_shop.all("/v1/ledger/entries", account_id=one) for one in theirs.names["account_id"]],
        *[await other_shop.all("/v1/ledger/balances", code=one) for one in theirs.names["code"]],
        *[await other_shop.all("/v1/ledger/accounts", code=one) for one in theirs.names["code"]],
    ]

    assert len(found) >= 6
    assert not any(found)


async def test_what_belongs_to_another_looks_like_what_never_was(shop: Shop, other_shop: Shop) -> None:
    theirs = (await belongings(shop)).payment

    foreign = (await other_shop.get(f"/v1/payments/{theirs}")).json()
    missing = (await other_shop.get(f"/v1/payments/pay_{'0' * 32}")).json()

    for problem, name in ((foreign, theirs), (missing, f"pay_{'0' * 32}")):
        problem.pop("request_id")
        for field in ("instance", "detail"):
            problem[field] = problem[field].replace(name, "")
    assert foreign == missing


async def test_a_key_that_one_tenant_used_tells_another_nothing(shop: Shop, other_shop: Shop) -> None:
    theirs, key = await belongings(shop), new_key()
    first = await shop.post(f"/v1/payments/{theirs.payment}/refunds", {"amount": 1}, key=key)

    foreign = await other_shop.post(f"/v1/payments/{theirs.payment}/refunds", {"amount": 1}, key=key)
    again = await shop.post(f"/v1/payments/{theirs.payment}/refunds", {"amount": 1}, key=key)

    assert (foreign.status, foreign.code, "idempotency-replayed" in foreign.headers) == (404, "NOT_FOUND", False)
    assert (again.body, again.headers["idempotency-replayed"]) == (first.body, "true")
