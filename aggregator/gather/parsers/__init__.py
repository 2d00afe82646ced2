"""Document → ParsedFeed; one module is one format, found by file.

To support another format add `parsers/NAME.py` with two functions. Both are pure and get
untrusted bytes:

    accepts(document) -> bool        whether it looks like this format; cheap, never raises
    parse(document) -> ParsedFeed    raises ParseError (or NotAFeed) and nothing else

Each entry element becomes one RawEntry, in document order; HTML stays untrusted, dates stay as
written. Modules are tried in alphabetical order; a module that accepts almost anything sets
`ORDER` (default 0) to be tried later. Names that begin with `_` are helpers.
"""

from functools import cache

from aggregator.core import plugins
from aggregator.core.errors import ConfigError, NotAFeed, ParseError
from aggregator.core.model import Document, ParsedFeed
from aggregator.core.ports import Parser


def parse(document: Document) -> ParsedFeed:
    """Parse a document in the format it declares or looks like; raise ParseError if that fails."""
    if document.format:
        return _named(document.format).parse(document)
    if not document.content or document.content.isspace():
        raise ParseError("the document is empty")
    for parser in _parsers():
        if parser.accepts(document):
            return parser.parse(document)
    raise NotAFeed("the document is neither a feed nor a dump")


def load() -> None:
    """Import all parsers."""
    _parsers()


def _named(name: str) -> Parser:
    """Return the parser of a format; raise ParseError if there is none."""
    try:
        module: Parser = plugins.load(__name__, name)
    except ConfigError as error:
        raise ParseError(str(error)) from error
    return module


@cache
def _parsers() -> tuple[Parser, ...]:
    """Return all parsers in the order in which they are tried."""
    modules = [plugins.load(__name__, name) for name in plugins.names(__name__)]
    return tuple(sorted(modules, key=lambda module: int(getattr(module, "ORDER", 0))))
