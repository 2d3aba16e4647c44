"""A wallet that speaks as eSewa's ePay v2 is documented: a signed form, a signed way back, a status to ask for.

A transaction_uuid is paid once. eSewa writes one amount in several ways; so does this, turn by turn.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import msgspec
from aiohttp import web

from entrypoints.simulator.wallets.books import PAID, State, WalletPayment
from entrypoints.simulator.wallets.pages import back, payment_page
from entrypoints.simulator.wallets.wallet import Till, WalletRefusedError

PRODUCT_CODE = "EPAYTEST"

_SIGNED_OF_FORM = "total_amount,transaction_uuid,product_code"
_SIGNED_OF_WAY_BACK = "transaction_code,status,total_amount,transaction_uuid,product_code,signed_field_names"
_PARTS = ("amount", "tax_amount", "product_service_charge", "product_delivery_charge")
_UUID = re.compile(r"\A[A-Za-z0-9-]{1,100}\Z", re.ASCII)
_AMOUNT = re.compile(r"\A[0-9]{1,3}(,?[0-9]{3})*(\.[0-9]{1,2})?\Z|\A[0-9]{1,12}(\.[0-9]{1,2})?\Z", re.ASCII)
_WORDS = {
    State.INITIATED: "PENDING",
    State.PENDING: "PENDING",
    State.COMPLETED: "COMPLETE",
    State.REFUNDED: "FULL_REFUND",
    State.PARTIALLY_REFUNDED: "PARTIAL_REFUND",
    State.EXPIRED: "NOT_FOUND",
    State.CANCELED: "CANCELED",
    State.AMBIGUOUS: "AMBIGUOUS",
}
_OUT_OF_SERVICE = {"code": 0, "error_message": "Service is currently unavailable"}


class EsewaDoors:
    """eSewa's doors, for one merchant with one secret key and one product code."""

    def __init__(self, till: Till, *, secret: str) -> None:
        """Join the doors with the till behind them."""
        self._till = till
        self._secret = secret.encode()

    def routes(self) -> list[web.RouteDef]:
        """List the doors."""
        return [
            web.post("/esewa/api/epay/main/v2/form", self.take_form),
            web.post("/esewa/api/epay/main/v2/pay", self.take_answer),
            web.get("/esewa/api/epay/transaction/status/", self.show_status),
        ]

    async def take_form(self, request: web.Request) -> web.StreamResponse:
        """Take the form that the customer's browser posts, and show the page on which the customer pays."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            return payment_page("Pay with eSewa", self._opened(form))
        except WalletRefusedError as refusal:
            return _said({"code": "ES104", "message": str(refusal)}, 400)

    async def take_answer(self, request: web.Request) -> web.StreamResponse:
        """Take the customer's answer from the page's form, and send the browser back."""
        form = await request.post()
        uuid, answer = str(form.get("id", "")), str(form.get("answer", ""))
        try:
            if answer != "pay":
                return back(self._till.become(uuid, State.CANCELED).failure_url, {})
            payment = self._till.pay(uuid)
        except WalletRefusedError as refusal:
            return web.Response(status=409, text=str(refusal))
        # eSewa puts its question mark behind any address, whatever stands there already.
        return back(payment.return_url, {"data": self._way_back(payment)}, separator="?")

    async def show_status(self, request: web.Request) -> web.StreamResponse:
        """Say what became of a transaction; whoever asks must know its amount."""
        if self._till.is_out:
            return _said(_OUT_OF_SERVICE)
        uuid, code = request.query.get("transaction_uuid", ""), request.query.get("product_code", "")
        amount = _find_paisa(request.query.get("total_amount", ""))
        payment = self._find(uuid)
        known = payment is not None and code == PRODUCT_CODE and payment.amount == amount
        state = self._till.shown_state(payment) if known and payment is not None else State.EXPIRED
        # An amount is written as a JSON number with one decimal at least, as eSewa does it.
        total = _written(amount or 0)
        reference = payment.transaction_id if known and payment is not None and state in PAID else None
        body = (
            f'{{"product_code":{_quoted(code)},"transaction_uuid":{_quoted(uuid)},"total_amount":{total},'
            f'"status":"{_WORDS[state]}","ref_id":{_quoted(reference)}}}'
        )
        return web.Response(body=body.encode(), content_type="application/json")

    def _opened(self, form: Mapping[str, str]) -> WalletPayment:
        uuid, total = form.get("transaction_uuid", ""), _find_paisa(form.get("total_amount", ""))
        parts = [_find_paisa(form.get(name, "")) for name in _PARTS]
        if _UUID.match(uuid) is None or form.get("product_code") != PRODUCT_CODE or not total:
            raise WalletRefusedError("Invalid payload.")
        if sum(part for part in parts if part is not None) != total or None in parts:
            raise WalletRefusedError("The amounts do not add up.")
        if not self._is_signed(form) or "success_url" not in form or "failure_url" not in form:
            raise WalletRefusedError("Invalid payload signature.")
        known = self._find(uuid)
        if known is None:
            urls = (form["success_url"], form["failure_url"])
            return self._till.open(uuid, uuid, name=f"Payment {uuid}", amount=total, urls=urls)
        if known.state is not State.INITIATED or known.amount != total:
            raise WalletRefusedError("Duplicate transaction UUID.")
        return known

    def _is_signed(self, form: Mapping[str, str]) -> bool:
        if form.get("signed_field_names") != _SIGNED_OF_FORM:
            return False
        signature = self._signature({name: form.get(name, "") for name in _SIGNED_OF_FORM.split(",")})
        return hmac.compare_digest(signature, form.get("signature", "").encode("utf-8", "surrogateescape"))

    def _signature(self, fields: Mapping[str, str]) -> bytes:
        message = ",".join(f"{name}={value}" for name, value in fields.items())
        return base64.b64encode(hmac.digest(self._secret, message.encode(), hashlib.sha256))

    def _way_back(self, payment: WalletPayment) -> str:
        """Write the signed way back: over what stands there literally, be it a number, text, or text with commas."""
        plain = _written(payment.amount)
        grouped = (
            f"{Decimal(payment.amount) / 100:,.1f}"
            if payment.amount % 10 == 0
            else f"{Decimal(payment.amount) / 100:,.2f}"
        )
        literal = (plain, plain, grouped)[payment.number % 3]
        fields = {
            "transaction_code": payment.transaction_id or "",
            "status": _WORDS[payment.state],
            "total_amount": literal,
            "transaction_uuid": payment.id,
            "product_code": PRODUCT_CODE,
            "signed_field_names": _SIGNED_OF_WAY_BACK,
        }
        signed = {**fields, "signature": self._signature(fields).decode()}
        text = msgspec.json.encode(signed).decode()
        if payment.number % 3 == 0:
            text = text.replace(f'"total_amount":"{literal}"', f'"total_amount":{literal}')
        return base64.b64encode(text.encode()).decode()

    def _find(self, uuid: str) -> WalletPayment | None:
        try:
            return self._till.get(uuid)
        except WalletRefusedError:
            return None


def _find_paisa(text: str) -> int | None:
    """Read rupees in text into paisa; None when it is not an amount."""
    if _AMOUNT.match(text) is None:
        return None
    try:
        return int(Decimal(text.replace(",", "")) * 100)
    except InvalidOperation:
        return None


def _written(paisa: int) -> str:
    """Write rupees with one decimal at least: 1000.0, 100.5, 99.99."""
    return f"{paisa // 100}.{f'{paisa % 100:02}'.removesuffix('0') or '0'}"


def _quoted(text: str | None) -> str:
    return msgspec.json.encode(text).decode()


def _said(body: Mapping[str, object], status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")
