"""The generated passwords of the embedded stores, kept in one private file between runs."""

import secrets
from pathlib import Path

import msgspec

from adapters.embedded.errors import PasswordsLost
from adapters.embedded.private_files import PRIVATE, write_private_file

PASSWORDS_FILE = "secrets.json"
_PASSWORD_BYTES = 32


class Passwords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One password for each login; all of letters, digits, `-` and `_`, so that no URL has to quote them."""

    database_owner: str
    application: str
    redis: str

    def __repr__(self) -> str:
        """Tell nothing."""
        return "Passwords(***)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        """Tell nothing to rich either, which would not ask `__repr__`."""
        return [(name, "***") for name in self.__struct_fields__]


def load_passwords(folder: Path, *, has_data: bool) -> Passwords:
    """Read the passwords of this folder, or make them when it is new.

    Raises PasswordsLost when there is data already and the file is missing, malformed or not readable.
    """
    path = folder / PASSWORDS_FILE
    try:
        passwords = msgspec.json.decode(path.read_bytes(), type=Passwords)
    except FileNotFoundError:
        if has_data:
            raise PasswordsLost(path=path, reason="the file is missing") from None
        return _make_passwords(path)
    except (OSError, msgspec.MsgspecError) as trouble:
        raise PasswordsLost(path=path, reason=str(trouble)) from trouble
    path.chmod(PRIVATE)
    return passwords


def _make_passwords(path: Path) -> Passwords:
    passwords = Passwords(
        database_owner=secrets.token_urlsafe(_PASSWORD_BYTES),
        application=secrets.token_urlsafe(_PASSWORD_BYTES),
        redis=secrets.token_urlsafe(_PASSWORD_BYTES),
    )
    write_private_file(path, msgspec.json.format(msgspec.json.encode(passwords)))
    return passwords
