"""One process at a time works in a data folder, and a dead one does not keep it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aggregator.core.errors import DataFolderBusy, StoreError
from aggregator.store.lock import is_held, lock_folder

HOLD = """
import sys, time
from pathlib import Path
from aggregator.store.lock import lock_folder
with lock_folder(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(3600)
"""


def test_a_folder_is_held_by_one(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "deep"
    with lock_folder(folder):
        assert is_held(folder)
        assert (folder / "lock").read_text() == f"{os.getpid()}\n"
        with pytest.raises(DataFolderBusy, match="another process"), lock_folder(folder):
            pass
        assert is_held(folder)
    assert not is_held(folder)
    with lock_folder(folder):
        pass


def test_the_lock_ends_with_the_process_however_it_ends(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(DataFolderBusy), lock_folder(tmp_path):
            pass
        assert other.poll() is None, "nobody has waited for it to end"
        assert not is_held(tmp_path)
        other.send_signal(signal.SIGKILL)
        other.wait()
    with lock_folder(tmp_path):
        assert is_held(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file/data"), lock_folder(tmp_path / "file" / "data"):
        pass
