"""The same on a real network: what a closed port and a broken connection are."""

from __future__ import annotations

import socket
import threading

import pytest

from qexp.errors import ServiceError
from qexp.services.http import TRIES, Http, Unanswered


@pytest.fixture
def listening():
    """A socket that takes connections; nobody answers them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def address(server):
    return f"http://127.0.0.1:{server.getsockname()[1]}/api/version"


def test_a_closed_port_is_known_not_to_have_accepted(listening, clock):
    url = address(listening)
    listening.close()
    with pytest.raises(ServiceError, match=rf"refused.*tried {TRIES} times"):
        Http(5.0, clock).request("POST", url, headers={}, body={}, repeat=False)
    assert len(clock.slept) == TRIES - 1


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]
)
def test_a_connection_that_breaks_is_not(listening, clock, said):
    def answer():
        connection, _ = listening.accept()
        connection.recv(4096)
        connection.sendall(said)
        connection.close()

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(Unanswered):
        Http(5.0, clock).request(
            "POST", address(listening), headers={}, body={}, repeat=False
        )
    thread.join()


def test_nobody_waits_for_ever(listening, clock):
    with pytest.raises(Unanswered, match="timed out"):
        Http(0.1, clock).request(
            "POST", address(listening), headers={}, body={}, repeat=False
        )
