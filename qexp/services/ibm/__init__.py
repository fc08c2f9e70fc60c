"""Today's IBM Quantum Platform: its tokens, its devices, its jobs, its forms."""
