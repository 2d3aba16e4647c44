"""Looks whether what was acknowledged is there, and whether the books are right: the part that may not lie."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import msgspec

from tests.bench.ground import Database
from tests.bench.runs import Contestant, Run

_COMMITTED = "select count(*) from fm.ledger_transactions"
_DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"
_UNBALANCED = """
select count(*) from (select 1 from fm.entries group by tenant_id, transaction_id, currency
  having sum(case direction when 'debit' then amount_minor else -amount_minor end) <> 0) x
"""
_WRONG_SUM = """
select count(*) from (select 1 from fm.entries group by currency
  having sum(case direction when 'debit' then amount_minor else -amount_minor end) <> 0) x
"""
_WRONG_BALANCES = """
select count(*) from fm.ledger_accounts a
  left join (select tenant_id, account_id, count(*) as entries,
      coalesce(sum(amount_minor) filter (where direction = 'debit'), 0) as debits,
      coalesce(sum(amount_minor) filter (where direction = 'credit'), 0) as credits
    from fm.entries group by tenant_id, account_id) e on e.tenant_id = a.tenant_id and e.account_id = a.id
where a.posted_debits <> coalesce(e.debits, 0) or a.posted_credits <> coalesce(e.credits, 0)
  or a.version <> coalesce(e.entries, 0)
"""
_ENTRIES_FOR_EACH_TRANSACTION = 5_000_000


class Unsound(Exception):
    """The figures of a run are worth nothing: something acknowledged is missing, or the books are wrong."""


@dataclass(slots=True)
class Faults:
    """What went wrong in a whole bench, counted: each has to be zero."""

    deadlocks: int = 0
    mismatches: int = 0
    lost: int = 0


class Counted(Protocol):
    """Tells how many transfers a database holds."""

    def committed(self) -> int:
        """Count them, committed ones only."""
        ...


class Books(Counted):
    """The ledger in a database of the bench."""

    def __init__(self, database: Database) -> None:
        """Look into this database."""
        self._database = database

    def committed(self) -> int:
        """Count the transactions."""
        return self._database.number(_COMMITTED)

    def deadlocks(self) -> int:
        """Count the deadlocks that the server has met in this database."""
        return self._database.number(_DEADLOCKS)

    def mistakes(self) -> dict[str, int]:
        """Count what is wrong with sums and balances: nothing when all is right."""
        # Each transaction by itself as long as that takes seconds; beyond that, all of them together.
        is_small = self._database.number("select count(*) from fm.entries") <= _ENTRIES_FOR_EACH_TRANSACTION
        found = {
            "unbalanced sums": self._database.number(_UNBALANCED if is_small else _WRONG_SUM),
            "balances that differ from their entries": self._database.number(_WRONG_BALANCES),
        }
        return {what: count for what, count in found.items() if count}


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What one run was told, and how much of it is there."""

    acknowledged: int
    committed: int

    @property
    def lost(self) -> int:
        """How many were acknowledged and are not there."""
        return max(0, self.acknowledged - self.committed)


def covered(run: Contestant, books: Counted, faults: Faults) -> Contestant:
    """Make a contestant whose every run raises Unsound unless what it committed covers what was acknowledged.

    It also raises when nothing succeeded.
    An idempotent API answers a repeated key with success and commits nothing: only the rows tell.
    """

    def watched() -> Run:
        before = books.committed()
        done = run()
        if not done.counted:
            outside = f"{done.acknowledged} before and after them"
            raise Unsound(f"nothing succeeded in the measured seconds ({outside}); refused: {dict(done.refused)}")
        found = Coverage(acknowledged=done.acknowledged, committed=books.committed() - before)
        faults.lost += found.lost
        if found.lost:
            raise Unsound(f"{found.lost} of {found.acknowledged} acknowledged transfers are not there")
        return done

    return watched


@contextmanager
def sound(books: Books, faults: Faults) -> Iterator[Books]:
    """Check the books after the block, unless it failed. Raises Unsound."""
    before = books.deadlocks()
    yield books
    deadlocks, mistakes = books.deadlocks() - before, books.mistakes()
    faults.deadlocks += deadlocks
    faults.mismatches += sum(mistakes.values())
    if deadlocks or mistakes:
        raise Unsound(", ".join(f"{count} {what}" for what, count in {"deadlocks": deadlocks, **mistakes}.items()))
