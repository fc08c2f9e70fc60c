"""The two free mappings of the options, checked against who reads them.

`qiskit.transpile` would refuse an unknown argument with a traceback; Aer would ignore
one without a word.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from typing import TypeGuard

from qiskit import transpile

from qexp.declare.config import LocalService, Service
from qexp.declare.ibm_quantum import IbmQuantumService
from qexp.declare.options import Options
from qexp.devices.device import Device
from qexp.planning import platform
from qexp.planning.problem import Problem

PROGRAM_INPUTS = frozenset({"seed_simulator", "memory", "skip_transpilation", "header"})
"""Inputs of the circuit-runner program that `run_config` may carry."""

AER_OPTIONS = frozenset(
    """
    method device precision executor max_job_size max_shot_size enable_truncation
    zero_threshold validation_threshold max_parallel_threads
    max_parallel_experiments max_parallel_shots max_memory_mb fusion_enable
    fusion_verbose fusion_max_qubit fusion_threshold statevector_parallel_threshold
    statevector_sample_measure_opt stabilizer_max_snapshot_probabilities
    extended_stabilizer_sampling_method extended_stabilizer_metropolis_mixing_time
    extended_stabilizer_approximation_error
    extended_stabilizer_norm_estimation_samples
    extended_stabilizer_norm_estimation_repetitions
    extended_stabilizer_parallel_threshold
    extended_stabilizer_probabilities_snapshot_samples
    matrix_product_state_truncation_threshold
    matrix_product_state_max_bond_dimension mps_sample_measure_algorithm
    mps_log_data mps_swap_direction mps_omp_threads mps_lapack chop_threshold
    mps_parallel_threshold accept_distributed_results blocking_enable
    blocking_qubits batched_shots_gpu batched_shots_gpu_max_qubits
    num_threads_per_device shot_branching_enable shot_branching_sampling_enable
    runtime_parameter_bind_enable
    """.split()
)
"""Run options of `AerSimulator` that do not change what `options` already says."""

WITHOUT_EFFECT = frozenset({"max_parallel_threads"})
"""Run options of Aer that the twin takes: they do not change what comes."""

RUN_OPTIONS = PROGRAM_INPUTS | AER_OPTIONS
"""What `run_config` may hold."""


@lru_cache(maxsize=1)
def transpiler_arguments() -> frozenset[str]:
    """Arguments of `qiskit.transpile` that `transpiler_options` may hold."""
    ours = {"circuits", "backend", "output_name", "callback"}
    return frozenset(inspect.signature(transpile).parameters) - ours


def transpiler_options(options: Options) -> Iterator[Problem]:
    """What is wrong with `options.transpiler_options`."""
    allowed = transpiler_arguments()
    for key, value in options.transpiler_options.items():
        path = f"options.transpiler_options.{key}"
        if key not in allowed:
            yield Problem(path, value, _unknown(key, allowed, "qiskit.transpile takes"))
        elif key in Options.model_fields:
            yield Problem(path, value, f"is an option of its own; set options.{key}.")


def by_twin(service: Service, device: Device) -> TypeGuard[LocalService]:
    """Whether the device twin simulates: it does where there is a calibration."""
    local = isinstance(service, LocalService) and service.noise == "device"
    return local and device.properties is not None


def run_config(options: Options, device: Device, service: Service) -> Iterator[Problem]:
    """What is wrong with `options.run_config`."""
    if isinstance(service, IbmQuantumService):
        yield from platform.run_config(options)
        return
    twin = by_twin(service, device)
    for key, value in options.run_config.items():
        path = f"options.run_config.{key}"
        if key in Options.model_fields:
            yield Problem(path, value, f"is an option of its own; set options.{key}.")
        elif key not in RUN_OPTIONS:
            what = f"service {service.kind} takes"
            yield Problem(path, value, _unknown(key, RUN_OPTIONS, what))
        elif twin and key in AER_OPTIONS - WITHOUT_EFFECT:
            yield Problem(
                path,
                value,
                "is an option of Aer, which the device twin does not have. Use "
                "service.noise=aer; how the twin simulates is service.twin.engine.",
            )
    header = options.run_config.get("header")
    if header is not None and not isinstance(header, dict):
        yield Problem("options.run_config.header", header, "must be a mapping.")
    seed = options.run_config.get("seed_simulator", 0)
    if type(seed) is not int or seed < 0:
        yield Problem(
            "options.run_config.seed_simulator", seed, "must be an integer from 0."
        )


def _unknown(key: str, allowed: frozenset[str], what: str) -> str:
    near = get_close_matches(key, sorted(allowed), n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"no such option.{hint} {what}: {', '.join(sorted(allowed))}."
