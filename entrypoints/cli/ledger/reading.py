"""Reads what is typed: amounts without a float, moments with their offset, and words of the form NAME=VALUE."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal

from cyclopts import Token

from domain.currencies import EXPONENTS
from domain.money import Currency, currency_of
from domain.posting import BOUND
from entrypoints.cli.trouble import USAGE, Trouble

DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)
SIGNED = re.compile(r"-?[0-9]{1,19}", re.ASCII)
MAJOR = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,4})?", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
LENGTH = re.compile(r"([0-9]{1,8})([smhd]?)", re.ASCII)
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
WINDOW_SECONDS_MAX = 31_622_400
"""A leap year."""


def read_minor(_type: object, tokens: Sequence[Token]) -> int:
    """Read minor units. Raises ValueError."""
    return minor_in(tokens[0].value)


def minor_in(text: str) -> int:
    """Read minor units: digits, and nothing else. Raises ValueError."""
    if DIGITS.fullmatch(text) is None or int(text) > BOUND:
        message = (
            f"{text!r} is no amount in minor units: digits, up to {BOUND}; major units have an option of their own"
        )
        raise ValueError(message)
    return int(text)


def read_balance(_type: object, tokens: Sequence[Token]) -> int:
    """Read minor units that may be below zero. Raises ValueError."""
    return balance_in(tokens[0].value)


def balance_in(text: str) -> int:
    """Read minor units that may be below zero. Raises ValueError."""
    if SIGNED.fullmatch(text) is None or abs(int(text)) > BOUND:
        message = f"{text!r} is no balance in minor units: digits, a minus before them or not"
        raise ValueError(message)
    return int(text)


def read_count(_type: object, tokens: Sequence[Token]) -> int:
    """Read how many. Raises ValueError."""
    text = tokens[0].value
    if DIGITS.fullmatch(text) is None or int(text) == 0:
        message = f"{text!r} is no number of rows"
        raise ValueError(message)
    return int(text)


def read_window(_type: object, tokens: Sequence[Token]) -> int:
    """Read a length of time in seconds: 90, 15m, 1h, 1d. Raises ValueError."""
    found = LENGTH.fullmatch(tokens[0].value)
    seconds = 0 if found is None else int(found[1]) * SECONDS[found[2]]
    if not 1 <= seconds <= WINDOW_SECONDS_MAX:
        message = f"{tokens[0].value!r} is no window: seconds, or 15m, 1h, 1d; a year at most"
        raise ValueError(message)
    return seconds


def read_moment(_type: object, tokens: Sequence[Token]) -> datetime:
    """Read a moment. Raises ValueError."""
    return moment_in(tokens[0].value)


def moment_in(text: str) -> datetime:
    """Read a day, which begins at midnight in UTC, or a moment with its offset; give it in UTC. Raises ValueError."""
    message = f"{text!r} is no moment: a day as 2026-11-01 (UTC), or a time with its offset as 2026-11-01T12:00:00Z"
    try:
        if DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time.min, UTC)
        moment = datetime.fromisoformat(text)
        has_offset, in_utc = moment.tzinfo is not None, moment.astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise ValueError(message) from fault
    if not has_offset:
        raise ValueError(message)
    return in_utc


def read_day(_type: object, tokens: Sequence[Token]) -> date:
    """Read a day. Raises ValueError."""
    text = tokens[0].value
    if DAY.fullmatch(text) is None:
        message = f"{text!r} is no day, as 2026-11-01"
        raise ValueError(message)
    return date.fromisoformat(text)


def amount_in(amount: int | None, major: str, currency: Currency) -> int:
    """Give the amount that is said in exactly one of the two ways, in minor units. Raises Trouble."""
    if (amount is None) == (major == ""):
        raise Trouble("Say the amount, either as --amount (minor units) or as --major.", exit_code=USAGE)
    return major_in(major, currency) if amount is None else amount


def major_in(text: str, currency: Currency) -> int:
    """Read major units exactly, as `12.34`. Raises Trouble for more decimals than the currency has."""
    exponent = EXPONENTS[currency]
    decimals = len(text.partition(".")[2])
    if MAJOR.fullmatch(text) is None or decimals > exponent:
        raise Trouble(f"{text!r} is no amount of {currency}, which has {exponent} decimals.", exit_code=USAGE)
    return int(Decimal(text).scaleb(exponent))


def currency_in(text: str) -> Currency:
    """Read a currency. Raises VAL_CURRENCY."""
    return currency_of(text, pointer="--currency")


def find_currency(text: str) -> Currency | None:
    """Read a currency; None where none is said. Raises VAL_CURRENCY."""
    return currency_in(text) if text else None


def pairs_in(words: Iterable[str], what: str) -> dict[str, str]:
    """Read NAME=VALUE words, each name once. Raises Trouble."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals or name in found:
            raise Trouble(f"{what}: {word!r} is not NAME=VALUE, or its name is said twice.", exit_code=USAGE)
        found[name] = value
    return found
