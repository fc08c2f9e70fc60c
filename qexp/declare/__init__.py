"""What is declared: the schema, and Hydra's jobs and grids as cells of it."""
