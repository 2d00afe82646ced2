"""The publisher of an entry, which filters, grouping and learned boilerplate refer to."""

from collections import Counter
from collections.abc import Iterable
from html import unescape

from aggregator.core.model import FeedInfo, Publisher, Source
from aggregator.text.domains import is_shared, registrable
from aggregator.text.fold import fold, plain
from aggregator.text.urls import host, is_web, redact

_MIN_AGREEING_LINKS = 3  # for a domain other than that of the feed


def common_domain(links: Iterable[str], homes: Iterable[str]) -> str:
    """Return the registrable domain that most links of a document share; '' if there is none.

    `homes` are the URLs of the feed and of its site; their domain needs a simple majority. Any other
    domain needs at least three links and four fifths of all links, so that a short link blog or a
    planet with one busy member is not taken for a publisher. The domain of a shared platform
    never counts.
    """
    counts = Counter(_domain(link) for link in links if link)
    if not counts:
        return ""
    name, count = min(counts.items(), key=lambda one: (-one[1], one[0]))
    if is_shared(name):
        return ""
    if name in map(_domain, homes):
        return name if 2 * count > counts.total() else ""
    return name if count >= _MIN_AGREEING_LINKS and 5 * count >= 4 * counts.total() else ""


def publisher_of(
    own: FeedInfo | None, info: FeedInfo, source: Source, *, link: str, domain: str
) -> Publisher:
    """Return the publisher of an entry.

    The order is: the configured publisher, the source element of the entry (`own`), for a dump the
    domain of its link, the `domain` of the document, the source itself.
    """
    if not source.publisher:
        if own is not None and (own.id or own.self_url or own.link or own.title):
            return _from_source_element(own)
        if source.kind == "dump" and link:
            name = _domain(link)
            return Publisher(id=name, title=name, url=f"https://{name}/")
    id_, named = _parse_setting(source.publisher) if source.publisher else (domain, "")
    title = plain(unescape(source.title or named or info.title)) or host(source.url) or source.id
    return Publisher(
        id=id_ or source.identity,
        title=title,
        url=(info.link if is_web(info.link) else "") or _without_secrets(source.url),
        feed_id=info.id,
    )


def _from_source_element(own: FeedInfo) -> Publisher:
    url = next((one for one in (own.link, own.self_url) if is_web(one)), "")
    domain = _domain(url)
    title = plain(unescape(own.title))
    id_ = (fold(title) or domain) if is_shared(domain) else domain
    return Publisher(
        id=id_ or own.id, title=title or host(url), url=url, feed_id=own.id, stated=True
    )


def _parse_setting(text: str) -> tuple[str, str]:
    """Return the id of a configured publisher, and its name unless it is a URL or domain."""
    url = text if is_web(text) else f"https://{text}/"
    if " " not in text and "." in host(url):
        return _domain(url), ""
    return fold(text), text


def _domain(url: str) -> str:
    return registrable(host(url))


def _without_secrets(url: str) -> str:
    return url if redact(url) == url else ""
