"""Choice of image URLs from attributes and srcset."""

import pytest

from aggregator.core.settings import ImageOptions
from aggregator.gather.cleaning import media
from aggregator.gather.cleaning.images import unwrapper

CDN = "https://res.cloudinary.com/x/image/fetch/w_{},f_auto/https://a.example/b.jpg"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("/a.png", [("/a.png", "")]),
        ("/a.png 1x, /b.png 2x", [("/a.png", "1x"), ("/b.png", "2x")]),
        ("/a.png 1x,/b.png 2x", [("/a.png", "1x"), ("/b.png", "2x")]),
        ("/a.png, /b.png 2x", [("/a.png", ""), ("/b.png", "2x")]),
        (
            f"{CDN.format(1)} 100w, {CDN.format(2)} 200w",
            [(CDN.format(1), "100w"), (CDN.format(2), "200w")],
        ),
        ("data:image/png;base64,AA 1x, /b.png 2x", [("/b.png", "2x")]),
        ("/a.png huge", []),
        (" , ,", []),
        ("", []),
    ],
)
def test_parse_srcset(value: str, wanted: list[tuple[str, str]]) -> None:
    assert media.parse_srcset(value) == wanted


def test_srcset_is_bounded() -> None:
    assert len(media.parse_srcset(", ".join(f"/{n}.png {n}w" for n in range(1, 9_000)))) == 30


def test_addresses_in_a_set_stay_whole() -> None:
    images = unwrapper(ImageOptions(proxy="keep"))
    attributes: dict[str, str | None] = {
        "srcset": f"{CDN.format(1)} 1x, https://a.example/c%20d,.png 2x"
    }
    image = media.read_image(attributes, "", images)
    assert image is not None
    assert image.url == "https://a.example/c%20d,.png"
    assert media.parse_srcset(image.srcset)[0] == (CDN.format(1), "1x")
