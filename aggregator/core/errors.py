"""The error tree; foreign exceptions are translated into it once, at the edge that calls the library.

AggregatorError
  ConfigError(path, line, key)      stop, exit status 2
    ConfigErrors(faults)            several at once
  SourceError(source_id)            fails this source only
    FetchError
      Timeout · Unreachable(cause) · HTTPStatus(status, retry_after) · HeldBack
      OutOfResources                our own shortage, not booked on the source
      BodyTooLarge · BlockedAddress · TooManyRedirects · EmptyDocument
      DisallowedByRobots(is_final)  the robots.txt of the host forbids it, or cannot be read
    ParseError
      NotAFeed(feeds)               a web page instead; `feeds` are those it links to
      NotAnArticle                  a page without a whole text: a paywall, a list, an error
  StoreError
    SchemaTooNew · DataFolderBusy
  PublishError                      the last good feed is kept
  ListenError                       the server cannot listen on its address; exit status 1
"""

import errno
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Literal


class AggregatorError(Exception):
    """Base of all errors that the aggregator raises on purpose."""


class ConfigError(AggregatorError):
    """The configuration cannot be used; the message says where, and how to fix it.

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
    """Several faults of one configuration; the message has a line for each."""

    def __init__(self, faults: Sequence[ConfigError]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def faults(error: ConfigError) -> tuple[ConfigError, ...]:
    """Return the faults of a configuration one by one."""
    return error.faults if isinstance(error, ConfigErrors) else (error,)


class SourceError(AggregatorError):
    """One source failed; the others are unaffected."""

    def __init__(self, problem: str, *, source_id: str = "") -> None:
        super().__init__(problem)
        self.source_id = source_id


class FetchError(SourceError):
    """A document could not be fetched."""


class Timeout(FetchError):  # noqa: N818  the field's word
    """The fetch did not finish within its deadline."""


class Unreachable(FetchError):  # noqa: N818
    """No connection, and what stopped it.

    `lookup`: no DNS server answered; `name`: the name is unknown; `connect`: no way to the host;
    `refused`: the host refused; `tls`: no secure connection.
    """

    def __init__(
        self,
        problem: str,
        *,
        cause: Literal["lookup", "name", "connect", "refused", "tls"] = "connect",
        source_id: str = "",
    ) -> None:
        super().__init__(problem, source_id=source_id)
        self.cause = cause


class OutOfResources(FetchError):  # noqa: N818
    """This process or machine has no file, memory or disk left for the fetch."""


class HTTPStatus(FetchError):  # noqa: N818
    """The server answered with a status other than success."""

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


class HeldBack(HTTPStatus):
    """The host asked another source to wait, so this one was not fetched."""


class BodyTooLarge(FetchError):  # noqa: N818
    """The decoded document is larger than the limit."""


class BlockedAddress(FetchError):  # noqa: N818
    """The guard refused the address."""


class TooManyRedirects(FetchError):  # noqa: N818
    """The redirects exceed the limit."""


class EmptyDocument(FetchError):  # noqa: N818
    """The document is empty."""


class DisallowedByRobots(FetchError):  # noqa: N818
    """A page may not be requested; `is_final`: the host said so, it did not merely fail."""

    def __init__(self, problem: str, *, is_final: bool, source_id: str = "") -> None:
        super().__init__(problem, source_id=source_id)
        self.is_final = is_final


class ParseError(SourceError):
    """The document cannot be parsed."""


class NotAFeed(ParseError):  # noqa: N818
    """The document is not a feed."""

    def __init__(self, problem: str, *, feeds: tuple[str, ...] = (), source_id: str = "") -> None:
        super().__init__(problem, source_id=source_id)
        self.feeds = feeds


class NotAnArticle(ParseError):  # noqa: N818
    """A page holds no whole text; the problem says why, in words for the user."""


class StoreError(AggregatorError):
    """The store cannot be read or written."""


class SchemaTooNew(StoreError):  # noqa: N818
    """The store was written by a newer version."""


class DataFolderBusy(StoreError):  # noqa: N818
    """Another process has locked the data folder; exit status 3."""


class PublishError(AggregatorError):
    """A feed could not be written; the last good one is kept."""


class ListenError(AggregatorError):
    """The server cannot listen on its address; exit status 1."""


_CAUSES = {
    errno.ENOENT: "there is no such file or folder: check the name",
    errno.EISDIR: "it is a folder: name a file",
    errno.ENOTDIR: "a part of its path is a file, not a folder: check the name",
    errno.EACCES: "permission denied: change its owner or its permissions (chown, chmod)",
    errno.EPERM: "permission denied: change its owner or its permissions (chown, chmod)",
    errno.EEXIST: "it already exists: choose another name",
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "the disk quota is used up: free some space",
    errno.EROFS: "the disk is read-only: choose another folder",
    errno.ENAMETOOLONG: "its name is too long: choose a shorter one",
    errno.ELOOP: "its symbolic links form a loop: name the file itself",
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n)",
    errno.ENFILE: "too many files are open: raise the limit of the system (fs.file-max)",
    errno.EFBIG: "the file may not grow any further: raise the limit (ulimit -f)",
    errno.EIO: "the disk reports an error: check its health",
    errno.ENXIO: "it is not a regular file: name a file",
}


_SHORTAGES = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC, errno.EDQUOT}
)


def shortage(error: BaseException) -> str:
    """Return what this machine lacked, if that is why an error was raised; else an empty text."""
    for one in causes(error):
        if isinstance(one, MemoryError):
            return "out of memory"
        if isinstance(one, OSError) and one.errno in _SHORTAGES:
            return explain(one)
    return ""


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what caused it."""
    for _ in range(20):  # a chain of causes may be a circle
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def explain(error: OSError | ValueError) -> str:
    """Return why a file cannot be read or written, and what to do, without error numbers."""
    if not isinstance(error, OSError):
        return "that is not a valid path: check the name"
    known = _CAUSES.get(error.errno or 0)
    return known or (error.strerror or "unknown reason").lower()
