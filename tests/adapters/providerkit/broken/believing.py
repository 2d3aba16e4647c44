"""Adapters that believe too much, or break, when they are answered or called back."""

import json
import re
from collections.abc import Mapping

from adapters.providerkit.messages import HttpRequest, HttpResponse
from domain.errors import CALLBACK_REFUSED, MediatorError
from domain.providers import (
    AcceptedPending,
    CallbackEvent,
    Decline,
    Finding,
    Instruction,
    Missing,
    NotSent,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
    Unreadable,
    Verification,
)
from tests.adapters.providerkit.broken.defect import Defect
from tests.adapters.providerkit.broken.toy import Said, Toy, sign
from tests.adapters.providerkit.broken.toy_examples import API_KEY, spec_of


class Raises(Toy):
    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        if response.status == 200:
            json.loads(response.body)["state"]
        return super().parse_response(instruction, response)


class RaisesOnHeaders(Toy):
    def parse_look_up(self, instruction: Instruction, response: HttpResponse) -> Finding | HttpRequest:
        int(response.headers.get("retry-after", "0")[:20])
        return super().parse_look_up(instruction, response)


class GivesNothing(Toy):
    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        known = response.status < 500
        return super().parse_response(instruction, response) if known else None  # type: ignore[return-value]  # the defect


class Endless(Toy):
    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        re.match(rb"(?:(?:\x00|\x00\x00)+)+y", raw)
        return super().parse_callback(raw)


class BelievesTheStatus(Toy):
    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        if response.status in {200, 201}:
            return Succeeded("p_1", instruction.amount)
        return super().parse_response(instruction, response)


class RefusedByTheStatus(Toy):
    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        if 400 <= response.status < 500 and response.status != 401:
            return Rejected("declined", Decline.HARD, "Refused.")
        return super().parse_response(instruction, response)


class NotFoundByTheStatus(Toy):
    def parse_look_up(self, instruction: Instruction, response: HttpResponse) -> Finding | HttpRequest:
        return Missing("no such key") if response.status == 404 else super().parse_look_up(instruction, response)


class NotSentWhenBusy(Toy):
    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        return NotSent("busy") if response.status == 503 else super().parse_response(instruction, response)


class ReadsHalves(Toy):
    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        if response.status == 200 and b'"state": "done"' in response.body:
            return Succeeded("p_1", instruction.amount)
        return super().parse_response(instruction, response)


class IgnoresTheStatus(Toy):
    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        said = self.said(instruction, response.body)
        return super().parse_response(instruction, response) if isinstance(said, Unknown) else said


class RefusedByAFault(Toy):
    def parse_response(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        refusal = self.refusal(response.body)
        if refusal is not None and response.status not in {401, 429}:
            return Rejected(refusal.error, Decline.HARD, "Refused.")
        return super().parse_response(instruction, response)


class AnyKeyIsGood(Toy):
    def parse_verification(self, response: HttpResponse) -> Verification:
        known = super().parse_verification(response)
        return Verification.VALID if known is Verification.UNKNOWN else known


class RepeatsTheAmount(Toy):
    def outcome(self, instruction: Instruction, said: Said) -> Outcome:
        return (
            Succeeded(said.reference, instruction.amount)
            if said.state == "done"
            else super().outcome(instruction, said)
        )


class AnyPayment(Toy):
    def said(self, instruction: Instruction, raw: bytes) -> Outcome:
        try:
            state = json.loads(raw)
            return self.outcome(instruction, Said(**state))
        except (ValueError, TypeError, RecursionError):
            return Unknown("nothing")


class TellsItsSecret(Toy):
    def outcome(self, instruction: Instruction, said: Said) -> Outcome:
        known = super().outcome(instruction, said)
        return AcceptedPending(f"{said.reference}?{API_KEY}") if isinstance(known, AcceptedPending) else known


class VerifiesNothing(Toy):
    def verify_callback(
        self, raw: bytes, headers: Mapping[str, str], *, secrets: tuple[str, ...], now_seconds: float
    ) -> None:
        pass


class TakesTheFirstSecret(Toy):
    def verify_callback(
        self, raw: bytes, headers: Mapping[str, str], *, secrets: tuple[str, ...], now_seconds: float
    ) -> None:
        super().verify_callback(raw, headers, secrets=secrets[:1], now_seconds=now_seconds)


class SignsTheIdOnly(Toy):
    def verify_callback(
        self, raw: bytes, headers: Mapping[str, str], *, secrets: tuple[str, ...], now_seconds: float
    ) -> None:
        whole = b'{"id":"ev_1","type":"payment.done","key":"opn_1"}'
        if b'"id":"ev_1"' in raw:
            raw = whole
        super().verify_callback(raw, headers, secrets=secrets, now_seconds=now_seconds)


class NeverOld(Toy):
    def verify_callback(
        self,
        raw: bytes,
        headers: Mapping[str, str],
        *,
        secrets: tuple[str, ...],
        now_seconds: float,
    ) -> None:
        if headers.get("toy-signature") not in [sign(one, headers.get("toy-time", ""), raw) for one in secrets]:
            raise MediatorError(CALLBACK_REFUSED, "No.")


class AsciiOnly(Toy):
    def verify_callback(
        self, raw: bytes, headers: Mapping[str, str], *, secrets: tuple[str, ...], now_seconds: float
    ) -> None:
        headers.get("toy-signature", "").encode("ascii")
        super().verify_callback(raw, headers, secrets=secrets, now_seconds=now_seconds)


DEFECTS = tuple(
    Defect(adapter.__name__, check, spec_of(adapter))
    for adapter, check in (
        (Raises, "answers.total"),
        (RaisesOnHeaders, "answers.total"),
        (GivesNothing, "answers.total"),
        (Endless, "answers.total"),
        (BelievesTheStatus, "answers.garbage"),
        (RefusedByTheStatus, "answers.garbage"),
        (NotFoundByTheStatus, "answers.garbage"),
        (NotSentWhenBusy, "answers.garbage"),
        (ReadsHalves, "answers.cut"),
        (IgnoresTheStatus, "answers.status"),
        (RefusedByAFault, "answers.status"),
        (NotSentWhenBusy, "answers.status"),
        (AnyKeyIsGood, "answers.status"),
        (AnyKeyIsGood, "answers.garbage"),
        (RepeatsTheAmount, "truth.amount"),
        (RepeatsTheAmount, "truth.currency"),
        (AnyPayment, "truth.about"),
        (TellsItsSecret, "secrets.untold"),
        (VerifiesNothing, "callbacks.refused"),
        (VerifiesNothing, "callbacks.sealed"),
        (VerifiesNothing, "callbacks.fresh"),
        (TakesTheFirstSecret, "callbacks.accepted"),
        (SignsTheIdOnly, "callbacks.sealed"),
        (NeverOld, "callbacks.fresh"),
        (AsciiOnly, "callbacks.total"),
    )
)
