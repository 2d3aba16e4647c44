"""What the commands are made of: reading numbers and times, reading page by page, stopping when nobody answers."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from dishka import Provider, Scope, make_async_container
from hypothesis import given
from hypothesis import strategies as st

from application.ledger.make_transfers import BatchItem, MakeTransfersHandler
from application.ledger.orders import MakeTransfer, NamedLeg
from application.ports.journal import IdempotencyKey
from application.ports.ledger import AccountFinder, AccountName, FoundAccount
from domain.currencies import EXPONENTS
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from domain.ids import LedgerAccountId, TenantId
from domain.ledger import Direction
from domain.money import Currency, Money
from domain.posting import Outcome, Placed, Posting
from entrypoints.cli.ledger.batch import BatchReport, _batch
from entrypoints.cli.ledger.batch_file import NumberedItem
from entrypoints.cli.ledger.desk import Desk
from entrypoints.cli.ledger.files import whole_file
from entrypoints.cli.ledger.pages import rows
from entrypoints.cli.ledger.reading import major_in, moment_in
from entrypoints.cli.ledger.showing import exact, instant
from entrypoints.cli.trouble import Trouble
from tests.fakes.journal import MemoryJournal
from tests.fakes.tables import MemoryDatabase
from tests.fakes.world import SettableWorld

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
EUR = Currency("EUR")


@given(minor=st.integers(-(9 * 10**18), 9 * 10**18), currency=st.sampled_from(["JPY", "EUR", "KWD", "CLF"]))
def test_every_amount_is_read_as_it_is_shown(minor: int, currency: str) -> None:
    shown = str(Money(minor, Currency(currency))).split()[0]

    assert major_in(shown, Currency(currency)) == minor


@given(text=st.text(alphabet="0123456789.,-+eE_ ", max_size=12), currency=st.sampled_from(["JPY", "EUR", "KWD", "CLF"]))
def test_what_is_read_is_what_was_written_or_nothing(text: str, currency: str) -> None:
    try:
        minor = major_in(text, Currency(currency))
    except Trouble:
        return

    assert Decimal(minor) == Decimal(text).scaleb(EXPONENTS[currency])


def test_moment_without_an_offset_is_none() -> None:
    assert moment_in("2026-11-01") == datetime(2026, 11, 1, tzinfo=UTC)
    assert moment_in("2026-11-01T01:00:00+02:00") == datetime(2026, 10, 31, 23, tzinfo=UTC)
    for text in ("2026-11-01T12:00:00", "2026-13-01", "now", "", "9999-12-31T23:59:59-12:00"):
        with pytest.raises(ValueError, match="is no moment"):
            moment_in(text)


def test_moments_are_shown_in_utc_and_big_amounts_as_text() -> None:
    assert instant(datetime(2026, 11, 1, 1, 2, 3, 456_789, UTC)) == "2026-11-01 01:02:03.456Z"
    assert instant(None) == ""
    assert (exact(2**53 - 1), exact(2**53), exact(-(2**53))) == (2**53 - 1, str(2**53), str(-(2**53)))


@pytest.mark.parametrize(
    ("limit", "every", "expected", "has_more", "asked"),
    [
        (250, False, 250, True, [200, 50]),
        (1_000, False, 450, False, [200, 200, 200]),
        (1, True, 450, False, [200, 200, 200]),
        (450, False, 450, False, [200, 200, 50]),
    ],
)
async def test_list_is_read_page_by_page(
    *, limit: int, every: bool, expected: int, has_more: bool, asked: list[int]
) -> None:
    there, counts = tuple(range(450)), []

    async def read(last: int | None, count: int) -> tuple[tuple[int, ...], bool]:
        counts.append(count)
        begin = 0 if last is None else last + 1
        return there[begin : begin + count], begin + count < len(there)

    assert await rows(read, limit=limit, every=every) == (there[:expected], has_more)
    assert counts == asked


def test_file_that_fails_in_the_middle_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    with pytest.raises(ZeroDivisionError), whole_file(path, force=True) as file:
        file.write(bytes(1 // 0))

    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("a", "old")]


class TiredJournal(MemoryJournal):
    """Books so many chunks, and then answers nobody."""

    chunks = 3

    async def post_batch(
        self, tenant_id: TenantId, batch: Sequence[tuple[Placed, IdempotencyKey | None]], *, atomic: bool
    ) -> tuple[Outcome | MediatorError, ...]:
        """Book a chunk, or raise SERVICE_UNAVAILABLE."""
        if not self.chunks:
            raise MediatorError(SERVICE_UNAVAILABLE, "The database is away.")
        self.chunks -= 1
        return tuple(Posting(transaction_id=None, recorded_at=NOON) for _ in batch)


class Anybody(AccountFinder):
    """Knows every account."""

    async def find(self, tenant_id: TenantId, names: Collection[AccountName]) -> Mapping[AccountName, FoundAccount]:
        """Find every one."""
        return {name: FoundAccount(LedgerAccountId(uuid4()), EUR) for name in names}


def items(count: int) -> Iterator[NumberedItem]:
    """Give so many transfers."""
    legs = tuple(NamedLeg(str(direction), direction, 1, EUR, "") for direction in Direction)
    for line in range(1, count + 1):
        yield NumberedItem(line, BatchItem(MakeTransfer(legs=legs), None))


async def test_batch_stops_where_nobody_answers_and_tries_nothing_more() -> None:
    world, report = SettableWorld(NOON), BatchReport(file="a", mode="each", key="a")
    handler = MakeTransfersHandler(TiredJournal(MemoryDatabase(lambda: NOON)), Anybody(), world)
    provider = Provider(scope=Scope.APP)
    provider.provide(lambda: handler, provides=MakeTransfersHandler)
    left = items(5_000)

    desk = Desk(make_async_container(provider), world, TenantId(uuid4()))
    await _batch(desk, items=left, total=5_000, report=report, atomic=False)

    assert (report.booked, report.refused, report.is_well) == (1_500, 0, False)
    assert report.stopped == "line 1501: SERVICE_UNAVAILABLE: The database is away."
    assert next(left).line == 2_001
