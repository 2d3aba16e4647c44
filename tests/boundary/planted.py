"""Bugs to plant: each is one that a payment system has had, and the runs must find it."""

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from adapters.providerkit.messages import HttpRequest, HttpResponse
from application.ports.journal import AnyUnit, Committed, Journal, PayoutUnit, Verdict
from domain.manifests import ProviderManifest
from domain.providers import (
    AcceptedPending,
    Decline,
    Finding,
    Instruction,
    Missing,
    NotSent,
    OperationKind,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
)
from tests.boundary.cut_wire import Answered, CutWire
from tests.boundary.setting import SOUND, Bugs, NamedAdapter
from tests.boundary.steps import Steps


@dataclass
class Wrapped:
    """A provider with something changed; everything else is the real one's."""

    provider: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.provider, name)


class ResendsWithAFreshKey(Wrapped):
    """Sends again after doubt, under another key."""

    async def perform(self, instruction: Instruction) -> Outcome:
        """Perform, and once more."""
        outcome: Outcome = await self.provider.perform(instruction)
        if isinstance(outcome, Unknown):
            outcome = await self.provider.perform(msgspec.structs.replace(instruction, key=f"{instruction.key}_2"))
        return outcome


class PaysOutAgainInDoubt(Wrapped):
    """Sends a payout again after doubt, under another key."""

    async def perform(self, instruction: Instruction) -> Outcome:
        """Perform, and once more."""
        outcome: Outcome = await self.provider.perform(instruction)
        if instruction.kind is OperationKind.PAYOUT and isinstance(outcome, Unknown):
            outcome = await self.provider.perform(msgspec.structs.replace(instruction, key=f"{instruction.key}_2"))
        return outcome


class TakesSentForArrived(Wrapped):
    """Takes a payout that the provider has for one that arrived."""

    async def perform(self, instruction: Instruction) -> Outcome:
        """Perform."""
        outcome: Outcome = await self.provider.perform(instruction)
        if instruction.kind is OperationKind.PAYOUT and isinstance(outcome, AcceptedPending):
            return Succeeded(outcome.provider_reference, instruction.amount)
        return outcome


class GoesOnInDoubt(Wrapped):
    """Takes doubt for a soft refusal, so that the payment goes on to the next provider."""

    async def perform(self, instruction: Instruction) -> Outcome:
        """Perform."""
        outcome: Outcome = await self.provider.perform(instruction)
        return Rejected("timeout", Decline.SOFT, "") if isinstance(outcome, Unknown) else outcome


class TimesOutToFailed(Wrapped):
    """Takes doubt for a definite refusal."""

    async def perform(self, instruction: Instruction) -> Outcome:
        """Perform."""
        outcome: Outcome = await self.provider.perform(instruction)
        return Rejected("timeout", Decline.HARD, "") if isinstance(outcome, Unknown) else outcome


class TakesDoubtForSuccess(Wrapped):
    """Answers the customer with what it hopes."""

    async def perform(self, instruction: Instruction) -> Outcome:
        """Perform."""
        outcome: Outcome = await self.provider.perform(instruction)
        reference = instruction.provider_reference or "ch_sandbox_1"
        return Succeeded(reference, instruction.amount) if isinstance(outcome, Unknown) else outcome


class TakesSilenceForAbsence(Wrapped):
    """Takes a look-up that failed for one that found nothing, long after."""

    async def look_up(self, instruction: Instruction) -> Finding:
        """Look up."""
        found: Finding = await self.provider.look_up(instruction)
        return Missing("nobody knows it") if isinstance(found, Unknown) else found


class CutIsNotSent(CutWire):
    """Takes a connection that was cut for one that was never made."""

    async def exchange(self, request: HttpRequest, *, deadline_seconds: float) -> Answered:
        """Exchange."""
        answered = await super().exchange(request, deadline_seconds=deadline_seconds)
        return NotSent(answered.reason) if isinstance(answered, Unknown) else answered


class ShortHorizon(NamedAdapter):
    """Believes "not found" at once."""

    @property
    def manifest(self) -> ProviderManifest:
        """What the gateway can do, with a horizon that it does not keep."""
        return msgspec.structs.replace(super().manifest, visibility_horizon_seconds=-10.0)


class FaultIsARefusal(NamedAdapter):
    """Reads a 500 as a refusal."""

    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        """Read an answer."""
        if response.status == 500:
            return Rejected("internal", Decline.HARD, "")
        return super().parse_response(instruction, response)


class FaultIsARefusalOfAPayout(NamedAdapter):
    """Reads a 500 to a payout as a refusal."""

    def parse_payout(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        """Read an answer."""
        if response.status == 500:
            return Rejected("internal", Decline.HARD, "")
        return super().parse_payout(instruction, response)


class CallsBeforeItCommits:
    """Acknowledges what is new, and writes it only with the next write: if the process lives so long."""

    def __init__(self, journal: Journal, steps: Steps) -> None:
        """Write late."""
        self._journal = journal
        self._steps = steps
        self._owed: tuple[int, AnyUnit] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def is_owed(self, unit: AnyUnit) -> bool:
        """Whether it is written late: a payment or a payout that is new."""
        return unit.before is None

    async def commit(self, unit: AnyUnit) -> Verdict:
        """Commit what is owed unless it died with the process, and owe what is new."""
        owed, self._owed = self._owed, None
        if owed is not None and owed[0] == self._steps.deaths:
            await self._journal.commit(owed[1])
        if self.is_owed(unit):
            self._owed = (self._steps.deaths, unit)
            return Committed()
        return await self._journal.commit(unit)


class SendsBeforeItCommits(CallsBeforeItCommits):
    """Sends a payout before its key is written."""

    def is_owed(self, unit: AnyUnit) -> bool:
        """Whether it is the claim to send a payout for the first time."""
        return isinstance(unit, PayoutUnit) and unit.before is not None and unit.before.operation is None


def _late(journal: Journal, steps: Steps) -> Any:
    return CallsBeforeItCommits(journal, steps)


def _sending_late(journal: Journal, steps: Steps) -> Any:
    return SendsBeforeItCommits(journal, steps)


def _wrapping(wrapped: type[Wrapped]) -> Bugs:
    return replace(SOUND, provider=wrapped)


PLANTED: dict[str, Bugs] = {
    "resends with a fresh key": _wrapping(ResendsWithAFreshKey),
    "goes on to another provider in doubt": _wrapping(GoesOnInDoubt),
    "takes doubt for a refusal": _wrapping(TimesOutToFailed),
    "takes doubt for a success": _wrapping(TakesDoubtForSuccess),
    "takes silence for absence": _wrapping(TakesSilenceForAbsence),
    "takes a cut for not sent": replace(SOUND, wire=CutIsNotSent),
    "believes not found at once": replace(SOUND, adapter=ShortHorizon),
    "reads a 500 as a refusal": replace(SOUND, adapter=FaultIsARefusal),
    "calls before it commits": replace(SOUND, journal=_late),
    "pays out again in doubt": _wrapping(PaysOutAgainInDoubt),
    "takes a payout that was sent for one that arrived": _wrapping(TakesSentForArrived),
    "reads a 500 as a refusal of a payout": replace(SOUND, adapter=FaultIsARefusalOfAPayout),
    "sends a payout before it commits": replace(SOUND, journal=_sending_late),
}
