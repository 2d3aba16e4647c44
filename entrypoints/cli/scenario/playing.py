"""Plays the whole scenario over HTTP, in every currency, and reads the balances afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from entrypoints.cli.scenario import (
    amounts,
    banking,
    callbacks,
    cards,
    configuring,
    outcomes,
    payouts,
    repetition,
    wallets,
)
from entrypoints.cli.scenario.shop import Addresses, Shop
from entrypoints.cli.scenario.steps import Played, Step

STEPS: tuple[Step, ...] = (
    *outcomes.STEPS,
    *amounts.STEPS,
    *repetition.STEPS,
    *callbacks.STEPS,
    *cards.STEPS,
    *configuring.STEPS,
    *wallets.STEPS,
    *payouts.STEPS,
    *banking.STEPS,
)

PRICES = {"JPY": 1_500, "EUR": 1_999, "KWD": 12_345, "NPR": 250_075}
"""What is sold in each currency, in minor units: of 0, 2, 3 and 2 decimals."""

_AT_ONCE_MAX = 16
_REQUEST_SECONDS = 30.0
_KEEPALIVE_SECONDS = 2.0


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """How an account stands, in minor units."""

    account: str
    currency: str
    normal_balance: str
    posted: int
    pending: int
    available: int
    at_risk: int
    posted_debits: int
    posted_credits: int


@asynccontextmanager
async def shops_of(addresses: Addresses) -> AsyncIterator[dict[str, Shop]]:
    """Open a shop in each currency."""
    timeout = aiohttp.ClientTimeout(total=_REQUEST_SECONDS)
    # A server may close a connection that nobody used for a while (ours: 5 s) just when it is used again.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=False) as session:
        yield {currency: Shop(session, addresses, currency, price=price) for currency, price in PRICES.items()}


async def play_all(shops: dict[str, Shop], tell: Callable[[str], None]) -> tuple[Played, ...]:
    """Play every step in every currency that it is for, several at once; `tell` hears how far it is."""
    places = asyncio.Semaphore(_AT_ONCE_MAX)
    played: list[Played] = []

    async def play_in_turn(chapter: tuple[Step, ...], shop: Shop) -> None:
        async with places:
            for step in chapter:
                played.append(await play(step, shop))
                tell(f"{len(played)} of {count_steps(shops)} steps")

    begun = [
        (chapter, shop)
        for shop in shops.values()
        for chapter in chapters_of(step for step in STEPS if step.is_for(shop))
    ]
    begun.sort(key=lambda one: not any(step.is_slow for step in one[0]))
    await asyncio.gather(*(play_in_turn(chapter, shop) for chapter, shop in begun))
    order = {step.name: number for number, step in enumerate(STEPS)}
    return tuple(sorted(played, key=lambda one: (list(shops).index(one.currency), order[one.step])))


def count_steps(shops: Mapping[str, Shop]) -> int:
    """Count what is played: each step in each of its currencies."""
    return sum(step.is_for(shop) for step in STEPS for shop in shops.values())


def chapters_of(steps: Iterable[Step]) -> list[tuple[Step, ...]]:
    """Put together the steps that follow each other; every other one stands alone."""
    steps = tuple(steps)
    names = dict.fromkeys(step.chapter or step.name for step in steps)
    return [tuple(step for step in steps if (step.chapter or step.name) == name) for name in names]


async def play(step: Step, shop: Shop) -> Played:
    """Play one step in one currency. What goes wrong on the way is what was seen."""
    began = time.monotonic()
    try:
        seen = await step.play(shop)
    except (
        aiohttp.ClientError,
        OSError,
        TimeoutError,
        LookupError,
        TypeError,
        ValueError,
        msgspec.MsgspecError,
    ) as fault:
        seen = f"{type(fault).__name__}: {fault}"
    return Played(
        step=step.name,
        currency=shop.currency,
        expected=shop.filled(step.expected),
        seen=seen,
        milliseconds=round((time.monotonic() - began) * 1000),
    )


async def read_balances(shop: Shop) -> tuple[Balance, ...]:
    """Read how every account of the tenant stands."""
    return tuple(_balance(found) for found in await shop.list_all("/v1/ledger/balances?limit=100"))


def _balance(found: Any) -> Balance:  # noqa: ANN401 -- see `Answer.json`
    """Read one; amounts above 2^53 come as text."""
    return msgspec.convert(found, Balance, strict=False)
