"""A server that does nothing: it answers each request with the same 201. It shows how fast the generator can be.

`python -m tests.bench.stub_server [CONTENT_LENGTH_OF_REQUESTS]` prints its port and serves until it is ended.
"""

import select
import socket
import sys

ANSWER = (
    b'HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 55\r\n\r\n{"id":"ltx_%032d","state":1}'
)
_READ_BYTES = 16_384


def serve(listener: socket.socket) -> None:
    """Answer whatever comes in, one answer for each read: the generator has one request under way per connection."""
    answer = ANSWER % 0
    epoll = select.epoll()
    epoll.register(listener.fileno(), select.EPOLLIN)
    connections: dict[int, socket.socket] = {}
    while True:
        for number, _ in epoll.poll():
            if number == listener.fileno():
                connection = listener.accept()[0]
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connections[connection.fileno()] = connection
                epoll.register(connection.fileno(), select.EPOLLIN)
            elif not _answer(connections[number], answer):
                epoll.unregister(number)
                connections.pop(number).close()


def _answer(connection: socket.socket, answer: bytes) -> bool:
    try:
        if not connection.recv(_READ_BYTES):
            return False
        connection.send(answer)
    except ConnectionError:
        return False
    return True


def main() -> None:
    """Serve on a free port, which is printed."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        serve(listener)


if __name__ == "__main__":
    main()
