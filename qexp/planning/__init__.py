"""From cells to a plan: points, checks, blocks, jobs, prices."""
