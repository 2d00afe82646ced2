"""A small WebSub hub on loopback: notes what it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs


@dataclass(slots=True)
class Hub:
    """The topics that it was told of; it answers with `status`, or not at all."""

    address: str = ""
    status: int = 202
    hangs: bool = False
    told: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def open_hub() -> Iterator[Hub]:
    """Run a hub until the block ends."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take a ping."""
            size = int(self.headers["Content-Length"])
            form = parse_qs(self.rfile.read(size).decode())
            assert form["hub.mode"] == ["publish"]
            assert form["hub.url"] == form["hub.topic"]
            hub.told += form["hub.topic"]
            if hub.hangs:
                hub.ended.wait(60)
            self.send_response(hub.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.address = f"http://127.0.0.1:{server.server_port}/hub?a=b"
    try:
        yield hub
    finally:
        hub.ended.set()
        server.shutdown()
        server.server_close()
