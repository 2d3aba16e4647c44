"""The gateway's payouts: one per idempotency key; the last word of the payee's name says what becomes of it."""

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import msgspec
from aiohttp import web

from entrypoints.simulator.doors import DESK, key_of, said
from entrypoints.simulator.faults import misbehave
from entrypoints.simulator.gateway import Delays
from entrypoints.simulator.store import Duty, Store
from entrypoints.simulator.tokens import BEFORE, Fault
from entrypoints.simulator.views import Refused
from entrypoints.simulator.words import (
    Address,
    Amount,
    CurrencyCode,
    Name,
    Refusal,
    RefusalKind,
    RefusedError,
    Sentence,
    read_body,
)

TASK = "payout"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS payouts (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, payout TEXT NOT NULL, name TEXT NOT NULL, amount INTEGER NOT NULL,
    currency TEXT NOT NULL, status TEXT NOT NULL, code TEXT, callback_url TEXT, created INTEGER NOT NULL,
    sequence INTEGER NOT NULL
);
"""


class Status(StrEnum):
    """What a payout is."""

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"


class NewPayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /v1/payouts`."""

    account: Name
    payout: Name
    amount: Amount
    currency: CurrencyCode
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=140)]
    country: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{2}\Z")]
    destination: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    bank: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    reference: Sentence | None = None
    callback_url: Address | None = None


class Conduct(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a payout: how it begins and goes on, how its first request misbehaves, and what is said of it.

    `surplus` is what the gateway says that it paid beyond what was asked. `silent`: nobody is called back.
    """

    begins: Status = Status.PENDING
    goes_on: tuple[Status, ...] = (Status.PAID,)
    code: str | None = None
    refusal: RefusalKind | None = None
    fault: Fault | None = None
    surplus: int = 0
    silent: bool = False


CONDUCTS: dict[str, Conduct] = {
    "Instant": Conduct(begins=Status.PAID, goes_on=()),
    "Rejected": Conduct(refusal=RefusalKind.HARD, code="account_closed"),
    "Failed": Conduct(goes_on=(Status.FAILED,), code="account_closed"),
    "Returned": Conduct(goes_on=(Status.PAID, Status.RETURNED), code="no_such_account"),
    "Timeout": Conduct(fault=Fault.HANG),
    "Cut": Conduct(fault=Fault.CUT),
    "Drop": Conduct(fault=Fault.CUT_BEFORE),
    "Garbage": Conduct(fault=Fault.GARBAGE),
    "Surplus": Conduct(begins=Status.PAID, goes_on=(), surplus=1),
    "Silent": Conduct(silent=True),
    "Pending": Conduct(goes_on=()),
}
"""What a payee is paid like, by the last word of the name; anybody else is paid after a while."""


class Payout(msgspec.Struct, frozen=True):
    """A payout as it is kept."""

    key: str
    fingerprint: str
    id: str
    account: str
    payout: str
    name: str
    amount: int
    currency: str
    status: Status
    code: str | None
    callback_url: str | None
    created: int
    sequence: int


class PayoutView(msgspec.Struct, frozen=True):
    """A payout as it is shown."""

    id: str
    key: str
    account: str
    payout: str
    status: Status
    amount: int
    currency: str
    failure: Refusal | None
    created: int
    sequence: int


class PayoutEventView(msgspec.Struct, frozen=True):
    """Body of a callback about a payout."""

    id: str
    type: str
    created: int
    sequence: int
    operation_key: str
    payout: PayoutView


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What to say to a request: the payout or a refusal, and how to misbehave instead of saying it."""

    payout: PayoutView | None = None
    refusal: Refusal | None = None
    fault: Fault | None = None


class Payouts:
    """Keeps payouts in the gateway's file, and moves them on when their time has come."""

    def __init__(self, store: Store, delays: Delays, clock: Callable[[], float] = time.time) -> None:
        """Keep them beside the charges."""
        self._store = store
        self._delays = delays
        self._clock = clock
        self._dropped: set[str] = set()
        store.connection.executescript(_SCHEMA)

    def perform(self, key: str, raw: bytes, asked: NewPayout) -> Told:
        """Carry a payout out once per key; what is refused leaves no trace. Raises RefusedError for a key used before.

        What is dropped is dropped at its first request only.
        """
        fingerprint = hashlib.sha256(raw).hexdigest()
        conduct = conduct_of(asked.name)
        with self._store.transaction():
            known = self.find(key)
            if known is not None:
                if known.fingerprint != fingerprint:
                    raise RefusedError(409, "idempotency_mismatch", "This key was used for another request.")
                return Told(payout=view(known))
            if conduct.fault in BEFORE and key not in self._dropped:
                self._dropped.add(key)
                return Told(fault=conduct.fault)
            if conduct.refusal is not None:
                refusal = Refusal(conduct.code or "refused", "The payout was refused.", conduct.refusal)
                return Told(refusal=refusal)
            made = self._made(key, fingerprint, asked, conduct)
            self._save(made)
            self._plan(made, conduct)
            return Told(payout=view(made), fault=None if conduct.fault in BEFORE else conduct.fault)

    def find(self, key: str) -> Payout | None:
        """Give the payout of that key, if there is one."""
        row = self._store.connection.execute("SELECT * FROM payouts WHERE key = ?", (key,)).fetchone()
        return None if row is None else _shaped(row)

    def all_of(self, account: str) -> list[PayoutView]:
        """Give the payouts of an account, in the order in which they were made."""
        rows = self._store.connection.execute("SELECT * FROM payouts WHERE account = ? ORDER BY number", (account,))
        return [view(_shaped(row)) for row in rows]

    def do_duty(self, duty: Duty) -> None:
        """Move a payout on by one state, and tell of it."""
        with self._store.transaction():
            self._store.remove_duty(duty.key)
            payout = self.find(duty.key)
            if payout is None:
                return
            conduct = conduct_of(payout.name)
            ahead = _ahead(payout, conduct)
            if not ahead:
                return
            code = conduct.code if ahead[0] in (Status.FAILED, Status.RETURNED) else None
            moved = msgspec.structs.replace(payout, status=ahead[0], code=code, sequence=payout.sequence + 1)
            self._save(moved)
            self._tell(moved, conduct)
            self._plan(moved, conduct)

    def _made(self, key: str, fingerprint: str, asked: NewPayout, conduct: Conduct) -> Payout:
        return Payout(
            key=key,
            fingerprint=fingerprint,
            id=f"po_{secrets.token_hex(12)}",
            account=asked.account,
            payout=asked.payout,
            name=asked.name,
            amount=asked.amount + conduct.surplus,
            currency=asked.currency,
            status=conduct.begins,
            code=None,
            callback_url=asked.callback_url,
            created=int(self._clock()),
            sequence=1,
        )

    def _plan(self, payout: Payout, conduct: Conduct) -> None:
        if _ahead(payout, conduct):
            due_at = self._clock() + self._delays.settle_seconds
            self._store.add_duty(Duty(payout.key, payout.fingerprint, TASK, b"", due_at))

    def _tell(self, payout: Payout, conduct: Conduct) -> None:
        if payout.callback_url is None or conduct.silent:
            return
        now = self._clock()
        event = PayoutEventView(
            id=f"evt_{secrets.token_hex(12)}",
            type=f"payout.{payout.status}",
            created=int(now),
            sequence=payout.sequence,
            operation_key=payout.key,
            payout=view(payout),
        )
        self._store.add_event(charge=payout.id, url=payout.callback_url, body=msgspec.json.encode(event), due_at=now)

    def _save(self, payout: Payout) -> None:
        self._store.connection.execute(
            """
            INSERT INTO payouts (key, fingerprint, id, account, payout, name, amount, currency, status, code,
                callback_url, created, sequence)
            VALUES (:key, :fingerprint, :id, :account, :payout, :name, :amount, :currency, :status, :code,
                :callback_url, :created, :sequence)
            ON CONFLICT (key) DO UPDATE SET status = excluded.status, code = excluded.code,
                sequence = excluded.sequence
            """,
            msgspec.structs.asdict(payout),
        )


PAYOUTS = web.AppKey("PAYOUTS", Payouts)


def routes() -> list[web.RouteDef]:
    """List the merchants' doors to payouts."""
    return [
        web.post("/v1/payouts", create_payout),
        web.get("/v1/payouts", list_payouts),
        web.get("/v1/payouts/{key}", show_payout),
    ]


async def create_payout(request: web.Request) -> web.StreamResponse:
    """Pay somebody out."""
    desk, raw = request.app[DESK], await request.read()
    asked, key = read_body(raw, NewPayout), key_of(request)
    ordered = desk.faults.take("payout")
    if ordered in BEFORE:
        return await misbehave(request, ordered, hang_seconds=desk.delays.hang_seconds)
    told = request.app[PAYOUTS].perform(key, raw, asked)
    desk.clockwork.wake()
    if (fault := told.fault or ordered) is not None:
        return await misbehave(request, fault, hang_seconds=desk.delays.hang_seconds)
    return said(told.payout, 201) if told.refusal is None else said(Refused(told.refusal), 402)


async def show_payout(request: web.Request) -> web.StreamResponse:
    """Show what became of the payout of a key, as of now."""
    desk = request.app[DESK]
    if (fault := desk.faults.take("look_up")) is not None:
        return await misbehave(request, fault, hang_seconds=desk.delays.hang_seconds)
    found = request.app[PAYOUTS].find(request.match_info["key"])
    if found is None:
        raise RefusedError(404, "payout_not_found", "Nothing is known of this key.")
    return said(view(found))


async def list_payouts(request: web.Request) -> web.StreamResponse:
    """Show every payout of an account."""
    return said({"payouts": request.app[PAYOUTS].all_of(request.query.get("account", ""))})


def conduct_of(name: str) -> Conduct:
    """Say what becomes of who has this name."""
    return CONDUCTS.get(name.rpartition(" ")[2], Conduct())


def view(payout: Payout) -> PayoutView:
    """Show a payout."""
    failure = None if payout.code is None else Refusal(payout.code, "The bank did not keep it.", RefusalKind.HARD)
    return PayoutView(
        id=payout.id,
        key=payout.key,
        account=payout.account,
        payout=payout.payout,
        status=payout.status,
        amount=payout.amount,
        currency=payout.currency,
        failure=failure,
        created=payout.created,
        sequence=payout.sequence,
    )


def _ahead(payout: Payout, conduct: Conduct) -> tuple[Status, ...]:
    """Give the states that are still to come."""
    if payout.status in conduct.goes_on:
        return conduct.goes_on[conduct.goes_on.index(payout.status) + 1 :]
    return conduct.goes_on


def _shaped(row: sqlite3.Row) -> Payout:
    return msgspec.convert({name: row[name] for name in Payout.__struct_fields__}, Payout)
