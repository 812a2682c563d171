"""Other people's instrument libraries, which the tests need and labrig does not."""

import importlib
import warnings
from typing import Any


def imported(name: str) -> Any:
    """A module, whatever it warns of while it is loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)
