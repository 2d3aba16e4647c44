"""How accounts at providers are printed: never their credentials, which are not among what is read."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from dishka import Provider, Scope, provide
from rich.table import Table

from application.ports.answers import ProviderAnswers
from application.ports.journal import Answer
from application.ports.provider_accounts import AccountVersion, ConnectedAccount
from application.ports.providers import AccountState
from application.providers.diff_account_versions import AccountDiff
from domain.ids import Prefix, public_id
from entrypoints.cli.ledger.answers import answer_of
from entrypoints.cli.ledger.showing import card, grid, instant


class VersionShown(msgspec.Struct, frozen=True, kw_only=True):
    """One version."""

    version: int
    config: dict[str, object]
    credentials_version: int
    note: str | None
    actor: str
    rolled_back_from: int | None
    effective_from: datetime
    created_at: datetime


class AccountShown(msgspec.Struct, frozen=True, kw_only=True):
    """An account with the version in force."""

    id: str
    provider: str
    name: str
    state: AccountState
    latest_version: int
    created_at: datetime
    in_force: VersionShown


class ShownProviderAnswers(Provider):
    """What the command line is told of an account that it connects: kept, and given again."""

    scope = Scope.APP

    @provide(override=True)
    def provider_answers(self) -> ProviderAnswers:
        """Tell them as `--json` prints them."""
        return _Shown()


class _Shown(ProviderAnswers):
    def connected(self, account: ConnectedAccount) -> Answer:
        """Tell an account that was connected."""
        return answer_of(account_shown(account))


def version_shown(version: AccountVersion) -> VersionShown:
    """Show one version."""
    return msgspec.convert(version, VersionShown, from_attributes=True)


def account_shown(account: ConnectedAccount) -> AccountShown:
    """Show an account."""
    return AccountShown(
        id=public_id(Prefix.PROVIDER_ACCOUNT, account.id),
        provider=account.provider,
        name=account.name,
        state=account.state,
        latest_version=account.latest_version,
        created_at=account.created_at,
        in_force=version_shown(account.in_force),
    )


def account_table(accounts: Sequence[AccountShown]) -> Table:
    """Tell many accounts."""
    columns = ("account", "provider", "name", "state", "version", "configuration", "connected at")
    rows = (
        (
            one.id,
            one.provider,
            one.name,
            one.state.value,
            f"{one.in_force.version}" + (f" (of {one.latest_version})" if _waits(one) else ""),
            _line(one.in_force.config),
            instant(one.created_at),
        )
        for one in accounts
    )
    return grid("Provider accounts", columns, rows)


def account_card(account: AccountShown) -> Table:
    """Tell one account."""
    facts = {
        "account": account.id,
        "provider": account.provider,
        "name": account.name,
        "state": account.state.value,
        "version in force": account.in_force.version,
        "latest version": f"{account.latest_version}, which waits" if _waits(account) else None,
        "configuration": _line(account.in_force.config),
        "credentials": f"sealed, of version {account.in_force.credentials_version}",
        "connected at": instant(account.created_at),
    }
    return card("Provider account", facts)


def versions_table(versions: Sequence[VersionShown], *, in_force: int) -> Table:
    """Tell many versions."""
    columns = ("version", "in force", "configuration", "credentials of", "from", "made by", "goes back to", "note")
    rows = (
        (
            one.version,
            "yes" if one.version == in_force else "",
            _line(one.config),
            one.credentials_version,
            instant(one.effective_from),
            one.actor,
            one.rolled_back_from or "",
            one.note or "",
        )
        for one in versions
    )
    return grid("Versions", columns, rows, right=("version", "credentials of", "goes back to"))


def diff_table(diff: AccountDiff) -> Table:
    """Tell what differs."""
    rows = [(one.pointer, _value(one.before, there=one.had), _value(one.after, there=one.has)) for one in diff.changes]
    if diff.credentials_changed:
        rows.append(("credentials", "***", "*** (others)"))
    return grid("What differs", ("field", f"version {diff.before}", f"version {diff.after}"), rows)


def _value(value: object, *, there: bool) -> str:
    return msgspec.json.encode(value).decode() if there else ""


def _waits(account: AccountShown) -> bool:
    return account.latest_version != account.in_force.version


def _line(config: dict[str, object]) -> str:
    return msgspec.json.encode(config).decode()
