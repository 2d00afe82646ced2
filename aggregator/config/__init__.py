"""YAML → Config; every error names the file, the line, the key and the fix."""

from aggregator.config.config import Config
from aggregator.config.loading import (
    clean_options,
    load,
    load_with_warnings,
    loads,
    located_error,
    schema,
    with_addresses,
    with_allowed,
)

__all__ = [
    "Config",
    "clean_options",
    "load",
    "load_with_warnings",
    "loads",
    "located_error",
    "schema",
    "with_addresses",
    "with_allowed",
]
