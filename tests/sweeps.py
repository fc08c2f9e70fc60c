"""Sweeps read back through MLflow's own interface."""

from __future__ import annotations

from pathlib import Path

from mlflow import MlflowClient

PARENT = "mlflow.parentRunId"
FAST = (
    "+experiment=ghz",
    "backend=ibmq_manila",
    "options.shots=100",
    "service.workers=1",
    "tracking.pictures=none",
)
MANILA = ("-m", *FAST)


class Logged:
    """All runs in a folder's database."""

    def __init__(self, folder: Path):
        self.client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
        experiments = [
            one for one in self.client.search_experiments() if one.name != "Default"
        ]
        self.experiments = [one.name for one in experiments]
        runs = self.client.search_runs([one.experiment_id for one in experiments])
        self.parents = [run for run in runs if PARENT not in run.data.tags]
        self.children = [run for run in runs if PARENT in run.data.tags]

    @property
    def parent(self):
        """The only sweep; every point belongs to it, by run and by id."""
        (parent,) = self.parents
        for child in self.children:
            assert child.data.tags[PARENT] == parent.info.run_id
            assert child.data.tags["qexp.sweep"] == parent.data.tags["qexp.sweep"]
        return parent

    def values(self, param: str) -> list[str]:
        """A param of all points, sorted."""
        return sorted(run.data.params[param] for run in self.children)

    @property
    def statuses(self) -> list[str]:
        return sorted(run.info.status for run in self.children)

    def files(self) -> set[str]:
        found = self.client.list_artifacts(self.parent.info.run_id)
        return {one.path for one in found}

    def read(self, name: str, folder: Path) -> str:
        run_id = self.parent.info.run_id
        return Path(
            self.client.download_artifacts(run_id, name, str(folder))
        ).read_text()

    def summary(self, folder: Path) -> list[str]:
        """The rows of summary.csv, its head left out."""
        return self.read("summary.csv", folder).splitlines()[1:]
