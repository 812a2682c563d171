"""Numbers of the convergence paper (arXiv:2503.00349) and of its neighbourhood: recipes and expected values.

Everything goes through labrig's own loop, rules and ideal network. The tests assert the figures, and
``scripts/bench paper`` prints them.
"""
