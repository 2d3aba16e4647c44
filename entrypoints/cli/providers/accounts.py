"""`mediator providers accounts`: our accounts at providers. Credentials come from a file or from standard input."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from application.ports.journal import Answer
from application.ports.provider_accounts import AccountVersion, ConnectedAccount
from application.ports.providers import AccountState
from application.providers.change_provider_account import ChangeProviderAccount, ChangeProviderAccountHandler
from application.providers.connect_provider import ConnectProvider, ConnectProviderHandler
from application.providers.diff_account_versions import AccountDiff, DiffAccountVersions, DiffAccountVersionsHandler
from application.providers.get_provider_account import GetProviderAccount, GetProviderAccountHandler
from application.providers.list_account_versions import (
    AccountVersions,
    ListAccountVersions,
    ListAccountVersionsHandler,
)
from application.providers.list_provider_accounts import ListProviderAccounts, ListProviderAccountsHandler
from application.providers.roll_back_account import RollBackAccount, RollBackAccountHandler
from application.providers.set_account_state import SetAccountState, SetAccountStateHandler
from application.providers.verify_account import VerifiedAccount, VerifyAccount, VerifyAccountHandler
from domain.ids import Prefix, ProviderAccountId
from domain.providers import Verification
from entrypoints.cli import output
from entrypoints.cli.ledger.desk import Desk, at_desk, confirm
from entrypoints.cli.ledger.names import id_in
from entrypoints.cli.ledger.options import HERE, ROWS, AllOption, Asking, KeyOption, RowsOption, YesOption
from entrypoints.cli.ledger.pages import rows
from entrypoints.cli.ledger.reading import read_moment
from entrypoints.cli.ledger.showing import note_replay, tell, tell_rows
from entrypoints.cli.providers.accounts_shown import (
    AccountShown,
    ShownProviderAnswers,
    account_card,
    account_shown,
    account_table,
    diff_table,
    version_shown,
    versions_table,
)
from entrypoints.cli.providers.field_files import read_both
from entrypoints.cli.trouble import FAILED, USAGE, Trouble

AccountArgument = Annotated[str, Parameter(help="The account: pac_...")]
ConfigOption = Annotated[
    Path | None,
    Parameter(
        name="--config", allow_leading_hyphen=True, help="JSON object of the whole configuration; - reads input."
    ),
]
CredentialsOption = Annotated[
    Path | None,
    Parameter(name="--credentials", allow_leading_hyphen=True, help="JSON object of all credentials; - reads input."),
]
NoteOption = Annotated[str, Parameter(name="--note", help="Why, for those who read the versions later.")]
SeenOption = Annotated[
    int | None,
    Parameter(name="--after", help="Refuse unless this is still the latest version; the latest if left out."),
]

accounts = App(name="accounts", help="Connect to providers, and look after our accounts there.", version_flags=())


@accounts.command(name="list")
def list_(*, limit: RowsOption = ROWS, every: AllOption = False, asking: Asking = HERE) -> None:
    """List accounts with the version in force, in the order in which they were connected."""
    found, has_more = at_desk(asking, partial(_list, limit=limit, every=every))
    shown = tuple(account_shown(one) for one in found)
    tell_rows(shown, account_table(shown), as_json=asking.json, none="There is no account.", has_more=has_more)


async def _list(desk: Desk, *, limit: int, every: bool) -> tuple[tuple[ConnectedAccount, ...], bool]:
    handler = await desk.get(ListProviderAccountsHandler)

    async def read(last: ConnectedAccount | None, count: int) -> tuple[tuple[ConnectedAccount, ...], bool]:
        after = None if last is None else last.id
        page = await handler(ListProviderAccounts(after=after, limit=count), desk.call())
        return page.accounts, page.has_more

    return await rows(read, limit=limit, every=every)


@accounts.command
def connect(
    provider: Annotated[str, Parameter(help="Which provider; `mediator providers list` names them.")],
    *,
    name: Annotated[str, Parameter(name="--name", help="What people call the account.")],
    config: ConfigOption = None,
    credentials: CredentialsOption = None,
    note: NoteOption = "",
    key: KeyOption = "",
    asking: Asking = HERE,
) -> None:
    """Connect to a provider. What can be configured says `mediator providers show PROVIDER`.

    For example, with the credentials from a secret store, so that they are in no file and in no list of processes:

    `secret-tool lookup provider khalti | mediator providers accounts connect khalti --name Shop --config khalti.json
    --credentials -`
    """
    said, secret = read_both(config, credentials)
    command = ConnectProvider(
        provider=provider, name=name, config=said or {}, credentials=secret or {}, note=note or None
    )
    answer = at_desk(asking, partial(_connect, command=command, key=key), ShownProviderAnswers())
    shown = msgspec.json.decode(answer.body, type=AccountShown)
    tell(shown, account_card(shown), as_json=asking.json)
    note_replay(replayed=answer.replayed)


async def _connect(desk: Desk, *, command: ConnectProvider, key: str) -> Answer:
    handler = await desk.get(ConnectProviderHandler)
    return await handler(command, desk.keyed_call("providers accounts connect", key, command))


@accounts.command
def change(
    account: AccountArgument,
    *,
    config: ConfigOption = None,
    credentials: CredentialsOption = None,
    note: NoteOption = "",
    effective_from: Annotated[
        datetime | None,
        Parameter(name="--from", converter=read_moment, n_tokens=1, help="In force from then on; at once if left out."),
    ] = None,
    after: SeenOption = None,
    yes: YesOption = False,
    asking: Asking = HERE,
) -> None:
    """Change the configuration, the credentials, or both: makes the next version, in force within a second."""
    said, secret = read_both(config, credentials)
    if said is None and secret is None:
        raise Trouble("Say --config, --credentials, or both.", exit_code=USAGE)
    confirm(f"Change {account}?", yes=yes)
    command = ChangeProviderAccount(
        id=_id(account),
        expected_version=after or 0,
        config=said,
        credentials=secret,
        note=note or None,
        effective_from=effective_from,
    )
    _tell_version(at_desk(asking, partial(_change, command=command)), asking)


async def _change(desk: Desk, *, command: ChangeProviderAccount) -> AccountVersion:
    seen = command.expected_version or await _latest(desk, command.id)
    handler = await desk.get(ChangeProviderAccountHandler)
    return await handler(msgspec.structs.replace(command, expected_version=seen), desk.call())


@accounts.command
def versions(account: AccountArgument, *, limit: RowsOption = ROWS, asking: Asking = HERE) -> None:
    """List the versions of an account, newest first."""
    command = ListAccountVersions(id=_id(account), limit=limit)
    found = at_desk(asking, partial(_versions, command=command))
    shown = tuple(version_shown(one) for one in found.versions)
    table = versions_table(shown, in_force=found.in_force)
    tell_rows(shown, table, as_json=asking.json, none="There is no version.", has_more=found.has_more)


async def _versions(desk: Desk, *, command: ListAccountVersions) -> AccountVersions:
    return await (await desk.get(ListAccountVersionsHandler))(command, desk.call())


@accounts.command
def diff(
    account: AccountArgument,
    before: Annotated[int, Parameter(help="From this version.")],
    after: Annotated[int, Parameter(help="To this version.")],
    *,
    asking: Asking = HERE,
) -> None:
    """Show what differs between two versions; of credentials only whether they do."""
    command = DiffAccountVersions(id=_id(account), before=before, after=after)
    found = at_desk(asking, partial(_diff, command=command))
    tell(found, diff_table(found), as_json=asking.json)


async def _diff(desk: Desk, *, command: DiffAccountVersions) -> AccountDiff:
    return await (await desk.get(DiffAccountVersionsHandler))(command, desk.call())


@accounts.command
def rollback(
    account: AccountArgument,
    version: Annotated[int, Parameter(help="Which version to go back to.")],
    *,
    with_credentials: Annotated[
        bool, Parameter(name="--with-credentials", negative="", help="Bring its credentials back, too.")
    ] = False,
    note: NoteOption = "",
    after: SeenOption = None,
    yes: YesOption = False,
    asking: Asking = HERE,
) -> None:
    """Go back to an earlier version: makes the next version with what that one said."""
    confirm(f"Go back to version {version} of {account}?", yes=yes)
    command = RollBackAccount(
        id=_id(account),
        version=version,
        expected_version=after or 0,
        with_credentials=with_credentials,
        note=note or None,
    )
    _tell_version(at_desk(asking, partial(_roll_back, command=command)), asking)


async def _roll_back(desk: Desk, *, command: RollBackAccount) -> AccountVersion:
    seen = command.expected_version or await _latest(desk, command.id)
    handler = await desk.get(RollBackAccountHandler)
    return await handler(msgspec.structs.replace(command, expected_version=seen), desk.call())


@accounts.command
def verify(account: AccountArgument, *, asking: Asking = HERE) -> int:
    """Ask the provider whether it takes the credentials. Exits with 1 unless it says that it does."""
    said = at_desk(asking, partial(_verify, command=VerifyAccount(_id(account))))
    if asking.json:
        output.say_json({"id": account, "version": said.version, "verification": said.verification.value})
    else:
        output.say(f"{account}, version {said.version}: {said.verification.value}")
    return 0 if said.verification is Verification.VALID else FAILED


async def _verify(desk: Desk, *, command: VerifyAccount) -> VerifiedAccount:
    return await (await desk.get(VerifyAccountHandler))(command, desk.call())


@accounts.command
def enable(account: AccountArgument, *, asking: Asking = HERE) -> None:
    """Let new payments go to an account."""
    _set_state(account, AccountState.ENABLED, asking)


@accounts.command
def disable(account: AccountArgument, *, asking: Asking = HERE) -> None:
    """Let no new payments go to an account; what is under way there is finished."""
    _set_state(account, AccountState.DISABLED, asking)


def _set_state(account: str, state: AccountState, asking: Asking) -> None:
    command = SetAccountState(id=_id(account), state=state)
    shown = account_shown(at_desk(asking, partial(_stated, command=command)))
    tell(shown, account_card(shown), as_json=asking.json)


async def _stated(desk: Desk, *, command: SetAccountState) -> ConnectedAccount:
    return await (await desk.get(SetAccountStateHandler))(command, desk.call())


async def _latest(desk: Desk, account_id: ProviderAccountId) -> int:
    handler = await desk.get(GetProviderAccountHandler)
    return (await handler(GetProviderAccount(account_id), desk.call())).latest_version


def _tell_version(version: AccountVersion, asking: Asking) -> None:
    shown = version_shown(version)
    in_force = version.version if version.effective_from <= version.created_at else 0
    tell(shown, versions_table((shown,), in_force=in_force), as_json=asking.json)


def _id(account: str) -> ProviderAccountId:
    return ProviderAccountId(id_in(Prefix.PROVIDER_ACCOUNT, account))
