"""Adapters that drop files which they should not, or believe files too much."""

import msgspec

from adapters.providerkit.examples import Examples
from adapters.providerkit.messages import FileDrop, HttpResponse
from adapters.providerkit.places import SftpLogin
from domain.providers import AcceptedPending, Finding, Instruction, Outcome
from tests.adapters.providerkit.broken.bank import Bank, PlacelessBank, bank_of, examples
from tests.adapters.providerkit.broken.defect import Defect


class OpenLogin(SftpLogin, frozen=True, kw_only=True):
    """A login that shows what it holds."""

    def __repr__(self) -> str:
        return f"OpenLogin({self.password})"


class TalksOfItsLogin(Bank):
    @property
    def login(self) -> SftpLogin:
        return OpenLogin(password=self.credentials.password)


class NamedByItsText(Bank):
    def name(self, instruction: Instruction) -> str:
        return f"{instruction.key}-{instruction.description or 'order'}.xml"


class OneName(Bank):
    def name(self, instruction: Instruction) -> str:
        return "order.xml"


class KnownByAnother(Bank):
    def reference(self, key: str) -> str:
        return f"{key}_ref"


class KeyElsewhereInTheFile(Bank):
    """Has the key for the file's name only, and another id inside."""

    def message_id(self, key: str) -> str:
        return "1"

    def build_payout(self, instruction: Instruction) -> FileDrop:
        file = super().build_payout(instruction)
        return msgspec.structs.replace(file, content=file.content + f"<!--{instruction.key}-->".encode())


class BelievesAnAnswer(Bank):
    def parse_payout(self, instruction: Instruction, response: HttpResponse) -> Outcome:
        known = super().parse_payout(instruction, response)
        return AcceptedPending(instruction.key) if response.status == 202 else known


class OneTransferForAll(Bank):
    def key(self, told: str) -> str:
        return "opn_1"


class RepeatsTheOrder(Bank):
    """Takes the amount of the order for what the bank's file states."""

    def found(self, state: str, amount: str) -> Finding:
        return super().found(state, "12.34")


class ReadsHalfFiles(Bank):
    def is_whole(self, end: str) -> bool:
        return True

    def lines(self, text: list[str]) -> list[str]:
        return text


def _signed() -> Examples:
    shown = examples()
    callbacks = tuple(msgspec.structs.replace(one, secret="whsec_of_a_file") for one in shown.callbacks)
    return msgspec.structs.replace(shown, callbacks=callbacks)


def _untold() -> Examples:
    shown = examples()
    others = tuple(msgspec.structs.replace(one, raw=b"opn_9;paid;1.00\nEND") for one in shown.callbacks)
    return msgspec.structs.replace(shown, callbacks=others)


def _unrefused() -> Examples:
    shown = examples()
    return msgspec.structs.replace(shown, callbacks=shown.callbacks[:1])


DEFECTS = (
    *(
        Defect(adapter.__name__, check, bank_of(adapter))
        for adapter, check in (
            (PlacelessBank, "files.spoken"),
            (TalksOfItsLogin, "files.spoken"),
            (NamedByItsText, "files.named"),
            (OneName, "files.named"),
            (KnownByAnother, "files.keyed"),
            (KeyElsewhereInTheFile, "files.keyed"),
            (BelievesAnAnswer, "files.doubted"),
            (OneTransferForAll, "files.about"),
            (ReadsHalfFiles, "files.cut"),
            (RepeatsTheOrder, "truth.amount"),
        )
    ),
    Defect("files that say nothing of ours", "files.about", bank_of(examples=_untold)),
    Defect("no file shows a refusal", "examples.enough", bank_of(examples=_unrefused)),
    Defect("a file with a signature", "callbacks.shown", bank_of(examples=_signed)),
)
