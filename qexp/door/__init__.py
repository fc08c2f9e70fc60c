"""qexp from Python: `run_circuits`, as qiskit-ibmq-provider had it."""
