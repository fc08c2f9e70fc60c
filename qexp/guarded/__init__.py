"""Circuits of strangers, read in a process that has limits and may end at any time."""
