"""The stream behind the log: a reader that is gone or stuck neither raises nor delays the work."""

import atexit
import io
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import TextIO

_MAX_WAITING_BYTES = 4_000_000
_CLOSE_SECONDS = 1.0  # that the end of the process waits for the reader
_BATCH_BYTES = 65_536


class LogStream:
    """Writes lines to a text stream, and drops what the stream does not take.

    In the `background`, a thread writes them, so that a caller never waits. `on_room` is called with
    the number of dropped lines when the reader is back.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        background: bool = False,
        on_room: Callable[[int], None] = lambda _: None,
        max_bytes: int = _MAX_WAITING_BYTES,
    ) -> None:
        self.dropped = 0
        self._stream = stream
        self._background = background
        self._on_room = on_room
        self._max_bytes = max_bytes
        self._lines: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._unfinished = ""
        self._untold = 0  # dropped lines that `on_room` has not been told yet
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def write(self, text: str) -> int:
        """Write text in whole lines, or queue them; never raises."""
        with self._change:
            *lines, self._unfinished = (self._unfinished + text).split("\n")
            for line in lines:
                content = f"{line}\n".encode("utf-8", "backslashreplace")
                if self._background:
                    self._put(content)
                elif not self._write_all(content):
                    self.dropped += 1
        return len(text)

    def flush(self) -> None:
        """Do nothing: what is written is written below the buffers of Python."""

    def close(self, seconds: float = _CLOSE_SECONDS) -> None:
        """Wait a moment until the queued lines are written."""
        with self._change:
            self._closed = True
            self._change.notify_all()
            self._change.wait_for(lambda: not self._waiting_bytes, seconds)

    def _put(self, line: bytes) -> None:
        if self._waiting_bytes + len(line) > self._max_bytes:
            self.dropped += 1
            self._untold += 1
            return
        self._lines.append(line)
        self._waiting_bytes += len(line)
        if self._thread is None:
            atexit.register(self.close)
            self._thread = threading.Thread(target=self._run, name="log", daemon=True)
            self._thread.start()
        self._change.notify_all()

    def _run(self) -> None:
        """Write what is queued, for as long as the process runs."""
        while True:
            with self._change:
                self._change.wait_for(lambda: self._lines)
                batch = [self._lines.popleft()]
                size = len(batch[0])
                while self._lines and size + len(self._lines[0]) <= _BATCH_BYTES:
                    batch.append(self._lines.popleft())
                    size += len(batch[-1])
            written = self._write_all(b"".join(batch))
            with self._change:
                self._waiting_bytes -= size
                self.dropped += 0 if written else len(batch)
                untold, self._untold = (self._untold, 0) if written else (0, self._untold)
                self._change.notify_all()
            if untold:
                self._on_room(untold)

    def _write_all(self, content: bytes) -> bool:
        """Write below the buffers of Python, whose locks a stuck reader would hold at the end."""
        try:
            if (file := _file_of(self._stream)) is None:
                self._stream.write(content.decode("utf-8", "replace"))
                return True
            while content:
                try:
                    content = content[os.write(file, content) :]
                except BlockingIOError:  # somebody else made the pipe non-blocking
                    select.select([], [file], [])
        except (OSError, ValueError):
            return False
        return True


def _file_of(stream: TextIO) -> int | None:
    """Return the file of a stream; None if it is in memory."""
    try:
        return stream.fileno()
    except io.UnsupportedOperation:
        return None
