"""The page behind the link “not the same story”: asks when it is opened, and keeps what is said."""

import threading

import anyio
import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from aggregator.core import ids
from aggregator.core.model import Decision, ShownStory, StoredEntry
from aggregator.publish import files, signed_links
from aggregator.web import _pages
from aggregator.web._gate import FORM_POLICY
from aggregator.web._pages import Pages
from aggregator.web._site import Site

_HEADERS = {
    "Content-Security-Policy": FORM_POLICY,
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
_FOREIGN = (
    "This link is not signed by this site, or by a secret that it has no more. Nothing was changed."
)


class Splits:
    """Answers for the signed links; the signature is all that a reader has to know.

    Readers and robots open links ahead of people, so that opening one changes nothing.
    """

    def __init__(self, site: Site, pages: Pages, limiter: anyio.CapacityLimiter) -> None:
        self._site = site
        self._pages = pages
        self._limiter = limiter
        self._turn = threading.Lock()
        self._feeds = any(spec.split_links for spec in site.feeds)

    async def answer(self, request: Request) -> Response:
        """Ask, or keep what is posted; twice is as once."""
        story, entry = (f"urn:uuid:{request.path_params[name]}" for name in ("id", "entry"))
        signature = request.query_params.get("sig", "")
        agreed = request.method == "POST"
        page = await anyio.to_thread.run_sync(
            lambda: self._make(story, entry, signature, agreed), limiter=self._limiter
        )
        return HTMLResponse(page, headers=_HEADERS)

    def _make(self, story: str, entry: str, signature: str, agreed: bool) -> str:
        if not self._feeds:
            raise HTTPException(404)
        secret = files.secret(self._site.data)
        if not signed_links.is_signed(secret, story, entry, signature):
            raise HTTPException(403, _FOREIGN)
        shown = next(iter(self._site.store.stories([story])), None)
        stored = _member(shown, entry)
        if shown is None or stored is None or len(shown.entries) < 2:
            return self._pages.split(_pages.ask(shown, None), "apart")
        decision = signed_links.split(shown, stored.key, when=self._site.clock())
        return self._pages.split(_pages.ask(shown, stored), self._decide(decision, agreed))

    def _decide(self, decision: Decision, agreed: bool) -> str:
        """Keep what the reader agrees to, unless it is kept already; return how it stands."""
        with self._turn:
            kept = signed_links.holds(self._site.store.decisions(), decision)
            if agreed and not kept:
                self._site.store.decide(decision)
        return "kept" if agreed or kept else "asked"


def _member(shown: ShownStory | None, entry: str) -> StoredEntry | None:
    held = shown.entries if shown else ()
    return next((one for one in held if ids.entry_id(one.key) == entry), None)
