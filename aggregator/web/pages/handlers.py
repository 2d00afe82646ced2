"""Answers requests for pages."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import anyio
import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from aggregator.core.settings import are_pages_public
from aggregator.text.fold import plain
from aggregator.web import _query
from aggregator.web._access import page_policy, prefix_of
from aggregator.web._feeds import has_token
from aggregator.web._file_cache import CachedFile, RawResponse, read_headers
from aggregator.web._site import PublishedFile, Site
from aggregator.web.pages.interface import choose_language, wording
from aggregator.web.pages.language_names import language_name
from aggregator.web.pages.listing import LARGE_PUBLISHERS, View, list_stories, parse_view
from aggregator.web.pages.owner import Owner
from aggregator.web.pages.page_cache import PageCache, page_file
from aggregator.web.pages.pictures import (
    FindPicture,
    OwnPictures,
    no_picture,
    remote_picture,
)
from aggregator.web.pages.relative_time import zone_of
from aggregator.web.pages.rendering import FeedLink, Pages, Reader, feed_links
from aggregator.web.pages.snapshot import Snapshot, StoryIndex
from aggregator.web.pages.story_view import story_view

_MAX_CONCURRENT = 4  # more have to wait, so that feeds are still served
_MAX_CHOICES = 12  # categories or languages to choose from
_MAX_PUBLISHERS = 40
_MAX_SOURCES = 8  # named in the address of a feed
_SHOWN_CHIPS = 3
_DEFAULT_TITLE = "Stories"
_CACHE = b"no-cache"
_MAX_TOKEN = 200  # characters
_STANDARD = frozenset({"Forbidden", "Not Found", "Method Not Allowed", "Bad Request"})


class PageViews:
    """The pages for people."""

    def __init__(self, site: Site, published: Mapping[str, PublishedFile]) -> None:
        self._site = site
        self._published = tuple(published.values())
        prefix = prefix_of(site.public_url)
        self.pages = Pages(
            prefix=prefix,
            feeds=feed_links(self._published, prefix),
            title=site.feeds[0].title if site.feeds else _DEFAULT_TITLE,
            public_title=next(
                (spec.title for spec in site.feeds if not spec.token), _DEFAULT_TITLE
            ),
            private=not are_pages_public(site.feeds),
            has_search=site.search,
            has_owner=bool(site.pages.owner_token),
            zone=zone_of(site.pages.timezone),
            clock=site.clock,
        )
        # The pages show all stories, so one private feed makes them private too.
        self._tokens = [spec.token for spec in site.feeds if spec.token] or [""]
        self.owner = Owner(
            token=site.pages.owner_token,
            data=site.data,
            path=f"{prefix}/",
            secure=site.public_url.startswith("https:"),
        )
        self._index = StoryIndex(site.store, site.sources)
        self._cache = PageCache()
        self._pictures = OwnPictures(site.data)
        self._picture = _find_picture(site.pages.images, self._pictures)
        policy = page_policy(remote_images=site.pages.images == "remote")
        self._headers = (
            (b"content-security-policy", policy.encode()),
            (b"vary", b"Accept-Encoding, Accept-Language"),
        )
        self.limiter = anyio.CapacityLimiter(_MAX_CONCURRENT)
        self._names = {one.identity: one.id for one in site.sources}

    def routes(self) -> Sequence[Route]:
        """Return the routes of the pages."""
        return [
            Route("/", self.index),
            Route("/stories/{id}", self.story),
            Route("/pictures/{file}", self.picture),
        ]

    async def index(self, request: Request) -> RawResponse:
        """Respond with a list of stories."""
        reader = self.admit(request)
        view, now = parse_view(request.query_params), self._site.clock()
        key = (reader, view)
        snapshot = self._index.fresh(now)
        cached = self._cache.get(key, snapshot.number, now) if snapshot else None
        if cached is None:
            cached = await anyio.to_thread.run_sync(
                lambda: self._render_index(reader, view), limiter=self.limiter
            )
        return self.send(request, cached)

    async def story(self, request: Request) -> RawResponse:
        """Respond with one story: its text, its reports and why they belong to it."""
        reader, slug = self.admit(request), request.path_params["id"]
        saved = "saved" in request.query_params
        file = await anyio.to_thread.run_sync(
            lambda: self._render_story(reader, slug, saved=saved), limiter=self.limiter
        )
        return self.send(request, file)

    async def picture(self, request: Request) -> RawResponse:
        """Respond with our copy of a lead image."""
        self.admit(request)
        return await self._pictures.answer(request, private=self._tokens != [""])

    def error(self, request: Request, status: int, problem: str) -> Response:
        """Respond with an error page; a standard problem is told in the reader's words."""
        reader = Reader(language=_language(request))
        problem = "" if problem in _STANDARD else problem
        return HTMLResponse(self.pages.error(reader, status, problem), status)

    def admit(self, request: Request) -> Reader:
        """Return who asks, or raise 403; the owner needs no token of a private feed."""
        reader = self.reader_of(request)
        if not reader.owner and not has_token(request, self._tokens):
            raise HTTPException(403)
        return reader

    def reader_of(self, request: Request) -> Reader:
        """Return who asks."""
        owner = self.owner.is_signed_in(request)
        return Reader(language=_language(request), token=self.token_of(request), owner=owner)

    def token_of(self, request: Request) -> str:
        """Return the token that links keep; empty if the pages are public."""
        return "" if self._tokens == [""] else request.query_params.get("token", "")[:_MAX_TOKEN]

    def send(self, request: Request, file: CachedFile) -> RawResponse:
        """Respond with a page, or with 304 if the client has it."""
        response = file.respond(read_headers(request.scope), _CACHE)
        kept = tuple(one for one in response.headers if one[0] not in {b"vary", b"last-modified"})
        return response._replace(headers=(*kept, *self._headers))

    # --- in a thread -----------------------------------------------------------------------

    def _render_index(self, reader: Reader, view: View) -> CachedFile:
        now = self._site.clock()
        snapshot = self._index.current(now)

        def render() -> str:
            """Return the page of this view."""
            return self._list(reader, view, snapshot)

        return self._cache.render((reader, view), snapshot.number, now, render)

    def _list(self, reader: Reader, view: View, snapshot: Snapshot) -> str:
        listing = list_stories(snapshot, view, self.pages.zone)
        words = wording(reader.language)
        names = [view.category, view.language and language_name(view.language)]
        names.append(snapshot.names.get(view.publisher, view.publisher))
        heading = [words(f"heading_{view.tab}"), *(plain(one) for one in names if one)]
        return self.pages.render(
            "index.html",
            reader,
            "/",
            view=view,
            listing=listing,
            heading=" · ".join(heading),
            categories=_choices(snapshot.categories, view.category),
            languages=_choices(snapshot.languages, view.language),
            publishers=self._publishers(snapshot, view.publisher),
            view_feeds=self._view_feeds(view, snapshot),
            find_picture=self._picture,
            large=LARGE_PUBLISHERS,
            shown_chips=_SHOWN_CHIPS,
        )

    def _publishers(self, snapshot: Snapshot, chosen: str) -> list[tuple[str, str, int]]:
        named = _choices(snapshot.publishers, chosen, _MAX_PUBLISHERS)
        return [(id_, snapshot.names[id_], n) for id_, n in named if id_ in snapshot.names]

    def _view_feeds(self, view: View, snapshot: Snapshot) -> tuple[FeedLink, ...]:
        """Return the feed of a view in each format, from a public feed; empty without one.

        It is the first in the order of the view, else the first.
        """
        public = [one for one in self._published if not one.spec.token]
        usable = [one for one in public if one.format in _query.FORMATS]
        query = self._feed_query(view, snapshot)
        if not usable or query is None:
            return ()
        same = [one for one in usable if one.spec.order == view.tab]
        spec = (same or usable)[0].spec
        first = [one for one in usable if one.spec is spec]
        return tuple(self._with_query(one, query) for one in feed_links(first, self.pages.prefix))

    def _with_query(self, feed: FeedLink, query: str) -> FeedLink:
        file = feed.href.removeprefix(self.pages.prefix).lstrip("/")
        end = f"?{query}" if query else ""
        return FeedLink(
            name=feed.name,
            format=feed.format,
            href=f"{feed.href}{end}",
            media_type=feed.media_type,
            address=f"{self._site.public_url.rstrip('/')}/{file}{end}",
        )

    def _feed_query(self, view: View, snapshot: Snapshot) -> str | None:
        """Return the query of a view's feed; None if no feed has just these stories."""
        pairs = [("category", view.category)] if view.category else []
        pairs += [("lang", view.language)] if view.language else []
        if view.publisher:
            found = snapshot.sources_of.get(view.publisher, frozenset())
            names = sorted(self._names[one] for one in found if one in self._names)
            if not names or len(names) > _MAX_SOURCES:
                return None
            pairs += [("source", name) for name in names]
        return urlencode(pairs)

    def _render_story(self, reader: Reader, slug: str, *, saved: bool) -> CachedFile:
        found = self._site.store.stories([f"urn:uuid:{slug.removeprefix('urn:uuid:').lower()}"])
        if not found:
            raise HTTPException(404)
        decided = self._site.store.decisions() if reader.owner else ()
        page = self.pages.render(
            "story.html",
            reader,
            story=story_view(found[0], decided),
            find_picture=self._picture,
            saved=saved,
        )
        return page_file(page, self._site.clock())


def _choices(
    counted: Sequence[tuple[str, int]], chosen: str, most: int = _MAX_CHOICES
) -> Sequence[tuple[str, int]]:
    """Return the most frequent values, and the chosen one; nothing if there is no choice."""
    rest = (one for one in counted[most:] if one[0] == chosen)
    return (*counted[:most], *rest) if len(counted) > 1 or chosen else ()


def _find_picture(images: str, own: OwnPictures) -> FindPicture:
    if images == "cache":
        return own.find
    return remote_picture if images == "remote" else no_picture


def _language(request: Request) -> str:
    return choose_language(request.headers.get("accept-language", ""))
