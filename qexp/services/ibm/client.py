"""Today's IBM Quantum Platform as a service."""

from __future__ import annotations

from collections.abc import Iterator

from qexp.declare.ibm_quantum import IbmQuantumService
from qexp.planning.submission import Job, Submission
from qexp.services import Arrival, Witness
from qexp.services.http import Http
from qexp.services.ibm.account import Account
from qexp.services.ibm.batch import Batch
from qexp.services.ibm.jobs import Jobs
from qexp.services.ibm.reading import SamplerReading
from qexp.services.ibm.sampler import SamplerSender
from qexp.services.outage import Wait
from qexp.services.remote import Remote

KIND = "ibm_quantum"


class IbmQuantum(Remote):
    """The platform: circuits are compiled here, and counts are mitigated here."""

    def __init__(
        self,
        service: IbmQuantumService,
        wait: Wait | None = None,
        http: Http | None = None,
        witness: Witness | None = None,
    ) -> None:
        """Get a token.

        Args:
            service: The service's section.
            wait: Lets time pass.
            http: What sends requests.
            witness: Who is told before and after each request that costs something.

        Raises:
            ConfigError: There is no key or no instance.
            ServiceError: It is not there, or does not take the key.
        """
        http = http or Http(service.timeout, wait)
        account = Account(service, http)
        self._batch = Batch(account, wanted=service.session == "batch")
        witness, self._sampled = witness or Witness(), SamplerReading()
        runtime = Jobs(account, self._batch)
        sender = SamplerSender(
            runtime,
            service,
            http.wait,
            witness,
            self._sampled,
            self._batch,
            seeded=not account.place.ibm,
        )
        super().__init__(
            KIND, service, http, account, runtime, self._sampled, sender, witness
        )

    def recall(self, submission: Submission, aside: bytes) -> None:
        """Know again what was sent of a submission, and in which batch."""
        super().recall(submission, aside)
        for device, batch in self._sampled.batches.items():
            self._batch.recall(device, batch)

    def adopt(self, submission: Submission, job: Job) -> None:
        """Wait for a job that was sent before; `find` tells of it."""
        super().adopt(submission, job)
        if not self._sampled.knows(submission):
            # it is compiled again to what it was: options, seeds and device are the same
            self._sender.order(self._known[job.id], {})

    def arrivals(self) -> Iterator[Arrival]:
        """Raw answers of all jobs, as they come.

        Raises:
            Away: The service has not answered for as long as `service.patience`.
            Exhausted: All has arrived that was sent, and no more can be.
        """
        for arrival in super().arrivals():
            if not self._waiting:
                self._batch.close()
            yield arrival
        self._batch.close()

    def close(self) -> None:
        """Give back connections; a batch takes no more jobs, and runs those it has."""
        self._batch.close()
        super().close()
