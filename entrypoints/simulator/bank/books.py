"""The bank's books in one SQLite file: accounts, transfers, the entries that moved money, the files it has had."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import msgspec

from entrypoints.simulator.bank.orders import Transfer

Row = TypeVar("Row")

OPENING_BALANCE = Decimal("1000000.00")
"""What every account has when the bank first hears of it."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS bank_accounts (
    number TEXT NOT NULL, currency TEXT NOT NULL, balance TEXT NOT NULL, statements INTEGER NOT NULL,
    stated_balance TEXT NOT NULL, PRIMARY KEY (number, currency)
);
CREATE TABLE IF NOT EXISTS bank_files (message_id TEXT PRIMARY KEY, name TEXT NOT NULL, taken_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS bank_transfers (
    id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL, version TEXT NOT NULL, state TEXT NOT NULL,
    reason TEXT, transfer BLOB NOT NULL, due_at REAL, created REAL NOT NULL, customer TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS bank_transfers_due ON bank_transfers (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS bank_entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, currency TEXT NOT NULL, amount TEXT NOT NULL,
    is_credit INTEGER NOT NULL, transfer INTEGER NOT NULL, reason TEXT, booked_at REAL NOT NULL, statement INTEGER
);
"""


class State(StrEnum):
    """What became of a transfer, in the words of ISO 20022, and `RETURNED` for what came back."""

    ACCEPTED = "ACTC"
    REJECTED = "RJCT"
    SETTLED = "ACSC"
    RETURNED = "RETURNED"


class BankAccount(msgspec.Struct, frozen=True):
    """A customer's account; `stated_balance` is the closing balance of its last statement."""

    number: str
    currency: str
    balance: Decimal
    statements: int
    stated_balance: Decimal


class BankTransfer(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer in the books; at `due_at` (Unix seconds) the bank does the next thing with it.

    `customer` names the folder by which it came, and by which it is told of; empty: the bank's own.
    """

    id: int = 0
    message_id: str
    version: str
    state: State
    reason: str | None = None
    transfer: Transfer
    due_at: float | None
    created: float
    customer: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Money that moved on an account; a return has the reason for it. `statement` is the number of the one it is on."""

    id: int = 0
    account: str
    currency: str
    amount: Decimal
    is_credit: bool
    transfer: int
    reason: str | None = None
    booked_at: float
    statement: int | None = None


class BankBooks:
    """One connection to the file, used from one thread."""

    def __init__(self, data_file: Path) -> None:
        """Open the file, making it where there is none."""
        data_file.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(data_file, isolation_level=None, timeout=10)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep everything inside together, or nothing when it raises."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def account(self, number: str, currency: str) -> BankAccount:
        """Give an account, opening it with the opening balance when the bank never heard of it."""
        self._connection.execute(
            "INSERT OR IGNORE INTO bank_accounts VALUES (?, ?, ?, 0, ?)",
            (number, currency, str(OPENING_BALANCE), str(OPENING_BALANCE)),
        )
        found = self._rows(BankAccount, "bank_accounts WHERE number = ? AND currency = ?", number, currency)
        return found[0]

    def accounts(self, number: str) -> list[BankAccount]:
        """Give the accounts of that number, one for each currency."""
        return self._rows(BankAccount, "bank_accounts WHERE number = ? ORDER BY currency", number)

    def all_accounts(self) -> list[BankAccount]:
        """Give every account."""
        return self._rows(BankAccount, "bank_accounts ORDER BY number, currency")

    def take_file(self, message_id: str, name: str, *, now: float) -> bool:
        """Note that a file came; False when one of that message id came before."""
        done = self._connection.execute("INSERT OR IGNORE INTO bank_files VALUES (?, ?, ?)", (message_id, name, now))
        return done.rowcount == 1

    def add_transfer(self, transfer: BankTransfer) -> BankTransfer:
        """Keep a new transfer."""
        done = self._connection.execute(
            "INSERT INTO bank_transfers (message_id, version, state, reason, transfer, due_at, created, customer)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                transfer.message_id,
                transfer.version,
                transfer.state,
                transfer.reason,
                msgspec.json.encode(transfer.transfer),
                transfer.due_at,
                transfer.created,
                transfer.customer,
            ),
        )
        return msgspec.structs.replace(transfer, id=done.lastrowid)

    def move_transfer(self, transfer: BankTransfer) -> None:
        """Keep what a transfer has become."""
        self._connection.execute(
            "UPDATE bank_transfers SET state = ?, reason = ?, due_at = ? WHERE id = ?",
            (transfer.state, transfer.reason, transfer.due_at, transfer.id),
        )

    def due_transfers(self, now: float) -> list[BankTransfer]:
        """Give the transfers with which something is to be done by now."""
        return self._transfers("due_at <= ?", now)

    def transfers(self) -> list[BankTransfer]:
        """Give every transfer, in the order in which they came."""
        return self._transfers("1")

    def transfer(self, transfer_id: int) -> BankTransfer:
        """Give a transfer that is known."""
        return self._transfers("id = ?", transfer_id)[0]

    def customer_of(self, account: BankAccount) -> str:
        """Give the folder of whoever moved money on an account last; the bank's own while nobody has."""
        row = self._connection.execute(
            "SELECT customer FROM bank_transfers WHERE id ="
            " (SELECT max(transfer) FROM bank_entries WHERE account = ? AND currency = ?)",
            (account.number, account.currency),
        ).fetchone()
        return "" if row is None else str(row["customer"])

    def book(self, entry: Entry) -> Entry:
        """Move money on an account."""
        account = self.account(entry.account, entry.currency)
        balance = account.balance + (entry.amount if entry.is_credit else -entry.amount)
        self._connection.execute(
            "UPDATE bank_accounts SET balance = ? WHERE number = ? AND currency = ?",
            (str(balance), entry.account, entry.currency),
        )
        done = self._connection.execute(
            "INSERT INTO bank_entries (account, currency, amount, is_credit, transfer, reason, booked_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                entry.account,
                entry.currency,
                str(entry.amount),
                entry.is_credit,
                entry.transfer,
                entry.reason,
                entry.booked_at,
            ),
        )
        return msgspec.structs.replace(entry, id=done.lastrowid)

    def entries(self, account: BankAccount) -> list[Entry]:
        """Give every entry of an account, in order."""
        return self._rows(
            Entry, "bank_entries WHERE account = ? AND currency = ? ORDER BY id", account.number, account.currency
        )

    def close_statement(self, account: BankAccount) -> tuple[BankAccount, list[Entry]]:
        """Put everything that is on no statement on a new one; give the account as it was, and those entries."""
        entries = [entry for entry in self.entries(account) if entry.statement is None]
        number = account.statements + 1
        self._connection.execute(
            "UPDATE bank_entries SET statement = ? WHERE account = ? AND currency = ? AND statement IS NULL",
            (number, account.number, account.currency),
        )
        self._connection.execute(
            "UPDATE bank_accounts SET statements = ?, stated_balance = balance WHERE number = ? AND currency = ?",
            (number, account.number, account.currency),
        )
        return account, entries

    def _transfers(self, condition: str, *parameters: object) -> list[BankTransfer]:
        query = f"SELECT * FROM bank_transfers WHERE {condition} ORDER BY id"  # noqa: S608 -- the conditions are above
        return [
            msgspec.convert(
                {**dict(row), "transfer": msgspec.json.decode(row["transfer"], type=Transfer)},
                BankTransfer,
                strict=False,
            )
            for row in self._connection.execute(query, parameters)
        ]

    def _rows(self, shape: type[Row], source: str, *parameters: str) -> list[Row]:
        rows = self._connection.execute(f"SELECT * FROM {source}", parameters)  # noqa: S608 -- the sources are above
        return [msgspec.convert(dict(row), shape, strict=False) for row in rows]
