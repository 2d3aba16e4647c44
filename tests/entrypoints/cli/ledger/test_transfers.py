"""`mediator ledger transfer` and `transfers`."""

import asyncio

import asyncpg
import pytest

from tests.entrypoints.cli.ledger.conftest import Books, open_accounts
from tests.fakes.stores import Database


def test_transfer_is_booked_shown_listed_and_reversed_once(books: Books) -> None:
    made = books.transfer(
        "customer:42", "shop", 1_250, "--reference", "order 17", "--metadata", "a=1", "--description", "A book"
    )

    assert [(one["account"], one["direction"], one["amount"], one["balance"]) for one in made["entries"]] == [
        ("customer:42", "debit", 1_250, 8_750),
        ("shop", "credit", 1_250, 1_250),
    ]
    shown = books.told("transfers", "show", made["id"])
    assert shown == made
    assert [one["id"] for one in books.told("transfers", "list", "--reference", "order 17")] == [made["id"]]
    assert "12.50 EUR" in books.ledger("transfers", "list", "--account", "shop").out
    reversal = books.told("transfers", "reverse", made["id"], "--yes")
    assert (reversal["reverses_id"], reversal["kind"], books.posted("shop")) == (made["id"], "reversal", 0)
    assert books.told("transfers", "show", made["id"])["reversed_by_id"] == reversal["id"]
    again = books.refused("transfers", "reverse", made["id"], "--yes")
    assert again == "mediator: LEDGER_ALREADY_REVERSED: The transaction was reversed already."


def test_reversal_without_funds_names_the_account(books: Books) -> None:
    made = books.transfer("customer:42", "shop", 100)
    books.transfer("shop", "bank", 1)

    refused = books.refused("transfers", "reverse", made["id"], "--yes")

    assert refused.startswith("mediator: LEDGER_INSUFFICIENT_FUNDS: shop: ")
    assert books.posted("shop") == 99


def test_reversal_is_not_made_unasked(books: Books) -> None:
    made = books.transfer("customer:42", "shop", 1)

    assert books.ledger("transfers", "reverse", made["id"]).code == 2
    assert books.posted("shop") == 1


def test_audit_trail_names_the_command_line(books: Books, on_a_database: Database) -> None:
    made = books.transfer("customer:42", "shop", 1)
    books.told("transfers", "reverse", made["id"], "--yes")
    books.told("accounts", "freeze", "shop")

    async def read() -> list[tuple[str, str]]:
        connection = await asyncpg.connect(on_a_database.owner_url)
        try:
            told = await connection.fetch("select action, actor from fm.audit_events where actor <> 'system:cli'")
        finally:
            await connection.close()
        return sorted({(one["action"], one["actor"]) for one in told})

    assert asyncio.run(read()) == [
        ("account.changed", "operator:cli"),
        ("account.opened", "operator:cli"),
        ("ledger.post", "operator:cli"),
    ]


def test_dry_run_tells_everything_and_books_nothing(books: Books) -> None:
    command = ("transfer", "--from", "customer:42", "--to", "shop", "--amount", "5", "--currency", "EUR", "--dry-run")
    told, said = books.told(*command), books.ledger(*command)

    assert (told["dry_run"], told["id"], [one["balance"] for one in told["entries"]]) == (True, None, [9_995, 5])
    assert ("Dry run: nothing was booked" in said.out, said.err) == (True, "")
    assert books.posted("shop") == 0


def test_new_key_is_printed_and_repeats_the_command_once(books: Books) -> None:
    command = ("transfer", "--from", "customer:42", "--to", "shop", "--amount", "5", "--currency", "EUR")
    first = books.ledger(*command)
    key = first.err.removeprefix("Idempotency key: ").strip()

    again = books.ledger(*command, "--key", key)

    assert key.startswith("cli_")
    assert (again.code, again.err.startswith("The key was used before")) == (0, True)
    assert again.out == first.out
    assert books.posted("shop") == 5
    other = (*command[:6], "6", *command[7:], "--key", key)
    assert books.refused(*other).startswith("mediator: IDEM_MISMATCH: ")


def test_refusal_names_the_account_and_is_final_under_its_key(books: Books) -> None:
    command = ("transfer", "--from", "shop", "--to", "customer:42", "--amount", "1", "--currency", "EUR", "--key", "k")

    first, again = books.refused(*command), books.refused(*command)

    detail = "mediator: LEDGER_INSUFFICIENT_FUNDS: shop: The account has not that much available. (leg 1)"
    assert first == detail
    assert again == f"{detail} The key was used before, and so it was refused then; use a new key to try again."


def test_major_units_are_exact_in_every_currency(books: Books) -> None:
    open_accounts(books, [(name, currency, "unlimited") for name in ("a", "b") for currency in ("JPY", "KWD")])

    for currency, major, minor in (("JPY", "7", 7), ("KWD", "0.29", 290), ("KWD", "9000000000000000", 9 * 10**18)):
        books.told("transfer", "--from", "a", "--to", "b", "--major", major, "--currency", currency, "--dry-run")
        told = books.told("transfer", "--from", "a", "--to", "b", "--major", major, "--currency", currency, "--dry-run")
        assert int(told["entries"][0]["amount"]) == minor


@pytest.mark.parametrize(
    "amount",
    [
        ["--amount", "12.50"],
        ["--amount", "1e3"],
        ["--amount", "0x10"],
        ["--amount", "-5"],
        ["--amount", "9000000000000000001"],
        ["--major", "12.505"],
        ["--major", "1e3"],
        ["--major", "1,000.00"],
        ["--amount", "5", "--major", "0.05"],
        [],
    ],
)
def test_amount_that_is_not_plainly_one_is_wrong_usage(amount: list[str], books: Books) -> None:
    said = books.ledger("transfer", "--from", "customer:42", "--to", "shop", "--currency", "EUR", *amount)

    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert books.posted("shop") == 0


def test_legs_in_two_currencies_are_one_transaction(books: Books) -> None:
    open_accounts(books, [("bank", "USD", "unlimited"), ("customer:42", "USD", "none")])

    made = books.told(
        *("transfer", "--leg", "debit=customer:42,major=1.00,currency=EUR,available_min=9900"),
        *("--leg", "credit=bank,amount=100,currency=EUR"),
        *("--leg", "debit=bank,amount=110,currency=USD", "--leg", "credit=customer:42,amount=110,currency=USD"),
    )

    assert len(made["entries"]) == 4
    assert (books.posted("customer:42"), books.posted("customer:42", "USD")) == (9_900, 110)
    again = ("--leg", "debit=customer:42,amount=1,currency=EUR,available_min=9900")
    refused = books.refused("transfer", *again, "--leg", "credit=bank,amount=1,currency=EUR")
    assert refused.startswith("mediator: LEDGER_CONDITION_FAILED: customer:42: ")
    unbalanced = ("--leg", "debit=customer:42,amount=2,currency=EUR", "--leg", "credit=bank,amount=1,currency=EUR")
    assert books.refused("transfer", *unbalanced).startswith("mediator: LEDGER_UNBALANCED: ")


def test_split_loses_no_minor_unit(books: Books) -> None:
    open_accounts(books, [("fees", "EUR", "none"), ("tip", "EUR", "none")])

    books.told(
        *("transfer", "--from", "customer:42", "--amount", "999", "--currency", "EUR"),
        *("--split", "to=fees,percent=2.9", "--split", "to=tip,major=0.30", "--split", "to=shop,remainder=yes"),
    )

    assert [books.posted(one) for one in ("fees", "tip", "shop")] == [28, 30, 941]


@pytest.mark.parametrize(
    "form",
    [
        ["--from", "customer:42", "--to", "shop", "--amount", "1"],
        ["--from", "customer:42", "--amount", "1", "--currency", "EUR"],
        ["--leg", "debit=customer:42,amount=1", "--to", "shop"],
        ["--leg", "customer:42,1"],
        ["--leg", "debit=customer:42,credit=shop,amount=1"],
        ["--leg", "debit=customer:42,major=1.00"],
        ["--leg", "debit=customer:42,amount=1,amount=2"],
        ["--leg", "debit=customer:42,amount=1.5"],
        ["--from", "customer:42", "--amount", "1", "--currency", "EUR", "--split", "to=shop,all=yes"],
        ["--from", "customer:42", "--amount", "1", "--currency", "EUR", "--split", "to=shop,fixed=1,percent=1"],
        ["--from", "customer:42", "--amount", "1", "--currency", "EUR", "--split", "to=shop,remainder=no"],
        ["--from", "customer:42", "--to", "shop", "--amount", "1", "--currency", "EUR", "--metadata", "a"],
        ["--from", "customer:42", "--to", "shop", "--amount", "1", "--currency", "EUR", "--key", "two words"],
    ],
)
def test_form_that_is_none_is_wrong_usage(form: list[str], books: Books) -> None:
    said = books.ledger("transfer", *form)

    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1), said


def test_transaction_that_is_none_is_refused(books: Books) -> None:
    assert books.ledger("transfers", "show", "ltx_1").code == 2
    assert books.refused("transfers", "show", "ltx_" + "0" * 32).startswith("mediator: NOT_FOUND: ")
    assert books.refused("transfers", "reverse", "ltx_" + "0" * 32, "--yes").startswith("mediator: NOT_FOUND: ")
    assert books.told("transfers", "list", "--kind", "reversal") == []
