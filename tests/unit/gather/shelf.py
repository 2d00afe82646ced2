"""What a store would remember of one source, kept in memory."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from aggregator.core.model import Entry
from aggregator.gather import changes, identity, matching, revision
from aggregator.gather.changes import Difference
from aggregator.gather.identity import Known
from tests.builders import NOW, make_entry


class Shelf:
    """What a store would remember of one source, kept in memory."""

    def __init__(self) -> None:
        self.aliases: dict[str, str] = {}
        self.known: dict[str, Known] = {}
        self.entries: dict[str, Entry] = {}

    def see(
        self, *entries: Entry, now: datetime = NOW, standalone: bool = False
    ) -> list[tuple[str, str]]:
        """Take one document (or dumps, if standalone); return key and verdict of each entry."""
        named = [identity.names("s", entry, standalone=standalone) for entry in entries]
        digests = {name.digest for own in named for name in own}
        aliases = {one: key for one, key in self.aliases.items() if one in digests}
        found = matching.match(entries, named, aliases, self.known, standalone=standalone)
        result = [
            (matched.key, "double" if matched.is_duplicate else self._keep(entry, matched.key, now))
            for entry, matched in zip(entries, found.matches, strict=True)
        ]
        self.aliases.update((name.digest, key) for name, key in found.learned)
        self.aliases.update((name.digest, identity.AMBIGUOUS) for name in found.ambiguous)
        return result

    def keys(self, *entries: Entry, **kw: Any) -> list[str]:
        """Take one document; return the keys."""
        return [key for key, _ in self.see(*entries, **kw)]

    def verdicts(self, *entries: Entry, **kw: Any) -> list[str]:
        """Take one document; return the verdicts."""
        return [verdict for _, verdict in self.see(*entries, **kw)]

    def _keep(self, entry: Entry, key: str, now: datetime) -> str:
        before = self.known.get(key)
        if before is None:
            self._store(entry, key, (), now)
            return "new"
        found = changes.difference(self.entries[key], entry)
        if revision.is_counter_change(before, entry, found, frozenset()):
            found = Difference(kind="silent")
        verdict = revision.classify(before, entry, found, now)
        if verdict == "modified":
            self._store(entry, key, revision.variants_if_modified(before, entry, found, now), now)
        elif verdict == "older":
            texts = revision.variants_if_older(before, entry, now)
            self.known[key] = replace(before, variants=texts)
        else:
            self._store(entry, key, revision.variants_if_seen(before, entry, now), now)
        return verdict

    def _store(self, entry: Entry, key: str, texts: revision.Variants, now: datetime) -> None:
        self.entries[key] = entry
        self.known[key] = Known(
            key=key,
            title=entry.title,
            link=entry.link,
            fingerprint=entry.fingerprint,
            digest=entry.digest,
            claim=entry.published,
            stamp=revision.stamp(entry, now),
            gathered=entry.gathered,
            variants=texts,
        )


def edited(n: int, words: str, **kw: Any) -> Entry:
    """Make entry n with another text."""
    return make_entry(n, text=f"Quite another text of entry {n}: {words}. " * 4, **kw)
