"""Where an instance is asked, who pays, and with which key."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from qexp.declare.ibm_quantum import IbmQuantumService, address, instance, region
from qexp.errors import ConfigError
from qexp.services.token import secret

KEYS = ("QEXP_IBM_API_KEY", "QISKIT_IBM_TOKEN")
"""Environment variables with the API key; the second is the official client's."""

INSTANCE = "QISKIT_IBM_INSTANCE"
URL = "QISKIT_IBM_URL"

HOST = "cloud.ibm.com"
"""The domain that everything of IBM's is in."""

API = "/api/v1"
IAM = f"https://iam.{HOST}"
HOME_REGION = "us-east"
"""The region whose address names no region."""


@dataclass(frozen=True)
class Place:
    """An instance, and how it is reached.

    Attributes:
        instance: Its CRN.
        url: The address of the API.
        iam_url: Where the key is traded for tokens.
        key: The API key.
    """

    instance: str
    url: str
    iam_url: str
    key: str = field(repr=False)

    @property
    def ibm(self) -> bool:
        """Whether it is IBM's own, and no emulator."""
        return of_ibm(self.url)


def place(service: IbmQuantumService) -> Place:
    """The instance that a section means, completed from the environment.

    Raises:
        ConfigError: There is no key or no instance, or the key would go nowhere known.
    """
    key = secret("service.key_file", service.key_file, KEYS)
    if key is None:
        raise ConfigError(
            f"service ibm_quantum: no API key. Put it into the environment ({KEYS[0]}) or "
            "into a file of mode 600 (service.key_file). IBM Cloud makes one at "
            "https://cloud.ibm.com/iam/apikeys"
        )
    crn = service.instance or _told(INSTANCE, instance)
    if crn is None:
        raise ConfigError(
            "service.instance: not set. It is the CRN of the instance that pays; put it "
            f"there, or into the environment ({INSTANCE})."
        )
    url = service.url or _url(_told(URL, address), crn)
    if service.iam_url is None and not of_ibm(url):
        raise ConfigError(
            f"service.iam_url: not set, and service.url = {url} is not IBM's. The key goes "
            "to IBM alone unless you say where else."
        )
    return Place(crn, url, service.iam_url or IAM, key)


def of_ibm(url: str) -> bool:
    """Whether an address is IBM's own."""
    host = urlsplit(url).hostname or ""
    return host == HOST or host.endswith(f".{HOST}")


def _told(variable: str, check: object) -> str | None:
    value = os.environ.get(variable, "").strip()
    if not value:
        return None
    assert callable(check)
    try:
        return str(check(value))
    except ValueError as error:
        raise ConfigError(f"{variable} = {value}: {error}.") from error


def _url(told: str | None, crn: str) -> str:
    """The API's address; the official client is told the cloud's, without a region."""
    if told is not None and not (of_ibm(told) and not told.endswith(API)):
        return told
    there = region(crn)
    before = "" if there == HOME_REGION else f"{there}."
    return f"https://{before}quantum.{HOST}{API}"
