"""The commented configuration to start from, and the bundled samples that it fetches."""

from importlib import resources
from pathlib import Path

_SAMPLES = "../aggregator/samples"  # as config/aggregator.yaml of a checkout names them


def text(samples: str = _SAMPLES) -> str:
    """Return its text, with the path of the samples as seen from the file."""
    file = resources.files("aggregator.config") / "template.yaml"
    return file.read_text(encoding="utf-8").replace("@samples", samples)


def copy_samples(folder: Path) -> None:
    """Put the bundled samples into a folder; what is there already is left as it is."""
    folder.mkdir(exist_ok=True)
    for file in (resources.files("aggregator") / "samples").iterdir():
        place = folder / file.name
        if not place.exists():
            place.write_bytes(file.read_bytes())
