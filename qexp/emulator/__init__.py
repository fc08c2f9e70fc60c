"""A circuit-runner service on this machine, over the legacy runtime REST protocol."""
