"""`mediator ledger accounts`, `balance` and `entries`."""

import io
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.entrypoints.cli.conftest import Run
from tests.entrypoints.cli.ledger.conftest import Books, open_accounts
from tests.fakes.stores import Database


def test_account_is_opened_shown_and_listed(books: Books) -> None:
    opened = books.told(
        *("accounts", "open", "fees", "--currency", "KWD", "--normal", "credit"),
        *("--overdraft", "5", "--metadata", "kind=fees"),
    )

    assert (opened["code"], opened["currency"], opened["overdraft_limit"]) == ("fees", "KWD", 5)
    assert (opened["state"], opened["metadata"], opened["posted"]) == ("active", {"kind": "fees"}, 0)
    assert books.told("accounts", "show", opened["id"]) == opened
    assert books.told("accounts", "show", "fees") == opened
    assert [one["code"] for one in books.told("accounts", "list")] == ["bank", "customer:42", "shop", "fees"]
    assert [one["code"] for one in books.told("accounts", "list", "--currency", "KWD")] == ["fees"]
    assert "0.005 KWD" in books.ledger("accounts", "show", "fees").out


def test_list_says_when_it_goes_on_and_reads_every_page(books: Books) -> None:
    short = books.ledger("accounts", "list", "--limit", "2")

    assert ("customer:42" in short.out, "shop" in short.out) == (True, False)
    assert short.err == "There are more: say --limit or --all.\n"
    assert "shop" in books.ledger("accounts", "list", "--all").out


def test_key_opens_one_account_whatever_is_repeated(books: Books) -> None:
    command = ("accounts", "open", "fees", "--currency", "EUR", "--normal", "credit", "--key", "k1")
    first, again = books.told(*command), books.ledger(*command)

    assert again.code == 0
    assert first["id"] in again.out
    assert "The key was used before" in again.err
    other = ("accounts", "open", "taxes", "--currency", "EUR", "--normal", "credit", "--key", "k1")
    assert books.refused(*other).startswith("mediator: IDEM_MISMATCH: ")


def test_account_is_frozen_unfrozen_and_closed(books: Books) -> None:
    assert books.told("accounts", "freeze", "shop")["state"] == "frozen"
    pay = ("transfer", "--from", "customer:42", "--to", "shop", "--amount", "1", "--currency", "EUR")
    assert books.refused(*pay).startswith("mediator: LEDGER_ACCOUNT_FROZEN: shop: ")
    assert books.told("accounts", "unfreeze", "shop")["state"] == "active"

    assert books.refused("accounts", "close", "customer:42", "--yes").startswith("mediator: STATE_CONFLICT: ")
    assert books.told("accounts", "close", "shop", "--yes")["state"] == "closed"
    assert books.refused("accounts", "unfreeze", "shop").startswith("mediator: LEDGER_ACCOUNT_CLOSED: ")


def test_overdraft_is_changed(books: Books) -> None:
    assert books.told("accounts", "overdraft", "shop", "700")["overdraft_limit"] == 700
    assert books.told("accounts", "overdraft", "shop", "unlimited")["overdraft_limit"] is None
    assert books.told("accounts", "overdraft", "shop", "none")["overdraft_limit"] == 0
    assert books.ledger("accounts", "overdraft", "shop", "7.00").code == 2


def test_nothing_is_closed_without_being_asked_for(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    unasked = books.ledger("accounts", "close", "shop")
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    denied = books.ledger("accounts", "close", "shop")
    still = books.told("accounts", "show", "shop")["state"]
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    meant = books.told("accounts", "close", "shop")

    assert (unasked.code, unasked.err) == (
        2,
        "mediator: Close shop for good? Nobody can be asked here: say --yes.\n",
    )
    assert (denied.code, denied.err) == (1, "Close shop for good? [y/N] mediator: Nothing was done.\n")
    assert (still, meant["state"]) == ("active", "closed")


def test_code_of_several_currencies_needs_one(books: Books) -> None:
    open_accounts(books, [("customer:42", "USD", "none")])

    assert books.refused("balance", "customer:42") == (
        "mediator: LEDGER_ACCOUNT_UNKNOWN: There are several accounts 'customer:42': "
        "choose with --currency, of EUR, USD."
    )
    assert books.refused("balance", "customer:42", "--currency", "JPY").endswith("in JPY; there is in EUR, USD.")
    assert books.refused("balance", "nobody").endswith("There is no account 'nobody'.")
    assert books.refused("balance", "acc_" + "0" * 32).startswith("mediator: NOT_FOUND: ")
    assert (books.posted("customer:42"), books.posted("customer:42", "USD")) == (10_000, 0)


def test_balance_is_told_as_of_a_time_by_both_its_times(books: Books) -> None:
    before = datetime.now(UTC) - timedelta(hours=2)
    books.transfer("customer:42", "shop", 300, "--effective-at", before.isoformat())

    at = (before + timedelta(hours=1)).isoformat()
    recorded = books.told("balance", "shop", "--as-of", at)
    effective = books.told("balance", "shop", "--as-of", at, "--by", "effective")
    now = books.told("balance", "shop")

    assert [one["posted"] for one in (recorded, effective, now)] == [0, 300, 300]
    assert (recorded["available"], now["available"]) == (None, 300)
    assert "3.00 EUR" in books.ledger("balance", "shop").out
    assert books.ledger("balance", "shop", "--as-of", "2026-11-01T12:00").code == 2


def test_entries_are_listed_newest_first(books: Books) -> None:
    for amount in (1, 2, 3):
        books.transfer("customer:42", "shop", amount)

    found = books.told("entries", "--account", "shop", "--limit", "2")

    assert [(one["amount"], one["balance"], one["direction"]) for one in found] == [(3, 6, "credit"), (2, 3, "credit")]
    assert len(books.told("entries", "--all")) == 8
    assert books.told("entries", "--to", "2020-01-01") == []
    assert books.ledger("entries", "--to", "2020-01-01").out == "There is no such entry.\n"
    assert "0.03 EUR" in books.ledger("entries").out


def test_tenant_is_chosen_when_there_are_several(books: Books, mediator: Run) -> None:
    other = mediator("tenants", "open", "Another shop", "--json").out

    unsaid = books.ledger("accounts", "list")
    strange = books.ledger("accounts", "list", "--tenant", "ten_1")

    assert unsaid.code == strange.code == 2
    assert unsaid.err.startswith(
        f"mediator: There are several tenants: choose one with --tenant. There are: {books.tenant}, ten_"
    )
    assert strange.err.startswith("mediator: There is no tenant 'ten_1'. There are: ")
    assert len(books.told("accounts", "list", "--tenant", books.tenant)) == 3
    assert other


def test_house_without_a_tenant_says_so(on_a_database: Database, mediator: Run) -> None:
    said = mediator("ledger", "accounts", "list")

    assert (said.code, said.err) == (
        1,
        "mediator: There is no tenant yet: open one with `mediator tenants open NAME`.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["accounts", "open", "a b", "--currency", "EUR", "--normal", "credit"], "mediator: VAL_FIELD: /code: "),
        (["accounts", "open", "a", "--currency", "XXX", "--normal", "credit"], "mediator: VAL_CURRENCY: "),
        (["accounts", "open", "bank", "--currency", "EUR", "--normal", "credit"], "mediator: LEDGER_ACCOUNT_EXISTS: "),
    ],
)
def test_account_that_cannot_be_is_refused(arguments: list[str], complaint: str, books: Books) -> None:
    assert books.refused(*arguments).startswith(complaint)
