"""What a walk over the tree of an entry knows, gathers, and does to a node that goes."""

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
    """The options, and what a walk gathers: images seen, rules that took something out.

    `descend` mends all below a node and returns how much of it shows; `page` is the entry's own
    page, or ''.
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
    preformatted_depth: int = 0  # how many elements are open whose white space is content
    long_blocks: set[int] = field(default_factory=set)  # blocks too long to be noise
    to_remove: set[int] = field(default_factory=set)
    revealed: frozenset[int] | None = None  # hidden elements that are most of the text
    duplicate_images: int = 0  # images taken out because they repeat another
    has_repeated_image: bool = False  # an image was met again
    has_breaks: bool = False  # there are line breaks
    has_removals: bool = False  # something was taken out or unwrapped
    has_split_text: bool = False  # texts may stand side by side
    has_unknown_tags: bool = False  # there are elements that are yet to be unwrapped

    def start(self) -> None:
        """Forget what holds for one tree alone."""
        self.image_urls.clear()
        self.long_blocks.clear()
        self.to_remove.clear()
        self.revealed = None
        self.preformatted_depth = self.duplicate_images = 0
        self.has_repeated_image = self.has_breaks = self.has_unknown_tags = False
        self.has_removals = self.has_split_text = False

    def note_gap(self, node: LexborNode) -> None:
        """Note that a node goes: what stands on both sides of it may be texts."""
        self.has_removals = True
        before = node.prev
        if before is not None and before.tag == "-text":
            self.has_split_text = True

    def is_revealed(self, node: LexborNode) -> bool:
        """Whether a hidden element is shown all the same."""
        if self.revealed is None:
            top = node
            while top.parent is not None and top.tag != "body":
                top = top.parent
            self.revealed = find_revealed(top)
        return node.mem_id in self.revealed

    def __post_init__(self) -> None:
        """Find the rules for images once."""
        self.unwrapper = unwrapper(self.options.images)


def parse(html: str) -> tuple[LexborHTMLParser, LexborNode]:
    """Return a tree and its body; the caller must hold the tree while it uses the body."""
    tree = LexborHTMLParser("<body>" + html)
    body = tree.body
    if body is None:  # a parser always makes one
        raise ValueError("no body")
    return tree, body


def visible_chars(node: LexborNode) -> int:
    """Return how much of a node shows, as a walk counts it."""
    nodes = (child for child in node.traverse(include_text=True) if child.tag == "-text")
    texts = (text.text_content or "" for text in nodes)
    return sum(len(text) for text in texts if not text.isspace())


def remove(node: LexborNode, reason: str, state: WalkState) -> int:
    """Take an element out, and note why."""
    state.removed.append(removal_step(node, reason))
    return drop(node, state)


def drop(node: LexborNode, state: WalkState) -> int:
    """Take an element out of which nothing needs to be known."""
    state.note_gap(node)
    node.decompose()
    return 0


def unwrap_element(node: LexborNode, visible: int, state: WalkState) -> int:
    """Leave of an element what it holds, if that shows."""
    if not visible:
        return drop(node, state)
    state.has_removals = state.has_split_text = True
    node.unwrap()
    return visible


def removal_step(node: LexborNode, reason: str) -> Step:
    """Return what is to be known of an element that goes: its text, else its source."""
    text = node.text_lexbor()[:_STEP_MAX_CHARS]
    return Step(reason, collapse(text) or (node.html or "")[:_STEP_MAX_CHARS], "")
