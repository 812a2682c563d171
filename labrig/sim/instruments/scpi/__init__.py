"""SCPI 1999 and IEEE 488.2, the instrument's side: what a model adds is a table of commands."""
