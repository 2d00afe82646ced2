"""`aggregator init` and `aggregator check`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from aggregator.cli.options import ConfigPath, Json, Quiet, config_path, fault_json
from aggregator.cli.output import count, json_line, print_error, print_json, print_line, printable
from aggregator.core.errors import AggregatorError, ConfigError, explain

_Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder to create it in.")]
_Schema = Annotated[
    bool, typer.Option("--schema", help="Print the JSON schema of the configuration.")
]


def register(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(init)
    app.command()(check)


def init(folder: _Folder = Path(), quiet: Quiet = False) -> None:
    """Write a commented example configuration, DIR/config/aggregator.yaml, and sample entries."""
    from aggregator.config import template  # noqa: PLC0415  `--help` need not load pydantic

    path = folder / "config" / "aggregator.yaml"
    try:
        if path.exists():
            raise ConfigError("already exists: it was not changed", path=path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(template.text("../samples"))
        template.copy_samples(folder / "samples")
    except (OSError, ValueError) as error:
        raise AggregatorError(f"{path} cannot be written: {explain(error)}") from None
    if not quiet:
        print_line(f"wrote {path}; next: cd {folder} && aggregator run")


def check(
    config: ConfigPath = None, schema: _Schema = False, json: Json = False, quiet: Quiet = False
) -> None:
    """Validate the configuration; report each fault as file:line: key: problem, and exit 2."""
    if schema:
        from aggregator.config import schema as make_schema  # noqa: PLC0415  as above

        print_line(json_line(make_schema()))
        return
    from aggregator import bootstrap  # noqa: PLC0415  the words of feeds: half a second
    from aggregator import config as configuration  # noqa: PLC0415  as above

    path = config_path(config)
    read, warnings = configuration.load_with_warnings(path, os.environ)
    bootstrap.check_feeds(read)
    sources, feeds = len(read.sources), len(read.feeds)
    if json:
        listed = [fault_json(one) for one in warnings]
        counted = {"config": str(read.path), "sources": sources, "feeds": feeds}
        print_json(counted | ({"warnings": listed} if listed else {}))
        return
    for one in warnings if not quiet else ():
        print_error(printable(f"warning: {one}"))
    if not quiet:
        print_line(f"{path}: OK: {count(sources, 'source')}, {count(feeds, 'feed')}")
