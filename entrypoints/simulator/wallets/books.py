"""The wallets' books in one SQLite file: payments that customers were sent for, and what was given back of them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import msgspec

_SCHEMA = """
CREATE TABLE IF NOT EXISTS wallet_payments (
    number INTEGER PRIMARY KEY AUTOINCREMENT, wallet TEXT NOT NULL, id TEXT NOT NULL, merchant_order TEXT NOT NULL,
    name TEXT NOT NULL, amount INTEGER NOT NULL, state TEXT NOT NULL, earlier TEXT NOT NULL, changed_at REAL NOT NULL,
    expires_at REAL NOT NULL, transaction_id TEXT UNIQUE, refunded INTEGER NOT NULL, return_url TEXT NOT NULL,
    failure_url TEXT NOT NULL, created INTEGER NOT NULL,
    UNIQUE (wallet, id), CHECK (refunded <= amount)
);
CREATE TABLE IF NOT EXISTS wallet_refunds (
    number INTEGER PRIMARY KEY AUTOINCREMENT, payment INTEGER NOT NULL REFERENCES wallet_payments,
    amount INTEGER NOT NULL, created INTEGER NOT NULL
);
"""


class Wallet(StrEnum):
    """Whose payments these are."""

    KHALTI = "khalti"
    ESEWA = "esewa"


class State(StrEnum):
    """What a wallet payment is; each wallet has words of its own for them."""

    INITIATED = "initiated"
    PENDING = "pending"
    COMPLETED = "completed"
    REFUNDED = "refunded"
    PARTIALLY_REFUNDED = "partially_refunded"
    EXPIRED = "expired"
    CANCELED = "canceled"
    AMBIGUOUS = "ambiguous"


PAID = frozenset({State.COMPLETED, State.REFUNDED, State.PARTIALLY_REFUNDED})
"""The states in which the customer has paid."""


class WalletPayment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment at a wallet, in paisa. `id` is the wallet's own name of it (for eSewa the merchant gives it).

    `earlier` is the state before the present one, which holds since `changed_at` (Unix seconds).
    """

    number: int = 0
    wallet: Wallet
    id: str
    merchant_order: str
    name: str
    amount: int
    state: State = State.INITIATED
    earlier: State = State.INITIATED
    changed_at: float
    expires_at: float
    transaction_id: str | None = None
    refunded: int = 0
    return_url: str
    failure_url: str
    created: int


class WalletRefund(msgspec.Struct, frozen=True):
    """Money given back of a payment, in paisa."""

    number: int
    payment: int
    amount: int
    created: int


class WalletBooks:
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

    def find(self, wallet: Wallet, name: str) -> WalletPayment | None:
        """Give the payment of that name at a wallet, if there is one."""
        return self._find("wallet = ? AND id = ?", wallet, name)

    def find_transaction(self, wallet: Wallet, transaction_id: str) -> WalletPayment | None:
        """Give the payment of that transaction, if there is one."""
        return self._find("wallet = ? AND transaction_id = ?", wallet, transaction_id)

    def save(self, payment: WalletPayment) -> None:
        """Keep a payment, new or changed."""
        self._connection.execute(
            """
            INSERT INTO wallet_payments (
                wallet, id, merchant_order, name, amount, state, earlier, changed_at, expires_at, transaction_id,
                refunded, return_url, failure_url, created
            ) VALUES (
                :wallet, :id, :merchant_order, :name, :amount, :state, :earlier, :changed_at, :expires_at,
                :transaction_id, :refunded, :return_url, :failure_url, :created
            ) ON CONFLICT (wallet, id) DO UPDATE SET
                state = excluded.state, earlier = excluded.earlier, changed_at = excluded.changed_at,
                transaction_id = excluded.transaction_id, refunded = excluded.refunded
            """,
            msgspec.structs.asdict(payment),
        )

    def add_refund(self, payment: WalletPayment, amount: int, *, created: int) -> None:
        """Keep what was given back."""
        self._connection.execute(
            "INSERT INTO wallet_refunds (payment, amount, created) VALUES (?, ?, ?)", (payment.number, amount, created)
        )

    def payments(self, wallet: Wallet) -> list[WalletPayment]:
        """Give every payment at a wallet, in the order in which they were made."""
        query = "SELECT * FROM wallet_payments WHERE wallet = ? ORDER BY number"
        rows = self._connection.execute(query, (wallet,)).fetchall()
        return [msgspec.convert(dict(row), WalletPayment, strict=False) for row in rows]

    def refunds(self, wallet: Wallet) -> list[WalletRefund]:
        """Give everything that a wallet gave back, in order."""
        rows = self._connection.execute(
            "SELECT wallet_refunds.* FROM wallet_refunds JOIN wallet_payments ON wallet_payments.number = payment"
            " WHERE wallet = ? ORDER BY wallet_refunds.number",
            (wallet,),
        ).fetchall()
        return [msgspec.convert(dict(row), WalletRefund, strict=False) for row in rows]

    def _find(self, condition: str, *parameters: str) -> WalletPayment | None:
        query = f"SELECT * FROM wallet_payments WHERE {condition}"  # noqa: S608 -- the conditions are the two above
        row = self._connection.execute(query, parameters).fetchone()
        return None if row is None else msgspec.convert(dict(row), WalletPayment, strict=False)
