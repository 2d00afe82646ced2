"""Document → ParsedFeed; one module is one format, found by file.

To read another format add `parsers/NAME.py` with two functions, both pure and both fed with
untrusted bytes:

    accepts(document) -> bool        looks like this format; cheap, never raises
    parse(document) -> ParsedFeed    raises ParseError (or NotAFeed) and nothing else

Every entry element gives one RawEntry, in document order; HTML stays untrusted, dates stay as
written. Modules are asked in the order of their names; one that takes what others do not know
(`ORDER`, 0 if absent) comes later. Names that begin with `_` are helpers.
"""

from functools import cache

from aggregator.core import plugins
from aggregator.core.errors import ConfigError, NotAFeed, ParseError
from aggregator.core.model import Document, ParsedFeed
from aggregator.core.ports import Parser


def parse(document: Document) -> ParsedFeed:
    """Read a document in the format it names or looks like; raise ParseError if it cannot be read."""
    if document.format:
        return _named(document.format).parse(document)
    if not document.content or document.content.isspace():
        raise ParseError("the document is empty")
    for parser in _parsers():
        if parser.accepts(document):
            return parser.parse(document)
    raise NotAFeed("this is neither a feed nor a dump")


def _named(name: str) -> Parser:
    """Return the parser of a format, or raise ParseError for one that nobody reads."""
    try:
        module: Parser = plugins.load(__name__, name)
    except ConfigError as error:
        raise ParseError(str(error)) from error
    return module


@cache
def _parsers() -> tuple[Parser, ...]:
    """Return all parsers in the order in which they are asked."""
    modules = [plugins.load(__name__, name) for name in plugins.names(__name__)]
    return tuple(sorted(modules, key=lambda module: int(getattr(module, "ORDER", 0))))
