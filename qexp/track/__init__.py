"""MLflow, kept in a process of its own: it takes seconds to import and likes to talk."""
