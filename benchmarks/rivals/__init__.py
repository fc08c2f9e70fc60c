"""What qexp is measured against: programs of their own, started as such."""
