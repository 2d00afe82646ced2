"""Cleaning: turns a parsed `RawEntry` into a safe, normalised `Entry`.

The order is: publisher, link, title, body (size limits, tree, noise, preamble, sanitizer), blocks,
digests, dates. `clean` is pure and never fails.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache, partial
from html import unescape

from aggregator.core.model import Author, Enclosure, Entry, FeedInfo, RawEntry, Source
from aggregator.core.ports import Boilerplate
from aggregator.core.settings import LinkRule
from aggregator.gather.cleaning import text_blocks, title_rules
from aggregator.gather.cleaning.html import Cleaned, clean_body, clean_html, trace_html
from aggregator.gather.cleaning.images import trace_image, unwrap_image
from aggregator.gather.cleaning.link_urls import clean_link, link_key, trace_link
from aggregator.gather.cleaning.preamble import date_forms, split_names
from aggregator.gather.cleaning.publishers import common_domain, publisher_of
from aggregator.gather.cleaning.sanitize import remove_invisible_chars, sanitize
from aggregator.gather.cleaning.wrappers import Step
from aggregator.text import dates
from aggregator.text.domains import registrable
from aggregator.text.fold import plain, script, shorten
from aggregator.text.placeholders import is_placeholder
from aggregator.text.urls import MAX_URL_CHARACTERS, absolute, canonical, host, is_web, split

__all__ = [
    "Step",
    "cited_urls",
    "clean",
    "clean_html",
    "clean_link",
    "document_domain",
    "link_key",
    "trace_html",
    "trace_image",
    "trace_link",
    "unwrap_image",
]

_NO_HASHES = frozenset[int]()
_NO_BOILERPLATE: Boilerplate = {}
_TITLE_MAX_CHARS, _SUMMARY_MAX_CHARS = 500, 300
_LANGUAGE_SAMPLE_CHARS = 60  # of the text, added to the title to detect a language
_MAX_CITES, _MAX_ENCLOSURES, _MAX_CATEGORIES = 20, 50, 30
_HREF = re.compile(r'<a href="([^"]+)"')
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,500}>|&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]\w{1,30});")
_HANGUL_FILLERS = re.compile("\u115f|\u1160|\u3164|\uffa0")  # letters without a visible glyph
_TIME_OF_DAY = re.compile(r"\d[:：时時]")
_MAX_ZONE_OFFSET = timedelta(hours=14)  # largest error of a time without a zone
_DAY, _RECENT = timedelta(days=1), timedelta(hours=3)
_HOME_ZONES = {"zh": "Asia/Shanghai", "ja": "Asia/Tokyo", "ko": "Asia/Seoul"}
_LANGUAGE_OF_SCRIPT = {
    "Hani": "zh",
    "Hans": "zh-Hans",
    "Hant": "zh-Hant",
    "Jpan": "ja",
    "Kore": "ko",
    "Arab": "ar",
    "Grek": "el",
    "Hebr": "he",
    "Deva": "hi",
    "Thai": "th",
}


def clean(
    raw: RawEntry,
    info: FeedInfo,
    source: Source,
    *,
    boilerplate: Boilerplate = _NO_BOILERPLATE,
    domain: str = "",  # see `document_domain`
) -> Entry:
    """Return the cleaned entry; `boilerplate` maps publisher ids to hashes of learned blocks."""
    base = _base(raw, info, source)
    link, canonical_url = _resolve_link(_usable_link(raw.link), base, source.clean.links)
    publisher = publisher_of(raw.source, info, source, link=link, domain=domain)
    learned = _learned_hashes(boilerplate, publisher.id, source.identity)
    title = _title(raw)
    body, unstripped = _clean_bodies(raw, base or link, link, title, source, learned=learned)
    blocks = text_blocks.texts(unstripped.html)
    hashes = text_blocks.hashes(blocks)
    compared = kept = text_blocks.comparable_texts(blocks, hashes, _NO_HASHES, unstripped.html)
    if not learned.isdisjoint(hashes):
        kept = text_blocks.comparable_texts(blocks, hashes, learned, unstripped.html)
    text = "\n".join(compared)
    title = title or shorten(compared[0] if compared else "", 80) or link or raw.guid[:200] or "?"
    shown = title_rules.rewrite(title, source.clean.rewrite)
    language = _language(raw, info, source, title, text)
    claimed, published = _claimed_date(raw, unstripped, language, source)
    authors, categories = _authors(raw, unstripped), _categories(raw)
    enclosures, image = _enclosures(raw, base, source), _image(raw, body, base, source)
    summary, rights, via = _summary(raw, compared), _text_of(raw.rights)[:500], _via(raw, base)
    fingerprinted = compared or _media_urls(unstripped, enclosures, image)
    visible = (shown, link, body.html, summary, image, via, rights, language, claimed)
    lists = repr((authors, categories, enclosures))
    return Entry(
        guid=raw.guid,
        link=link,
        canonical=canonical_url,
        # an entry stays the same when the rules for titles change
        fingerprint=text_blocks.fingerprint(title, fingerprinted),
        digest=text_blocks.digest(*visible, lists, publisher.title),
        sent=text_blocks.digest(raw.title, raw.link, raw.summary, raw.content),
        letters=len(text),
        title=shown,
        html=body.html,
        text=text if kept is compared else "\n".join(kept),
        summary=summary,
        authors=authors,
        categories=categories,
        enclosures=enclosures,
        image=image,
        cites=cited_urls(body.html, link),
        via=via,
        rights=rights,
        language=language,
        publisher=publisher,
        claimed=claimed,
        published=published,
        modified=dates.parse(raw.updated, language=language, timezone=source.timezone),
        gathered=raw.gathered,
        blocks=text_blocks.learnable_hashes(blocks, hashes),
        removed=body.removed,
    )


def _learned_hashes(boilerplate: Boilerplate, publisher_id: str, source_id: str) -> frozenset[int]:
    """Return the learned hashes of a publisher, and those stored before its domain was known."""
    return boilerplate.get(publisher_id, _NO_HASHES) | boilerplate.get(source_id, _NO_HASHES)


def _via(raw: RawEntry, base: str) -> str:
    return _web_url(absolute(base, raw.via)) if raw.via else ""


def _media_urls(body: Cleaned, enclosures: Iterable[Enclosure], image: str) -> list[str]:
    """Return the URLs of images and enclosures without their queries, which may change."""
    found = (*body.images, *(one.url for one in enclosures), image)
    return [url.partition("?")[0] for url in found if url]


def _usable_link(link: str) -> str:
    return "" if is_placeholder(link) else link[: MAX_URL_CHARACTERS + 1]


def _clean_bodies(
    raw: RawEntry, base: str, page: str, title: str, source: Source, *, learned: frozenset[int]
) -> tuple[Cleaned, Cleaned]:
    """Return the body as published, and the body with learned boilerplate still in it."""
    html = raw.content or raw.summary
    clean_with = partial(clean_body, html, base=base, page=page, title=title, options=source.clean)
    body = clean_with(boilerplate=learned)
    return body, clean_with() if body.stripped else body


def document_domain(raws: Iterable[RawEntry], info: FeedInfo, source: Source) -> str:
    """Return the publisher domain that most entries of a document link to; '' if there is none."""
    if source.kind == "dump":
        return ""
    links = (
        _resolve_link(_usable_link(raw.link), _base(raw, info, source), source.clean.links)[0]
        for raw in raws
    )
    return common_domain(links, (info.link, info.self_url, source.url))


def _base(raw: RawEntry, info: FeedInfo, source: Source) -> str:
    for base in (raw.base, raw.link, info.link, info.self_url, source.url):
        if is_web(base):
            return base
    return ""


# Each fetch of a feed repeats most of its entries.
@lru_cache(maxsize=4096)
def _resolve_link(link: str, base: str, rules: tuple[LinkRule, ...]) -> tuple[str, str]:
    """Return the absolute, cleaned link of an entry and its canonical form."""
    link = _web_url(clean_link(absolute(base, link), rules)) if link else ""
    return link, canonical(link)


@lru_cache(maxsize=4096)
def _parse_date(written: str, language: str, timezone: str) -> datetime | None:
    return dates.parse(written, language=language, timezone=timezone)


def _web_url(url: str) -> str:
    return url if is_web(url) else ""


def _title(raw: RawEntry) -> str:
    """Return the title as plain text; an HTML title is unescaped once and its tags are removed."""
    title = raw.title[:20_000]
    return shorten(_text_of(title) if raw.title_is_html else plain(title), _TITLE_MAX_CHARS)


def _text_of(html: str) -> str:
    """Return the text of an HTML fragment on one line; the unescaped markup if it has no text."""
    if _MARKUP.search(html):
        html = " ".join(text_blocks.texts(sanitize(remove_invisible_chars(html)))) or unescape(html)
    return plain(html)


def _claimed_date(
    raw: RawEntry, body: Cleaned, language: str, source: Source
) -> tuple[str, datetime | None]:
    """Return the claimed date as written and parsed: from the feed, else from the preamble."""
    own = raw.published.strip()[:200]
    if own:
        return own, _parse_date(own, language, source.timezone)
    for written in body.preamble.dates:
        for form in date_forms(written):
            moment = _parse_date(form, language, source.timezone)
            if moment is not None and raw.gathered is not None:
                moment = _plausible_date(moment, form, written, raw.gathered, language)
            if moment is not None:
                return written, moment
    return "", None


def _plausible_date(
    moment: datetime, form: str, written: str, gathered: datetime, language: str
) -> datetime | None:
    """Correct a date without zone or time by the time of gathering; None if it is implausible."""
    if moment > gathered + _MAX_ZONE_OFFSET:
        return None
    day_alone = not _TIME_OF_DAY.search(written)
    if day_alone and timedelta() <= gathered - moment < _DAY:
        return gathered
    if moment <= gathered:
        return moment
    # A time in the future is probably local time: try the home time zone of the language.
    local = _parse_date(form, "", _HOME_ZONES.get(language[:2], "")) or moment
    return local if not day_alone and timedelta() <= gathered - local < _RECENT else gathered


def _language(raw: RawEntry, info: FeedInfo, source: Source, title: str, text: str) -> str:
    stated = plain(raw.language or info.language or source.language)[:35]
    if stated:
        return stated.replace("_", "-")
    return _LANGUAGE_OF_SCRIPT.get(script(f"{title}\n{text[:_LANGUAGE_SAMPLE_CHARS]}"), "")


def _summary(raw: RawEntry, kept: list[str]) -> str:
    if raw.content and raw.summary and raw.summary != raw.content:
        blocks = text_blocks.texts(clean_html(raw.summary))
        own = text_blocks.comparable_texts(blocks, text_blocks.hashes(blocks), frozenset())
        if own:
            return shorten(plain(" ".join(own)), _SUMMARY_MAX_CHARS)
    text = " ".join(kept)[: _SUMMARY_MAX_CHARS + 100]
    # Most texts are plain already, and this check is cheaper than `plain`.
    is_plain = text.isprintable() and not _HANGUL_FILLERS.search(text)
    return shorten(text.strip(" ") if is_plain else plain(text), _SUMMARY_MAX_CHARS)


def _authors(raw: RawEntry, body: Cleaned) -> tuple[Author, ...]:
    found: dict[str, Author] = {}
    for author in raw.authors:
        for name in _author_names(plain(author.name)) if len(author.name) <= 200 else ():
            found.setdefault(name, Author(name=name, email=author.email, url=_web_url(author.url)))
    for name in body.preamble.names:
        found.setdefault(name, Author(name=name))
    return tuple(found.values())[:20]


def _author_names(text: str) -> list[str]:
    """Return the names in an author element; `Doe, Jane` is one name."""
    parts = [part.split() for part in re.split(r"\s*,\s*", text)]
    if text.isascii() and len(parts) == 2 and min(map(len, parts)) < 2:
        return [text]
    return split_names(text)


def _categories(raw: RawEntry) -> tuple[str, ...]:
    named = (plain(unescape(name))[:100] for name in raw.categories[: _MAX_CATEGORIES * 4])
    return tuple(dict.fromkeys(name for name in named if name))[:_MAX_CATEGORIES]


def _enclosures(raw: RawEntry, base: str, source: Source) -> tuple[Enclosure, ...]:
    found: dict[str, Enclosure] = {}
    for enclosure in raw.enclosures[:_MAX_ENCLOSURES]:
        url = absolute(base, enclosure.url)
        if enclosure.type.startswith("image/"):
            url = unwrap_image(url, source.clean.images)
        if is_web(url):
            found.setdefault(
                url,
                Enclosure(
                    url=url,
                    type=plain(enclosure.type)[:100],
                    length=max(0, enclosure.length),
                    title=plain(enclosure.title)[:200],
                ),
            )
    return tuple(found.values())


def _image(raw: RawEntry, body: Cleaned, base: str, source: Source) -> str:
    if raw.image:
        url = unwrap_image(absolute(base, raw.image), source.clean.images)
        if is_web(url):
            return url
    return body.images[0] if body.images else ""


def cited_urls(html: str, link: str) -> tuple[str, ...]:
    """Return the canonical URLs on other sites that the body links to, without duplicates."""
    own = registrable(host(link))
    found: dict[str, None] = {}
    for match in _HREF.finditer(html):
        url = unescape(match[1])
        if registrable(host(url)) == own or not split(url).path.strip("/"):
            continue
        if url := canonical(url):
            found[url] = None
        if len(found) == _MAX_CITES:
            break
    return tuple(found)
