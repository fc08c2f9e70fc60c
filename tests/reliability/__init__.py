"""Load and fuzzing of the emulator: minutes long, bounded, on this machine only.

Not collected by pytest: `python -m tests.reliability.load`, and `.fuzz`, which needs the
extra `long`.
"""
