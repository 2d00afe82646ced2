"""`aggregator run` and `aggregator serve`: the daemon, and serving alone."""

import asyncio
from typing import Annotated

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
    from aggregator import bootstrap, daemon  # noqa: PLC0415

    open_logs("warning" if quiet else "info")
    application = bootstrap.open_application(read_config(config, data))
    try:
        with application.lock():
            asyncio.run(daemon.run(application, host, port, lambda: read_config(config, data)))
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
    from aggregator import bootstrap, daemon  # noqa: PLC0415  as above

    open_logs("warning" if quiet else "info")
    application = bootstrap.open_application(read_config(config, data))
    try:
        asyncio.run(daemon.serve(application, host, port, lambda: read_config(config, data)))
    finally:
        application.close()
