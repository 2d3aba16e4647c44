"""`mediator fx`: rates from files, quotes, exchanges in the books, and the exposure."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.fx.rates import Source, today_of
from tests.entrypoints.cli.conftest import Said
from tests.entrypoints.cli.ledger.conftest import Books, open_accounts

DATA = Path(__file__).parents[3] / "data"


@pytest.fixture
def today() -> date:
    """When the test began: should midnight come meanwhile, its rates serve the next day too."""
    return today_of(Source.ECB, datetime.now(UTC))


@pytest.fixture
def office(books: Books, today: date, tmp_path: Path) -> Books:
    """Rates of today, and an account of the customer in dollars."""
    rates = tmp_path / "rates.csv"
    rates.write_text(f"Date,USD,JPY,\n{today},1.1172,175.68,\n")
    assert books.told("rates", "load", "ecb", str(rates), command="fx")["rates_new_or_corrected"] == 2
    open_accounts(books, [("customer:42", "USD", "none")])
    return books


def fx(books: Books, *arguments: str) -> Any:
    """Run `mediator fx` to a good end."""
    return books.told(*arguments, command="fx")


def plainly(books: Books, *arguments: str) -> Said:
    """Run `mediator fx`."""
    return books.run("fx", *arguments)


def quoted(books: Books, *more: str) -> Any:
    """Have fifty euros quoted in dollars."""
    return fx(books, "quote", "--from", "EUR", "--to", "USD", "--major", "50.00", *more)


def test_rates_are_loaded_once_and_listed_with_the_reason(books: Books) -> None:
    ecb = ("rates", "load", "ecb", str(DATA / "eurofxref-excerpt.csv"))
    part, whole, again = (
        fx(books, *ecb, *more)["rates_new_or_corrected"] for more in (("--since", "2026-10-30"), (), ())
    )
    nrb = fx(books, "rates", "load", "nrb", str(DATA / "nrb-forex.json"))

    assert (20 < part < 40, whole > 100, again) == (True, True, 0)
    assert nrb["rates_new_or_corrected"] == 22
    listed = fx(books, "rates", "list", "--day", "2026-10-31", "--currency", "USD")
    assert (listed["rate_day"], [one["value"] for one in listed["rates"]]) == ("2026-10-30", ["1.1172"])
    said = plainly(books, "rates", "list", "--source", "nrb", "--day", "2023-03-01", "--currency", "INR")
    assert ("160.15" in said.out, "published these rates for 2023-03-01" in said.out) == (True, True)


def test_rates_that_cannot_be_used_are_refused_whole(books: Books, tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("Date,USD,\n2026-10-30,1.1,\n2026-10-29,one,\n")

    refused = books.refused("rates", "load", "ecb", str(broken), command="fx")

    assert refused == "mediator: FX_RATE_UNAVAILABLE: ECB: line 3: 'one' is not a price"
    assert books.refused("rates", "list", "--day", "2026-10-30", command="fx").startswith(
        "mediator: FX_RATE_UNAVAILABLE: "
    )
    assert plainly(books, "rates", "load", "ecb", str(tmp_path / "none")).code == 2
    assert plainly(books, "rates", "list", "--day", "yesterday").code == 2
    assert plainly(books, "rates", "list", "--day", "2026-02-30").code == 2


def test_quote_is_reserved_and_executed_once(office: Books) -> None:
    quote = quoted(office, "--key", "k")

    assert (quote["source_amount"], quote["target_amount"], quote["rate"]) == (5_000, 5_586, "1.1172")
    assert quoted(office, "--key", "k") == quote
    reserved = fx(office, "reserve", quote["id"], "--for", "order 17")
    assert (reserved["state"], reserved["reserved_for"]) == ("reserved", "order 17")
    exposed = {one["currency"]: one["open"] for one in fx(office, "exposure")}
    assert exposed == {"EUR": 5_000, "USD": -5_586}
    made = fx(office, "execute", quote["id"], "--from", "customer:42", "--to", "customer:42")
    assert (made["quote"]["state"], len(made["transfer"]["entries"])) == ("executed", 4)
    assert (office.posted("customer:42"), office.posted("customer:42", "USD")) == (5_000, 5_586)
    again = office.refused("execute", quote["id"], "--from", "customer:42", "--to", "customer:42", command="fx")
    assert again.startswith("mediator: FX_QUOTE_USED: ")
    assert "-55.86 USD" in plainly(office, "exposure").out


def test_fixed_target_is_received_exactly_less_the_margin(office: Books) -> None:
    quote = fx(
        office,
        *("quote", "--from", "EUR", "--to", "JPY", "--major", "5000", "--fixed", "target", "--margin", "100"),
        *("--rates", "ecb"),
    )

    assert (quote["target_amount"], quote["source_amount"], quote["margin_basis_points"]) == (5_000, 2_875, 100)


def test_reserved_quote_is_released_and_listed(office: Books) -> None:
    quote, other = quoted(office), quoted(office)
    fx(office, "reserve", quote["id"], "--for", "order 17")

    assert plainly(office, "release", quote["id"]).code == 2
    assert fx(office, "release", quote["id"], "--yes")["state"] == "released"
    assert fx(office, "quotes", "show", quote["id"])["state"] == "released"
    assert [one["id"] for one in fx(office, "quotes", "list")] == [other["id"], quote["id"]]
    assert [one["id"] for one in fx(office, "quotes", "list", "--state", "open")] == [other["id"]]
    assert quote["id"] in plainly(office, "quotes", "list").out
    assert "55.86 USD" in plainly(office, "quotes", "show", quote["id"]).out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["quote", "--from", "EUR", "--to", "EUR", "--amount", "5"], "VAL_CURRENCY"),
        (["quote", "--from", "EUR", "--to", "GBP", "--amount", "5"], "FX_RATE_UNAVAILABLE"),
        (["quotes", "show", "fxq_" + "0" * 32], "NOT_FOUND"),
        (["reserve", "fxq_" + "0" * 32, "--for", "a"], "NOT_FOUND"),
    ],
)
def test_exchange_that_cannot_be_is_refused(arguments: list[str], complaint: str, office: Books) -> None:
    assert office.refused(*arguments, command="fx").startswith(f"mediator: {complaint}: ")
    assert plainly(office, "quote", "--from", "EUR", "--to", "USD", "--amount", "5", "--margin", "5001").code == 2


def test_exchange_without_funds_leaves_the_quote_reserved(office: Books) -> None:
    quote = fx(office, "quote", "--from", "EUR", "--to", "USD", "--major", "100.01")
    execute = ("execute", quote["id"], "--to", "customer:42", "--from")

    assert office.refused(*execute, "nobody", command="fx").startswith("mediator: LEDGER_ACCOUNT_UNKNOWN: ")
    refused = office.refused(*execute, "customer:42", command="fx")

    assert refused.startswith("mediator: LEDGER_INSUFFICIENT_FUNDS: ")
    assert fx(office, "quotes", "show", quote["id"])["state"] == "reserved"
    assert (office.posted("customer:42"), office.posted("customer:42", "USD")) == (10_000, 0)
