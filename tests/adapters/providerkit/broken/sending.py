"""Adapters that send something else than they should."""

import itertools
import json
import random
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from adapters.providerkit.messages import CannotBuildError, HttpRequest
from domain.currencies import EXPONENTS
from domain.providers import AcceptedPending, Finding, Instruction, OperationKind, Outcome
from tests.adapters.providerkit.broken.believing import AnyPayment
from tests.adapters.providerkit.broken.defect import Defect
from tests.adapters.providerkit.broken.toy import Toy
from tests.adapters.providerkit.broken.toy_examples import spec_of

_numbers = itertools.count()


class FreshKey(Toy):
    def key(self, instruction: Instruction) -> str:
        return f"{instruction.key}-{next(_numbers)}"


class RandomKey(Toy):
    def key(self, instruction: Instruction) -> str:
        return str(uuid.uuid4())


class OneKey(Toy):
    def key(self, instruction: Instruction) -> str:
        return "the-key"


class KeyOfTheAmount(Toy):
    def key(self, instruction: Instruction) -> str:
        return f"{instruction.key}-{instruction.amount.minor}"


class KeyCutOff(Toy):
    def key(self, instruction: Instruction) -> str:
        return instruction.key[:10]


class TwoKeys(Toy):
    def headers(self) -> dict[str, str]:
        return super().headers() | {"idempotency-key": "another"}


class KeyElsewhere(Toy):
    def sent(self, instruction: Instruction, path: str, body: dict[str, Any]) -> HttpRequest:
        request = super().sent(instruction, path, body)
        headers = {name.replace("Idempotency-Key", "Request-Id"): value for name, value in request.headers.items()}
        return msgspec.structs.replace(request, headers=headers)


class AnyKey(Toy):
    def sent(self, instruction: Instruction, path: str, body: dict[str, Any]) -> HttpRequest:
        usual = super().sent(msgspec.structs.replace(instruction, key="k"), path, body)
        return msgspec.structs.replace(usual, headers=usual.headers | {"Idempotency-Key": instruction.key})


class Clock(Toy):
    def body(self, instruction: Instruction) -> dict[str, Any]:
        return super().body(instruction) | {"at": int(time.time() / 10**9)}


class Calendar(Toy):
    def body(self, instruction: Instruction) -> dict[str, Any]:
        return super().body(instruction) | {"century": datetime.now(tz=UTC).year // 100}


class Dice(Toy):
    def body(self, instruction: Instruction) -> dict[str, Any]:
        return super().body(instruction) | {"dice": int(random.random())}  # noqa: S311 -- the defect


class Reader(Toy):
    def body(self, instruction: Instruction) -> dict[str, Any]:
        return super().body(instruction) | {"me": len(Path(__file__).read_text())}


class Counter(Toy):
    def __init__(self, *settings: Any) -> None:
        super().__init__(*settings)
        self.built = 0

    def body(self, instruction: Instruction) -> dict[str, Any]:
        self.built += 1
        return super().body(instruction) | {"number": f"n{self.built}"}


class Changer(Toy):
    def build_request(self, instruction: Instruction) -> HttpRequest | Outcome:
        request = super().build_request(instruction)
        if instruction.action_fields is not None:
            instruction.action_fields["seen"] = "yes"
        return request


class Stray(Toy):
    def asked(self, path: str) -> HttpRequest:
        return msgspec.structs.replace(super().asked(path), url=f"https://toy-live.example{path}")


class Unsendable(Toy):
    def headers(self) -> dict[str, str]:
        return super().headers() | {"Merchant": "Müller"}


class Unquoted(Toy):
    def quoted(self, name: str) -> str:
        return name


class Hundredfold(Toy):
    def amount(self, instruction: Instruction) -> object:
        return f"{instruction.amount.minor}.00"


class TwoDecimalsForAll(Toy):
    def amount(self, instruction: Instruction) -> object:
        super().amount(instruction)
        minor = instruction.amount.minor
        return f"{minor // 100}.{minor % 100:02}"


class Float(Toy):
    def amount(self, instruction: Instruction) -> object:
        super().amount(instruction)
        return json.loads(json.dumps(instruction.amount.minor / 10 ** EXPONENTS[instruction.amount.currency]))


class Rounding(Toy):
    def amount(self, instruction: Instruction) -> object:
        super().amount(instruction)
        return str(round(instruction.amount.minor / 10 ** EXPONENTS[instruction.amount.currency]))


class NoAmount(Toy):
    def amount(self, instruction: Instruction) -> object:
        super().amount(instruction)
        return "all"


class Unbounded(Toy):
    def amount(self, instruction: Instruction) -> object:
        try:
            return super().amount(instruction)
        except CannotBuildError:
            return "1.00"


class Nameless(Toy):
    def body(self, instruction: Instruction) -> dict[str, Any]:
        return {name: value for name, value in super().body(instruction).items() if name != "currency"}


class PaysToAsk(Toy):
    def build_look_up(self, instruction: Instruction) -> HttpRequest | Finding:
        request = (
            self.build_payout(instruction)
            if instruction.kind is OperationKind.PAYOUT
            else self.build_request(instruction)
        )
        assert isinstance(request, HttpRequest)
        return request


class AsksForAll(AnyPayment):
    def build_look_up(self, instruction: Instruction) -> HttpRequest | Finding:
        return self.asked("/operations/latest")


class SecretInTheQuery(Toy):
    def asked(self, path: str) -> HttpRequest:
        request = super().asked(path)
        return msgspec.structs.replace(request, url=f"{request.url}{'&' if '?' in path else '?'}key={self.api_key}")


class SecretInTheForm(Toy):
    def build_request(self, instruction: Instruction) -> HttpRequest | Outcome:
        if instruction.kind is not OperationKind.AUTHORIZE:
            return super().build_request(instruction)
        fields = {"Idempotency-Key": instruction.key, "secret": self.api_key}
        return AcceptedPending("p_1", f"{self.base_url}/form", fields)


DEFECTS = tuple(
    Defect(adapter.__name__, check, spec_of(adapter))
    for adapter, check in (
        (FreshKey, "idempotency.one"),
        (RandomKey, "idempotency.one"),
        (KeyOfTheAmount, "idempotency.one"),
        (OneKey, "idempotency.own"),
        (KeyCutOff, "idempotency.own"),
        (TwoKeys, "idempotency.there"),
        (KeyElsewhere, "idempotency.there"),
        (AnyKey, "idempotency.formed"),
        (Counter, "pure.same"),
        (Clock, "pure.unworldly"),
        (Calendar, "pure.unworldly"),
        (Dice, "pure.unworldly"),
        (Reader, "pure.unworldly"),
        (RandomKey, "pure.unworldly"),
        (Changer, "pure.unchanged"),
        (Stray, "requests.home"),
        (Unsendable, "requests.sendable"),
        (Unquoted, "requests.quoted"),
        (Hundredfold, "amounts.exact"),
        (TwoDecimalsForAll, "amounts.exact"),
        (Float, "amounts.exact"),
        (Rounding, "amounts.exact"),
        (NoAmount, "amounts.exact"),
        (Unbounded, "amounts.bounds"),
        (Unbounded, "amounts.foreign"),
        (Nameless, "amounts.named"),
        (PaysToAsk, "look_ups.harmless"),
        (AsksForAll, "look_ups.about"),
        (SecretInTheQuery, "secrets.hidden"),
        (SecretInTheForm, "secrets.hidden"),
    )
)
