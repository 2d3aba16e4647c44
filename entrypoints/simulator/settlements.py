"""The file with which a provider settles: what it took and gave back, its fee, and what it pays out, per batch."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
from aiohttp import web

from entrypoints.simulator.store import Movement, Store
from entrypoints.simulator.wallets.books import PAID, Wallet, WalletBooks

_CARD = "card"
_FEE_BASIS_POINTS = {_CARD: 140, Wallet.KHALTI: 200, Wallet.ESEWA: 150}
_FEE_FIXED_MINOR = {_CARD: 25}
_HEAD = ("batch", "booked_at", "kind", "id", "reference", "currency", "gross", "fee", "net")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One movement in a settlement file, in minor units; what was given back is negative and costs no fee."""

    batch: str
    booked_at: str
    kind: str
    id: str
    reference: str
    currency: str
    gross: int
    fee: int
    net: int


class Settlements:
    """The door at which settlement files are had."""

    def __init__(self, store: Store, wallets: WalletBooks) -> None:
        """Join the door with the books of the card gateway and of the wallets."""
        self._store = store
        self._wallets = wallets

    def routes(self) -> list[web.RouteDef]:
        """List the door."""
        return [web.get("/control/settlements/{dialect:card|khalti|esewa}", self.give_file)]

    async def give_file(self, request: web.Request) -> web.StreamResponse:
        """Give the settlement file of a provider as CSV, of one `batch` where the query names it."""
        dialect, batch = request.match_info["dialect"], request.query.get("batch")
        movements = self._store.movements() if dialect == _CARD else self._of_wallet(Wallet(dialect))
        lines = [line for one in movements if batch in {None, (line := _line(dialect, one)).batch}]
        return web.Response(text=_written(lines), content_type="text/csv")

    def _of_wallet(self, wallet: Wallet) -> list[Movement]:
        """Give what a wallet took and gave back, in the order of time."""
        payments = {payment.number: payment for payment in self._wallets.payments(wallet)}
        taken = [
            Movement(
                "capture", one.transaction_id or one.id, one.merchant_order, one.amount, "NPR", int(one.changed_at)
            )
            for one in payments.values()
            if one.state in PAID
        ]
        returned = [
            Movement("refund", f"R{one.number}", payments[one.payment].merchant_order, one.amount, "NPR", one.created)
            for one in self._wallets.refunds(wallet)
        ]
        return sorted([*taken, *returned], key=lambda movement: movement.created)


def _line(dialect: str, movement: Movement) -> Line:
    booked = datetime.fromtimestamp(movement.created, UTC)
    is_refund = movement.kind == "refund"
    gross = -movement.amount if is_refund else movement.amount
    fee = 0 if is_refund else _fee(dialect, movement.amount)
    return Line(
        batch=f"{dialect}-{booked:%Y%m%d}",
        booked_at=booked.isoformat(),
        kind=movement.kind,
        id=movement.id,
        reference=movement.reference,
        currency=movement.currency,
        gross=gross,
        fee=fee,
        net=gross - fee,
    )


def _fee(dialect: str, amount: int) -> int:
    """Give the fee in minor units: a share of the amount, half a unit rounded up, and a fixed part."""
    return (amount * _FEE_BASIS_POINTS[dialect] + 5_000) // 10_000 + _FEE_FIXED_MINOR.get(dialect, 0)


def _written(lines: Iterable[Line]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(_HEAD)
    writer.writerows([getattr(line, name) for name in _HEAD] for line in lines)
    return file.getvalue()
