"""What happens to a wallet's payments, without the network: the customer pays or leaves, links run out, refunds."""

import secrets
import time
from collections.abc import Callable

import msgspec

from entrypoints.simulator.wallets.books import PAID, State, Wallet, WalletBooks, WalletPayment

LINK_SECONDS = 1_800
"""How long a customer may take."""


class WalletRefusedError(Exception):
    """What a wallet does not do. The message is for whoever asked."""


class Till:
    """One wallet at work on its books.

    `lag_seconds` is how long its status call still says what was true before; `is_out`: it says nothing useful.
    """

    def __init__(self, wallet: Wallet, books: WalletBooks, clock: Callable[[], float] = time.time) -> None:
        """Join a wallet with its books; `clock` gives Unix seconds."""
        self.wallet = wallet
        self.books = books
        self.lag_seconds = 0.0
        self.is_out = False
        self._clock = clock

    def open(self, payment_id: str, order: str, *, name: str, amount: int, urls: tuple[str, str]) -> WalletPayment:
        """Begin a payment that waits for its customer; `urls` are those of success and of failure."""
        now = self._clock()
        self.books.save(
            WalletPayment(
                wallet=self.wallet,
                id=payment_id,
                merchant_order=order,
                name=name,
                amount=amount,
                changed_at=now,
                expires_at=now + LINK_SECONDS,
                return_url=urls[0],
                failure_url=urls[1],
                created=int(now),
            )
        )
        return self.get(payment_id)

    def get(self, payment_id: str) -> WalletPayment:
        """Give a payment as it is now; a link that has run out expires here. Raises WalletRefusedError."""
        payment = self.books.find(self.wallet, payment_id)
        if payment is None:
            raise WalletRefusedError("Not found.")
        if payment.state is State.INITIATED and self._clock() >= payment.expires_at:
            return self._moved(payment, State.EXPIRED)
        return payment

    def get_by_transaction(self, transaction_id: str) -> WalletPayment:
        """Give the payment of a transaction. Raises WalletRefusedError."""
        payment = self.books.find_transaction(self.wallet, transaction_id)
        if payment is None:
            raise WalletRefusedError("Not found.")
        return payment

    def shown_state(self, payment: WalletPayment) -> State:
        """Give the state that the status call tells: the earlier one while it lags behind."""
        lags = self._clock() < payment.changed_at + self.lag_seconds
        return payment.earlier if lags else payment.state

    def pay(self, payment_id: str) -> WalletPayment:
        """Let the customer pay; once paid it stays paid. Raises WalletRefusedError where there is nothing to pay."""
        with self.books.transaction():
            payment = self.get(payment_id)
            if payment.state in PAID:
                return payment
            if payment.state not in {State.INITIATED, State.PENDING, State.AMBIGUOUS}:
                raise WalletRefusedError(f"The payment is {payment.state}.")
            return self._moved(payment, State.COMPLETED, transaction_id=secrets.token_hex(11))

    def become(self, payment_id: str, state: State) -> WalletPayment:
        """Let an unpaid payment become something else. Raises WalletRefusedError when it is paid or over."""
        with self.books.transaction():
            payment = self.get(payment_id)
            if payment.state not in {State.INITIATED, State.PENDING, State.AMBIGUOUS}:
                raise WalletRefusedError(f"The payment is {payment.state}.")
            return self._moved(payment, state)

    def refund(self, payment: WalletPayment, amount: int | None) -> WalletPayment:
        """Give an amount back, or (None) all that is left. Raises WalletRefusedError when that is too much."""
        with self.books.transaction():
            left = payment.amount - payment.refunded
            given = left if amount is None else amount
            if payment.state not in PAID or not 1 <= given <= left:
                raise WalletRefusedError(f"Only {left} can be refunded.")
            self.books.add_refund(payment, given, created=int(self._clock()))
            state = State.REFUNDED if given == left else State.PARTIALLY_REFUNDED
            return self._moved(payment, state, refunded=payment.refunded + given)

    def _moved(self, payment: WalletPayment, state: State, **changes: object) -> WalletPayment:
        moved = msgspec.structs.replace(
            payment, state=state, earlier=payment.state, changed_at=self._clock(), **changes
        )
        self.books.save(moved)
        return moved
