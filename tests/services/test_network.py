"""The same on a real network: what a closed port and a broken connection are."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from qexp.declare.config import CircuitRunnerService
from qexp.errors import ServiceError
from qexp.services.account import Account
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


class Page(BaseHTTPRequestHandler):
    """A web server that is no service."""

    def do_GET(self):
        status, headers, body = {
            "/page": (200, {"Content-Type": "text/html"}, PAGE),
            "/gone": (503, {"Content-Type": "text/html"}, PAGE),
            "/moved": (302, {"Location": "https://me:secret@sign.in/?t=secret"}, ""),
        }.get(self.path.partition("/api")[0], (404, {}, "no such page"))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": len(body)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        """Print nothing."""


PAGE = "<!doctype html><html><title>\n Sign in\n</title>" + "x" * 5000


@pytest.fixture(scope="module")
def pages():
    """The address of a web server, without `http`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"://127.0.0.1:{server.server_port}"
        server.shutdown()


def refused(url, clock, monkeypatch):
    """What is said where nobody logs in at an address, which it has to name."""
    monkeypatch.setenv("QEXP_TOKEN", "of-the-tests")
    with pytest.raises(ServiceError) as found:
        Account(CircuitRunnerService(url=url), Http(5.0, clock))
    told = str(found.value)
    assert told.startswith(f"GET {url}/version: ")
    assert "service.url" in told
    assert "secret" not in told
    assert len(told) < 400
    return told


def test_an_address_where_something_else_answers_is_told(pages, clock, monkeypatch):
    for path, words in (
        ("http{}/page/api", "a web page ('Sign in') and no answer"),
        ("http{}/gone/api", "503 Service Unavailable. a web page ('Sign in')"),
        ("http{}/moved/api", "302 Found. It points to https://sign.in/; the token is"),
        ("http{}/other/api", "404 Not Found. no such page"),
        ("https{}/api", "the server there speaks http and not https"),
    ):
        assert words in refused(path.format(pages), clock, monkeypatch)


def test_http_where_a_server_speaks_https_is_told(listening, clock, monkeypatch):
    alert = b"\x15\x03\x01\x00\x02\x02\x16"  # what TLS answers to anything else

    def answer():
        for _ in range(TRIES):
            connection, _ = listening.accept()
            connection.recv(4096)
            connection.sendall(alert)
            connection.close()

    threading.Thread(target=answer, daemon=True).start()
    url = address(listening).removesuffix("/version")
    monkeypatch.setenv("QEXP_TOKEN", "of-the-tests")
    with pytest.raises(ServiceError, match=r"does it speak https\? \(tried"):
        Account(CircuitRunnerService(url=url), Http(5.0, clock))


@pytest.mark.filterwarnings("ignore:.*the token is sent there unencrypted")
def test_a_host_that_is_not_there_is_told(clock, monkeypatch):
    told = refused("http://nowhere.invalid/api", clock, monkeypatch)
    assert "there is no host nowhere.invalid" in told
    for host in ("a" * 70 + ".org", "127.0.0.1:99999"):
        assert "no address" in refused(f"http://{host}/api", clock, monkeypatch)
    assert len(clock.slept) == TRIES - 1
