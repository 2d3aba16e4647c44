"""`mediator bench`: measures on throw-away stores."""

import importlib
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from entrypoints.cli.commands.options import JsonOption
from entrypoints.cli.throw_away import play_in_throw_away_house

_MEASURING = "entrypoints.cli.benchmark"


def bench(
    *,
    payments: Annotated[int, Parameter(help="Payments in each round.", validator=Number(gte=2, lte=1_000_000))] = 1000,
    connections: Annotated[int, Parameter(help="Connections at once.", validator=Number(gte=1, lte=1000))] = 32,
    rounds: Annotated[int, Parameter(help="Rounds of each kind.", validator=Number(gte=1, lte=100))] = 3,
    fast: Annotated[bool, Parameter(negative="", help="Have the stores not wait for the disk (fsync off).")] = False,
    json: JsonOption = False,
) -> int:
    """Measure how fast payments go through, on throw-away stores.

    They go through the real API to the simulator. The figure to compare is the ratio: payments in a second against
    GET /health/live in a second, on the same server in the same run. Exit code 1 when a payment that was
    acknowledged is not there, or the books do not hold.
    """
    load = {"requests": payments, "connections": connections, "rounds": rounds}
    found = play_in_throw_away_house(
        _MEASURING, lambda module, ground: module.measure(ground, module.Load(**load)), fsync=not fast
    )
    code: int = importlib.import_module(_MEASURING).say(found, as_json=json)
    return code
