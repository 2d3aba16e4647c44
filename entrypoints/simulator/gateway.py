"""The gateway at work: each operation once per idempotency key, its effect and its first answer kept together."""

import hashlib
import secrets
import time
from collections.abc import Callable

import msgspec

from entrypoints.simulator import rules
from entrypoints.simulator.rules import Charge, Decision
from entrypoints.simulator.store import Duty, Operation, Store
from entrypoints.simulator.tokens import BEFORE, TOKENS, Behaviour, Fault
from entrypoints.simulator.views import Views
from entrypoints.simulator.words import (
    ChargeView,
    Decline,
    Kind,
    NewCapture,
    NewCharge,
    NewRefund,
    NewVoid,
    OperationView,
    RefusalKind,
    RefusedError,
    State,
    Status,
    read_body,
)

Asked = NewCharge | NewCapture | NewVoid | NewRefund

_NAMES = {Kind.AUTHORIZE: "op", Kind.CAPTURE: "cap", Kind.VOID: "void", Kind.REFUND: "re"}
_ANSWER_STATUSES = {State.DECLINED: 402, State.FAILED: 422}
_LAND = "land"
_SETTLE = "settle"


class Delays(msgspec.Struct, frozen=True, kw_only=True):
    """How long the gateway takes for what it does late, in seconds, and the pauses between deliveries of an event."""

    late_seconds: float = 1.5
    settle_seconds: float = 1.0
    hang_seconds: float = 30.0
    callback_timeout_seconds: float = 5.0
    callback_pauses: tuple[float, ...] = (0.2, 1.0, 5.0, 30.0, 30.0, 30.0)


class Order(msgspec.Struct, frozen=True):
    """An operation as it was asked for. `charge` is empty when it makes one; `raw` is the body that says so."""

    kind: Kind
    key: str
    fingerprint: str
    asked: Asked
    raw: bytes
    charge: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What to say, and how to misbehave instead of saying it."""

    status: int = 200
    body: bytes = b""
    fault: Fault | None = None
    replayed: bool = False


def order_of(kind: Kind, key: str, raw: bytes, asked: Asked, charge: str = "") -> Order:
    """Read an order. The same key may only ever come with the same operation, charge and raw body."""
    fingerprint = hashlib.sha256(b"\0".join((kind.encode(), charge.encode(), raw))).hexdigest()
    return Order(kind, key, fingerprint, asked, raw, charge)


class Gateway:
    """The whole of what the gateway does to its books, without the network."""

    def __init__(self, store: Store, views: Views, delays: Delays, clock: Callable[[], float] = time.time) -> None:
        """Join the books with the way they are shown; `clock` gives Unix seconds."""
        self.store = store
        self._views = views
        self._delays = delays
        self._clock = clock

    def perform(self, order: Order) -> Answer:
        """Carry an operation out once. Raises RefusedError where nothing is kept, not even a refusal."""
        with self.store.transaction():
            known = self.store.find_operation(order.key)
            if known is not None:
                _match(known.fingerprint, order)
                return Answer(status=known.answer_status, body=known.answer, replayed=True)
            duty = self.store.find_duty(order.key)
            if duty is not None:
                _match(duty.fingerprint, order)
                return Answer(fault=Fault.CUT)
            fault = self._behaviour(order).faults.get(order.kind)
            if fault in BEFORE:
                return Answer(fault=fault)
            if fault is Fault.LATE:
                self._postpone(order)
                return Answer(fault=Fault.CUT)
            return self._keep(order, fault)

    def find_operation(self, key: str) -> OperationView | None:
        """Show what became of an operation, as of now; None while nothing is known of its key."""
        operation = self.store.find_operation(key)
        return None if operation is None else self._views.operation(operation, self._charge(operation.charge))

    def get_charge(self, charge_id: str) -> ChargeView:
        """Show a charge. Raises RefusedError 404."""
        return self._views.charge(self._charge(charge_id))

    def conclude(self, charge_id: str, waiting_for: Status, *, approve: bool) -> ChargeView:
        """End a customer's step or a pending charge. Raises RefusedError 404 or 409 when there is none to end."""
        with self.store.transaction():
            charge = self._charge(charge_id)
            if charge.status is not waiting_for:
                raise RefusedError(409, "state_conflict", f"The charge is {charge.status}.")
            refusal = Decline("authentication_failed" if charge.action else "do_not_honor", RefusalKind.HARD)
            decision = rules.approve(charge) if approve else rules.refuse(charge, refusal)
            self._change(self._authorization(charge), decision)
        return self._views.charge(decision.charge)

    def do_duty(self, duty: Duty) -> None:
        """Do what has fallen due, and forget it: an operation that lands late, or a pending one that ends well."""
        with self.store.transaction():
            self.store.remove_duty(duty.key)
            if duty.task == _LAND:
                asked = read_body(duty.payload, NewCharge)
                self._keep(Order(Kind.AUTHORIZE, duty.key, duty.fingerprint, asked, duty.payload), None)
                return
            operation = self.store.find_operation(duty.key)
            if operation is None or operation.state is not State.PENDING:
                return
            charge = self._charge(operation.charge)
            refund = operation.kind is Kind.REFUND
            self._change(operation, rules.pay_refund(charge, operation.amount) if refund else rules.approve(charge))

    def _behaviour(self, order: Order) -> Behaviour:
        source = order.asked.source if isinstance(order.asked, NewCharge) else self._charge(order.charge).source
        behaviour = TOKENS.get(source)
        if behaviour is None:
            raise RefusedError(422, "source_unknown", "There is no such source.")
        return behaviour

    def _charge(self, charge_id: str) -> Charge:
        charge = self.store.find_charge(charge_id)
        if charge is None:
            raise RefusedError(404, "charge_not_found", "There is no such charge.")
        return charge

    def _authorization(self, charge: Charge) -> Operation:
        operation = self.store.find_authorization(charge.id)
        if operation is None:
            raise RefusedError(404, "operation_not_found", "Nothing is known of how this charge was made.")
        return operation

    def _decide(self, order: Order) -> Decision:
        behaviour = self._behaviour(order)
        match order.asked:
            case NewCharge() as asked:
                name = f"ch_{secrets.token_hex(12)}"
                return rules.authorize(name, asked, behaviour, action=secrets.token_hex(16), now=int(self._clock()))
            case NewCapture(amount, final):
                return rules.capture(self._charge(order.charge), amount, final=final, behaviour=behaviour)
            case NewVoid():
                return rules.void(self._charge(order.charge))
            case NewRefund(amount):
                return rules.refund(self._charge(order.charge), amount, behaviour)

    def _keep(self, order: Order, fault: Fault | None) -> Answer:
        decision = self._decide(order)
        operation = self._operation(order, decision)
        self.store.save_charge(decision.charge)
        self.store.save_operation(operation)
        self._tell(operation, decision)
        if decision.state is State.PENDING:
            due_at = self._clock() + self._delays.settle_seconds
            self.store.add_duty(Duty(order.key, order.fingerprint, _SETTLE, b"", due_at))
        if order.kind is Kind.VOID and decision.charge.authorized == 0 and decision.refusal is None:
            self._give_up(decision.charge)
        return Answer(status=operation.answer_status, body=operation.answer, fault=fault)

    def _operation(self, order: Order, decision: Decision) -> Operation:
        refusal = decision.refusal
        draft = Operation(
            key=order.key,
            fingerprint=order.fingerprint,
            kind=order.kind,
            id=f"{_NAMES[order.kind]}_{secrets.token_hex(12)}",
            charge=decision.charge.id,
            amount=decision.amount,
            state=decision.state,
            code=None if refusal is None else refusal.code,
            decline_kind=None if refusal is None else refusal.kind,
            message=None if refusal is None else refusal.message,
            created=int(self._clock()),
            answer_status=_ANSWER_STATUSES.get(decision.state, 201),
            answer=b"",
        )
        return msgspec.structs.replace(draft, answer=self._views.answer(draft, decision))

    def _postpone(self, order: Order) -> None:
        due_at = self._clock() + self._delays.late_seconds
        self.store.add_duty(Duty(order.key, order.fingerprint, _LAND, order.raw, due_at))

    def _give_up(self, charge: Charge) -> None:
        """Say of a charge that was voided before it was authorized that its authorization failed for good."""
        authorization = self._authorization(charge)
        failed = msgspec.structs.replace(
            authorization,
            state=State.FAILED,
            code="voided",
            decline_kind=RefusalKind.HARD,
            message="The charge was voided before its customer had finished.",
        )
        self.store.save_operation(failed)

    def _change(self, operation: Operation, decision: Decision) -> None:
        refusal = decision.refusal
        changed = msgspec.structs.replace(
            operation,
            state=decision.state,
            code=None if refusal is None else refusal.code,
            decline_kind=None if refusal is None else refusal.kind,
            message=None if refusal is None else refusal.message,
        )
        self.store.save_charge(decision.charge)
        self.store.save_operation(changed)
        self._tell(changed, decision)

    def _tell(self, operation: Operation, decision: Decision) -> None:
        charge = decision.charge
        if decision.event is None or charge.callback_url is None:
            return
        now = self._clock()
        name = f"evt_{secrets.token_hex(12)}"
        body = self._views.event(name, decision.event, operation, charge, created=int(now))
        self.store.add_event(charge=charge.id, url=charge.callback_url, body=body, due_at=now)


def _match(fingerprint: str, order: Order) -> None:
    if fingerprint != order.fingerprint:
        raise RefusedError(409, "idempotency_mismatch", "This key was used for another request.")
