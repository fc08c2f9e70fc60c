"""A Hydra application over qexp's YAML that imports qiskit and does nothing."""

from __future__ import annotations

import qiskit  # noqa: F401  (to import it is all that is asked)
from noop_sweep import nothing

if __name__ == "__main__":
    nothing()
