"""Named arrays as bytes that can be used where they lie, without a copy."""

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SIZE = struct.Struct("<I")
_ALIGNED = 64  # bytes, so that each array begins where its elements may lie

ERRORS = (ValueError, TypeError, LookupError, AttributeError, OverflowError, struct.error)
"""What reading bytes of something else may raise."""
Arrays = Mapping[str, NDArray[Any]]


def to_bytes(about: Mapping[str, Any], arrays: Arrays) -> Iterator[bytes | memoryview]:
    """Yield parts that make the bytes of some arrays; `about` are facts in JSON."""
    listed = [(name, len(one)) for name, one in arrays.items()]
    head = json.dumps({"about": about, "arrays": listed}).encode()
    yield _SIZE.pack(len(head))
    yield head
    yield _room(_SIZE.size + len(head))
    for one in arrays.values():
        content = np.ascontiguousarray(one).view(np.uint8).data.cast("B")
        yield content
        yield _room(len(content))


def from_bytes(
    content: memoryview, forms: Mapping[str, np.dtype[Any]]
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the facts and the arrays, whose types are given by name.

    Raise one of ERRORS if the bytes are of something else.
    """
    (size,) = _SIZE.unpack_from(content)
    head = json.loads(bytes(content[_SIZE.size : _SIZE.size + size]))
    at = _SIZE.size + size
    found = {}
    for name, count in head["arrays"]:
        at += len(_room(at))
        found[name] = (
            np.frombuffer(content, forms[name], count, at) if count else _none(forms[name])
        )
        at += count * forms[name].itemsize
    return head["about"], found


def _none(form: np.dtype[Any]) -> NDArray[Any]:
    return np.empty(0, form)


def _room(size: int) -> bytes:
    """Return the bytes after so many before the next array begins."""
    return bytes(-size % _ALIGNED)
