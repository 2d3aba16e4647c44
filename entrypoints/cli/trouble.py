"""Trouble that is to be expected: said in a few plain words, never with a traceback."""

FAILED = 1
USAGE = 2
CONFIGURATION = 78
"""Exit code for wrong settings (EX_CONFIG of sysexits.h)."""
SIGNALLED = 128
"""Exit code after a signal ended the work: this + the signal's number, as shells count."""


class Trouble(Exception):
    """A command cannot go on; the message says why and what to do, and becomes what the user reads."""

    def __init__(self, message: str, *, exit_code: int = FAILED) -> None:
        """Keep the words and the code to exit with."""
        super().__init__(message)
        self.exit_code = exit_code


class Interrupted(Exception):
    """A signal ended the work before it was done; there is nothing to say that the user does not know."""

    def __init__(self, signal_number: int) -> None:
        """Keep the code to exit with."""
        super().__init__(f"signal {signal_number}")
        self.exit_code = SIGNALLED + signal_number
