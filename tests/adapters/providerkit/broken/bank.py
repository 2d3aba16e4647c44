"""A small bank that is spoken to by files and keeps every promise: each broken one is this one with one defect."""

import hashlib
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

import msgspec

from adapters.providerkit.adapter import CallsBack, PaysOut
from adapters.providerkit.amounts import from_wire, to_wire
from adapters.providerkit.examples import ExampleCallback, Examples
from adapters.providerkit.keys import taken
from adapters.providerkit.messages import CannotBuildError, FileDrop, HttpResponse
from adapters.providerkit.places import Place, SftpLogin, SftpPlace, SpokenToByFiles
from adapters.providerkit.spec import ProviderSpec
from domain.manifests import (
    Ability,
    AmountFormat,
    CallbackRule,
    CallbackTransport,
    CurrencyRule,
    IdempotencyRule,
    KeyPlace,
    ProviderManifest,
)
from domain.money import Currency, Money
from domain.providers import (
    CallbackEvent,
    Decline,
    Finding,
    Instruction,
    OperationKind,
    Outcome,
    Payee,
    Rejected,
    Succeeded,
    Unknown,
    Unreadable,
)

NAME = "bank"
AMOUNT = Money(12_34, Currency("EUR"))
EUR = CurrencyRule(currency="EUR", exponent=2, amount_format=AmountFormat.DECIMAL_STRING, maximum_minor=10**9)
MANIFEST = ProviderManifest(
    name=NAME,
    operations=frozenset({OperationKind.PAYOUT}),
    abilities=frozenset({Ability.PAYS_OUT, Ability.CALLS_BACK}),
    currencies=(EUR,),
    idempotency=IdempotencyRule(place=KeyPlace.MESSAGE_ID, name="MsgId", length_max=64, pattern=r"[A-Za-z0-9_]{1,64}"),
    visibility_horizon_seconds=None,
    deadline_seconds=5.0,
    callbacks=CallbackRule(transport=CallbackTransport.FILE, signature="the folder's rights", is_authoritative=True),
)


class BankConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the files are exchanged."""

    folder: Place


class BankCredentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What opens the folder."""

    password: str

    def __repr__(self) -> str:
        return "BankCredentials(***)"


class PlacelessBank(PaysOut, CallsBack):
    """The bank, with a method for everything that a defect may change, but for the place of its files."""

    def __init__(self, config: BankConfig, credentials: BankCredentials) -> None:
        self.config = config
        self.credentials = credentials

    @property
    def manifest(self) -> ProviderManifest:
        return MANIFEST

    def build_payout(self, instruction: Instruction) -> FileDrop:
        rule, payee = MANIFEST.rule_for(instruction.amount.currency), instruction.payee
        if rule is None or payee is None:
            raise CannotBuildError("no such currency, or nobody to pay")
        key = taken(MANIFEST.idempotency, instruction.key)
        told = {
            "MsgId": self.message_id(key),
            "Amount": str(to_wire(rule, instruction.amount)),
            "To": payee.name,
            "Text": instruction.description or "",
        }
        lines = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in told.items())
        content = f"<Order>{lines}</Order>".encode("utf-8", "replace")
        return FileDrop(name=self.name(instruction), content=content, provider_reference=self.reference(key))

    def name(self, instruction: Instruction) -> str:
        return f"{instruction.key}.xml"

    def message_id(self, key: str) -> str:
        return key

    def reference(self, key: str) -> str:
        return key

    def parse_payout(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        return Unknown("a bank does not answer")

    def verify_callback(
        self, raw: bytes, headers: Mapping[str, str], *, secrets: tuple[str, ...], now_seconds: float
    ) -> None:
        """Take every file of the folder."""

    def parse_callback(self, raw: bytes) -> tuple[CallbackEvent, ...] | Unreadable:
        """Read `key;state;amount` a line, and END."""
        text = raw.decode("utf-8", "replace").split("\n")
        lines, end = self.lines(text), text[-1]
        if not self.is_whole(end):
            return Unreadable("cut off")
        file_id = hashlib.sha256(raw).hexdigest()[:16]
        told = (line.split(";") for line in lines if line.count(";") == 2)
        return tuple(
            CallbackEvent(
                event_id=f"{file_id}/{number}", kind="payout", operation_key=self.key(key), finding=self.found(*said)
            )
            for number, (key, *said) in enumerate(told)
        )

    def is_whole(self, end: str) -> bool:
        return end == "END"

    def lines(self, text: list[str]) -> list[str]:
        return text[:-1]

    def key(self, told: str) -> str:
        return told

    def found(self, state: str, amount: str) -> Finding:
        money = from_wire(EUR, amount)
        if state == "paid" and money is not None:
            return Succeeded("bank", money)
        return Rejected("no", Decline.HARD, "No.") if state == "refused" else Unknown("no known state")


class Bank(PlacelessBank, SpokenToByFiles):
    """The bank."""

    @property
    def place(self) -> Place:
        return self.config.folder

    @property
    def login(self) -> SftpLogin:
        return SftpLogin(password=self.credentials.password)


def examples() -> Examples:
    """Show the bank."""
    payout = Instruction(
        kind=OperationKind.PAYOUT,
        key="opn_1",
        amount=AMOUNT,
        payment_id="pyo_1",
        account="pac_1",
        payee=Payee(name="Anna", country="DE", iban="DE89370400440532013000"),
    )
    return Examples(
        config=BankConfig(folder=SftpPlace(host="bank.example", username="toy", host_key="ssh-ed25519 AAAA")),
        credentials=BankCredentials(password="password_example"),
        instructions=(payout,),
        callbacks=(
            _file(b"opn_1;paid;12.34\nEND", Succeeded("bank", AMOUNT)),
            _file(b"opn_1;refused;12.34\nEND", Rejected("no", Decline.HARD, "No.")),
        ),
    )


def _file(raw: bytes, finding: Finding) -> ExampleCallback:
    event = CallbackEvent(event_id="", kind="payout", operation_key="opn_1", finding=finding)
    return ExampleCallback(raw=raw, now_seconds=1_700_000_000, secret=None, means=(event,))


def bank_of(adapter: type[PlacelessBank] = Bank, **changes: Any) -> ProviderSpec:
    """Give the bank's spec with another adapter, or with other parts."""
    parts: dict[str, Any] = {
        "name": NAME,
        "manifest": MANIFEST,
        "config": BankConfig,
        "credentials": BankCredentials,
        "create": adapter,
        "examples": examples,
    }
    return ProviderSpec(**(parts | changes))


spec = bank_of()
"""The bank as a third party would export it."""
