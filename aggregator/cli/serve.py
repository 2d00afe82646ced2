"""`aggregator run` and `aggregator serve`: the daemon, and the web server alone."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from aggregator.cli.options import ConfigPath, DataPath, Quiet, open_logs, read_config

_Host = Annotated[
    str,
    typer.Option(
        "--host",
        metavar="H",
        help="The address to listen on; `localhost` and `*` (all) are IPv4 and IPv6.",
    ),
]
_Port = Annotated[
    int,
    typer.Option(
        "--port",
        metavar="P",
        min=0,
        max=65_535,
        help="The port to listen on; 0 chooses a free one.",
    ),
]

# That a busy thread keeps the interpreter; by default 5 ms, and an answer takes several turns.
_SWITCH_SECONDS = 0.001


def register(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(run)
    app.command()(serve)


def run(
    config: ConfigPath = None,
    data: DataPath = None,
    host: _Host = "localhost",
    port: _Port = 8080,
    quiet: Quiet = False,
) -> None:
    """Fetch on schedule, publish and serve until Ctrl-C."""
    # slow to import: only these commands need a web server
    from aggregator import bootstrap, service  # noqa: PLC0415
    from aggregator.store import lock_folder  # noqa: PLC0415
    from aggregator.web.listen import listening, port_of  # noqa: PLC0415

    _ignore_early_reload()
    read = read_config(config, data)
    log = open_logs("warning" if quiet else "info", read.log, background=True)
    with lock_folder(read.data), listening(host, port) as sockets:
        application = bootstrap.open_application(read)
        try:
            listens = service.Listening(host, port_of(sockets), sockets, log)
            with application.store.held():
                _wait(service.run(application, listens, lambda: read_config(config, data)))
        finally:
            application.close()


def serve(
    config: ConfigPath = None,
    data: DataPath = None,
    host: _Host = "localhost",
    port: _Port = 8080,
    quiet: Quiet = False,
) -> None:
    """Serve the published feeds until Ctrl-C, without fetching."""
    from aggregator import bootstrap, service  # noqa: PLC0415  as above
    from aggregator.web.listen import listening, port_of  # noqa: PLC0415

    _ignore_early_reload()
    read = read_config(config, data)
    log = open_logs("warning" if quiet else "info", read.log, background=True)
    with listening(host, port) as sockets:
        application = bootstrap.open_application(read)
        try:
            listens = service.Listening(host, port_of(sockets), sockets, log)
            _wait(service.serve(application, listens, lambda: read_config(config, data)))
        finally:
            application.close()


def _ignore_early_reload() -> None:
    """Outlive a SIGHUP that comes before the server takes it: the configuration is read anyway."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _wait(serving: Coroutine[Any, Any, None]) -> None:
    """Run until the end on uvicorn's preferred event loop, which doubles the throughput."""
    import uvicorn  # noqa: PLC0415  as above

    sys.setswitchinterval(_SWITCH_SECONDS)
    factory = uvicorn.Config(lambda: None, log_config=None).get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serving)
