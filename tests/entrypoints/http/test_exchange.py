"""The door to exchange: rates, quotes, exchanges in the books, and the exposure."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import asyncpg
import pytest

from application.fx.expire_quotes import ExpireQuotesHandler
from application.ports.fx import RateRepository
from domain.fx.rates import Source, today_of
from tests.entrypoints.http.edge.asking import Answer
from tests.entrypoints.http.service import Service
from tests.entrypoints.http.shop import Shop
from tests.fakes.fx import ecb_sheet, nrb_sheet

QUOTES, RATES, EXPOSURE = "/v1/fx/quotes", "/v1/fx/rates", "/v1/fx/exposure"
PAYABLE = "customer:1:payable"


TODAY: date = today_of(Source.ECB, datetime.now(UTC))
"""When the tests began: should midnight come meanwhile, its rates serve the next day too."""


@pytest.fixture
async def office(service: Service, shop: Shop) -> Shop:
    """A fresh tenant, rates of today, and a customer with a hundred euros and an empty account in dollars."""
    rates = await service.worker.get(RateRepository)
    await rates.write([ecb_sheet(TODAY), nrb_sheet(TODAY)])
    for code, currency, overdraft in (
        ("bank:cash", "EUR", "unlimited"),
        (PAYABLE, "EUR", "none"),
        (PAYABLE, "USD", "none"),
    ):
        account = {"code": code, "currency": currency, "normal_balance": "credit", "overdraft": {"policy": overdraft}}
        opened = await shop.post("/v1/ledger/accounts", account)
        assert opened.status == 201, opened
    funding = {"debit_account": "bank:cash", "credit_account": PAYABLE, "amount": 10_000, "currency": "EUR"}
    funded = await shop.post("/v1/transfers", funding)
    assert funded.status == 201, funded
    return shop


async def quote(shop: Shop, *, key: str | None = None, **changes: Any) -> Any:
    """Ask for a price that is given."""
    wanted = {"source_currency": "EUR", "target_currency": "USD", "amount": 10_000}
    answer = await shop.post(QUOTES, wanted | changes, key=key)
    assert answer.status == 201, answer
    return answer.json()


async def move(shop: Shop, told: Any, verb: str, *, key: str | None = None, **body: Any) -> Answer:
    standard = {
        "reserve": {"reserved_for": "order 1"},
        "execute": {"source_account": PAYABLE, "target_account": PAYABLE},
        "release": {},
    }
    return await shop.post(f"{QUOTES}/{told['id']}/{verb}", standard[verb] | body, key=key)


async def balances(shop: Shop) -> dict[tuple[str, str], int]:
    found = await shop.all("/v1/ledger/balances")
    return {(one["account"], one["currency"]): one["posted"] for one in found}


class TestRates:
    """What sources published."""

    async def test_the_rates_of_today_are_listed_and_say_why(self, office: Shop) -> None:
        sheet = (await office.get(RATES, day=TODAY)).json()

        assert (sheet["rate_source"], sheet["pivot"]) == ("ecb", "EUR")
        assert sheet["rate_day"] == sheet["wanted_day"] == TODAY.isoformat()
        assert sheet["day_reason"] == f"ECB published these rates for {TODAY}."
        assert {"base": "EUR", "quote": "INR", "unit": 1, "side": "mid", "value": "106.084", "published_at": None} in (
            sheet["rates"]
        )

    async def test_another_source_a_base_and_a_quote_can_be_asked_for(self, office: Shop) -> None:
        sheet = (await office.get(RATES, source="nrb", day=TODAY, base="INR", quote="NPR")).json()

        assert [(one["side"], one["unit"], one["value"]) for one in sheet["rates"]] == [
            ("buy", 100, "160.00"),
            ("sell", 100, "160.15"),
        ]

    async def test_a_day_that_is_bridged_says_so_and_one_too_far_is_refused(self, office: Shop) -> None:
        tomorrow, far = TODAY + timedelta(days=1), TODAY + timedelta(days=6)

        bridged = (await office.get(RATES, day=tomorrow)).json()
        assert (bridged["wanted_day"], bridged["rate_day"]) == (tomorrow.isoformat(), TODAY.isoformat())
        assert f"published nothing for {tomorrow}" in bridged["day_reason"]
        refused = await office.get(RATES, day=far)
        assert (refused.status, refused.code) == (422, "FX_RATE_UNAVAILABLE")


class TestQuotes:
    """Prices that explain themselves."""

    async def test_a_quote_explains_its_price(self, office: Shop) -> None:
        told = await quote(office, margin_basis_points=50)

        assert (told["state"], told["source_amount"], told["target_amount"]) == ("open", 10_000, 11_116)
        assert told["rate"] == "1.111614"
        terms = told["terms"]
        assert Fraction(terms["exact_rate"]) == Fraction("1.1172")
        assert Fraction(terms["exact_amount"]) == Fraction("11116.14")
        assert (terms["margin_basis_points"], terms["rounding"], terms["rounding_amount"]) == (
            50,
            "against_customer",
            0,
        )
        (step,) = terms["steps"]
        assert (step["base"], step["quote"], step["unit"], step["value"]) == ("EUR", "USD", 1, "1.1172")
        assert (step["side"], step["published_at"], step["inverse"]) == ("mid", None, False)

    async def test_a_fixed_target_is_received_exactly(self, office: Shop) -> None:
        told = await quote(office, fixed_side="target", amount=11_173)

        assert (told["source_amount"], told["target_amount"]) == (10_001, 11_173)

    async def test_big_amounts_are_exact_as_text_and_too_big_ones_refused(self, office: Shop) -> None:
        told = await quote(office, amount="8000000000000000000")

        assert (told["source_amount"], told["target_amount"]) == ("8000000000000000000", "8937600000000000000")
        wanted = {"source_currency": "EUR", "target_currency": "JPY", "amount": "9000000000000000000"}
        refused = await office.post(QUOTES, wanted)
        assert (refused.status, refused.code) == (422, "VAL_AMOUNT")

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"target_currency": "EUR"}, 422, "VAL_CURRENCY"),
            ({"target_currency": "HRK"}, 422, "VAL_CURRENCY"),
            ({"target_currency": "NPR"}, 422, "FX_RATE_UNAVAILABLE"),
            ({"amount": 0}, 422, "VAL_FIELD"),
            ({"amount": 1, "target_currency": "JPY", "source_currency": "USD"}, 201, None),
            ({"amount": 1, "source_currency": "KRW"}, 422, "VAL_AMOUNT"),
            ({"margin_basis_points": 5_001}, 422, "VAL_FIELD"),
            ({"rate_source": "nobody"}, 422, "VAL_FIELD"),
        ],
    )
    async def test_what_cannot_be_priced_is_refused(
        self, office: Shop, changes: dict[str, Any], status: int, code: str | None
    ) -> None:
        answer = await office.post(
            QUOTES, {"source_currency": "EUR", "target_currency": "USD", "amount": 10_000} | changes
        )

        assert answer.status == status, answer
        if code is not None:
            assert answer.code == code

    async def test_one_key_makes_one_quote(self, office: Shop) -> None:
        body = {"source_currency": "EUR", "target_currency": "USD", "amount": 1}
        answers = await asyncio.gather(*(office.post(QUOTES, body, key="one") for _ in range(5)))

        assert {one.status for one in answers} == {201}
        assert len({one.body for one in answers}) == 1
        assert sum(one.headers.get("idempotency-replayed") == "true" for one in answers) == 4
        assert len(await office.all(QUOTES)) == 1
        assert (await office.post(QUOTES, body | {"amount": 2}, key="one")).code == "IDEM_MISMATCH"

    async def test_quotes_are_listed_newest_first_by_state_and_page_by_page(self, office: Shop) -> None:
        told = [await quote(office) for _ in range(3)]
        await move(office, told[1], "reserve")

        assert [one["id"] for one in await office.all(QUOTES, limit=1)] == [one["id"] for one in told][::-1]
        assert [one["id"] for one in await office.all(QUOTES, state="reserved")] == [told[1]["id"]]

    async def test_a_quote_of_another_tenant_is_not_there(self, office: Shop, other_shop: Shop) -> None:
        told = await quote(office)

        assert (await office.get(f"{QUOTES}/{told['id']}")).json() == told
        assert (await other_shop.get(f"{QUOTES}/{told['id']}")).code == "NOT_FOUND"
        assert (await move(other_shop, told, "reserve")).code == "NOT_FOUND"
        assert (await move(other_shop, told, "execute")).code == "NOT_FOUND"


class TestMoves:
    """Reserved once, executed once, or released."""

    async def test_a_quote_is_reserved_once_and_the_answer_given_again(self, office: Shop) -> None:
        told = await quote(office)

        first = await move(office, told, "reserve", key="r")
        again = await move(office, told, "reserve", key="r")

        assert (first.status, first.json()["state"], first.json()["reserved_for"]) == (200, "reserved", "order 1")
        assert (again.body, again.headers["idempotency-replayed"]) == (first.body, "true")
        assert (await move(office, told, "reserve")).code == "FX_QUOTE_USED"

    @pytest.mark.parametrize("verb", ["reserve", "execute", "release"])
    async def test_one_key_moves_a_quote_once_however_many_send_it_at_once(self, office: Shop, verb: str) -> None:
        told = await quote(office, amount=100)
        if verb == "release":
            await move(office, told, "reserve")

        answers = await asyncio.gather(*(move(office, told, verb, key="same") for _ in range(8)))

        assert {one.status for one in answers} == {201 if verb == "execute" else 200}
        assert len({one.body for one in answers}) == 1
        assert [one.headers.get("idempotency-replayed") for one in answers].count(None) == 1

    async def test_a_quote_whose_time_is_over_is_neither_reserved_nor_executed_and_ends(
        self, office: Shop, service: Service, owner_url: str
    ) -> None:
        told = await quote(office)
        await let_expire(owner_url, told)

        assert (await move(office, told, "reserve")).code == "FX_QUOTE_EXPIRED"
        assert (await move(office, told, "execute")).code == "FX_QUOTE_EXPIRED"
        await (await service.worker.get(ExpireQuotesHandler))()
        assert (await office.get(f"{QUOTES}/{told['id']}")).json()["state"] == "expired"
        assert (await move(office, told, "reserve")).code == "FX_QUOTE_EXPIRED"

    async def test_a_reserved_quote_is_honoured_after_its_time(self, office: Shop, owner_url: str) -> None:
        told = await quote(office)
        await move(office, told, "reserve")
        await let_expire(owner_url, told)

        assert (await move(office, told, "execute")).status == 201

    async def test_a_released_quote_cannot_be_used(self, office: Shop) -> None:
        told = await quote(office)
        assert (await move(office, told, "release")).code == "STATE_CONFLICT"
        await move(office, told, "reserve")

        assert (await move(office, told, "release")).json()["state"] == "released"
        for verb in ("reserve", "execute", "release"):
            assert (await move(office, told, verb)).code == "FX_QUOTE_USED"


class TestExchanges:
    """In the books: four legs, the quote, and what rounding leaves."""

    async def test_an_exchange_is_booked_through_the_positions(self, office: Shop, service: Service) -> None:
        told = await quote(office, amount=1_007)  # 1125.0204 cents

        done = await move(office, told, "execute")

        assert done.status == 201, done
        exchanged = done.json()
        assert (exchanged["quote"]["state"], exchanged["transfer"]["kind"]) == ("executed", "fx")
        assert exchanged["quote"]["transaction_id"] == exchanged["transfer"]["id"]
        assert exchanged["transfer"]["quote_id"] == told["id"]
        assert done.headers["location"] == f"/v1/transfers/{exchanged['transfer']['id']}"
        assert await balances(office) == {
            ("bank:cash", "EUR"): -10_000,
            (PAYABLE, "EUR"): 8_993,
            (PAYABLE, "USD"): 1_125,
            ("fx:position:EUR", "EUR"): 1_007,
            ("fx:position:USD", "USD"): -1_125,
            ("rounding:USD", "USD"): 0,
        }
        assert (await service.prove(office.tenant_id, with_providers=False)).holds

    async def test_what_rounding_leaves_is_on_its_own_account(self, office: Shop) -> None:
        await move(office, await quote(office, amount=7), "execute")  # 7.8204 cents
        await move(office, await quote(office, amount=7, fixed_side="target"), "execute")  # 6.26… cents

        booked = await balances(office)
        ours = {account: posted for (account, _), posted in booked.items() if "customer" not in account}
        assert ours == {
            "bank:cash": -10_000,
            "fx:position:EUR": 13,
            "fx:position:USD": -15,
            "rounding:EUR": 1,
            "rounding:USD": 1,
        }

    async def test_repeating_an_exchange_gives_its_answer_and_books_nothing(self, office: Shop) -> None:
        told = await quote(office, amount=100)

        answers = [await move(office, told, "execute", key="x") for _ in range(3)]

        assert [one.status for one in answers] == [201] * 3
        assert len({one.body for one in answers}) == 1
        assert [one.headers.get("idempotency-replayed") for one in answers] == [None, "true", "true"]
        assert (await balances(office))[PAYABLE, "EUR"] == 9_900
        assert (await move(office, told, "execute")).code == "FX_QUOTE_USED"

    async def test_of_many_who_execute_a_quote_at_once_one_does(self, office: Shop) -> None:
        told = await quote(office, amount=100)

        answers = await asyncio.gather(*(move(office, told, "execute") for _ in range(10)))

        assert sorted(one.status for one in answers) == [201] + [409] * 9
        assert {one.code for one in answers if one.status == 409} == {"FX_QUOTE_USED"}
        assert (await balances(office))[PAYABLE, "EUR"] == 9_900

    @pytest.mark.parametrize(
        ("changes", "body", "code"),
        [
            ({"amount": 10_001}, {}, "LEDGER_INSUFFICIENT_FUNDS"),
            ({}, {"source_account": "nobody"}, "LEDGER_ACCOUNT_UNKNOWN"),
            ({}, {"target_account": f"acc_{'0' * 32}"}, "LEDGER_ACCOUNT_UNKNOWN"),
        ],
    )
    async def test_what_the_books_refuse_leaves_the_quote_reserved(
        self, office: Shop, changes: dict[str, Any], body: dict[str, Any], code: str
    ) -> None:
        told = await quote(office, **changes)
        before = await balances(office)

        refused = await move(office, told, "execute", **body)

        assert (refused.status, refused.code) == (422, code)
        assert (await office.get(f"{QUOTES}/{told['id']}")).json()["state"] == "reserved"
        after = await balances(office)
        assert {account: posted for account, posted in after.items() if posted} == {
            account: posted for account, posted in before.items() if posted
        }

    async def test_an_account_of_another_currency_is_refused(self, office: Shop) -> None:
        accounts = {one["currency"]: one["id"] for one in await office.all("/v1/ledger/accounts", code=PAYABLE)}

        refused = await move(office, await quote(office), "execute", target_account=accounts["EUR"])

        assert (refused.status, refused.code) == (422, "LEDGER_CURRENCY_MISMATCH")


class TestExposure:
    """What is at stake."""

    async def test_a_fresh_tenant_has_none(self, office: Shop) -> None:
        assert (await office.get(EXPOSURE)).json() == {"data": []}

    async def test_positions_reserved_quotes_and_rounding_are_told_apart(self, office: Shop) -> None:
        await move(office, await quote(office, amount=7), "execute")
        await move(office, await quote(office, amount=1_000), "reserve")

        assert (await office.get(EXPOSURE)).json()["data"] == [
            {"currency": "EUR", "position": 7, "reserved": 1_000, "open": 1_007, "rounding": 0},
            {"currency": "USD", "position": -8, "reserved": -1_117, "open": -1_125, "rounding": 1},
        ]


async def let_expire(owner_url: str, told: Any) -> None:
    """Let the minute pass."""
    connection = await asyncpg.connect(owner_url)
    try:
        sql = "update fm.fx_quotes set expires_at = now() where id = $1"
        await connection.execute(sql, told["id"].removeprefix("fxq_"))
    finally:
        await connection.close()
