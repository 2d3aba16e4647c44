"""`python -m entrypoints.cli`: the command line where `mediator` is not installed."""

import sys

from entrypoints.cli.main import main

sys.exit(main())
