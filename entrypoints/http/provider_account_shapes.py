"""What callers say and are told of their accounts at providers; credentials are said and never told."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.ports.answers import ProviderAnswers
from application.ports.journal import Answer
from application.ports.provider_accounts import AccountVersion, ConnectedAccount
from application.providers.diff_account_versions import AccountDiff, FieldChange
from application.providers.list_account_versions import AccountVersions
from application.providers.list_provider_accounts import ProviderAccountPage
from application.providers.verify_account import VerifiedAccount
from domain.ids import Prefix, public_id
from domain.providers import Verification
from entrypoints.http.shapes import Instant, utc
from entrypoints.http.transfer_shapes import CREATED, JSON, encode
from entrypoints.http.words import Line

VERSION_MAX: Final = 2**31 - 1
FIELDS_MAX: Final = 200

Fields = Annotated[dict[str, Any], Meta(max_length=FIELDS_MAX)]
ConfigIn = Annotated[Fields, Meta(description="As `config_schema` of `GET /v1/providers/{name}` says, and whole.")]
CredentialsIn = Annotated[
    Fields, Meta(description="As `credentials_schema` says, and whole. Kept sealed, and never given again.")
]
VersionIn = Annotated[int, Meta(ge=1, le=VERSION_MAX)]
ExpectedVersionIn = Annotated[int, Meta(ge=1, le=VERSION_MAX, description="The latest version that you have seen.")]
JsonValue = bool | int | float | str | list[Any] | dict[str, Any] | None


class ProviderAccountState(StrEnum):
    """Whether new payments go there. Its name is its own: the ledger's accounts have another kind of state."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class ConnectProviderIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account at a provider."""

    provider: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z", examples=["sandbox"])]
    name: Annotated[Line, Meta(description="For people.")]
    config: ConfigIn = {}
    credentials: CredentialsIn = {}
    note: Line | UnsetType = UNSET

    def __repr__(self) -> str:
        """Show no credentials."""
        return f"ConnectProviderIn({self.provider!r})"


class ChangeProviderAccountIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The next version: a new configuration, new credentials, or both; what is left out stays as it is."""

    expected_version: ExpectedVersionIn
    config: ConfigIn | UnsetType = UNSET
    credentials: CredentialsIn | UnsetType = UNSET
    note: Line | UnsetType = UNSET
    effective_from: (
        Annotated[datetime, Meta(tz=True, description="In force from then on; at once when left out or past.")]
        | UnsetType
    ) = UNSET

    def __repr__(self) -> str:
        """Show no credentials."""
        return f"ChangeProviderAccountIn(after {self.expected_version})"


class RollBackAccountIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version to go back to."""

    version: VersionIn
    expected_version: ExpectedVersionIn
    with_credentials: Annotated[
        bool, Meta(description="Bring its credentials back, too. Left out: they stay, as the old ones may be revoked.")
    ] = False
    note: Line | UnsetType = UNSET


class AccountVersionOut(msgspec.Struct, frozen=True, kw_only=True):
    """One version; it is never changed."""

    version: int
    config: Annotated[dict[str, Any], Meta(description="Whole: with the defaults that held when it was made.")]
    credentials_version: Annotated[int, Meta(description="The version that brought the credentials which go with it.")]
    note: str | None
    actor: Annotated[str, Meta(description="Who made it.")]
    rolled_back_from: Annotated[int | None, Meta(description="The version that it goes back to, if it does.")]
    effective_from: Instant
    created_at: Instant


class ProviderAccountOut(msgspec.Struct, frozen=True, kw_only=True):
    """An account at a provider, as it is in force now."""

    id: str
    provider: str
    name: str
    state: Annotated[
        ProviderAccountState, Meta(description="disabled: takes nothing new; what is under way is finished.")
    ]
    in_force: AccountVersionOut
    latest_version: Annotated[int, Meta(description="Higher than the one in force while the latest one waits.")]
    created_at: Instant


class ProviderAccountPageOut(msgspec.Struct, frozen=True):
    """A page of accounts, in the order in which they were connected."""

    data: tuple[ProviderAccountOut, ...]
    next_cursor: str | None


class AccountVersionPageOut(msgspec.Struct, frozen=True):
    """A page of versions, newest first. `in_force` is the one that new operations run under."""

    in_force: int
    data: tuple[AccountVersionOut, ...]
    next_cursor: str | None


class FieldChangeOut(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value that differs; a side on which it is not there at all is left out."""

    pointer: Annotated[str, Meta(description="RFC 6901, into the configuration.")]
    before: JsonValue | UnsetType = UNSET
    after: JsonValue | UnsetType = UNSET


class AccountDiffOut(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two versions."""

    from_version: int
    to_version: int
    changes: tuple[FieldChangeOut, ...]
    credentials_changed: Annotated[bool, Meta(description="Whether others go with it; never which.")]


class VerificationOut(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider said of the credentials."""

    id: str
    version: int
    verification: Annotated[
        Verification, Meta(description="unknown: the provider could not be asked, or does not say.")
    ]
    asked_at: Instant


def version_out(version: AccountVersion) -> AccountVersionOut:
    """Tell one version."""
    return AccountVersionOut(
        version=version.version,
        config=version.config,
        credentials_version=version.credentials_version,
        note=version.note,
        actor=version.actor,
        rolled_back_from=version.rolled_back_from,
        effective_from=utc(version.effective_from),
        created_at=utc(version.created_at),
    )


def account_out(account: ConnectedAccount) -> ProviderAccountOut:
    """Tell an account."""
    return ProviderAccountOut(
        id=public_id(Prefix.PROVIDER_ACCOUNT, account.id),
        provider=account.provider,
        name=account.name,
        state=ProviderAccountState(account.state.value),
        in_force=version_out(account.in_force),
        latest_version=account.latest_version,
        created_at=utc(account.created_at),
    )


def accounts_out(page: ProviderAccountPage) -> ProviderAccountPageOut:
    """Tell a page of accounts."""
    data = tuple(account_out(one) for one in page.accounts)
    return ProviderAccountPageOut(data, data[-1].id if page.has_more else None)


def versions_out(found: AccountVersions) -> AccountVersionPageOut:
    """Tell a page of versions."""
    data = tuple(version_out(one) for one in found.versions)
    return AccountVersionPageOut(found.in_force, data, str(data[-1].version) if found.has_more else None)


def diff_out(diff: AccountDiff) -> AccountDiffOut:
    """Tell what differs."""
    return AccountDiffOut(
        from_version=diff.before,
        to_version=diff.after,
        changes=tuple(_change(one) for one in diff.changes),
        credentials_changed=diff.credentials_changed,
    )


def _change(change: FieldChange) -> FieldChangeOut:
    return msgspec.convert(
        {"pointer": change.pointer}
        | ({"before": change.before} if change.had else {})
        | ({"after": change.after} if change.has else {}),
        FieldChangeOut,
    )


def verification_out(said: VerifiedAccount) -> VerificationOut:
    """Tell what the provider said."""
    return VerificationOut(
        id=public_id(Prefix.PROVIDER_ACCOUNT, said.id),
        version=said.version,
        verification=said.verification,
        asked_at=utc(said.asked_at),
    )


class JsonProviderAnswers(ProviderAnswers):
    """Accounts at providers as JSON."""

    def connected(self, account: ConnectedAccount) -> Answer:
        """Tell an account that was connected."""
        out = account_out(account)
        return Answer(CREATED, JSON, encode(out), f"/v1/provider-accounts/{out.id}")
