"""An entry element → RawEntry."""

from aggregator.core.model import FeedInfo, RawEntry
from aggregator.gather.parsers import _info, _media, _text, _xml
from aggregator.gather.parsers._attributes import attribute
from aggregator.gather.parsers._links import Link, article, is_web, related
from aggregator.gather.parsers._names import RDF_ABOUT
from aggregator.gather.parsers._plan import KEYWORDS, Plan, plan
from aggregator.gather.parsers._xml import Context, Element, Fields, first


def read(number: int, element: Element, context: Context) -> RawEntry:
    """Parse one entry element; `number` counts from 1."""
    found = _xml.fields(element, context.names)
    there = plan(tuple(found))
    base = context.base(element)
    links = _xml.links(element, found, there.links, context)
    guid = _guid(element, found, there)
    link = _link(found, links, guid, base)
    title, is_html = _title(found, there, atom=context.atom)
    kind = "untyped" if context.atom else "html"
    bodies = [each for key in there.bodies for each in found[key] if not each.get("src")]
    content = _xml.as_markup(bodies, kind) if bodies else ""
    texts = _xml.all_of(found, there.texts)
    summary = _xml.as_markup(texts, kind) or _other_text(found, there)
    if context.based:
        text_base = context.base((bodies or texts or [element])[0])
    else:  # in Atom the feed, in RSS the article
        text_base = base if context.atom else (link or context.page or base)
    published, updated = _times(element, found, there, context)
    several = there.files or len(links) > 1 or (links and links[0].rel == "enclosure")
    media = _media.files(element, found, there, links, context) if several else ()
    # Skip the lookup of fields without an element: half of the entries have few fields.
    return RawEntry(
        where=f"entry {number}",
        guid=guid,
        link=link,
        base=text_base,
        title=title,
        title_is_html=is_html,
        summary=summary if summary != content else "",
        content=content,
        authors=_info.authors(element, found, there.people, context) if there.people else (),
        categories=_categories(element, found, there, context) if there.filed else (),
        enclosures=media,
        image=_media.picture(found, there, media, base)
        if media or there.pictures or there.groups
        else "",
        published=published,
        updated=updated,
        language=_language(element, found, there, context)
        if there.language or context.spoken
        else "",
        rights=_xml.plain(found, there.rights, atom=context.atom) if there.rights else "",
        via=_via(found, links) if there.via or len(links) > 1 else "",
        source=_source(found, there, context) if there.source else None,
    )


def _guid(element: Element, found: Fields, there: Plan) -> str:
    own = first(found, there.guid) or element.get(RDF_ABOUT) or first(found, ("dc:identifier",))
    return _text.cut(own, _text.MAX_URL_CHARACTERS)


def _link(found: Fields, links: list[Link], guid: str, base: str) -> str:
    """Return the URL of the article: FeedBurner's original, a link, or a guid that is a URL."""
    if "feedburner:origlink" in found:
        original = _text.address(first(found, ("feedburner:origlink",)))
        if is_web(original):
            return original
    return article(links) or _linked_guid(found, guid, base)


def _linked_guid(found: Fields, guid: str, base: str) -> str:
    """Return the guid if it is a permalink, else the URL of out-of-line content."""
    marked = found.get("guid")
    permanent = (
        not marked or (attribute(marked[0], "isPermaLink") or "true").strip().lower() == "true"
    )
    if permanent and (is_web(guid) or guid.startswith("/")):
        return _text.address(guid, base)
    outside = (_text.address(attribute(each, "src"), base) for each in found.get("content", ()))
    return next(filter(None, outside), "")


def _title(found: Fields, there: Plan, *, atom: bool) -> tuple[str, bool]:
    """Return the title and whether it is HTML; falls back to the title of a media group."""
    title, is_html = _xml.title(found, there.titles, atom=atom)
    if not title and there.groups:
        groups = _xml.all_of(found, there.groups)
        title = _text.line(next(filter(None, (_xml.deep(group, "title") for group in groups)), ""))
    return title, is_html


def _other_text(found: Fields, there: Plan) -> str:
    """Return the text of extension elements, for an entry without a text of its own."""
    if not (there.other_texts or there.groups):
        return ""
    groups = _xml.all_of(found, there.groups)
    grouped = [each for group in groups for each in group if _xml.local(each.tag) == "description"]
    return _xml.as_markup([*_xml.all_of(found, there.other_texts), *grouped], "guess")


def _times(element: Element, found: Fields, there: Plan, context: Context) -> tuple[str, str]:
    """Return the dates of publication and of the last change, as written.

    Atom requires only the second, which replaces a missing first.
    """
    published = first(found, there.published) if there.published else ""
    stated = first(found, there.dated) if there.dated else ""
    updated = first(found, there.updated) if there.updated else ""
    if context.pushed and not updated:
        updated = attribute(element, "lastmod")
    if not published:
        published, stated = stated, ""
    updated = _text.cut(updated or stated) if updated or stated else ""
    return _text.cut(published) or updated, updated


def _categories(element: Element, found: Fields, there: Plan, context: Context) -> tuple[str, ...]:
    """Return the categories and keywords of an entry."""
    terms: list[str | None] = []
    for each in _xml.in_order(element, found, there.filed, context.names)[: _text.MAX_ITEMS * 10]:
        if context.names[each.tag] in KEYWORDS:
            terms += (each.text or "")[:10_000].split(",")
        else:
            terms.append(
                each.get("term")
                or attribute(each, "term")
                or each.text
                or attribute(each, "label")
                or attribute(each, "text")
            )
    return _text.words(terms)


def _language(element: Element, found: Fields, there: Plan, context: Context) -> str:
    """Return the declared language of an entry or its text, if it differs from the feed's."""
    stated = first(found, there.language)
    if not stated and context.spoken:
        texts = _xml.all_of(found, (*there.bodies[:1], *there.titles[:1]))
        stated = _xml.language_of(element, *texts)
    return "" if stated.lower() == context.language.lower() else _text.cut(stated, 40)


def _via(found: Fields, links: list[Link]) -> str:
    """Return the URL of a `via` link or of `dc:source`."""
    via = related(links, "via") or first(found, ("dc:source",))
    return via if is_web(via) else ""


def _source(found: Fields, there: Plan, context: Context) -> FeedInfo | None:
    """Return the feed that an entry was copied from."""
    for element in found[there.source[0]]:
        if len(element):
            return _info.read(element, element, context)
        url, title = _text.address(attribute(element, "url"), context.url), _text.line(element.text)
        if url or title:
            return FeedInfo(title=title, self_url=url)
    return None
