"""circuit-runner of a service that speaks IBM's runtime protocol of 2021 to 2024."""

from __future__ import annotations

from qexp.declare.config import CircuitRunnerService
from qexp.services import Witness
from qexp.services.account import Account
from qexp.services.http import Http
from qexp.services.inputs import RunnerSender
from qexp.services.outage import Wait
from qexp.services.reading import AnswerReading
from qexp.services.remote import Remote
from qexp.services.runtime import Runtime

KIND = "circuit_runner"


class CircuitRunner(Remote):
    """The service: as many jobs under way as it takes, the others wait here."""

    def __init__(
        self,
        service: CircuitRunnerService,
        wait: Wait | None = None,
        http: Http | None = None,
        witness: Witness | None = None,
    ) -> None:
        """Log in.

        Args:
            service: The service's section.
            wait: Lets time pass.
            http: What sends requests.
            witness: Who is told before and after each request that costs something.

        Raises:
            ConfigError: There is no token.
            ServiceError: It is not there, or does not let this user in.
        """
        http = http or Http(service.timeout, wait)
        account = Account(service, http)
        witness, reading = witness or Witness(), AnswerReading()
        runtime = Runtime(account)
        sender = RunnerSender(runtime, service, http.wait, witness, reading.compiler)
        super().__init__(
            KIND, service, http, account, runtime, reading, sender, witness
        )
