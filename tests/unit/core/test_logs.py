"""One line an event, and no secrets in it."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from aggregator.core import logs


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    logging.basicConfig(handlers=[logging.NullHandler()], level=logging.WARNING, force=True)


def test_a_line_has_time_level_event_and_fields() -> None:
    stream = io.StringIO()
    logs.configure(stream)
    structlog.get_logger().info("gathered", source="a", title="two words", error=None, new=3, x="")
    when, level, *rest = stream.getvalue().split()
    assert when.endswith("Z")
    assert level == "info"
    assert " ".join(rest) == 'gathered source=a title="two words" new=3 x=""'


def test_json_lines() -> None:
    stream = io.StringIO()
    logs.configure(stream, form="json")
    structlog.get_logger().warning("gathered", source="a", ok=True)
    row = json.loads(stream.getvalue())
    assert (row["event"], row["level"], row["source"], row["ok"]) == (
        "gathered",
        "warning",
        "a",
        True,
    )


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_and_no_second_line(form: str) -> None:
    stream = io.StringIO()
    logs.configure(stream, form=form)  # type: ignore[arg-type]
    hostile = "see https://user:hush@a.example/?token=hush\nforged line\x1b[2J\u202e"
    structlog.get_logger().error("failed", error=hostile)
    logging.getLogger("some.library").error("told %s", hostile)
    spoken = stream.getvalue()
    assert "hush" not in spoken
    assert len(spoken.splitlines()) == 2
    assert "\x1b" not in spoken
    assert "\u202e" not in spoken


def test_an_exception_keeps_its_lines() -> None:
    stream = io.StringIO()
    logs.configure(stream)
    try:
        int("https://user:hush@a.example/")
    except ValueError:
        structlog.get_logger().exception("run failed")
        logging.getLogger("some.library").exception("theirs")
    spoken = stream.getvalue()
    assert "\nTraceback (most recent call last):\n" in spoken
    assert "hush" not in spoken


def test_levels() -> None:
    stream = io.StringIO()
    logs.configure(stream, level="warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("httpx").info("quiet")
    logging.getLogger("apscheduler").warning("quiet")
    assert stream.getvalue() == ""
