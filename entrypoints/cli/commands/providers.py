"""`mediator providers`. Each of its commands is imported when it is asked for."""

from cyclopts import App

COMMANDS = {
    "list": ("matrix:list_", "List the installed providers and what each can do."),
    "show": ("matrix:show", "Show everything that a provider declares of itself."),
    "health": ("health:health", "Show how provider accounts are doing: circuits, pauses, what is under way."),
    "breaker": ("health:breaker", "Open or close an account's circuit breaker by hand, or give it back."),
    "accounts": ("accounts:accounts", "Connect to providers, and look after our accounts there."),
    "callbacks": ("callbacks:callbacks", "What providers sent to us: list, show, replay."),
    "conform": ("conform:conform", "Hold an adapter to the contract of all providers, and report."),
}
"""Name of a command: where it is under `entrypoints.cli.providers`, and what it does in a line."""


def make_providers(asked: str = "") -> App:
    """Build the tree of commands without importing any; the help of the one that is asked for is its docstring."""
    app = App(
        name="providers", help="Look after providers: what they can do, and our accounts there.", version_flags=()
    )
    for number, (name, (place, text)) in enumerate(COMMANDS.items()):
        app.command(
            f"entrypoints.cli.providers.{place}", name=name, help=None if name == asked else text, sort_key=number
        )
    return app


providers = make_providers()
