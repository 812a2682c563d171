"""Source-measure units: one small driver a model, and one safe way to use any of them."""
