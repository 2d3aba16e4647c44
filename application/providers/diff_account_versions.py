"""Show what differs between two versions of a provider account."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.provider_accounts import ProviderAccountQueries
from domain.ids import ProviderAccountId


class DiffAccountVersions(msgspec.Struct, frozen=True, kw_only=True):
    """From which version to which."""

    id: ProviderAccountId
    before: int
    after: int


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """One value of the configuration, by its JSON pointer; what is not there at all is not `had` or not `has`."""

    pointer: str
    before: object
    after: object
    had: bool
    has: bool


class AccountDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What differs. Of credentials it is only told that others go with the later version, never which."""

    before: int
    after: int
    changes: tuple[FieldChange, ...]
    credentials_changed: bool


@dataclass(frozen=True, slots=True)
class DiffAccountVersionsHandler:
    """Reads only."""

    queries: ProviderAccountQueries

    async def __call__(self, command: DiffAccountVersions, call: Call) -> AccountDiff:
        """Compare two versions. Raises NOT_FOUND."""
        before = await self.queries.version(call.tenant_id, command.id, command.before)
        after = await self.queries.version(call.tenant_id, command.id, command.after)
        return AccountDiff(
            before=command.before,
            after=command.after,
            changes=tuple(_changes("", before.config, after.config)),
            credentials_changed=before.credentials_version != after.credentials_version,
        )


def _changes(root: str, before: dict[str, object], after: dict[str, object]) -> Iterator[FieldChange]:
    """Go into objects that both have; everything else is one value."""
    for name in sorted({*before, *after}):
        pointer = f"{root}/{name.replace('~', '~0').replace('/', '~1')}"
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _changes(pointer, old, new)
        elif old != new or (name in before) != (name in after):
            yield FieldChange(pointer=pointer, before=old, after=new, had=name in before, has=name in after)
