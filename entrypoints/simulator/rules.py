"""The gateway's own rules: what an operation does to a charge, as pure functions of the charge."""

import msgspec

from entrypoints.simulator.tokens import Behaviour
from entrypoints.simulator.words import AMOUNT_MAX, Decline, Kind, NewCharge, Refusal, RefusalKind, State, Status


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """A charge as the gateway keeps it. All amounts are minor units; `refunding` is promised but not yet paid back."""

    id: str
    account: str
    payment: str
    source: str
    capture: bool
    status: Status
    amount: int
    currency: str
    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    refunding: int = 0
    released: int = 0
    decline_code: str | None = None
    decline_kind: RefusalKind | None = None
    action: str | None = None
    reference: str | None = None
    callback_url: str | None = None
    return_url: str | None = None
    created: int
    sequence: int = 1

    @property
    def capturable(self) -> int:
        """What is authorized and neither captured nor released."""
        return self.authorized - self.captured - self.released

    @property
    def refundable(self) -> int:
        """What is captured and neither paid back nor promised back."""
        return self.captured - self.refunded - self.refunding


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation makes of a charge: the charge after it, what moved, and the event that tells of it."""

    charge: Charge
    amount: int
    state: State
    event: str | None = None
    refusal: Refusal | None = None


def _changed(charge: Charge, **changes: object) -> Charge:
    return msgspec.structs.replace(charge, sequence=charge.sequence + 1, **changes)


def _refused(charge: Charge, amount: int, code: str, message: str) -> Decision:
    refusal = Refusal(code, message, RefusalKind.INVALID)
    return Decision(charge=charge, amount=amount, state=State.FAILED, refusal=refusal)


def _declined(charge: Charge, amount: int, code: str, event: str | None) -> Decision:
    refusal = Refusal(code, "The issuer refused.", RefusalKind.HARD)
    return Decision(charge=charge, amount=amount, state=State.DECLINED, event=event, refusal=refusal)


def authorize(charge_id: str, asked: NewCharge, behaviour: Behaviour, *, action: str, now: int) -> Decision:
    """Make a new charge as its token says. `action` is the unguessable name of the customer's step, if there is one."""
    surplus = behaviour.surplus if asked.amount < AMOUNT_MAX else -behaviour.surplus
    charge = Charge(
        id=charge_id,
        account=asked.account,
        payment=asked.payment,
        source=asked.source,
        capture=asked.capture,
        status=behaviour.status,
        amount=asked.amount + surplus,
        currency=asked.currency,
        action=action if behaviour.status is Status.REQUIRES_ACTION else None,
        reference=asked.reference,
        callback_url=asked.callback_url,
        return_url=asked.return_url,
        created=now,
        sequence=0,
    )
    if behaviour.decline is not None:
        return refuse(charge, behaviour.decline)
    match behaviour.status:
        case Status.REQUIRES_ACTION:
            return _waiting(charge, State.REQUIRES_ACTION)
        case Status.PENDING:
            return _waiting(charge, State.PENDING)
        case _:
            return approve(charge)


def _waiting(charge: Charge, state: State) -> Decision:
    waiting = _changed(charge)
    return Decision(charge=waiting, amount=charge.amount, state=state, event=f"charge.{charge.status}")


def approve(charge: Charge) -> Decision:
    """Authorize a charge, and capture it where that was asked."""
    status = Status.CAPTURED if charge.capture else Status.AUTHORIZED
    captured = charge.amount if charge.capture else 0
    approved = _changed(charge, status=status, authorized=charge.amount, captured=captured)
    return Decision(charge=approved, amount=charge.amount, state=State.SUCCEEDED, event=f"charge.{status}")


def refuse(charge: Charge, decline: Decline) -> Decision:
    """Decline a charge that is not authorized."""
    declined = _changed(charge, status=Status.DECLINED, decline_code=decline.code, decline_kind=decline.kind)
    refusal = Refusal(decline.code, "The issuer declined.", decline.kind)
    return Decision(
        charge=declined, amount=charge.amount, state=State.DECLINED, event="charge.declined", refusal=refusal
    )


def capture(charge: Charge, amount: int, *, final: bool, behaviour: Behaviour) -> Decision:
    """Take authorized money; a final capture releases what it leaves. Refuses what is not held."""
    if charge.status is not Status.AUTHORIZED:
        return _refused(charge, amount, "charge_not_capturable", f"The charge is {charge.status}.")
    if amount > charge.capturable:
        return _refused(charge, amount, "amount_exceeds_authorization", f"Only {charge.capturable} is left.")
    if Kind.CAPTURE in behaviour.declines:
        return _declined(charge, amount, "capture_declined", "charge.capture_declined")
    rest = charge.capturable - amount
    done = final or rest == 0
    captured = _changed(
        charge,
        status=Status.CAPTURED if done else Status.AUTHORIZED,
        captured=charge.captured + amount,
        released=charge.released + (rest if done else 0),
    )
    event = "charge.captured" if done else "charge.partially_captured"
    return Decision(charge=captured, amount=amount, state=State.SUCCEEDED, event=event)


def void(charge: Charge) -> Decision:
    """Release what is held and not captured; a charge that waits for its customer is given up whole."""
    match charge.status:
        case Status.AUTHORIZED:
            status = Status.CAPTURED if charge.captured else Status.VOIDED
            voided = _changed(charge, status=status, released=charge.released + charge.capturable)
            amount = charge.capturable
        case Status.REQUIRES_ACTION:
            voided, amount = _changed(charge, status=Status.VOIDED), charge.amount
        case _:
            return _refused(charge, charge.amount, "charge_not_voidable", f"The charge is {charge.status}.")
    return Decision(charge=voided, amount=amount, state=State.SUCCEEDED, event="charge.voided")


def refund(charge: Charge, amount: int, behaviour: Behaviour) -> Decision:
    """Give captured money back, or promise it where the token says that it takes a while."""
    if charge.captured == 0:
        return _refused(charge, amount, "charge_not_refundable", "Nothing was captured.")
    if amount > charge.refundable:
        return _refused(charge, amount, "amount_exceeds_capture", f"Only {charge.refundable} is left.")
    if Kind.REFUND in behaviour.declines:
        return _declined(charge, amount, "refund_declined", "refund.failed")
    if behaviour.slow_refund:
        promised = _changed(charge, refunding=charge.refunding + amount)
        return Decision(charge=promised, amount=amount, state=State.PENDING, event="refund.pending")
    refunded = _changed(charge, refunded=charge.refunded + amount)
    return Decision(charge=refunded, amount=amount, state=State.SUCCEEDED, event="refund.succeeded")


def pay_refund(charge: Charge, amount: int) -> Decision:
    """Keep the promise of a pending refund."""
    paid = _changed(charge, refunding=charge.refunding - amount, refunded=charge.refunded + amount)
    return Decision(charge=paid, amount=amount, state=State.SUCCEEDED, event="refund.succeeded")
