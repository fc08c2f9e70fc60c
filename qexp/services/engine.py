"""The embedded circuit-runner of one process: its simulators, and what it remembers."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers import BackendV1

from qexp.declare.twin import Twin
from qexp.devices.device import Device
from qexp.errors import ConfigError
from qexp.services.compiling import Compile, Made, compiled, renamed
from qexp.services.machine import Machine
from qexp.services.program import failed, reason, run
from qexp.services.shelf import shelf
from qexp.services.task import Order, encoded

REMEMBERED = 256
"""Compilations, and answers that are shared, which a process keeps; the last used."""


class Memory:
    """The last few things that were made, by key."""

    def __init__(self, size: int) -> None:
        """Start empty.

        Args:
            size: How many things are kept.
        """
        self._size = size
        self._kept: OrderedDict[Any, Any] = OrderedDict()

    def __call__(self, key: Any, make: Callable[[], Any]) -> Any:
        """What is kept under the key, or what the function makes now."""
        if key not in self._kept:
            self._kept[key] = make()
        self._kept.move_to_end(key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return self._kept[key]


class Engine:
    """Runs orders one after another."""

    def __init__(self, threads: int | None = None) -> None:
        """Start with nothing in memory.

        Args:
            threads: Aer's `max_parallel_threads` where a task does not say; None is
                Aer's own choice.
        """
        self._threads = threads
        self._compiled = Memory(REMEMBERED)
        self._answered = Memory(REMEMBERED)

    def run(
        self, order: Order, device: Device, circuits: Sequence[QuantumCircuit]
    ) -> bytes:
        """The answer to an order; what went wrong is in it.

        Args:
            order: What is asked.
            device: The device of the order.
            circuits: The circuits as they were declared.
        """
        try:
            answer = self._run(order, device, circuits)
        except Exception as error:
            return self.refuse(order, device, reason(error))
        return encoded(answer, order.job)

    def refuse(self, order: Order, device: Device, why: str) -> bytes:
        """The answer to an order that cannot be run."""
        return encoded(failed(order.names, why, order.inputs, device), order.job)

    def _run(
        self, order: Order, device: Device, circuits: Sequence[QuantumCircuit]
    ) -> dict[str, Any]:
        pairs = zip(circuits, order.names, strict=True)
        return run(
            machine(device, order.noise, order.twin, self._threads),
            [renamed(circuit, name) for circuit, name in pairs],
            order.inputs,
            compile=self._compile(order),
            recall=lambda key, make: self._answered(
                (order.device, order.noise, order.twin, key), make
            ),
        )

    def _compile(self, order: Order) -> Compile:
        """The compiler, for circuits that are told apart by their place in the order."""
        by_terra = (
            compiled
            if order.shelf is None
            else shelf(order.shelf).compiler(order.device)
        )

        def compile(
            backend: BackendV1, circuit: QuantumCircuit, arguments: dict[str, Any]
        ) -> Made:
            place = order.names.index(circuit.name)
            asked = json.dumps(arguments, sort_keys=True, default=str)
            key = (order.device, order.key, place, asked)
            made: Made = self._compiled(
                key, lambda: by_terra(backend, circuit, arguments)
            )
            own = renamed(made.circuit, circuit.name)
            own.metadata = circuit.metadata
            return made._replace(circuit=own)

        return compile


@lru_cache(maxsize=8)
def machine(device: Device, noise: str, twin: Twin, threads: int | None) -> Machine:
    """The simulator of a device, made once.

    Args:
        device: The device.
        noise: The noise mode; a device without calibration has no twin, and no noise.
        twin: The twin's parameters.
        threads: Aer's `max_parallel_threads`; None is Aer's own choice.

    Raises:
        ConfigError: No simulator can be made of the device.
    """
    by_twin = noise == "device" and device.properties is not None
    try:
        # Aer takes half a second to import, and the twin seldom needs it
        if by_twin:
            from qexp.services.twin import TwinMachine

            return TwinMachine(device, twin)
        from qexp.services.aer import AerMachine

        return AerMachine(device, noise, threads)
    except Exception as error:  # terra and Aer raise whatever their parsing runs into
        who = "the twin" if by_twin else "Aer"
        raise ConfigError(
            f"service.noise = {noise}: {who} cannot simulate {device.name} from its "
            f"calibration ({type(error).__name__}: {error})."
        ) from error
