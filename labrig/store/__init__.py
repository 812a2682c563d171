"""Runs on disk: one SQLite file a run, one row a step, one transaction a row. Knows nothing of training."""
