"""`aggregator stories`: lists and explains stories, and records corrections."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import unquote

import typer

from aggregator.cli import corrections, regroup
from aggregator.cli.daemon_requests import when_applied
from aggregator.cli.lookup import find_entry, find_pair, find_story
from aggregator.cli.options import ConfigPath, DataPath, Json, Quiet
from aggregator.cli.output import count, iso, print_json, print_line, printable, short
from aggregator.cli.sources import opened
from aggregator.cli.tables import table
from aggregator.core.model import Decision, Member, Reason, ShownStory, StoredEntry

if TYPE_CHECKING:
    from aggregator.bootstrap import Application
    from aggregator.core.search import SearchHit
    from aggregator.group.stories.explain import Explanation

app = typer.Typer(no_args_is_help=True, help="List, explain and correct stories.")
regroup.register(app)
corrections.register(app)

_Limit = Annotated[
    int, typer.Option("--limit", metavar="N", min=1, help="Show the N newest stories.")
]
_Found = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Show N stories.")]
_Words = Annotated[
    list[str],
    typer.Argument(
        metavar="WORDS...",
        help='All of these words; `"a phrase"`, `begin*`, and `-word` after `--`.',
    ),
]
_Story = Annotated[
    str, typer.Argument(metavar="STORY", help="The id of a story, or of one of its entries.")
]
_Entry = Annotated[str, typer.Argument(metavar="ENTRY", help="The id or link of an entry.")]
_Other = Annotated[str, typer.Argument(metavar="ENTRY", help="The id or link of another entry.")]

_INDEXED_AT_ONCE = 1000  # entries
_MAX_FEATURES = 8  # shown for and against one event
_MAX_WEIGHTS, _MAX_SHARED = 4, 8  # features and words shown of a member

_WORDS = {
    "founder": "first to report it",
    "same event": "reports the same event",
    "same text": "has the same text",
    "same link": "links to the same page",
    "user": "your correction",
    "journal": "was in this story before the database was lost",
}


@app.command("list")
def list_stories(
    config: ConfigPath = None,
    data: DataPath = None,
    limit: _Limit = 20,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the newest stories with their publishers."""
    with opened(config, data) as application:
        shown = list(islice(application.store.newest_stories(), limit))
    if json:
        for one in shown:
            print_json(_line(one))
        return
    _list(shown, quiet=quiet)


def _list(shown: Iterable[ShownStory], *, quiet: bool) -> None:
    """Print a table of stories."""
    rows = [
        (iso(one.story.first_published)[:16].replace("T", " "), short(one.story.id),
         one.lead.entry.title, ", ".join(_publishers(one)))
        for one in shown
    ]  # fmt: skip
    table(
        ("first published", "id", "title", "publishers"),
        rows,
        quiet=quiet,
        fold=("title", "publishers"),
    )


@app.command("search")
def search_stories(
    words: _Words,
    *,
    config: ConfigPath = None,
    data: DataPath = None,
    publisher: Annotated[
        str, typer.Option("--publisher", metavar="P", help="Only reports of this publisher.")
    ] = "",
    language: Annotated[
        str, typer.Option("--language", metavar="L", help="Only reports in this language.")
    ] = "",
    day: Annotated[
        datetime | None,
        typer.Option(
            "--day",
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="Only of this day (UTC), such as 2026-12-31.",
        ),
    ] = None,
    limit: _Found = 20,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search titles and texts; the newest stories come first. Indexes new entries before."""
    from aggregator.core.search import SearchQuery  # noqa: PLC0415  loaded already, by the store
    from aggregator.text import search_terms  # noqa: PLC0415

    try:
        terms = search_terms.parse(" ".join(words))
    except ValueError as error:
        raise typer.BadParameter(str(error).replace("q ", "the search ", 1)) from error
    since = day.replace(tzinfo=UTC) if day else None
    query = SearchQuery(
        terms=terms,
        publisher=publisher,
        language=search_terms.narrowest(language),
        since=since,
        until=since + timedelta(days=1) if since else None,
    )
    with opened(config, data) as application:
        while application.store.index(_INDEXED_AT_ONCE, application.config.search.characters):
            pass
        hits = application.store.search(query, None, limit).hits
    if json:
        for one in hits:
            print_json(_line(one.shown) | {"found": _found(one)})
        return
    _list([one.shown for one in hits], quiet=quiet)


def _found(hit: "SearchHit") -> str:
    """Return the id of the entry that was found."""
    from aggregator.core import ids  # noqa: PLC0415  loaded already, by `opened`

    return ids.entry_id(hit.key)


@app.command("show")
def show_story(
    id_: _Story, config: ConfigPath = None, data: DataPath = None, json: Json = False
) -> None:
    """Show a story's members and why each belongs to it."""
    with opened(config, data) as application:
        shown = find_story(application, id_)
    members = _members(shown)
    if json:
        print_json(_line(shown) | {"members": members})
        return
    print_line(printable(shown.lead.entry.title))
    print_line(f"{shown.story.id}, first published {iso(shown.story.first_published)}")
    for one in members:
        print_line("")
        print_line(printable(f"{one['publisher']}: {one['title']}"))
        print_line(printable(f"  {_readable(one['link'])}"))
        print_line(printable(f"  {one['id']}, published {one['published']}"))
        for part in one["why"].split("; "):
            print_line(printable(f"  {part}"))


@app.command()
def explain(
    a: _Entry, b: _Other, config: ConfigPath = None, data: DataPath = None, json: Json = False
) -> None:
    """Show how two entries compare, feature by feature."""
    from aggregator.group.stories.explain import explain  # noqa: PLC0415  numpy and the weights: a second

    with opened(config, data) as application:
        pair = find_pair(application, a, b)
        settings, decisions = application.config.stories, application.store.decisions()
        made = explain(*pair, settings, decisions=decisions)
        if made.verdict in {"same event", "same text", "same link"}:
            made = replace(made, missing=tuple(_missing_in_stories(application, *pair)))
    if json:
        shown = asdict(made)
        print_json(shown | {name: dict(shown[name]) for name in ("features", "contributions")})
        return
    for line in _explained(pair, made):
        print_line(printable(line))


def _missing_in_stories(
    application: "Application", a: StoredEntry, b: StoredEntry
) -> Iterator[str]:
    """Yield why two entries that are one event on their own are in two stories."""
    from aggregator.group.stories.explain import fit_with_story  # noqa: PLC0415  as above

    stories = application.store.stories_of([a.key, b.key])
    if len(stories) < len({a.key, b.key}):
        return  # one story, or not grouped yet
    later = max((a, b), key=lambda one: (one.published, one.key))
    (story,) = (one for one in stories if later.key not in {member.key for member in one.members})
    members = application.store.entries([member.key for member in story.members])
    found = fit_with_story(later, members, story, application.config.stories)
    size = count(found.members, "entry", "entries")
    yield (
        f"the later one must fit the whole story of the other, {size}: it is alike to"
        f" {found.alike}, its fit is {found.fit:+.2f}, and more than {found.bar:+.2f} is needed"
    )
    if found.fit > found.bar:
        yield "they were decided before: `aggregator stories regroup` decides again"


@app.command()
def join(a: _Entry, b: _Other, config: ConfigPath = None, data: DataPath = None) -> None:
    """Put two entries into one story, permanently."""
    with opened(config, data) as application:
        _decide(application, "join", *find_pair(application, a, b))


@app.command()
def never(a: _Entry, b: _Other, config: ConfigPath = None, data: DataPath = None) -> None:
    """Keep two entries in different stories, permanently."""
    with opened(config, data) as application:
        _decide(application, "never", *find_pair(application, a, b))


@app.command()
def split(story: _Story, entry: _Entry, config: ConfigPath = None, data: DataPath = None) -> None:
    """Remove an entry from a story, permanently."""
    from aggregator import bootstrap  # noqa: PLC0415
    from aggregator.core import decisions  # noqa: PLC0415  loaded already, by `opened`

    with opened(config, data) as application:
        shown, parted = find_story(application, story), find_entry(application, entry)
        _record(application, decisions.split(shown, parted.key, when=bootstrap.now()))


def _explained(pair: tuple[StoredEntry, StoredEntry], made: "Explanation") -> Iterator[str]:
    """Yield the lines that explain whether two entries report one event."""
    from aggregator.core.feature_names import plain_name  # noqa: PLC0415  as in `explain`

    for one in pair:
        yield f"{one.entry.publisher.title}: {one.entry.title}"
        yield f"  published {_minute(one.published)}, {_readable(one.entry.link)}"
    yield ""
    yield made.words[:1].upper() + made.words[1:] + "."
    yield f"Shared words: {', '.join(made.keys) or 'none'}"
    for line in made.missing:
        yield f"Not one story because {line}"
    values = dict(made.features)
    for heading, sign in (("For one event", 1), ("Against", -1)):
        parts = [(name, part) for name, part in made.contributions if part * sign > 0]
        if parts:
            yield ""
            yield f"{heading}, {sum(part for _, part in parts):+.2f} in total:"
        for name, part in parts[:_MAX_FEATURES]:
            value = f"{values[name]:g}" if name in values else ""
            yield f"  {part:+6.2f}  {plain_name(name):<52} {value}".rstrip()
        if rest := parts[_MAX_FEATURES:]:
            yield f"  {sum(part for _, part in rest):+6.2f}  {len(rest)} others"
    yield ""
    yield f"Score {made.score:+.2f}; more than {made.bar:+.2f} is needed."


def _minute(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}"


def _readable(link: str) -> str:
    """Return a link with percent-escapes decoded, if the result is printable."""
    plain = unquote(link).replace(" ", "%20")
    return plain if "\ufffd" not in plain and plain.isprintable() else link


def _decide(
    application: "Application",
    kind: Literal["join", "never"],
    a: StoredEntry,
    b: StoredEntry,
) -> None:
    from aggregator import bootstrap  # noqa: PLC0415  loaded already, by `opened`

    _record(application, Decision(kind=kind, a=a.key, b=b.key, when=bootstrap.now()))


def _record(application: "Application", decision: Decision) -> None:
    application.store.decide(decision)
    print_line(f"recorded; {when_applied(application.config.data)}")


def _line(shown: ShownStory) -> dict[str, Any]:
    from aggregator.core import ids  # noqa: PLC0415  loaded already, by `opened`

    return {
        "id": shown.story.id,
        "title": shown.lead.entry.title,
        "link": shown.lead.entry.link,
        "first_published": iso(shown.story.first_published),
        "updated": iso(shown.story.updated),
        "publishers": _publishers(shown),
        "members": [ids.entry_id(member.key) for member in shown.story.members],
    }


def _members(shown: ShownStory) -> list[dict[str, Any]]:
    from aggregator.core import ids  # noqa: PLC0415  loaded already, by `opened`

    entries = {one.key: one for one in shown.entries}
    return [
        {
            "id": ids.entry_id(member.key),
            "title": entries[member.key].entry.title,
            "publisher": entries[member.key].entry.publisher.title,
            "link": entries[member.key].entry.link,
            "published": iso(entries[member.key].published),
            "reason": member.reason.kind,
            "score": member.reason.score,
            "bar": member.reason.bar,
            "nearest": ids.entry_id(member.reason.nearest) if member.reason.nearest else None,
            "weights": dict(member.reason.weights),
            "shared": list(member.reason.shared),
            "why": in_words(member, entries),
        }
        for member in shown.story.members
        if member.key in entries
    ]


def in_words(member: Member, entries: dict[str, StoredEntry]) -> str:
    """Return why an entry is in its story: a sentence, the main features, the shared words."""
    from aggregator.core.feature_names import plain_name  # noqa: PLC0415
    from aggregator.group.stories import wording  # noqa: PLC0415  as in `explain`

    reason: Reason = member.reason
    text, shared = _WORDS[reason.kind], list(reason.shared)
    own, nearest = entries.get(member.key), entries.get(reason.nearest)
    if nearest is not None:
        text += f" as {nearest.entry.publisher.title}"
    if own is not None and nearest is not None:
        shared = wording.whole_words(shared, own, nearest)
        apart = wording.time_apart(abs(own.published - nearest.published))
        common = wording.in_common(shared, own, nearest)
        text += f": {common}, published {apart}" if common else f": {apart}"
    if reason.kind in ("same event", "same text"):
        needed = "" if reason.bar is None else f", {reason.bar:.0%} needed"
        text += f" ({reason.score:.0%} sure{needed})"
    strongest = sorted(reason.weights, key=lambda one: -abs(one[1]))[:_MAX_WEIGHTS]
    if strongest:
        text += "; " + ", ".join(f"{plain_name(name)} {weight:+.1f}" for name, weight in strongest)
    if shared:
        text += f"; shared words: {', '.join(shared[:_MAX_SHARED])}"
    return text


def _publishers(shown: ShownStory) -> list[str]:
    titles: dict[str, str] = {}
    for one in shown.entries:  # the sections of one newspaper may have titles of their own
        titles.setdefault(one.entry.publisher.id, one.entry.publisher.title)
    return list(dict.fromkeys(titles.values()))
