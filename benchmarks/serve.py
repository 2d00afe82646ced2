"""Times our server beside nginx: the same feed, one worker each, 304s and 200s per second, in one run."""

import contextlib
import gzip
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import render

from aggregator.core.model import Edition
from aggregator.core.settings import FeedSpec
from aggregator.publish import files
from aggregator.publish.renderers import atom

OURS, THEIRS = 8097, 8096
ROUNDS, SECONDS, CONNECTIONS = 3, 3, 32
STORIES = 200
CASES = {
    "304": {"If-None-Match": "{tag}"},
    "200 plain": {},
    "200 gzip": {"Accept-Encoding": "gzip"},
}
NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/errors;
events {{ worker_connections 512; }}
http {{
  access_log off; sendfile on; gzip_static on;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  types {{ application/atom+xml atom; }}
  server {{ listen 127.0.0.1:{port}; root {folder}/data; }}
}}
"""


def prepare(folder: Path) -> int:
    """Publish an edition, packed for nginx beforehand; return its size."""
    edition = Edition(
        spec=FeedSpec(name="merged", title="Merged news"),
        self_url=f"{render.HOME}feeds/merged.atom",
        home_url=render.HOME,
        updated=render.NOW,
        stories=tuple(render.make_story(number) for number in range(STORIES)),
    )
    content = atom.render(edition)
    path = folder / "data" / "feeds" / "merged.atom"
    files.write(path, content)
    path.with_name("merged.atom.gz").write_bytes(gzip.compress(content, 6))
    (folder / "aggregator.yaml").write_text("data: data\nsources: []\n")
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=THEIRS))
    for one in (folder, *folder.rglob("*")):  # nginx serves as nobody
        one.chmod(0o755 if one.is_dir() else 0o644)
    return len(content)


@contextlib.contextmanager
def running(*command: str) -> Iterator[None]:
    """Run a server until the block ends."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def tag_of(address: str) -> str:
    """Return the ETag, asked for until the server is there."""
    for _ in range(100):
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  ours
            return str(answer.headers["ETag"])
        time.sleep(0.1)
    raise SystemExit(f"nobody answers at {address}")


def measure(address: str, headers: dict[str, str]) -> float:
    """Return the requests answered in a second."""
    words = [f"-H{name}: {value.format(tag=tag_of(address))}" for name, value in headers.items()]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *words, address]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert found, printed  # noqa: S101
    return float(found[1])


def main() -> None:
    """Print a table: requests per second of each, and the ratio, medians of the rounds."""
    if not (shutil.which("wrk") and shutil.which("nginx")):
        raise SystemExit("this needs wrk and nginx")
    servers = {"nginx": THEIRS, "ours": OURS}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        size = prepare(folder)
        with (
            running("nginx", "-c", str(folder / "nginx.conf")),
            running(
                sys.executable, "-m", "aggregator", "serve", "--quiet", "--port", str(OURS),
                "--config", str(folder / "aggregator.yaml"),
            ),
        ):  # fmt: skip
            found: dict[tuple[str, str], list[float]] = {}
            for _ in range(ROUNDS):
                for case, headers in CASES.items():
                    for name, port in servers.items():
                        address = f"http://127.0.0.1:{port}/feeds/merged.atom"
                        found.setdefault((case, name), []).append(measure(address, headers))
    print(f"feed of {size:,} bytes, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("| | nginx | ours | ours / nginx |\n|---|---|---|---|")
    for case in CASES:
        nginx, ours = (statistics.median(found[case, name]) for name in servers)
        print(f"| {case} | {nginx:,.0f} | {ours:,.0f} | {ours / nginx:.2f} |")


if __name__ == "__main__":
    main()
