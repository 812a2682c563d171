"""Whether the chips hold what they were sent: no digest and no reading of a training tells."""

import numpy as np

from labrig.bench.bench import Bench
from labrig.errors import ReadbackMismatch

_MOST_NAMED = 8


def check_written(bench: Bench) -> None:
    """Read all branches back: one exchange, which drives nothing.

    Raises
    ------
    ReadbackMismatch
        Some chips hold another code than they were sent.
    LinkError, ProtocolError, DeviceError
    """
    told, sent = bench.read_back(), bench.branch_values()
    wrong = np.flatnonzero(told != sent).tolist()
    if not wrong:
        return
    found = ", ".join(
        f"{bench.topology.branch_name(k)} holds {told[k]:g} where {sent[k]:g} was written"
        for k in wrong[:_MOST_NAMED]
    )
    more = f" and {len(wrong) - _MOST_NAMED} more" if len(wrong) > _MOST_NAMED else ""
    msg = (
        f"board {bench.info.serial_number} does not take every code: {found}{more}; look at these chips with"
        " labrig board check, then replace them and resume the run, or mask the branches in a new one"
    )
    raise ReadbackMismatch(msg)
