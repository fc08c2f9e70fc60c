"""When a request is sent again, and what is said when it is not."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
import requests

from qexp.errors import ServiceError
from qexp.services.http import LONGEST, TRIES, Refused, Unanswered
from tests.services.fake import HOST, Fake, http_to, never_connected

WHERE = f"{HOST}/api/version"
GONE = requests.ConnectionError("reset by peer")


@pytest.fixture
def http(fake, clock):
    return http_to(fake, clock)


def get(http, **arguments):
    return http.request("GET", WHERE, headers={}, **arguments)


@pytest.mark.parametrize("fault", [500, 502, 503, 504, 429, GONE, never_connected()])
def test_what_can_be_repeated_is(http, fake, clock, fault):
    fake.fail("GET", "version", fault, fault)
    assert "api-auth" in get(http).json()
    assert fake.asked("GET", "version") == 3
    first, second = clock.slept
    assert 0.25 <= first <= 0.5 <= second <= 1


def test_the_pauses_grow_and_end(http, fake, clock):
    fake.fail("GET", "version", *[503] * 100)
    with pytest.raises(ServiceError, match=rf"GET {WHERE}: 503.*{TRIES} times"):
        get(http)
    assert fake.asked("GET", "version") == TRIES
    assert max(clock.slept) <= LONGEST
    assert clock.slept[-1] > 8 * clock.slept[0]


def test_the_service_says_how_long_to_wait(http, fake, clock):
    later = datetime.now(timezone.utc) + timedelta(seconds=90)
    soon = {"Retry-After": "7"}
    fake.fail("GET", "version", (429, None, soon), (503, None, soon))
    fake.fail("GET", "version", (429, None, {"Retry-After": format_datetime(later)}))
    fake.fail("GET", "version", (429, None, {"Retry-After": "whenever"}))
    get(http)
    assert clock.slept[:2] == [7, 7]
    assert 80 < clock.slept[2] <= 90
    assert clock.slept[3] < LONGEST


@pytest.mark.parametrize("fault", [429, never_connected(), requests.ConnectTimeout()])
def test_what_was_surely_not_accepted_is_sent_again(http, fake, fault):
    fake.fail("GET", "version", fault)
    get(http, repeat=False)
    assert fake.asked("GET", "version") == 2


@pytest.mark.parametrize("fault", [500, 503, GONE, requests.ReadTimeout("slow")])
def test_what_may_have_been_accepted_is_not(http, fake, fault):
    fake.fail("GET", "version", fault)
    with pytest.raises(Unanswered):
        get(http, repeat=False)
    assert fake.asked("GET", "version") == 1


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "No such thing.", "code": 1007}},
        {"errors": [{"code": 1007, "message": "No such thing", "solution": ""}]},
    ],
)
def test_errors_keep_the_service_s_words_and_code(http, fake, body):
    fake.fail("GET", "version", (404, body))
    with pytest.raises(Refused, match=r"404. No such thing \(code 1007\)\.$") as raised:
        get(http)
    assert raised.value.codes == {"1007"}
    assert fake.asked("GET", "version") == 1


def test_errors_keep_the_solution(http, fake):
    problem = {"code": 1, "message": "Too wide.", "solution": "Use fewer qubits."}
    fake.fail("GET", "version", (400, {"errors": [problem]}))
    with pytest.raises(Refused, match=r"Too wide \(code 1\)\. Use fewer qubits\."):
        get(http)


@pytest.mark.parametrize("body", ["<html>proxy</html>", [1], {"error": "odd"}, "null"])
def test_errors_of_no_known_form_are_quoted(http, fake, body):
    fake.fail("GET", "version", (400, body))
    with pytest.raises(Refused, match="400"):
        get(http)


def test_a_redirection_is_not_followed(http, fake):
    fake.fail("GET", "version", (302, None, {"Location": "http://elsewhere.test/"}))
    with pytest.raises(Refused, match="302"):
        get(http)
    assert len(fake.requests) == 1


def test_a_bad_certificate_is_not_tried_again(http, fake, clock):
    fake.fail("GET", "version", requests.exceptions.SSLError("self-signed"))
    with pytest.raises(ServiceError, match="self-signed"):
        get(http)
    assert clock.slept == []


def test_secrets_are_in_no_message(http, fake):
    http.keep_secret("s3cret")
    fake.fail("GET", "version", (400, "the token s3cret is odd"))
    fake.fail("GET", "version", requests.exceptions.SSLError("s3cret"))
    for _ in range(2):
        with pytest.raises(ServiceError) as raised:
            get(http)
        assert "s3cret" not in str(raised.value)


def test_no_netrc_is_read(folder, monkeypatch, clock):
    (folder / "netrc").write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(folder / "netrc"))
    seen = []

    class Looking(Fake):
        def send(self, request, **rest):
            seen.append(request.headers)
            return super().send(request, **rest)

    get(http_to(Looking(), clock))
    assert "Authorization" not in seen[0]
