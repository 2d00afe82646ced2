"""YAML → Config; every error names file, line, key and the mend."""

from aggregator.config.config import Config
from aggregator.config.loading import (
    fault,
    inspect,
    load,
    loads,
    options,
    schema,
    with_addresses,
    with_allowed,
)

__all__ = [
    "Config",
    "fault",
    "inspect",
    "load",
    "loads",
    "options",
    "schema",
    "with_addresses",
    "with_allowed",
]
