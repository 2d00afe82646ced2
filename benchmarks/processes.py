"""Work in processes of their own, so that the peak memory of each is its own."""

import multiprocessing
import resource
from collections.abc import Callable


def apart(work: Callable[..., object], *given: object) -> None:
    """Call a function in a process of its own."""
    worker = multiprocessing.get_context("spawn").Process(target=work, args=given)
    worker.start()
    worker.join()


def peak_megabytes() -> float:
    """Return the peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
