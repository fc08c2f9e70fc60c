"""Devices: what they are, where they come from, how long they are busy."""
