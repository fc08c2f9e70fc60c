"""Login, renewal, who pays, devices."""

from __future__ import annotations

import json

import pytest

from qexp.errors import ConfigError, ServiceError
from qexp.services.account import Account, Instance
from qexp.services.token import warn_of_plain
from tests.services.fake import TOKEN, Fake, http_to, recorded, section


def account(fake, clock, **fields):
    return Account(section(**fields), http_to(fake, clock))


def test_it_logs_in_as_recorded(fake, clock):
    found = account(fake, clock)
    assert fake.requests == [
        ("GET", "/api/version"),
        ("POST", "/api/users/loginWithToken"),
        ("GET", "/api/users/me"),
        ("GET", "/api/Network"),
    ]
    assert found.instance == Instance("ibm-q", "open", "main")
    assert found.runtime == "http://127.0.0.1/runtime"


def test_a_lapsed_login_is_renewed_twice(fake, clock):
    found = account(fake, clock)
    fake.tokens.clear()
    assert found.status("ibmq_manila")["lengthQueue"] == 3
    assert fake.logins == 2
    fake.fail("GET", "queue/status", 401, 401, 401)
    with pytest.raises(ServiceError, match="401"):
        found.status("ibmq_manila")
    assert fake.logins == 4


def test_a_wrong_token_is_told_without_it(fake, clock, monkeypatch):
    monkeypatch.setenv("QEXP_TOKEN", "wrong-token")
    fake.fail(
        "POST",
        "loginWithToken",
        (401, {"error": {"message": "wrong-token: Login failed", "code": 3446}}),
    )
    with pytest.raises(ServiceError, match=r"Login failed \(code 3446\)") as raised:
        account(fake, clock)
    assert "wrong-token" not in str(raised.value)


def test_the_token_is_in_a_file_of_one_s_own(fake, clock, folder, monkeypatch):
    monkeypatch.delenv("QEXP_TOKEN")
    file = folder / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    account(fake, clock, token_file=str(file))
    file.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        account(fake, clock, token_file=str(file))
    with pytest.raises(ConfigError, match="token_file"):
        account(fake, clock, token_file="nowhere")
    with pytest.raises(ConfigError, match="QEXP_TOKEN"):
        account(fake, clock)
    monkeypatch.setenv("QEXP_TOKEN", "two\nlines")
    with pytest.raises(ConfigError, match="no token"):
        account(fake, clock)


@pytest.mark.parametrize("where", ["http://a@b.test/api", "http://b.test/api?token=x"])
def test_the_url_holds_no_secret(where):
    with pytest.raises(ValueError, match="QEXP_TOKEN"):
        type(section())(url=where)


@pytest.mark.parametrize("where", ["ftp://b.test/api", "b.test/api", "https://b.test"])
def test_the_url_is_that_of_a_login(where):
    with pytest.raises(ValueError, match="ends in /api"):
        type(section())(url=where)


@pytest.mark.parametrize(
    ("end", "answer", "message"),
    [
        ("version", {}, "nobody logs in there"),
        ("version", "<html>", "a web page"),
        ("loginWithToken", {"token": "x"}, "no usable id"),
        ("users/me", {"id": "u"}, "no usable urls"),
        ("users/me", {"urls": {"http": "http://h/api"}}, "may not use the runtime"),
        (
            "users/me",
            {"urls": {"http": "file:///etc", "services": {"runtime": "http://h"}}},
            "not encrypted",
        ),
        ("Network", {}, "list of hubs"),
        ("Network", [{"name": "h"}], "no usable groups"),
        ("Network", [], "It has: none"),
    ],
)
def test_malformed_answers_are_reported(fake, clock, end, answer, message):
    for method in ("GET", "POST"):
        fake.fail(method, end, (200, answer))
    with pytest.raises(ServiceError, match=message):
        account(fake, clock)


def test_who_pays_can_be_chosen(clock):
    hubs = [
        {
            "name": "a",
            "groups": {"g": {"projects": {"p": {}, "q": {"isDefault": True}}}},
        },
        {"name": "b", "groups": {"g": {"projects": {"p": {}}}}},
    ]

    def chosen(**fields):
        fake = Fake()
        fake.fail("GET", "Network", (200, hubs))
        return account(fake, clock, **fields).instance

    assert chosen() == Instance("a", "g", "q")
    assert chosen(hub="b") == Instance("b", "g", "p")
    assert chosen(hub="a", group="g", project="p") == Instance("a", "g", "p")
    with pytest.raises(ServiceError, match=r"no c.*It has: a/g/q, a/g/p, b/g/p"):
        chosen(hub="c")


def test_devices_are_served(fake, clock):
    found = account(fake, clock)
    name = fake.device.name
    assert found.configuration(name)["n_qubits"] == 5
    assert found.properties(name) == fake.device.properties
    assert fake.asked("GET", "devices/v/1") == 1
    with pytest.raises(ServiceError, match=r"no such device. It has: ibmq_manila"):
        found.configuration("ibm_nowhere")


def test_the_room_for_jobs(fake, clock):
    found, name = account(fake, clock), fake.device.name
    assert found.room(name) == 5
    fake.others = 7
    assert found.room(name) == 0
    fake.maximum = -1
    assert found.room(name) is None
    fake.fail("GET", "jobsLimit", 404, (200, {"maximumJobs": True}))
    assert found.room(name) is None
    with pytest.raises(ServiceError, match="no usable maximumJobs"):
        found.room(name)


PLAIN = r"http://example\.test: the token is sent there unencrypted"


def test_a_token_that_would_travel_unencrypted_is_warned_of(fake, clock):
    with pytest.warns(UserWarning, match=PLAIN) as told:
        account(fake, clock, url="http://example.test/api")
    assert len(told) == 1
    assert "\n" not in str(told[0].message)
    assert TOKEN not in str(told[0].message)


def test_an_address_that_this_machine_leads_to_is_warned_of(fake, clock):
    known = json.loads(recorded()["GET", "/api/users/me"]["resp"])
    home = "http://example.test/api"
    urls = {"http": home, "services": {"runtime": "http://example.test/runtime"}}
    fake.fail("GET", "users/me", (200, {**known, "urls": urls}))
    with pytest.warns(UserWarning, match=PLAIN) as told:
        account(fake, clock)
    assert len(told) == 1


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "127.9.9.9", "localhost", "[::1]"])
def test_this_machine_is_not_warned_of(host, recwarn):
    warn_of_plain([f"http://{host}/api", "https://example.test/api"])
    assert not recwarn.list
