"""A wallet that speaks as Khalti's web checkout (KPG-2) is documented: initiate, pay page, look-up, refund.

Nothing here protects a repetition: two initiations of one order are two payments. The way back is unsigned.
"""

import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, TypeVar

import msgspec
from aiohttp import web

from entrypoints.simulator.wallets.books import PAID, State, WalletPayment
from entrypoints.simulator.wallets.pages import back, payment_page
from entrypoints.simulator.wallets.wallet import LINK_SECONDS, Till, WalletRefusedError

_NEPAL = timezone(timedelta(hours=5, minutes=45))
_MINIMUM_PAISA = 1_000
_WORDS = {
    State.INITIATED: "Initiated",
    State.PENDING: "Pending",
    State.COMPLETED: "Completed",
    State.REFUNDED: "Refunded",
    State.PARTIALLY_REFUNDED: "Partially Refunded",
    State.EXPIRED: "Expired",
    State.CANCELED: "User canceled",
    State.AMBIGUOUS: "Pending",
}
_TOLD_WITH_400 = frozenset({State.EXPIRED, State.CANCELED})

Shape = TypeVar("Shape")
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class _Initiation(msgspec.Struct, frozen=True):
    return_url: Text
    website_url: Text
    amount: int
    purchase_order_id: Text
    purchase_order_name: Text
    amount_breakdown: tuple["_Part", ...] | None = None


class _Part(msgspec.Struct, frozen=True):
    label: str
    amount: int


class _LookUp(msgspec.Struct, frozen=True):
    pidx: str


class _RefundOrder(msgspec.Struct, frozen=True):
    amount: float | None = None
    mobile: str | None = None


class _SaidError(Exception):
    """An answer that refuses."""

    def __init__(self, status: int, body: Mapping[str, object]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class KhaltiDoors:
    """Khalti's doors, for one merchant with one key. `public_url` is where browsers find the simulator."""

    def __init__(self, till: Till, *, key: str, public_url: str) -> None:
        """Join the doors with the till behind them."""
        self._till = till
        self._key = key.encode()
        self._public_url = public_url

    def routes(self) -> list[web.RouteDef]:
        """List the doors."""
        return [
            web.post("/khalti/api/v2/epayment/initiate/", self.initiate),
            web.post("/khalti/api/v2/epayment/lookup/", self.look_up),
            web.post("/khalti/api/merchant-transaction/{transaction}/refund/", self.refund),
            web.get("/khalti/pay", self.show_page),
            web.post("/khalti/pay", self.take_answer),
        ]

    async def initiate(self, request: web.Request) -> web.StreamResponse:
        """Begin a payment: a new one each time, whatever its order is called."""
        try:
            asked = await self._asked(request, _Initiation)
            if asked.amount < _MINIMUM_PAISA:
                raise _invalid(amount="Amount should be greater than Rs. 10, that is 1000 paisa.")
            if asked.amount_breakdown and sum(part.amount for part in asked.amount_breakdown) != asked.amount:
                raise _invalid(amount="Amount Breakdown mismatch.")
        except _SaidError as refusal:
            return _said(refusal.body, refusal.status)
        payment = self._till.open(
            secrets.token_hex(11),
            asked.purchase_order_id,
            name=asked.purchase_order_name,
            amount=asked.amount,
            urls=(asked.return_url, asked.return_url),
        )
        return _said(
            {
                "pidx": payment.id,
                "payment_url": f"{self._public_url}/khalti/pay?pidx={payment.id}",
                "expires_at": datetime.fromtimestamp(payment.expires_at, UTC).astimezone(_NEPAL).isoformat(),
                "expires_in": LINK_SECONDS,
            }
        )

    async def look_up(self, request: web.Request) -> web.StreamResponse:
        """Say what became of a payment; `Expired` and `User canceled` come with 400."""
        try:
            asked = await self._asked(request, _LookUp)
            payment = self._till.get(asked.pidx)
        except _SaidError as refusal:
            return _said(refusal.body, refusal.status)
        except WalletRefusedError as refusal:
            return _said({"detail": str(refusal), "error_key": "validation_error"}, 400)
        state = self._till.shown_state(payment)
        body = {
            "pidx": payment.id,
            "total_amount": payment.amount,
            "status": _WORDS[state],
            "transaction_id": payment.transaction_id if state in PAID else None,
            "fee": 0,
            "refunded": state is State.REFUNDED,
        }
        return _said(body, 400 if state in _TOLD_WITH_400 else 200)

    async def refund(self, request: web.Request) -> web.StreamResponse:
        """Give a payment back, whole or (an amount in paisa) in part; it is named by its transaction."""
        try:
            asked = await self._asked(request, _RefundOrder)
            payment = self._till.get_by_transaction(request.match_info["transaction"])
            self._till.refund(payment, _paisa(asked.amount))
        except _SaidError as refusal:
            return _said(refusal.body, refusal.status)
        except WalletRefusedError as refusal:
            return _said({"detail": str(refusal), "error_key": "validation_error"}, 400)
        return _said({"detail": "Transaction refund successful."})

    async def show_page(self, request: web.Request) -> web.StreamResponse:
        """Show the page on which the customer pays; with `answer=pay|cancel` in its query the answer is taken."""
        query = request.query
        if "answer" in query:
            return self._answered(query.get("pidx", ""), query["answer"])
        try:
            return payment_page("Pay with Khalti", self._till.get(query.get("pidx", "")))
        except WalletRefusedError as refusal:
            return web.Response(status=404, text=str(refusal))

    async def take_answer(self, request: web.Request) -> web.StreamResponse:
        """Take the customer's answer from the page's form, and send the browser back."""
        form = await request.post()
        return self._answered(str(form.get("id", "")), str(form.get("answer", "")))

    def _answered(self, pidx: str, answer: str) -> web.Response:
        try:
            payment = self._till.pay(pidx) if answer == "pay" else self._till.become(pidx, State.CANCELED)
        except WalletRefusedError as refusal:
            return web.Response(status=409, text=str(refusal))
        return back(payment.return_url, _way_back(payment))

    async def _asked(self, request: web.Request, shape: type[Shape]) -> Shape:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        known = hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._key)
        if scheme.lower() != "key" or not known:
            raise _SaidError(401, {"detail": "Invalid token.", "status_code": 401})
        try:
            return msgspec.json.decode(await request.read() or b"{}", type=shape)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
            raise _invalid(non_field_errors=str(fault)) from fault


def _paisa(amount: float | None) -> int | None:
    """Read an amount of whole paisa, which Khalti's own example writes as 50.00. Raises WalletRefusedError."""
    if amount is not None and not amount.is_integer():
        raise WalletRefusedError("The amount should be in paisa.")
    return None if amount is None else int(amount)


def _way_back(payment: WalletPayment) -> dict[str, str]:
    """Write the query of the way back: every word of it could be anybody's."""
    transaction = payment.transaction_id or ""
    return {
        "pidx": payment.id,
        "txnId": transaction,
        "amount": str(payment.amount),
        "total_amount": str(payment.amount),
        "status": _WORDS[payment.state],
        "mobile": "98XXXXX000",
        "tidx": transaction,
        "purchase_order_id": payment.merchant_order,
        "purchase_order_name": payment.name,
        "transaction_id": transaction,
    }


def _invalid(**faults: str) -> _SaidError:
    return _SaidError(400, {**{name: [fault] for name, fault in faults.items()}, "error_key": "validation_error"})


def _said(body: Mapping[str, object], status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")
