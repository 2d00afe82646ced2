"""Pure functions run over documents, in a thread or in worker processes.

`Pool.run` queues its calls as jobs. Who runs them:

    queue ─► thread             one job at a time, in the order queued: the default
          ─► worker process     up to one a core, in batches, once the queue is worth their start

A worker is a fresh interpreter (`child.work`) at the other end of a pipe. The parent sends
`(deadline, calls)` and reads one result a call. Why not `ProcessPoolExecutor`: it has no deadline a
call, and it breaks as a whole when one worker dies. Here a lost worker costs one call at most: what
it had finished is kept, and the call that it was at is tried once more in a batch of its own.
"""

from aggregator.pool.pool import Pool

__all__ = ["Pool"]
