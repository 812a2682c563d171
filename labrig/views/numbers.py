"""Several numbers that a file holds as one text."""


def numbers(text: str) -> list[float]:
    """Read them; NaN is one."""
    return [float(word) for word in text.split()]
