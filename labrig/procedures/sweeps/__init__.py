"""Sweeps: levels over what is at a source meter, and codes over a branch."""
