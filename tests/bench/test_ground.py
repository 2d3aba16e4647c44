"""The ground of a bench: nothing of others comes in, and nothing of a killed bench stays."""

from pathlib import Path

from adapters.embedded.locks import FileLock
from tests.bench.ground import ACCOUNT_ID, ACCOUNT_UUID, environment, remove_remains


def left_behind(tmp_path: Path) -> Path:
    """Make the folder of a bench that has ended without a word."""
    folder = tmp_path / "run-1"
    (folder / "stores").mkdir(parents=True)
    (folder / "bench.lock").touch()
    return folder


def test_folder_of_a_killed_bench_is_removed(tmp_path: Path) -> None:
    folder = left_behind(tmp_path)

    remove_remains(folder)

    assert not folder.exists()


def test_folder_of_a_running_bench_stays(tmp_path: Path) -> None:
    folder = left_behind(tmp_path)
    lock = FileLock(folder / "bench.lock")
    assert lock.try_take()

    remove_remains(folder)

    assert (folder / "stores").exists()
    lock.release()


def test_settings_that_happen_to_be_in_the_environment_do_not_reach_what_is_measured() -> None:
    given = {"API_WORKERS": "9", "LOG_LEVEL": "debug", "DATABASE_POOL_SIZE": "1", "HOME": "somewhere"}

    kept = environment(given)

    assert kept["HOME"] == "somewhere"
    assert not {"API_WORKERS", "LOG_LEVEL", "DATABASE_POOL_SIZE"} & set(kept)


def test_accounts_have_the_same_ids_outside_as_inside() -> None:
    inside = ACCOUNT_UUID.format(0xABC).replace("-", "")

    assert ACCOUNT_ID.format(0xABC) == f"acc_{inside}"
