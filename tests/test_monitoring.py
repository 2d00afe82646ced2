"""What docs/monitoring.md and the dashboard say is what the program logs and counts."""

import ast
import gc
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.web.metrics import Metrics

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
DASHBOARD = json.loads((ROOT / "docs" / "grafana.json").read_bytes())
LEVELS = {"debug", "info", "warning", "error", "exception"}
# Added by the service, which knows the server, the log and the data folder.
OF_THE_SERVICE = {
    "aggregator_connections",
    "aggregator_log_lines_dropped",
    "aggregator_database_bytes",
    "aggregator_last_edition_age_seconds",
    "aggregator_queue_jobs",
    "aggregator_queue_age_seconds",
}
OF_THE_PROCESS = {
    "process_resident_memory_bytes",
    "process_cpu_seconds",
    "process_open_fds",
    "process_max_fds",
}


def parsed(path: Path) -> ast.Module:
    """Parse a module while nothing is collected: in Python 3.11, a finalizer that logs breaks ast.parse."""
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        gc.enable()


def logged() -> Iterator[tuple[str, ast.expr]]:
    """Yield the place and the event of each call of a logger."""
    for path in sorted((ROOT / "aggregator").rglob("*.py")):
        for node in ast.walk(parsed(path)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "_log"
            ):
                yield f"{path.name}:{node.lineno}", node.args[0]


def text_of(event: ast.expr) -> str:
    """Return the fixed text of an event; what a prefix adds is left out."""
    if isinstance(event, ast.Constant):
        return str(event.value)
    if isinstance(event, ast.JoinedStr):
        return "".join(str(one.value) for one in event.values if isinstance(one, ast.Constant))
    return ""


def test_each_event_is_in_the_table() -> None:
    told = re.findall(r"^\| `([^`]+)` \| (?:debug|info|warning|error)", PAGE, re.MULTILINE)
    assert len(told) == len(set(told))
    missing = {place: text for place, one in logged() if (text := text_of(one)) not in {*told, ""}}
    assert not missing
    assert len(list(logged())) > 30


def test_each_metric_is_in_the_table() -> None:
    told = set(re.findall(r"^\| `(aggregator_\w+)` \|", PAGE, re.MULTILINE))
    text = Metrics().text().decode()
    names = set(re.findall(r"^# HELP (aggregator_\w+) ", text, re.MULTILINE))
    assert {one for one in names if not one.endswith("_created")} | OF_THE_SERVICE == told


@pytest.mark.parametrize("panel", DASHBOARD["panels"], ids=lambda one: one["title"])
def test_each_panel_shows_what_there_is(panel: dict[str, object]) -> None:
    told = set(re.findall(r"^\| `(aggregator_\w+)` \|", PAGE, re.MULTILINE)) | OF_THE_PROCESS
    targets = panel["targets"]
    assert isinstance(targets, list)
    assert targets
    for target in targets:
        names = re.findall(r"(?:aggregator|process)_\w+", target["expr"])
        assert names
        for name in names:
            assert name in told or re.sub(r"_(bucket|total)$", "", name) in told


def test_each_alarm_watches_what_there_is() -> None:
    told = set(re.findall(r"^\| `(aggregator_\w+)` \|", PAGE, re.MULTILINE)) | OF_THE_PROCESS
    alarms = PAGE.partition("## Alarms")[2]
    names = re.findall(r"(?:aggregator|process)_\w+", alarms)
    assert len(names) >= 5
    assert set(names) <= told
