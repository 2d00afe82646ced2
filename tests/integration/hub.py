"""A small WebSub hub on loopback: notes what it is told, verifies subscriptions, delivers, signed."""

import hashlib
import hmac
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

from tests.integration.loopback import Quiet, listening
from tests.waiting import HUNG

CHALLENGE = "a challenge & more"


@dataclass(slots=True)
class Hub:
    """The topics that it was told of; it answers with `status`, or not at all.

    `asked` are the modes and topics of requests to subscribe, `callbacks` where what it
    verified goes, by topic, each with its secret; `lease` is what it grants in seconds.
    """

    address: str = ""
    status: int = 202
    hangs: bool = False
    moved: tuple[int, str] = (0, "")  # status, where to; at all paths but /other
    verifies: bool = True
    lease: int = 3600
    told: list[str] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)
    callbacks: dict[str, tuple[str, str]] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    def verify(self, form: dict[str, str], **other: str) -> tuple[int, str]:
        """Ask the subscriber whether it wants this; return its answer."""
        question = {
            "hub.mode": form["hub.mode"],
            "hub.topic": form["hub.topic"],
            "hub.challenge": CHALLENGE,
            "hub.lease_seconds": str(self.lease),
        } | {f"hub.{name}": value for name, value in other.items()}
        answer = send(f"{form['hub.callback']}?{urlencode(question)}")
        self.answers.append(answer)
        if answer == (200, CHALLENGE):
            place = (form["hub.callback"], form.get("hub.secret", ""))
            if form["hub.mode"] == "subscribe":
                self.callbacks[form["hub.topic"]] = place
            else:
                self.callbacks.pop(form["hub.topic"], None)
        return answer

    def deliver(self, topic: str, content: bytes, *, method: str = "sha256", **other: str) -> int:
        """Bring a document to the subscriber; return its status. `signature` and `link` may be given."""
        callback, secret = self.callbacks[topic]
        digest = hmac.new(secret.encode(), content, getattr(hashlib, method)).hexdigest()
        headers = {
            "Content-Type": "application/atom+xml",
            "Link": other.get("link", f'<{self.address}>; rel="hub", <{topic}>; rel="self"'),
            "X-Hub-Signature": other.get("signature", f"{method}={digest}"),
        }
        return send(callback, content, headers)[0]

    def take(self, form: dict[str, str]) -> None:
        """Take a request of a publisher or a subscriber."""
        if form["hub.mode"] == "publish":
            assert form["hub.url"] == form["hub.topic"]
            self.told.append(form["hub.topic"])
            return
        self.asked.append((form["hub.mode"], form["hub.topic"]))
        self.forms.append(form)
        if self.verifies and self.status == 202:
            threading.Thread(target=self.verify, args=(form,), daemon=True).start()


def send(
    url: str, content: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, str]:
    """Ask, or bring a document; return status and text of the answer."""
    request = urllib.request.Request(url, data=content, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=HUNG) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""
    except OSError:
        return 0, ""


@contextmanager
def open_hub() -> Iterator[Hub]:
    """Run a hub until the block ends."""
    hub = Hub()

    class Handler(Quiet):
        def do_POST(self) -> None:  # noqa: N802  http.server's word
            """Take a request."""
            size = int(self.headers["Content-Length"])
            form = parse_qs(self.rfile.read(size).decode())
            assert all(len(values) == 1 for values in form.values())
            hub.take({name: values[0] for name, values in form.items()})
            if hub.hangs:
                hub.ended.wait(2 * HUNG)
            status, place = hub.moved if self.path != "/other" and hub.moved[0] else (0, "")
            self.send_response(status or hub.status)
            if place:
                self.send_header("Location", place)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with listening(Handler) as address:
        hub.address = f"{address}/hub?a=b"
        try:
            yield hub
        finally:
            hub.ended.set()
