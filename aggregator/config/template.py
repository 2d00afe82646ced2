"""The initial configuration with comments, and the bundled samples that it fetches."""

from importlib import resources
from pathlib import Path

_SAMPLES = "../aggregator/samples"  # as in config/aggregator.yaml of a checkout


def text(samples: str = _SAMPLES) -> str:
    """Return the text of the initial configuration, with the path of the samples filled in."""
    file = resources.files("aggregator.config") / "template.yaml"
    return file.read_text(encoding="utf-8").replace("@samples", samples)


def copy_samples(folder: Path) -> None:
    """Copy the bundled samples into a folder; existing files are not overwritten."""
    folder.mkdir(exist_ok=True)
    for file in (resources.files("aggregator") / "samples").iterdir():
        place = folder / file.name
        if not place.exists():
            place.write_bytes(file.read_bytes())
