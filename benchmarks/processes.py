"""Work in processes of their own, so that the peak memory of each is its own."""

import multiprocessing
import os
import resource
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def apart(work: Callable[..., object], *given: object) -> None:
    """Call a function in a process of its own."""
    worker = multiprocessing.get_context("spawn").Process(target=work, args=given)
    worker.start()
    worker.join()


def peak_megabytes() -> float:
    """Return the peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def free_port() -> int:
    """Return a port of loopback that nobody uses now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def family(process: int) -> list[int]:
    """Return a process and all that it started."""
    found = [process]
    for one in found:
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text(encoding="ascii").split())
    return found


def cpu_seconds(process: int) -> float:
    """Return the CPU seconds of a process and of all that it started, so far."""
    total = 0
    for one in family(process):
        with suppress(OSError):
            stat = Path(f"/proc/{one}/stat").read_text(encoding="ascii")
            # those of children that ended are counted with their parent
            total += sum(map(int, stat.rpartition(")")[2].split()[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


def resident_megabytes(process: int) -> float:
    """Return the memory of a process and of all that it started."""
    pages = 0
    for one in family(process):
        with suppress(OSError):
            pages += int(Path(f"/proc/{one}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
