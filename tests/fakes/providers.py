"""A provider that does what the test says: it remembers its charges, answers as scripted, and can be asked."""

import hashlib
import hmac
import itertools
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import msgspec

from application.ports.identity import Tenants
from application.ports.providers import AccountState, Provider, ProviderAccount, Providers
from domain.errors import CALLBACK_REFUSED, ROUTE_NO_PROVIDER, MediatorError
from domain.ids import ProviderAccountId, TenantId
from domain.manifests import (
    Ability,
    CallbackRule,
    CallbackTransport,
    Feature,
    IdempotencyRule,
    KeyPlace,
    LookUp,
    ProviderManifest,
)
from domain.providers import (
    BookLine,
    CallbackEvent,
    Finding,
    Instruction,
    Missing,
    NotSent,
    OperationKind,
    Outcome,
    ProviderTerms,
    Succeeded,
    Unknown,
    Unreadable,
    Verification,
)

SECRET = b"a secret of nobody"
SIGNED_HINTS = CallbackRule(transport=CallbackTransport.HTTP_POST, signature="HMAC-SHA256")
SIGNED_TRUTHS = msgspec.structs.replace(SIGNED_HINTS, is_authoritative=True)

Hook = Callable[[Instruction], Awaitable[None]]


class Reply(msgspec.Struct, frozen=True):
    """How the provider treats one operation: what it tells the sender, and what is true of it when asked later.

    A `truth` of None is what was told, or nothing at all after a call that left doubt. A `failure` is raised after the
    truth was made: the process that sent it dies there.
    """

    told: Outcome | None = None
    truth: Finding | None = None
    failure: type[BaseException] | None = None


class ScriptedProvider(Provider):
    """Succeeds with whatever it is asked for, unless a reply is scripted for that kind of operation."""

    def __init__(
        self,
        name: str = "sandbox",
        *,
        horizon_seconds: float = 30.0,
        deadline_seconds: float = 10.0,
        secret: bytes = SECRET,
        callbacks: CallbackRule = SIGNED_HINTS,
    ) -> None:
        """Begin with empty books."""
        self._manifest = ProviderManifest(
            name=name,
            operations=frozenset(OperationKind),
            abilities=frozenset({Ability.COLLECTS, Ability.PAYS_OUT, Ability.LOOKS_UP, Ability.CALLS_BACK}),
            features=frozenset(Feature),
            idempotency=IdempotencyRule(place=KeyPlace.HEADER, name="Idempotency-Key"),
            look_ups=frozenset({LookUp.BY_OUR_REFERENCE}),
            visibility_horizon_seconds=horizon_seconds,
            deadline_seconds=deadline_seconds,
            callbacks=callbacks,
        )
        self._numbers = itertools.count(1)
        self._secret = secret
        self._script: defaultdict[OperationKind, deque[Reply]] = defaultdict(deque)
        self.performed: list[Instruction] = []
        self.looked_up: list[Instruction] = []
        self.truth: dict[str, Finding] = {}
        self.before_perform: Hook | None = None
        self.before_look_up: Hook | None = None
        self.is_reachable = True

    @property
    def manifest(self) -> ProviderManifest:
        """What this provider can do."""
        return self._manifest

    def script(self, kind: OperationKind, *replies: Reply | Outcome) -> None:
        """Say how the next operations of a kind go."""
        self._script[kind].extend(one if isinstance(one, Reply) else Reply(told=one) for one in replies)

    def effects(self, kind: OperationKind) -> int:
        """Count the operations of a kind that really happened here."""
        keys = {one.key for one in self.performed if one.kind is kind}
        return sum(isinstance(self.truth.get(key), Succeeded) for key in keys)

    async def perform(self, instruction: Instruction) -> Outcome:
        """Carry an operation out as scripted; a key that was used before has no second effect."""
        if self.before_perform is not None:
            await self.before_perform(instruction)
        self.performed.append(instruction)
        script = self._script[instruction.kind]
        reply = script.popleft() if script else Reply()
        told = reply.told or self.success(instruction)
        truth = reply.truth or (told if not isinstance(told, NotSent | Unknown) else None)
        if truth is not None:
            self.truth.setdefault(instruction.key, truth)
        if reply.failure is not None:
            raise reply.failure
        return told

    async def look_up(self, instruction: Instruction) -> Finding:
        """Say what is true of a key."""
        if self.before_look_up is not None:
            await self.before_look_up(instruction)
        self.looked_up.append(instruction)
        if not self.is_reachable:
            return NotSent("connection refused")
        return self.truth.get(instruction.key, Missing("no such key"))

    def verify_callback(self, raw: bytes, headers: Mapping[str, str], *, now_seconds: float) -> None:
        """Verify a callback. Raises CALLBACK_REFUSED."""
        if not hmac.compare_digest(headers.get("signature", ""), self.signed(raw)["signature"]):
            raise MediatorError(CALLBACK_REFUSED, "The callback is not authentic.")

    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        """Read a callback."""
        try:
            said = msgspec.json.decode(raw, type=CallbackEvent | tuple[CallbackEvent, ...])
        except msgspec.DecodeError:
            return Unreadable("no event")
        return said if isinstance(said, tuple) else (said,)

    async def verify_credentials(self) -> Verification:
        """Take any credentials while it can be reached."""
        return Verification.VALID if self.is_reachable else Verification.UNKNOWN

    def signed(self, raw: bytes) -> dict[str, str]:
        """Sign a callback: the headers that go with these bytes."""
        return {"signature": hmac.new(self._secret, raw, hashlib.sha256).hexdigest()}

    async def books(self, account: str) -> AsyncIterator[BookLine]:
        """Give each charge of one account."""
        for key in sorted({one.payment_id for one in self.performed if one.account == account}):
            yield self._line(key)

    def _line(self, payment_id: str) -> BookLine:
        """Add up what happened here to one payment."""
        sums, reference, currency = {"captured": 0, "refunded": 0}, "", ""
        for one in {one.key: one for one in self.performed if one.payment_id == payment_id}.values():
            truth = self.truth.get(one.key)
            if not isinstance(truth, Succeeded):
                continue
            reference, currency = truth.provider_reference, one.amount.currency
            if one.kind is OperationKind.CAPTURE or (one.kind is OperationKind.AUTHORIZE and one.capture):
                sums["captured"] += truth.amount.minor
            if one.kind is OperationKind.REFUND:
                sums["refunded"] += truth.amount.minor
        return BookLine(
            provider_reference=reference,
            payment_id=payment_id,
            currency=currency,
            captured_minor=sums["captured"],
            refunded_minor=sums["refunded"],
        )

    def success(self, instruction: Instruction) -> Succeeded:
        """Give the success of just what is asked for."""
        known = self.truth.get(instruction.key)
        if isinstance(known, Succeeded):
            return known
        return Succeeded(instruction.provider_reference or f"ch_{next(self._numbers)}", instruction.amount)


class ProviderSet(Providers):
    """The providers of a test, for the accounts that its tenants have; every account begins with version 1."""

    def __init__(self, *providers: ScriptedProvider, tenants: Tenants | None = None) -> None:
        """Install these; `tenants` knows who has an account where."""
        self._named = {one.manifest.name: one for one in providers}
        self._versions: dict[ProviderAccountId, int] = {}
        self._disabled: set[ProviderAccountId] = set()
        self.unhealthy: set[ProviderAccountId] = set()
        self.tenants = tenants
        self.opened: list[tuple[ProviderAccountId, int]] = []
        self.before_open: Callable[[], Awaitable[None]] | None = None

    def named(self, name: str) -> ScriptedProvider:
        """Give the provider of that name. Raises ROUTE_NO_PROVIDER."""
        if name not in self._named:
            raise MediatorError(ROUTE_NO_PROVIDER, f"The provider {name!r} is not installed.")
        return self._named[name]

    def switch_on(self, provider: ScriptedProvider) -> None:
        """Add a provider."""
        self._named[provider.manifest.name] = provider

    def switch_off(self, name: str) -> None:
        """Take a provider away."""
        del self._named[name]

    def configure(self, account: ProviderAccountId, version: int) -> None:
        """Put another version of an account's configuration in force."""
        self._versions[account] = version

    def disable(self, account: ProviderAccountId) -> None:
        """Let no new payments go to an account."""
        self._disabled.add(account)

    def manifests(self) -> tuple[ProviderManifest, ...]:
        """Give what each can do."""
        return tuple(self._named[name].manifest for name in sorted(self._named))

    def manifest(self, name: str) -> ProviderManifest:
        """Give what the provider of that name can do. Raises ROUTE_NO_PROVIDER."""
        return self.named(name).manifest

    async def accounts(self, tenant_id: TenantId, *, anew: bool = False) -> tuple[ProviderAccount, ...]:
        """Give a tenant's enabled accounts."""
        known = await self._known(tenant_id)
        return tuple(one for one in known if one.state is AccountState.ENABLED and one.provider in self._named)

    def is_healthy(self, provider_account_id: ProviderAccountId) -> bool:
        """Whether nobody said that it is not."""
        return provider_account_id not in self.unhealthy

    async def terms(self, tenant_id: TenantId, provider_account_id: ProviderAccountId) -> ProviderTerms:
        """Give the terms of an account. Raises ROUTE_NO_PROVIDER."""
        account = await self._account(tenant_id, provider_account_id)
        return ProviderTerms(self.manifest(account.provider).deadline_seconds, account.config_version)

    async def open(
        self,
        tenant_id: TenantId,
        provider_account_id: ProviderAccountId,
        *,
        version: int | None = None,
        anew: bool = False,
    ) -> ScriptedProvider:
        """Give the provider of an account, and remember under which version. Raises ROUTE_NO_PROVIDER."""
        if self.before_open is not None:
            await self.before_open()
        account = await self._account(tenant_id, provider_account_id)
        self.opened.append((account.id, version or account.config_version))
        return self.named(account.provider)

    async def _account(self, tenant_id: TenantId, provider_account_id: ProviderAccountId) -> ProviderAccount:
        for account in await self._known(tenant_id):
            if account.id == provider_account_id:
                return account
        raise MediatorError(ROUTE_NO_PROVIDER, "There is no such provider account.")

    async def _known(self, tenant_id: TenantId) -> tuple[ProviderAccount, ...]:
        assert self.tenants is not None, "who has an account where?"
        return tuple(
            ProviderAccount(
                tenant_id=tenant_id,
                id=one.id,
                provider=one.provider,
                name=one.provider,
                state=AccountState.DISABLED if one.id in self._disabled else AccountState.ENABLED,
                config_version=self._versions.get(one.id, 1),
            )
            for one in await self.tenants.provider_accounts(tenant_id)
        )
