"""The state of a walk over the tree of an entry, and the functions that remove nodes."""

from collections.abc import Callable
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.core.settings import CleanOptions
from aggregator.gather.cleaning.hidden import find_revealed
from aggregator.gather.cleaning.images import Unwrapper, unwrapper
from aggregator.gather.cleaning.noise import collapse
from aggregator.gather.cleaning.wrappers import Step

Attributes = dict[str, str | None]
_STEP_MAX_CHARS = 200


@dataclass(slots=True)
class WalkState:
    """The options of a walk, and what it collects: image URLs, removals, rewritten URLs.

    `descend` cleans all descendants of a node and returns their visible size; `page` is the URL of
    the entry, or ''.
    """

    base: str
    page: str
    options: CleanOptions
    descend: Callable[[LexborNode, "WalkState"], int]
    unwrapper: Unwrapper = field(init=False)
    image_urls: dict[str, None] = field(default_factory=dict)  # in document order
    removed: list[Step] = field(default_factory=list)
    rewritten: list[tuple[str, str, str]] = field(default_factory=list)
    stripped_hashes: list[int] = field(default_factory=list)
    link_count: int = 0
    preformatted_depth: int = 0  # open elements with significant white space
    long_blocks: set[int] = field(default_factory=set)  # blocks too long to be noise
    to_remove: set[int] = field(default_factory=set)  # lists of related entries ahead
    revealed: frozenset[int] | None = None  # hidden elements to keep; None until computed
    duplicate_count: int = 0  # of duplicate images removed
    has_repeated_image: bool = False  # a URL occurred twice
    has_breaks: bool = False  # some line breaks were kept
    has_removals: bool = False  # a node was removed or unwrapped
    has_split_text: bool = False  # text nodes may be adjacent
    has_unknown_tags: bool = False  # some elements must still be unwrapped

    def start(self) -> None:
        """Reset what belongs to one tree."""
        self.image_urls.clear()
        self.long_blocks.clear()
        self.to_remove.clear()
        self.revealed = None
        self.preformatted_depth = self.duplicate_count = 0
        self.has_repeated_image = self.has_breaks = self.has_unknown_tags = False
        self.has_removals = self.has_split_text = False

    def note_removal(self, node: LexborNode) -> None:
        """Record the removal of a node: the text nodes on both sides may become adjacent."""
        self.has_removals = True
        before = node.prev
        if before is not None and before.tag == "-text":
            self.has_split_text = True

    def is_revealed(self, node: LexborNode) -> bool:
        """Whether a hidden element is kept because it contains most of the text."""
        if self.revealed is None:
            top = node
            while top.parent is not None and top.tag != "body":
                top = top.parent
            self.revealed = find_revealed(top)
        return node.mem_id in self.revealed

    def __post_init__(self) -> None:
        """Compile the image rules once."""
        self.unwrapper = unwrapper(self.options.images)


def parse(html: str) -> tuple[LexborHTMLParser, LexborNode]:
    """Return a tree and its body; the caller must keep a reference to the tree while using the body."""
    tree = LexborHTMLParser("<body>" + html)
    body = tree.body
    if body is None:  # cannot happen: the parser always creates one
        raise ValueError("no body")
    return tree, body


def visible_chars(node: LexborNode) -> int:
    """Return the number of visible characters of a node, as a walk counts them."""
    nodes = (child for child in node.traverse(include_text=True) if child.tag == "-text")
    texts = (text.text_content or "" for text in nodes)
    return sum(len(text) for text in texts if not text.isspace())


def remove(node: LexborNode, reason: str, state: WalkState) -> int:
    """Remove an element and record the reason."""
    state.removed.append(removal_step(node, reason))
    return drop(node, state)


def drop(node: LexborNode, state: WalkState) -> int:
    """Remove an element without recording a reason."""
    state.note_removal(node)
    node.decompose()
    return 0


def unwrap_element(node: LexborNode, visible: int, state: WalkState) -> int:
    """Replace an element with its children; drop it if nothing in it is visible."""
    if not visible:
        return drop(node, state)
    state.has_removals = state.has_split_text = True
    node.unwrap()
    return visible


def removal_step(node: LexborNode, reason: str) -> Step:
    """Return the step that records a removal: the text of the element, else its HTML."""
    text = node.text_lexbor()[:_STEP_MAX_CHARS]
    return Step(reason, collapse(text) or (node.html or "")[:_STEP_MAX_CHARS], "")
