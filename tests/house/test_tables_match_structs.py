"""A state of the domain and its table say the same: the same fields, none more, none less, null where null may be."""

import types
import typing
from datetime import datetime
from enum import Enum
from uuid import UUID

import asyncpg
import msgspec
import pytest

from domain.beneficiaries import Beneficiary
from domain.payments import Payment, PaymentAttempt, ProviderOperation
from domain.payouts import Payout, PayoutOperation
from domain.refunds import Refund
from tests.fakes.stores import Database

TABLES: dict[str, type[msgspec.Struct]] = {
    "payments": Payment,
    "payment_attempts": PaymentAttempt,
    "provider_operations": ProviderOperation,
    "refunds": Refund,
    "beneficiaries": Beneficiary,
    "payouts": Payout,
    "payout_operations": PayoutOperation,
}
OPERATIONAL = {"provider_operations": {"query_claimed_until"}, "payout_operations": {"claimed_until"}}
"""Columns that only the machinery knows: leases, and nothing that a decision rests on."""

TYPES: dict[type, str] = {
    str: "text",
    int: "bigint",
    bool: "boolean",
    UUID: "uuid",
    datetime: "timestamp with time zone",
    dict: "jsonb",
}
COUNTS = {"number", "queries", "sends"}
"""Small counts: an integer is enough for them."""

EVERY_TABLE = pytest.mark.parametrize("table", TABLES)


async def columns(database: Database, table: str) -> dict[str, tuple[str, bool]]:
    """Give each column with its type and whether it may be null, without the operational ones."""
    owner = await asyncpg.connect(database.owner_url)
    rows = await owner.fetch(
        "select column_name, data_type, is_nullable = 'YES' as nullable from information_schema.columns "
        "where table_schema = 'fm' and table_name = $1",
        table,
    )
    await owner.close()
    operational = OPERATIONAL.get(table, set())
    found = {row["column_name"]: (row["data_type"], row["nullable"]) for row in rows}
    assert operational <= set(found)
    return {name: column for name, column in found.items() if name not in operational}


def fields(struct: type[msgspec.Struct]) -> dict[str, tuple[str, bool]]:
    """Give each field with the type that its column must have, and whether it may be None."""
    return {name: _column(name, hint) for name, hint in typing.get_type_hints(struct).items()}


def _column(name: str, hint: object) -> tuple[str, bool]:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        (inner,) = (one for one in typing.get_args(hint) if one is not types.NoneType)
        return _column(name, inner)[0], True
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    plain = typing.get_origin(hint) or hint
    assert isinstance(plain, type)
    if issubclass(plain, Enum):
        plain = str
    return "integer" if name in COUNTS else TYPES[plain], False


@EVERY_TABLE
async def test_a_table_has_exactly_the_fields_of_its_struct(database: Database, table: str) -> None:
    assert set(await columns(database, table)) == set(TABLES[table].__struct_fields__)


@EVERY_TABLE
async def test_a_column_is_of_its_fields_type_and_null_where_the_field_may_be_none(
    database: Database, table: str
) -> None:
    assert await columns(database, table) == fields(TABLES[table])


@EVERY_TABLE
async def test_every_state_that_the_domain_knows_is_one_that_the_table_takes(database: Database, table: str) -> None:
    owner = await asyncpg.connect(database.owner_url)
    checks = await owner.fetch(
        "select pg_get_constraintdef(oid) as text from pg_constraint where conrelid = $1::regclass and contype = 'c'",
        f"fm.{table}",
    )
    await owner.close()
    hints = typing.get_type_hints(TABLES[table])
    enums = {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, Enum)}

    assert enums
    for name, states in enums.items():
        (check,) = (row["text"] for row in checks if f"({name} = ANY" in row["text"])
        assert set(check.split("'")[1::2]) == {state.value for state in states}
