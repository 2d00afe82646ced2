"""Lays an article over the entry that links to it: the feed's own words stay where it has any."""

from dataclasses import replace

from aggregator.core.model import Entry
from aggregator.core.pages import Article
from aggregator.text.urls import canonical


def with_article(entry: Entry, article: Article) -> Entry:
    """Return the entry with the whole text; title, summary, link and date stay the feed's."""
    return replace(
        entry,
        html=article.html,
        text=article.text,
        letters=article.letters,
        fingerprint=article.fingerprint,
        cites=article.cites,
        image=entry.image or article.image,
        authors=entry.authors or article.authors,
        published=entry.published or article.published,
        language=entry.language or article.language,
        canonical=canonical(article.canonical) or entry.canonical,
    )
