"""The shapes that names of nodes and lines have."""

NODE = r"^[A-Za-z][A-Za-z0-9_.]*$"
DRIVER = r"^dac[0-9]+$"
READER = r"^adc[0-9]+$"
SENSE = r"^sense[0-9]+$"

SHAPES = {
    NODE: "a name of letters, digits, _ and ., a letter first",
    DRIVER: "a driver of the board, such as dac0",
    READER: "a reader of the board, such as adc0",
    SENSE: "a sense line of the board, such as sense0",
}
"""What each pattern asks for, as a message says it."""
