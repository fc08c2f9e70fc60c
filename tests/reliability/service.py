"""An emulator whose faults change while it runs, and that can be killed and come back."""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from tests.emulating import Emulator, emulating
from tests.reliability.small import Server

BEFELL = "befell"
PROGRAM = "tests.reliability.service"


class Service:
    """An emulator on one port with one data folder, and the faults that it is told."""

    def __init__(self, folder: Path, seconds: float = 900) -> None:
        self._folder, self._seconds = folder, seconds
        self._file = folder / "faults.yaml"
        self._befell, self._told = folder / BEFELL, 0
        self._stack = ExitStack()
        self.fail()
        self._one = self._start("0")
        self.port = self._one.url.split(":")[2].split("/")[0]
        self.server = Server(self._one.url, folder / "data")

    def _start(self, port: str) -> Emulator:
        options = ["--port", port, "--noise", "ideal", "--workers", "1"]
        options += ["--job-limit", "-1", "--faults", str(self._file)]
        where = self._folder / "data"
        one = emulating(where, *options, seconds=self._seconds, program=PROGRAM)
        return self._stack.enter_context(one)

    def fail(self, *faults: dict[str, Any]) -> None:
        """Have these faults from now on, and no others."""
        aside = self._file.with_suffix(".new")
        self._told += 1
        script = yaml.safe_dump({"faults": list(faults)})
        aside.write_text(f"# {self._told}\n{script}")
        aside.replace(self._file)
        self._befell.unlink(missing_ok=True)

    @property
    def befallen(self) -> int:
        """How many requests something has befallen of what was asked for last."""
        return len(self._befell.read_text()) if self._befell.exists() else 0

    def kill(self) -> None:
        """End it as a power cut would."""
        self._one.kill()

    def restart(self) -> None:
        """Start it again where it was."""
        self._one = self._start(self.port)

    def close(self) -> None:
        self._stack.close()


def main() -> None:
    """`python -m qexp emulator`, whose `--faults` is read again when it is replaced."""
    from qexp.emulator import faults
    from qexp.emulator.cli import main as emulator

    class Changing(faults.Script):
        def __init__(self, file: Path) -> None:
            self._file, self._text, self._reading = file, "", threading.Lock()

        def befalling(self, method: str, path: str) -> list[faults.Fault]:
            with self._reading:
                text = self._file.read_text()
                if text != self._text:
                    self._text, self._current = text, load(self._file)
                found = self._current.befalling(method, path)
                if found:
                    with self._file.with_name(BEFELL).open("a") as told:
                        told.write("." * len(found))
                return found

    load = faults.load
    faults.load = Changing  # type: ignore[assignment]
    sys.exit(emulator(sys.argv[2:]))


if __name__ == "__main__":
    main()
