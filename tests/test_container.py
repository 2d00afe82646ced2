"""The container's files: the compose file keeps its schema, and what they name is there."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
import yaml

from tests.waiting import HUNG

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "tests" / "compose.schema.json").read_text(encoding="utf-8"))
validate = fastjsonschema.compile(SCHEMA)


def test_the_compose_file_keeps_the_schema() -> None:
    validate(COMPOSE)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", ["8080:8080"]),
        ("ports", ["8080:http"]),
        ("restart", True),
        ("volumes", ["data"]),
        ("read_only", "yes"),
        ("user", 10001),
    ],
)
def test_the_schema_finds_faults(key: str, value: Any) -> None:
    service = COMPOSE["services"]["aggregator"]
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        validate({"services": {"aggregator": service | {key: value}}})


def test_the_compose_file_names_volumes_that_it_declares_and_the_image_has() -> None:
    mounted = dict(one.split(":") for one in COMPOSE["services"]["aggregator"]["volumes"])
    named = {
        volume.split(":")[0] for one in COMPOSE["services"].values() for volume in one["volumes"]
    }
    assert named == set(COMPOSE["volumes"])
    found = re.search(r"^VOLUME (.*)$", DOCKERFILE, re.MULTILINE)
    assert found
    assert sorted(mounted.values()) == sorted(json.loads(found[1]))


def test_one_process_is_started_unless_the_profile_is_named() -> None:
    services = COMPOSE["services"]
    usual = [name for name, one in services.items() if "profiles" not in one]
    assert usual == ["aggregator"]
    assert {name for name, one in services.items() if one.get("profiles") == ["scale"]} == {
        "database",
        "worker",
        "server",
    }


def test_the_image_runs_as_a_user_and_holds_no_tests() -> None:
    last = DOCKERFILE.split("\nFROM ")[-1]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last, re.MULTILINE)
    assert "dev.lock" not in DOCKERFILE
    assert last.count("--from=build /opt/aggregator /opt/aggregator") == 1


def test_what_is_copied_is_in_the_context() -> None:
    """The context holds nothing but what .dockerignore lets in."""
    let_in = [
        line[1:]
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    ]
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert len(names) > 5
    for name in names:
        assert (ROOT / name).exists()
        assert any(name == one or name.startswith(f"{one}/") for one in let_in), name


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_asks_directly_whatever_proxy_is_set(status: int, healthy: bool) -> None:
    answer = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = health_check(server.getsockname()[1])
        proxies = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
        environment = os.environ | dict.fromkeys(proxies, "http://127.0.0.1:9")
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
            client, _ = server.accept()
            with client:
                assert client.recv(1000).startswith(b"GET /health HTTP/1.1\r\n")
                client.sendall(answer)
            assert (process.wait(HUNG) == 0) == healthy


def test_the_health_check_fails_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = health_check(server.getsockname()[1])
    done = subprocess.run(command, capture_output=True, timeout=HUNG, check=False)
    assert done.returncode


def health_check(port: int) -> list[str]:
    """Return the command of HEALTHCHECK, for another port."""
    found = re.search(r"^HEALTHCHECK .*\\\n\s+CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert found
    _, *words = json.loads(found[1])
    assert "8080" in words[-1]
    return [sys.executable, *(word.replace("8080", str(port)) for word in words)]
