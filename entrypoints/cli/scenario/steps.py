"""A step of the scenario: its name, what is expected of it, and how it is played."""

from collections.abc import Awaitable, Callable

import msgspec

from entrypoints.cli.scenario.shop import Shop


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that must go well. `play` gives in words what was seen, to be compared with `expected`.

    In `expected`, `{price}`, `{part}`, `{rest}` and `{nothing}` stand for amounts of the shop. A slow one waits for
    others by its nature, so it is begun first. Those of one `chapter` follow each other, as each goes on where the one
    before it stopped. `currencies` are those in which it can be played; none: all. `needs_bank`: only where the
    simulator's bank works in the drop folders.
    """

    name: str
    expected: str
    play: Callable[[Shop], Awaitable[str]]
    is_slow: bool = False
    chapter: str = ""
    currencies: tuple[str, ...] = ()
    needs_bank: bool = False

    def is_for(self, shop: Shop) -> bool:
        """Whether that shop has what it takes."""
        has_currency = not self.currencies or shop.currency in self.currencies
        return has_currency and (shop.addresses.has_bank or not self.needs_bank)


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """A step as it went in one currency."""

    step: str
    currency: str
    expected: str
    seen: str
    milliseconds: int

    @property
    def is_well(self) -> bool:
        """Whether exactly the expected was seen."""
        return self.seen == self.expected
