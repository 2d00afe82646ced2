"""Values of the model as compact bytes and text, and times as whole microseconds."""

import json
import zlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


class DamagedValue(ValueError):  # noqa: N818  the field's word
    """Stored bytes or text were damaged."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_LEVEL = 1  # level 6 saves an eighth of the space and takes twice the time


def to_ticks(when: datetime) -> int:
    """Return a time as microseconds since 1970."""
    return (when - _EPOCH) // _TICK


def from_ticks(ticks: int) -> datetime:
    """Return the time that is this number of microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=ticks)


def maybe_ticks(when: datetime | None) -> int | None:
    """Return a time as microseconds since 1970; None for None."""
    return None if when is None else to_ticks(when)


def maybe_time(ticks: int | None) -> datetime | None:
    """Return the time that is this number of microseconds after 1970; None for None."""
    return None if ticks is None else from_ticks(ticks)


def storable(text: str) -> str:
    """Return the text in a form that every database accepts: no NUL, no lone surrogate."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def pack(value: object) -> bytes:
    """Return a dataclass of the model as compressed bytes."""
    return zlib.compress(to_json(value).encode("utf-8", "surrogatepass"), _LEVEL)


def unpack(kind: type[T], packed: bytes) -> T:
    """Return the dataclass that was packed; raise DamagedValue if it cannot be."""
    try:
        text = zlib.decompress(packed).decode("utf-8", "surrogatepass")
    except (zlib.error, UnicodeDecodeError) as error:
        raise DamagedValue(f"damaged: {error}") from error
    value: T = from_json(kind, text)
    return value


def to_json(value: object) -> str:
    """Return a dataclass or tuple of the model as one line of JSON; defaults are left out."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def from_json(kind: Any, text: str) -> Any:
    """Return the value of this type that `to_json` wrote; raise DamagedValue for invalid text.

    Fields that this version does not know are ignored.
    """
    try:
        return _reader(kind)(json.loads(text))
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DamagedValue(f"not a {kind}: {error!r}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, str | int | float | NoneType):
        return value
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return to_ticks(value)
    if isinstance(value, timedelta):
        return value // _TICK
    kind: Any = type(value)
    held = {}
    for name, default in _fields(kind):
        one = getattr(value, name)
        if one != default:
            held[name] = one if type(one) is str else _plain(one)
    return held


@cache
def _fields(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((one.name, one.default) for one in fields(kind))


Reader = Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


@cache
def _reader(kind: Any) -> Reader:
    """Return the function that turns the JSON of this type back into it."""
    if kind is datetime:
        return from_ticks
    if kind is timedelta:
        return lambda ticks: timedelta(microseconds=ticks)
    if is_dataclass(kind):
        return _dataclass_reader(kind)
    if get_origin(kind) is tuple:
        return _tuple_reader(get_args(kind))
    inner = [one for one in get_args(kind) if one is not NoneType]
    if NoneType in get_args(kind) and len(inner) == 1:
        read = _reader(inner[0])
        return lambda value: None if value is None else read(value)
    return _same


def _tuple_reader(kinds: tuple[Any, ...]) -> Reader:
    if kinds[-1] is not Ellipsis:
        reads = [_reader(kind) for kind in kinds]
        return lambda value: tuple(read(one) for read, one in zip(reads, value, strict=True))
    read = _reader(kinds[0])
    if read is _same:
        return tuple
    return lambda value: tuple(map(read, value))


def _dataclass_reader(kind: Any) -> Reader:
    hints = get_type_hints(kind)
    readers = {name: _reader(hints[name]) for name, _ in _fields(kind)}

    def read(value: dict[str, Any]) -> Any:
        """Build the dataclass from the fields that it knows."""
        return kind(**{name: readers[name](value[name]) for name in readers.keys() & value})

    return read
