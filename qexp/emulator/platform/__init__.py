"""Today's IBM Quantum Platform: its REST API, and what stands beside that."""
