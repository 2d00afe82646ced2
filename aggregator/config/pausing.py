"""Pauses and resumes a source in the configuration file; everything else in it is preserved."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from aggregator.config import edit, loading
from aggregator.core.errors import AggregatorError, ConfigError

_MARK = "\ufeff"  # of UTF-8 files that some editors write


def set_paused(path: Path, env: Mapping[str, str], source_id: str, *, paused: bool) -> None:
    """Pause or resume a source, or raise AggregatorError; nothing happens if it is so already."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AggregatorError(f"{path} cannot be read") from error
    mark = _MARK if text.startswith(_MARK) else ""
    text = text.removeprefix(_MARK)
    before = loading.loads(text, path, env)
    source = before.find(source_id)
    if source.paused == paused:
        return
    number = before.sources.index(source)
    changed = (
        edit.set_key(text, number, "paused", "true")
        if paused
        else edit.remove_key(text, number, "paused")
    )
    try:
        after = loading.loads(changed, path, env)
    except ConfigError as error:
        raise AggregatorError(
            f"{path} has a form that cannot be edited: edit it by hand"
        ) from error
    left = [one for one in after.sources if one.id != source.id]
    if left != [one for one in before.sources if one.id != source.id]:
        raise AggregatorError(f"{path} has a form that cannot be edited: edit it by hand")
    _replace(path.resolve(), (mark + changed).encode())


def _replace(path: Path, content: bytes) -> None:
    """Write a file atomically; its permissions are preserved."""
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as aside:
            aside.write(content)
            aside.flush()
            os.fsync(aside.fileno())
        part = Path(aside.name)
        part.chmod(path.stat().st_mode & 0o7777)
        part.replace(path)
    except OSError as error:
        raise AggregatorError(f"{path} cannot be written: {error.strerror}") from error
