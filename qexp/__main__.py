"""The door: the pages that need nothing, then everything else."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("--help", "-h", "help"):
        from qexp.help import page

        print(page())
        sys.exit(0)
    if arguments == ["--version"]:
        from qexp import __version__

        print(f"qexp {__version__}")
        sys.exit(0)
    from qexp.cli import main as command_line

    sys.exit(command_line(arguments))


if __name__ == "__main__":
    main()
