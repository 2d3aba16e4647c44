"""The doors for those who test with the wallets: move a payment along, let the status call lag, read the books."""

from typing import Annotated

import msgspec
from aiohttp import web

from entrypoints.simulator.wallets.books import PAID, State, Wallet, WalletPayment
from entrypoints.simulator.wallets.wallet import Till, WalletRefusedError
from entrypoints.simulator.words import BookLineView, BooksView, RefusedError, read_body

_UNPAID = frozenset({State.PENDING, State.EXPIRED, State.CANCELED, State.AMBIGUOUS})


class _Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the call that moves a payment: `completed` and `refunded` move money, the others end or hold it."""

    state: State


class _Habits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of the call that sets how a wallet behaves; what is left out goes back to normal.

    `lag_seconds`: how long the status call tells what was true before. `is_out`: the status call is out of service.
    """

    lag_seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 0.0
    is_out: bool = False


class WalletControl:
    """The doors for tests of all wallets."""

    def __init__(self, *tills: Till) -> None:
        """Join the doors with the tills."""
        self._tills = {till.wallet: till for till in tills}

    def routes(self) -> list[web.RouteDef]:
        """List the doors."""
        wallets = "|".join(self._tills)
        return [
            web.post(f"/control/wallets/{{wallet:{wallets}}}", self.set_habits),
            web.post(f"/control/wallets/{{wallet:{wallets}}}/{{id}}", self.move),
            web.get(f"/control/books/{{wallet:{wallets}}}", self.show_books),
        ]

    async def set_habits(self, request: web.Request) -> web.StreamResponse:
        """Let the status call lag behind, or be out of service."""
        till = self._till(request)
        habits = read_body(await request.read(), _Habits)
        till.lag_seconds, till.is_out = habits.lag_seconds, habits.is_out
        return _said(habits)

    async def move(self, request: web.Request) -> web.StreamResponse:
        """Move a payment along, as its customer, its clock or the merchant's portal would."""
        till, name = self._till(request), request.match_info["id"]
        state = read_body(await request.read(), _Order).state
        try:
            return _said(_moved(till, name, state))
        except WalletRefusedError as refusal:
            raise RefusedError(409, "state_conflict", str(refusal)) from refusal

    async def show_books(self, request: web.Request) -> web.StreamResponse:
        """Show every payment of a wallet: what it took and gave back, in paisa."""
        lines = tuple(
            BookLineView(
                charge=payment.id,
                payment=payment.merchant_order,
                currency="NPR",
                captured=payment.amount if payment.state in PAID else 0,
                refunded=payment.refunded,
            )
            for payment in self._till(request).books.payments(Wallet(request.match_info["wallet"]))
        )
        return _said(BooksView(lines, None))

    def _till(self, request: web.Request) -> Till:
        return self._tills[Wallet(request.match_info["wallet"])]


def _moved(till: Till, name: str, state: State) -> WalletPayment:
    if state is State.COMPLETED:
        return till.pay(name)
    if state is State.REFUNDED:
        return till.refund(till.get(name), None)
    if state in _UNPAID:
        return till.become(name, state)
    raise WalletRefusedError(f"Nothing becomes {state} by this.")


def _said(shape: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(shape), content_type="application/json")
