"""`aggregator sources add` and `test`: fetches a source before it is added, or to test it."""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator.cli.options import AllowPrivate, ConfigPath, Json, Quiet, open_logs, read_config
from aggregator.cli.output import count, print_error, print_json, print_line, printable, working
from aggregator.cli.source_edit import Editor
from aggregator.core import advice
from aggregator.core.errors import (
    AggregatorError,
    ConfigError,
    FetchError,
    NotAFeed,
    SourceError,
    Unreachable,
)
from aggregator.core.model import Source

if TYPE_CHECKING:
    from aggregator.config import Config
    from aggregator.gather.probe import Probe

Choose = Callable[[str, Sequence[str]], str]


def register(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("add")(add_source)
    app.command("test")(try_source)


def add_source(  # noqa: PLR0917  typer reads the options from the signature
    url: Annotated[
        str,
        typer.Argument(metavar="PAGE", help="The URL of a feed or of a page that links to one."),
    ],
    config: ConfigPath = None,
    title: Annotated[
        str, typer.Option("--title", metavar="T", help="The title of the source.")
    ] = "",
    category: Annotated[
        str, typer.Option("--category", metavar="C", help="The category of the source.")
    ] = "",
    id_: Annotated[
        str,
        typer.Option(
            "--id", metavar="ID", help="The id of the source; default: derived from the title."
        ),
    ] = "",
    feed: Annotated[
        int | None, typer.Option("--feed", metavar="N", min=1, help="Use the Nth feed of the page.")
    ] = None,
    allow_private: AllowPrivate = None,
    no_fetch: Annotated[
        bool, typer.Option("--no-fetch", help="Add the URL without fetching it.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Find the feed of a page, fetch it once and add it to the configuration file."""
    from aggregator.config import addresses, edit  # noqa: PLC0415  pydantic and yaml

    editor = Editor.open(config)
    found = _candidates(url)
    _check_unknown(editor.before, found)
    if no_fetch:
        address, name = found[0], title
    else:
        made = _fetch_first(editor.before, found, allow_private, _chooser(feed), quiet=quiet)
        address, name = made.address, title or made.info.title
        _check_unknown(editor.before, (made.source.url, address))
        if not quiet:
            _describe(made)
    taken = {old for one in editor.before.sources for old in (one.id, *one.formerly)}
    new_id = id_ or addresses.readable_id(name, address, taken)
    row = {"id": new_id, "url": address, "title": title, "category": category}
    editor.write(lambda text: edit.add_sources(text, [row]))
    editor.print_done(f"1 added: {new_id} ({_redacted(address)})", quiet=quiet)


def try_source(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The id of a source.")],
    config: ConfigPath = None,
    allow_private: AllowPrivate = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Fetch one source and show the result; nothing is stored. Exit 1 if it fails."""
    read = read_config(config)
    source = read.find(id_)
    try:
        with working(f"fetching {source.id}", quiet=quiet):
            made = _run(_with(read, allow_private), (source,), None)
    except SourceError as error:
        mend = advice.find_fix(str(error), source)
        if json:
            print_json({"id": source.id, "outcome": "error", "error": str(error), "mend": mend})
        else:
            print_error(printable(f"{source.id}: {error}"))
            print_error(printable(f"  {mend}"))
        return 1
    if json:
        print_json({"id": source.id, "outcome": "ok", **_as_json(made)})
    elif not quiet:
        _describe(made)
    return 0


def _candidates(text: str) -> tuple[str, ...]:
    from aggregator.config import addresses, fields  # noqa: PLC0415  pydantic

    try:
        return tuple(fields.web_address(one) for one in addresses.candidates(text))
    except ValueError as error:
        raise ConfigError(str(error), key=printable(text)) from None


def _check_unknown(config: "Config", found: Sequence[str]) -> None:
    """Raise ConfigError if a source already has an equivalent URL."""
    from aggregator.config import addresses  # noqa: PLC0415  pydantic

    keys = {addresses.comparison_key(one) for one in found}
    for source in config.sources:
        if source.url and addresses.comparison_key(source.url) in keys:
            paused = (
                f"; it is paused: aggregator sources resume {source.id}" if source.paused else ""
            )
            raise ConfigError(
                f"this address already exists, as {source.id} ({_redacted(source.url)}){paused}",
                path=config.path,
            )


def _fetch_first(
    config: "Config",
    found: Sequence[str],
    allow_private: list[str] | None,
    choose: Choose,
    *,
    quiet: bool,
) -> "Probe":
    """Return the result of the first reachable URL, or raise AggregatorError with a fix."""
    sources = [Source(id="new", url=one, clean=config.clean) for one in found]
    try:
        with working("fetching", quiet=quiet or sys.stdin.isatty()):
            return _run(_with(config, allow_private), sources, choose)
    except SourceError as error:
        mend = advice.find_fix(str(error), sources[0]).replace(
            f"aggregator sources add https://{sources[0].url.split('/')[2]}/", "a browser"
        )
        problem = f"{_redacted(sources[0].url)} was not added: {error}\n  {mend}"
        raise AggregatorError(f"{problem}\n  (--no-fetch adds it as it is)") from None


def _with(config: "Config", allow_private: list[str] | None) -> "Config":
    from aggregator import config as configuration  # noqa: PLC0415  loaded already

    open_logs("error")
    return configuration.with_allowed(config, allow_private or ())


def _run(config: "Config", sources: Sequence[Source], choose: Choose | None) -> "Probe":
    from aggregator.gather.fetchers import open_fetchers  # noqa: PLC0415  httpx: 0.2 seconds

    async def fetch() -> "Probe":
        """Fetch, then close the fetchers."""
        fetchers = open_fetchers(config.fetch)
        try:
            return await _first(fetchers, sources, choose)
        finally:
            await fetchers.close()

    return asyncio.run(fetch())


async def _first(
    fetchers: Mapping[str, Any], sources: Sequence[Source], choose: Choose | None
) -> "Probe":
    from aggregator.gather import probe  # noqa: PLC0415  parsers and cleaning

    problem: FetchError | None = None
    for source in sources:
        try:
            return await probe.probe(source, fetchers)
        except NotAFeed as error:
            if choose is None or not error.feeds:
                raise
            chosen = choose(source.url, error.feeds)
            return await probe.probe(probe.with_url(source, chosen), fetchers)
        except Unreachable as error:  # the next candidate may be http instead of a guessed https
            problem = problem or error
    raise problem or FetchError("no URL to fetch")


def _chooser(feed: int | None) -> Choose:
    """Return a function that chooses a feed of a page: by number, or interactively."""

    def choose(page: str, feeds: Sequence[str]) -> str:
        """Return one of the feeds, or raise AggregatorError."""
        if feed is not None:
            if feed > len(feeds):
                raise AggregatorError(f"--feed {feed}: the page has {count(len(feeds), 'feed')}")
            return feeds[feed - 1]
        if len(feeds) == 1:
            return feeds[0]
        listed = [printable(f"  {n}  {_redacted(one)}") for n, one in enumerate(feeds, 1)]
        has = f"{_redacted(page)} is a page with {len(feeds)} feeds"
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise AggregatorError("\n".join([f"{has}: choose one with --feed N", *listed]))
        print_error("\n".join([f"{has}:", *listed]))
        number: int = typer.prompt("Which one", default=1, type=int, err=True)
        if not 1 <= number <= len(feeds):
            raise AggregatorError(f"{number} is not in the list: choose 1 to {len(feeds)}")
        return feeds[number - 1]

    return choose


def _describe(made: "Probe") -> None:
    """Print a source's title, number of entries and newest entry."""
    name = made.info.title or made.source.title or "(no title)"
    print_line(printable(f"{name}: {count(len(made.entries), 'entry')}"))
    if newest := made.newest:
        when = f"{newest.published:%Y-%m-%d %H:%M}  " if newest.published else ""
        print_line(printable(f"  {when}{newest.title}"))
    for left in made.skipped[:5]:
        print_line(printable(f"  skipped {left.where}: {left.reason}"))
    if made.source.url and made.address != made.source.url:
        print_line(printable(f"  moved permanently to {_redacted(made.address)}"))


def _as_json(made: "Probe") -> dict[str, Any]:
    return {
        "title": made.info.title,
        "entries": len(made.entries),
        "skipped": len(made.skipped),
        "moved_to": _redacted(made.address) if made.address != made.source.url else None,
    }


def _redacted(url: str) -> str:
    from aggregator.text import urls  # noqa: PLC0415  its tables are read when first used

    return urls.redact(url)
