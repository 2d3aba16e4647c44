"""`mediator providers callbacks`: what is kept is listed and shown, rehearsed without a trace, and replayed."""

import asyncio
import base64
from datetime import UTC, datetime

import msgspec
import pytest
from uuid_utils.compat import uuid7

from adapters.postgres.callbacks import PostgresCallbackInbox
from adapters.postgres.engine import PoolSize, make_engine
from adapters.postgres.identity import PostgresTenants
from application.ports.callbacks import InboundCallback
from domain.audit import AuditRecord
from domain.events import CallbackReceived
from domain.ids import CallbackId, EventId, Prefix, ProviderAccountId, TenantId, find_id, public_id
from domain.manifests import CallbackTransport
from tests.entrypoints.cli.conftest import Run
from tests.fakes.stores import Database

READABLE = b'{"id": "evt_1", "type": "charge.captured", "operation_key": "opn_of_nobody"}'
NOT_READABLE = b"\x1b[31mred\xff"


class Kept(msgspec.Struct, frozen=True):
    """Two callbacks of a tenant: one that can be read, and one that cannot."""

    account: str
    readable: str
    other: str


async def _kept(database: Database, tenant_id: TenantId) -> Kept:
    engine = make_engine(database.application_url, pool=PoolSize(1, 0), application="tests-callbacks")
    account = (await PostgresTenants(engine).provider_accounts(tenant_id))[0].id
    ids = [await _receive(PostgresCallbackInbox(engine), tenant_id, account, raw) for raw in (READABLE, NOT_READABLE)]
    await engine.dispose()
    return Kept(public_id(Prefix.PROVIDER_ACCOUNT, account), *ids)


async def _receive(inbox: PostgresCallbackInbox, tenant_id: TenantId, account: ProviderAccountId, raw: bytes) -> str:
    callback = InboundCallback(
        tenant_id=tenant_id,
        id=CallbackId(uuid7()),
        provider_account_id=account,
        provider="sandbox",
        transport=CallbackTransport.HTTP_POST,
        headers={"content-type": "application/json"},
        raw=raw,
        received_at=datetime.now(UTC),
    )
    event = CallbackReceived(
        event_id=EventId(uuid7()),
        at=callback.received_at,
        provider="sandbox",
        provider_account_id=account,
        callback_id=callback.id,
    )
    audit = AuditRecord(
        tenant_id=tenant_id,
        id=uuid7(),
        at=callback.received_at,
        actor="provider:sandbox",
        action="callback.received",
        subject="cbk",
        request_id="req_1",
        details={},
    )
    await inbox.receive(callback, event, audit, again=True)
    return public_id(Prefix.CALLBACK, callback.id)


@pytest.fixture
def kept(on_a_database: Database, mediator: Run, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """A tenant with an account at the sandbox, to which both callbacks came."""
    monkeypatch.setenv("SANDBOX_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("SANDBOX_API_KEY", "sk_sandbox_test")
    monkeypatch.setenv("SANDBOX_CALLBACK_SECRETS", "whsec_test")
    tenant = find_id(Prefix.TENANT, msgspec.json.decode(mediator("tenants", "open", "A shop", "--json").out)["tenant"])
    assert tenant is not None
    return asyncio.run(_kept(on_a_database, TenantId(tenant)))


def states(mediator: Run, *more: str) -> dict[str, str]:
    """List callbacks."""
    said = mediator("providers", "callbacks", "list", *more, "--json")
    assert said.code == 0, said
    return {one["id"]: one["state"] for one in msgspec.json.decode(said.out)}


def test_what_is_kept_is_listed_and_shown(kept: Kept, mediator: Run) -> None:
    assert states(mediator) == {kept.other: "received", kept.readable: "received"}
    assert states(mediator, "--state", "applied") == {}
    assert kept.readable in mediator("providers", "callbacks", "list", "--account", kept.account).out

    shown = msgspec.json.decode(mediator("providers", "callbacks", "show", kept.other, "--json").out)
    assert base64.b64decode(shown["raw_base64"]) == NOT_READABLE
    told = mediator("providers", "callbacks", "show", kept.other)
    assert ("\x1b[31m" in told.out, "\\xff" in told.out) == (False, True)


def test_a_rehearsal_tells_and_changes_nothing(kept: Kept, mediator: Run) -> None:
    said = mediator("providers", "callbacks", "replay", "--account", kept.account, "--dry-run", "--json")

    first, second = msgspec.json.decode(said.out)
    assert (first["before"], first["after"][0]["event_id"]) == (None, "evt_1")
    assert (second["callback"]["id"], isinstance(second["after"], str)) == (kept.other, True)
    assert states(mediator) == {kept.other: "received", kept.readable: "received"}
    table = mediator("providers", "callbacks", "replay", "--id", kept.readable, "--dry-run").out
    assert ("nothing was changed" in table, "(not read yet)" in table) == (True, True)


def test_a_replay_acts_on_what_it_reads(kept: Kept, mediator: Run) -> None:
    said = mediator("providers", "callbacks", "replay", "--account", kept.account, "--since", "2020-01-01", "--yes")

    assert said.code == 0, said
    assert states(mediator) == {kept.other: "unreadable", kept.readable: "ignored"}


def test_a_replay_wants_to_know_which_and_whether_it_is_meant(kept: Kept, mediator: Run) -> None:
    which = mediator("providers", "callbacks", "replay", "--dry-run")
    meant = mediator("providers", "callbacks", "replay", "--id", kept.readable)

    assert (which.code, meant.code) == (2, 2)
    assert "--account" in which.err
    assert "--yes" in meant.err
    assert states(mediator)[kept.readable] == "received"
