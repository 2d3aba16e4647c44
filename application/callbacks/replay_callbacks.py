"""Read stored callbacks anew, as the present adapter does, and act on them again; or only tell what would change."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.callbacks.event_line import EventLine, heard_of
from application.hearing import Effect
from application.ports.callbacks import CallbackFilter, CallbackQueries, CallbackSummary, StoredCallback
from application.ports.providers import Providers
from domain.callbacks import is_taken_at_its_word
from domain.ids import CallbackId, Prefix, public_id
from domain.providers import CallbackEvent, Unreadable

PAGE = 100
REPLAYED_MAX = 10_000


class ReplayCallbacks(msgspec.Struct, frozen=True, kw_only=True):
    """Which callbacks: these, or all that the filter lets through. `dry_run` changes nothing."""

    callback_ids: tuple[CallbackId, ...] = ()
    wanted: CallbackFilter = CallbackFilter()
    dry_run: bool = True


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One callback: what was read from it when it was stored, what is read now, and what that changes.

    `before` and `after` are the events, or the reason why nothing could be read; `before` is None where nobody had
    read it yet. Events that came first in another callback belong to that one, and are not in `before`.
    """

    callback: CallbackSummary
    before: tuple[CallbackEvent, ...] | str | None
    after: tuple[CallbackEvent, ...] | str
    effects: tuple[Effect, ...]

    @property
    def reads_alike(self) -> bool:
        """Whether the present adapter says just what was kept."""
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class ReplayCallbacksHandler:
    """The policy.

    - In order of receipt, by the code that acts on callbacks when they come. The signature was verified on arrival;
      its time window is long over.
    - A rehearsal decides by the same rules, each event against how things stand now, and commits nothing.
    - Acting again is harmless: what is true already is not made true twice.
    """

    queries: CallbackQueries
    providers: Providers
    line: EventLine

    async def __call__(self, command: ReplayCallbacks, call: Call) -> tuple[Replayed, ...]:
        """Replay up to 10,000 callbacks, the oldest first. Raises NOT_FOUND, ROUTE_NO_PROVIDER."""
        ids = sorted(command.callback_ids) or await self._wanted(command.wanted, call)
        return tuple([await self._replayed(one, call, dry_run=command.dry_run) for one in ids])

    async def _wanted(self, wanted: CallbackFilter, call: Call) -> list[CallbackId]:
        found: list[CallbackId] = []
        while len(found) < REPLAYED_MAX:
            before = found[-1] if found else None
            page = await self.queries.page(call.tenant_id, wanted, before=before, limit=PAGE)
            found += [one.id for one in page]
            if len(page) < PAGE:
                break
        return sorted(found)

    async def _replayed(self, callback_id: CallbackId, call: Call, *, dry_run: bool) -> Replayed:
        stored = await self.line.inbox.get(call.tenant_id, callback_id)
        provider = await self.providers.open(call.tenant_id, stored.summary.provider_account_id)
        said = provider.parse_callback(stored.raw)
        at_its_word = is_taken_at_its_word(provider.manifest.callbacks)
        act = self._rehearsed if dry_run else self._again
        return Replayed(
            callback=stored.summary,
            before=_kept(stored),
            after=said.reason if isinstance(said, Unreadable) else said,
            effects=await act(stored, said, call, at_its_word=at_its_word),
        )

    async def _rehearsed(
        self, stored: StoredCallback, said: tuple[CallbackEvent, ...] | Unreadable, call: Call, *, at_its_word: bool
    ) -> tuple[Effect, ...]:
        effects = []
        for one in () if isinstance(said, Unreadable) else said:
            heard = heard_of(stored.summary, one, at_its_word=at_its_word)
            effects.append(await self.line.contexts.apply(call, heard, rehearsed=True))
        return tuple(one for one in effects if one is not None)

    async def _again(
        self, stored: StoredCallback, said: tuple[CallbackEvent, ...] | Unreadable, call: Call, *, at_its_word: bool
    ) -> tuple[Effect, ...]:
        inbox, callback_id = self.line.inbox, stored.summary.id
        audit = call.audit("callback.replayed", public_id(Prefix.CALLBACK, callback_id), self.line.world.moment())
        await inbox.reread(call.tenant_id, callback_id, said, audit)
        return await self.line.take_all(call, callback_id, at_its_word=at_its_word, patiently=False)


def _kept(stored: StoredCallback) -> tuple[CallbackEvent, ...] | str | None:
    if stored.summary.read_at is None:
        return None
    if not stored.events and stored.summary.detail is not None:
        return stored.summary.detail
    return tuple(one.said for one in stored.events)
