"""What a person sees: the screen, tables, pictures, the report."""
