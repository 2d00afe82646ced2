"""Pure functions run over documents, in a thread or in worker processes.

`Pool.run` queues its calls as jobs. They run in:

    queue ─► thread             one job at a time, in the order queued: the default
          ─► worker process     up to one per core, in batches, once the queue is worth their start

A worker (`child.work`) is at the other end of a pipe. The parent sends `(deadline, calls)` and reads
one result per call. Workers are forked from one process (`forking`), a fresh interpreter that has
imported what they need, so that this is paid for once and a worker starts in milliseconds. Why not `ProcessPoolExecutor`: it has no deadline per
call, and it fails completely when one worker dies. Here a lost worker costs at most one call: finished
results are kept, and the call that was running is retried once in a batch of its own.
"""

from aggregator.pool.pool import Pool

__all__ = ["Pool"]
