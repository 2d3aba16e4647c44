"""How the gateway shows what it keeps."""

import msgspec

from entrypoints.simulator.rules import Charge, Decision
from entrypoints.simulator.store import Operation
from entrypoints.simulator.words import (
    ChargeView,
    Decline,
    EventView,
    Kind,
    MovementView,
    OperationView,
    Refusal,
    State,
    Status,
)


class Refused(msgspec.Struct, frozen=True, omit_defaults=True):
    """Body of every answer that refuses; what the refusal is about comes with it, where there is something."""

    error: Refusal
    charge: ChargeView | None = None
    refund: MovementView | None = None


class Views(msgspec.Struct, frozen=True):
    """Makes the shapes of the answers. `public_url` is where a customer's browser finds the gateway."""

    public_url: str

    def charge(self, charge: Charge) -> ChargeView:
        """Show a charge."""
        decline = None
        if charge.decline_code is not None and charge.decline_kind is not None:
            decline = Decline(charge.decline_code, charge.decline_kind)
        waiting = charge.status is Status.REQUIRES_ACTION
        return ChargeView(
            id=charge.id,
            account=charge.account,
            payment=charge.payment,
            status=charge.status,
            amount=charge.amount,
            currency=charge.currency,
            authorized=charge.authorized,
            captured=charge.captured,
            refunded=charge.refunded,
            released=charge.released,
            decline=decline,
            action_url=f"{self.public_url}/actions/{charge.action}" if waiting else None,
            reference=charge.reference,
            created=charge.created,
            sequence=charge.sequence,
        )

    def movement(self, operation: Operation, charge: Charge) -> MovementView:
        """Show a capture, a void or a refund; one that was declined has failed."""
        return MovementView(
            id=operation.id,
            charge=charge.id,
            amount=operation.amount,
            currency=charge.currency,
            status=State.FAILED if operation.state is State.DECLINED else operation.state,
            created=operation.created,
        )

    def operation(self, operation: Operation, charge: Charge) -> OperationView:
        """Show what became of an operation."""
        return OperationView(
            key=operation.key,
            kind=operation.kind,
            state=operation.state,
            amount=operation.amount,
            currency=charge.currency,
            charge=self.charge(charge),
            refund=self._refund(operation, charge),
            code=operation.code,
            decline_kind=operation.decline_kind,
            message=operation.message,
        )

    def answer(self, operation: Operation, decision: Decision) -> bytes:
        """Write the first answer to an operation."""
        charge = decision.charge
        if decision.refusal is not None:
            refund = self._refund(operation, charge)
            return msgspec.json.encode(Refused(decision.refusal, self.charge(charge), refund))
        made = self.charge(charge) if operation.kind is Kind.AUTHORIZE else self.movement(operation, charge)
        return msgspec.json.encode(made)

    def event(self, event_id: str, kind: str, operation: Operation, charge: Charge, *, created: int) -> bytes:
        """Write the body of a callback."""
        view = EventView(
            id=event_id,
            type=kind,
            created=created,
            sequence=charge.sequence,
            operation_key=operation.key,
            charge=self.charge(charge),
            refund=self._refund(operation, charge),
        )
        return msgspec.json.encode(view)

    def _refund(self, operation: Operation, charge: Charge) -> MovementView | None:
        return self.movement(operation, charge) if operation.kind is Kind.REFUND else None


def refused(code: str, message: str) -> bytes:
    """Write the body of a refusal that concerns nothing in the books."""
    return msgspec.json.encode(Refused(Refusal(code, message)))
