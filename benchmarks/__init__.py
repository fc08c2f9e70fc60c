"""How long qexp takes, beside what people would run in its place."""
