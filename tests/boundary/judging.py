"""How a run ended: what the gateways' books say must be just what ours say, and nobody paid twice."""

from collections.abc import Sequence

import msgspec

from domain.dossier import Dossier
from domain.payments import OperationState, PaymentState
from domain.providers import OperationKind
from tests.boundary.gateway import Charge
from tests.boundary.setting import Setting

TRUE_ENDS = frozenset(
    {
        PaymentState.CREATED,
        PaymentState.AUTHORIZED,
        PaymentState.PARTIALLY_CAPTURED,
        PaymentState.SUCCEEDED,
        PaymentState.CANCELLED,
        PaymentState.FAILED,
        PaymentState.EXPIRED,
    }
)
"""States in which a payment may rest; what waits for a person or a provider is not among them."""

VOIDED_UNHEARD = "voided"


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What one run came to: faults in words, and what it went through."""

    doubles: int = 0
    lost: int = 0
    faults: tuple[str, ...] = ()
    deaths: int = 0
    operations: int = 0
    state: str = "none"
    went_on: bool = False
    effects: tuple[str, ...] = ()


async def judge(setting: Setting, acts: Sequence[str]) -> Judged:
    """Compare our books with those of both gateways."""
    charges = [charge for gateway in setting.gateways for charge in gateway.charges.values()]
    dossiers = [await setting.desk.dossier(payment.id) for payment in await setting.desk.payments()]
    operations = [one for dossier in dossiers for one in dossier.operations]
    ours = {one.key for one in operations if one.state is OperationState.SUCCEEDED}
    theirs = {key for gateway in setting.gateways for kind in OperationKind for key in gateway.effects(kind.value)}
    # An authorization that was voided before we heard of it is over for us, whatever it had been; the void counts.
    theirs -= {one.key for one in operations if one.code == VOIDED_UNHEARD}
    live = [charge for charge in charges if charge.is_live]
    doubles = max(len(live) - 1, 0) + _beyond(setting, acts)
    faults = [f"{len(live)} live charges for one payment"] if len(live) > 1 else []
    faults += [f"{one.kind} {one.key} is {one.state} in the end" for one in operations if one.is_open]
    faults += [f"{key} was done and we do not know" for key in sorted(theirs - ours)]
    faults += [f"{key} was not done and we say so" for key in sorted(ours - theirs)]
    if len(dossiers) > 1:
        faults.append(f"{len(dossiers)} payments for one request")
    for dossier in dossiers:
        faults += await _payment_faults(setting, dossier, [one for one in charges if one.is_live])
    return Judged(
        doubles=doubles,
        lost=len(theirs - ours),
        faults=tuple(faults),
        deaths=setting.steps.deaths,
        operations=len(operations),
        state=dossiers[0].payment.state.value if dossiers else "none",
        effects=tuple(
            kind.value for kind in OperationKind for one in setting.gateways for _ in one.effects(kind.value)
        ),
        went_on=any(len(dossier.attempts) > 1 for dossier in dossiers),
    )


def _beyond(setting: Setting, acts: Sequence[str]) -> int:
    """Count the captures, voids and refunds that were done more often than they were asked for."""
    done = {
        kind: sum(len(gateway.effects(kind)) for gateway in setting.gateways) for kind in ("capture", "void", "refund")
    }
    return sum(max(count - acts.count(kind), 0) for kind, count in done.items())


async def _payment_faults(setting: Setting, dossier: Dossier, live: list[Charge]) -> list[str]:
    payment = dossier.payment
    entries = (await setting.desk.history(payment.id)).entries
    faults = []
    if payment.state not in TRUE_ENDS:
        faults.append(f"the payment ends as {payment.state}")
    for kind, ours, theirs in (
        ("capture", payment.captured_minor, sum(one.captured for one in live)),
        ("refund", payment.refunded_minor, sum(one.refunded for one in live)),
    ):
        booked = sum(one.amount_minor for one in entries if (one.kind, one.direction) == (kind, "debit"))
        if not booked == ours == theirs:
            faults.append(f"{kind}: {booked} booked, {ours} told, {theirs} at the gateways")
    held = sum(one.authorized - one.captured - one.released for one in live)
    holds = payment.state in {PaymentState.AUTHORIZED, PaymentState.PARTIALLY_CAPTURED}
    if bool(held) and not holds and payment.state is not PaymentState.SUCCEEDED:
        faults.append(f"a gateway holds {held}, and the payment is {payment.state}")
    if not held and payment.state is PaymentState.AUTHORIZED:
        faults.append("the payment is authorized, and no gateway holds anything")
    return faults
