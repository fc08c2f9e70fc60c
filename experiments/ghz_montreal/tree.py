"""Where GHZ states are put on ibmq_montreal, and the YAML that says so.

`python -m experiments.ghz_montreal.tree` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from qexp.declare.config import Backend
from qexp.devices.device import load

SIZES = (11, 15, 19, 23, 27)
FILE = Path(__file__).parent / "conf" / "experiment" / "ghz_montreal.yaml"

HEAD = """# @package _global_
# GHZ states of 11 to 27 qubits along trees of ibmq_montreal's couplings, breadth first.
# Mitigated scores have those without mitigation beside them.
# Written by: python -m experiments.ghz_montreal.tree
defaults:
  - override /circuit: ghz_fidelity
  - override /backend: ibmq_montreal

name: ghz_montreal
seed: 2101
repeats: 3
circuit:
  method: coherences
options:
  shots: 4000
  measurement_error_mitigation: true
  use_measure_esp: false
tracking:
  pictures: summary
grid:
"""

Couplings = Mapping[int, Sequence[int]]


def couplings() -> Couplings:
    """The neighbours of each qubit of the device."""
    pairs = load(Backend(name="ibmq_montreal", snapshot="montreal")).configuration[
        "coupling_map"
    ]
    found: dict[int, list[int]] = {}
    for one, other in pairs:
        found.setdefault(one, []).append(other)
    return found


def tree(near: Couplings, size: int) -> list[tuple[int, int]]:
    """The CX gates of the tree that takes the fewest layers.

    Args:
        near: The neighbours of each qubit.
        size: Qubits of the tree.

    Returns:
        Pairs of control and target, in order; the first control is the root, which is
        the lowest of those that do as well.
    """
    found = [_ordered(_breadth_first(near, root, size)) for root in sorted(near)]
    return min(found, key=layers)


def _breadth_first(near: Couplings, root: int, size: int) -> list[tuple[int, int]]:
    reached, edges = [root], []
    for control in reached:
        for target in sorted(near[control]):
            if target not in reached and len(reached) < size:
                reached.append(target)
                edges.append((control, target))
    return edges


def _ordered(edges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Each control serves the branch first that takes longest."""
    takes: dict[int, int] = {}
    for control, _ in reversed(edges):
        below = [takes.get(target, 0) for one, target in edges if one == control]
        after = enumerate(sorted(below, reverse=True), start=1)
        takes[control] = max(start + rest for start, rest in after)
    rank = {qubit: place for place, (qubit, _) in reversed(list(enumerate(edges)))}
    return sorted(
        edges, key=lambda edge: (rank[edge[0]], -takes.get(edge[1], 0), edge[1])
    )


def layers(edges: Sequence[tuple[int, int]]) -> int:
    """How many layers of CX gates these take, each as early as its qubits allow."""
    free: dict[int, int] = {}
    for control, target in edges:
        done = max(free.get(control, 0), free.get(target, 0)) + 1
        free[control] = free[target] = done
    return max(free.values(), default=0)


def declared() -> str:
    """The study's YAML."""
    near, cells = couplings(), ""
    for size in SIZES:
        edges = tree(near, size)
        qubits = [edges[0][0], *(target for _, target in edges)]
        number = {qubit: k for k, qubit in enumerate(qubits)}
        own = [[number[control], number[target]] for control, target in edges]
        cells += (
            f"  - circuit.num_qubits: [{size}]\n"
            f"    circuit.edges: [{own}]\n"
            f"    options.initial_layout: [{qubits}]\n"
        )
    return HEAD + cells


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(declared())
