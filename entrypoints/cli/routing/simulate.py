"""`mediator routing simulate`."""

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from application.routing.simulate_rules import PAYMENTS_MAX, SimulateRules, SimulateRulesHandler, Simulation
from entrypoints.cli import output
from entrypoints.cli.ledger.desk import Desk, at_desk
from entrypoints.cli.ledger.options import HERE, Asking
from entrypoints.cli.ledger.reading import read_count
from entrypoints.cli.ledger.showing import tell
from entrypoints.cli.routing.rules_file import read_rules
from entrypoints.cli.routing.shown import simulation_shown, simulation_tables


def simulate(
    file: Annotated[Path, Parameter(help="The draft: JSON, an array of rules as `mediator routing set` reads it.")],
    *,
    last: Annotated[
        int,
        Parameter(converter=read_count, n_tokens=1, help="Over so many of the latest payments."),
    ] = 1_000,
    asking: Asking = HERE,
) -> None:
    """Replay past payments under a draft of the rules, and show what would change. Nothing is changed."""
    command = SimulateRules(rules=read_rules(file), last=min(last, PAYMENTS_MAX))
    shown = simulation_shown(at_desk(asking, partial(_simulate, command=command)))
    tell(shown, *simulation_tables(shown), as_json=asking.json)


async def _simulate(desk: Desk, *, command: SimulateRules) -> Simulation:
    handler = await desk.get(SimulateRulesHandler)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=output.news(), transient=True) as progress:
        task = progress.add_task("Payments", total=command.last)

        def count(payments: int) -> None:
            progress.update(task, completed=payments)

        return await handler(command, desk.call(), on_page=count)
