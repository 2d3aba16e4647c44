"""`mediator providers conform`."""

from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.providerkit.conformance.report import Line, Report, Verdict
from adapters.providerkit.conformance.running import conform as hold
from entrypoints.cli import output
from entrypoints.cli.commands.options import JsonOption
from entrypoints.cli.ledger.reading import read_count
from entrypoints.cli.providers.found_spec import found_spec
from entrypoints.cli.trouble import FAILED

_SHOWN = {
    Verdict.PASSED: Text("pass", style="green"),
    Verdict.FAILED: Text("FAIL", style="bold red"),
    Verdict.NOT_APPLICABLE: Text("n/a", style="dim"),
}


def conform(
    name: Annotated[str, Parameter(help="An installed provider, or package.module:spec of any other.")],
    *,
    seed: Annotated[int, Parameter(help="What chance begins with: the same seed gives the same report.")] = 1,
    cases: Annotated[
        int, Parameter(converter=read_count, n_tokens=1, help="So many random trials for each check.")
    ] = 200,
    json: JsonOption = False,
) -> int:
    """Hold an adapter to the contract of all providers, and report.

    Needs no network and no database. Exit code 0: it conforms; 1: it does not, and the smallest evidence is printed.
    """
    report = hold(found_spec(name), seed=seed, cases=cases)
    if json:
        output.say_json(report)
    else:
        _show(output.answers(), report)
    return 0 if report.conforms else FAILED


def _show(console: Console, report: Report) -> None:
    table = Table(title=Text(f"Conformance of {report.provider}"), title_justify="left", header_style="bold")
    for column in ("check", "verdict", "what is demanded", "evidence"):
        table.add_column(column, overflow="fold")
    for line in report.lines:
        table.add_row(line.check, _SHOWN[line.verdict], Text(line.demands), _evidence(line))
    console.print(table)
    counts = {verdict: report.count(verdict) for verdict in Verdict}
    console.print(
        f"{report.provider} {'conforms' if report.conforms else 'does NOT conform'}:"
        f" {counts[Verdict.PASSED]} passed, {counts[Verdict.FAILED]} failed,"
        f" {counts[Verdict.NOT_APPLICABLE]} do not apply (seed {report.seed}, {report.cases} cases)."
    )


def _evidence(line: Line) -> Text:
    if line.verdict is not Verdict.FAILED:
        return Text(line.evidence or "", style="dim")
    more = f" (and {line.faults - 1} more)" if line.faults > 1 else ""
    return Text(f"{line.evidence}{more}\nwhy: {line.why}")
