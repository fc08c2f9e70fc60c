"""The verbs: the first word of a command line, where it is not an override."""

from __future__ import annotations

VERBS: dict[str, str] = {
    "plan": "say what would run: [--compile] [--json] [--explain POINT]",
    "status": "say how far sweeps are: [SWEEP] [--json] [--all]",
    "resume": "go on with an unfinished sweep: [SWEEP] [--failed]",
    "sync": "log what is in the ledger and not in MLflow: [SWEEP]",
    "report": "say what a sweep found, on one page: [SWEEP …] [out=FILE]",
    "reproduce": "run a logged point again, and compare: RUN_ID [--send] [seed=N]",
    "devices": "show what devices a service has: [service=NAME …] [--json]",
    "cancel": "cancel what is queued of a sweep: SWEEP",
    "adopt": "take over a job that was found at the service: JOB_ID [SUBMISSION]",
    "recover": "make a new ledger of all that is left of a damaged one",
    "emulator": "serve circuit-runner on this machine, and IBM's platform of today",
    "completion": "print the script that completes the command line with TAB",
}
"""What each verb does, in a line."""

FLAGS: dict[str, tuple[str, ...]] = {
    "plan": ("--json", "--compile", "--explain"),
    "status": ("--json", "--all"),
    "resume": ("--failed",),
    "sync": (),
    "devices": ("--json",),
    "report": (),
    "reproduce": ("--send",),
    "cancel": (),
    "adopt": (),
    "recover": (),
    "emulator": tuple(
        """--host --port --data --token --show-token --workers --noise --speed
        --qpy-helper --faults --job-limit --queue-limit --request-bytes --token-ttl
        --jwt-ttl --submissions-per-minute --usage-limit --job-seconds --job-memory
        --seconds""".split()
    ),
}
"""The flags of a verb's own, beside Hydra's."""
