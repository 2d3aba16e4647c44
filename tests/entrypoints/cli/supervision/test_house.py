"""Where a house is reached."""

import pytest

from entrypoints.cli.supervision.house import url_of


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 -- an example
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("localhost", "http://localhost:8000"),
    ],
)
def test_server_is_reached_where_it_listens(host: str, url: str) -> None:
    assert url_of(host, 8000) == url
