"""The program as the service describes it."""

from __future__ import annotations

from typing import Any

NAME = "circuit-runner"
MAX_SECONDS = 14_400
DEFAULT_SHOTS = 4000
SCHEMA = "https://json-schema.org/draft/2019-09/schema"


def _property(types: str | list[str], description: str, **more: Any) -> dict[str, Any]:
    return {"type": types, "description": description, **more}


def _method(what: str, names: str) -> dict[str, Any]:
    return _property(
        "string", f"{what}; ignored here, see the docs", enum=names.split()
    )


PARAMETERS: dict[str, Any] = {
    "$schema": SCHEMA,
    "properties": {
        "circuits": _property(
            ["object", "array", "string"], "One or several circuits."
        ),
        "shots": _property("integer", "Shots of each circuit.", default=DEFAULT_SHOTS),
        "initial_layout": _property(["object", "array"], "Where qubits start."),
        "layout_method": _method("Layout pass", "trivial dense noise_adaptive sabre"),
        "routing_method": _method("Routing pass", "basic lookahead stochastic sabre"),
        "translation_method": _method(
            "Translation pass", "unroller translator synthesis"
        ),
        "seed_transpiler": _property("integer", "The compiler's seed."),
        "optimization_level": _property(
            "integer", "The compiler's effort.", minimum=0, maximum=3, default=1
        ),
        "init_qubits": _property("boolean", "Whether shots begin with a reset."),
        "rep_delay": _property("number", "Delay between programs in seconds."),
        "transpiler_options": _property("object", "More arguments of transpile."),
        "measurement_error_mitigation": _property(
            "boolean", "Whether counts are mitigated with M3.", default=False
        ),
    },
    "required": ["circuits"],
}

METADATA: dict[str, Any] = {
    "id": NAME,
    "name": NAME,
    "description": "Compiles and runs circuits, and mitigates readout errors.",
    "cost": MAX_SECONDS,
    "creation_date": "2021-07-02T13:46:10Z",
    "update_date": "2022-01-28T15:06:28Z",
    "is_public": True,
    "spec": {
        "backend_requirements": {},
        "parameters": PARAMETERS,
        "return_values": {
            "$schema": SCHEMA,
            "description": "A Result of terra's, with quasi-probabilities if mitigated.",
            "type": "object",
        },
        "interim_results": {},
    },
}
"""What `GET /programs/circuit-runner` gives. IBM's schema did not have `use_measure_esp`
either, which the program takes."""
