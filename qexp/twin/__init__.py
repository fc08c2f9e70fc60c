"""The device twin: what a device would answer, from its calibration."""
