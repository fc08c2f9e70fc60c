"""Answers of circuit-runner, read without asking anybody."""

from __future__ import annotations

from typing import Any

from qexp.planning.submission import Submission
from qexp.services.ahead import Compiler
from qexp.services.experiments import answer_of
from qexp.services.unsafe import Unsafe


class AnswerReading:
    """Reads answers, with what is known here of the circuits that were sent.

    Attributes:
        compiler: What compiles circuits here, and keeps what became of them.
    """

    running = 0

    def __init__(self) -> None:
        """Know of no circuit yet."""
        self.compiler = Compiler()
        self._unsafe = Unsafe()

    def recall(self, submission: Submission, aside: bytes) -> None:
        """Know again what a submission's circuits were compiled to."""
        self.compiler.recall(aside)

    def decode(self, raw: bytes) -> dict[str, Any]:
        """The answer, with what was compiled here in its headers.

        What was compiled there is in them as well, as far as it can be read.

        Raises:
            ServiceError: The bytes are not an answer of circuit-runner's.
        """
        answer = answer_of(raw)
        theirs = []
        for experiment in answer["results"]:
            header = experiment["header"]
            name = header["name"]
            made = self.compiler.header(name) if experiment["success"] else {}
            header.update(made)
            if not made:
                theirs.append(header)
        self._unsafe.settle(theirs)
        return answer

    def stop(self) -> None:
        """Nothing is under way."""

    def close(self) -> None:
        """End the process that reads circuits, if there is one."""
        self._unsafe.close()
