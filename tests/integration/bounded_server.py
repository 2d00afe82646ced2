"""Run `aggregator serve` as a process whose limits of time are short, for tests of hostile clients."""

import asyncio
import random
import sys
from pathlib import Path

import uvicorn

from aggregator import service
from aggregator.bootstrap import open_application
from aggregator.config import load
from aggregator.core import logs
from aggregator.web.listen import listening, port_of
from aggregator.web.server import Limits, raise_file_limit

FEED_BYTES = 6_000_000
CONNECTIONS = 200
LIMITS = Limits(
    connections=CONNECTIONS,
    head_seconds=1.0,
    body_seconds=1.5,
    body_bytes=1_000_000,
    idle_seconds=2.0,
    linger_seconds=0.3,
    stall_seconds=2.0,
    reading_rate=3_000_000,
    sweep_seconds=0.1,
)


def main(folder: Path, port: int) -> None:
    """Serve a feed that is too large for the buffers of a connection, until a signal."""
    logs.configure(sys.stderr)
    raise_file_limit()
    path = folder / "aggregator.yaml"
    path.write_text("data: data\n", encoding="utf-8")
    config = load(path, {})
    feed = config.data / "feeds" / "merged.atom"
    feed.parent.mkdir(parents=True)
    feed.write_bytes(b"<feed>" + random.Random(1).randbytes(FEED_BYTES) + b"</feed>")
    application = open_application(config)
    with listening("localhost", port) as sockets:
        listens = service.Listening("localhost", port_of(sockets), sockets)
        factory = uvicorn.Config(lambda: None, log_config=None).get_loop_factory()
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(service.serve(application, listens, lambda: config, LIMITS))
    application.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
