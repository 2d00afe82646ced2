"""Answers the forms of the owner: signing in, corrections of stories, sources."""

import re
import threading
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from aggregator.core import decisions, ids
from aggregator.core.errors import AggregatorError, StoreError
from aggregator.core.model import Decision, ShownStory, StoredEntry
from aggregator.web._access import page_policy
from aggregator.web._site import Site
from aggregator.web.pages.handlers import PageViews
from aggregator.web.pages.owner import read_form

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MAX_TEXT_CHARS = 4000
_NO_STORE = {"Cache-Control": "no-store", "Content-Security-Policy": page_policy()}
_WRONG_TOKEN = "wrong_token"  # noqa: S105  the key of a phrase


class OwnerViews:
    """The forms of the owner; without `pages.owner_token` there are none."""

    def __init__(self, site: Site, people: PageViews) -> None:
        self._site = site
        self._people = people
        self._sources = {source.id for source in site.sources}
        self._lock = threading.Lock()

    def routes(self) -> Sequence[Route]:
        """Return the routes of the forms."""
        if not self._site.pages.owner_token:
            return []
        return [
            Route("/owner", self.sign_in, methods=["GET", "POST"]),
            Route("/stories/{id}/correct", self.correct, methods=["POST"]),
            Route("/sources/{id}/act", self.act, methods=["POST"]),
        ]

    async def sign_in(self, request: Request) -> Response:
        """Ask for the token; sign in or out."""
        if request.method != "POST":
            return await self._sign_in_page(request)
        form, owner = await read_form(request), self._people.owner
        if "out" in form:
            response = self._back(request, "/")
            owner.sign_out(response)
            return response
        if not owner.accepts(form.get("token", "")):
            return await self._sign_in_page(request, _WRONG_TOKEN, 403)
        response = self._back(request, "/")
        await anyio.to_thread.run_sync(owner.sign_in, response)
        return response

    async def correct(self, request: Request) -> Response:
        """Record a correction of a story, then show the story."""
        form, slug = await self._owner_form(request), request.path_params["id"]
        make: Callable[[ShownStory], Decision]
        if form.get("action") == "split":
            make = lambda shown: self._split(shown, form.get("entry", ""))  # noqa: E731
        else:
            make = lambda shown: self._join(shown, form.get("other", ""))  # noqa: E731
        await anyio.to_thread.run_sync(
            lambda: self._decide(slug, make), limiter=self._people.limiter
        )
        return self._back(request, f"/stories/{slug}", "saved=1")

    async def act(self, request: Request) -> Response:
        """Fetch a source now, pause it or resume it, then show the source."""
        form, name = await self._owner_form(request), request.path_params["id"]
        actions = self._site.owner
        if actions is None or name not in self._sources:
            raise HTTPException(404)
        action = form.get("action", "")
        try:
            if action == "fetch":
                await anyio.to_thread.run_sync(actions.request_fetch, name)
            elif action in {"pause", "resume"}:
                paused = action == "pause"
                await anyio.to_thread.run_sync(lambda: actions.set_paused(name, paused=paused))
            else:
                raise HTTPException(400)
        except StoreError:
            raise
        except AggregatorError as error:
            raise HTTPException(409, str(error)) from error
        return self._back(request, f"/sources/{name}", "saved=1")

    async def _owner_form(self, request: Request) -> dict[str, str]:
        if not await anyio.to_thread.run_sync(self._people.owner.is_signed_in, request):
            raise HTTPException(403, "Only the owner of the site may do this: sign in at /owner.")
        return dict(await read_form(request))

    async def _sign_in_page(
        self, request: Request, problem: str = "", status: int = 200
    ) -> Response:
        reader = await anyio.to_thread.run_sync(self._people.reader_of, request)
        page = self._people.pages.render("owner.html", reader, "/owner", problem=problem)
        return HTMLResponse(page, status, _NO_STORE)

    def _back(self, request: Request, path: str, query: str = "") -> Response:
        token = self._people.token_of(request)
        address = self._people.pages.href(token, path, query)
        return RedirectResponse(address, 303, {"Cache-Control": "no-store"})

    # --- corrections, in a thread ----------------------------------------------------------

    def _decide(self, slug: str, make: Callable[[ShownStory], Decision]) -> None:
        shown = next(iter(self._site.store.stories([f"urn:uuid:{slug.lower()}"])), None)
        if shown is None:
            raise HTTPException(404)
        try:
            decision = make(shown)
        except AggregatorError as error:
            raise HTTPException(409, str(error)) from error
        with self._lock:
            recorded = self._site.store.decisions()
            last = [one for one in recorded if {one.a, one.b} == {decision.a, decision.b}][-1:]
            if not last or last[0].kind != decision.kind:
                self._site.store.decide(decision)

    def _split(self, shown: ShownStory, entry: str) -> Decision:
        keys = {ids.entry_id(one.key): one.key for one in shown.entries}
        key = keys.get(f"urn:uuid:{entry}")
        if key is None:
            raise HTTPException(409, "This report is no longer part of the story.")
        return decisions.split(shown, key, when=self._site.clock())

    def _join(self, shown: ShownStory, text: str) -> Decision:
        other = self._find(text.strip()[:_MAX_TEXT_CHARS])
        if other is None:
            raise HTTPException(409, "No story or report has this address or id.")
        if any(one.key == other.key for one in shown.entries):
            raise HTTPException(409, "This report is part of the story already.")
        when = self._site.clock()
        return Decision(kind="join", a=shown.lead.key, b=other.key, when=when)

    def _find(self, text: str) -> StoredEntry | None:
        """Return the entry of an id or a link; of a story, the shown one."""
        if found := _ID.search(urlsplit(text).path if "/" in text else text):
            name = f"urn:uuid:{found[0].lower()}"
            if stories := self._site.store.stories([name]):
                return stories[0].lead
            if entry := self._site.store.find_entry(name):
                return entry
        return self._site.store.find_entry(text) if text else None
