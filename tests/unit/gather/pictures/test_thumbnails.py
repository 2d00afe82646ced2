"""Small copies of images."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from aggregator.core.errors import ParseError
from aggregator.gather.pictures.picture_files import WIDTHS
from aggregator.gather.pictures.thumbnails import make_thumbnails
from tests.unit.gather.pictures.images import document, make_bomb, make_image

JPEG = make_image(200, 100)


def made(content: bytes) -> list[Image.Image]:
    return [Image.open(BytesIO(one)) for one in make_thumbnails(document(content))]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_images_are_copied_as_small_webp(form: str) -> None:
    small, large = made(make_image(1600, 1200, form))
    assert (small.format, small.size) == ("WEBP", (400, 300))
    assert (large.format, large.size) == ("WEBP", (960, 720))


def test_a_small_image_stays_small() -> None:
    assert [one.size for one in made(JPEG)] == [(200, 100), (200, 100)]


def test_what_is_transparent_becomes_white() -> None:
    (small, _) = made(make_image(100, 100, "PNG", "RGBA", colour=(0, 0, 0, 0)))
    pixel = small.convert("RGB").getpixel((50, 50))
    assert isinstance(pixel, tuple)
    assert min(pixel) > 250


def test_a_turned_image_is_turned_and_says_nothing_of_its_camera() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "Secret camera"
    (small, _) = made(make_image(400, 200, exif=exif))
    assert small.size == (200, 400)
    assert not small.getexif()


def test_only_the_first_frame_is_taken() -> None:
    written = BytesIO()
    frames = [Image.new("RGB", (100, 100), colour) for colour in ("red", "blue")]
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:])
    (small, _) = made(written.getvalue())
    assert getattr(small, "n_frames", 1) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an image"),
        (b"<html><img></html>", "not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='100' height='100'/>", "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", "not an image"),
        (make_image(200, 200, "TIFF"), "not an image"),
        (make_image(200, 200, "BMP"), "not an image"),
        (make_bomb(6000, 5000), "too many pixels"),
        (make_bomb(60_000, 50_000), "too many pixels"),
        (make_bomb(2**31 - 1, 2**31 - 1), "too many pixels"),
        (make_image(1, 1, "GIF"), "too few"),
        (make_image(900, 63), "too few"),
        (make_image(900, 100), "too narrow"),
        (JPEG[: len(JPEG) // 2], "cannot be read"),
        (make_image(100, 100, "PNG")[:60], "cannot be read"),
        (JPEG + b"\0" * 10_000_000, "more than"),
    ],
)
def test_other_content_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        make_thumbnails(document(content))


@settings(max_examples=60)
@given(
    st.sampled_from([JPEG, make_image(80, 80, "PNG"), make_image(80, 80, "WEBP")]),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
    st.integers(0, 10_000),
)
def test_damaged_images_are_copied_or_refused(
    content: bytes, changes: list[tuple[int, int]], end: int
) -> None:
    damaged = bytearray(content)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    try:
        copies = make_thumbnails(document(bytes(damaged[: max(end % len(damaged), 1)])))
    except ParseError:
        return
    assert len(copies) == len(WIDTHS)
