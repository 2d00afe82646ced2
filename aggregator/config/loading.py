"""Load the configuration: file → values → validated models → Config; all problems in one error."""

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

_EMPTY = "is missing: the file is empty; create one with `aggregator init`"


def load(path: Path, env: Mapping[str, str]) -> Config:
    """Load a configuration file; raise ConfigError with the file, the line, the key and the fix.

    `${NAME}` is looked up in `env`.
    """
    return loads(_read_text(path), path, env)


def load_with_warnings(
    path: Path, env: Mapping[str, str]
) -> tuple[Config, tuple[ConfigError, ...]]:
    """Load a configuration file and warn about likely mistakes; raise ConfigError."""
    text = _read_text(path)
    values = yaml_tree.read(text, env)
    if values.value is None and not values.problems:
        raise ConfigError(_EMPTY, path=path, line=1, key="sources")
    config = _build_config(values, path)
    found = (dataclasses.replace(one, line=values.line(one.where)) for one in warnings(config))
    return config, tuple(as_error(one, path) for one in found)


def located_error(path: Path, where: yaml_tree.Where, text: str) -> ConfigError:
    """Return the error of a value rejected after loading, with its line if the file is readable."""
    try:
        line: int | None = yaml_tree.read(_read_text(path), {}).line(where)
    except ConfigError:
        line = None
    return as_error(Problem(text=text, where=where, line=line), path)


def loads(text: str, path: Path, env: Mapping[str, str]) -> Config:
    """Load a configuration from text, as if it were in the file `path`."""
    return _build_config(yaml_tree.read(text, env), path)


def clean_options(values: Mapping[str, Any]) -> CleanOptions:
    """Return cleaning options from a flat mapping of the keys of `images:` and `clean:`."""
    parts: dict[str, dict[str, Any]] = {"images": {}, "clean": {}}
    for key, value in values.items():
        parts["clean" if key in CleanModel.model_fields else "images"][key] = value
    return _build_config(yaml_tree.Tree(value=parts), Path("options")).clean


def _build_config(values: yaml_tree.Tree, path: Path) -> Config:
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
    # Only this mode shows defaults as they are written in the file: 30m.
    made = ConfigModel.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | made


def with_addresses(config: Config, addresses_: Iterable[str]) -> Config:
    """Return the configuration with these URLs as its only sources."""
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
    """Return the configuration with more private IP addresses, networks and host names allowed."""
    try:
        more = tuple(fields.allowance(one) for one in allowed)
    except ValueError as error:
        raise ConfigError(str(error), key="--allow-private") from None
    fetch = dataclasses.replace(config.fetch, allow_private=config.fetch.allow_private + more)
    return dataclasses.replace(config, fetch=fetch)


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(yaml_tree.MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError("no such file: create it with `aggregator init`", path=path) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot be read: {explain(error)}", path=path) from None
    if len(content) > yaml_tree.MAX_FILE_BYTES:
        raise ConfigError(f"is larger than {yaml_tree.MAX_FILE_BYTES} bytes", path=path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8: save it as UTF-8", path=path, line=line) from None
