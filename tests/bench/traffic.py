"""Writes whole HTTP requests, ready to be sent: random accounts, and a key that was never used before."""

import os
import random
from collections.abc import Iterator
from typing import Protocol

import msgspec

_KEY_BYTES = 16
_KEYS_AT_ONCE = 2048


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for.

    Each transfer debits one of the accounts 1..`debited` and credits another of 1..`accounts`; `account_format` writes
    their ids, each with the same number of letters. `batch` transfers go in one request, 0 for a request of one.
    """

    path: str
    host: str
    authorization: str
    account_format: str
    accounts: int
    debited: int
    batch: int = 0
    mode: str = "each"
    expected: int = 201
    seed: int = 0

    @property
    def transfers(self) -> int:
        """How many transfers are in one request."""
        return max(1, self.batch)


class Pick(Protocol):
    """Gives the debited and the credited account of a transfer."""

    def __call__(self) -> tuple[int, int]:
        """Give two different accounts."""


def picking(traffic: Traffic) -> Pick:
    """Choose accounts at random, repeatably."""
    chance = random.Random(traffic.seed or os.getpid()).random  # noqa: S311 -- load, not secrets
    debited, others = traffic.debited, traffic.accounts - 1

    def pick() -> tuple[int, int]:
        debit = int(chance() * debited)
        return debit + 1, (debit + 1 + int(chance() * others)) % traffic.accounts + 1

    return pick


def fresh_keys() -> Iterator[bytes]:
    """Give keys of 32 hexadecimal digits, each once: random, as those of careful clients are."""
    while True:
        digits = os.urandom(_KEY_BYTES * _KEYS_AT_ONCE).hex().encode()
        yield from (digits[at : at + 2 * _KEY_BYTES] for at in range(0, len(digits), 2 * _KEY_BYTES))


def requests(traffic: Traffic) -> Iterator[bytes]:
    """Write requests without end."""
    return _batches(traffic) if traffic.batch else _singles(traffic)


def _singles(traffic: Traffic) -> Iterator[bytes]:
    ids = [traffic.account_format.format(number).encode() for number in range(traffic.accounts + 1)]
    before, between, after = b'{"debit_account":"', b'","credit_account":"', b'","amount":1,"currency":"EUR"}'
    length = len(before) + len(between) + len(after) + 2 * len(ids[1])
    head, rest = _head(traffic), b"\r\ncontent-length: %d\r\n\r\n%b" % (length, before)
    pick = picking(traffic)
    for key in fresh_keys():
        debit, credit = pick()
        yield b"".join((head, key, rest, ids[debit], between, ids[credit], after))


def _batches(traffic: Traffic) -> Iterator[bytes]:
    head, pick, keys = _head(traffic), picking(traffic), fresh_keys()
    opening = b'{"mode":"%b","transfers":[' % traffic.mode.encode()
    written = '{{"debit_account":"{}","credit_account":"{}","amount":1,"currency":"EUR"}}'
    account = traffic.account_format.format
    while True:
        items = ",".join(written.format(account(debit), account(credit)) for debit, credit in _picked(pick, traffic))
        body = opening + items.encode() + b"]}"
        yield head + next(keys) + b"\r\ncontent-length: %d\r\n\r\n" % len(body) + body


def _picked(pick: Pick, traffic: Traffic) -> Iterator[tuple[int, int]]:
    return (pick() for _ in range(traffic.batch))


def _head(traffic: Traffic) -> bytes:
    lines = (
        f"POST {traffic.path} HTTP/1.1",
        f"host: {traffic.host}",
        f"authorization: {traffic.authorization}",
        "content-type: application/json",
        "accept: application/json",
        "idempotency-key: ",
    )
    return "\r\n".join(lines).encode()
