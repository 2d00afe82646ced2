"""The displayed size of an image or a frame, by its attributes and its style."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

Attributes = dict[str, str | None]

_SIZE = re.compile(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*$", re.IGNORECASE)
_LENGTH = re.compile(r"\s*\d{1,5}(?:\.\d+)?\s*(?:px|%)?\s*")
_STYLED = re.compile(
    r"(?:^|;)\s*((?:max-)?(?:width|height)|vertical-align)\s*:\s*(-?\d{0,5}(?:\.\d{1,6})?)\s*([a-z%]*)",
    re.IGNORECASE,
)
_SIDES = ("height", "width")
_PIXELS_PER_UNIT = {
    "em": 16,
    "rem": 16,
    "ex": 8,
    "ch": 8,
    "lh": 20,
}  # the defaults of browsers
_TINY_SIDE_PIXELS, _VISIBLE_SIDE_PIXELS = 2, 8
_RELATIVE_SIDE_PIXELS = 1000.0  # assumed for a size in per cent
_ATTRIBUTE_MAX_CHARS = 500  # of an attribute that is parsed


class Size(NamedTuple):
    """The displayed size of an element.

    `tiny`: too small to be visible; a thin but long line is visible. `visible`: both known sides
    are large enough. `text_size`: the attributes of an element sized relative to the font, else {}.
    `pixels`: the sizes that the style sets in pixels. `invalid`: attributes that are not lengths.
    """

    tiny: bool = False
    visible: bool = False
    text_size: Mapping[str, str] = MappingProxyType({})
    pixels: Mapping[str, str] = MappingProxyType({})
    invalid: tuple[str, ...] = ()


_UNKNOWN = Size()


def measure(attributes: Attributes) -> Size:
    """Return the displayed size of an element."""
    width, height, style = (
        attributes.get("width"),
        attributes.get("height"),
        attributes.get("style"),
    )
    if not width and not height and not style:
        invalid = tuple(name for name in _SIDES if name in attributes)
        return Size(invalid=invalid) if invalid else _UNKNOWN
    return _measure(
        (height or "")[:_ATTRIBUTE_MAX_CHARS],
        (width or "")[:_ATTRIBUTE_MAX_CHARS],
        (style or "")[:_ATTRIBUTE_MAX_CHARS],
    )


# The images of a feed have few different sizes.
@lru_cache(maxsize=2048)
def _measure(height: str, width: str, style: str) -> Size:
    given = {"height": height.strip(), "width": width.strip()}
    styled = _styled(style)
    sides = [_side(given[name], styled.get(name)) for name in _SIDES]
    known = [side for side in sides if side is not None]
    return Size(
        tiny=bool(known) and (min(known) == 0 or max(known) <= _TINY_SIDE_PIXELS),
        visible=bool(known) and min(known) >= _VISIBLE_SIDE_PIXELS,
        text_size=_text_size(given, style),
        pixels={
            name: str(round(size[0]))
            for name in _SIDES
            if (size := styled.get(name)) and size[1] in {"px", ""} and size[0] > 0
        },
        invalid=tuple(name for name in _SIDES if not _LENGTH.fullmatch(given[name])),
    )


def _side(given: str, styled: tuple[float, str] | None) -> float | None:
    """Return a side in pixels; None if it is unknown."""
    if styled is not None:
        return (
            styled[0] * _PIXELS_PER_UNIT.get(styled[1], 1)
            if styled[1] != "%"
            else _RELATIVE_SIDE_PIXELS
        )
    match = _SIZE.match(given)
    if match:
        return float(match[1])
    return _RELATIVE_SIDE_PIXELS if given.endswith("%") else None


def _styled(style: str) -> dict[str, tuple[float, str]]:
    """Return the sizes in a style, with their units."""
    return {
        name.lower(): (float(number), unit.lower())
        for name, number, unit in _STYLED.findall(style)
        if number.strip("-.")
    }


def _text_size(given: dict[str, str], style: str) -> dict[str, str]:
    written = "".join(f";{name}:{value}" for name, value in given.items() if value)
    found = _styled(f"{written};{style}")
    sizes = {name: found.get(name) or found.get(f"max-{name}") for name in _SIDES}
    kept = {
        name: size
        for name, size in sizes.items()
        if size and size[1] in _PIXELS_PER_UNIT and size[0] > 0
    }
    if not kept:
        return {}
    pixels = {
        name: str(max(1, round(number * _PIXELS_PER_UNIT[unit])))
        for name, (number, unit) in kept.items()
        if not given[name].isdecimal()
    }
    lowered = found.get("vertical-align", (0.0, ""))
    if lowered[1] in _PIXELS_PER_UNIT:
        kept["vertical-align"] = lowered
    line = ";".join(f"{name}:{number:g}{unit}" for name, (number, unit) in kept.items())
    return {"style": line, **pixels}
