"""QPY that somebody else wrote: what a service says that it has compiled.

It is read in a process of its own (`qexp.guarded`). Whoever looks at a header later reads
what was written here, of the circuit that came out of that process.
"""

from __future__ import annotations

import threading
from typing import Any

from qiskit import QuantumCircuit

from qexp.guarded.reader import Reader, Unreadable
from qexp.services.answers import short
from qexp.services.program import PROBLEM
from qexp.services.wire import packed

Json = dict[str, Any]


class Unsafe:
    """Reads compiled circuits of a service's; its process is started when one comes."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = threading.Lock()
        self._reader: Reader | None = None

    def settle(self, headers: list[Json]) -> None:
        """Put our own QPY in the place of each header's `compiled`.

        Where that cannot be done, PROBLEM says why; nothing else of a header is touched.

        Args:
            headers: Headers of an answer's experiments; most services send no `compiled`.
        """
        there = []
        for header in headers:
            header.pop(PROBLEM, None)
            if header.get("compiled") is not None:
                there.append(header)
            else:
                header.pop("compiled", None)
        if not there:
            return
        texts = [header.pop("compiled") for header in there]
        for header, found in zip(there, self._read(texts), strict=True):
            header.update(_settled(found))

    def _read(self, texts: list[Any]) -> list[QuantumCircuit | str]:
        items = [
            {"__type__": "QuantumCircuit", "__value__": text}
            for text in (one if isinstance(one, str) else "" for one in texts)
        ]
        try:
            with self._lock:
                self._reader = self._reader or Reader()
            found = self._reader.read_each(items)
        except (Unreadable, OSError) as error:
            return [str(error)] * len(texts)
        if len(found) != len(texts):
            return ["the process that reads circuits lost some"] * len(texts)
        return found

    def close(self) -> None:
        """End the process, where there is one."""
        with self._lock:
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


def _settled(found: QuantumCircuit | str) -> Json:
    if isinstance(found, QuantumCircuit):
        try:
            return {"compiled": packed(found)}
        except Exception as error:  # whatever is wrong with it, the counts are good
            found = str(error)
    why = short(found.replace("\n", " "))
    return {PROBLEM: f"what the service compiled is not known: {why}"}
