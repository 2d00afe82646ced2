"""`aggregator worker`: one of many processes, on any number of machines."""

import asyncio
from typing import Annotated

import typer

from aggregator.cli.options import ConfigPath, DataPath, Quiet, open_logs, read_config
from aggregator.core.errors import ConfigError

_QUEUES = ("fetch", "group", "publish")

_Queues = Annotated[
    str,
    typer.Option(
        "--queues",
        metavar="NAMES",
        help="The work to take part in: fetch, group, publish, separated by commas.",
    ),
]
_UntilIdle = Annotated[
    bool, typer.Option("--until-idle", help="End when nothing is due, queued or to be grouped.")
]
_Metrics = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        metavar="P",
        min=1,
        max=65_535,
        help="Answer scrapes of Prometheus on this port of all addresses.",
    ),
]


def register(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(worker)


def worker(  # noqa: PLR0917  typer reads the options from the signature
    config: ConfigPath = None,
    data: DataPath = None,
    queues: _Queues = "fetch,group,publish",
    until_idle: _UntilIdle = False,
    metrics_port: _Metrics = None,
    quiet: Quiet = False,
) -> None:
    """Fetch, group and publish together with other workers; needs PostgreSQL."""
    wanted = _wanted(queues)
    read = read_config(config, data)
    open_logs("warning" if quiet else "info", read.log, background=True)
    if read.store.startswith("sqlite"):
        raise ConfigError(
            "aggregator worker needs `store: postgresql://…`; with sqlite use aggregator run",
            path=read.path,
            key="store",
        )
    # slow to import: only this command needs the queues
    from aggregator import bootstrap  # noqa: PLC0415
    from aggregator.web.metrics import Metrics  # noqa: PLC0415

    try:
        from aggregator.workers import process  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"aggregator worker needs the package {error.name}: pip install 'storyfold[scale]'"
        ) from None
    metrics = Metrics()
    if metrics_port:
        metrics.serve("", metrics_port)
    again = True
    while again:
        application = bootstrap.open_application(read)
        try:
            run = process.run(application, wanted, until_idle=until_idle, metrics=metrics)
            again = asyncio.run(run)
        finally:
            application.close()
        if again:
            read = read_config(config, data)


def _wanted(queues: str) -> tuple[str, ...]:
    """Return the named queues, or raise ConfigError."""
    named = [one.strip() for one in queues.split(",") if one.strip()]
    if unknown := [one for one in named if one not in _QUEUES]:
        raise ConfigError(f"--queues: {unknown[0]} is none of {', '.join(_QUEUES)}")
    return tuple(dict.fromkeys(named)) or _QUEUES
