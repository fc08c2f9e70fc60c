"""The door: the pages that need nothing, then everything else."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

from qexp.garbage import resting

INTERRUPTED = 130
HELP = {"--help", "-h", "help"}
HYDRAS_COMPLETION = {"-sc", "--shell-completion"}


def main() -> None:
    """Run the command line and exit with its status."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["emulator"]:  # it has a page of its own
        from qexp.emulator.cli import main as emulator

        sys.exit(emulator(arguments[1:]))
    if not arguments or not HELP.isdisjoint(arguments[:2]):
        from qexp.help import page

        with suppress(BrokenPipeError):
            print(page(), flush=True)
            sys.exit(0)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    if arguments == ["--version"]:
        from qexp import __version__

        print(f"qexp {__version__}")
        sys.exit(0)
    if arguments[0] == "completion" or not HYDRAS_COMPLETION.isdisjoint(arguments):
        from qexp.complete import main as completion

        sys.exit(completion(arguments))
    if arguments[0] == "status":
        from qexp.shown.status import main as status_of_sweeps

        sys.exit(status_of_sweeps(arguments[1:]))
    if arguments[0] == "recover":
        from qexp.command.recovery import main as recovery

        sys.exit(recovery(arguments[1:]))
    status = _run(arguments)
    if status != INTERRUPTED and not _alone():
        sys.exit(status)
    # All that was opened is closed. To take down what was imported needs a fifth of a
    # second, and a simulation in a thread of Aer's cannot be stopped otherwise.
    sys.stderr.flush()
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    os._exit(status)


def _alone() -> bool:
    """Whether no process is left that somebody else's launcher would end at exit."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def _leave(number: int, frame: object) -> None:
    """Ctrl-C before anything is run: a module that is being imported may swallow it."""
    os.write(2, b"\nerror: interrupted; nothing was run.\n")
    os._exit(INTERRUPTED)


def _run(arguments: list[str]) -> int:
    signal.signal(signal.SIGINT, _leave)
    try:
        with resting(imports=True):
            from qexp.command.cli import main as command_line

        return command_line(arguments)
    except KeyboardInterrupt:  # while importing
        return INTERRUPTED


if __name__ == "__main__":
    main()
