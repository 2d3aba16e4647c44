"""The use case of statements: whole, page by page, or not at all."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from uuid_utils.compat import uuid7

from application.call import Call
from application.ledger.get_statement import PAGE, GetStatement, GetStatementHandler
from application.ports.statements import StatementDocument, StatementForm, StatementForms
from domain.errors import LEDGER_STATEMENT_TOO_LARGE, NOT_FOUND, VAL_PERIOD, ErrorCode, MediatorError
from domain.ids import LedgerAccountId, TenantId
from domain.statements import Statement
from tests.fakes.statements import NOON, OCTOBER, READ, History, MemoryStatementReads
from tests.fakes.world import SettableWorld

TENANT = TenantId(uuid7())
CALL = Call(tenant_id=TENANT, actor="prn_test", request_id="req_test")


class Kept(StatementForms):
    """Keeps the statements that it is given to write."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []

    async def written(self, statement: Statement, form: StatementForm) -> StatementDocument:
        self.statements.append(statement)
        return StatementDocument("text/plain", form.value, b"")


async def ask(history: History, *, reads: MemoryStatementReads | None = None, **changes: Any) -> Statement:
    """Ask for a statement and give it as it was handed on to be written."""
    forms = Kept()
    reads = reads or MemoryStatementReads([(TENANT, history)])
    handler = GetStatementHandler(reads, forms, SettableWorld(READ))
    command = GetStatement(account_id=history.account.id, form=StatementForm.CSV)
    document = await handler(msgspec.structs.replace(command, **changes), CALL)
    assert document.file_name == "csv"
    return forms.statements[0]


async def refusal(history: History, **changes: Any) -> ErrorCode:
    with pytest.raises(MediatorError) as refused:
        await ask(history, **changes)
    return refused.value.entry


async def test_a_statement_is_of_the_last_month_unless_a_period_is_named() -> None:
    history = History().book(1, OCTOBER.start - timedelta(days=1)).book(2, NOON).book(4, OCTOBER.end)

    told = await ask(history)
    named = await ask(history, recorded_from=OCTOBER.end, recorded_before=OCTOBER.end + timedelta(seconds=1))

    assert (told.period, told.opening_minor, told.closing_minor) == (OCTOBER, 1, 3)
    assert (named.opening_minor, [one.amount_minor for one in named.entries], named.closing_minor) == (3, [4], 7)


@pytest.mark.parametrize("count", [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
async def test_pages_of_any_number_are_put_together_in_order(count: int) -> None:
    history = History()
    for number in range(count):
        history.book(number + 1)

    told = await ask(history)

    assert [one.amount_minor for one in told.entries] == list(range(1, count + 1))


@pytest.mark.parametrize(("count", "fits"), [(4, True), (5, True), (6, False)])
async def test_more_entries_than_allowed_are_refused_and_not_read(count: int, fits: bool) -> None:  # noqa: FBT001 -- a value of the test
    history = History()
    for _ in range(count):
        history.book(1)
    reads = MemoryStatementReads([(TENANT, history)])

    if fits:
        assert len((await ask(history, reads=reads, entries_max=5)).entries) == count
    else:
        assert await refusal(history, reads=reads, entries_max=5) is LEDGER_STATEMENT_TOO_LARGE
    assert sum(reads.pages) == count


async def test_an_unknown_account_is_not_found() -> None:
    assert await refusal(History(), account_id=LedgerAccountId(uuid7())) is NOT_FOUND


async def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    assert await refusal(History(), recorded_from=OCTOBER.end, recorded_before=OCTOBER.start) is VAL_PERIOD


async def test_what_is_available_is_told_only_of_a_period_that_is_not_over() -> None:
    history = History().book(5)
    period: dict[str, Any] = {"recorded_from": OCTOBER.start, "recorded_before": READ + timedelta(microseconds=1)}

    assert (await ask(history, **period)).available_minor == 5
    assert (await ask(history, **(period | {"recorded_before": READ}))).available_minor is None


async def test_what_is_booked_while_the_pages_are_read_does_not_belong_to_the_statement() -> None:
    history = History()
    for _ in range(PAGE):
        history.book(1)

    class Busy(MemoryStatementReads):
        async def entries(self, *given: object, **named: object) -> object:  # type: ignore[override]
            page = await super().entries(*given, **named)  # type: ignore[arg-type]
            history.book(1)
            return page

    told = await ask(history, reads=Busy([(TENANT, history)]))

    assert (len(told.entries), told.closing_minor) == (PAGE, PAGE)
