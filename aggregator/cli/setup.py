"""`aggregator init` and `aggregator check`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli.options import ConfigPath, Json, Quiet, config_path, read_config
from aggregator.cli.output import json_line, say, say_json
from aggregator.core.errors import ConfigError

if TYPE_CHECKING:
    from aggregator.config import Config

_Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Where to put it.")]
_Schema = Annotated[
    bool, typer.Option("--schema", help="Print the JSON schema of the configuration instead.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(init)
    app.command()(check)


def init(folder: _Folder = Path(), quiet: Quiet = False) -> None:
    """Write a commented configuration to start from, DIR/config/aggregator.yaml, and samples to try it on."""
    from aggregator.config import template  # noqa: PLC0415  `--help` need not load pydantic

    path = folder / "config" / "aggregator.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(template.text("../samples"))
    except FileExistsError:
        raise ConfigError("stands here already: it was left as it is", path=path) from None
    template.copy_samples(folder / "samples")
    if not quiet:
        say(f"wrote {path}; next: cd {folder} && aggregator run")


def check(
    config: ConfigPath = None, schema: _Schema = False, json: Json = False, quiet: Quiet = False
) -> None:
    """Validate the configuration; exit 2 and file:line: key: what is wrong."""
    if schema:
        from aggregator.config import schema as make_schema  # noqa: PLC0415  as above

        say(json_line(make_schema()))
        return
    read = read_config(config)
    _check_words(read)
    sources, feeds = len(read.sources), len(read.feeds)
    if json:
        say_json({"config": str(read.path), "sources": sources, "feeds": feeds})
    elif not quiet:
        say(f"{config_path(config)}: in order ({sources} sources, {feeds} feeds)")


def _check_words(read: "Config") -> None:
    """Try the words and expressions of all feeds: one that could cost too much is refused."""
    if not any(feed.include or feed.exclude for feed in read.feeds):
        return
    from aggregator.publish import selection  # noqa: PLC0415  numpy and more: half a second

    for number, feed in enumerate(read.feeds):
        try:
            selection.check(feed)
        except ConfigError as error:
            key = f"feeds[{number}].{error.key}".rstrip(".")
            raise ConfigError(error.problem, path=read.path, key=key) from None
