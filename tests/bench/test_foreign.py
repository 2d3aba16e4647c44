"""What the product is compared with is no straw man: it books rightly, and its packages are pinned."""

import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from asyncpg.exceptions import PostgresError
from packaging.requirements import Requirement

from tests.bench.foreign_venv import LOCK
from tests.fakes.stores import Database

SQL = Path(__file__).with_name("foreign") / "text_ledger.sql"
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][^ ]*)( ; [^\\/]+)? \\")
HASH = re.compile(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?")
VIA = re.compile(r" {4}#( via| {2})( -r)?( [a-z0-9-]+| [a-z/]*requirements\.txt)?")


@pytest.fixture
async def text_ledger(empty_database: Database) -> Any:
    """A connection to a text ledger with three accounts, of which `b` may not fall below zero."""
    connection: Any = await asyncpg.connect(empty_database.owner_url)
    await connection.execute(SQL.read_text())
    await connection.execute(
        "insert into accounts (id, name, currency, allow_negative_balance)"
        " values ('a', 'a', 'EUR', true), ('b', 'b', 'EUR', false), ('c', 'c', 'USD', true)"
    )
    yield connection
    await connection.close()


async def test_text_ledger_keeps_balances_versions_and_entries(text_ledger: Any) -> None:
    for amount in (5, 7):
        await text_ledger.fetchval("select create_transfer('a', 'b', $1)", amount)

    accounts = await text_ledger.fetch("select id, balance::bigint, version from accounts order by id")
    entries = await text_ledger.fetch(
        "select amount::bigint, account_previous_balance::bigint, account_current_balance::bigint, account_version"
        " from entries where account_id = 'b' order by account_version"
    )
    assert [tuple(row) for row in accounts] == [("a", -12, 2), ("b", 12, 2), ("c", 0, 0)]
    assert [tuple(row) for row in entries] == [(5, 0, 5, 1), (7, 5, 12, 2)]


@pytest.mark.parametrize(("source", "target"), [("b", "a"), ("a", "c"), ("a", "missing")])
async def test_text_ledger_books_nothing_of_a_transfer_that_it_refuses(
    source: str, target: str, text_ledger: Any
) -> None:
    with pytest.raises(PostgresError, match=r"currency|may not become|not present"):
        await text_ledger.fetchval("select create_transfer($1, $2, 5)", source, target)

    assert await text_ledger.fetchval("select count(*) from entries") == 0
    assert await text_ledger.fetchval("select sum(balance)::bigint from accounts") == 0


async def test_text_ids_are_ulids_that_rise_with_time(text_ledger: Any) -> None:
    earlier = await text_ledger.fetchval("select new_text_id('tra')")
    later = await text_ledger.fetchval("select new_text_id('tra') from pg_sleep(0.002)")

    assert all(re.fullmatch("tra_[0-9A-HJKMNP-TV-Z]{26}", one) for one in (earlier, later))
    assert earlier < later


def test_foreign_lock_holds_names_versions_and_hashes_alone() -> None:
    lines = LOCK.read_text().splitlines()

    assert [line for line in lines if not any(form.fullmatch(line) for form in (PIN, HASH, VIA))] == []
    assert [
        line for line, below in zip(lines, [*lines[1:], ""], strict=True) if PIN.match(line) and not HASH.match(below)
    ] == []


def test_foreign_lock_has_what_is_asked_for() -> None:
    pins = {found["name"]: found["version"] for line in LOCK.read_text().splitlines() if (found := PIN.match(line))}
    asked = [Requirement(line) for line in LOCK.with_suffix(".txt").read_text().splitlines() if line[:1] != "#"]

    assert len(asked) > 4
    assert all(one.specifier.contains(pins[one.name]) for one in asked)


def test_foreign_packages_are_no_part_of_the_product() -> None:
    product = (LOCK.parents[2] / "requirements.lock").read_text()

    assert not re.search(r"^(django|djangorestframework|gunicorn|psycopg)==", product, re.MULTILINE)
