"""A real SFTP server in this process, on a free port of 127.0.0.1, which can be told to fail at a rename."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import asyncssh

from adapters.providerkit.places import SftpLogin, SftpPlace

USER, PASSWORD = "mediator", "a password of nobody"
HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
CLIENT_KEY = asyncssh.generate_private_key("ssh-ed25519")
LOGIN = SftpLogin(password=PASSWORD)
KEY_LOGIN = SftpLogin(private_key=CLIENT_KEY.export_private_key().decode())


class Door(asyncssh.SSHServer):
    """Lets one user in, by password or key."""

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return (username, key.public_data) == (USER, CLIENT_KEY.public_data)


class Bank:
    """The server's folders, and what goes wrong there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = 0
        self.fault = ""
        self.connections: list[asyncssh.SSHServerChannel[bytes]] = []
        for name in ("out", "in"):
            (root / name).mkdir()

    def place(self, **changes: object) -> SftpPlace:
        key = HOST_KEY.export_public_key().decode().strip()
        given: dict[str, object] = {"host": "127.0.0.1", "port": self.port, "username": USER, "host_key": key}
        return SftpPlace(**(given | changes))  # type: ignore[arg-type]  # by name

    def files(self, folder: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.root / folder).iterdir()}


def _sessions(bank: Bank) -> type[asyncssh.SFTPServer]:
    class Session(asyncssh.SFTPServer):
        def __init__(self: Self, chan: "asyncssh.SSHServerChannel[bytes]") -> None:
            super().__init__(chan, chroot=str(bank.root).encode())
            self.chan_of_session = chan

        async def rename(self, oldpath: bytes, newpath: bytes) -> None:
            match bank.fault:
                case "refuse":
                    raise asyncssh.SFTPPermissionDenied("planted")
                case "replace":
                    super().posix_rename(oldpath, newpath)
                case "die before":
                    self.chan_of_session.get_connection().abort()
                case "die after":
                    super().rename(oldpath, newpath)
                    self.chan_of_session.get_connection().abort()
                case _:
                    super().rename(oldpath, newpath)

    return Session


@asynccontextmanager
async def serving(root: Path) -> AsyncIterator[Bank]:
    """Serve these folders."""
    bank = Bank(root)
    acceptor = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=Door, server_host_keys=[HOST_KEY], sftp_factory=_sessions(bank), config=None
    )
    bank.port = acceptor.get_port()
    try:
        yield bank
    finally:
        acceptor.close()
        await acceptor.wait_closed()
