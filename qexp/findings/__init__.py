"""What a sweep found: its points as one table, analysed, drawn, and told."""
