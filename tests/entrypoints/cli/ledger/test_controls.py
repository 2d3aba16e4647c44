"""`mediator ledger limits` and `monitors`."""

import pytest

from tests.entrypoints.cli.ledger.conftest import Books


def test_limit_is_added_counts_and_ends(books: Books) -> None:
    limit = books.told(
        *("limits", "add", "--scope", "account", "--account", "customer:42", "--currency", "EUR"),
        *("--window", "365d", "--major-max", "5.00", "--count-max", "3"),
    )
    pay = ("transfer", "--from", "customer:42", "--to", "shop", "--currency", "EUR", "--amount")

    books.told(*pay, "400")

    assert (limit["scope"], limit["window_seconds"], limit["amount_max"]) == ("account", 31_536_000, 500)
    assert books.refused(*pay, "101").startswith("mediator: GATE_LIMIT_EXCEEDED: ")
    used = [(one["id"], one["amount_used"], one["count_used"]) for one in books.told("limits", "list")]
    assert used == [(limit["id"], 400, 1)]
    assert "5.00 EUR" in books.ledger("limits", "list").out
    assert books.ledger("limits", "end", limit["id"]).code == 2
    assert books.told("limits", "end", limit["id"], "--yes")["ended_at"] is not None
    assert books.told("limits", "list") == []
    assert len(books.told("limits", "list", "--ended", "--scope", "account")) == 1
    books.told(*pay, "101")


def test_limit_of_the_whole_tenant_is_added_once_under_its_key(books: Books) -> None:
    command = ("limits", "add", "--scope", "tenant", "--currency", "EUR", "--window", "1h", "--key", "k")

    first, again = books.told(*command, "--count-max", "9"), books.told(*command, "--count-max", "9")

    assert (first["subject"], first["id"]) == (books.tenant, again["id"])
    assert books.refused(*command, "--count-max", "8").startswith("mediator: IDEM_MISMATCH: ")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--scope", "tenant", "--window", "1d"], 1),
        (["--scope", "account", "--window", "1d", "--count-max", "1"], 1),
        (["--scope", "account", "--account", "nobody", "--window", "1d", "--count-max", "1"], 1),
        (["--scope", "api-key", "--window", "1d", "--count-max", "1"], 1),
        (["--scope", "tenant", "--window", "0", "--count-max", "1"], 2),
        (["--scope", "tenant", "--window", "2000d", "--count-max", "1"], 2),
        (["--scope", "tenant", "--window", "1d", "--amount-max", "1", "--major-max", "1"], 2),
        (["--scope", "tenant", "--window", "1d", "--count-max", "1.5"], 2),
    ],
)
def test_limit_that_cannot_be_is_refused(arguments: list[str], code: int, books: Books) -> None:
    said = books.ledger("limits", "add", "--currency", "EUR", *arguments, "--key", "k")

    assert (said.code, said.out, said.err.count("\n")) == (code, "", 1), said
    assert books.refused("limits", "end", "lim_" + "0" * 32, "--yes").startswith("mediator: NOT_FOUND: ")


def test_monitor_is_added_fires_and_ends(books: Books) -> None:
    monitor = books.told(
        *("monitors", "add", "customer:42", "--measure", "available", "--comparison", "less", "--major", "50.00"),
        *("--description", "Running low"),
    )

    books.transfer("customer:42", "shop", 6_000)

    assert (monitor["threshold"], monitor["comparison"], monitor["is_met"]) == (5_000, "lt", False)
    fired = [(one["is_met"], one["fired_count"]) for one in books.told("monitors", "list", "--account", "customer:42")]
    assert fired == [(True, 1)]
    assert "Running low" in books.ledger("monitors", "list").out
    assert books.ledger("monitors", "end", monitor["id"]).code == 2
    assert books.told("monitors", "end", monitor["id"], "--yes")["ended_at"] is not None
    assert books.told("monitors", "list") == []
    assert len(books.told("monitors", "list", "--ended")) == 1


def test_monitor_watches_below_zero(books: Books) -> None:
    monitor = books.told(
        *("monitors", "add", "bank", "--measure", "posted", "--comparison", "less-or-equal", "--amount", "-10001")
    )

    assert (monitor["threshold"], monitor["is_met"]) == (-10_001, False)
    unknown = ("monitors", "add", "nobody", "--measure", "posted", "--comparison", "equal", "--amount", "1")
    assert books.refused(*unknown).startswith("mediator: LEDGER_ACCOUNT_UNKNOWN: ")
    assert books.refused("monitors", "end", "mon_" + "0" * 32, "--yes").startswith("mediator: NOT_FOUND: ")
