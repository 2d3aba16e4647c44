"""The door: who may come in, and how often. Every route asks here, whatever else is done to make it fast."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

import msgspec

from application.identity.authenticate import Caller
from application.ports.limits import Limit, Limits, Verdict
from domain.errors import AUTH_INVALID, RATE_LIMITED, MediatorError
from entrypoints.http.callers import KnownCallers

IPV6_PREFIX_LENGTH: Final = 64
"""Of IPv6 addresses the part that a customer of a network is given: within it there is no end of addresses."""

RawHeaders = tuple[tuple[bytes, bytes], ...]


class Admission(msgspec.Struct, frozen=True):
    """Who was looked at, what was decided, and the header fields that say so (draft-ietf-httpapi-ratelimit-headers)."""

    caller: Caller | None
    limit: Limit
    verdict: Verdict
    unknown: MediatorError | None = None
    """The refusal of a key that is none."""

    def headers(self) -> RawHeaders:
        """Give `RateLimit-Policy` and `RateLimit`; nothing where nothing is limited."""
        if self.verdict.limit == 0:
            return ()
        quota, left = self.limit.quota, self.verdict
        return (
            (b"ratelimit-policy", b'"%s";q=%d;w=%d' % (quota.name.encode(), quota.count, quota.window_seconds)),
            (b"ratelimit", b'"%s";r=%d;t=%d' % (quota.name.encode(), left.remaining, left.reset_seconds)),
        )

    def refusal(self) -> MediatorError | None:
        """Give the problem to answer with, RATE_LIMITED or AUTH_INVALID; None for whoever may go on."""
        if self.verdict.allowed:
            return self.unknown
        quota = self.limit.quota
        told = f"More than {quota.count} requests in {quota.window_seconds} s, by the quota {quota.name!r}."
        return MediatorError(RATE_LIMITED, told, retry_after_seconds=self.verdict.retry_after_seconds)


class Door:
    """Looks at credentials and counts. `header` is the value of `Authorization`, empty when there is none."""

    def __init__(self, callers: KnownCallers, limits: Limits) -> None:
        """Ask these."""
        self._callers = callers
        self._limits = limits

    def peek(self, header: bytes) -> Caller | None:
        """Tell who calls, when that is known without waiting."""
        return self._callers.peek(header)

    def admit_now(self, header: bytes, cost: int = 1) -> Admission | None:
        """Decide about a caller without waiting; None when something has to be asked: then `admit`."""
        caller = self._callers.peek(header)
        if caller is None:
            return None
        verdict = self._limits.callers.limiter.spend(caller.api_key_id.hex, cost)
        return None if verdict is None else Admission(caller, self._limits.callers, verdict)

    async def admit(self, header: bytes, address: str, cost: int = 1) -> Admission:
        """Decide about a caller. Raises what the database's absence raises.

        A key that was never good counts for its address until it turns out to be good, before anybody is asked: so
        many keys can be tried from one address, and no more. A key that was good is looked up in any case, so that
        neighbours behind the same proxy cannot lock it out.
        """
        caller = self._callers.peek(header)
        if caller is None:
            counted = None if self._callers.was_known(header) else await self.admit_stranger(address)
            if counted is not None and not counted.verdict.allowed:
                return counted
            found = await self._look_up(header, address, counted)
            if isinstance(found, Admission):
                return found
            caller = found
        verdict = await self._limits.callers.limiter.take(caller.api_key_id.hex, cost)
        return Admission(caller, self._limits.callers, verdict)

    async def admit_stranger(self, address: str) -> Admission:
        """Decide about a request without a key."""
        return Admission(None, self._limits.strangers, await self._limits.strangers.limiter.take(network_of(address)))

    async def admit_provider(self, address: str) -> Admission:
        """Decide about a callback, before its signature is looked at."""
        return Admission(None, self._limits.providers, await self._limits.providers.limiter.take(network_of(address)))

    async def _look_up(self, header: bytes, address: str, counted: Admission | None) -> Caller | Admission:
        """Ask about a key; what was counted for the address is given back unless the key is none."""
        try:
            return await self._callers.authenticate(header)
        except MediatorError as refusal:
            if refusal.entry is not AUTH_INVALID:
                raise
            told = counted or await self.admit_stranger(address)
            counted = None
            return msgspec.structs.replace(told, unknown=refusal)
        finally:
            if counted is not None:
                self._limits.strangers.limiter.give_back(network_of(address))


@lru_cache(maxsize=1_024)
def network_of(address: str) -> str:
    """Give what of an address is counted as one."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(int(found) >> IPV6_PREFIX_LENGTH << IPV6_PREFIX_LENGTH)}/{IPV6_PREFIX_LENGTH}"
