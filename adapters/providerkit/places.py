"""Where the files of a bank are exchanged, as a configuration says it; how they are moved is an adapter's matter."""

from typing import Annotated

import msgspec

Directory = Annotated[
    str, msgspec.Meta(pattern=r"\A(?!\.\.?(/|\Z))[^\x00/]+(/(?!\.\.?(/|\Z))[^\x00/]+)*\Z", max_length=200)
]


class LocalPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="local"):
    """A folder of this machine, of the provider account's own: its name is the account's, below the service's root."""


class SftpPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="sftp"):
    """A folder on an SFTP server, whose key is known beforehand (`host_key`: a line of OpenSSH, `ssh-ed25519 AAAA...`).

    `root` is below the directory that a login begins in, or absolute.
    """

    host: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9.:-]{1,253}\Z")]
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 22
    username: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    host_key: Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?\Z", max_length=2_000)]
    root: Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z", max_length=200)] = "."


Place = LocalPlace | SftpPlace
