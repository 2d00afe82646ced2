"""A small installation of our own, and a way to run commands in it."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from aggregator.cli import main
from aggregator.core import logger

_FEED = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>Harbour Gazette</title><link>https://gazette.example/</link>
<item><guid>g-1</guid><link>https://gazette.example/ferry?utm_source=rss</link>
<title>Ferry hits the pier in Northport harbour</title>
<pubDate>Mon, 02 Mar 2026 08:00:00 GMT</pubDate>
<description>&lt;p&gt;The ferry Aurora struck the stone pier of Northport harbour on Monday morning; 14
passengers were hurt, the harbour master Lena Okafor said.&lt;/p&gt;</description></item>
<item><guid>g-2</guid><link>https://gazette.example/bread</link><title>Bread prices fall again</title>
<pubDate>Sun, 01 Mar 2026 08:00:00 GMT</pubDate>
<description>&lt;p&gt;A loaf costs two per cent less than a month ago.&lt;/p&gt;</description></item>
</channel></rss>
"""
_DUMP = """<!--1772442000000-->
[Aurora ferry strikes pier in Northport, 14 hurt](https://coast.example/news/aurora-ferry)
------

<p>Fourteen passengers were hurt when the ferry Aurora struck the stone pier of Northport harbour
on Monday morning, harbour master Lena Okafor said.</p>
"""
_CONFIG = """\
data: ../data
sources:
  - {id: gazette, path: ../gazette.xml, title: Harbour Gazette, category: local}
  - {id: coast, kind: dump, path: ../dumps}
feeds:
  - {name: merged, title: Merged, formats: [atom]}
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        """The objects on standard output, one a line."""
        return [json.loads(line) for line in self.out.split("\n") if line]


Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Make a folder with a configuration, a local feed and a folder of dumps."""
    (tmp_path / "config").mkdir()
    (tmp_path / "dumps").mkdir()
    (tmp_path / "config" / "aggregator.yaml").write_text(_CONFIG, encoding="utf-8")
    (tmp_path / "gazette.xml").write_text(_FEED, encoding="utf-8")
    (tmp_path / "dumps" / "one.txt").write_text(_DUMP, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    """Run a command in that folder, with what it is given on standard input."""
    monkeypatch.chdir(home)
    monkeypatch.delenv("AGGREGATOR_CONFIG", raising=False)

    def call(*arguments: str | Path, given: str | bytes = "") -> Result:
        content = given.encode() if isinstance(given, str) else given
        usual, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(content))
        try:
            status = main([str(argument) for argument in arguments])
        finally:
            sys.stdin = usual
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    yield call
    logger.forget()
    structlog.reset_defaults()
    logging.basicConfig(handlers=[logging.NullHandler()], level=logging.WARNING, force=True)


def lines(*rows: dict[str, Any]) -> str:
    """Write objects one a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
