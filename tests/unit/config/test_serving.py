"""Doubts about the address that readers use."""

import pytest

from aggregator.config.serving import host_warning, port_warning


@pytest.mark.parametrize(
    ("public_url", "port", "doubted"),
    [
        ("http://127.0.0.1:8080/", 8080, False),
        ("http://127.0.0.1:9090/", 8080, True),
        ("http://localhost/", 8080, True),
        ("http://[::1]:8080/", 9090, True),
        ("https://localhost:9090/", 8080, True),
        ("http://nas.lan:9090/", 8080, True),
        ("http://nas.lan:8080/news/", 8080, False),
        ("http://nas.lan/", 8080, False),
        ("http://nas.lan/", 80, False),
        ("https://news.example.org/", 8080, False),
        ("https://news.example.org:8443/", 8080, False),
        ("http://192.168.1.5:8000/", 8080, True),
    ],
)
def test_another_port_is_doubted(public_url: str, port: int, doubted: bool) -> None:
    told = port_warning(public_url, port)
    assert bool(told) is doubted
    if told:
        assert f"port {port} is served" in told
        assert "--port" in told


@pytest.mark.parametrize(
    ("public_url", "host", "doubted"),
    [
        ("http://127.0.0.1:8080/", "127.0.0.1", False),
        ("http://127.0.0.1:8080/", "localhost", False),
        ("http://127.0.0.1:8080/", "[::1]", False),
        ("http://127.0.0.1:8080/", "0.0.0.0", True),  # noqa: S104  on purpose
        ("http://127.0.0.1:8080/", "", True),
        ("http://localhost:8080/", "::", True),
        ("http://127.0.0.1:8080/", "192.168.1.5", True),
        ("http://nas.lan:8080/", "0.0.0.0", False),  # noqa: S104  on purpose
        ("https://news.example.org/", "127.0.0.1", False),
    ],
)
def test_an_address_of_this_machine_alone_is_doubted(
    public_url: str, host: str, doubted: bool
) -> None:
    told = host_warning(public_url, host)
    assert bool(told) is doubted
    assert not told or "set it to the URL" in told
