"""The display of a start."""

import io

import pytest
from rich.console import Console

from entrypoints.cli.supervision.steps import Steps


def test_each_step_that_is_done_is_a_line_where_nobody_watches() -> None:
    out = io.StringIO()
    with Steps(Console(file=out)) as steps:
        with steps.step("Stores") as step:
            step.tell("starting PostgreSQL")
        with pytest.raises(ValueError, match="broken"), steps.step("Schema"):
            raise ValueError("broken")

    assert out.getvalue() == "Stores: 0.0 s\n"
    assert set(steps.seconds) == {"Stores"}


def test_terminal_shows_what_is_being_done_and_what_failed() -> None:
    out = io.StringIO()
    with Steps(Console(file=out, force_terminal=True, width=100)) as steps:
        with steps.step("Stores") as step:
            step.tell("starting PostgreSQL")
        with pytest.raises(ValueError, match="broken"), steps.step("Schema"):
            raise ValueError("broken")
        steps.finish()

    shown = out.getvalue()
    assert "starting PostgreSQL" in shown
    assert "✓" in shown
    assert "✗ Schema" in shown
