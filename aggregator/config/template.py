"""The commented configuration to start from."""

from importlib import resources

_MARK = "  # @samples\n"
_SAMPLES = """\
  # The bundled samples, a folder of dumps:
  - {id: samples, kind: dump, path: ../fixtures/dumps}
"""


def text(*, samples: bool = False) -> str:
    """Return its text; with the bundled samples it is the one that a checkout runs with."""
    file = resources.files("aggregator.config") / "template.yaml"
    return file.read_text(encoding="utf-8").replace(_MARK, _SAMPLES if samples else "")
