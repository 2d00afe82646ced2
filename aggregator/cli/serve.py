"""`aggregator run` and `aggregator serve`: the daemon, and serving alone."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from aggregator.cli.options import ConfigPath, DataPath, Quiet, open_logs, read_config

_Host = Annotated[str, typer.Option("--host", metavar="H", help="The address to listen on.")]
_Port = Annotated[int, typer.Option("--port", metavar="P", min=0, max=65_535)]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(run)
    app.command()(serve)


def run(
    config: ConfigPath = None,
    data: DataPath = None,
    host: _Host = "127.0.0.1",
    port: _Port = 8080,
    quiet: Quiet = False,
) -> None:
    """Follow the sources on schedule, publish and serve, until Ctrl-C."""
    # the whole pipeline and a web server: no other command need pay for them
    from aggregator import bootstrap, service  # noqa: PLC0415
    from aggregator.store import lock_folder  # noqa: PLC0415
    from aggregator.web.listen import listening, port_of  # noqa: PLC0415

    open_logs("warning" if quiet else "info")
    read = read_config(config, data)
    with lock_folder(read.data), listening(host, port) as sockets:
        application = bootstrap.open_application(read)
        try:
            listens = service.Listening(host, port_of(sockets), sockets)
            _wait(service.run(application, listens, lambda: read_config(config, data)))
        finally:
            application.close()


def serve(
    config: ConfigPath = None,
    data: DataPath = None,
    host: _Host = "127.0.0.1",
    port: _Port = 8080,
    quiet: Quiet = False,
) -> None:
    """Serve what is published, and nothing else, until Ctrl-C."""
    from aggregator import bootstrap, service  # noqa: PLC0415  as above
    from aggregator.web.listen import listening, port_of  # noqa: PLC0415

    open_logs("warning" if quiet else "info")
    read = read_config(config, data)
    with listening(host, port) as sockets:
        application = bootstrap.open_application(read)
        try:
            listens = service.Listening(host, port_of(sockets), sockets)
            _wait(service.serve(application, listens, lambda: read_config(config, data)))
        finally:
            application.close()


def _wait(serving: Coroutine[Any, Any, None]) -> None:
    """Run to the end on the loop that the web server is fastest on: twice as many try_rules."""
    import uvicorn  # noqa: PLC0415  as above

    factory = uvicorn.Config(lambda: None, log_config=None).get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serving)
