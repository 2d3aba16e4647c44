"""The gateway's books in one SQLite file: charges, operations, events to deliver, duties that fall due."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from entrypoints.simulator.rules import Charge
from entrypoints.simulator.words import BookLineView, Kind, RefusalKind, State

Row = TypeVar("Row")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS charges (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, payment TEXT NOT NULL,
    source TEXT NOT NULL, capture INTEGER NOT NULL, status TEXT NOT NULL, amount INTEGER NOT NULL,
    currency TEXT NOT NULL, authorized INTEGER NOT NULL, captured INTEGER NOT NULL, refunded INTEGER NOT NULL,
    refunding INTEGER NOT NULL, released INTEGER NOT NULL, decline_code TEXT, decline_kind TEXT, action TEXT UNIQUE,
    reference TEXT, callback_url TEXT, return_url TEXT, created INTEGER NOT NULL, sequence INTEGER NOT NULL,
    CHECK (captured + released <= authorized AND refunded + refunding <= captured)
);
CREATE INDEX IF NOT EXISTS charges_by_account ON charges (account, number);
CREATE TABLE IF NOT EXISTS operations (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, charge TEXT NOT NULL,
    amount INTEGER NOT NULL, state TEXT NOT NULL, code TEXT, decline_kind TEXT, message TEXT, created INTEGER NOT NULL,
    answer_status INTEGER NOT NULL, answer BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS operations_by_charge ON operations (charge, kind);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, charge TEXT NOT NULL, url TEXT NOT NULL, body BLOB NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, due_at REAL
);
CREATE INDEX IF NOT EXISTS events_by_charge ON events (charge, number);
CREATE INDEX IF NOT EXISTS events_due ON events (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS duties (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, task TEXT NOT NULL, payload BLOB NOT NULL, due_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS duties_due ON duties (due_at);
"""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """An operation as it is kept: what became of it, and the first answer, byte for byte."""

    key: str
    fingerprint: str
    kind: Kind
    id: str
    charge: str
    amount: int
    state: State
    code: str | None = None
    decline_kind: RefusalKind | None = None
    message: str | None = None
    created: int
    answer_status: int
    answer: bytes


class Delivery(msgspec.Struct, frozen=True):
    """An event on its way: `attempts` counts the deliveries that failed."""

    number: int
    charge: str
    url: str
    body: bytes
    attempts: int


class Duty(msgspec.Struct, frozen=True):
    """Something the gateway will do by itself at `due_at`, in Unix seconds; at most one per operation key."""

    key: str
    fingerprint: str
    task: str
    payload: bytes
    due_at: float


class Movement(msgspec.Struct, frozen=True):
    """Money that really moved: a capture or a refund, in minor units; `reference` is the merchant's payment."""

    kind: str
    id: str
    reference: str
    amount: int
    currency: str
    created: int


class Store:
    """One connection to the file. Used from one thread; whatever belongs together stands in one `transaction`."""

    def __init__(self, data_file: Path) -> None:
        """Open the file, making it where there is none. Undelivered events fall due at once."""
        data_file.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(data_file, isolation_level=None, timeout=10)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)
        self._connection.execute("UPDATE events SET due_at = 0 WHERE due_at IS NOT NULL")

    @property
    def connection(self) -> sqlite3.Connection:
        """The one connection, for books of another kind in the same file."""
        return self._connection

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

    def find_charge(self, charge_id: str) -> Charge | None:
        """Give the charge of that id, if there is one."""
        return self._find(Charge, "SELECT * FROM charges WHERE id = ?", charge_id)

    def find_charge_by_action(self, action: str) -> Charge | None:
        """Give the charge whose customer's step has that name, if there is one."""
        return self._find(Charge, "SELECT * FROM charges WHERE action = ?", action)

    def find_operation(self, key: str) -> Operation | None:
        """Give the operation of that idempotency key, if there is one."""
        return self._find(Operation, "SELECT * FROM operations WHERE key = ?", key)

    def find_authorization(self, charge_id: str) -> Operation | None:
        """Give the operation that made a charge."""
        query = "SELECT * FROM operations WHERE charge = ? AND kind = 'authorize'"
        return self._find(Operation, query, charge_id)

    def find_duty(self, key: str) -> Duty | None:
        """Give what is still to be done under that key, if there is anything."""
        return self._find(Duty, "SELECT * FROM duties WHERE key = ?", key)

    def save_charge(self, charge: Charge) -> None:
        """Keep a charge, new or changed."""
        self._connection.execute(
            """
            INSERT INTO charges (
                id, account, payment, source, capture, status, amount, currency, authorized, captured, refunded,
                refunding, released, decline_code, decline_kind, action, reference, callback_url, return_url, created,
                sequence
            ) VALUES (
                :id, :account, :payment, :source, :capture, :status, :amount, :currency, :authorized, :captured,
                :refunded, :refunding, :released, :decline_code, :decline_kind, :action, :reference, :callback_url,
                :return_url, :created, :sequence
            ) ON CONFLICT (id) DO UPDATE SET
                status = excluded.status, authorized = excluded.authorized, captured = excluded.captured,
                refunded = excluded.refunded, refunding = excluded.refunding, released = excluded.released,
                decline_code = excluded.decline_code, decline_kind = excluded.decline_kind,
                sequence = excluded.sequence
            """,
            msgspec.structs.asdict(charge),
        )

    def save_operation(self, operation: Operation) -> None:
        """Keep an operation; of a known one only its state and its refusal change, never its first answer."""
        self._connection.execute(
            """
            INSERT INTO operations VALUES (
                :key, :fingerprint, :kind, :id, :charge, :amount, :state, :code, :decline_kind, :message, :created,
                :answer_status, :answer
            ) ON CONFLICT (key) DO UPDATE SET
                state = excluded.state, code = excluded.code, decline_kind = excluded.decline_kind,
                message = excluded.message
            """,
            msgspec.structs.asdict(operation),
        )

    def book_lines(self, account: str, *, after: int, limit: int) -> list[tuple[int, BookLineView]]:
        """Give the charges of one account after that number, in the order in which they were made."""
        rows = self._connection.execute(
            "SELECT number, id AS charge, payment, currency, captured, refunded FROM charges"
            " WHERE account = ? AND number > ? ORDER BY number LIMIT ?",
            (account, after, limit),
        ).fetchall()
        return [(row["number"], _shaped(BookLineView, row)) for row in rows]

    def movements(self) -> list[Movement]:
        """Give everything that was captured or given back, in order; an authorization that captured is a capture."""
        rows = self._connection.execute(
            "SELECT CASE kind WHEN 'refund' THEN 'refund' ELSE 'capture' END AS kind, operations.id,"
            " charges.payment AS reference, operations.amount, charges.currency, operations.created"
            " FROM operations JOIN charges ON charges.id = operations.charge"
            " WHERE state = 'succeeded' AND (kind IN ('capture', 'refund') OR (kind = 'authorize' AND capture = 1))"
            " ORDER BY operations.created, operations.id"
        ).fetchall()
        return [_shaped(Movement, row) for row in rows]

    def add_event(self, *, charge: str, url: str, body: bytes, due_at: float) -> None:
        """Queue an event for delivery."""
        self._connection.execute(
            "INSERT INTO events (charge, url, body, due_at) VALUES (?, ?, ?, ?)", (charge, url, body, due_at)
        )

    def claim_events(self, *, now: float, until: float, limit: int) -> list[Delivery]:
        """Give events that are due, and put each off to `until` so that nobody else takes it meanwhile."""
        rows = self._connection.execute(
            "UPDATE events SET due_at = ? WHERE number IN"
            " (SELECT number FROM events WHERE due_at <= ? ORDER BY number LIMIT ?) RETURNING *",
            (until, now, limit),
        ).fetchall()
        return sorted((_shaped(Delivery, row) for row in rows), key=lambda delivery: delivery.number)

    def settle_event(self, number: int, *, attempts: int, due_at: float | None) -> None:
        """Say how a delivery ended: when to try again, or None when it is over."""
        self._connection.execute(
            "UPDATE events SET attempts = ?, due_at = ? WHERE number = ?", (attempts, due_at, number)
        )

    def events_of(self, charge_id: str) -> list[Delivery]:
        """Give every event of a charge, delivered or not, in order."""
        rows = self._connection.execute("SELECT * FROM events WHERE charge = ? ORDER BY number", (charge_id,))
        return [_shaped(Delivery, row) for row in rows]

    def add_duty(self, duty: Duty) -> None:
        """Keep something to be done later."""
        self._connection.execute(
            "INSERT INTO duties VALUES (:key, :fingerprint, :task, :payload, :due_at)", msgspec.structs.asdict(duty)
        )

    def due_duties(self, now: float) -> list[Duty]:
        """Give what has fallen due, oldest first."""
        rows = self._connection.execute("SELECT * FROM duties WHERE due_at <= ? ORDER BY due_at LIMIT 100", (now,))
        return [_shaped(Duty, row) for row in rows]

    def remove_duty(self, key: str) -> None:
        """Forget a duty that is done."""
        self._connection.execute("DELETE FROM duties WHERE key = ?", (key,))

    def next_due_at(self) -> float | None:
        """Give the Unix time at which something falls due next, if anything does."""
        row = self._connection.execute(
            "SELECT min(due_at) AS due_at FROM (SELECT min(due_at) AS due_at FROM events WHERE due_at IS NOT NULL"
            " UNION ALL SELECT min(due_at) FROM duties)"
        ).fetchone()
        due_at: float | None = row["due_at"]
        return due_at

    def _find(self, shape: type[Row], query: str, *parameters: str) -> Row | None:
        row = self._connection.execute(query, parameters).fetchone()
        return None if row is None else _shaped(shape, row)


def _shaped(shape: type[Row], row: sqlite3.Row) -> Row:
    return msgspec.convert(dict(row), shape, strict=False)
