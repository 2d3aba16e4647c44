"""Keeps the tests that share one house on one worker, so that a run starts only one; all others go where there is room.

`pytest_xdist_make_scheduler` in `tests/conftest.py` gives this to xdist. (`--dist loadgroup` would do the same, but
xdist 3.8 cannot rename tests under pytest 9.2, and then keeps no group together.)
"""

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # ships no annotations

SHARING = ("tests/journeys/test_house.py", "tests/journeys/test_scenario.py")


class HouseholdsTogether(LoadScopeScheduling):  # type: ignore[misc]  # as above
    """Gives the tests of one house to one worker, and every other test to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        """Name what must stay together."""
        return "house" if nodeid.startswith(SHARING) else nodeid
