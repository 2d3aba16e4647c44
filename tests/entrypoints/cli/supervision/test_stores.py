"""Stores that the settings name: both or none, of versions that we can use."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from entrypoints.cli.supervision.database import place_of, require_redis
from entrypoints.cli.supervision.stores import are_given, read_given
from entrypoints.cli.trouble import Trouble

SECRET = "a-secret-of-more-than-32-characters"


@asynccontextmanager
async def redis_of(version: str) -> AsyncIterator[str]:
    """A server that says of itself that it is this Redis, and knows nothing else."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while count := (await reader.readline()).strip():
            words = []
            for _ in range(int(count[1:])):
                length = int((await reader.readline())[1:])
                words.append((await reader.readexactly(length + 2))[:-2].upper())
            info = f"# Server\r\nredis_version:{version}\r\n"
            writer.write(f"${len(info)}\r\n{info}\r\n".encode() if words[0] == b"INFO" else b"-ERR unknown command\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0?protocol=2"


async def test_redis_that_is_new_enough_is_taken() -> None:
    async with redis_of("6.0.16") as url:
        assert await require_redis(url) == "6.0.16"


async def test_redis_that_is_too_old_is_refused() -> None:
    async with redis_of("5.0.14") as url:
        with pytest.raises(
            Trouble, match=r"Redis 5\.0\.14 at 127\.0\.0\.1:\d+/0 is too old: the mediator needs 6 or newer\."
        ):
            await require_redis(url)


async def test_redis_that_is_not_there_is_named_without_its_password() -> None:
    url = "redis://:{}@127.0.0.1:1/0".format("never shown")

    with pytest.raises(Trouble, match=r"Redis at 127\.0\.0\.1:1/0 cannot be used: ") as caught:
        await require_redis(url)

    assert "never" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "given"),
    [({}, False), ({"DATABASE_URL": " ", "REDIS_URL": ""}, False), ({"DATABASE_URL": "a", "REDIS_URL": "b"}, True)],
)
def test_stores_are_given_when_both_are(environ: dict[str, str], given: bool) -> None:  # noqa: FBT001 -- an expectation
    assert are_given(environ) is given


@pytest.mark.parametrize(("there", "missing"), [("DATABASE_URL", "REDIS_URL"), ("REDIS_URL", "DATABASE_URL")])
def test_one_store_alone_is_refused(there: str, missing: str) -> None:
    with pytest.raises(Trouble, match=f"{there} is given, but {missing} is not"):
        are_given({there: "x"})


def test_given_stores_get_their_passwords() -> None:
    stores = read_given(
        {
            "DATABASE_URL": "postgresql://app@db/mediator",
            "DATABASE_PASSWORD": "one",
            "REDIS_URL": "redis://cache/0",
            "REDIS_PASSWORD": "two",
            "BROKER_URL": "",
        },
        secret_key=SECRET,
    )

    assert stores.database_url == "postgresql://app:one@db/mediator"
    assert stores.database_owner_url == stores.database_url
    assert stores.broker_url == stores.redis_url == "redis://:two@cache/0"
    assert "one" not in repr(stores)
    assert (stores.find_ended(), stores.pids()) == (None, {})


def test_place_of_an_address_shows_no_login() -> None:
    assert place_of("postgresql://app:secret@db.example:5432/mediator?x=1") == "db.example:5432/mediator"
