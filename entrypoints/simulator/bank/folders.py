"""Where the bank and its customers exchange files: the bank's own folder, and one for each customer who has any."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from entrypoints.simulator.bank.xml import new_id
from entrypoints.simulator.logs import log


class Claimed(msgspec.Struct, frozen=True):
    """A file that the bank has taken, and whose it is."""

    path: Path
    customer: str


class BankFolders:
    """Each has `out` (what the customer sends), `in` (what the bank sends) and `taken` (what it has read).

    `own` is the bank's, made by this. Below `customers`, where that is given, every folder that has an `out` is a
    customer's, named as the customer; nothing is made there but the other two.
    """

    def __init__(self, own: Path, customers: Path | None = None) -> None:
        """Use these folders."""
        self._own = own
        self._customers = customers
        _furnish(own)
        (own / "out").mkdir(exist_ok=True)

    def waiting(self) -> Iterator[Claimed]:
        """Claim every file that waits, one after the other."""
        for customer, root in self._all():
            for path in sorted((root / "out").glob("*.xml")):
                yield Claimed(path.rename(root / "taken" / f"{new_id('in')}-{path.name}"), customer)

    def left_over(self) -> Iterator[Claimed]:
        """Give every file that was claimed, and then the bank died."""
        for customer, root in self._all():
            for path in sorted((root / "taken").glob("*.xml")):
                yield Claimed(path, customer)

    def put(self, customer: str, name: str, raw: bytes) -> None:
        """Put a file where the customer fetches it: it appears whole, under a name that sorts by time."""
        root = self._own if not customer or self._customers is None else self._customers / customer
        final = root / "in" / f"{time.time_ns():020}-{name}.xml"
        draft = final.with_suffix(".part")
        draft.write_bytes(raw)
        draft.rename(final)
        log("info", "bank.sent", file=final.name)

    def _all(self) -> list[tuple[str, Path]]:
        found = [("", self._own)]
        if self._customers is not None and self._customers.is_dir():
            roots = (root for root in sorted(self._customers.iterdir()) if (root / "out").is_dir())
            found.extend((root.name, root) for root in roots)
        for _, root in found[1:]:
            _furnish(root)
        return found


def _furnish(root: Path) -> None:
    for name in ("in", "taken"):
        (root / name).mkdir(parents=True, exist_ok=True)
