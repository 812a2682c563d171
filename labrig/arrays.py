"""Names of the arrays and scalars that travel through labrig.

Floats are in SI units throughout. Shapes: B branches, N nodes, M boundaries of one exchange.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Volts: TypeAlias = float
Amperes: TypeAlias = float
Siemens: TypeAlias = float
Ohms: TypeAlias = float
Seconds: TypeAlias = float

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]

BranchArray: TypeAlias = NDArray[np.float64]
"""One value a branch, shape (B,)."""
CodeArray: TypeAlias = NDArray[np.int64]
"""One wiper code a branch, shape (B,): integers, never volts or siemens."""
