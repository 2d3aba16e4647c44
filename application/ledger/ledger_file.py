"""The file of a ledger: lines of JSON between a manifest and a trailer that proves them whole."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from application.ports.ledger_copies import (
    FORMAT,
    VERSION,
    Copied,
    CopiedAccount,
    CopiedHold,
    CopiedReference,
    CopiedReversal,
    CopiedTransaction,
    Manifest,
    SumOfCurrency,
    Trailer,
)
from domain.errors import VAL_FIELD, FieldError, MediatorError

ORDER = (CopiedAccount, CopiedTransaction, CopiedReference, CopiedReversal, CopiedHold)
NAMES = ("account", "transaction", "reference", "reversal", "hold", "entry")
ENCODER = msgspec.json.Encoder(order="deterministic")
DECODER = msgspec.json.Decoder(Manifest | Copied | Trailer)


class Reckoning:
    """Counts and adds up what goes by, and takes the digest of its bytes."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._whole = hashlib.sha256()
        self._content = hashlib.sha256()
        self._counts = dict.fromkeys(NAMES, 0)
        self._sums: dict[str, tuple[int, int]] = {}
        self.lines = 0

    def add(self, line: Manifest | Copied, written: bytes) -> None:
        """Reckon a line, which ends with a line feed."""
        self._whole.update(written)
        if isinstance(line, Manifest):
            return
        self.lines += 1
        self._content.update(written)
        self._counts[NAMES[ORDER.index(type(line))]] += 1
        if isinstance(line, CopiedTransaction):
            self._add_entries(line)

    def _add_entries(self, line: CopiedTransaction) -> None:
        self._counts["entry"] += len(line.entries)
        for entry in line.entries:
            debits, credit = self._sums.get(entry.currency, (0, 0))
            if entry.direction == "debit":
                self._sums[entry.currency] = (debits + entry.amount_minor, credit)
            else:
                self._sums[entry.currency] = (debits, credit + entry.amount_minor)

    @property
    def content_digest(self) -> str:
        """The digest of what is in the ledger, whosever it is and whenever it was read."""
        return self._content.hexdigest()

    def trailer(self) -> Trailer:
        """Say what was reckoned."""
        return Trailer(
            counts=dict(self._counts),
            sums={
                currency: SumOfCurrency(debits=str(debits), credits=str(credit))
                for currency, (debits, credit) in sorted(self._sums.items())
            },
            digest=self._whole.hexdigest(),
        )


class CheckedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is whole: every line can be read, and its trailer says what it holds."""

    manifest: Manifest
    trailer: Trailer
    content_digest: str
    lines: int


def written(line: Manifest | Copied | Trailer) -> bytes:
    """Write a line, always in the same way."""
    return ENCODER.encode(line) + b"\n"


def checked(lines: Iterable[bytes]) -> CheckedFile:
    """Read a whole file, keep none of it, and say what it is. Raises VAL_FIELD, with the line, at the first fault."""
    reckoning = Reckoning()
    manifest: Manifest | None = None
    trailer: Trailer | None = None
    place = 0
    for number, (line, raw) in enumerate(_read(lines), start=1):
        if trailer is not None:
            raise refused(number, "something follows the trailer")
        match line:
            case Manifest():
                manifest = _accepted(line, number)
            case Trailer():
                trailer = line
            case _:
                place = _next_place(line, place, number)
                _require_past(line, manifest, number)
        if manifest is None:
            raise refused(number, "the first line is not a manifest")
        if not isinstance(line, Trailer):
            reckoning.add(line, raw)
    if manifest is None or trailer is None:
        raise refused(reckoning.lines + 2, "the file ends before its trailer")
    if trailer != reckoning.trailer():
        raise refused(reckoning.lines + 2, "the trailer does not say what the lines before it hold")
    if any(one.debits != one.credits for one in trailer.sums.values()):
        raise refused(reckoning.lines + 2, "debits and credits differ")
    return CheckedFile(
        manifest=manifest, trailer=trailer, content_digest=reckoning.content_digest, lines=reckoning.lines
    )


def refused(number: int, why: str) -> MediatorError:
    """Name the line of a file that cannot be taken in, and why."""
    return MediatorError(VAL_FIELD, f"Line {number}: {why}.", errors=(FieldError(f"line/{number}", why),))


def _read(lines: Iterable[bytes]) -> Iterator[tuple[Manifest | Copied | Trailer, bytes]]:
    for number, raw in enumerate(lines, start=1):
        if not raw.endswith(b"\n"):
            raise refused(number, "the line is not whole")
        try:
            line = DECODER.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise refused(number, str(fault)) from fault
        if written(line) != raw:
            raise refused(number, "the line is not written as we write it")
        yield line, raw


def _accepted(manifest: Manifest, number: int) -> Manifest:
    if number != 1:
        raise refused(number, "a manifest within the file")
    if (manifest.format, manifest.version) != (FORMAT, VERSION):
        raise refused(number, f"this is {manifest.format} of version {manifest.version}, we read {FORMAT} of {VERSION}")
    return manifest


def _next_place(line: Copied, place: int, number: int) -> int:
    """Hold the file to its order: accounts, transactions, references, reversals, holds."""
    now = ORDER.index(type(line))
    if now < place:
        raise refused(number, f"{NAMES[now]} stands behind {NAMES[place]}")
    return now


def _require_past(line: Copied, manifest: Manifest | None, number: int) -> None:
    """Refuse what was made after the file was, and transactions outside of the times that the manifest names."""
    if manifest is None:
        return
    made: datetime = line.recorded_at if isinstance(line, CopiedTransaction) else line.created_at
    if made > manifest.exported_at:
        raise refused(number, "it is younger than the file")
    if isinstance(line, CopiedTransaction) and not _is_within(made, manifest):
        raise refused(number, "it was recorded outside of the times that the manifest names")


def _is_within(made: datetime, manifest: Manifest) -> bool:
    first, last = manifest.first_recorded_at, manifest.last_recorded_at
    return first is not None and last is not None and first <= made <= last
