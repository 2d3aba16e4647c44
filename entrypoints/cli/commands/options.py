"""Options that several commands have in common."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

FolderOption = Annotated[
    Path,
    Parameter(name="--folder", env_var="MEDIATOR_HOME", show_env_var=True, help="Data folder of `mediator up`."),
]

JsonOption = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON, for programs.")]
