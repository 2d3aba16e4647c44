"""Shows what is being done, what is done, and how long each step took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn


class Step:
    """One step under way."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def tell(self, detail: str) -> None:
        """Say what exactly is being done."""
        self._progress.update(self._task, detail=detail)


class Steps:
    """The steps of a start: on a terminal a spinner for each, elsewhere a line for each that is done.

    `seconds` keeps how long each took, by title.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            TextColumn("[dim]{task.fields[detail]}[/]"),
            TextColumn("[dim]{task.elapsed:.1f} s[/]"),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def finish(self) -> None:
        """Leave the display as it is: from now on others write."""
        self._progress.stop()

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step while the block runs; several may run at once."""
        began = time.monotonic()
        task = self._progress.add_task(title, total=1, detail="")
        try:
            yield Step(self._progress, task)
        except BaseException:
            self._progress.update(task, description=f"[red]✗ {title}[/]")
            self._progress.stop_task(task)
            raise
        took = time.monotonic() - began
        self.seconds[title] = took
        self._progress.update(task, completed=1)
        self._progress.stop_task(task)
        if not self.console.is_terminal:
            self.console.print(f"{title}: {took:.1f} s", highlight=False)
