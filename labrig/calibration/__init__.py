"""From readings of a board to what it is: conductances, curves, converters, each with its uncertainty."""
