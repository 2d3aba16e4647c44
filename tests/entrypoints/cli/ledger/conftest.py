"""A tenant with three accounts, and the command line at its ledger."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from tests.entrypoints.cli.conftest import Run, Said
from tests.fakes.stores import Database


class Books(msgspec.Struct, frozen=True):
    """The ledger of one tenant, as the command line sees it."""

    run: Run
    tenant: str

    def ledger(self, *arguments: str) -> Said:
        """Run `mediator ledger`."""
        return self.run("ledger", *arguments)

    def told(self, *arguments: str, command: str = "ledger") -> Any:
        """Run a command that goes well with --json, and read what it prints."""
        said = self.run(command, *arguments, "--json")
        assert said.code == 0, said
        return msgspec.json.decode(said.out)

    def refused(self, *arguments: str, command: str = "ledger") -> str:
        """Run a command that is refused in one line, and give the line."""
        said = self.run(command, *arguments)
        assert (said.code, said.out) == (1, ""), said
        lines = [line for line in said.err.splitlines() if not line.startswith("Idempotency key: ")]
        assert len(lines) == 1, said.err
        return lines[0]

    def posted(self, account: str, currency: str = "EUR") -> int:
        """Give what an account has posted."""
        balance: int = self.told("balance", account, "--currency", currency)["posted"]
        return balance

    def transfer(self, source: str, target: str, amount: int, *more: str) -> Any:
        """Move euros."""
        return self.told(
            "transfer", "--from", source, "--to", target, "--amount", str(amount), "--currency", "EUR", *more
        )


def open_accounts(books: Books, accounts: Sequence[tuple[str, str, str]]) -> None:
    """Open credit accounts: code, currency, overdraft."""
    for code, currency, overdraft in accounts:
        books.told("accounts", "open", code, "--currency", currency, "--normal", "credit", "--overdraft", overdraft)


@pytest.fixture
def tenant(on_a_database: Database, mediator: Run) -> str:
    """A tenant that was opened from the command line."""
    opened: str = msgspec.json.decode(mediator("tenants", "open", "A shop", "--json").out)["tenant"]
    return opened


@pytest.fixture
def books(tenant: str, mediator: Run) -> Books:
    """The bank, and a customer with a hundred euros."""
    books = Books(mediator, tenant)
    open_accounts(books, [("bank", "EUR", "unlimited"), ("customer:42", "EUR", "none"), ("shop", "EUR", "none")])
    books.transfer("bank", "customer:42", 10_000)
    return books
