"""The verb `emulator`: its options, and its exit status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from qexp.emulator.settings import LEAST, Settings
from qexp.errors import ConfigError, QexpError

INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"emulator: {message}. See: python -m qexp emulator --help")


def main(arguments: Sequence[str]) -> int:
    """Run the verb.

    Args:
        arguments: What follows the verb.

    Returns:
        The exit status: 0, 1 for a fault, 2 for what cannot be run as it is asked for.
    """
    try:
        settings = parsed(arguments)
        from qexp.emulator.serving import serve  # it imports terra and FastAPI

        serve(settings)
    except QexpError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def parsed(arguments: Sequence[str]) -> Settings:
    """The settings that a command line means.

    Raises:
        ConfigError: It means none.
    """
    given = vars(_parser().parse_args(arguments))
    given["tokens"] = tuple(given.pop("token") or ())
    if any(len(token) < LEAST for token in given["tokens"]):
        raise ConfigError(f"--token: a token has {LEAST} characters or more.")
    return Settings(**given)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m qexp emulator",
        description="A service on this machine, for the devices that qexp ships: "
        "circuit-runner over IBM's legacy runtime protocol, and today's IBM Quantum "
        "Platform.",
        allow_abbrev=False,
    )
    add, usual = parser.add_argument, Settings()
    add("--host", default=usual.host, help="address to listen at (%(default)s)")
    add(
        "--port",
        type=_between(int, 0, 65535),
        default=usual.port,
        help="0 is one that is free (%(default)s)",
    )
    add("--data", type=Path, default=usual.data, help="folder to keep (%(default)s)")
    add("--token", nargs="+", metavar="TOKEN", help="API tokens (made once, and kept)")
    add("--show-token", action="store_true", help="print the token that is kept")
    add("--workers", type=_between(int, 1, 256), default=_cores(), metavar="N")
    add("--noise", choices=["device", "aer", "ideal"], default=usual.noise)
    add("--speed", choices=["device", "fast"], default=usual.speed)
    add(
        "--qpy-helper",
        type=Path,
        metavar="PYTHON",
        help="a Python with a current qiskit, which reads QPY from version 13",
    )
    add("--faults", type=Path, metavar="FILE", help="YAML with scripted faults")
    _limits(parser, usual)
    return parser


def _limits(parser: argparse.ArgumentParser, usual: Settings) -> None:
    positive = _between(float, 1e-3, 1e9)
    for name, kind, what in (
        ("job_limit", _between(int, -1, 10**6), "a token's jobs on a backend; -1: any"),
        ("queue_limit", _between(int, 1, 10**6), "jobs of all tokens"),
        ("request_bytes", _between(int, 1, 2**31), "bytes of a request"),
        ("token_ttl", positive, "seconds for which an access token is good"),
        ("jwt_ttl", positive, "seconds for which one of the platform's is good"),
        (
            "submissions_per_minute",
            _between(int, 1, 10**6),
            "jobs that a key may submit to the platform in a minute; not set: any number",
        ),
        (
            "usage_limit",
            positive,
            "QPU seconds of a key on the platform in 28 days; not set: any number",
        ),
        ("job_seconds", positive, "seconds that a job may run"),
        (
            "job_memory",
            _between(int, 64, 2**24),
            "MiB of memory for each worker's jobs; not set: 3/4 of the machine's in all",
        ),
        ("seconds", positive, "stop after so many; not set: never"),
    ):
        default = getattr(usual, name)
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=kind,
            default=default,
            metavar="N",
            help=what if default is None else f"{what} (%(default)s)",
        )


def _between(kind: type, low: float, high: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        value: float = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be {low:g} to {high:g}")
        return value

    number.__name__ = "number"  # argparse quotes it
    return number


def _cores() -> int:
    from qexp.services.local import cores

    return cores()
