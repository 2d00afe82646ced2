"""No secret of the configuration is told: by commands, logs, pages, metrics, files or the database."""

import json
import os
import signal
import socket
import string
import subprocess
import sys
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.integration.loopback import Site
from tests.integration.test_daemon import free_port
from tests.waiting import HUNG, until

PASSWORD = "p@ss/w:rd?#%41-hush"  # noqa: S105  of nobody
SECRETS = {
    "PASSWORD": PASSWORD,
    "QUERY": "query-hush-1234567",
    "BEARER": "bearer-hush-1234567",
    "COOKIE": "cookie-hush-1234567",
    "API_KEY": "apikey-hush-1234567",
    "PROXY": "pr@xy/hush-1234567",
    "HUB": "hub-hush-1234567",
    "FEED_TOKEN": "feed-hush-1234567",
    "DATABASE": "d@tabase/hush-1234567",
}
ITEM = "<item><title>A report of {n}</title><link>https://example.org/{n}</link><guid>{n}</guid></item>"
FEED = f"<rss version='2.0'><channel><title>Feed</title>{ITEM.format(n=1)}</channel></rss>"
CONFIG = """\
data: data
log: json
health_feed: true
backup: {{dir: backups}}
fetch: {{allow_private: [127.0.0.1], interval: 1h}}
websub: {{hub: "http://me:${{HUB}}@127.0.0.1:9/hub?secret=${{HUB}}"}}
feeds:
  - {{name: merged, title: Merged, formats: [atom, rss, json]}}
  - {{name: private, title: Private, token: "${{FEED_TOKEN}}"}}
sources:
  - {{id: user, url: "http://me:${{PASSWORD}}@{host}/user"}}
  - {{id: query, url: "http://{host}/query?api_key=${{QUERY}}"}}
  - {{id: bearer, url: "http://{host}/bearer", headers: {{Authorization: "Bearer ${{BEARER}}"}}}}
  - {{id: cookie, url: "http://{host}/cookie", headers: {{Cookie: "session=${{COOKIE}}", X-Api-Key: "${{API_KEY}}"}}}}
  - {{id: missing, url: "http://me:${{PASSWORD}}@{host}/missing?token=${{QUERY}}"}}
  - {{id: broken, url: "http://me:${{PASSWORD}}@{host}/broken"}}
  - {{id: refused, url: "http://me:${{PASSWORD}}@127.0.0.1:9/refused?key=${{QUERY}}"}}
  - {{id: moved, url: "http://me:${{PASSWORD}}@{host}/moved"}}
"""


def forms(secret: str) -> Iterable[str]:
    """Yield a secret in the forms in which it could be told."""
    yield secret
    yield urllib.parse.quote(secret, safe="")
    yield urllib.parse.quote_plus(secret)
    yield json.dumps(secret)[1:-1]


def told(text: str | bytes) -> set[str]:
    """Return the names of the secrets that a text holds in any form."""
    content = text.decode("latin-1") if isinstance(text, bytes) else text
    return {
        name for name, secret in SECRETS.items() if any(one in content for one in forms(secret))
    }


@pytest.fixture
def folder(tmp_path: Path, site: Site) -> Path:
    """Write a configuration with a secret in each place that takes one."""
    for path in ("/user", "/bearer", "/cookie", f"/query?api_key={SECRETS['QUERY']}"):
        site.pages[path] = FEED.encode()
    site.pages["/broken"] = b"<rss"
    site.statuses["/moved"] = (301, {"Location": f"/user?token={SECRETS['QUERY']}"})
    host = site.address.removeprefix("http://")
    (tmp_path / "aggregator.yaml").write_text(CONFIG.format(host=host), encoding="utf-8")
    return tmp_path


def command(folder: Path, *words: str) -> str:
    """Run a command and return all that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "aggregator", *words, "--config", str(folder / "aggregator.yaml")],
        capture_output=True,
        env=os.environ | SECRETS,
        timeout=HUNG,
        check=False,
    )
    return (done.stdout + done.stderr).decode()


COMMANDS = [
    ("fetch",),
    ("fetch", "--json"),
    ("check",),
    ("check", "--json"),
    ("doctor",),
    ("doctor", "--json"),
    ("sources", "list"),
    ("sources", "list", "--json"),
    ("sources", "list", "--activity"),
    ("sources", "export"),
    ("sources", "show", "user"),
    ("sources", "show", "moved", "--json"),
    ("sources", "test", "missing"),
    ("sources", "test", "refused"),
    ("stories", "list"),
    ("try", "feed", "http://me:hush@127.0.0.1:9/"),
]


def test_no_command_tells_a_secret(folder: Path) -> None:
    said = {words: command(folder, *words) for words in COMMANDS}
    assert {" ".join(words): found for words, text in said.items() if (found := told(text))} == {}
    assert all(said.values())
    for path in (one for one in (folder / "data").rglob("*") if one.is_file()):
        assert told(path.read_bytes()) == set(), path.name


@pytest.fixture
def port() -> int:
    return free_port()


def ask(port: int, path: str) -> bytes:
    """Return the whole response of the server."""
    with socket.create_connection(("127.0.0.1", port), HUNG) as one:
        one.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return b"".join(iter(lambda: one.recv(65_536), b""))


PAGES = [
    "/",
    "/health",
    "/metrics",
    "/health.atom?token=${FEED_TOKEN}",
    "/feeds/merged.atom",
    "/feeds/merged.rss",
    "/feeds/merged.json",
]
PAGES += ["/feeds/private.atom", "/feeds/merged.atom?lang=zh", "/nothing"]


@pytest.fixture
def daemon(folder: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    words = ["run", "--config", str(folder / "aggregator.yaml"), "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, "-m", "aggregator", *words],
        stderr=subprocess.PIPE,
        env=os.environ | SECRETS,
    ) as process:
        yield process
        process.kill()


def is_told(port: int, text: bytes) -> bool:
    """Say whether the metrics hold a text."""
    try:
        return text in ask(port, "/metrics")
    except OSError:
        return False


def test_the_daemon_tells_no_secret(
    folder: Path, port: int, daemon: "subprocess.Popen[bytes]"
) -> None:
    until(lambda: is_told(port, b"aggregator_runs_total{"))
    addresses = {path: string.Template(path).substitute(SECRETS) for path in PAGES}
    until(lambda: b"<feed" in ask(port, addresses["/health.atom?token=${FEED_TOKEN}"]))
    pages = {path: ask(port, address) for path, address in addresses.items()}
    daemon.send_signal(signal.SIGTERM)
    _, log = daemon.communicate(timeout=HUNG)
    assert {path: found for path, page in pages.items() if (found := told(page))} == {}
    assert b"gathered" in log
    assert told(log) == set()
    assert all(json.loads(line)["event"] for line in log.splitlines())
    for path in (one for one in (folder / "data").rglob("*") if one.is_file()):
        assert told(path.read_bytes()) == set(), path.name


@pytest.mark.parametrize("store", ["postgresql", "postgresql+psycopg"])
def test_a_database_that_cannot_be_reached_tells_no_secret(folder: Path, store: str) -> None:
    path = folder / "aggregator.yaml"
    line = f'store: "{store}://me:${{DATABASE}}@127.0.0.1:9/news"\n'
    path.write_text(line + path.read_text("utf-8"), encoding="utf-8")
    for words in (("fetch",), ("doctor",), ("sources", "list")):
        said = command(folder, *words)
        assert said
        assert told(said) == set()


def test_a_proxy_that_cannot_be_reached_tells_no_secret(folder: Path) -> None:
    path = folder / "aggregator.yaml"
    proxy = 'interval: 1h, proxy: "http://me:${PROXY}@127.0.0.1:9"'
    path.write_text(path.read_text("utf-8").replace("interval: 1h", proxy), encoding="utf-8")
    for words in (("fetch",), ("doctor",), ("sources", "list", "--json")):
        said = command(folder, *words)
        assert said
        assert told(said) == set()
