"""One line an event, and no secrets in it."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from aggregator.core import logger, logs


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    yield
    logger.forget()
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


def test_fields_are_filled_in_where_the_event_names_them() -> None:
    stream = io.StringIO()
    logs.configure(stream)
    structlog.get_logger().info("next: {source} in {wait}", source="a{wait}", wait="3 min", due=7)
    assert stream.getvalue().rstrip().endswith("next: a{wait} in 3 min  due=7")


@pytest.mark.parametrize("event", ["{nobody} knows", "{}", "{0}", "{", "{source"])
def test_braces_that_name_no_field_stay(event: str) -> None:
    stream = io.StringIO()
    logs.configure(stream)
    structlog.get_logger().info(event, source="a")
    assert stream.getvalue().rstrip().endswith(f"{event}  source=a")


def test_json_lines_keep_event_and_fields_apart() -> None:
    stream = io.StringIO()
    logs.configure(stream, form="json")
    structlog.get_logger().info("next: {source}", source="a")
    row = json.loads(stream.getvalue())
    assert (row["event"], row["source"]) == ("next: {source}", "a")


def test_lines_of_uvicorn_are_kept_only_if_they_warn() -> None:
    stream = io.StringIO()
    logs.configure(stream)
    logging.getLogger("uvicorn.error").info("Uvicorn running on http://127.0.0.1:8080")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    assert stream.getvalue().count("\n") == 1
    assert "Invalid HTTP" in stream.getvalue()


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


# --- the loggers of our modules ------------------------------------------------------------


def test_the_first_line_configures_logging() -> None:
    stream = io.StringIO()
    logger.configure(stream, level="warning", form="json")
    log = logger.get_logger()
    log.info("below the level", n=1)
    assert stream.getvalue() == ""
    log.warning("first", n=2)
    log.error("second", n=3)
    rows = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(row["event"], row["level"], row["n"]) for row in rows] == [
        ("first", "warning", 2),
        ("second", "error", 3),
    ]


def test_the_first_line_may_be_one_of_a_library() -> None:
    stream = io.StringIO()
    logger.configure(stream, level="info")
    logging.getLogger("some.library").info("hello")
    logging.getLogger("httpx").info("a URL with its secrets")
    assert stream.getvalue().count("\n") == 1
    assert "hello" in stream.getvalue()


def test_an_exception_is_logged_with_its_traceback() -> None:
    stream = io.StringIO()
    logger.configure(stream)
    try:
        int("broken")
    except ValueError:
        logger.get_logger().exception("failed")
    assert "Traceback" in stream.getvalue()
    assert "ValueError: invalid literal" in stream.getvalue()


def test_what_is_configured_last_holds() -> None:
    first, second = io.StringIO(), io.StringIO()
    logger.configure(first)
    logger.configure(second)
    logger.get_logger().info("said")
    assert first.getvalue() == ""
    assert "said" in second.getvalue()
