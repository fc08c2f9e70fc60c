"""Tab completion: `qexp completion SHELL`, and the query that its script makes.

Hydra has a completion too. It asks a `python script.py` that has imported everything,
and knows neither verbs nor the schema.
"""

from __future__ import annotations

import sys

INSTEAD = (
    "error: qexp has its own completion, not Hydra's -sc. Write: "
    'eval "$(qexp completion bash)"'
)

USAGE = """\
error: write qexp completion bash|zsh|fish. In the shell's own start-up file:
  bash  eval "$(qexp completion bash)"
  zsh   eval "$(qexp completion zsh)"
  fish  qexp completion fish | source"""


def main(arguments: list[str]) -> int:
    """Run the verb.

    Args:
        arguments: The command line, from its first word; where that is not
            `completion`, Hydra's completion is what was asked for.

    Returns:
        The exit status: 0, 2 for what is not a shell. A query never fails.
    """
    if arguments[0] != "completion":
        print(INSTEAD, file=sys.stderr)
        return 2
    if arguments[1:2] == ["query"]:
        return _answered(arguments[2:])
    from qexp.complete.scripts import SCRIPTS

    if len(arguments) != 2 or arguments[1] not in SCRIPTS:
        print(USAGE, file=sys.stderr)
        return 2
    print(SCRIPTS[arguments[1]], end="")
    return 0


def _answered(arguments: list[str]) -> int:
    try:
        from qexp.complete.query import answer

        print("".join(f"{line}\n" for line in answer(arguments)), end="", flush=True)
    except (Exception, KeyboardInterrupt):
        # whatever it is, it must not end up in somebody's prompt
        return 0
    return 0
