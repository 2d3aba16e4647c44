"""Shows how the scenario went, how the accounts stand, and what the proof found."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from application.ledger.prove import ProofReport
from domain.money import Currency, Money
from entrypoints.cli.scenario.playing import Balance
from entrypoints.cli.scenario.steps import Played


def show_played(console: Console, played: Sequence[Played]) -> None:
    """Print each step with what was expected and what was seen."""
    table = Table(title="The scenario", title_justify="left", header_style="bold")
    table.add_column("step")
    table.add_column("currency")
    table.add_column("expected", overflow="fold")
    table.add_column("seen", overflow="fold")
    table.add_column("ms", justify="right")
    table.add_column("ok")
    for number, one in enumerate(played):
        seen = "as expected" if one.is_well else f"[red]{one.seen}[/]"
        last = number + 1 == len(played) or played[number + 1].currency != one.currency
        mark = "[green]✓[/]" if one.is_well else "[red]✗[/]"
        table.add_row(one.step, one.currency, one.expected, seen, str(one.milliseconds), mark, end_section=last)
    console.print(table)


def show_balances(console: Console, balances: Sequence[Balance]) -> None:
    """Print how every account stands, in major units."""
    table = Table(title="Balances of the demo's tenant", title_justify="left", header_style="bold")
    for name in ("account", "normal", "posted", "pending", "available", "at risk"):
        table.add_column(name, justify="left" if name in {"account", "normal"} else "right", overflow="fold")
    for one in sorted(balances, key=lambda balance: (balance.currency, balance.account)):
        amounts = (one.posted, one.pending, one.available, one.at_risk)
        shown = (str(Money(minor, Currency(one.currency))) for minor in amounts)
        table.add_row(one.account, one.normal_balance, *shown)
    console.print(table)


def show_proof(console: Console, report: ProofReport) -> None:
    """Print the sums per currency, what was compared, every fault, and the verdict."""
    table = Table(title="The proof", title_justify="left", header_style="bold")
    table.add_column("tenant", overflow="fold")
    table.add_column("currency")
    for name in ("entries", "debits", "credits", "difference"):
        table.add_column(name, justify="right")
    for tenant, total in report.totals:
        amounts = (total.debits, total.credits, total.difference)
        shown = (str(Money(minor, Currency(total.currency))) for minor in amounts)
        table.add_row(tenant, total.currency, str(total.entries), *shown)
    console.print(table)
    for result in report.results:
        if result.note:
            console.print(f"{result.check}: {result.note}", highlight=False)
    for fault in (fault for result in report.results for fault in result.faults):
        console.print(f"[red]✗[/] {fault.check}: {fault.subject}: {fault.detail}", highlight=False)
    show_verdict(console, report)


def show_verdict(console: Console, report: ProofReport) -> None:
    """Say whether the books hold, and what that means."""
    checks = len({result.check for result in report.results})
    if report.holds:
        console.print(
            f"[green]✓[/] The books hold: every currency sums to zero, {checks} checks found nothing.", highlight=False
        )
    else:
        faults = sum(len(result.faults) for result in report.results)
        unbalanced = sum(total.difference != 0 for _, total in report.totals)
        console.print(
            f"[red]✗ The books do not hold: {faults} faults, {unbalanced} sums that are not zero.[/]", highlight=False
        )
