"""`mediator ledger`. Each of its commands is imported when it is asked for."""

from cyclopts import App

COMMANDS = {
    "accounts": ("accounts:accounts", "List, open and change the accounts of the ledger."),
    "balance": ("reads:balance", "Tell how an account stands, or stood at a time."),
    "entries": ("reads:entries", "List entries, newest first."),
    "statement": ("reads:statement", "Write the statement of an account for a period."),
    "transfer": ("transfer:transfer", "Move money between accounts, in one ledger transaction."),
    "transfers": ("transfers:transfers", "List, show and reverse the transactions of the ledger."),
    "batch": ("batch:batch", "Make the transfers of a file; run again, it goes on where it stopped."),
    "holds": ("holds:holds", "List, place, post and release holds."),
    "limits": ("limits:limits", "List, add and end limits on what may go out."),
    "monitors": ("monitors:monitors", "List, add and end conditions on balances."),
    "export": ("copies:export", "Carry a tenant's ledger out, into a file that proves itself whole."),
    "import": ("copies:import_", "Carry a ledger into a tenant whose ledger is empty, and prove it."),
    "discard-import": ("copies:discard_import", "Remove what an unfinished import brought."),
}


def make_ledger(asked: str = "") -> App:
    """Build the tree of commands without importing any; the help of the one that is asked for is its docstring."""
    app = App(
        name="ledger",
        help="Look after the ledger: accounts, transfers, holds, limits, statements, copies.",
        version_flags=(),
    )
    for number, (name, (place, text)) in enumerate(COMMANDS.items()):
        app.command(f"entrypoints.cli.ledger.{place}", name=name, help=None if name == asked else text, sort_key=number)
    return app


ledger = make_ledger()
