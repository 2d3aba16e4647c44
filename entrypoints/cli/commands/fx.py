"""`mediator fx`. Each of its commands is imported when it is asked for."""

from cyclopts import App

COMMANDS = {
    "rates": ("rates:rates", "Load and list published rates."),
    "quote": ("quote:quote", "Ask for a price, with everything that explains it."),
    "quotes": ("quotes:quotes", "List and show quotes."),
    "reserve": ("quote:reserve", "Reserve a quote, once and before it expires."),
    "execute": ("execute:execute", "Exchange at a quote's price, once."),
    "release": ("quote:release", "Give a reserved quote up."),
    "exposure": ("exposure:exposure", "Report what is at stake in each currency."),
}


def make_fx(asked: str = "") -> App:
    """Build the tree of commands without importing any; the help of the one that is asked for is its docstring."""
    app = App(name="fx", help="Exchange currencies: rates, quotes, exposure.", version_flags=())
    for number, (name, (place, text)) in enumerate(COMMANDS.items()):
        app.command(f"entrypoints.cli.fx.{place}", name=name, help=None if name == asked else text, sort_key=number)
    return app


fx = make_fx()
