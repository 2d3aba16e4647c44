"""A card gateway in memory that speaks the sandbox's protocol, keeps its own books, and never has an effect twice.

It shares no code with the adapter: it reads requests and writes answers by itself, as the other side of the wire does.
"""

import hashlib
import hmac
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from adapters.providerkit.messages import HttpRequest, HttpResponse
from tests.boundary.payout_books import PayoutBooks, Said

SECRET = "whsec_test_of_the_gateway"


@dataclass
class Charge:
    """One charge, in minor units."""

    id: str
    payment: str
    amount: int
    currency: str
    status: str
    code: str | None = None
    kind: str | None = None
    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    released: int = 0
    at_once: bool = False

    @property
    def is_live(self) -> bool:
        """Whether it has the customer's money, or holds it."""
        return self.captured > 0 or self.authorized > self.captured + self.released


@dataclass
class Done:
    """What became of one key."""

    kind: str
    said: Said
    state: str
    amount: int
    charge: Charge | None
    code: str | None = None


@dataclass
class Gateway:
    """The gateway: what it declines and what it thinks over is up to its chance."""

    name: str
    chance: random.Random
    charges: dict[str, Charge] = field(default_factory=dict)
    done: dict[str, Done] = field(default_factory=dict)
    callbacks: list[tuple[bytes, str]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    paying: PayoutBooks = field(init=False)

    def __post_init__(self) -> None:
        self.paying = PayoutBooks(self.name, self.chance)

    def answer(self, request: HttpRequest, *, now_seconds: float) -> HttpResponse:
        """Do what a whole request asks for, and answer it."""
        parts = urlsplit(request.url)
        path = [unquote(one) for one in parts.path.strip("/").split("/")][1:]
        if path[0] == "payouts":
            said = self._paid_out(request, path, now_seconds)
        elif request.method == "GET":
            said = self._found(path[1]) if path[0] == "operations" else self._books()
        else:
            key = request.headers["Idempotency-Key"]
            if key not in self.done:
                self.done[key] = self._do(path, json.loads(request.body))
                self._tell(key, now_seconds)
            said = self.done[key].said
        return HttpResponse(
            status=said[0], headers={"content-type": "application/json"}, body=json.dumps(said[1]).encode()
        )

    def think(self, *, now_seconds: float) -> None:
        """Come to an end with everything that was thought over."""
        for key, done in self.done.items():
            charge = done.charge
            if done.state == "pending" and charge is not None:
                taken = self.chance.random() < 0.7
                done.state = "succeeded" if taken else "declined"
                done.code = None if taken else "do_not_honor"
                _decide(charge, "authorized" if taken else "declined")
                self._tell(key, now_seconds)

    def think_of_payouts(self, *, now_seconds: float) -> None:
        """Let payouts become something else, and tell of it."""
        for key in self.paying.think():
            self._call_back(key, "payout.changed", None, now_seconds)

    def effects(self, kind: str) -> set[str]:
        """Give the keys of the operations of a kind that moved or held money."""
        return {key for key, done in self.done.items() if done.kind == kind and done.state == "succeeded"}

    def live(self) -> list[Charge]:
        """Give the charges that have a customer's money, or hold it."""
        return [charge for charge in self.charges.values() if charge.is_live]

    def _paid_out(self, request: HttpRequest, path: list[str], now_seconds: float) -> Said:
        if request.method == "GET":
            return self.paying.found(path[1])
        key = request.headers["Idempotency-Key"]
        is_new = key not in self.paying.payouts
        said = self.paying.order(key, json.loads(request.body))
        if is_new:
            self._call_back(key, "payout.changed", None, now_seconds)
        return said

    def _do(self, path: list[str], body: dict[str, Any]) -> Done:
        if path == ["charges"]:
            return self._charge(body)
        charge = self.charges.get(path[1])
        kind = {"capture": "capture", "void": "void", "refunds": "refund"}[path[2]]
        if charge is None:
            return _refused(kind, "charge_not_found", status=404)
        open_minor = charge.authorized - charge.captured - charge.released
        match kind:
            case "capture" if 0 < body["amount"] <= open_minor and charge.status == "authorized":
                charge.captured += body["amount"]
                if body["final"]:
                    charge.released = charge.authorized - charge.captured
                return self._moved("capture", charge, body["amount"])
            case "void" if open_minor > 0 and charge.status == "authorized":
                charge.released += open_minor
                return self._moved("void", charge, open_minor)
            case "refund" if 0 < body["amount"] <= charge.captured - charge.refunded:
                charge.refunded += body["amount"]
                return self._moved("refund", charge, body["amount"])
            case _:
                return _refused(kind, "not_possible", charge=charge)

    def _charge(self, body: dict[str, Any]) -> Done:
        charge = Charge(
            id=f"ch_{self.name}_{next(self.numbers)}",
            payment=body["payment"],
            amount=body["amount"],
            currency=body["currency"],
            status="",
            at_once=body["capture"],
        )
        self.charges[charge.id] = charge
        roll = self.chance.random()
        status = "declined" if roll < 0.12 else "pending" if roll < 0.2 else "authorized"
        charge.kind = "soft" if roll < 0.08 else "hard"
        _decide(charge, status)
        state = {"declined": "declined", "pending": "pending"}.get(status, "succeeded")
        if status == "declined":
            error = {"code": "do_not_honor", "kind": charge.kind, "message": "No."}
            said = (402, {"error": error, "charge": _shown(charge)})
        else:
            said = (201, _shown(charge))
        return Done("authorize", said, state, charge.amount, charge, charge.code)

    def _moved(self, kind: str, charge: Charge, amount: int) -> Done:
        movement = {
            "id": f"mv_{next(self.numbers)}",
            "charge": charge.id,
            "amount": amount,
            "currency": charge.currency,
            "status": "succeeded",
        }
        return Done(kind, (201, movement), "succeeded", amount, charge)

    def _found(self, key: str) -> Said:
        done = self.done.get(key)
        if done is None or done.charge is None:
            return 404, {"error": {"code": "operation_not_found"}}
        return 200, {
            "key": key,
            "kind": done.kind,
            "state": done.state,
            "amount": done.amount,
            "currency": done.charge.currency,
            "charge": _shown(done.charge),
            "code": done.code,
            "decline_kind": done.charge.kind if done.state == "declined" else None,
            "message": None,
        }

    def _books(self) -> Said:
        return 200, {"lines": [_line(one) for one in self.charges.values()], "next": None}

    def _tell(self, key: str, now_seconds: float) -> None:
        done = self.done[key]
        charge = {"id": done.charge.id} if done.charge else None
        self._call_back(key, f"{done.kind}.changed", charge, now_seconds)

    def _call_back(self, key: str, kind: str, charge: dict[str, Any] | None, now_seconds: float) -> None:
        """Write a signed callback, to be delivered whenever, and however often."""
        event = {"id": f"ev_{next(self.numbers)}", "type": kind, "operation_key": key, "charge": charge}
        raw = json.dumps(event).encode()
        at = int(now_seconds)
        signed = hmac.new(SECRET.encode(), f"{at}.".encode() + raw, hashlib.sha256).hexdigest()
        self.callbacks.append((raw, f"t={at},v1={signed}"))


def _decide(charge: Charge, status: str) -> None:
    charge.status = status
    charge.code = "do_not_honor" if status == "declined" else None
    if status == "authorized":
        charge.authorized = charge.amount
        if charge.at_once:
            charge.status, charge.captured = "captured", charge.amount


def _refused(kind: str, code: str, *, status: int = 422, charge: Charge | None = None) -> Done:
    said = (status, {"error": {"code": code, "kind": "invalid", "message": "No."}})
    return Done(kind, said, "failed", 0, charge, code)


def _shown(charge: Charge) -> dict[str, Any]:
    decline = {"code": charge.code, "kind": charge.kind} if charge.status == "declined" else None
    return {
        "id": charge.id,
        "payment": charge.payment,
        "status": charge.status,
        "amount": charge.amount,
        "currency": charge.currency,
        "authorized": charge.authorized,
        "captured": charge.captured,
        "decline": decline,
    }


def _line(charge: Charge) -> dict[str, Any]:
    return {
        "charge": charge.id,
        "payment": charge.payment,
        "currency": charge.currency,
        "captured": charge.captured,
        "refunded": charge.refunded,
    }
