"""Simulated source-measure units: what other people's drivers open, with a circuit behind it."""
