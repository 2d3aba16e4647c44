"""`mediator routing`. Each of its commands is imported when it is asked for."""

from cyclopts import App

COMMANDS = {
    "show": ("rules:show", "Show the rules in force, or one version of them."),
    "versions": ("rules:versions", "List the versions of the rules."),
    "set": ("rules:set_", "Set all rules from a file: makes the next version."),
    "rollback": ("rules:rollback", "Go back to the rules of an earlier version."),
    "simulate": ("simulate:simulate", "Replay past payments under a draft, and show what would change."),
    "explain": ("explain:explain", "Explain why a payment went where it went."),
}


def make_routing(asked: str = "") -> App:
    """Build the tree of commands without importing any; the help of the one that is asked for is its docstring."""
    app = App(
        name="routing",
        help="Choose which provider account takes a payment: rules, versions, simulations.",
        version_flags=(),
    )
    for number, (name, (place, text)) in enumerate(COMMANDS.items()):
        app.command(
            f"entrypoints.cli.routing.{place}", name=name, help=None if name == asked else text, sort_key=number
        )
    return app


routing = make_routing()
