"""Takes the article from a page: a pure function of picklable values, for worker processes."""

from dataclasses import dataclass
from html import escape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.core.errors import NotAnArticle
from aggregator.core.model import Document
from aggregator.core.pages import Article
from aggregator.core.settings import CleanOptions, FullText
from aggregator.gather.articles import page_source
from aggregator.gather.articles.article_facts import Facts, facts
from aggregator.gather.articles.clutter import remove_clutter, select
from aggregator.gather.articles.refusals import Taken, why_no_article, why_no_page
from aggregator.gather.articles.text_finder import find_article, library_text
from aggregator.gather.cleaning import cited_urls, text_blocks
from aggregator.gather.cleaning.html import Cleaned, clean_body
from aggregator.gather.cleaning.images import unwrap_image
from aggregator.text.charset import decode
from aggregator.text.urls import is_web

_OPTIONS, _CLEAN = FullText(), CleanOptions()
_MAX_PAGE_CHARS = 200_000  # in which the words of walls and errors are looked for
_NO_HASHES = frozenset[int]()
_BODY_SHARE = 1.3  # the structured data are preferred if their text is longer by so much


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is known of the entry whose page it is, and how its article is to be taken."""

    title: str = ""
    letters: int = 0  # of the text that the feed gives, by `refusals.weight`
    options: FullText = _OPTIONS
    clean: CleanOptions = _CLEAN


def read_article(document: Document, wanted: Wanted) -> Article:
    """Return the article of a page; raise NotAnArticle with the reason if there is none to take."""
    if reason := why_no_page(document):
        raise NotAnArticle(reason)
    text = decode(document.content, content_type=document.content_type)
    source = page_source.split(text)
    tree = LexborHTMLParser(source.html)
    if tree.body is None:
        raise NotAnArticle("the page is empty")
    known = facts(tree, source, document.url)
    page = (tree.body.text(deep=True, separator=" ") or "")[:_MAX_PAGE_CHARS]
    passwords = len(tree.body.css("input[type=password]"))
    html, taken = _find(tree, tree.body, known, wanted.options)
    title = wanted.title or known.title
    cleaned = clean_body(
        html, base=document.url, page=document.url, title=title, options=wanted.clean
    )
    blocks = text_blocks.texts(cleaned.html)
    found = Taken(
        known=known,
        blocks=blocks,
        html=cleaned.html,
        page=page,
        letters=wanted.letters,
        passwords=passwords,
    )
    if reason := why_no_article(found):
        raise NotAnArticle(reason)
    lines = text_blocks.comparable_texts(
        blocks, text_blocks.hashes(blocks), _NO_HASHES, cleaned.html
    )
    text = "\n".join(lines)
    return Article(
        url=document.url,
        title=known.title,
        html=cleaned.html,
        text=text,
        letters=len(text),
        fingerprint=text_blocks.fingerprint(title, lines),
        cites=cited_urls(cleaned.html, document.url),
        image=_image(known, cleaned, wanted.clean),
        authors=known.authors,
        published=known.published,
        canonical=known.canonical,
        language=known.language,
        taken=taken,
        removed=cleaned.removed,
    )


def _image(known: Facts, cleaned: Cleaned, options: CleanOptions) -> str:
    """Return the lead image that the page names, else the first of the text."""
    named = unwrap_image(known.image, options.images) if known.image else ""
    return named if is_web(named) else next(iter(cleaned.images), "")


def _find(
    tree: LexborHTMLParser, body: LexborNode, known: Facts, options: FullText
) -> tuple[str, str]:
    """Return the HTML of the article, and what found it."""
    if options.selector:
        chosen = select(body, options.selector)
        if html := _outermost(chosen, body, options):
            return html, f"selector {options.selector}"
    remove_clutter(body, options.strip)
    html = find_article(body, library_text(tree.html or ""))
    if known.body:
        found = LexborHTMLParser(html).text() if html else ""
        if len("".join(known.body.split())) > _BODY_SHARE * len("".join(found.split())):
            return _paragraphs(known.body), "structured data (articleBody)"
    return html, "trafilatura" if html else ""


def _outermost(chosen: list[LexborNode], body: LexborNode, options: FullText) -> str:
    """Return the HTML of the selected elements without those within others and without `strip`."""
    html = ""
    ids = {node.mem_id for node in chosen}
    for node in chosen:
        above = node.parent
        while above is not None and above.mem_id not in ids and above.mem_id != body.mem_id:
            above = above.parent
        if above is None or above.mem_id not in ids:
            html += node.html or ""
    if html and options.strip:
        part = LexborHTMLParser(html)
        if part.body is not None:
            for selector in options.strip:
                stripped = select(part.body, selector)
                for node in stripped[::-1]:
                    node.decompose()
            html = part.body.inner_html or ""
    return html


def _paragraphs(text: str) -> str:
    """Return plain text as paragraphs; markup within it stays."""
    if "</p>" in text or "<br" in text:
        return text
    return "".join(f"<p>{escape(one)}</p>" for one in text.split("\n") if one.strip())
