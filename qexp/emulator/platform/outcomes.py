"""Samples of each classical register, from those of all bits."""

from __future__ import annotations

from collections.abc import Sequence

from qiskit import QuantumCircuit

from qexp.emulator.platform.codes import NOT_READ
from qexp.emulator.refusal import Refusal


def registers(circuit: QuantumCircuit) -> dict[str, list[int]]:
    """The clbits of each register of a circuit, the register's bit 0 first.

    Raises:
        Refusal: There is none, or a bit that is in none: a result has registers.
    """
    found = {
        register.name: [circuit.find_bit(bit).index for bit in register]
        for register in circuit.cregs
    }
    loose = set(range(circuit.num_clbits)).difference(*found.values())
    if loose or not found:
        what = "a bit without a register" if loose else "no classical register"
        raise Refusal(
            *NOT_READ,
            f"circuit {circuit.name} has {what}: a result has one for each",
            "Declare bit[1] c, and not bit c",
        )
    return found


def samples(shots: Sequence[int], bits: Sequence[int]) -> list[int]:
    """Of each shot the outcome of some bits.

    Args:
        shots: Of each shot an integer, whose bit i is clbit i.
        bits: Which clbits; the first is bit 0 of the outcome.
    """
    if not bits:
        return [0] * len(shots)
    first, width = bits[0], len(bits)
    if list(bits) == list(range(first, first + width)):
        mask = (1 << width) - 1
        return [(shot >> first) & mask for shot in shots]
    pairs = list(enumerate(bits))
    return [sum((shot >> bit & 1) << place for place, bit in pairs) for shot in shots]
