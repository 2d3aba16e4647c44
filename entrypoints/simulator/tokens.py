"""The magic `source` tokens: what each makes the gateway do."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from entrypoints.simulator.words import Decline, Kind, RefusalKind, Status


class Fault(StrEnum):
    """A way to misbehave: those of BEFORE have no effect, the others come after the effect was kept.

    `cut` resets the connection without an answer, `hang` does so after a long silence; with `late` the effect itself
    comes some time after the cut, and until then nobody can see it.
    """

    CUT_BEFORE = "cut_before"
    ERROR_BEFORE = "error_before"
    RATE_LIMIT = "rate_limit"
    CUT = "cut"
    HANG = "hang"
    GARBAGE = "garbage"
    ERROR_AFTER = "error_after"
    LATE = "late"


BEFORE = frozenset({Fault.CUT_BEFORE, Fault.ERROR_BEFORE, Fault.RATE_LIMIT})
"""The faults that happen before any effect, and instead of it."""


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """What a token does: how an authorization ends, which operation misbehaves, is declined later or takes a while.

    `surplus` is what the gateway takes, and says that it took, beyond what was asked.
    """

    status: Status = Status.AUTHORIZED
    decline: Decline | None = None
    faults: Mapping[Kind, Fault] = {}
    declines: frozenset[Kind] = frozenset()
    slow_refund: bool = False
    surplus: int = 0


def _faulty(kind: Kind, fault: Fault) -> Behaviour:
    return Behaviour(faults={kind: fault})


TOKENS: dict[str, Behaviour] = {
    "tok_success": Behaviour(),
    "tok_declined": Behaviour(decline=Decline("insufficient_funds", RefusalKind.SOFT)),
    "tok_declined_hard": Behaviour(decline=Decline("stolen_card", RefusalKind.HARD)),
    "tok_action": Behaviour(status=Status.REQUIRES_ACTION),
    "tok_pending": Behaviour(status=Status.PENDING),
    "tok_timeout": _faulty(Kind.AUTHORIZE, Fault.HANG),
    "tok_cut": _faulty(Kind.AUTHORIZE, Fault.CUT),
    "tok_drop": _faulty(Kind.AUTHORIZE, Fault.CUT_BEFORE),
    "tok_garbage": _faulty(Kind.AUTHORIZE, Fault.GARBAGE),
    "tok_error_after": _faulty(Kind.AUTHORIZE, Fault.ERROR_AFTER),
    "tok_error_before": _faulty(Kind.AUTHORIZE, Fault.ERROR_BEFORE),
    "tok_late": _faulty(Kind.AUTHORIZE, Fault.LATE),
    "tok_wrong_amount": Behaviour(surplus=1),
    "tok_capture_cut": _faulty(Kind.CAPTURE, Fault.CUT),
    "tok_capture_declined": Behaviour(declines=frozenset({Kind.CAPTURE})),
    "tok_void_cut": _faulty(Kind.VOID, Fault.CUT),
    "tok_refund_cut": _faulty(Kind.REFUND, Fault.CUT),
    "tok_refund_timeout": _faulty(Kind.REFUND, Fault.HANG),
    "tok_refund_declined": Behaviour(declines=frozenset({Kind.REFUND})),
    "tok_refund_pending": Behaviour(slow_refund=True),
}
"""Every token that the gateway knows; any other is refused with `source_unknown`."""
