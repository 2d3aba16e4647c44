"""The choice of a port."""

import socket
from collections.abc import Iterator

import pytest

from entrypoints.cli.supervision.ports import choose_port, find_free_port, is_free
from entrypoints.cli.trouble import Trouble

HOST = "127.0.0.1"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server((HOST, 0)) as other:
        yield other.getsockname()[1]


def test_wanted_port_is_taken_when_it_is_free() -> None:
    port = find_free_port(HOST)

    assert choose_port(HOST, wanted=port, insisted=True) == (port, "")


def test_any_port_is_free_and_none_that_outgoing_connections_get() -> None:
    port, note = choose_port(HOST, wanted=0, insisted=True)

    assert (is_free(HOST, port), note, 20_000 <= port < 32_000) == (True, "", True)


def test_taken_port_is_replaced_and_named(taken: int) -> None:
    port, note = choose_port(HOST, wanted=taken, insisted=False)

    assert is_free(HOST, port)
    assert note == f"Port {taken} on {HOST} is taken: the API listens on {port} instead."


def test_taken_port_is_refused_when_somebody_insists(taken: int) -> None:
    with pytest.raises(Trouble, match=rf"Port {taken} on 127\.0\.0\.1 is taken\."):
        choose_port(HOST, wanted=taken, insisted=True)
