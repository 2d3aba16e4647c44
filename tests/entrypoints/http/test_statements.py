"""The door to statements: every form, with its type and its name, and refusals that say what is wrong."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdf
import pytest
import xmlschema

from application.ports.statements import StatementForm
from domain.ids import Prefix, public_id
from domain.ledger import Direction
from entrypoints.http.statements import form_accepted
from tests.entrypoints.http.edge.asking import Answer
from tests.entrypoints.http.routes import operations
from tests.entrypoints.http.shop import Shop
from tests.fakes.statements import History, an_account, keep_history
from tests.fakes.stores import Database

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[2] / "data" / "iso20022" / "camt.053.001.08.xsd")
FIRST = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
NEXT = (FIRST + timedelta(days=32)).replace(day=1)
MONTH = {"from": FIRST.isoformat(), "to": NEXT.isoformat()}
TYPES = {"json": "application/json", "csv": "text/csv", "pdf": "application/pdf", "camt053": "application/xml"}


def path_of(history: History) -> str:
    return f"/v1/ledger/accounts/{public_id(Prefix.LEDGER_ACCOUNT, history.account.id)}/statement"


@pytest.fixture
async def history(shop: Shop, database: Database) -> History:
    """An account of the shop with three entries of this month."""
    kept = History(an_account("KWD", code="customer:42:payable")).book(10_005, FIRST, reference="=1+1")
    kept.book(-5, description="a fee").book(1_000_000)
    await keep_history(database.owner_url, shop.tenant_id, kept)
    return kept


async def asked(shop: Shop, history: History, **query: object) -> Answer:
    return await shop.get(path_of(history), **(MONTH | query))


async def test_a_statement_as_json_adds_up(shop: Shop, history: History) -> None:
    answer = await asked(shop, history)

    told: dict[str, Any] = answer.json()
    assert answer.status == 200
    assert "content-disposition" not in answer.headers
    assert (told["opening_balance"], told["closing_balance"]) == (0, 1_010_000)
    assert (told["account"], told["currency"], told["normal_balance"]) == ("customer:42:payable", "KWD", "credit")
    assert [(one["direction"], one["amount"], one["balance"]) for one in told["entries"]] == [
        ("credit", 10_005, 10_005),
        ("debit", 5, 10_000),
        ("credit", 1_000_000, 1_010_000),
    ]
    assert (told["credits"], told["debits"]) == ({"count": 2, "sum": 1_010_005}, {"count": 1, "sum": 5})


@pytest.mark.parametrize("form", ["csv", "pdf", "camt053"])
async def test_a_file_says_what_it_is_and_what_to_call_it(shop: Shop, history: History, form: str) -> None:
    answer = await asked(shop, history, format=form)

    assert answer.status == 200
    assert answer.headers["content-type"].partition(";")[0] == TYPES[form]
    extension = "xml" if form == "camt053" else form
    name = f"statement_customer-42-payable_KWD_{FIRST:%Y-%m-%d}_{NEXT:%Y-%m-%d}.{extension}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'


async def test_every_form_tells_the_same_account(shop: Shop, history: History) -> None:
    rows = list(csv.DictReader(io.StringIO((await asked(shop, history, format="csv")).body.decode(), newline="")))
    xml = (await asked(shop, history, format="camt053")).body.decode()
    pdf = pypdf.PdfReader(io.BytesIO((await asked(shop, history, format="pdf")).body)).pages[0].extract_text()

    assert sum(Decimal(row["amount"]) for row in rows if row["amount"]) == Decimal("1010.000")
    assert rows[-1]["balance"] == "1010.000"
    assert rows[1]["reference"] == "'=1+1"
    SCHEMA.validate(xml)
    assert '<Amt Ccy="KWD">1010.000</Amt>' in xml
    assert "1,010.000" in pdf


@pytest.mark.parametrize(("accept", "form"), [("text/csv", "csv"), ("application/pdf", "pdf"), ("text/xml", "camt053")])
async def test_the_form_may_be_asked_for_by_an_accept_header(
    shop: Shop, history: History, accept: str, form: str
) -> None:
    headers = [("authorization", f"Bearer {shop.api_key}"), ("accept", accept)]
    answer = await shop.line("GET", path_of(history), b"", headers)
    told = await shop.line("GET", f"{path_of(history)}?format=json", b"", headers)

    assert answer.headers["content-type"].partition(";")[0] == TYPES[form]
    assert "accept" in answer.headers["vary"].lower()
    assert told.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", StatementForm.JSON),
        ("*/*", StatementForm.JSON),
        ("text/html", StatementForm.JSON),
        ("text/csv;q=0", StatementForm.JSON),
        ("text/csv;q=x", StatementForm.JSON),
        ("Text/CSV ; Q=0.5", StatementForm.CSV),
        ("application/json;q=0.5, application/pdf;q=0.9", StatementForm.PDF),
        ("application/pdf, text/csv", StatementForm.PDF),
        ("text/html, application/xml;q=0.9, */*;q=0.8", StatementForm.CAMT053),
        (";;,,q=1", StatementForm.JSON),
    ],
)
def test_an_accept_header_is_read_as_the_standard_says(accept: str, form: StatementForm) -> None:
    assert form_accepted(accept) is form


async def test_without_a_period_it_is_the_last_month_which_had_nothing(shop: Shop, history: History) -> None:
    told = (await shop.get(path_of(history))).json()

    assert (told["opening_balance"], told["closing_balance"], told["entries"]) == (0, 0, [])
    assert datetime.fromisoformat(told["to"]) == FIRST


async def test_the_next_statement_begins_where_the_last_one_ended(shop: Shop, history: History) -> None:
    first, second = [], []
    for entry in history.entries:
        middle = entry.recorded_at.isoformat()
        before = (await asked(shop, history, to=middle)).json() if entry.recorded_at > FIRST else None
        after = (await asked(shop, history, **{"from": middle})).json()
        first.append(0 if before is None else before["closing_balance"])
        second.append(after["opening_balance"])

    assert first == second == [0, 10_005, 10_000]


BAD = [
    ("format=xlsx", "VAL_FIELD"),
    ("from=2026-10-01&to=2026-11-01", "VAL_FIELD"),
    ("from=2026-10-01T00:00:00Z", "VAL_PERIOD"),
    ("to=2026-10-01T00:00:00Z", "VAL_PERIOD"),
    ("from=2026-10-01T00:00:00Z&to=2026-10-01T00:00:00Z", "VAL_PERIOD"),
    ("from=2026-10-02T00:00:00Z&to=2026-10-01T00:00:00Z", "VAL_PERIOD"),
]


@pytest.mark.parametrize(("query", "code"), BAD)
async def test_a_question_that_means_nothing_is_refused(visitor: Shop, query: str, code: str) -> None:
    answer = await visitor.get(f"/v1/ledger/accounts/acc_{'0' * 32}/statement?{query}")

    assert (answer.status, answer.code) == (422, code)


@pytest.mark.parametrize("account", [f"acc_{'0' * 32}", f"pay_{'0' * 32}", "x"])
async def test_an_account_that_is_none_is_not_found(visitor: Shop, account: str) -> None:
    assert (await visitor.get(f"/v1/ledger/accounts/{account}/statement")).code == "NOT_FOUND"


async def test_the_account_of_another_tenant_is_not_found(other_shop: Shop, history: History) -> None:
    assert (await other_shop.get(path_of(history))).code == "NOT_FOUND"


@pytest.mark.parametrize("form", StatementForm)
@pytest.mark.parametrize(
    "period",
    [("0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z"), ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z")],
)
async def test_every_moment_that_there_is_may_begin_and_end_a_period(
    shop: Shop, history: History, form: StatementForm, period: tuple[str, str]
) -> None:
    assert (await asked(shop, history, **{"from": period[0], "to": period[1], "format": form.value})).status == 200


async def test_an_amount_of_nineteen_digits_can_be_told_in_every_form_but_camt053(
    shop: Shop, database: Database
) -> None:
    big = History(an_account("JPY", Direction.DEBIT)).book(9_000_000_000_000_000_000, FIRST)
    await keep_history(database.owner_url, shop.tenant_id, big)

    answers = {form: await asked(shop, big, format=form) for form in TYPES}

    assert {form: answer.status for form, answer in answers.items()} == dict.fromkeys(TYPES, 200) | {"camt053": 422}
    assert answers["camt053"].code == "LEDGER_STATEMENT_TOO_LARGE"
    assert answers["json"].json()["closing_balance"] == "9000000000000000000"


async def test_more_than_ten_thousand_entries_are_refused_with_the_limit_and_a_remedy(
    shop: Shop, database: Database
) -> None:
    busy = History(an_account("JPY"))
    busy.book(1, FIRST)
    for _ in range(10_000):
        busy.book(1)
    await keep_history(database.owner_url, shop.tenant_id, busy)
    second = FIRST + timedelta(seconds=1)

    refused = await asked(shop, busy)
    fitting = await asked(shop, busy, **{"from": second.isoformat()})

    assert (refused.status, refused.code) == (422, "LEDGER_STATEMENT_TOO_LARGE")
    assert "10000" in refused.json()["detail"]
    assert (fitting.status, len(fitting.json()["entries"])) == (200, 10_000)


async def test_books_that_do_not_add_up_are_never_told(shop: Shop, database: Database) -> None:
    wrong = History(an_account("JPY")).book(5, FIRST).book(5, balance_minor=11)
    await keep_history(database.owner_url, shop.tenant_id, wrong)

    answer = await asked(shop, wrong)

    assert (answer.status, answer.code) == (500, "INTERNAL_ERROR")


async def test_the_document_tells_every_form(visitor: Shop) -> None:
    (told,) = [
        one.told
        for one in await operations(visitor)
        if one.told["operationId"] == "get_statement" or "statement" in one.path
    ]

    answer = told["responses"]["200"]
    assert set(answer["content"]) == set(TYPES.values())
    assert "Content-Disposition" in answer["headers"]
    assert {one["name"] for one in told["parameters"]} >= {"from", "to", "format", "account_id"}
