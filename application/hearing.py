"""Who acts on what a provider says by itself: each context that providers tell us of implements one Protocol."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import msgspec

from application.call import Call
from domain.ids import ProviderAccountId
from domain.providers import CallbackEvent


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One event of an authentic callback, at one provider account.

    `at_its_word`: its finding may be applied as it stands; otherwise the provider must be asked.
    """

    provider_account_id: ProviderAccountId
    provider: str
    said: CallbackEvent
    at_its_word: bool


class Change(msgspec.Struct, frozen=True):
    """One state before and after."""

    what: str
    before: str
    after: str


class Effect(msgspec.Struct, frozen=True):
    """Which of our things an event concerned (its public id), and what became another by it."""

    subject: str
    changes: tuple[Change, ...] = ()


class AppliesCallbacks(Protocol):
    """Acts on events about its own things, idempotently and in any order; leaves all others alone."""

    async def apply(self, call: Call, heard: Heard, *, rehearsed: bool = False) -> Effect | None:
        """Apply an event; None when it concerns nothing of this context.

        `rehearsed`: decide by the same rules and tell what would change, but commit nothing.
        """
        ...


@dataclass(frozen=True, slots=True)
class Hearing(AppliesCallbacks):
    """Asks one context after another: the first that knows what an event is about acts on it."""

    contexts: tuple[AppliesCallbacks, ...]

    async def apply(self, call: Call, heard: Heard, *, rehearsed: bool = False) -> Effect | None:
        """Apply an event; None when it concerns nothing of ours."""
        for context in self.contexts:
            effect = await context.apply(call, heard, rehearsed=rehearsed)
            if effect is not None:
                return effect
        return None


def changes(before: Iterable[tuple[str, str]], after: Iterable[tuple[str, str]]) -> tuple[Change, ...]:
    """Compare named states; what there was not before counts as `none`."""
    known = dict(before)
    return tuple(Change(name, known.get(name, "none"), state) for name, state in after if known.get(name) != state)
