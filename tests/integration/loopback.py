"""A small HTTP server on loopback that serves what a test tells it to, conditionally."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.waiting import HUNG


@dataclass(slots=True)
class Site:
    """What is served, by path, and what was asked: (path, status), and when; `waiting` for what hangs."""

    address: str = ""
    pages: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    hanging: set[str] = field(default_factory=set)
    asked: list[tuple[str, int]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)  # when each request came, since 1970
    waiting: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


class Quiet(BaseHTTPRequestHandler):
    """Answers requests and logs none."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Let a handler answer on a port of its own until the block ends; give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serving() -> Iterator[Site]:
    """Serve a Site until the block ends."""
    site = Site()

    class Handler(Quiet):
        def do_GET(self) -> None:
            """Answer with the page, 304 where the reader has it already."""
            if self.path in site.hanging:
                site.waiting.append(self.path)
                site.ended.wait(2 * HUNG)
                return
            page = site.pages.get(self.path, b"")
            status, headers = site.statuses.get(self.path, (200 if page else 404, {}))
            tag = f'"{hashlib.sha256(page).hexdigest()[:16]}"'
            if status == 200 and self.headers.get("If-None-Match") == tag:
                status, page = 304, b""
            site.asked.append((self.path, status))
            site.times.append(time.time())  # noqa: TID251  the server's log
            self.send_response(status)
            for name, value in {"ETag": tag, "Content-Length": str(len(page)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page)

    with listening(Handler) as site.address:
        try:
            yield site
        finally:
            site.ended.set()
