"""Tokens for an API key, on a clock that is set by hand."""

from __future__ import annotations

import threading
import time

import pytest

from qexp.errors import ConfigError, ServiceError
from qexp.services.http import Refused
from qexp.services.ibm.account import Account
from qexp.services.ibm.address import place
from tests.platforming import CRN
from tests.services.fake import HOST, Clock, http_to
from tests.services.platform import API, KEY, Platform, section


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    for name in ("QISKIT_IBM_TOKEN", "QISKIT_IBM_INSTANCE", "QISKIT_IBM_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("QEXP_IBM_API_KEY", KEY)


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def account(platform, clock):
    return Account(section(), http_to(platform, clock))


def test_a_token_is_used_until_well_before_its_end(account, platform, clock):
    for _ in range(3):
        account.json("GET", "backends")
    clock(2870)
    account.json("GET", "backends")
    assert platform.grants == 1
    clock(15)  # four fifths of an hour
    account.json("GET", "backends")
    assert platform.grants == 2


def test_an_old_token_does_while_none_is_to_be_had(account, platform, clock):
    clock(3000)
    platform.fail("POST", "/identity/token", *[503] * 20)
    account.json("GET", "backends")
    assert platform.grants == 1
    platform.faults.clear()
    clock(30)
    account.json("GET", "backends")
    assert platform.grants == 2


def test_a_lapsed_token_does_not(account, platform, clock):
    clock(3700)
    platform.fail("POST", "/identity/token", *[503] * 20)
    with pytest.raises(ServiceError, match="identity/token"):
        account.json("GET", "backends")


def test_a_refused_token_is_renewed(account, platform):
    platform.tokens.clear()
    account.json("GET", "backends")
    assert platform.grants == 2
    platform.fail("GET", "backends", 401, 401)  # it is revoked again meanwhile
    account.json("GET", "backends")
    assert platform.grants == 4
    platform.fail("GET", "backends", *[401] * 9)
    with pytest.raises(Refused) as refused:
        account.json("GET", "backends")
    assert refused.value.status == 401
    assert platform.grants == 6  # and not for ever


def test_many_that_are_refused_renew_it_once(account, platform):
    granted = platform._grant

    def slow(form):
        time.sleep(0.05)
        return granted(form)

    platform.tokens.clear()
    platform._grant = slow
    barrier = threading.Barrier(4)

    def ask():
        barrier.wait()
        account.json("GET", "backends")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert platform.grants == 2


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"access_token": ""},
        {"access_token": "ä", "expires_in": 3600},
        {"access_token": "T", "expires_in": -1},
        {"access_token": "T", "expires_in": True},
        "no JSON",
    ],
)
def test_an_answer_without_a_token_is_told(platform, clock, answer):
    platform._grant = lambda form: (200, answer)
    with pytest.raises(ServiceError, match=r"identity/token|expiration"):
        Account(section(), http_to(platform, clock))


def test_a_life_may_be_told_by_its_end(platform, clock):
    granted = platform._grant

    def by_its_end(form):
        status, body = granted(form)
        del body["expires_in"]
        return status, {**body, "expiration": int(time.time()) + 100}

    platform._grant = by_its_end
    account = Account(section(), http_to(platform, clock))
    clock(90)
    account.json("GET", "backends")
    assert platform.grants == 2


def test_a_key_that_is_not_taken_is_in_no_message(platform, clock, monkeypatch):
    monkeypatch.setenv("QEXP_IBM_API_KEY", "another-secret-key")
    with pytest.raises(ServiceError, match="BXNIM0415E") as error:
        Account(section(), http_to(platform, clock))
    assert "another-secret-key" not in str(error.value)
    assert "apikeys" in str(error.value)


def test_no_token_is_in_a_message(account, platform):
    platform.fail("GET", "backends", (400, "TOKEN-1 is not liked"))
    with pytest.raises(Refused) as refused:
        account.json("GET", "backends")
    assert "TOKEN-1" not in str(refused.value)


# -- where the key comes from, and where it goes


def test_the_official_client_s_variables_are_read(monkeypatch):
    monkeypatch.delenv("QEXP_IBM_API_KEY")
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "theirs")
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", CRN)
    found = place(section(instance=None, url=None, iam_url=None))
    assert (found.key, found.instance) == ("theirs", CRN)
    assert found.url == "https://quantum.cloud.ibm.com/api/v1"
    assert found.iam_url == "https://iam.cloud.ibm.com"
    assert found.ibm
    assert "theirs" not in repr(found)


@pytest.mark.parametrize(
    ("told", "region", "url"),
    [
        (None, "eu-de", "https://eu-de.quantum.cloud.ibm.com/api/v1"),
        ("https://cloud.ibm.com", "us-east", "https://quantum.cloud.ibm.com/api/v1"),
        (
            "https://quantum.cloud.ibm.com",
            "eu-de",
            "https://eu-de.quantum.cloud.ibm.com/api/v1",
        ),
        (
            "https://quantum.cloud.ibm.com/api/v1/",
            "eu-de",
            "https://quantum.cloud.ibm.com/api/v1",
        ),
    ],
)
def test_the_region_says_which_address_is_asked(monkeypatch, told, region, url):
    if told is not None:
        monkeypatch.setenv("QISKIT_IBM_URL", told)
    crn = CRN.replace("us-east", region)
    assert place(section(instance=crn, url=None, iam_url=None)).url == url


def test_the_key_goes_to_ibm_alone_unless_it_is_said():
    for url in (
        "http://127.0.0.1:8000/api/v1",
        "https://cloud.ibm.com.evil.org/api/v1",
    ):
        with pytest.raises(ConfigError, match=r"service\.iam_url: not set"):
            place(section(url=url, iam_url=None))
    assert place(section(url=API, iam_url=HOST)).iam_url == HOST


def test_a_file_that_others_may_read_is_refused(tmp_path):
    file = tmp_path / "key"
    file.write_text("from-the-file\n")
    file.chmod(0o644)
    with pytest.raises(ConfigError, match=r"service\.key_file = .*chmod 600"):
        place(section(key_file=str(file)))
    file.chmod(0o600)
    assert place(section(key_file=str(file))).key == "from-the-file"


def test_what_is_missing_is_named(monkeypatch):
    with pytest.raises(ConfigError, match=r"service\.instance: not set.*QISKIT_IBM_IN"):
        place(section(instance=None))
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", "my-instance")
    with pytest.raises(ConfigError, match="QISKIT_IBM_INSTANCE = my-instance: must be"):
        place(section(instance=None))
    monkeypatch.delenv("QEXP_IBM_API_KEY")
    with pytest.raises(ConfigError, match="QEXP_IBM_API_KEY"):
        place(section())


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("url", "quantum.cloud.ibm.com", "http"),
        ("url", "https://me:secret@quantum.cloud.ibm.com", "credentials"),
        ("iam_url", "https://iam.cloud.ibm.com/?apikey=secret", "credentials"),
        ("instance", "crn:v1", "CRN"),
    ],
)
def test_what_is_no_address_is_refused(field, value, told):
    with pytest.raises(ValueError, match=told):
        section(**{field: value})
