"""Reads the configuration: file → values → checked models → Config; all that is wrong at once."""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aggregator.config import addresses, fields, yaml_tree
from aggregator.config.build import build
from aggregator.config.check import check
from aggregator.config.config import Config
from aggregator.config.lint import warnings
from aggregator.config.models import ConfigModel
from aggregator.config.problems import Problem, as_error, raise_all
from aggregator.config.sections import CleanModel
from aggregator.core.errors import ConfigError, explain
from aggregator.core.model import Source
from aggregator.core.settings import CleanOptions

_EMPTY = "is missing: the file is empty; `aggregator init` writes one to start from"


def load(path: Path, env: Mapping[str, str]) -> Config:
    """Read a configuration file, or raise ConfigError with file, line, key and the mend.

    `env` is where `${NAME}` is looked up.
    """
    return loads(_text(path), path, env)


def inspect(path: Path, env: Mapping[str, str]) -> tuple[Config, tuple[ConfigError, ...]]:
    """Read a configuration file and say what in it can hardly be meant; raise ConfigError."""
    text = _text(path)
    values = yaml_tree.read(text, env)
    if values.value is None and not values.problems:
        raise ConfigError(_EMPTY, path=path, line=1, key="sources")
    config = _settle(values, path)
    found = (dataclasses.replace(one, line=values.line(one.where)) for one in warnings(config))
    return config, tuple(as_error(one, path) for one in found)


def fault(path: Path, where: yaml_tree.Where, text: str) -> ConfigError:
    """Return the error of a value that was found faulty later on, with its line if it can be read."""
    try:
        line: int | None = yaml_tree.read(_text(path), {}).line(where)
    except ConfigError:
        line = None
    return as_error(Problem(text=text, where=where, line=line), path)


def loads(text: str, path: Path, env: Mapping[str, str]) -> Config:
    """Read the text of a configuration as if it stood in the file `path`."""
    return _settle(yaml_tree.read(text, env), path)


def options(values: Mapping[str, Any]) -> CleanOptions:
    """Read what may differ for one source: the keys of `images:` and of `clean:` side by side."""
    parts: dict[str, dict[str, Any]] = {"images": {}, "clean": {}}
    for key, value in values.items():
        parts["clean" if key in CleanModel.model_fields else "images"][key] = value
    return _settle(yaml_tree.Tree(value=parts), Path("options")).clean


def _settle(values: yaml_tree.Tree, path: Path) -> Config:
    checked = check(values)
    config, faults = build(checked.model, path)
    problems = [
        dataclasses.replace(one, line=one.line or values.line(one.where))
        for one in (*checked.problems, *(() if checked.problems else faults))
    ]
    raise_all(problems, path)
    return config


def schema() -> dict[str, Any]:
    """Return the JSON schema of the file, for editors and other tools."""
    # only this mode writes the defaults as people do: 30m
    made = ConfigModel.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | made


def with_addresses(config: Config, addresses_: Iterable[str]) -> Config:
    """Return the configuration with these addresses alone as its sources."""
    sources: dict[str, Source] = {}
    for one in addresses_:
        try:
            url = fields.web_address(one.strip())
        except ValueError as error:
            raise ConfigError(str(error), key="--url") from None
        made = addresses.source_id(url)
        sources[made] = Source(id=made, url=url, clean=config.clean)
    return dataclasses.replace(config, sources=tuple(sources.values()))


def with_allowed(config: Config, allowed: Iterable[str]) -> Config:
    """Return the configuration with more private addresses, networks and names allowed."""
    try:
        more = tuple(fields.allowance(one) for one in allowed)
    except ValueError as error:
        raise ConfigError(str(error), key="--allow-private") from None
    fetch = dataclasses.replace(config.fetch, allow_private=config.fetch.allow_private + more)
    return dataclasses.replace(config, fetch=fetch)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(yaml_tree.LARGEST + 1)
    except FileNotFoundError:
        raise ConfigError("no such file: `aggregator init` writes one", path=path) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot be read: {explain(error)}", path=path) from None
    if len(content) > yaml_tree.LARGEST:
        raise ConfigError(f"is larger than {yaml_tree.LARGEST} bytes", path=path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8: save it as UTF-8", path=path, line=line) from None
