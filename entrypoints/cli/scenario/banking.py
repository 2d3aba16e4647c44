"""The part of the scenario where a payout goes out as a file to a bank, whose files tell what became of it."""

from entrypoints.cli.scenario.furnishing import BANK, accounts_of
from entrypoints.cli.scenario.payouts import ordered, payout_once
from entrypoints.cli.scenario.shop import Shop
from entrypoints.cli.scenario.steps import Step

_ENDS = ("completed", "failed", "returned", "needs_review")


async def pay_out_by_file(shop: Shop) -> str:
    """Drop an ISO 20022 file for the bank: it has arrived when the bank's own file says that it is booked."""
    account = (await accounts_of(shop))[BANK]["id"]
    answer = await ordered(shop, "Anna Example", provider_account_id=account)
    payout = await payout_once(shop, answer, lambda found: found["state"] in _ENDS)
    files = await shop.list_all(f"/v1/callbacks?provider_account_id={account}&limit=100")
    by = {one["transport"] for one in files}
    return f"{answer.verdict} at {payout['provider']}, then {payout['state']}, as told by {', '.join(by) or 'nobody'}"


STEPS = (
    Step(
        name="a payout goes to the bank by file",
        expected="201 created at iso20022, then completed, as told by file",
        play=pay_out_by_file,
        is_slow=True,
        currencies=("EUR",),
        needs_bank=True,
    ),
)
