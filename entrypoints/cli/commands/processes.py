"""What `mediator api`, `worker`, `relay` and `simulator` have in common: they become the process."""

import os
import sys
from collections.abc import Mapping
from typing import NoReturn

from entrypoints.cli.supervision.services import python


def become(*arguments: str, environment: Mapping[str, str]) -> NoReturn:
    """Turn this process into our Python with these arguments."""
    sys.stdout.flush()
    sys.stderr.flush()
    command = python(*arguments)
    os.execve(command[0], command, dict(environment))
