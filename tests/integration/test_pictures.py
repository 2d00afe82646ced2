"""Pictures of stories over HTTP: what is asked of a server, and what is kept."""

from pathlib import Path

import pytest

from aggregator.bootstrap import Application
from aggregator.gather.pictures.picture_files import PictureFiles, picture_name
from tests.integration.conftest import Opener
from tests.integration.loopback import Site
from tests.integration.test_gathering import configured, fetch, item, rss
from tests.unit.gather.pictures.images import make_bomb, make_image

GOOD = make_image(300, 200)


def illustrated(*images: str) -> bytes:
    """Return a feed with one entry for each image."""
    return rss(
        *(
            item(n, f'<p>Text of entry {n}.</p><img src="{image}">', guid=f"g{n}")
            for n, image in enumerate(images, 1)
        )
    )


def has(app: Application, image: str) -> bool:
    return PictureFiles(app.config.data / "pictures").has(picture_name(image))


def asked(site: Site) -> list[str]:
    return [path for path, _ in site.asked if path != "/feed"]


def kept(app: Application) -> list[Path]:
    return sorted((app.config.data / "pictures").rglob("*.webp"))


def test_a_picture_is_fetched_once_after_publishing(application: Opener, site: Site) -> None:
    app = application(configured(site, "/feed"))
    image = f"{site.address}/1.jpg"
    site.pages |= {"/feed": illustrated(image), "/1.jpg": GOOD}
    assert fetch(app).new == 1
    assert has(app, image)
    assert len(kept(app)) == 2
    site.pages["/feed"] += b"\n"
    fetch(app)
    assert asked(site) == ["/1.jpg"]


@pytest.mark.parametrize("images", ["none", "remote"])
def test_nothing_is_fetched_if_our_copies_are_not_shown(
    application: Opener, site: Site, images: str
) -> None:
    app = application(configured(site, "/feed") + f"pages: {{images: {images}}}\n")
    site.pages |= {"/feed": illustrated(f"{site.address}/1.jpg"), "/1.jpg": GOOD}
    assert fetch(app).new == 1
    assert asked(site) == []
    assert kept(app) == []


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (404, {}, b""),
        (200, {}, make_bomb(60_000, 60_000)),
        (200, {}, b"<html>hello</html>"),
        (302, {"Location": "http://10.0.0.1/secret"}, b""),
        (302, {"Location": "http://[::1]:1/"}, b""),
        (302, {"Location": "file:///etc/passwd"}, b""),
        (200, {"Content-Length": "100000000"}, b""),
    ],
)
def test_an_image_that_fails_costs_nothing_else(
    application: Opener, site: Site, status: int, headers: dict[str, str], body: bytes
) -> None:
    app = application(configured(site, "/feed"))
    image = f"{site.address}/1.jpg"
    site.pages |= {"/feed": illustrated(image), "/1.jpg": body}
    site.statuses["/1.jpg"] = (status, headers)
    assert fetch(app).new == 1
    assert (app.folder / "merged.atom").exists()
    assert kept(app) == []
    assert asked(site) == ["/1.jpg"]


def test_private_addresses_are_not_asked(application: Opener, site: Site) -> None:
    app = application(configured(site, "/feed"))
    images = ("http://10.0.0.1/1.jpg", "http://[fd00::1]/2.jpg", "http://169.254.169.254/3.jpg")
    site.pages["/feed"] = illustrated(*images)
    assert fetch(app).new == len(images)
    assert kept(app) == []
    failed = sorted(path.stem for path in (app.config.data / "pictures").rglob("*.none"))
    assert failed == sorted(picture_name(one) for one in images)
