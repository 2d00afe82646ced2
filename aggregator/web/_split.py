"""The page behind the link “not the same story”: asks for confirmation and records the correction."""

import threading

import anyio
import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from aggregator.core import decisions, ids
from aggregator.core.model import Decision, ShownStory, StoredEntry
from aggregator.publish import files, signed_links
from aggregator.web._access import FORM_POLICY
from aggregator.web._site import Site
from aggregator.web.pages.rendering import Pages, split_question

_HEADERS = {
    "Content-Security-Policy": FORM_POLICY,
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
_INVALID_SIGNATURE = (
    "This link was not signed by this site, or its secret has changed since. Nothing was changed."
)


class SplitPage:
    """Handles the signed links; a valid signature is the only authorization needed.

    Feed readers and robots prefetch links, so opening one changes nothing: only POST does.
    """

    def __init__(self, site: Site, pages: Pages, limiter: anyio.CapacityLimiter) -> None:
        self._site = site
        self._pages = pages
        self._limiter = limiter
        self._lock = threading.Lock()
        self._enabled = any(spec.split_links for spec in site.feeds)

    async def answer(self, request: Request) -> Response:
        """Ask for confirmation, or record the posted correction; idempotent."""
        story, entry = (f"urn:uuid:{request.path_params[name]}" for name in ("id", "entry"))
        signature = request.query_params.get("sig", "")
        confirmed = request.method == "POST"
        page = await anyio.to_thread.run_sync(
            lambda: self._render(story, entry, signature, confirmed), limiter=self._limiter
        )
        return HTMLResponse(page, headers=_HEADERS)

    def _render(self, story: str, entry: str, signature: str, confirmed: bool) -> str:
        if not self._enabled:
            raise HTTPException(404)
        secret = files.secret(self._site.data)
        if not signed_links.is_signed(secret, story, entry, signature):
            raise HTTPException(403, _INVALID_SIGNATURE)
        shown = next(iter(self._site.store.stories([story])), None)
        stored = _member(shown, entry)
        if shown is None or stored is None or len(shown.entries) < 2:
            return self._pages.split(split_question(shown, None), "apart")
        decision = decisions.split(shown, stored.key, when=self._site.clock())
        return self._pages.split(split_question(shown, stored), self._record(decision, confirmed))

    def _record(self, decision: Decision, confirmed: bool) -> str:
        """Record a confirmed correction unless it is recorded already; return the page's state."""
        with self._lock:
            recorded = decisions.are_apart(self._site.store.decisions(), decision)
            if confirmed and not recorded:
                self._site.store.decide(decision)
        return "kept" if confirmed or recorded else "asked"


def _member(shown: ShownStory | None, entry: str) -> StoredEntry | None:
    entries = shown.entries if shown else ()
    return next((one for one in entries if ids.entry_id(one.key) == entry), None)
