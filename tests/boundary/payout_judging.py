"""How a run of payouts ended: what left is booked, what is booked left, and nobody was paid twice."""

from collections import Counter
from collections.abc import Mapping, Sequence

from application.ports.journal import Answer
from domain.ids import Prefix, public_id
from domain.payouts import Payout, PayoutState
from tests.boundary.judging import Judged
from tests.boundary.payout_books import LIVE, Paying
from tests.boundary.setting import Setting
from tests.fakes.payout_desk import id_of

TRUE_ENDS = {
    "paid": {PayoutState.COMPLETED},
    "returned": {PayoutState.RETURNED},
    "failed": {PayoutState.FAILED},
    None: {PayoutState.FAILED, PayoutState.CANCELLED},
}
"""How a payout may rest, by what its provider says in the end; None: the provider has none."""


async def judge_payouts(
    setting: Setting, payouts: Sequence[Payout], *, orders: Mapping[str, Answer | None], brought: int
) -> Judged:
    """Compare our books with those of both gateways; `brought` is what there was to pay out, in minor units."""
    theirs = [one for gateway in setting.gateways for one in gateway.paying.payouts.values()]
    ours = {public_id(Prefix.PAYOUT, one.id): one for one in payouts}
    live = Counter(one.payout for one in theirs if one.status in LIVE)
    doubles = sum(count - 1 for count in live.values()) + max(len(payouts) - len(orders), 0)
    lost = [one.key for one in theirs if one.status in LIVE and not _is_known(ours.get(one.payout))]
    faults = [f"{name} was paid {count} times" for name, count in sorted(live.items()) if count > 1]
    faults += [f"{key} was paid and we do not know" for key in lost]
    if len(payouts) > len(orders):
        faults.append(f"{len(payouts)} payouts for {len(orders)} requests")
    answered = {id_of(one) for one in orders.values() if one is not None and one.status < 300}
    faults += [f"{one} was promised and is not there" for one in sorted(answered - {one.id for one in payouts})]
    faults += [fault for name, one in ours.items() for fault in _state_faults(name, one, theirs)]
    faults += await _book_faults(setting, theirs, brought)
    return Judged(
        doubles=doubles,
        lost=len(lost),
        faults=tuple(faults),
        deaths=setting.steps.deaths,
        operations=sum(1 for one in payouts if one.state is not PayoutState.CREATED),
        state=f"payout {payouts[0].state.value}" if payouts else "no payout",
        effects=tuple(f"payout {one.status}" for one in theirs),
    )


def _is_known(payout: Payout | None) -> bool:
    """Whether we know that its money left."""
    return payout is not None and payout.sent_at is not None


def _state_faults(name: str, payout: Payout, theirs: Sequence[Paying]) -> list[str]:
    said = next((one.status for one in theirs if one.payout == name), None)
    if payout.state in TRUE_ENDS.get(said, set()):
        return []
    return [f"{name} ends as {payout.state}, and its provider says {said or 'nothing'}"]


async def _book_faults(setting: Setting, theirs: Sequence[Paying], brought: int) -> list[str]:
    """Hold the accounts against the sum of what the providers paid and kept."""
    accounts = (await setting.house.ledger_windows.accounts()).values()
    gone = sum(one.amount for one in theirs if one.status == "paid")
    expected = {"payouts:in_transit": 0, "payable": brought - gone, "clearing": brought - gone}
    booked = Counter(dict.fromkeys(expected, 0))
    held = 0
    for account in accounts:
        for name in expected:
            if name in account.code:
                booked[name] += account.posted
        held += abs(account.pending - account.posted)
    faults = [
        f"{name} has {booked[name]}, and the providers say {amount}"
        for name, amount in expected.items()
        if booked[name] != amount
    ]
    return [*faults, *([f"{held} is still held"] if held else [])]
