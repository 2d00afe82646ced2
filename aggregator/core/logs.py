"""Logging: one line per event on standard error, without secrets or control characters.

An event is a fixed string with fields. In the format for people, fields named in braces are filled
in. Credentials are redacted from URLs, and libraries log in the same format.
"""

import json
import logging
import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal, TextIO, cast

import structlog

from aggregator.core.log_stream import LogStream
from aggregator.text import urls

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{0,30}://[^\s<>\"']{1,4000}", re.IGNORECASE)
_NAMED = re.compile(r"\{(\w+)\}")
_NOISY = {
    "alembic": logging.WARNING,
    "apscheduler": logging.ERROR,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "uvicorn": logging.WARNING,  # the daemon logs its own start and end
}


def configure(
    stream: TextIO | LogStream,
    *,
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["text", "json"] = "text",
) -> None:
    """Send all logging, including that of libraries, to a stream."""
    number = logging.getLevelNamesMapping()[level.upper()]
    steps: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        clean,
    ]
    render = _json if form == "json" else _text
    structlog.configure(
        processors=[*steps, render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", stream)),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    formatter = structlog.stdlib.ProcessorFormatter
    last: list[Any] = [formatter.remove_processors_meta, render]
    handler.setFormatter(formatter(processors=last, foreign_pre_chain=steps))
    logging.basicConfig(handlers=[handler], level=number, force=True)
    for name, least in _NOISY.items():
        logging.getLogger(name).setLevel(max(least, number))


def clean(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Redact every field and drop empty ones."""
    return {
        name: value if name.startswith("_") else _clean_value(value, keep=name == "exception")
        for name, value in event.items()
        if value is not None
    }


def hide(text: str) -> str:
    """Remove credentials, secret values and control characters from a text."""
    return _CONTROLS.sub(" ", _ADDRESS.sub(lambda match: urls.redact(match[0]), text))


def _clean_value(value: Any, *, keep: bool) -> Any:
    """Clean a field; `keep` preserves its line breaks."""
    if isinstance(value, bool | int | float):
        return value
    try:
        text = str(value)
    except Exception:  # noqa: BLE001  a line of the log must not end the work
        text = f"unprintable {type(value).__name__}"
    lines = text.splitlines() if keep else [text]
    return "\n".join(hide(line) for line in lines)


def _json(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False, default=str)


def _text(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    fields = dict(event)
    when, level = fields.pop("timestamp"), fields.pop("level")
    said, trace = fields.pop("event"), fields.pop("exception", "")
    said = _NAMED.sub(lambda match: str(fields.pop(match[1], match[0])), str(said))
    rest = " ".join(f"{name}={_quoted(value)}" for name, value in fields.items())
    line = f"{when[:19]}Z {level:<7} {said}  {rest}".rstrip()
    return f"{line}\n{trace}" if trace else line


def _quoted(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if " " in text or '"' in text or not text else text
