"""Where the embedded stores listen."""

import msgspec

from adapters.embedded.cluster import OWNER
from adapters.embedded.passwords import Passwords
from adapters.embedded.ports import HOST
from adapters.embedded.provisioning import APPLICATION, DATABASE


class StoreUrls(msgspec.Struct, frozen=True):
    """The addresses of the stores, with the passwords to them.

    `database_owner_url` is for migrations: its login owns the database. `database_url` is for the running application:
    its login owns nothing.
    """

    database_owner_url: str
    database_url: str
    redis_url: str

    def __repr__(self) -> str:
        """Tell the addresses, not the passwords."""
        return f"StoreUrls({', '.join(f'{name}={url!r}' for name, url in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        """Tell rich the same, which would not ask `__repr__`."""
        return [(name, _redact(getattr(self, name))) for name in self.__struct_fields__]


def make_urls(*, database_port: int, redis_port: int, passwords: Passwords) -> StoreUrls:
    """Put the addresses together; no password needs quoting in them."""
    database = f"{HOST}:{database_port}/{DATABASE}"
    return StoreUrls(
        database_owner_url=f"postgresql://{OWNER}:{passwords.database_owner}@{database}",
        database_url=f"postgresql://{APPLICATION}:{passwords.application}@{database}",
        redis_url=f"redis://:{passwords.redis}@{HOST}:{redis_port}/0",
    )


def _redact(url: str) -> str:
    login, _, place = url.rpartition("@")
    return f"{login.rpartition(':')[0]}:***@{place}"
