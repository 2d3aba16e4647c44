"""Limit what may go out of an account, of the tenant, or by an API key."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from application.call import Call
from application.ledger.orders import account_in
from application.ports.answers import ControlAnswers
from application.ports.controls import LimitBook, LimitNow, NewLimit
from application.ports.journal import Answer, Journal
from application.ports.ledger import AccountFinder
from application.ports.world import World
from application.telling import told
from domain.errors import VAL_FIELD, FieldError, MediatorError
from domain.ids import ApiKeyId, LimitId, Prefix, public_id
from domain.limits import LimitScope
from domain.money import Currency


class MakeLimit(msgspec.Struct, frozen=True, kw_only=True):
    """What to limit: the account for scope `account`, an API key for `api_key` (the caller's own when None)."""

    scope: LimitScope
    currency: Currency
    window_seconds: int
    amount_max: int | None = None
    count_max: int | None = None
    account: str | None = None
    api_key_id: ApiKeyId | None = None


@dataclass(frozen=True, slots=True)
class MakeLimitHandler:
    """The policy.

    - A limit counts from its beginning on; what was moved before is not counted.
    - It is counted and checked in the transaction that books: calls at the same time cannot exceed it together.
    """

    limits: LimitBook
    finder: AccountFinder
    journal: Journal
    answers: ControlAnswers
    world: World

    async def __call__(self, command: MakeLimit, call: Call) -> Answer:
        """Begin it, or give the earlier answer of the call's key. Raises as `LimitBook.make`, and VAL_FIELD."""
        _require_form(command)
        subject = await self._subject(command, call)
        moment = self.world.moment()
        limit = NewLimit(
            id=LimitId(moment.new_id()),
            scope=command.scope,
            subject_id=subject,
            currency=command.currency,
            window_seconds=command.window_seconds,
            amount_max=command.amount_max,
            count_max=command.count_max,
        )
        audit = call.audit("limit.made", public_id(Prefix.LIMIT_POLICY, limit.id), moment, scope=limit.scope.value)
        made = await self.limits.make(call.tenant_id, limit, audit=audit, claim=call.claim(limit.id))

        async def get(limit_id: UUID) -> LimitNow:
            return await self.limits.get(call.tenant_id, LimitId(limit_id))

        return await told(self.journal, call, made, get=get, tell=self.answers.limit)

    async def _subject(self, command: MakeLimit, call: Call) -> UUID:
        match command.scope:
            case LimitScope.TENANT:
                return call.tenant_id
            case LimitScope.API_KEY:
                subject = command.api_key_id or call.api_key_id
                if subject is None:
                    raise _fault("/api_key_id", "is required for this scope")
                return subject
            case LimitScope.ACCOUNT:
                if command.account is None:
                    raise _fault("/account", "is required for this scope")
                found = await self.finder.find(call.tenant_id, [(command.account, command.currency)])
                return account_in(command.account, command.currency, found).id


def _require_form(command: MakeLimit) -> None:
    """Refuse a limit of nothing, and one with two subjects. Raises VAL_FIELD."""
    if command.amount_max is None and command.count_max is None:
        raise _fault("", "needs amount_max, count_max, or both")
    if command.account is not None and command.scope is not LimitScope.ACCOUNT:
        raise _fault("/account", "is only for scope account")
    if command.api_key_id is not None and command.scope is not LimitScope.API_KEY:
        raise _fault("/api_key_id", "is only for scope api_key")


def _fault(pointer: str, detail: str) -> MediatorError:
    return MediatorError(VAL_FIELD, f"{pointer or 'the limit'}: {detail}", errors=(FieldError(pointer, detail),))
