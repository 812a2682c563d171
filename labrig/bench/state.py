"""The folder in which labrig keeps what outlives a process: EEPROMs of launched boards, live runs."""

import os
from pathlib import Path


def state_folder() -> Path:
    """``LABRIG_STATE``, else ``labrig`` under ``XDG_STATE_HOME`` or ``~/.local/state``."""
    given = os.environ.get("LABRIG_STATE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "labrig"
