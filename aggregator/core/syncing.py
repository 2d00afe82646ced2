"""Makes what was written survive a power cut."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Sync a file, or a folder with the names in it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
