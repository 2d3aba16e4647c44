"""The payouts of the gateway in memory: one for each key, in books of their own."""

import random
from dataclasses import dataclass, field
from typing import Any

Said = tuple[int, dict[str, Any]]

LIVE = frozenset({"pending", "paid", "returned"})
"""Payouts for which money left, or is about to."""


@dataclass
class Paying:
    """One payout, in minor units."""

    id: str
    key: str
    payout: str
    amount: int
    currency: str
    status: str


@dataclass
class PayoutBooks:
    """What it refuses, pays at once, thinks over and sends back is up to its chance."""

    name: str
    chance: random.Random
    payouts: dict[str, Paying] = field(default_factory=dict)
    refused: dict[str, Said] = field(default_factory=dict)

    def order(self, key: str, body: dict[str, Any]) -> Said:
        """Pay out once for a key; the same key is answered with what it was answered first, as it stands now."""
        if key in self.refused:
            return self.refused[key]
        if key not in self.payouts:
            roll = self.chance.random()
            if roll < 0.1:
                error = {"code": "account_closed", "kind": "hard", "message": "No."}
                self.refused[key] = (402, {"error": error})
                return self.refused[key]
            self.payouts[key] = Paying(
                id=f"po_{self.name}_{len(self.payouts) + 1}",
                key=key,
                payout=body["payout"],
                amount=body["amount"],
                currency=body["currency"],
                status="pending" if roll < 0.6 else "paid",
            )
        return 201, _shown(self.payouts[key])

    def found(self, key: str) -> Said:
        """Say how a payout stands; what was refused is not there."""
        paying = self.payouts.get(key)
        return (404, {"error": {"code": "payout_not_found"}}) if paying is None else (200, _shown(paying))

    def think(self) -> list[str]:
        """Pay, or give up, what is pending, and have the other side send some of it back; give the keys it concerns."""
        changed = []
        for paying in self.payouts.values():
            if paying.status == "pending":
                paying.status = "paid" if self.chance.random() < 0.7 else "failed"
            elif paying.status == "paid" and self.chance.random() < 0.2:
                paying.status = "returned"
            else:
                continue
            changed.append(paying.key)
        return changed


def _shown(paying: Paying) -> dict[str, Any]:
    failure = {"code": "account_closed", "message": "No."} if paying.status in {"failed", "returned"} else None
    return {
        "id": paying.id,
        "key": paying.key,
        "payout": paying.payout,
        "status": paying.status,
        "amount": paying.amount,
        "currency": paying.currency,
        "failure": failure,
    }
