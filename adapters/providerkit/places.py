"""Where the files of a bank are exchanged, as a configuration says it; how they are moved is an adapter's matter."""

from typing import Annotated, Protocol, runtime_checkable

import msgspec

Folder = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00-\x1f]+\Z", max_length=200)]


class LocalPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="local"):
    """A folder of this machine, of the provider account's own: its name is the account's, below the service's root.

    Nothing of it can be chosen, so that no tenant can name another's folder, or any other file of the machine.
    """


class SftpPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="sftp"):
    """Folders on an SFTP server whose key is known beforehand: `host_key`, in OpenSSH's form (`ssh-ed25519 AAAA...`).

    Folders are relative to the directory that a login begins in, or absolute. `out_folder` and `in_folder` must be
    there; those that files are put away into are made.
    """

    host: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9.:-]{1,253}\Z")]
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 22
    username: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    host_key: Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?\Z", max_length=2_000)]
    out_folder: Folder = "out"
    in_folder: Folder = "in"
    archive_folder: Folder = "archive"
    refused_folder: Folder = "refused"


class SftpLogin(msgspec.Struct, frozen=True, kw_only=True):
    """How we log in at an SFTP server: by a private key (OpenSSH or PEM), by a password, or by either."""

    private_key: str | None = None
    passphrase: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return "SftpLogin(***)"


Place = LocalPlace | SftpPlace


@runtime_checkable
class SpokenToByFiles(Protocol):
    """An adapter whose provider is spoken to by files."""

    @property
    def place(self) -> Place:
        """Where they are exchanged."""
        ...

    @property
    def login(self) -> SftpLogin:
        """How to get there."""
        ...
