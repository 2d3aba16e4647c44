"""A house for one story, on stores that are thrown away afterwards, whatever happens."""

import importlib
import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import ModuleType
from typing import Any

from entrypoints.cli import output
from entrypoints.cli.supervision.folder import data_folder
from entrypoints.cli.supervision.ground import Ground, Plan, ground_laid
from entrypoints.cli.supervision.processes import Processes
from entrypoints.cli.supervision.signals import run_until_told
from entrypoints.cli.supervision.steps import Steps

_TO_PASS = 0o711  # PostgreSQL may have to run as `nobody`, whose way to its data leads through here.

Story = Callable[[ModuleType, Ground], Coroutine[Any, Any, object]]
"""What is done on laid ground with a module that is slow to import, and was imported meanwhile."""


def play_in_throw_away_house(module: str, story: Story, *, fsync: bool) -> object:
    """Lay ground in a temporary folder, play the story on it, and remove everything. Raises Trouble, Interrupted."""
    folder = Path(tempfile.mkdtemp(prefix="mediator-"))
    try:
        folder.chmod(_TO_PASS)
        plan = Plan(folder=data_folder(folder), environ=dict(os.environ), port=0, fsync=fsync, is_throw_away=True)
        processes = Processes(plan.folder)
        return run_until_told(_play(plan, processes, module, story), kill_all=processes.kill)
    finally:
        shutil.rmtree(folder)


async def _play(plan: Plan, processes: Processes, module: str, story: Story) -> object:
    with Steps(output.news()) as steps:
        async with ground_laid(plan, steps, processes, building=module) as ground:
            return await story(importlib.import_module(module), ground)
