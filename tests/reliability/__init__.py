"""qexp and its emulator under kills, faults, load and fuzzing, on this machine only.

pytest collects what is short. `python -m tests.reliability.kills`, `.load`, and `.fuzz`,
which needs the extra `long`, take minutes, and are bounded.
"""
