"""`mediator demo`: plays the scenario on throw-away stores."""

import importlib
from typing import Annotated

from cyclopts import Parameter

from entrypoints.cli.commands.options import JsonOption
from entrypoints.cli.throw_away import play_in_throw_away_house

_SHOWING = "entrypoints.cli.showing"


def demo(
    *,
    fast: Annotated[bool, Parameter(negative="", help="Have the stores not wait for the disk (fsync off).")] = False,
    json: JsonOption = False,
) -> int:
    """Play the scenario on throw-away stores and exit with its verdict.

    Exit code 0: every step went as expected and the books hold. Everything is removed afterwards.
    """
    shown = play_in_throw_away_house(_SHOWING, lambda module, ground: module.play_once(ground), fsync=not fast)
    code: int = importlib.import_module(_SHOWING).say(shown, as_json=json)
    return code
