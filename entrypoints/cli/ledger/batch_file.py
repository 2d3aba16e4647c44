"""Reads a file of transfers line by line: NDJSON with the fields of the API, or CSV with a header."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import msgspec

from application.ledger.make_transfers import BatchItem
from application.ledger.orders import MakeTransfer, NamedLeg, NamedSplit, split_legs
from domain.allocation import Fixed, Part, Remainder, percent_of
from domain.errors import VAL_FIELD, MediatorError
from domain.ledger import Direction
from domain.money import currency_of
from entrypoints.cli.ledger.desk import key_for
from entrypoints.cli.ledger.reading import amount_in, minor_in, moment_in
from entrypoints.cli.trouble import USAGE, Trouble

ROUTE = "ledger batch"
Amount = int | str
"""Minor units, or the same as a string of digits."""


class LegLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One side of a transfer."""

    account: str
    direction: Direction
    amount: Amount
    currency: str | None = None
    available_min: int | None = None


class SplitLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who gets which part."""

    account: str
    fixed: Amount | None = None
    percent: str | None = None
    remainder: bool = False


class TransferLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A transfer of a file, as the API takes it; `major` in place of `amount` is exact major units."""

    debit_account: str | None = None
    credit_account: str | None = None
    amount: Amount | None = None
    major: str = ""
    currency: str | None = None
    legs: tuple[LegLine, ...] = ()
    splits: tuple[SplitLine, ...] = ()
    effective_at: str | None = None
    reference: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}
    idempotency_key: str | None = None


LINE = msgspec.json.Decoder(TransferLine)
COLUMNS = frozenset(name for name in TransferLine.__struct_fields__ if name not in {"legs", "splits", "metadata"})


class NumberedItem(msgspec.Struct, frozen=True):
    """A transfer, or why it cannot be one, with the number of its line."""

    line: int
    item: BatchItem


def items_in(path: Path, key: str) -> Iterator[NumberedItem]:
    """Give what each line asks for, under `key:line` unless the line has a key of its own. Raises Trouble."""
    with _opened(path) as file:
        lines = _csv_lines(file, path) if path.suffix.lower() == ".csv" else _json_lines(file)
        for number, line in lines:
            yield NumberedItem(number, _item(line, f"{key}:{number}"))


def lines_in(path: Path) -> int:
    """Count the lines, to know how far there is to go. Raises Trouble."""
    try:
        with path.open("rb") as file:
            return sum(1 for _ in file)
    except OSError as fault:
        raise Trouble(f"{path} cannot be read: {fault.strerror}.", exit_code=USAGE) from fault


def _opened(path: Path) -> TextIO:
    try:
        return path.open(encoding="utf-8", errors="strict", newline="")
    except OSError as fault:
        raise Trouble(f"{path} cannot be read: {fault.strerror}.", exit_code=USAGE) from fault


def _json_lines(file: TextIO) -> Iterator[tuple[int, TransferLine | MediatorError]]:
    for number, text in enumerate(file, start=1):
        if text.strip():
            yield number, _decoded(text)


def _decoded(text: str) -> TransferLine | MediatorError:
    try:
        return LINE.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as fault:
        return MediatorError(VAL_FIELD, str(fault))


def _csv_lines(file: TextIO, path: Path) -> Iterator[tuple[int, TransferLine | MediatorError]]:
    reader = csv.DictReader(file, strict=True)
    strange = set(reader.fieldnames or ()) - COLUMNS
    if strange or not reader.fieldnames:
        known = ", ".join(sorted(COLUMNS))
        raise Trouble(f"{path}: the first line names columns, of these: {known}.", exit_code=USAGE)
    try:
        for row in reader:
            yield reader.line_num, _row(row)
    except csv.Error as fault:
        raise Trouble(f"{path}, line {reader.line_num}: {fault}.", exit_code=USAGE) from fault


def _row(row: dict[str, str]) -> TransferLine | MediatorError:
    """Take a row with as many cells as the header; empty cells say nothing."""
    if None in row or None in row.values():
        return MediatorError(VAL_FIELD, "the line has not as many cells as the header")
    return msgspec.convert({name: cell for name, cell in row.items() if cell}, TransferLine)


def _item(line: TransferLine | MediatorError, key: str) -> BatchItem:
    if isinstance(line, MediatorError):
        return BatchItem(line, None)
    try:
        command = _wanted(line)
        return BatchItem(command, key_for(ROUTE, line.idempotency_key or key, command))
    except MediatorError as refusal:
        return BatchItem(refusal, None)
    except (ValueError, Trouble) as fault:
        return BatchItem(MediatorError(VAL_FIELD, str(fault)), None)


def _wanted(line: TransferLine) -> MakeTransfer:
    return MakeTransfer(
        legs=_legs(line),
        effective_at=_moment(line.effective_at),
        reference=line.reference,
        description=line.description,
        metadata=line.metadata,
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else moment_in(text).astimezone(UTC)


def _legs(line: TransferLine) -> tuple[NamedLeg, ...]:
    whole = (line.debit_account, line.credit_account, line.amount, line.major or None, line.currency)
    if line.legs:
        if line.splits or any(one is not None for one in whole):
            raise ValueError("legs stand alone")
        return tuple(_leg(leg) for leg in line.legs)
    if line.debit_account is None or line.currency is None or (line.credit_account is None) == (not line.splits):
        raise ValueError("needs debit_account, credit_account, amount and currency; or splits; or legs")
    currency = currency_of(line.currency)
    amount = amount_in(None if line.amount is None else _minor(line.amount), line.major, currency)
    if line.splits or line.credit_account is None:
        return split_legs(line.debit_account, amount, currency, tuple(_split(one) for one in line.splits))
    return (
        NamedLeg(line.debit_account, Direction.DEBIT, amount, currency, "debit_account"),
        NamedLeg(line.credit_account, Direction.CREDIT, amount, currency, "credit_account"),
    )


def _leg(leg: LegLine) -> NamedLeg:
    currency = None if leg.currency is None else currency_of(leg.currency)
    return NamedLeg(leg.account, leg.direction, _minor(leg.amount), currency, "legs", leg.available_min)


def _split(split: SplitLine) -> NamedSplit:
    parts: list[Part] = []
    if split.fixed is not None:
        parts.append(Fixed(_minor(split.fixed)))
    if split.percent is not None:
        parts.append(percent_of(split.percent, pointer="splits"))
    if split.remainder:
        parts.append(Remainder())
    if len(parts) != 1:
        raise ValueError("a split needs exactly one of fixed, percent, and remainder")
    return NamedSplit(split.account, parts[0], "splits")


def _minor(amount: Amount) -> int:
    return minor_in(str(amount))
