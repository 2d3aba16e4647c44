"""A background of its own for each test."""

import pytest

from tests.application.operations.background import Background


@pytest.fixture
def background() -> Background:
    return Background()
