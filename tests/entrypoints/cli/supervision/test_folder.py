"""The data folder: one at a time, secrets for their owner alone, nothing lost unnoticed."""

import os
import stat
from pathlib import Path

import pytest

from entrypoints.cli.supervision.folder import DataFolder, data_folder
from entrypoints.cli.supervision.run_file import Run, find_run, forget_run, write_run
from entrypoints.cli.supervision.secrets import keep_secrets, load_secrets
from entrypoints.cli.trouble import Trouble


@pytest.fixture
def place(tmp_path: Path) -> DataFolder:
    """A data folder that is not made yet."""
    return data_folder(tmp_path / "some" / "data")


def a_run() -> Run:
    """What a running house says."""
    return Run(
        pid=1,
        api_url="http://127.0.0.1:8000",
        simulator_url="http://127.0.0.1:9000",
        environment={"SECRET_KEY": "never shown"},
        processes={"api": 2},
    )


def test_folder_is_made_and_its_files_are_for_their_owner_alone(place: DataFolder) -> None:
    with place.locked():
        load_secrets(place)
        write_run(place, a_run())

        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.path.iterdir()}

    assert stat.S_IMODE(place.path.stat().st_mode) == 0o711
    assert modes == {"logs": 0o700, "locks": 0o700, "secrets.json": 0o600, "run.json": 0o600, "supervisor.lock": 0o600}


def test_second_one_in_the_folder_is_refused_with_the_first_ones_process(place: DataFolder) -> None:
    with place.locked():
        assert place.is_locked()
        with (
            pytest.raises(Trouble, match=f"already runs on {place.path} \\(process {os.getpid()}\\)"),
            place.locked(),
        ):
            pass

    assert not place.is_locked()
    with place.locked():
        assert place.is_locked()


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(Trouble, match=r"The data folder .*/file/data cannot be made"),
        data_folder(tmp_path / "file" / "data").locked(),
    ):
        pass


def test_secrets_are_made_once_and_kept(place: DataFolder) -> None:
    with place.locked():
        made = load_secrets(place)
        keep_secrets(place, made)

        assert load_secrets(place) == made

    assert len({made.secret_key, made.sandbox_api_key, made.sandbox_callback_secret}) == 3
    assert min(map(len, (made.secret_key, made.sandbox_api_key, made.sandbox_callback_secret))) >= 43
    assert made.secret_key not in repr(made)
    assert made.secret_key not in str(made.__rich_repr__())


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"secret_key": 1}'])
def test_lost_secrets_are_refused_where_there_is_data(place: DataFolder, content: bytes | None) -> None:
    with place.locked():
        place.stores.mkdir()
        if content is not None:
            place.secrets.write_bytes(content)

        with pytest.raises(Trouble, match=r"The secrets in .*/secrets.json cannot be read"):
            load_secrets(place)


def test_run_is_found_while_it_lasts(place: DataFolder) -> None:
    assert find_run(place) is None
    with place.locked():
        assert find_run(place) is None
        write_run(place, a_run())

        assert find_run(place) == a_run()

    assert find_run(place) is None  # Whoever wrote it was killed before it could forget it.
    forget_run(place)
    forget_run(place)
    assert not place.run.exists()
    assert "never" not in repr(a_run())


def test_broken_run_file_is_no_run(place: DataFolder) -> None:
    with place.locked():
        place.run.write_text("{")

        assert find_run(place) is None


def test_folder_of_another_user_is_refused(place: DataFolder) -> None:
    if os.geteuid() != 0:
        pytest.skip("NOT CHECKED: only root can give a file away")
    with place.locked():
        load_secrets(place)
    os.chown(place.secrets, 65_534, 65_534)

    with pytest.raises(Trouble, match="belongs to user id 65534"), place.locked():
        pass
