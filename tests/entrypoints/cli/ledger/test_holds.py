"""`mediator ledger holds`."""

from typing import Any

from tests.entrypoints.cli.ledger.conftest import Books


def placed(books: Books, amount: int, *more: str) -> Any:
    """Hold euros of the customer for the shop."""
    return books.told(
        *("holds", "place", "--from", "customer:42", "--to", "shop"),
        *("--amount", str(amount), "--currency", "EUR", *more),
    )


def test_hold_is_placed_posted_in_part_and_let_go(books: Books) -> None:
    hold = placed(books, 2_000, "--reference", "order 17", "--expires-at", "2090-01-01")

    assert (hold["state"], hold["amount_remaining"], hold["reference"]) == ("pending", 2_000, "order 17")
    assert books.told("balance", "customer:42")["available"] == 8_000
    posting = books.told("holds", "post", hold["id"], "--major", "12.50")
    assert (posting["kind"], posting["hold_id"], books.posted("shop")) == ("hold_posting", hold["id"], 1_250)
    released = books.told("holds", "release", hold["id"], "--yes")
    assert (released["state"], released["amount_released"]) == ("posted", 750)
    assert books.told("holds", "show", hold["id"]) == released
    assert books.told("balance", "customer:42")["available"] == 8_750
    assert "12.50 EUR" in books.ledger("holds", "show", hold["id"]).out


def test_final_posting_lets_the_rest_go(books: Books) -> None:
    hold = placed(books, 500)

    books.told("holds", "post", hold["id"], "--amount", "100", "--final")

    assert books.told("balance", "customer:42")["available"] == 9_900
    assert books.refused("holds", "post", hold["id"]).startswith("mediator: HOLD_CLOSED: ")
    assert books.refused("holds", "release", hold["id"], "--yes").startswith("mediator: HOLD_CLOSED: ")


def test_holds_are_listed_by_account_and_state(books: Books) -> None:
    first, second = placed(books, 1), placed(books, 2)
    books.told("holds", "post", first["id"])

    assert [one["id"] for one in books.told("holds", "list")] == [second["id"], first["id"]]
    assert [one["id"] for one in books.told("holds", "list", "--state", "pending")] == [second["id"]]
    assert len(books.told("holds", "list", "--account", "shop", "--all")) == 2
    assert books.told("holds", "list", "--account", "bank") == []
    assert second["id"] in books.ledger("holds", "list").out


def test_hold_that_cannot_be_is_refused(books: Books) -> None:
    place = ("holds", "place", "--from", "customer:42", "--to", "shop", "--currency", "EUR")
    hold = placed(books, 10)

    assert books.refused(*place, "--amount", "9991").startswith("mediator: LEDGER_INSUFFICIENT_FUNDS: customer:42: ")
    assert books.refused(*place, "--amount", "1", "--expires-at", "2020-01-01").startswith("mediator: HOLD_EXPIRED: ")
    assert books.refused("holds", "post", hold["id"], "--amount", "11").startswith("mediator: HOLD_EXCEEDED: ")
    assert books.refused("holds", "show", "hld_" + "0" * 32).startswith("mediator: NOT_FOUND: ")
    assert books.refused(*place, "--amount", "0").startswith("mediator: VAL_AMOUNT: ")
    assert books.ledger("holds", "release", hold["id"]).code == 2


def test_posting_on_a_frozen_account_names_it(books: Books) -> None:
    hold = placed(books, 10)
    books.told("accounts", "freeze", "shop")

    assert books.refused("holds", "post", hold["id"]).startswith("mediator: LEDGER_ACCOUNT_FROZEN: shop: ")


def test_key_places_one_hold(books: Books) -> None:
    assert placed(books, 10, "--key", "k")["id"] == placed(books, 10, "--key", "k")["id"]
    assert books.told("balance", "customer:42")["available"] == 9_990
