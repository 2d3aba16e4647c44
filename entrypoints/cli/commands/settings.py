"""`mediator settings`."""

import sys
from typing import Annotated

from cyclopts import Parameter

from entrypoints.cli import output
from entrypoints.settings import example_file, read_settings


def settings(
    *,
    check: Annotated[bool, Parameter(negative="", help="Check the environment instead: exit code 78 says no.")] = False,
) -> None:
    """Print every setting with its meaning and default, or check the environment.

    What is printed is a `.env.example`. With --check, say whether a service could run with the settings of this
    environment.
    """
    if not check:
        sys.stdout.write(example_file())
        return
    given = read_settings()
    _ = given.application_database, given.redis
    output.say("The settings are complete.")
