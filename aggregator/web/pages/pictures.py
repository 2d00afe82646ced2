"""Where pages load the pictures of stories from, and the answers to requests for our own copies."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from aggregator.gather.pictures.picture_files import WIDTHS, PictureFiles, picture_name
from aggregator.web._file_cache import RawResponse, read_headers

_FILE = re.compile(r"(?P<name>[0-9a-f]{32})-(?P<width>\d{3})\.webp", re.ASCII)
_CACHE = b"max-age=604800, immutable"  # a picture of this name never changes
_MAX_BYTES = 2_000_000

Href = Callable[[str], str]
"""Returns the address of a path of this site."""


class Picture(NamedTuple):
    """The addresses of a picture: in lists, with its widths, and on the page of its story."""

    src: str
    srcset: str
    large: str


FindPicture = Callable[[str, Href], Picture | None]
"""Returns the picture of an image URL; None if it is not shown."""


def no_picture(_image: str, _href: Href) -> None:
    """Show no picture."""


def remote_picture(image: str, _href: Href) -> Picture | None:
    """Show the picture from the publisher's server."""
    return Picture(src=image, srcset="", large=image) if image else None


class OwnPictures:
    """The copies of lead images in the data folder."""

    def __init__(self, data: Path) -> None:
        self._files = PictureFiles(data / "pictures")

    def find(self, image: str, href: Href) -> Picture | None:
        """Return our copy of an image, if it was made."""
        name = picture_name(image)
        if not image or not self._files.has(name):
            return None
        small, large = (href(f"/pictures/{name}-{width}.webp") for width in WIDTHS)
        srcset = f"{small} {WIDTHS[0]}w, {large} {WIDTHS[1]}w"
        return Picture(src=small, srcset=srcset, large=large)

    async def answer(self, request: Request, *, private: bool) -> RawResponse:
        """Respond with a picture, or with 304 if the client has it."""
        wanted = _FILE.fullmatch(request.path_params["file"])
        if wanted is None or int(wanted["width"]) not in WIDTHS:
            raise HTTPException(404)
        headers = read_headers(request.scope)
        etag = f'"{wanted["name"]}"'.encode()
        scope = b"private, " if private else b"public, "
        shared = ((b"etag", etag), (b"cache-control", scope + _CACHE))
        if etag.decode() in headers.if_none_match:
            return RawResponse(status=304, headers=shared)
        path = self._files.path(wanted["name"], int(wanted["width"]))
        content = await run_in_threadpool(_read, path)
        kind = ((b"content-type", b"image/webp"), (b"content-length", b"%d" % len(content)))
        body = content if headers.with_body else b""
        return RawResponse(status=200, headers=(*kind, *shared), body=body)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES)
    except OSError as error:
        raise HTTPException(404) from error
