"""The owner of the site: signing in, corrections and sources."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from lxml import html

from aggregator.core import ids
from aggregator.core.errors import AggregatorError
from aggregator.core.model import Decision, ShownStory
from aggregator.core.settings import PageSettings
from aggregator.web import Site
from tests.builders import NOW, make_publisher, make_shown, make_source, make_spec, make_stored
from tests.unit.web.fakes import FakeReader, make_site, visit

TOKEN = "o" * 20
PAGES = PageSettings(owner_token=TOKEN)
STORY = make_shown(make_stored(1), make_stored(2, publisher=make_publisher("b.org")))
OTHER = make_shown(make_stored(3))
SLUG = STORY.story.id.removeprefix("urn:uuid:")
PATH = f"/stories/{SLUG}"


class FakeActions:
    """Notes what the owner asks for."""

    def __init__(self, error: AggregatorError | None = None, *, daemon: bool = True) -> None:
        self.done: list[tuple[str, str]] = []
        self._error = error
        self._daemon = daemon

    def can_fetch(self) -> bool:
        """Return whether there is a daemon."""
        return self._daemon

    def request_fetch(self, source_id: str) -> None:
        """Note a fetch."""
        self._note("fetch", source_id)

    def set_paused(self, source_id: str, *, paused: bool) -> None:
        """Note a pause or its end."""
        self._note("pause" if paused else "resume", source_id)

    def _note(self, what: str, source_id: str) -> None:
        if self._error:
            raise self._error
        self.done.append((what, source_id))


def owned(folder: Path, *stories: ShownStory, **kw: Any) -> Site:
    """Make a site with an owner."""
    sources = (make_source(),)
    given = {"pages": PAGES, "sources": sources, "store": FakeReader(*(stories or (STORY, OTHER)))}
    return make_site(folder / "feeds", **given | kw)


def post(site: Site, path: str, cookie: str = "", **kw: Any) -> httpx.Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded", **kw.pop("headers", {})}
    if cookie:
        headers["Cookie"] = cookie
    return visit(site).ask("POST", path, headers, urlencode(kw).encode())


def signed_in(site: Site) -> str:
    """Sign in and return the cookie."""
    return post(site, "/owner", token=TOKEN).headers["set-cookie"].partition(";")[0]


def get(site: Site, path: str, cookie: str = "") -> Any:
    answer = visit(site).get(path, {"Cookie": cookie} if cookie else {})
    assert answer.status_code == 200
    return html.fromstring(answer.text)


def test_the_owner_signs_in_with_the_token(tmp_path: Path) -> None:
    site = owned(tmp_path)
    answer = post(site, "/owner", token=TOKEN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert TOKEN not in cookie
    for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=2592000"):
        assert part in cookie
    assert "Secure" not in cookie
    assert "You are signed in" in get(site, "/owner", signed_in(site)).text_content()


def test_over_https_the_cookie_is_for_https(tmp_path: Path) -> None:
    site = owned(tmp_path, public_url="https://news.example/read/")
    answer = post(site, "/read/owner", token=TOKEN, headers={"Host": "news.example"})
    assert answer.headers["location"] == "/read/"
    assert "Secure" in answer.headers["set-cookie"]
    assert "Path=/read/" in answer.headers["set-cookie"]


def test_another_token_signs_nobody_in(tmp_path: Path) -> None:
    answer = post(owned(tmp_path), "/owner", token="x" * 20)
    assert answer.status_code == 403
    assert "This is not the token" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("cookie", ["owner=", "owner=x", f"owner={TOKEN}", "other=1"])
def test_made_up_cookies_are_worth_nothing(tmp_path: Path, cookie: str) -> None:
    site = owned(tmp_path)
    headers = [("Cookie", cookie)]
    assert "Not the same story" not in visit(site).ask("GET", PATH, headers).text
    assert post(site, f"{PATH}/correct", cookie, action="split").status_code == 403


def test_a_new_token_ends_the_old_cookie(tmp_path: Path) -> None:
    site = owned(tmp_path)
    cookie = signed_in(site)
    changed = replace(site, pages=PageSettings(owner_token="n" * 20))
    assert "Not the same story" in get(site, PATH, cookie).text_content()
    assert "Not the same story" not in get(changed, PATH, cookie).text_content()


def test_the_owner_signs_out(tmp_path: Path) -> None:
    site = owned(tmp_path)
    answer = post(site, "/owner", signed_in(site), out="1")
    assert answer.status_code == 303
    assert 'owner="";' in answer.headers["set-cookie"]


def test_without_a_token_there_is_no_owner(tmp_path: Path) -> None:
    site = make_site(tmp_path, STORY)
    assert visit(site).get("/owner").status_code == 404
    assert post(site, f"{PATH}/correct", "owner=x", action="split").status_code in {404, 405}
    assert "Sign in" not in visit(site).get("/").text


def test_only_the_owner_sees_forms(tmp_path: Path) -> None:
    site = owned(tmp_path, owner=FakeActions())
    cookie = signed_in(site)
    for path in (PATH, "/sources/example"):
        assert not get(site, path).xpath("//form[@method='post']")
        forms = get(site, path, cookie).xpath("//main//form[@method='post']")
        assert all(one.get("action").startswith(path) for one in forms)
        assert forms


def test_the_owner_opens_private_pages(tmp_path: Path) -> None:
    site = owned(tmp_path, feeds=(make_spec(token="f" * 20),))
    assert visit(site).get("/").status_code == 403
    assert "Headline 1" in get(site, "/", signed_in(site)).text_content()


def decided(site: Site) -> list[tuple[str, str, str]]:
    found = site.store.decisions()
    return [(one.kind, one.a, one.b) for one in found]


def test_a_report_is_taken_out_once(tmp_path: Path) -> None:
    site = owned(tmp_path)
    cookie = signed_in(site)
    keys = [one.key for one in STORY.entries]
    entry = ids.entry_id(keys[1]).removeprefix("urn:uuid:")
    for _ in range(2):
        answer = post(site, f"{PATH}/correct", cookie, action="split", entry=entry)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}?saved=1")
    assert decided(site) == [("split", keys[0], keys[1])]
    assert "Saved" in get(site, f"{PATH}?saved=1", cookie).text_content()


@pytest.mark.parametrize(
    "other",
    [
        OTHER.story.id,
        OTHER.story.id.removeprefix("urn:uuid:").upper(),
        f" https://news.example/stories/{OTHER.story.id.removeprefix('urn:uuid:')}?token=x ",
        ids.entry_id(OTHER.lead.key),
        OTHER.lead.entry.link,
    ],
)
def test_stories_are_put_together(tmp_path: Path, other: str) -> None:
    site = owned(tmp_path)
    answer = post(site, f"{PATH}/correct", signed_in(site), action="join", other=other)
    assert answer.status_code == 303
    assert decided(site) == [("join", STORY.lead.key, OTHER.lead.key)]


@pytest.mark.parametrize(
    "form",
    [
        {"action": "join", "other": "nothing"},
        {"action": "join", "other": ""},
        {"action": "join", "other": "https://example.org/2"},  # in this story already
        {"action": "split", "entry": "nothing"},
        {"action": "split"},
        {},
    ],
)
def test_corrections_of_nothing_are_refused(tmp_path: Path, form: dict[str, str]) -> None:
    site = owned(tmp_path)
    assert post(site, f"{PATH}/correct", signed_in(site), **form).status_code == 409
    assert decided(site) == []


def test_the_only_report_stays(tmp_path: Path) -> None:
    site = owned(tmp_path)
    path = f"/stories/{OTHER.story.id.removeprefix('urn:uuid:')}"
    entry = ids.entry_id(OTHER.lead.key).removeprefix("urn:uuid:")
    assert (
        post(site, f"{path}/correct", signed_in(site), action="split", entry=entry).status_code
        == 409
    )


def test_what_was_corrected_is_told_to_the_owner(tmp_path: Path) -> None:
    site = owned(tmp_path)
    site.store.decide(Decision(kind="join", a=STORY.lead.key, b=OTHER.lead.key, when=NOW))
    site.store.decide(Decision(kind="never", a="unknown", b="others", when=NOW))
    (section,) = get(site, PATH, signed_in(site)).xpath("//section[@class='owner']")
    assert [" ".join(one.text_content().split()) for one in section.xpath("ul/li/p[1]")] == [
        "Put together: Headline 1"
    ]
    assert not get(site, PATH).xpath("//section[@class='owner']")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-origin"}, 303),
    ],
)
def test_forms_of_other_sites_are_refused(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    site = owned(tmp_path)
    form = {"action": "join", "other": OTHER.story.id}
    answer = post(site, f"{PATH}/correct", signed_in(site), headers=headers, **form)
    assert answer.status_code == status
    assert len(decided(site)) == (status == 303)


def test_forms_are_bounded(tmp_path: Path) -> None:
    site = owned(tmp_path)
    assert post(site, "/owner", token="x" * 9000).status_code == 413
    assert post(site, "/owner", **{f"f{n}": "1" for n in range(20)}).status_code == 400


@pytest.mark.parametrize("action", ["fetch", "pause", "resume"])
def test_sources_are_acted_on(tmp_path: Path, action: str) -> None:
    actions = FakeActions()
    site = owned(tmp_path, owner=actions)
    answer = post(site, "/sources/example/act", signed_in(site), action=action)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sources/example?saved=1")
    assert actions.done == [(action, "example")]


def test_wrong_actions_are_refused(tmp_path: Path) -> None:
    actions = FakeActions()
    site = owned(tmp_path, owner=actions)
    cookie = signed_in(site)
    assert post(site, "/sources/example/act", cookie, action="delete").status_code == 400
    assert post(site, "/sources/other/act", cookie, action="fetch").status_code == 404
    assert post(site, "/sources/example/act", action="fetch").status_code == 403
    assert actions.done == []


def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    site = owned(tmp_path, owner=FakeActions(AggregatorError("No daemon is running.")))
    answer = post(site, "/sources/example/act", signed_in(site), action="fetch")
    assert answer.status_code == 409
    assert "No daemon is running." in answer.text


def test_buttons_fit_the_source(tmp_path: Path) -> None:
    def buttons(site: Site) -> list[str]:
        """Return the values of the buttons of a source's page."""
        found = get(site, "/sources/example", signed_in(site)).xpath("//main//button/@value")
        return [str(one) for one in found]

    assert buttons(owned(tmp_path, owner=FakeActions())) == ["fetch", "pause"]
    assert buttons(owned(tmp_path, owner=FakeActions(daemon=False))) == ["pause"]
    paused = (make_source(paused=True),)
    assert buttons(owned(tmp_path, owner=FakeActions(), sources=paused)) == ["resume"]
