"""A toy that is asked by a list of all its operations, in which each finds its own; and two that confuse them."""

import json

import msgspec

from adapters.providerkit.examples import ExampleAnswer, Examples
from adapters.providerkit.messages import HttpRequest, HttpResponse
from domain.providers import Finding, Instruction, Missing, Unknown
from tests.adapters.providerkit.broken.defect import Defect
from tests.adapters.providerkit.broken.toy import Said, Toy, read
from tests.adapters.providerkit.broken.toy_examples import body, examples, spec_of

ABSENT = Missing("it is not in the list")


class Listed(msgspec.Struct, frozen=True):
    """The list of what it has done."""

    operations: tuple[Said, ...]


class Lister(Toy):
    """Asks for everything, and looks for its own."""

    def build_look_up(self, instruction: Instruction) -> HttpRequest | Finding:
        return self.asked("/operations")

    def parse_look_up(self, instruction: Instruction, response: HttpResponse) -> Finding | HttpRequest:
        listed = read(response.body, Listed) if response.status == 200 else None
        if listed is None:
            return Unknown("no list")
        found = self.own(instruction, listed.operations)
        return ABSENT if found is None else self.said(instruction, msgspec.json.encode(found))

    def own(self, instruction: Instruction, operations: tuple[Said, ...]) -> Said | None:
        return next((one for one in operations if one.key == instruction.key), None)


class TakesTheFirst(Lister):
    """Takes the first of the list for its own."""

    def own(self, instruction: Instruction, operations: tuple[Said, ...]) -> Said | None:
        first = next(iter(operations), None)
        mine = {"key": instruction.key, "payment": instruction.payment_id}
        return None if first is None else msgspec.structs.replace(first, **mine)


class BelievesAnEmptyPage(Lister):
    """Takes any answer without its own for proof of absence, also one that is no list."""

    def parse_look_up(self, instruction: Instruction, response: HttpResponse) -> Finding | HttpRequest:
        known = super().parse_look_up(instruction, response)
        return ABSENT if isinstance(known, Unknown) else known


def shown() -> Examples:
    """Show the toy with lists."""
    toy = examples()
    look_ups = tuple(
        ExampleAnswer(about=one.about, response=_list(body(one.about)), means=one.means)
        for one in toy.look_ups
        if not isinstance(one.means, Missing)
    )
    nothing = ExampleAnswer(about=toy.instructions[0], response=_list(), means=ABSENT)
    return msgspec.structs.replace(toy, look_ups=(*look_ups, nothing))


def _list(*operations: dict[str, str]) -> HttpResponse:
    return HttpResponse(status=200, body=json.dumps({"operations": operations}).encode())


spec = spec_of(Lister, examples=shown)
"""The correct one."""

DEFECTS = (
    Defect("TakesTheFirst", "look_ups.about", spec_of(TakesTheFirst, examples=shown)),
    Defect("BelievesAnEmptyPage", "answers.garbage", spec_of(BelievesAnEmptyPage, examples=shown)),
)
