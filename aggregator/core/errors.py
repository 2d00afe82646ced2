"""The error tree; foreign exceptions are translated into it once, at the edge that calls the library.

AggregatorError
  ConfigError(path, line, key)      stop, exit status 2
    ConfigErrors(faults)            several at once
  SourceError(source_id)            costs this source alone
    FetchError
      Timeout · Unreachable · HTTPStatus(status, retry_after)
      BodyTooLarge · BlockedAddress · TooManyRedirects
    ParseError
      NotAFeed(feeds)               a page came instead; the feeds that it links to
  StoreError
    SchemaTooNew · DataFolderBusy
  PublishError                      the last good feed stays
"""

import errno
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path


class AggregatorError(Exception):
    """Base of all errors that the aggregator raises on purpose."""


class ConfigError(AggregatorError):
    """The configuration cannot be used; the text says where and how to mend it.

    `column` counts from 1; `excerpt` is the line itself and a mark below the column, if shown.
    """

    def __init__(
        self,
        problem: str,
        *,
        path: Path | None = None,
        line: int | None = None,
        column: int | None = None,
        key: str = "",
        excerpt: str = "",
    ) -> None:
        place = ":".join(str(part) for part in (path, line) if part is not None)
        text = ": ".join(part for part in (place, key, problem) if part)
        super().__init__("\n".join(part for part in (text, excerpt) if part))
        self.problem = problem
        self.path = path
        self.line = line
        self.column = column
        self.key = key


class ConfigErrors(ConfigError):  # noqa: N818  several at once
    """Several faults of one configuration; the text has a line for each."""

    def __init__(self, faults: Sequence[ConfigError]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def faults(error: ConfigError) -> tuple[ConfigError, ...]:
    """Return the faults of a configuration one by one."""
    return error.faults if isinstance(error, ConfigErrors) else (error,)


class SourceError(AggregatorError):
    """One source failed; the others are not touched."""

    def __init__(self, problem: str, *, source_id: str = "") -> None:
        super().__init__(problem)
        self.source_id = source_id


class FetchError(SourceError):
    """A document could not be had."""


class Timeout(FetchError):  # noqa: N818  the field's word
    """The deadline of the whole fetch ran out."""


class Unreachable(FetchError):  # noqa: N818
    """No server could be spoken to: no such name, no network, nobody listens."""


class HTTPStatus(FetchError):  # noqa: N818
    """The server answered with a status that brings no document."""

    def __init__(
        self,
        problem: str,
        *,
        status: int,
        retry_after: timedelta | None = None,
        source_id: str = "",
    ) -> None:
        super().__init__(problem, source_id=source_id)
        self.status = status
        self.retry_after = retry_after


class BodyTooLarge(FetchError):  # noqa: N818
    """The document, inflated, is larger than the limit."""


class BlockedAddress(FetchError):  # noqa: N818
    """The address is one that a feed may not lead us to."""


class TooManyRedirects(FetchError):  # noqa: N818
    """The redirects did not come to an end."""


class ParseError(SourceError):
    """A document came, but it cannot be read."""


class NotAFeed(ParseError):  # noqa: N818
    """Something else came in place of a feed."""

    def __init__(self, problem: str, *, feeds: tuple[str, ...] = (), source_id: str = "") -> None:
        super().__init__(problem, source_id=source_id)
        self.feeds = feeds


class StoreError(AggregatorError):
    """The store cannot be read or written."""


class SchemaTooNew(StoreError):  # noqa: N818
    """The store was written by a newer version."""


class DataFolderBusy(StoreError):  # noqa: N818
    """Another process works in the data folder; exit status 3."""


class PublishError(AggregatorError):
    """A feed could not be written; the last good one stays."""


_CAUSES = {
    errno.ENOENT: "there is no such file or folder: look at its name",
    errno.EISDIR: "it is a folder: name a file",
    errno.ENOTDIR: "a part of its path is a file, not a folder: look at its name",
    errno.EACCES: "this user may not: change its owner or its rights (chown, chmod)",
    errno.EPERM: "this user may not: change its owner or its rights (chown, chmod)",
    errno.EEXIST: "it is there already: choose another name",
    errno.ENOSPC: "the disk is full: make room",
    errno.EDQUOT: "the disk quota is used up: make room",
    errno.EROFS: "the disk is read-only: choose another folder",
    errno.ENAMETOOLONG: "its name is too long: choose a shorter one",
    errno.ELOOP: "its links lead in a circle: name the file itself",
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n)",
    errno.ENFILE: "too many files are open: raise the limit of the system",
    errno.EIO: "the disk does not answer: look at its health",
    errno.ENXIO: "it is no plain file: name a file",
}


def explain(error: OSError | ValueError) -> str:
    """Say why a file cannot be read or written, and what to do, in words without numbers."""
    if not isinstance(error, OSError):
        return "that is no path: look at its name"
    known = _CAUSES.get(error.errno or 0)
    return known or (error.strerror or "the system gives no reason").lower()
