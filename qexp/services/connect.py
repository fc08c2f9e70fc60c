"""The service that a `service` section means."""

from __future__ import annotations

from qexp.declare.config import CircuitRunnerService, LocalService, Service
from qexp.declare.ibm_quantum import IbmQuantumService
from qexp.services import Reading, Runner, Witness


def connect(
    service: Service | None,
    workers: int | None = None,
    expected: int = 1,
    witness: Witness | None = None,
) -> Runner:
    """The service; only the chosen one is imported.

    Args:
        service: The service's section; None is the embedded service.
        workers: Most processes of the embedded service; None is what the section says.
        expected: Points that will be submitted, as far as is known.
        witness: Who is told before and after each step that costs something.

    Raises:
        ConfigError: There is no token for it, or no cluster.
        ServiceError: It is not there, or does not let this user in.
    """
    if isinstance(service, CircuitRunnerService):
        from qexp.services.circuit_runner import CircuitRunner

        return CircuitRunner(service, witness=witness)
    if isinstance(service, IbmQuantumService):
        from qexp.services.ibm.client import IbmQuantum

        return IbmQuantum(service, witness=witness)
    from qexp.services.local import Local, cores

    section = service or LocalService()
    if section.executor == "dask":
        from qexp.services.cluster import Cluster

        made = Cluster(section.scheduler, workers or section.workers or cores())
        return Local(witness=witness, pool=made)
    return Local(workers or section.workers, expected, witness)


def offline(service: Service | None) -> Reading:
    """The service as far as it reads answers that are there: nobody is asked anything."""
    if isinstance(service, CircuitRunnerService):
        from qexp.services.reading import AnswerReading

        return AnswerReading()
    if isinstance(service, IbmQuantumService):
        from qexp.services.ibm.reading import SamplerReading

        return SamplerReading()
    from qexp.services.local import Local

    return Local(workers=1)
