"""How callbacks and their replays are printed."""

import base64
from collections.abc import Sequence
from datetime import datetime

import msgspec
from rich.table import Table

from application.callbacks.replay_callbacks import Replayed
from application.ports.callbacks import CallbackSummary, StoredCallback
from domain.ids import Prefix, public_id
from domain.providers import CallbackEvent
from entrypoints.cli.ledger.showing import card, grid, instant

CELL_MAX = 2_000
"""Characters of foreign bytes that a table shows; `--json` gives all of them."""


class CallbackShown(msgspec.Struct, frozen=True, kw_only=True):
    """How a callback stands."""

    id: str
    provider: str
    provider_account_id: str
    transport: str
    state: str
    detail: str | None
    size_bytes: int
    received_at: datetime
    seen_count: int


class EventShown(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a callback says, and what became of it."""

    said: CallbackEvent
    state: str
    subject: str | None
    detail: str | None
    seen_count: int


class DetailShown(msgspec.Struct, frozen=True, kw_only=True):
    """A callback with everything that is kept of it."""

    callback: CallbackShown
    headers: dict[str, str]
    raw_base64: str
    events: tuple[EventShown, ...]


class ChangeShown(msgspec.Struct, frozen=True, kw_only=True):
    """One state before and after."""

    subject: str
    what: str
    before: str
    after: str


class ReplayedShown(msgspec.Struct, frozen=True, kw_only=True):
    """What was read from a callback, what is read now, and what that changes."""

    callback: CallbackShown
    reads_alike: bool
    before: tuple[CallbackEvent, ...] | str | None
    after: tuple[CallbackEvent, ...] | str
    changes: tuple[ChangeShown, ...]


def callback_shown(one: CallbackSummary) -> CallbackShown:
    """Show how a callback stands."""
    return CallbackShown(
        id=public_id(Prefix.CALLBACK, one.id),
        provider=one.provider,
        provider_account_id=public_id(Prefix.PROVIDER_ACCOUNT, one.provider_account_id),
        transport=one.transport.value,
        state=one.state.value,
        detail=one.detail,
        size_bytes=one.size_bytes,
        received_at=one.received_at,
        seen_count=one.seen_count,
    )


def callback_table(shown: Sequence[CallbackShown]) -> Table:
    """Tell many callbacks."""
    columns = ("callback", "provider", "account", "came by", "state", "bytes", "seen", "received at", "why")
    rows = (
        (
            one.id,
            one.provider,
            one.provider_account_id,
            one.transport,
            one.state,
            one.size_bytes,
            one.seen_count,
            instant(one.received_at),
            one.detail or "",
        )
        for one in shown
    )
    return grid("Callbacks", columns, rows, right=("bytes", "seen"))


def detail_shown(stored: StoredCallback) -> DetailShown:
    """Show everything that is kept of a callback."""
    return DetailShown(
        callback=callback_shown(stored.summary),
        headers=stored.headers,
        raw_base64=base64.b64encode(stored.raw).decode(),
        events=tuple(
            EventShown(
                said=one.said, state=one.state.value, subject=one.subject, detail=one.detail, seen_count=one.seen_count
            )
            for one in stored.events
        ),
    )


def detail_tables(shown: DetailShown) -> tuple[Table, ...]:
    """Tell everything that is kept of a callback."""
    raw = base64.b64decode(shown.raw_base64)
    facts = {**msgspec.structs.asdict(shown.callback), "received_at": instant(shown.callback.received_at)}
    columns = ("event", "kind", "state", "concerns", "seen", "why")
    rows = (
        (
            _plain(one.said.event_id),
            _plain(one.said.kind),
            one.state,
            one.subject or "",
            one.seen_count,
            one.detail or "",
        )
        for one in shown.events
    )
    return (
        card("Callback", facts),
        card("Headers", {_plain(name): _plain(value) for name, value in shown.headers.items()}),
        card("Bytes", {"as they came": _plain(raw.decode("utf-8", "backslashreplace"))}),
        grid("What it says", columns, rows, right=("seen",)),
    )


def replayed_shown(one: Replayed) -> ReplayedShown:
    """Show what a replay does."""
    return ReplayedShown(
        callback=callback_shown(one.callback),
        reads_alike=one.reads_alike,
        before=one.before,
        after=one.after,
        changes=tuple(
            ChangeShown(subject=effect.subject, what=change.what, before=change.before, after=change.after)
            for effect in one.effects
            for change in effect.changes
        ),
    )


def replay_tables(shown: Sequence[ReplayedShown], *, dry_run: bool) -> tuple[Table, ...]:
    """Tell what a replay does: the difference in what is read, and in what is true."""
    facts = {
        "callbacks": len(shown),
        "read otherwise than before": sum(not one.reads_alike for one in shown),
        "that change something": sum(bool(one.changes) for one in shown),
    }
    other = (
        (one.callback.id, side, _said(said))
        for one in shown
        if not one.reads_alike
        for side, said in (("-", one.before), ("+", one.after))
    )
    changed = (
        (one.callback.id, change.subject, change.what, change.before, change.after)
        for one in shown
        for change in one.changes
    )
    happened = "Would change" if dry_run else "Changed"
    return (
        card("Rehearsal: nothing was changed" if dry_run else "Replay", facts),
        grid("Read otherwise", ("callback", "", "says"), other),
        grid(happened, ("callback", "of", "what", "before", "after"), changed),
    )


def _said(said: tuple[CallbackEvent, ...] | str | None) -> str:
    if said is None:
        return "(not read yet)"
    if isinstance(said, str):
        return f"(unreadable: {_plain(said)})"
    return "\n".join(_plain(msgspec.json.encode(one).decode()) for one in said) or "(nothing)"


def _plain(foreign: str) -> str:
    """Keep a foreign text from writing on the terminal what it likes."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in foreign[:CELL_MAX])
