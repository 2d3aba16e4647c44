"""The generated secrets of a data folder, kept between runs in one private file."""

import secrets
from pathlib import Path

import msgspec

from adapters.embedded.private_files import write_private_file
from entrypoints.cli.supervision.folder import DataFolder
from entrypoints.cli.trouble import Trouble

_BYTES = 32


class Secrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `mediator up` has to know again next time.

    `has_opened_tenants` says that the keys of the tenants were made with this secret. `demo_api_key` belongs to the
    tenant of the demo scenario, which is kept apart from the tenants of the user; their keys are kept nowhere.
    """

    secret_key: str
    sandbox_api_key: str
    sandbox_callback_secret: str
    has_opened_tenants: bool = False
    demo_api_key: str = ""

    def __repr__(self) -> str:
        """Tell nothing."""
        return "Secrets(***)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        """Tell nothing to rich either, which would not ask `__repr__`."""
        return [(name, "***") for name in self.__struct_fields__]


def load_secrets(folder: DataFolder) -> Secrets:
    """Read the secrets of this folder, or make them when it is new. Raises Trouble when they were lost."""
    try:
        return msgspec.json.decode(folder.secrets.read_bytes(), type=Secrets)
    except FileNotFoundError:
        if folder.stores.exists():
            raise _lost(folder.secrets, "it is missing") from None
    except (OSError, msgspec.MsgspecError) as fault:
        raise _lost(folder.secrets, str(fault)) from fault
    made = Secrets(
        secret_key=secrets.token_urlsafe(_BYTES),
        sandbox_api_key=f"sk_sandbox_{secrets.token_urlsafe(_BYTES)}",
        sandbox_callback_secret=f"whsec_{secrets.token_urlsafe(_BYTES)}",
    )
    keep_secrets(folder, made)
    return made


def keep_secrets(folder: DataFolder, kept: Secrets) -> None:
    """Write the secrets, whole or not at all, readable by this user only."""
    write_private_file(folder.secrets, msgspec.json.format(msgspec.json.encode(kept)))


def _lost(path: Path, reason: str) -> Trouble:
    return Trouble(
        f"The secrets in {path} cannot be read ({reason}), and without them no API key in the database can be "
        f"checked. Put the file back, or move {path.parent} away to begin anew."
    )
