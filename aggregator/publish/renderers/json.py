"""JSON Feed 1.1, with an extension object `_story`."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from aggregator.core.model import Author, Edition, Enclosure
from aggregator.publish.renderers import _content, _writable
from aggregator.publish.renderers._content import Rendition

EXTENSION = "json"
MEDIA_TYPE = "application/feed+json"

# Characters to leave out; the first alternative matches escaped controls.
_UNSOUND = ("\\u00", "\ufffe", "\uffff")


def render(edition: Edition) -> bytes:
    """Return the JSON document of an edition."""
    document = _write(edition, _content.renditions(edition, scrub=False))
    with suppress(UnicodeEncodeError):  # a surrogate
        if not any(one in document for one in _UNSOUND):
            return document.encode()
    return _write(edition, _content.renditions(edition)).encode()


def _write(edition: Edition, shown: tuple[Rendition, ...]) -> str:
    """Write one item per line: without indentation the encoder takes half the time."""
    head = json.dumps(_said(_feed(edition)), ensure_ascii=False, indent=1)
    items = ",\n".join(json.dumps(_item(one), ensure_ascii=False) for one in shown)
    return f'{head[:-2]},\n "items": [\n{items}\n]\n}}\n'


def _feed(edition: Edition) -> dict[str, Any]:
    links = dict(edition.links)
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _content.feed_title(edition),
        "description": _writable.line(edition.note),
        "home_page_url": _content.home(edition),
        "feed_url": edition.self_url,
        "next_url": links.get("prev-archive", ""),
        "icon": _content.address(edition, "icon.png"),
        "favicon": _content.address(edition, "favicon.ico"),
        "hubs": [{"type": "WebSub", "url": link} for rel, link in edition.links if rel == "hub"],
        "_story": _said(
            {
                "id": _content.feed_id(edition),
                "current": links.get("current", ""),
                "deleted": list(_deleted(edition)),
            }
        ),
    }


def _item(shown: Rendition) -> dict[str, Any]:
    fields = {
        "id": shown.id,
        "url": shown.link,
        "external_url": shown.via,
        "title": shown.title,
        "content_html": shown.html,
        "summary": shown.excerpt,
        "image": shown.image,
        "date_published": _time(shown.published),
        "date_modified": _time(shown.updated),
        "authors": [_author(author) for author in shown.authors],
        "tags": list(shown.categories),
        "language": shown.language,
        "attachments": [_attachment(one) for one in shown.enclosures],
        "_story": _story(shown),
    }
    return _said(fields)


def _author(author: Author) -> dict[str, str]:
    return _said({"name": author.name, "url": author.url})


def _attachment(one: Enclosure) -> dict[str, Any]:
    return _said(
        {
            "url": one.url,
            "mime_type": one.type,
            "title": one.title,
            "size_in_bytes": one.length,
        }
    )


def _story(shown: Rendition) -> dict[str, Any]:
    origin = shown.origin
    return _said(
        {
            "publishers": shown.publishers,
            "entries": len(shown.mentions) + 1,
            "page": shown.page,
            "rights": shown.rights,
            "source": _said({"id": origin.id, "title": origin.title, "url": origin.link}),
            "related": [
                _said(
                    {
                        "publisher": mention.publisher,
                        "title": mention.title,
                        "url": mention.link,
                        "date_published": _time(mention.published),
                        "same_text": mention.same_text,
                    }
                )
                for mention in shown.mentions
            ],
        }
    )


def _deleted(edition: Edition) -> Iterator[dict[str, str]]:
    for stone in _content.tombstones(edition):
        yield {"id": stone.id, "when": _time(stone.when), "into": stone.into}


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is empty."""
    return {name: value for name, value in fields.items() if value}


def _time(when: datetime) -> str:
    return when.isoformat()
