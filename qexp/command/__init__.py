"""A command from its first word to its exit status."""
