"""A drop folder on a bank's SFTP server: one connection for each call, to the one host key that was agreed upon."""

import asyncio
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar, cast

import asyncssh

from adapters.dropfolders.names import QUIET_SECONDS, WAITING_MAX, is_plain, part_name, shelved_name
from adapters.providerkit.places import SftpLogin, SftpPlace
from application.ports.drop_folders import FILE_MAX_BYTES, Delivered, DropFolder, Shelf, WaitingFile
from domain.errors import PROV_UNREACHABLE, MediatorError
from domain.providers import NotSent, Unknown

Got = TypeVar("Got")

_TROUBLE = (OSError, asyncssh.Error, asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError)
"""Everything that a connection, a login or a server's answer may fail with; a deadline's TimeoutError is an OSError."""

_IN_DOUBT = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.SFTPBadMessage)
"""Errors that are no answer of the server."""


class SftpDropFolder(DropFolder):
    """Logs in by a key or a password; never asks an agent, a file or a user for more, never trusts another host key."""

    def __init__(self, place: SftpPlace, login: SftpLogin, *, quiet_seconds: float = QUIET_SECONDS) -> None:
        """Use that server; nothing is connected before the first call."""
        self._place = place
        self._login = login
        self._quiet_seconds = quiet_seconds
        self._shelves = {Shelf.ARCHIVE: place.archive_folder, Shelf.REFUSED: place.refused_folder}

    async def drop(self, name: str, content: bytes, *, deadline_seconds: float) -> Delivered | NotSent | Unknown:
        """Upload under another name, then rename: until the rename was asked for, nobody can have seen the file."""
        if not is_plain(name):
            return NotSent("the file's name is not a plain one")
        final, part = f"{self._place.out_folder}/{name}", f"{self._place.out_folder}/{part_name(name)}"
        asked = False
        try:
            async with asyncio.timeout(deadline_seconds), self._connected() as sftp:
                asked = await sftp.lexists(final)
                if asked:
                    return await _met(sftp, final, content)
                await _upload(sftp, part, content)
                asked = True
                return await _renamed(sftp, part, final, content)
        except _TROUBLE as fault:
            return Unknown(f"the file may be in its place: {_said(fault)}") if asked else NotSent(_said(fault))

    async def holds(self, name: str, content: bytes, *, deadline_seconds: float) -> bool:
        """Whether the server still has this very file."""
        path = f"{self._place.out_folder}/{name}"
        return await self._told(lambda sftp: _find(sftp, path), deadline_seconds) == content

    async def waiting(self, *, deadline_seconds: float) -> tuple[WaitingFile, ...]:
        """Give the quiet files that the bank has put there, the oldest first."""
        return await self._told(self._waiting, deadline_seconds)

    async def read(self, name: str, *, deadline_seconds: float) -> bytes | None:
        """Download a file of the bank."""
        path = f"{self._place.in_folder}/{name}"
        return await self._told(lambda sftp: _find(sftp, path), deadline_seconds)

    async def put_away(self, name: str, content: bytes | None, shelf: Shelf, *, deadline_seconds: float) -> None:
        """Move a file to a shelf."""
        waits, folder = f"{self._place.in_folder}/{name}", self._shelves[shelf]
        kept = f"{folder}/{shelved_name(name, content)}"

        async def move(sftp: asyncssh.SFTPClient) -> None:
            if content is not None and await _find(sftp, waits) != content:
                return
            await sftp.makedirs(folder, exist_ok=True)
            if await sftp.lexists(kept):
                await sftp.remove(waits)
                return
            await sftp.rename(waits, kept)
            if content is not None and await _find(sftp, kept) != content:
                await sftp.rename(kept, waits)

        await self._told(move, deadline_seconds)

    async def _waiting(self, sftp: asyncssh.SFTPClient) -> tuple[WaitingFile, ...]:
        quiet_since = time.time() - self._quiet_seconds
        found = []
        async for entry in sftp.scandir(self._place.in_folder):
            name, facts = str(entry.filename), entry.attrs
            is_file = facts.permissions is not None and stat.S_ISREG(facts.permissions)
            written_at = facts.mtime or 0
            if is_file and not name.startswith(".") and "/" not in name and written_at <= quiet_since:
                found.append((written_at, name, facts.size or 0))
        return tuple(WaitingFile(name, size) for _, name, size in sorted(found)[:WAITING_MAX])

    async def _told(self, work: Callable[[asyncssh.SFTPClient], Awaitable[Got]], deadline_seconds: float) -> Got:
        try:
            async with asyncio.timeout(deadline_seconds), self._connected() as sftp:
                return await work(sftp)
        except _TROUBLE as fault:
            raise MediatorError(PROV_UNREACHABLE, f"The drop folder cannot be used: {_said(fault)}.") from fault

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncssh.SFTPClient]:
        keys = []
        if self._login.private_key is not None:
            keys = [asyncssh.import_private_key(self._login.private_key, self._login.passphrase)]
        connection = await asyncssh.connect(
            self._place.host,
            self._place.port,
            username=self._place.username,
            client_keys=keys,
            password=self._login.password,
            known_hosts=([asyncssh.import_public_key(self._place.host_key)], [], []),
            config=None,
            agent_path=None,
            preferred_auth="publickey,password",
        )
        try:
            yield await connection.start_sftp_client(path_errors="surrogateescape")
        finally:
            # Not closed, which would wait for the other side: every answer that counts has come, or never will.
            connection.abort()


async def _upload(sftp: asyncssh.SFTPClient, part: str, content: bytes) -> None:
    """Write the whole file, and have the server say how much of it there is. Raises OSError when it is not all."""
    async with sftp.open(part, "xb") as file:
        await file.write(content)
        with suppress(asyncssh.SFTPOpUnsupported):  # then closing is all that a server can be asked for
            await file.fsync()
    if await sftp.getsize(part) != len(content):
        raise OSError(None, "the server has not kept the whole file")


async def _renamed(sftp: asyncssh.SFTPClient, part: str, final: str, content: bytes) -> Delivered | NotSent | Unknown:
    """Rename; when the server refuses, look what is in its place."""
    try:
        await sftp.rename(part, final)
    except _IN_DOUBT:
        raise
    except asyncssh.SFTPError as refusal:
        outcome = await _met(sftp, final, content)
        still_ours = await sftp.lexists(part)
        with suppress(asyncssh.SFTPError):  # a leftover that nobody looks for
            await sftp.remove(part)
        if await sftp.lexists(final):
            return outcome
        reason = f"the server does not rename: {_said(refusal)}"
        return NotSent(reason) if still_ours else Unknown(reason)
    return Delivered(was_there=False)


async def _met(sftp: asyncssh.SFTPClient, final: str, content: bytes) -> Delivered | Unknown:
    """There is such a file: ours from an earlier drop, or one of which we know nothing."""
    if await _find(sftp, final) == content:
        return Delivered(was_there=True)
    return Unknown("a file of that name with other content is there, or was")


async def _find(sftp: asyncssh.SFTPClient, path: str) -> bytes | None:
    """Read a file, of a larger one than we take only so much; None when it is not there."""
    try:
        async with sftp.open(path, "rb") as file:
            return cast("bytes", await file.read(FILE_MAX_BYTES + 1))  # what a file opened in binary gives
    except asyncssh.SFTPNoSuchFile:
        return None


def _said(fault: BaseException) -> str:
    """Say what went wrong in words that hold no secret and fit a log."""
    words = str(fault) or type(fault).__name__
    return "".join(one for one in words if one.isprintable())[:200]
