"""The loggers of our modules; structlog is imported when the first line is written."""

import logging
from typing import Any, Literal, TextIO

from aggregator.core.log_stream import LogStream

Level = Literal["debug", "info", "warning", "error"]
Form = Literal["text", "json"]

_wanted: tuple[TextIO | LogStream, Level, Form] | None = None  # not yet passed to structlog


class Logger:
    """Writes events with fields through structlog."""

    def debug(self, event: str, **fields: Any) -> None:
        """Write an event that only developers want to see."""
        _write("debug", event, fields)

    def info(self, event: str, **fields: Any) -> None:
        """Write what normally happens."""
        _write("info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Write what the user should look at."""
        _write("warning", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """Write what failed."""
        _write("error", event, fields)

    def exception(self, event: str, **fields: Any) -> None:
        """Write what failed, with the traceback of the exception that is being handled."""
        _write("error", event, fields | {"exc_info": True})


def get_logger() -> Logger:
    """Return a logger."""
    return Logger()


_log = get_logger()


def configure(stream: TextIO | LogStream, *, level: Level = "info", form: Form = "text") -> None:
    """Send all logging to a stream, as `logs.configure` does, from the first line on."""
    global _wanted  # noqa: PLW0603  logging is configured once in a process
    _wanted = stream, level, form
    logging.basicConfig(handlers=[_FirstLine()], level=_number(level), force=True)


def tell_dropped(lines: int) -> None:
    """Log how many lines were dropped while nobody read the log."""
    _log.warning("log lines dropped", lines=lines)


def forget() -> None:
    """Drop what `configure` asked for: something else was configured since."""
    global _wanted  # noqa: PLW0603  as in `configure`
    _wanted = None


def _write(level: Level, event: str, fields: dict[str, Any]) -> None:
    if _wanted and _number(level) < _number(_wanted[1]):
        return
    import structlog  # noqa: PLC0415  with rich a tenth of a second; most runs log nothing

    _settle()
    getattr(structlog.get_logger(), level)(event, **fields)


def _settle() -> None:
    """Configure structlog as asked, once."""
    if wanted := _wanted:
        from aggregator.core import logs  # noqa: PLC0415  imports structlog

        forget()
        stream, level, form = wanted
        logs.configure(stream, level=level, form=form)


def _number(level: Level) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


class _FirstLine(logging.Handler):
    """Passes the first line of a library on to the handler that `logs` sets up then."""

    def emit(self, record: logging.LogRecord) -> None:
        """Configure logging, and handle the record again if it is still wanted."""
        _settle()
        own = logging.getLogger(record.name)
        if own.isEnabledFor(record.levelno):
            own.handle(record)
