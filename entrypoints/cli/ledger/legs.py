"""Reads the three forms of a transfer: from one account to another, as legs, or split over several accounts."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from application.ledger.orders import NamedLeg, NamedSplit, split_legs
from domain.allocation import Fixed, Part, Remainder, percent_of
from domain.ledger import Direction
from domain.money import Currency
from entrypoints.cli.ledger.reading import (
    amount_in,
    balance_in,
    currency_in,
    find_currency,
    major_in,
    minor_in,
    pairs_in,
)
from entrypoints.cli.trouble import USAGE, Trouble

LEG_FORM = "debit=ACCOUNT,amount=1250[,currency=EUR][,available_min=0], or credit=, or major=12.50"
SPLIT_FORM = "to=ACCOUNT,percent=2.9, or fixed=30, or major=0.30, or remainder=yes"
LEG_WORDS = frozenset({"debit", "credit", "amount", "major", "currency", "available_min"})
SPLIT_WORDS = frozenset({"to", "fixed", "major", "percent", "remainder"})

T = TypeVar("T")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed of a transfer."""

    source: str = ""
    target: str = ""
    amount: int | None = None
    major: str = ""
    currency: str = ""
    legs: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()


def legs_of(wanted: Wanted) -> tuple[NamedLeg, ...]:
    """Give the legs of whichever form was typed. Raises Trouble, VAL_AMOUNT, VAL_CURRENCY."""
    if wanted.legs:
        if wanted != Wanted(legs=wanted.legs):
            raise Trouble("--leg stands alone: each leg says its account, amount and currency.", exit_code=USAGE)
        return tuple(_leg(text) for text in wanted.legs)
    if not wanted.source or not wanted.currency or bool(wanted.target) == bool(wanted.splits):
        message = "A transfer needs --from, --to, an amount and --currency; or --split in place of --to; or --leg."
        raise Trouble(message, exit_code=USAGE)
    currency = currency_in(wanted.currency)
    amount = amount_in(wanted.amount, wanted.major, currency)
    if wanted.splits:
        return split_legs(wanted.source, amount, currency, tuple(_split(text, currency) for text in wanted.splits))
    return (
        NamedLeg(wanted.source, Direction.DEBIT, amount, currency, "--from"),
        NamedLeg(wanted.target, Direction.CREDIT, amount, currency, "--to"),
    )


def _leg(text: str) -> NamedLeg:
    words = _words("--leg", text, LEG_WORDS, LEG_FORM)
    if ("debit" in words) == ("credit" in words) or ("amount" in words) == ("major" in words):
        raise _no_form("--leg", text, LEG_FORM)
    direction = Direction.DEBIT if "debit" in words else Direction.CREDIT
    currency = find_currency(words.get("currency", ""))
    if "amount" in words:
        amount = _read(minor_in, words["amount"], "--leg")
    elif currency is None:
        raise Trouble(f"--leg: {text!r} says major units, so it has to say the currency.", exit_code=USAGE)
    else:
        amount = major_in(words["major"], currency)
    least = _read(balance_in, words["available_min"], "--leg") if "available_min" in words else None
    return NamedLeg(words[direction.value], direction, amount, currency, "--leg", least)


def _split(text: str, currency: Currency) -> NamedSplit:
    words = _words("--split", text, SPLIT_WORDS, SPLIT_FORM)
    if "to" not in words or len(words) != len(("to", "part")):
        raise _no_form("--split", text, SPLIT_FORM)
    return NamedSplit(words["to"], _part(text, words, currency), "--split")


def _part(text: str, words: Mapping[str, str], currency: Currency) -> Part:
    match words:
        case {"fixed": fixed}:
            return Fixed(_read(minor_in, fixed, "--split"))
        case {"major": major}:
            return Fixed(major_in(major, currency))
        case {"percent": percent}:
            return percent_of(percent, pointer="--split")
        case {"remainder": "yes"}:
            return Remainder()
        case _:
            raise _no_form("--split", text, SPLIT_FORM)


def _words(option: str, text: str, known: frozenset[str], form: str) -> dict[str, str]:
    words = pairs_in(text.split(","), option)
    if set(words) - known:
        raise _no_form(option, text, form)
    return words


def _read(read: Callable[[str], T], text: str, option: str) -> T:
    try:
        return read(text)
    except ValueError as fault:
        raise Trouble(f"{option}: {fault}.", exit_code=USAGE) from fault


def _no_form(option: str, text: str, form: str) -> Trouble:
    return Trouble(f"{option}: {text!r} is not of the form {form}.", exit_code=USAGE)
