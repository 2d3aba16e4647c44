"""`mediator providers`. Each of its commands is imported when it is asked for."""

from cyclopts import App

COMMANDS = {
    "conform": ("conform:conform", "Hold an adapter to the contract of all providers, and report."),
}


def make_providers(asked: str = "") -> App:
    """Build the tree of commands without importing any; the help of the one that is asked for is its docstring."""
    app = App(name="providers", help="Look after providers and their adapters.", version_flags=())
    for number, (name, (place, text)) in enumerate(COMMANDS.items()):
        app.command(
            f"entrypoints.cli.providers.{place}", name=name, help=None if name == asked else text, sort_key=number
        )
    return app


providers = make_providers()
