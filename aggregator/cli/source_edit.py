"""`aggregator sources add`, `import`, `remove` and so on: edit the list of sources in the configuration."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import file_arguments
from aggregator.cli.daemon_requests import print_reload_hint
from aggregator.cli.options import ConfigPath, Json, Quiet, config_path
from aggregator.cli.output import print_error, print_json, print_line, printable
from aggregator.core.errors import AggregatorError, ConfigError
from aggregator.core.model import Source

if TYPE_CHECKING:
    from aggregator.config import Config, opml

Change = Callable[[str], str]

_Id = Annotated[str, typer.Argument(metavar="ID", help="The id of a source, or its beginning.")]
_MAX_LEFT_OUT_SHOWN = 20  # lines printed


def register(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("import")(import_sources)
    app.command("remove")(remove_source)
    app.command("pause")(pause_source)
    app.command("resume")(resume_source)
    app.command("rename")(rename_source)


@dataclass(frozen=True, slots=True)
class Editor:
    """Edits a configuration file; everything else in it, such as comments, is preserved."""

    path: Path
    text: str
    before: "Config"

    @classmethod
    def open(cls, given: Path | None) -> "Editor":
        """Read the configuration, which must be valid."""
        from aggregator import config as configuration  # noqa: PLC0415  pydantic and yaml

        path = config_path(given)
        before = configuration.load(path, os.environ)
        return cls(path, file_arguments.read(path).decode("utf-8"), before)

    def find(self, id_: str) -> tuple[int, Source]:
        """Return index and source of an id, or raise ConfigError."""
        source = self.before.find(id_)
        return self.before.sources.index(source), source

    def print_done(self, text: str, *, quiet: bool) -> None:
        """Print the result of the edit, and when a running daemon reloads the file."""
        if not quiet:
            print_line(printable(f"{self.path}: {text}"))
            print_reload_hint(self.before.data)

    def write(self, change: Change, *, but: Iterable[str] = ()) -> "Config":
        """Write the changed text if it is valid and changes no source except those in `but`."""
        from aggregator import config as configuration  # noqa: PLC0415  loaded already

        text = _byte_order_mark(self.text) + change(_without_mark(self.text))
        try:
            after = configuration.loads(_without_mark(text), self.path, os.environ)
        except ConfigError as error:
            if _is_new_source_faulty(error):
                raise
            raise AggregatorError(f"{self.path} {_NOT_EDITABLE}: {error}") from None
        left = set(but)
        kept = {one.id: one for one in after.sources}
        if any(kept.get(one.id) != one for one in self.before.sources if one.id not in left):
            raise AggregatorError(f"{self.path} {_NOT_EDITABLE}")
        if text != self.text:
            file_arguments.write(self.path, text.encode())
        return after


_NOT_EDITABLE = "has a form that this command cannot edit: edit it by hand"


def _is_new_source_faulty(error: ConfigError) -> bool:
    """Return whether the new source is faulty, rather than its insertion into the file."""
    return error.key.startswith("sources[") or "is not YAML" not in error.problem


def _byte_order_mark(text: str) -> str:
    return "\ufeff" if text.startswith("\ufeff") else ""


def _without_mark(text: str) -> str:
    return text.removeprefix("\ufeff")


# --- import --------------------------------------------------------------------------------


def import_sources(
    file: Annotated[Path, typer.Argument(metavar="FILE.opml", help="A list of subscriptions.")],
    config: ConfigPath = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Add the feeds of an OPML file that are not in the configuration yet."""
    from aggregator.config import addresses, edit, opml  # noqa: PLC0415  for lists alone

    found = opml.read_list(file_arguments.read(file, opml.MAX_FILE_BYTES), file)
    editor = Editor.open(config)
    known = {addresses.comparison_key(one.url): one for one in editor.before.sources if one.url}
    new: list[opml.Subscription] = []
    there: list[tuple[opml.Subscription, str]] = []
    for one in found.feeds:
        key = addresses.comparison_key(one.url)
        if key in known:
            there.append((one, known[key].id))
        else:
            new.append(one)
            known[key] = Source(id=f"another line of {file.name}", url=one.url)
    if new:
        rows = [{"url": one.url, "title": one.title, "category": one.category} for one in new]
        editor.write(lambda text: edit.add_sources(text, rows))
    if json:
        print_json(
            {
                "added": [one.url for one in new],
                "known": [{"url": one.url, "as": id_} for one, id_ in there],
                "left_out": [{"what": one.name, "why": one.reason} for one in found.skipped],
            }
        )
    elif not quiet:
        _print_import(new, there, found.skipped)
        result = f"{len(new)} added, {len(there)} already known, {len(found.skipped)} left out"
        editor.print_done(result, quiet=False)


def _print_import(
    new: "Sequence[opml.Subscription]",
    there: "Sequence[tuple[opml.Subscription, str]]",
    left_out: "Sequence[opml.SkippedOutline]",
) -> None:
    """Print the result for each line of a list."""
    from aggregator.text import urls  # noqa: PLC0415  its tables are read when first used

    for one in new:
        print_line(printable(f"added {one.title or urls.redact(one.url)}"))
    for one, id_ in there:
        print_line(printable(f"known {one.title or urls.redact(one.url)}: as {id_}"))
    for left in left_out[:_MAX_LEFT_OUT_SHOWN]:
        print_error(printable(f"left out {left.name}: {left.reason}"))
    if len(left_out) > _MAX_LEFT_OUT_SHOWN:
        print_error(
            f"and {len(left_out) - _MAX_LEFT_OUT_SHOWN} more left out; --json lists them all"
        )


# --- one source ----------------------------------------------------------------------------


def remove_source(id_: _Id, config: ConfigPath = None, quiet: Quiet = False) -> None:
    """Remove a source from the configuration; its entries stay until they expire."""
    from aggregator.config import edit  # noqa: PLC0415  pydantic and yaml

    editor = Editor.open(config)
    number, source = editor.find(id_)

    def change(text: str) -> str:
        """Remove the source, then its id in feeds."""
        return edit.rename_in_feeds(edit.remove_source(text, number), source.id, "")

    editor.write(change, but=[source.id])
    editor.print_done(f"{source.id} removed; its entries stay until they expire", quiet=quiet)


def pause_source(id_: _Id, config: ConfigPath = None, quiet: Quiet = False) -> None:
    """Stop fetching a source until it is resumed; its entries stay."""
    from aggregator.config import edit  # noqa: PLC0415  pydantic and yaml

    editor = Editor.open(config)
    number, source = editor.find(id_)
    if not source.paused:
        editor.write(lambda text: edit.set_key(text, number, "paused", "true"), but=[source.id])
    already = " already" if source.paused else ""
    editor.print_done(f"{source.id} is paused{already}", quiet=quiet)


def resume_source(id_: _Id, config: ConfigPath = None, quiet: Quiet = False) -> None:
    """Fetch a paused source again."""
    from aggregator.config import edit  # noqa: PLC0415  pydantic and yaml

    editor = Editor.open(config)
    number, source = editor.find(id_)
    if source.paused:
        editor.write(lambda text: edit.remove_key(text, number, "paused"), but=[source.id])
    already = "" if source.paused else "was not paused: it "
    editor.print_done(f"{source.id} {already}is fetched on schedule", quiet=quiet)


def rename_source(
    id_: _Id,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new id.")],
    config: ConfigPath = None,
    quiet: Quiet = False,
) -> None:
    """Change the id of a source; `formerly` preserves the ids of its entries."""
    from aggregator.config import edit  # noqa: PLC0415  pydantic and yaml

    editor = Editor.open(config)
    number, source = editor.find(id_)
    if source.id == new:
        editor.print_done(f"{new} is already its id", quiet=quiet)
        return
    former = [
        one for one in (*source.formerly, source.id) if one != new or source.formerly[:1] == (new,)
    ]

    def change(text: str) -> str:
        """Set the new id, add the old one to `formerly`, and rename it in feeds."""
        text = edit.set_key(text, number, "id", new)
        text = edit.set_key(text, number, "formerly", former)
        return edit.rename_in_feeds(text, source.id, new)

    after = editor.write(change, but=[source.id])
    if after.sources[number].identity != source.identity:
        raise AggregatorError(f"{source.id} cannot be renamed: the ids of its entries would change")
    editor.print_done(f"{source.id} is now {new}; its entries keep their ids", quiet=quiet)
