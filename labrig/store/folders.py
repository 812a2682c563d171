"""A folder of its own for each run and each study."""

import re
from datetime import datetime
from pathlib import Path


def new_directory(root: Path, name: str, created: datetime) -> Path:
    """Make a folder under `root`, named after the time and `name`, whoever else makes one at this moment."""
    root.mkdir(parents=True, exist_ok=True)
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "run"
    stem = f"{created.astimezone():%Y%m%d-%H%M%S}-{safe}"
    number = 1
    while True:
        directory = root / (stem if number == 1 else f"{stem}-{number}")
        try:
            directory.mkdir()
        except FileExistsError:
            number += 1
        else:
            return directory
