"""Replaying: what is stored is read as the present adapter reads, rehearsed without a trace, or acted on again."""

import msgspec
import pytest

from application.callbacks.replay_callbacks import ReplayCallbacks, ReplayCallbacksHandler, Replayed
from application.hearing import Change
from application.ports.callbacks import CallbackFilter, Receipt
from domain.callbacks import CallbackState
from domain.ids import ProviderAccountId
from domain.payments import PaymentState
from domain.providers import CallbackEvent, OperationKind, Succeeded, Unreadable
from tests.fakes.desk import Desk
from tests.fakes.providers import SIGNED_HINTS, SIGNED_TRUTHS, ScriptedProvider
from tests.fakes.story import DECLINED, PENDING

BOTH = pytest.mark.parametrize("rule", [SIGNED_HINTS, SIGNED_TRUTHS], ids=["asked", "believed"])


async def replay(desk: Desk, *, dry_run: bool, **which: object) -> tuple[Replayed, ...]:
    """Replay callbacks."""
    handler = ReplayCallbacksHandler(desk.house.callbacks, desk.providers, desk.line)
    return await handler(msgspec.convert({"dry_run": dry_run, **which}, ReplayCallbacks), desk.call())


async def misread(desk: Desk, finding: object = None) -> tuple[Desk, Receipt]:
    """Store a callback about a pending payment under an adapter that could not read it; give one that can."""
    desk.provider.script(OperationKind.AUTHORIZE, PENDING)
    await desk.create()
    operation = (await desk.dossier()).operations[-1]
    truth = Succeeded("ch_1", operation.amount)
    desk.provider.truth[operation.key] = truth
    said = CallbackEvent(
        event_id="evt_1", kind="k", operation_key=operation.key, operation_kind=operation.kind, finding=truth
    )
    old = Blind(callbacks=desk.provider.manifest.callbacks or SIGNED_HINTS)
    raw = msgspec.json.encode(said)
    before = Desk(desk.house, desk.world, old)
    receipt = await before.receive_raw(raw, old.signed(raw))
    await before.apply(receipt)
    assert (await desk.callback(receipt)).summary.state is CallbackState.UNREADABLE
    return desk, receipt


class Blind(ScriptedProvider):
    """An adapter with a fault: it can read nothing."""

    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        """Fail to read."""
        return Unreadable(f"{len(raw)} bytes of something")


@BOTH
async def test_a_rehearsal_tells_what_would_change_and_leaves_no_trace(desk: Desk, rule: object) -> None:
    desk, receipt = await misread(Desk(desk.house, desk.world, ScriptedProvider(callbacks=rule)))  # type: ignore[arg-type]
    before = await desk.dossier(), await desk.callback(receipt), await desk.house.windows.audit_actions()

    [told] = await replay(desk, dry_run=True)

    assert (told.before, told.reads_alike) == (before[1].summary.detail, False)
    assert [one.event_id for one in told.after if isinstance(one, CallbackEvent)] == ["evt_1"]
    assert Change("payment", "processing", "succeeded") in told.effects[0].changes
    assert (await desk.dossier(), await desk.callback(receipt), await desk.house.windows.audit_actions()) == before


@BOTH
async def test_a_replay_does_what_its_rehearsal_told(desk: Desk, rule: object) -> None:
    desk, receipt = await misread(Desk(desk.house, desk.world, ScriptedProvider(callbacks=rule)))  # type: ignore[arg-type]
    rehearsed = await replay(desk, dry_run=True)
    done = await replay(desk, dry_run=False)

    assert [one.effects for one in done] == [one.effects for one in rehearsed]
    assert (await desk.dossier()).payment.state is PaymentState.SUCCEEDED
    assert (await desk.callback(receipt)).summary.state is CallbackState.APPLIED
    assert "callback.replayed" in await desk.house.windows.audit_actions()


async def test_a_second_replay_changes_nothing(desk: Desk) -> None:
    desk, _ = await misread(desk)
    await replay(desk, dry_run=False)
    before = await desk.dossier()
    [again] = await replay(desk, dry_run=False)

    assert again.reads_alike
    assert again.effects[0].changes == ()
    assert await desk.dossier() == before


async def test_a_rehearsal_of_a_contradiction_calls_nobody(desk: Desk) -> None:
    desk, _ = await misread(desk)
    await replay(desk, dry_run=False)
    [operation] = (await desk.dossier()).operations
    desk.provider.truth[operation.key] = DECLINED
    before = await desk.house.windows.outbox_tags()
    await replay(desk, dry_run=True)

    assert await desk.house.windows.outbox_tags() == before


async def test_only_what_is_wanted_is_replayed_the_oldest_first(desk: Desk) -> None:
    receipts = [await desk.receive(CallbackEvent(event_id=f"evt_{n}", kind="k")) for n in range(3)]
    ids = [one.callback_id for one in receipts]

    assert [one.callback.id for one in await replay(desk, dry_run=True)] == ids
    named = await replay(desk, dry_run=True, callback_ids=(ids[2], ids[0]))
    assert [one.callback.id for one in named] == [ids[0], ids[2]]
    elsewhere = CallbackFilter(provider_account_id=ProviderAccountId(desk.world.new_id()))
    assert await replay(desk, dry_run=True, wanted=elsewhere) == ()
    assert named[0].before is None
