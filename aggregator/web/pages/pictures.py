"""Where pages load the pictures of stories from."""

from collections.abc import Callable
from typing import NamedTuple


class Picture(NamedTuple):
    """The addresses of a picture: in lists, with its widths, and on the page of its story."""

    src: str
    srcset: str
    large: str


FindPicture = Callable[[str], Picture | None]
"""Returns the picture of an image URL; None if it is not shown."""


def no_picture(_image: str) -> None:
    """Show no picture."""


def remote_picture(image: str) -> Picture | None:
    """Show the picture from the publisher's server."""
    return Picture(src=image, srcset="", large=image) if image else None
