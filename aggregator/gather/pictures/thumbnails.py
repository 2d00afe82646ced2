"""Makes the small copies of an image: bounded in size, without metadata, first frame only."""

import warnings
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from aggregator.core.errors import ParseError
from aggregator.core.model import Document
from aggregator.gather.pictures.picture_files import WIDTHS

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
_MAX_BYTES = 10_000_000
_MAX_PIXELS = 25_000_000  # decoded: 100 MB at most
_MIN_SIDE = 64  # smaller ones are icons and trackers
_MAX_RATIO = 5  # of the sides; beyond it, banners and rulers
_QUALITY, _EFFORT = 72, 4

# Pillow warns of images above this and refuses those of twice as many pixels; we refuse both.
Image.MAX_IMAGE_PIXELS = _MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


def make_thumbnails(document: Document) -> tuple[bytes, ...]:
    """Return the image as WebP in each of WIDTHS; raise ParseError if it cannot be shown.

    The size that the file declares is checked before anything is decoded.
    """
    if len(document.content) > _MAX_BYTES:
        raise ParseError(f"the image has more than {_MAX_BYTES:,} bytes")
    try:
        with Image.open(BytesIO(document.content), formats=_FORMATS) as image:
            _check(image)
            image.draft("RGB", (2 * WIDTHS[-1], 2 * WIDTHS[-1]))  # a JPEG is decoded smaller
            shown = _on_white(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        raise ParseError("not an image that can be shown") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ParseError("the image has too many pixels") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise ParseError(f"the image cannot be read: {type(error).__name__}") from error
    return tuple(_encode(shown, width) for width in WIDTHS)


def _check(image: Image.Image) -> None:
    width, height = image.size
    if width * height > _MAX_PIXELS:
        raise ParseError(f"the image has {width}×{height} pixels: too many")
    if min(width, height) < _MIN_SIDE:
        raise ParseError(f"the image has {width}×{height} pixels: too few")
    if max(width, height) > _MAX_RATIO * min(width, height):
        raise ParseError(f"the image has {width}×{height} pixels: too narrow")


def _on_white(image: Image.Image) -> Image.Image:
    """Return the first frame in RGB; what is transparent becomes white."""
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        layered = image.convert("RGBA")
        paper = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(paper, layered).convert("RGB")
    return image.convert("RGB")


def _encode(image: Image.Image, side: int) -> bytes:
    copy = image.copy()
    copy.thumbnail((side, side), Image.Resampling.LANCZOS)
    written = BytesIO()
    copy.save(written, "WEBP", quality=_QUALITY, method=_EFFORT)
    return written.getvalue()
