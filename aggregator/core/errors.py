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

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path


class AggregatorError(Exception):
    """Base of all errors that the aggregator raises on purpose."""


class ConfigError(AggregatorError):
    """The configuration cannot be used; the text says where and how to mend it."""

    def __init__(
        self, problem: str, *, path: Path | None = None, line: int | None = None, key: str = ""
    ) -> None:
        place = ":".join(str(part) for part in (path, line) if part is not None)
        super().__init__(": ".join(part for part in (place, key, problem) if part))
        self.problem = problem
        self.path = path
        self.line = line
        self.key = key


class ConfigErrors(ConfigError):  # noqa: N818  several at once
    """Several faults of one configuration; the text has a line for each."""

    def __init__(self, faults: Sequence[ConfigError]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


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
