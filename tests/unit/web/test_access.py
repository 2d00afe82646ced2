"""Whom the server answers, and with which headers."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import structlog
from starlette.types import Message, Receive, Scope, Send

from aggregator.web._access import AccessMiddleware
from tests.builders import make_shown, make_stored
from tests.unit.web.fakes import make_site, visit

ANY = "0.0.0.0"  # noqa: S104  never bound


@pytest.mark.parametrize(
    ("host", "bound", "status"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 200),
        ("localhost", "127.0.0.1", 200),
        ("LOCALHOST.:99", "127.0.0.1", 200),
        ("[::1]:8080", "127.0.0.1", 200),
        ("news.example.org", "127.0.0.1", 200),
        ("News.Example.org:443", "127.0.0.1", 200),
        ("box.lan:8080", "box.lan", 200),
        ("evil.example.com", "127.0.0.1", 421),
        ("news.example.org.evil.com", "127.0.0.1", 421),
        ("192.168.1.5", "127.0.0.1", 421),
        ("192.168.1.5:8080", ANY, 200),
        ("[fd00::1]", "::", 200),
        ("evil.example.com", ANY, 421),
        ("", ANY, 421),
        ("[", "127.0.0.1", 421),
    ],
)
def test_only_our_own_hosts_are_answered(
    tmp_path: Path, host: str, bound: str, status: int
) -> None:
    site = make_site(tmp_path, public_url="https://news.example.org/", host=bound)
    answer = visit(site).get("/feeds/merged.atom", headers={"Host": host})
    assert answer.status_code == status
    assert status == 200 or "allowed_hosts" in answer.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("nas.local", 200),
        ("NAS.local.:8080", 200),
        ("a.home.arpa", 200),
        ("a.b.home.arpa:99", 200),
        ("home.arpa", 421),
        ("nas.local.evil.com", 421),
        ("evil.com", 421),
        ("192.168.1.5:8080", 200),
        ("[fd00::5]", 200),
        ("127.0.0.2", 200),
        ("[::ffff:127.0.0.1]", 200),
        ("192.168.1.6", 421),
        ("*", 421),
    ],
)
def test_allowed_names_and_bound_addresses_are_answered(
    tmp_path: Path, host: str, status: int
) -> None:
    site = make_site(
        tmp_path,
        host="box.lan",
        addresses=("192.168.1.5", "fd00::5"),
        allowed_hosts=("nas.local", "*.home.arpa"),
    )
    answer = visit(site).get("/feeds/merged.atom", headers={"Host": host})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("client", "status"),
    [
        ("127.0.0.1", 200),
        ("::1", 200),
        ("10.1.2.3", 200),
        ("::ffff:192.168.0.9", 200),
        ("fd00::7", 200),
        ("fe80::7%eth0", 200),
        ("93.184.216.34", 421),
        ("2606:2800::1", 421),
        ("", 421),
    ],
)
@pytest.mark.parametrize("path", ["/health", "/healthz", "/readyz", "/metrics"])
def test_machines_nearby_may_use_any_name(
    tmp_path: Path, path: str, client: str, status: int
) -> None:
    visitor = visit(make_site(tmp_path), client=client)
    headers = {"Host": "aggregator"}
    assert visitor.get(path, headers=headers).status_code == status
    assert visitor.get("/", headers=headers).status_code == 421


def test_each_refused_name_is_logged_once(tmp_path: Path) -> None:
    visitor = visit(make_site(tmp_path))
    with structlog.testing.capture_logs() as lines:
        for name in ("a.example", "b.example", "a.example", "A.example:99"):
            visitor.get("/", headers={"Host": name})
        for number in range(300):
            visitor.get("/", headers={"Host": f"n{number}.example"})
    names = [line["host"] for line in lines]
    assert names[:2] == ["a.example", "b.example"]
    assert len(names) == len(set(names)) == 100


def test_headers_of_a_proxy_change_nothing(tmp_path: Path) -> None:
    headers = {
        "Host": "evil.example.com",
        "X-Forwarded-Host": "127.0.0.1",
        "Forwarded": "host=127.0.0.1",
    }
    answer = visit(make_site(tmp_path)).get("/", headers=headers)
    assert answer.status_code == 421
    assert "evil" not in answer.text


@pytest.mark.parametrize("path", ["/", "/feeds/merged.atom", "/health", "/nothing", "/style.css"])
def test_every_answer_carries_safe_headers(tmp_path: Path, path: str) -> None:
    headers = visit(make_site(tmp_path)).get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "script" not in policy


@pytest.mark.parametrize("prefix", ["", "/news"], ids=["taken off by the proxy", "left on"])
def test_it_runs_under_a_prefix(tmp_path: Path, prefix: str) -> None:
    story = make_shown(make_stored(1))
    client = visit(make_site(tmp_path, story, public_url="https://example.org/news/"))
    assert client.get(f"{prefix}/feeds/merged.atom").status_code == 200
    page = client.get(f"{prefix}/")
    assert page.status_code == 200
    for address in ("style.css", "feeds/merged.atom", "stories/", "icon.png"):
        assert f'"/news/{address}' in page.text


def test_the_bare_prefix_leads_to_its_page(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path, public_url="https://example.org/news/"))
    answer = client.get("/news")
    assert (answer.status_code, answer.headers["location"]) == (308, "/news/")
    assert client.get("/newsroom").status_code == 404


def call(scope: Scope) -> list[Any]:
    """Pass a scope through the gate; return what was sent, and what reached the pages."""
    seen: list[Any] = []

    async def app(inner: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(inner["type"])

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        seen.append(message.get("status"))

    asyncio.run(AccessMiddleware(app, public_url="http://h/", hosts=["h"])(scope, receive, send))
    return seen


def test_what_is_no_request_is_passed_on() -> None:
    assert call({"type": "lifespan"}) == ["lifespan"]


def test_a_request_without_a_host_is_old_but_not_wrong() -> None:
    assert call({"type": "http", "path": "/", "method": "GET", "headers": []}) == ["http"]


def test_two_hosts_are_one_too_many() -> None:
    headers = [(b"host", b"h"), (b"host", b"h")]
    scope = {"type": "http", "path": "/", "method": "GET", "headers": headers}
    assert call(scope)[0] == 421


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/icon.png", "cross-origin"),
        ("/logo.png", "cross-origin"),
        ("/style.css", "same-origin"),
        ("/feeds/merged.atom", "same-origin"),
        ("/", "same-origin"),
    ],
)
def test_other_sites_may_show_our_pictures_alone(tmp_path: Path, path: str, policy: str) -> None:
    headers = visit(make_site(tmp_path)).get(path).headers
    assert headers.get_list("cross-origin-resource-policy") == [policy]
