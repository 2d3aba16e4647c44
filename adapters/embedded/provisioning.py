"""Makes the database and the login of the running application inside a fresh PostgreSQL; safe to repeat."""

import base64
import hashlib
import hmac
import secrets

import asyncpg

from adapters.embedded.cluster import OWNER
from adapters.embedded.passwords import Passwords
from adapters.embedded.ports import HOST

DATABASE = "mediator"
APPLICATION = "mediator_app"
_CONNECT_SECONDS = 10.0
_SCRAM_ITERATIONS = 4096  # What PostgreSQL itself takes by default.
_SCRAM_SALT_BYTES = 16


async def provision(port: int, passwords: Passwords) -> None:
    """Make the database `mediator` and the login `mediator_app`, which owns nothing and may nothing special.

    The password of the login is set to the stored one each time.
    """
    connection = await asyncpg.connect(
        host=HOST,
        port=port,
        user=OWNER,
        password=passwords.database_owner,
        database="postgres",
        ssl=False,
        timeout=_CONNECT_SECONDS,
    )
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", APPLICATION):
            await connection.execute(f"CREATE ROLE {APPLICATION}")
        verifier = make_scram_verifier(passwords.application, secrets.token_bytes(_SCRAM_SALT_BYTES))
        await connection.execute(
            f"ALTER ROLE {APPLICATION} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS "
            f"PASSWORD '{verifier}'"
        )
    finally:
        await connection.close()


def make_scram_verifier(password: str, salt: bytes) -> str:
    """Make what PostgreSQL stores of a password (RFC 5803), here and not there.

    So the password itself is in no statement that a log or pg_stat_statements could keep.
    """
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    in_base64 = [base64.b64encode(part).decode() for part in (salt, stored_key, server_key)]
    return "SCRAM-SHA-256${}:{}${}:{}".format(_SCRAM_ITERATIONS, *in_base64)
