"""`aggregator evaluate` and `aggregator train`: grouping against labelled entries."""

from pathlib import Path
from typing import Annotated

import typer

_Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Labelled entries.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
