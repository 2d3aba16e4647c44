"""What the command line is told of accounts, limits and monitors that it makes: kept, and given again."""

import msgspec
from dishka import Provider, Scope, provide

from application.ports.answers import ControlAnswers
from application.ports.controls import LimitNow
from application.ports.journal import Answer
from domain.accounts import Account
from domain.monitors import Monitor
from entrypoints.cli.ledger.accounts_shown import account_shown
from entrypoints.cli.ledger.controls_shown import limit_shown, monitor_shown

JSON = "application/json"
CREATED = 201


class ShownAnswers(ControlAnswers):
    """Tells them as `--json` prints them."""

    def account(self, account: Account) -> Answer:
        """Tell an account that was opened."""
        return answer_of(account_shown(account))

    def limit(self, limit: LimitNow) -> Answer:
        """Tell a limit that began."""
        return answer_of(limit_shown(limit))

    def monitor(self, monitor: Monitor) -> Answer:
        """Tell a monitor that began."""
        return answer_of(monitor_shown(monitor))


def answer_of(shown: object) -> Answer:
    """Write down what is shown, to be kept under a key."""
    return Answer(CREATED, JSON, msgspec.json.encode(shown))


class TellsTheTerminal(Provider):
    """Where others answer over HTTP or not at all, the command line prints."""

    scope = Scope.APP
    control_answers = provide(ShownAnswers, provides=ControlAnswers)
