"""A runtime job's result: terra's, with quasi-probabilities."""

from __future__ import annotations

from typing import Any

from qiskit.exceptions import QiskitError
from qiskit.result import QuasiDistribution, Result

from qexp.errors import ServiceError


class RunnerResult(Result):  # type: ignore[misc]
    """Terra's `Result`, with the quasi-probabilities of mitigated counts."""

    def get_quasiprobabilities(self, experiment: Any = None) -> Any:
        """Quasi-probabilities of an experiment, or of all.

        Args:
            experiment: Its number, its circuit or its circuit's name; None for all.

        Returns:
            A `QuasiDistribution` over integers, whose bit k is the k-th measured clbit;
            a list of them where there are several experiments and none is chosen.

        Raises:
            QiskitError: The experiment was not mitigated.
        """
        if experiment is not None:
            return self._quasi(experiment)
        found = [self._quasi(number) for number in range(len(self.results))]
        return found[0] if len(found) == 1 else found

    def _quasi(self, key: Any) -> QuasiDistribution:
        one = self._get_experiment(key)
        quasi = getattr(one.data, "quasiprobabilities", None)
        if quasi is None:
            raise QiskitError(f'No quasiprobabilities for experiment "{key!r}"')
        values = {int(outcome, 16): float(value) for outcome, value in quasi.items()}
        return QuasiDistribution(values, shots=one.shots)


def result_of(answer: dict[str, Any], names: dict[str, str], job: str) -> RunnerResult:
    """An answer as a result.

    Args:
        answer: The answer, in circuit-runner's form.
        names: The circuits' own names, by those under which they travelled.
        job: The job's id.

    Raises:
        ServiceError: It is of another form.
    """
    experiments = [
        {**one, "header": {**one["header"], "name": names[one["header"]["name"]]}}
        for one in answer["results"]
        if one["header"]["name"] in names
    ]
    if len(experiments) != len(names):
        raise ServiceError(f"job {job}: the answer is about other circuits")
    try:
        own = {**answer, "results": experiments, "job_id": job}
        result: RunnerResult = RunnerResult.from_dict(own)
    except (TypeError, KeyError, AttributeError) as error:
        raise ServiceError(f"job {job}: the answer is no Result ({error})") from error
    return result
